//! Places.

use serde_json::{Value, json};

use crate::support::team::{Team, expected, faults};

const NO_SUCH_ID: &str = "IXa7Bl9oRo6c7zQ5aQIzlg";

#[tokio::test]
async fn two_spellings_of_one_text_are_one_text() {
    let team = Team::start().await;
    let decomposed = json!({"config": {"name": "Cafe\u{301}", "externalId": "cafe\u{301}"}});
    let made = team.post("/v2/places", decomposed.clone()).await.done();
    assert_eq!(made["config"]["name"], "Caf\u{e9}");
    let again = team.post("/v2/places", decomposed).await;
    assert_eq!(again.code(), "already_exists");
    for query in [
        "externalId=caf%C3%A9",
        "externalId=cafe%CC%81",
        "q=CAF%C3%A9",
        "q=cafe%CC%81",
    ] {
        let list = team.get(&format!("/v2/places?{query}")).await.done();
        assert_eq!(list["items"][0], made, "{query}");
    }
    let path = "/v2/places/external/cafe%CC%81";
    let replaced = team.put(path, json!({"config": {"name": "New"}})).await;
    assert_eq!(replaced.status, 200);
    assert_eq!(replaced.done()["placeId"], made["placeId"]);
}

#[tokio::test]
async fn an_external_id_creates_then_replaces() {
    let team = Team::start().await;
    let path = "/v2/places/external/ES%2F28%207";
    let first = team.put(path, json!({"config": {"name": "A"}})).await;
    assert_eq!(first.status, 201);
    let location = first.header("location").unwrap().to_owned();
    let first = first.done();
    assert_eq!(first["config"]["externalId"], "ES/28 7");
    let second = team
        .put(
            path,
            json!({"config": {"name": "B", "externalId": "ES/28 7"}}),
        )
        .await;
    assert_eq!(second.status, 200);
    assert_eq!(team.get(&location).await.done(), second.done());
    let other = team
        .put(path, json!({"config": {"name": "B", "externalId": "x"}}))
        .await;
    assert_eq!(
        faults(&other),
        expected(&[("/config/externalId", "immutable")])
    );
    let long = format!("/v2/places/external/{}", "x".repeat(256));
    let long = team.put(&long, json!({"config": {"name": "B"}})).await;
    assert_eq!(
        faults(&long),
        expected(&[("/config/externalId", "too_long")])
    );
}

#[tokio::test]
async fn labels_must_exist_in_the_account() {
    let team = Team::start().await;
    let label = team.label("VIP").await;
    let stranger = team.installation.tenant(false).await;
    let body = json!({"config": {"name": "L"}});
    let theirs = team
        .send_as(&stranger.token, "POST", "/v2/labels", &body)
        .await
        .done();
    let label_ids = json!([NO_SUCH_ID, label, theirs["labelId"]]);
    let body = json!({"config": {"name": "P", "labelIds": label_ids}});
    let missing = expected(&[
        ("/config/labelIds/0", "not_found"),
        ("/config/labelIds/2", "not_found"),
    ]);
    let refused = team.post("/v2/places", body.clone()).await;
    assert_eq!((refused.status, faults(&refused)), (400, missing.clone()));
    let place = team.place(json!({"name": "P", "labelIds": [label]})).await;
    let refused = team.put(&format!("/v2/places/{place}"), body).await;
    assert_eq!(faults(&refused), missing);
}

#[tokio::test]
async fn lists_are_narrowed_by_label() {
    let team = Team::start().await;
    let label = team.label("VIP").await;
    let with = team.place(json!({"name": "P", "labelIds": [label]})).await;
    team.place(json!({"name": "Q"})).await;
    let list = team
        .get(&format!("/v2/places?labelId={label}"))
        .await
        .done();
    assert_eq!(
        (&list["total"], &list["items"][0]["placeId"]),
        (&json!(1), &json!(with))
    );
}

#[tokio::test]
async fn a_place_goes_with_its_zones_and_experiences_but_beacons_stay() {
    let team = Team::start().await;
    let place = team.place(json!({"name": "P"})).await;
    let zone = team.zone(&place, json!({"name": "Z"})).await;
    let beacon = team.beacon(1).await;
    let beacons = json!({"beaconIds": [beacon]});
    team.put(&format!("/v2/zones/{zone}/beacons"), beacons)
        .await
        .done();
    let campaign = team.campaign(&team.app().await, 0, 1).await;
    let of_place = json!({"@type": "EnterPlaceTrigger", "placeId": place});
    let of_zone = json!({"@type": "ExitZoneTrigger", "zoneId": zone});
    let of_beacon = json!({"@type": "EnterBeaconTrigger", "beaconId": beacon});
    let first = team.experience(&campaign, of_place).await;
    let second = team.experience(&campaign, of_zone).await;
    let third = team.experience(&campaign, of_beacon).await;

    let path = format!("/v2/places/{place}");
    let refused = team.delete(&path).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "in_use"));
    let users = refused.json().to_string();
    assert!(users.contains(&zone) && users.contains(&first), "{users}");
    assert_eq!(team.get(&path).await.status, 200);

    team.delete(&format!("{path}?cascade=true")).await.done();
    for gone in [
        path,
        format!("/v2/zones/{zone}"),
        format!("/v2/experiences/{first}"),
        format!("/v2/experiences/{second}"),
    ] {
        assert_eq!(team.get(&gone).await.status, 404, "{gone}");
    }
    let beacon = team.get(&format!("/v2/beacons/{beacon}")).await.done();
    assert_eq!(beacon["config"]["zoneId"], Value::Null);
    team.get(&format!("/v2/experiences/{third}")).await.done();
}

#[tokio::test]
async fn a_batch_answers_each_item_on_its_own() {
    let team = Team::start().await;
    team.place(json!({"name": "Old", "externalId": "taken"}))
        .await;
    let items = json!({"items": [
        {"config": {"name": "A", "externalId": "a"}},
        {"config": {"name": ""}},
        {"config": {"name": "B", "externalId": "taken"}},
        {"config": {"name": "C", "externalId": "a"}},
        {"config": {"name": "D", "labelIds": [NO_SUCH_ID]}},
        {"config": {"name": "E"}},
    ]});
    let answer = team.post("/v2/places/batch", items).await.done();
    let statuses: Vec<_> = answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            (
                item["index"].as_i64().unwrap(),
                item["status"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        statuses,
        [(0, 201), (1, 400), (2, 409), (3, 409), (4, 400), (5, 201)]
    );
    assert_eq!(
        answer["items"][1]["problem"]["errors"][0]["pointer"],
        "/config/name"
    );
    assert_eq!(answer["items"][2]["problem"]["code"], "already_exists");
    let made = answer["items"][5]["placeId"].as_str().unwrap();
    let made = team.get(&format!("/v2/places/{made}")).await.done();
    assert_eq!(made["config"]["name"], "E");
    assert_eq!(team.get("/v2/places").await.done()["total"], 3);
}

#[tokio::test]
async fn an_atomic_batch_is_done_as_a_whole_or_not_at_all() {
    let team = Team::start().await;
    let path = "/v2/places/batch?atomic=true";
    let bad = json!([
        {"config": {"name": "A"}},
        {"config": {"name": "", "radius": 1}},
        {"config": {"name": "B", "category": 7}},
    ]);
    let refused = team.post(path, bad.clone()).await;
    let in_list = [
        ("/1/config/name", "too_short"),
        ("/1/config/radius", "unknown_field"),
        ("/2/config/category", "wrong_type"),
    ];
    assert_eq!(
        (refused.status, faults(&refused)),
        (400, expected(&in_list))
    );
    let refused = team.post(path, json!({ "items": bad })).await;
    assert_eq!(faults(&refused)[0].0, "/items/1/config/name");
    assert_eq!(team.get("/v2/places").await.done()["total"], 0);
    let good = json!([{"config": {"name": "A"}}, {"config": {"name": "B"}}]);
    team.post(path, good).await.done();
    assert_eq!(team.get("/v2/places").await.done()["total"], 2);
}

/// The names of the places that a query finds, in order.
async fn named(team: &Team, query: &str) -> (i64, Vec<String>) {
    let list = team
        .get(&format!("/v2/places?sort=name&{query}"))
        .await
        .done();
    let items = list["items"].as_array().unwrap().iter();
    let names = items.map(|item| item["config"]["name"].as_str().unwrap().to_owned());
    (list["total"].as_i64().unwrap(), names.collect())
}

#[tokio::test]
async fn lists_are_narrowed_to_what_is_near_or_in_a_box() {
    let team = Team::start().await;
    let circle = |longitude: f64, radius: u32| json!({"type": "Circle", "latitude": 40.0, "longitude": longitude, "radius": radius});
    let ring = json!([[179.9, 39.9], [-179.9, 39.9], [180.0, 40.1], [179.9, 39.9]]);
    let label = team.label("VIP").await;
    for (name, geofence, label_ids) in [
        ("a", circle(0.0, 100), json!([label])),
        ("b", circle(0.01, 100), json!([])),
        ("c", circle(1.0, 50_000), json!([label])),
        (
            "d",
            json!({"type": "Polygon", "coordinates": [ring]}),
            json!([]),
        ),
        ("e", json!(null), json!([label])),
    ] {
        let config = json!({"name": name, "geofence": geofence, "labelIds": label_ids});
        team.place(config).await;
    }
    let label = format!("near=40,0,100000&labelId={label}");
    for (query, expected) in [
        // b begins 754 metres away.
        ("near=40,0,753", "a"),
        ("near=40,0,755", "ab"),
        ("near=40,0,40000", "abc"),
        (label.as_str(), "ac"),
        ("near=40,0,40000&q=B", "b"),
        ("near=40,180,1", "d"),
        ("near=-40,0,100000", ""),
        ("bbox=-0.1,39.9,0.001,40.1", "a"),
        ("bbox=-0.1,39.9,2,40.1", "abc"),
        ("bbox=179,0,-179,90", "d"),
        ("bbox=-180,0,-179.95,90", "d"),
        ("bbox=-180,-90,180,90", "abcd"),
        ("bbox=-180,-90,180,90&near=40,0,753", "a"),
    ] {
        let expected: Vec<String> = expected.chars().map(String::from).collect();
        assert_eq!(
            named(&team, query).await,
            (expected.len() as i64, expected),
            "{query}"
        );
    }
    let page = named(&team, "near=40,0,40000&offset=1&limit=1").await;
    assert_eq!(page, (3, vec!["b".to_owned()]));
}

#[tokio::test]
async fn a_region_that_is_none_is_refused_by_name() {
    let team = Team::start().await;
    for (query, name, order) in [
        ("near=40,0", "near", "latitude,longitude,radius"),
        ("near=91,0,100", "near", "latitude,longitude,radius"),
        ("near=40,181,100", "near", "latitude,longitude,radius"),
        ("near=40,0,0.5", "near", "from 1 to 100000"),
        ("near=40,0,100001", "near", "from 1 to 100000"),
        ("near=NaN,0,100", "near", "latitude,longitude,radius"),
        ("near=40,0,100,1", "near", "latitude,longitude,radius"),
        ("bbox=0,1,2", "bbox", "minLon,minLat,maxLon,maxLat"),
        ("bbox=0,10,2,9", "bbox", "minLon,minLat,maxLon,maxLat"),
        ("bbox=0,0,inf,1", "bbox", "minLon,minLat,maxLon,maxLat"),
        ("bbox=0,0,1,x", "bbox", "minLon,minLat,maxLon,maxLat"),
    ] {
        let refused = team.get(&format!("/v2/places?{query}")).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (400, "invalid_parameter")
        );
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(
            detail.starts_with(name) && detail.contains(order),
            "{detail}"
        );
    }
}
