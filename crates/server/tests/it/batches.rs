//! Many places, zones or beacons in one request.

use serde_json::{Value, json};

use crate::support::{
    request::Answer,
    team::{Team, expected, faults, ibeacon},
};

const NO_SUCH_ID: &str = "IXa7Bl9oRo6c7zQ5aQIzlg";

/// The status of each item, in the order of their indices.
fn statuses(answer: Answer) -> Vec<i64> {
    let answer = answer.done();
    let items = answer["items"].as_array().unwrap();
    for (index, item) in items.iter().enumerate() {
        assert_eq!(item["index"], index);
    }
    items
        .iter()
        .map(|item| item["status"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn every_kind_is_answered_item_by_item() {
    let team = Team::start().await;
    let place = team.place(json!({"name": "P"})).await;
    let zones = json!([
        {"placeId": place, "config": {"name": "A", "shortId": "a"}},
        {"placeId": place, "config": {"name": "B", "shortId": "a"}},
        {"placeId": NO_SUCH_ID, "config": {"name": "C"}},
        {"config": {"name": "D"}},
    ]);
    let answer = team.post("/v2/zones/batch", zones).await;
    let items = answer.json()["items"].clone();
    assert_eq!(statuses(answer), [201, 409, 400, 400]);
    assert_eq!(
        items[1]["problem"]["errors"][0]["pointer"],
        "/config/shortId"
    );
    assert_eq!(items[2]["problem"]["errors"][0]["pointer"], "/placeId");
    let zone = items[0]["zoneId"].as_str().unwrap();

    let mut hung = ibeacon(1);
    hung["zoneId"] = json!(zone);
    let mut lost = ibeacon(2);
    lost["zoneId"] = json!(NO_SUCH_ID);
    let beacons = json!({"items": [
        {"config": hung}, {"config": ibeacon(1)}, {"config": lost}, {"config": ibeacon(3)},
    ]});
    let answer = team.post("/v2/beacons/batch", beacons).await;
    let items = answer.json()["items"].clone();
    assert_eq!(statuses(answer), [201, 409, 400, 201]);
    let beacon = items[0]["beaconId"].as_str().unwrap();
    let beacon = team.get(&format!("/v2/beacons/{beacon}")).await.done();
    assert_eq!(beacon["config"]["zoneId"], zone);
}

#[tokio::test]
async fn what_comes_first_stands_first_in_the_list() {
    let team = Team::start().await;
    let items: Vec<Value> = (0..300)
        .map(|n| json!({"config": {"name": format!("{n}")}}))
        .collect();
    team.post("/v2/places/batch", json!(items)).await.done();
    let list = team.get("/v2/places?limit=1000").await.done();
    let names = list["items"].as_array().unwrap().iter();
    let names: Vec<&str> = names
        .map(|item| item["config"]["name"].as_str().unwrap())
        .collect();
    let numbers: Vec<String> = (0..300).map(|n| n.to_string()).collect();
    assert_eq!(names, numbers);
}

#[tokio::test]
async fn an_upsert_replaces_what_has_the_external_id() {
    let team = Team::start().await;
    let path = "/v2/places/batch?upsert=true";
    let old = team
        .place(json!({"name": "Old", "externalId": "a", "category": "shop"}))
        .await;
    let same = team.place(json!({"name": "Same", "externalId": "b"})).await;
    let items = json!([
        {"config": {"name": "New", "externalId": "a"}},
        {"config": {"name": "Same", "externalId": "b"}},
        {"config": {"name": "First", "externalId": "c"}},
        {"config": {"name": "Last", "externalId": "c"}},
        {"config": {"name": "No id"}},
        {"config": {"name": "", "externalId": "a"}},
    ]);
    let answer = team.post(path, items.clone()).await;
    let done = answer.json()["items"].clone();
    assert_eq!(statuses(answer), [200, 200, 201, 200, 201, 400]);
    assert_eq!(done[0]["placeId"], old);
    assert_eq!(done[2]["placeId"], done[3]["placeId"]);

    let replaced = team.get(&format!("/v2/places/{old}")).await;
    assert_eq!(replaced.header("etag"), Some("\"2\""));
    let config = &replaced.done()["config"];
    assert_eq!(*config, json!({"name": "New", "externalId": "a"}));
    let unchanged = team.get(&format!("/v2/places/{same}")).await;
    assert_eq!(
        unchanged.header("etag"),
        Some("\"1\""),
        "nothing was written"
    );
    let last = done[3]["placeId"].as_str().unwrap();
    let last = team.get(&format!("/v2/places/{last}")).await.done();
    assert_eq!(last["config"]["name"], "Last");

    let again = team.post("/v2/places/batch", items).await;
    assert_eq!(statuses(again), [409, 409, 409, 409, 201, 400]);
}

#[tokio::test]
async fn an_upserted_zone_stays_in_its_place() {
    let team = Team::start().await;
    let here = team.place(json!({"name": "Here"})).await;
    let there = team.place(json!({"name": "There"})).await;
    team.zone(&here, json!({"name": "Z", "externalId": "z"}))
        .await;
    let items = json!([
        {"placeId": there, "config": {"name": "Moved", "externalId": "z"}},
        {"placeId": here, "config": {"name": "Made", "externalId": "y"}},
        {"placeId": there, "config": {"name": "Moved", "externalId": "y"}},
        {"config": {"name": "Stays", "externalId": "z"}},
        {"config": {"name": "Stays", "externalId": "y"}},
    ]);
    let answer = team.post("/v2/zones/batch?upsert=true", items).await;
    let done = answer.json()["items"].clone();
    assert_eq!(statuses(answer), [400, 201, 400, 200, 200]);
    for index in [0, 2] {
        let fault = &done[index]["problem"]["errors"][0];
        assert_eq!(fault["code"], "immutable", "{fault}");
    }
    assert_eq!(done[4]["zoneId"], done[1]["zoneId"]);
}

#[tokio::test]
async fn an_atomic_upsert_is_done_as_a_whole_or_not_at_all() {
    let team = Team::start().await;
    let old = team.place(json!({"name": "Old", "externalId": "a"})).await;
    let path = "/v2/places/batch?upsert=true&atomic=true";
    let items = json!([
        {"config": {"name": "New", "externalId": "a"}},
        {"config": {"name": ""}},
    ]);
    let refused = team.post(path, items).await;
    assert_eq!(
        faults(&refused),
        expected(&[("/1/config/name", "too_short")])
    );
    let place = team.get(&format!("/v2/places/{old}")).await.done();
    assert_eq!(place["config"]["name"], "Old");
}
