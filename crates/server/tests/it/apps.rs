//! Apps.

use moca_core::account::Role;
use serde_json::json;

use crate::support::{NOON, team::Team};

#[tokio::test]
async fn only_those_who_change_things_see_the_secret() {
    let team = Team::start().await;
    let made = team
        .post("/v2/apps", json!({"config": {"name": "A"}}))
        .await
        .done();
    let app_secret = made["appSecret"].as_str().unwrap();
    // The documented shape: 20 bytes in padded base64.
    assert_eq!((app_secret.len(), app_secret.ends_with('=')), (28, true));
    let path = format!("/v2/apps/{}", made["appId"].as_str().unwrap());
    for role in Role::ALL {
        let (_, token) = team.member(role).await;
        let one = team.get_as(&token, &path).await.done();
        let list = team.get_as(&token, "/v2/apps").await.done();
        let sees = role >= Role::Editor;
        assert_eq!(one.get("appSecret").is_some(), sees, "{role:?}");
        assert_eq!(list["items"], json!([one]), "{role:?}");
    }
}

#[tokio::test]
async fn an_app_goes_with_its_campaigns() {
    let team = Team::start().await;
    let app = team.app().await;
    let campaign = team.campaign(&app, NOON, NOON + 1).await;
    let place = team.place(json!({"name": "P"})).await;
    let trigger = json!({"@type": "EnterPlaceTrigger", "placeId": place});
    let experience = team.experience(&campaign, trigger).await;
    let path = format!("/v2/apps/{app}");
    assert_eq!(team.delete(&path).await.code(), "in_use");
    team.delete(&format!("{path}?cascade=true")).await.done();
    for gone in [
        path,
        format!("/v2/campaigns/{campaign}"),
        format!("/v2/experiences/{experience}"),
    ] {
        assert_eq!(team.get(&gone).await.status, 404, "{gone}");
    }
    team.get(&format!("/v2/places/{place}")).await.done();
}
