//! Campaign groups, and the campaigns in them.

use serde_json::{Value, json};

use crate::support::team::{Team, expected, faults};

impl Team {
    async fn group(&self, app_id: &str, name: &str) -> String {
        let body = json!({"appId": app_id, "config": {"name": name}});
        self.create("/v2/campaign-groups", "campaignGroupId", body)
            .await
    }
}

/// The body of a campaign in a group.
fn campaign(app_id: &str, group_id: &str) -> Value {
    json!({"appId": app_id, "config": {
        "name": "C", "type": "Proximity", "startAt": 0, "endAt": 1, "groupId": group_id
    }})
}

fn ids(list: &Value, name: &str) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    let text = |item: &Value| item[name].as_str().unwrap().to_owned();
    items.map(text).collect()
}

#[tokio::test]
async fn a_campaign_is_of_a_group_of_its_own_app() {
    let team = Team::start().await;
    let (mine, other) = (team.app().await, team.app().await);
    let (group, elsewhere) = (team.group(&mine, "A").await, team.group(&other, "A").await);
    // All faults at once.
    let mut wrong = campaign(&mine, &elsewhere);
    wrong["config"]["startAt"] = json!("now");
    let refused = team.post("/v2/campaigns", wrong).await;
    let reasons = [
        ("/config/startAt", "wrong_type"),
        ("/config/groupId", "not_found"),
    ];
    assert_eq!(faults(&refused), expected(&reasons));
    let detail = refused.json()["errors"][1]["detail"].to_string();
    assert!(detail.contains("in this app"), "{detail}");

    let id = team
        .create("/v2/campaigns", "campaignId", campaign(&mine, &group))
        .await;
    let path = format!("/v2/campaigns/{id}");
    let refused = team.put(&path, campaign(&mine, &elsewhere)).await;
    assert_eq!(faults(&refused), expected(&reasons[1..]));
    team.create("/v2/campaigns", "campaignId", {
        let mut alone = campaign(&mine, &group);
        alone["config"]["groupId"] = Value::Null;
        alone
    })
    .await;
    let list = team.get(&format!("/v2/campaigns?groupId={group}")).await;
    assert_eq!(ids(&list.done(), "campaignId"), [id]);
    let list = team
        .get(&format!("/v2/campaigns?groupId={elsewhere}"))
        .await;
    assert_eq!(list.done()["total"], 0);
    let list = team
        .get(&format!("/v2/campaign-groups?appId={other}"))
        .await;
    assert_eq!(ids(&list.done(), "campaignGroupId"), [elsewhere]);
}

#[tokio::test]
async fn a_group_stays_in_its_app() {
    let team = Team::start().await;
    let (mine, other) = (team.app().await, team.app().await);
    let group = team.group(&mine, "A").await;
    let path = format!("/v2/campaign-groups/{group}");
    let mut read = team.get(&path).await.done();
    read["config"] = json!({"name": "B", "description": "All of June"});
    let put = team.put(&path, read.clone()).await.done();
    assert_eq!(put["config"], read["config"]);
    read["appId"] = json!(other);
    let refused = team.put(&path, read).await;
    assert_eq!(faults(&refused), expected(&[("/appId", "immutable")]));
}

#[tokio::test]
async fn campaigns_survive_their_group_but_not_their_app() {
    let team = Team::start().await;
    let app = team.app().await;
    let group = team.group(&app, "A").await;
    let campaign_id = team
        .create("/v2/campaigns", "campaignId", campaign(&app, &group))
        .await;
    let path = format!("/v2/campaign-groups/{group}");
    let refused = team.delete(&path).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "in_use"));
    assert!(refused.json().to_string().contains(&campaign_id));
    team.delete(&format!("{path}?cascade=true")).await.done();
    assert_eq!(team.get(&path).await.status, 404);
    let one = format!("/v2/campaigns/{campaign_id}");
    let left = team.get(&one).await;
    assert_eq!(left.header("etag"), Some("\"2\""));
    assert_eq!(left.done()["config"].get("groupId"), None);

    let group = team.group(&app, "B").await;
    team.put(&one, campaign(&app, &group)).await.done();
    let path = format!("/v2/apps/{app}?cascade=true");
    team.delete(&path).await.done();
    for path in [one, format!("/v2/campaign-groups/{group}")] {
        assert_eq!(team.get(&path).await.status, 404, "{path}");
    }
}
