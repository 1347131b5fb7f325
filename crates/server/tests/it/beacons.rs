//! Beacons.

use serde_json::json;

use crate::support::team::{Team, expected, faults, ibeacon};

const NO_SUCH_ID: &str = "IXa7Bl9oRo6c7zQ5aQIzlg";

#[tokio::test]
async fn two_beacons_cannot_send_the_same() {
    let team = Team::start().await;
    team.beacon(1).await;
    let mut same = ibeacon(1);
    same["proximityUuid"] = json!("F7826DA6-4FA2-4E98-8024-BC5B71E0893E");
    let refused = team.post("/v2/beacons", json!({ "config": same })).await;
    assert_eq!(refused.code(), "already_exists");
    assert_eq!(faults(&refused), expected(&[("/config/type", "taken")]));
    let other = team.beacon(2).await;
    let path = format!("/v2/beacons/{other}");
    let refused = team.put(&path, json!({ "config": same })).await;
    assert_eq!(refused.code(), "already_exists");
    // Another account may have one that sends the same.
    let stranger = team.installation.tenant(false).await;
    let body = json!({"config": ibeacon(1)});
    let theirs = team
        .send_as(&stranger.token, "POST", "/v2/beacons", &body)
        .await;
    assert_eq!(theirs.status, 201);
}

#[tokio::test]
async fn the_zone_of_a_beacon_must_exist_and_can_be_left() {
    let team = Team::start().await;
    let place = team.place(json!({"name": "P"})).await;
    let zone = team.zone(&place, json!({"name": "Z"})).await;
    let mut config = ibeacon(1);
    config["zoneId"] = json!(NO_SUCH_ID);
    let refused = team
        .post("/v2/beacons", json!({"config": config.clone()}))
        .await;
    assert_eq!(
        faults(&refused),
        expected(&[("/config/zoneId", "not_found")])
    );
    config["zoneId"] = json!(zone);
    let made = team
        .post("/v2/beacons", json!({"config": config}))
        .await
        .done();
    assert_eq!(made["config"]["zoneId"], zone.as_str());
    let path = format!("/v2/beacons/{}", made["beaconId"].as_str().unwrap());
    let left = team.put(&path, json!({"config": ibeacon(1)})).await.done();
    assert!(left["config"].get("zoneId").is_none(), "{left}");
}

#[tokio::test]
async fn a_beacon_without_a_name_is_listed_too() {
    let team = Team::start().await;
    let beacon = team.beacon(1).await;
    let list = team.get("/v2/beacons?sort=name").await.done();
    assert_eq!(list["items"][0]["beaconId"], beacon.as_str());
    assert!(list["items"][0]["config"].get("name").is_none());
}

#[tokio::test]
async fn an_external_id_creates_then_replaces() {
    let team = Team::start().await;
    let path = "/v2/beacons/external/b-1";
    assert_eq!(
        team.put(path, json!({"config": ibeacon(1)})).await.status,
        201
    );
    assert_eq!(
        team.put(path, json!({"config": ibeacon(2)})).await.status,
        200
    );
    assert_eq!(team.get("/v2/beacons").await.done()["total"], 1);
}
