//! Beacons.

use serde_json::json;

use crate::support::{
    NOON,
    team::{Team, expected, faults, ibeacon},
};

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

#[tokio::test]
async fn the_health_of_a_beacon_follows_from_its_sightings() {
    const DAY_MS: i64 = 86_400_000;
    let team = Team::start().await;
    let app = crate::people::app(&team).await;
    let (seen, unseen) = (team.beacon(1).await, team.beacon(2).await);
    let phone = crate::people::Phone::register(&team, &app, json!({})).await;
    // 2 % less every day: 80 % at noon of the first day, empty 40 days later.
    for day in 0..10 {
        let mut sighting = ibeacon(1);
        sighting["battery"] = json!(80 - 2 * day);
        let both = json!({"sightings": [sighting, ibeacon(3)]});
        phone.event(NOON + (day - 10) * DAY_MS, both).await;
    }
    let expected = json!({
        "lastSeenAt": NOON - DAY_MS,
        "batteryPercent": 62.0,
        "batteryDepletedAt": NOON + 30 * DAY_MS,
        "sightings7d": 6,
    });
    let never = json!({
        "lastSeenAt": null, "batteryPercent": null, "batteryDepletedAt": null, "sightings7d": 0
    });
    for (beacon, health) in [(&seen, &expected), (&unseen, &never)] {
        let shown = team.get(&format!("/v2/beacons/{beacon}")).await.done();
        assert_eq!(&shown["health"], health);
    }
    let list = team.get("/v2/beacons").await.done();
    let healths: Vec<_> = [0, 1].map(|index| &list["items"][index]["health"]).into();
    assert!(
        healths.contains(&&expected) && healths.contains(&&never),
        "{list}"
    );
    // What the server owns is sent back unchanged and ignored.
    let path = format!("/v2/beacons/{seen}");
    let shown = team.get(&path).await.done();
    team.put(&path, shown).await.done();
    team.installation.clock.advance(7 * DAY_MS);
    assert_eq!(team.get(&path).await.done()["health"]["sightings7d"], 0);
}
