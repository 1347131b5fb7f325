//! Zones.

use serde_json::{Value, json};

use crate::support::team::{Team, expected, faults};

const NO_SUCH_ID: &str = "IXa7Bl9oRo6c7zQ5aQIzlg";

#[tokio::test]
async fn a_zone_is_part_of_one_place_for_good() {
    let team = Team::start().await;
    let (place, other) = (
        team.place(json!({"name": "P"})).await,
        team.place(json!({"name": "Q"})).await,
    );
    let body = json!({"placeId": NO_SUCH_ID, "config": {"name": "Z"}});
    let refused = team.post("/v2/zones", body).await;
    assert_eq!(faults(&refused), expected(&[("/placeId", "not_found")]));
    let zone = team.zone(&place, json!({"name": "Z"})).await;
    let path = format!("/v2/zones/{zone}");
    let body = json!({"placeId": other, "config": {"name": "Z"}});
    let refused = team.put(&path, body).await;
    assert_eq!(faults(&refused), expected(&[("/placeId", "immutable")]));
    let renamed = team
        .put(&path, json!({"config": {"name": "Y"}}))
        .await
        .done();
    assert_eq!(renamed["placeId"], place.as_str());
    let list = team.get(&format!("/v2/zones?placeId={other}")).await.done();
    assert_eq!(list["total"], 0);
}

#[tokio::test]
async fn a_short_id_is_unique_in_place_and_floor() {
    let team = Team::start().await;
    let place = team.place(json!({"name": "P"})).await;
    let other = team.place(json!({"name": "Q"})).await;
    team.zone(&place, json!({"name": "Z", "shortId": "G7"}))
        .await;
    team.zone(
        &place,
        json!({"name": "Z", "shortId": "G7", "floorNumber": 1}),
    )
    .await;
    team.zone(&other, json!({"name": "Z", "shortId": "G7"}))
        .await;
    let body =
        json!({"placeId": place, "config": {"name": "Z", "shortId": "G7", "floorNumber": 0}});
    let taken = team.post("/v2/zones", body).await;
    assert_eq!(taken.code(), "already_exists");
    assert_eq!(faults(&taken), expected(&[("/config/shortId", "taken")]));
}

#[tokio::test]
async fn the_beacons_of_a_zone_are_replaced_as_a_set() {
    let team = Team::start().await;
    let place = team.place(json!({"name": "P"})).await;
    let zone = team.zone(&place, json!({"name": "Z"})).await;
    let other = team.zone(&place, json!({"name": "Y"})).await;
    let (a, b, c) = (
        team.beacon(1).await,
        team.beacon(2).await,
        team.beacon(3).await,
    );
    let path = format!("/v2/zones/{zone}/beacons");
    let zone_of = async |beacon: &String| {
        let beacon = team.get(&format!("/v2/beacons/{beacon}")).await.done();
        beacon["config"]["zoneId"].clone()
    };
    team.put(&path, json!({"beaconIds": [a, b]})).await.done();
    assert_eq!(zone_of(&a).await, zone.as_str());
    team.put(&path, json!({"beaconIds": [b, c]})).await.done();
    assert_eq!(zone_of(&a).await, Value::Null);
    assert_eq!(zone_of(&c).await, zone.as_str());
    // A beacon hangs in one zone: setting it elsewhere takes it away here.
    let elsewhere = format!("/v2/zones/{other}/beacons");
    team.put(&elsewhere, json!({"beaconIds": [c]})).await.done();
    assert_eq!(team.get(&path).await.done(), json!({"beaconIds": [b]}));
    let refused = team.put(&path, json!({"beaconIds": [b, NO_SUCH_ID]})).await;
    assert_eq!(faults(&refused), expected(&[("/beaconIds/1", "not_found")]));
    let list = team
        .get(&format!("/v2/beacons?zoneId={other}"))
        .await
        .done();
    assert_eq!(list["items"][0]["beaconId"], json!(c));
    team.put(&path, json!({"beaconIds": []})).await.done();
    assert_eq!(zone_of(&b).await, Value::Null);
}

#[tokio::test]
async fn an_external_id_creates_then_replaces() {
    let team = Team::start().await;
    let place = team.place(json!({"name": "P"})).await;
    let path = "/v2/zones/external/z-1";
    let without_place = team.put(path, json!({"config": {"name": "Z"}})).await;
    assert_eq!(
        faults(&without_place),
        expected(&[("/placeId", "required")])
    );
    let body = json!({"placeId": place, "config": {"name": "Z"}});
    assert_eq!(team.put(path, body).await.status, 201);
    let replaced = team.put(path, json!({"config": {"name": "Y"}})).await;
    assert_eq!(replaced.status, 200);
    assert_eq!(replaced.done()["placeId"], place.as_str());
}
