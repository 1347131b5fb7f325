//! Labels.

use serde_json::json;

use crate::support::team::{Team, expected, faults, ibeacon};

#[tokio::test]
async fn a_name_is_taken_once() {
    let team = Team::start().await;
    team.label("VIP").await;
    let again = team
        .post("/v2/labels", json!({"config": {"name": "VIP"}}))
        .await;
    assert_eq!(again.code(), "already_exists");
    assert_eq!(faults(&again), expected(&[("/config/name", "taken")]));
    // A failed call leaves nothing behind.
    assert_eq!(team.get("/v2/labels").await.done()["total"], 1);
}

#[tokio::test]
async fn a_label_is_taken_off_what_carries_it() {
    let team = Team::start().await;
    let (label, other) = (team.label("VIP").await, team.label("Shop").await);
    let both = json!([other, label]);
    let place = team.place(json!({"name": "P", "labelIds": both})).await;
    let zone = team
        .zone(&place, json!({"name": "Z", "labelIds": both}))
        .await;
    let mut config = ibeacon(1);
    config["labelIds"] = both;
    let body = json!({ "config": config });
    let beacon = team.create("/v2/beacons", "beaconId", body).await;
    let path = format!("/v2/labels/{label}");
    let refused = team.delete(&path).await;
    assert_eq!(refused.code(), "in_use");
    assert_eq!(faults(&refused), expected(&[("", "in_use"); 3]));
    assert!(refused.json().to_string().contains(&zone));
    team.delete(&format!("{path}?cascade=true")).await.done();
    for path in [
        format!("/v2/places/{place}"),
        format!("/v2/zones/{zone}"),
        format!("/v2/beacons/{beacon}"),
    ] {
        let left = team.get(&path).await.done();
        assert_eq!(left["config"]["labelIds"], json!([other]), "{path}");
    }
}
