//! Polygons as geofences of places and zones, from the request to what they fire.

use moca_core::limits::AREA_VERTICES_MAX;
use serde_json::{Value, json};

use crate::support::{
    NOON,
    team::{Team, expected, faults},
};

fn square(west: f64, south: f64, size: f64) -> Value {
    let (east, north) = (west + size, south + size);
    json!([
        [west, south],
        [east, south],
        [east, north],
        [west, north],
        [west, south]
    ])
}

#[tokio::test]
async fn a_shape_is_answered_as_it_was_put() {
    let team = Team::start().await;
    let holed =
        json!({"type": "Polygon", "coordinates": [square(0.0, 0.0, 1.0), square(0.25, 0.25, 0.5)]});
    let place = team.place(json!({"name": "P", "geofence": holed})).await;
    let zone = team
        .zone(&place, json!({"name": "Z", "geofence": holed}))
        .await;
    let split = json!({"type": "MultiPolygon", "coordinates": [[square(179.0, -1.0, 1.0)], [square(-180.0, -1.0, 1.0)]]});
    for path in [format!("/v2/places/{place}"), format!("/v2/zones/{zone}")] {
        let mut object = team.get(&path).await.done();
        assert_eq!(object["config"]["geofence"], holed, "{path}");
        object["config"]["geofence"] = split.clone();
        team.put(&path, object.clone()).await.done();
        let again = team.get(&path).await.done();
        assert_eq!(again["config"], object["config"], "{path}");
    }
    assert_eq!(
        team.get("/v2/places").await.done()["items"][0]["config"]["geofence"],
        split
    );
}

#[tokio::test]
async fn a_wrong_shape_is_refused_where_it_is_wrong() {
    let team = Team::start().await;
    let bow = json!([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]);
    let body =
        json!({"config": {"name": "", "geofence": {"type": "Polygon", "coordinates": [bow]}}});
    let refused = team.post("/v2/places", body.clone()).await;
    let named = [
        ("/config/name", "too_short"),
        ("/config/geofence/coordinates/0/2", "invalid_shape"),
    ];
    assert_eq!((refused.status, faults(&refused)), (400, expected(&named)));
    let refused = team
        .post("/v2/places/batch?atomic=true", json!([body]))
        .await;
    assert_eq!(faults(&refused)[1].0, "/0/config/geofence/coordinates/0/2");
    let corner = |i: usize| {
        let angle = std::f64::consts::TAU * i as f64 / 10_001.0;
        json!([angle.cos(), angle.sin()])
    };
    let ring: Value = (0..=AREA_VERTICES_MAX).chain([0]).map(corner).collect();
    let body =
        json!({"config": {"name": "P", "geofence": {"type": "Polygon", "coordinates": [ring]}}});
    let refused = team.post("/v2/places", body).await;
    let named = expected(&[("/config/geofence/coordinates", "too_long")]);
    assert_eq!((refused.status, faults(&refused)), (400, named));
    assert!(refused.json().to_string().contains("10000 vertices"));
}

#[tokio::test]
async fn a_polygon_place_fires_enter_and_exit() {
    let team = Team::start().await;
    let objects = team.installation.objects(&team.tenant).await;
    let geofence = json!({"type": "Polygon", "coordinates": [square(179.0, -1.0, 2.0), square(179.9, -0.1, 0.2)]});
    let place = team
        .place(json!({"name": "Date line", "geofence": geofence}))
        .await;
    let campaign = team
        .campaign(&objects.ids["appId"], NOON - 1, NOON + 86_400_000)
        .await;
    for kind in ["EnterPlaceTrigger", "ExitPlaceTrigger"] {
        let mut body =
            crate::support::team::experience(&campaign, json!({"@type": kind, "placeId": place}));
        body["config"] = json!({"name": kind, "repeat": "Immediately"});
        body["action"]["content"]["default"] = kind.into();
        team.post("/v2/experiences", body).await.done();
    }
    team.act(&format!("/v2/campaigns/{campaign}/start"))
        .await
        .done();
    // Outside, over the antimeridian into the hole, out on the far side, away.
    let walk = [178.0, 179.5, 180.0, -179.2, -178.0];
    let events: Vec<Value> = (0..)
        .zip(walk)
        .map(|(n, longitude)| {
            json!({
                "id": format!("f7826da6-4fa2-4e98-8024-{:012x}", 900 + n),
                "t": NOON + n * 1_000,
                "location": {"lat": 0.0, "lon": longitude},
            })
        })
        .collect();
    let send = team
        .installation
        .ask("POST", "/device/v1/events")
        .bearer(&objects.instance_token);
    let answer = send.json(&Value::Array(events)).send().await.done();
    assert_eq!(answer["accepted"], 5, "{answer}");
    let ask = team
        .installation
        .ask("GET", "/device/v1/messages")
        .bearer(&objects.instance_token);
    let inbox = ask.send().await.done();
    let mut seen: Vec<(i64, String)> = inbox["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| {
            let text = message.to_string();
            let kind = if text.contains("EnterPlaceTrigger") {
                "enter"
            } else {
                "exit"
            };
            (
                message["at"].as_i64().unwrap_or_default() - NOON,
                kind.to_owned(),
            )
        })
        .collect();
    seen.sort();
    let kinds: Vec<&str> = seen.iter().map(|(_, kind)| kind.as_str()).collect();
    assert_eq!(kinds, ["enter", "exit", "enter", "exit"], "{inbox}");
}
