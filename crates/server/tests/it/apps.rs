//! Apps.

use moca_core::account::Role;
use serde_json::{Value, json};

use crate::support::{
    NOON,
    team::{Team, expected, faults},
};

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

/// An app with its secret, whose devices register.
struct Registered<'a> {
    team: &'a Team,
    path: String,
    app_id: String,
}

impl Registered<'_> {
    async fn registers(&self, secret: &str) -> bool {
        let ask = self.team.installation.ask("POST", "/device/v1/instances");
        let answer = ask
            .basic(&self.app_id, secret)
            .json(&json!({}))
            .send()
            .await;
        assert!(answer.status == 201 || answer.code() == "not_authenticated");
        answer.status == 201
    }

    async fn rotate(&self, body: Option<Value>) -> Value {
        let path = format!("{}/secret", self.path);
        match body {
            Some(body) => self.team.put(&path, body).await.done(),
            None => self.team.act(&path).await.done(),
        }
    }
}

fn secret(app: &Value) -> String {
    app["appSecret"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_old_secret_works_until_its_time_is_over() {
    let team = Team::start().await;
    let body = json!({"config": {"name": "A"}});
    let made = team.post("/v2/apps", body).await.done();
    let app_id = made["appId"].as_str().unwrap().to_owned();
    let path = format!("/v2/apps/{app_id}");
    let app = Registered {
        team: &team,
        path: path.clone(),
        app_id,
    };
    let first = secret(&made);
    assert_eq!(made.get("previousSecretUntil"), None);

    let rotated = app.rotate(Some(json!({"overlapMs": 1_000}))).await;
    let second = secret(&rotated);
    assert_ne!(first, second);
    assert_eq!(rotated["previousSecretUntil"], json!(NOON + 1_000));
    team.installation.clock.advance(999);
    assert!(app.registers(&first).await && app.registers(&second).await);
    team.installation.clock.advance(1);
    assert!(!app.registers(&first).await && app.registers(&second).await);
    assert_eq!(
        team.get(&path).await.done().get("previousSecretUntil"),
        None
    );

    // A day if nothing is said, and the secret before the last is gone.
    let third = app.rotate(None).await;
    let until = NOON + 1_000 + 24 * 3_600_000;
    assert_eq!(third["previousSecretUntil"], json!(until));
    let fourth = app.rotate(Some(json!({}))).await;
    assert!(!app.registers(&second).await);
    assert!(app.registers(&secret(&third)).await && app.registers(&secret(&fourth)).await);

    // At once.
    let fifth = app.rotate(Some(json!({"overlapMs": 0}))).await;
    assert_eq!(fifth.get("previousSecretUntil"), None);
    assert!(!app.registers(&secret(&fourth)).await && app.registers(&secret(&fifth)).await);
    assert_eq!(secret(&team.get(&path).await.done()), secret(&fifth));

    // A change of the app leaves the old secret its time.
    let sixth = app.rotate(None).await;
    let mut changed = team.get(&path).await.done();
    changed["config"]["name"] = json!("B");
    team.put(&path, changed).await.done();
    assert!(app.registers(&secret(&fifth)).await && app.registers(&secret(&sixth)).await);
    let refused = team
        .put(&format!("{path}/secret"), json!({"overlapMs": -1}))
        .await;
    assert_eq!(
        faults(&refused),
        expected(&[("/overlapMs", "out_of_range")])
    );
}
