//! Experiences.

use serde_json::json;

use crate::support::team::{Team, expected, experience, faults};

const NO_SUCH_ID: &str = "IXa7Bl9oRo6c7zQ5aQIzlg";

#[tokio::test]
async fn campaign_and_target_must_exist() {
    let team = Team::start().await;
    for (trigger, key) in [
        ("EnterPlaceTrigger", "placeId"),
        ("ExitZoneTrigger", "zoneId"),
        ("EnterBeaconTrigger", "beaconId"),
    ] {
        let trigger = json!({"@type": trigger, key: NO_SUCH_ID});
        let refused = team
            .post("/v2/experiences", experience(NO_SUCH_ID, trigger))
            .await;
        let mut missing = faults(&refused);
        missing.sort();
        let pointer = format!("/trigger/{key}");
        let both = [
            ("/campaignId", "not_found"),
            (pointer.as_str(), "not_found"),
        ];
        assert_eq!((refused.status, missing), (400, expected(&both)));
    }
}

#[tokio::test]
async fn an_experience_is_answered_with_all_its_defaults() {
    let team = Team::start().await;
    let place = team.place(json!({"name": "P"})).await;
    let campaign = team.campaign(&team.app().await, 0, 1).await;
    let trigger = json!({"@type": "EnterPlaceTrigger", "placeId": place});
    let body = experience(&campaign, trigger.clone());
    let made = team.post("/v2/experiences", body).await.done();
    assert_eq!(made["config"]["enabled"], true);
    assert_eq!(made["trigger"], trigger);
    assert_eq!(
        made["action"],
        json!({
            "@type": "SendLocalMessageAction", "contentType": "text/plain",
            "content": {"default": "Hi"}, "bgAlert": {}
        })
    );
    let path = format!("/v2/experiences/{}", made["experienceId"].as_str().unwrap());
    let mut moved = made.clone();
    moved["campaignId"] = json!(team.campaign(&team.app().await, 0, 1).await);
    let refused = team.put(&path, moved).await;
    assert_eq!(faults(&refused), expected(&[("/campaignId", "immutable")]));
    let list = team
        .get(&format!("/v2/experiences?campaignId={campaign}"))
        .await
        .done();
    assert_eq!(list["items"], json!([made]));
}
