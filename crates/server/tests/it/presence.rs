//! How a place says that it is entered and left, from the request to what becomes of a device's
//! positions.

use serde_json::{Value, json};

use crate::{
    people::{Phone, app},
    support::{
        NOON,
        team::{Team, ibeacon},
    },
};

const SECOND: i64 = 1_000;

/// A position so many metres north of the middle of the place.
fn position(north_m: f64, accuracy: f64) -> Value {
    json!({"location": {"lat": 40.0 + north_m / 111_034.0, "lon": -3.0, "accuracy": accuracy}})
}

async fn is_inside(team: &Team, phone: &Phone<'_>) -> bool {
    let path = format!("/v2/instances/{}", phone.instance_id);
    let shown = team.get(&path).await.done();
    !shown["inside"].as_array().unwrap().is_empty()
}

#[tokio::test]
async fn a_place_is_entered_and_left_as_it_says() {
    let team = Team::start().await;
    let app = app(&team).await;
    let mut config = json!({
        "name": "Here",
        "geofence": {"type": "Circle", "latitude": 40.0, "longitude": -3.0, "radius": 100},
    });
    let place_id = team.place(config.clone()).await;
    let phone = Phone::register(&team, &app, json!({})).await;
    let walk: &[(i64, f64, f64, bool)] = &[
        (0, 95.0, 10.0, false),
        (10, 95.0, 10.0, true),
        (30, 118.0, 10.0, true),
        (60, 118.0, 10.0, true),
        (90, 5_000.0, 201.0, true),
        (91, 5_000.0, 200.0, false),
    ];
    for &(seconds, north_m, accuracy, inside) in walk {
        let at_ms = NOON + seconds * SECOND;
        phone.event(at_ms, position(north_m, accuracy)).await;
        assert_eq!(is_inside(&team, &phone).await, inside, "{seconds}");
    }
    let own = json!({"exitMarginM": 0.5, "confirmMs": 0, "accuracyMaxM": 20.0});
    config["presence"] = own.clone();
    let path = format!("/v2/places/{place_id}");
    let put = team.put(&path, json!({ "config": config })).await.done();
    assert_eq!(put["config"]["presence"], own);
    let walk: &[(i64, f64, f64, bool)] = &[
        (120, 95.0, 21.0, false),
        (121, 95.0, 20.0, true),
        (122, 102.0, 2.5, true),
        (123, 102.0, 1.4, false),
    ];
    for &(seconds, north_m, accuracy, inside) in walk {
        let at_ms = NOON + seconds * SECOND;
        phone.event(at_ms, position(north_m, accuracy)).await;
        assert_eq!(is_inside(&team, &phone).await, inside, "{seconds}");
    }
}

#[tokio::test]
async fn who_drives_through_between_two_positions_gets_the_message_and_is_counted() {
    let team = Team::start().await;
    let app = app(&team).await;
    let app_id = app["appId"].as_str().unwrap();
    let place_id = team
        .place(json!({
            "name": "Toll",
            "geofence": {"type": "Circle", "latitude": 40.0, "longitude": -3.0, "radius": 100},
            "presence": {"pathCrossingMs": 60_000},
        }))
        .await;
    let campaign_id = team
        .campaign(app_id, NOON - 3_600_000, NOON + 3_600_000)
        .await;
    let trigger = json!({"@type": "EnterPlaceTrigger", "placeId": place_id});
    team.experience(&campaign_id, trigger).await;
    team.act(&format!("/v2/campaigns/{campaign_id}/start"))
        .await
        .done();
    let phone = Phone::register(&team, &app, json!({})).await;
    phone.event(NOON, position(-300.0, 10.0)).await;
    phone.event(NOON + 60 * SECOND, position(300.0, 10.0)).await;
    assert!(!is_inside(&team, &phone).await);
    let path = format!(
        "/v2/decisions?appId={app_id}&instanceId={}",
        phone.instance_id
    );
    let decisions = team.get(&path).await.done();
    assert_eq!(decisions["total"], 1, "{decisions}");
    assert_eq!(decisions["items"][0]["outcome"], "Fired", "{decisions}");
    // A third of the way, to the length of a degree.
    let at = decisions["items"][0]["at"].as_i64().unwrap();
    assert!((at - NOON - 20 * SECOND).abs() < 100, "{decisions}");
    let path = format!(
        "/v2/analytics/visitors?appId={app_id}&from={}&to={}&interval=none",
        NOON - 3_600_000,
        NOON + 3_600_000
    );
    let visitors = team.get(&path).await.done();
    assert_eq!(visitors["total"], 1, "{visitors}");
}

#[tokio::test]
async fn the_order_in_which_events_come_changes_neither_where_nor_what_was_visited() {
    let team = Team::start().await;
    let app = app(&team).await;
    let circle = |name: &str, north_m: f64| {
        json!({"name": name, "geofence": {
            "type": "Circle", "latitude": 40.0 + north_m / 111_034.0, "longitude": -3.0, "radius": 100
        }})
    };
    let here = team.place(circle("Here", 0.0)).await;
    let there = team.place(circle("There", 1_000.0)).await;
    let zone = team.zone(&there, json!({"name": "Gate"})).await;
    let beacon_id = team.beacon(7).await;
    team.put(
        &format!("/v2/zones/{zone}/beacons"),
        json!({"beaconIds": [beacon_id]}),
    )
    .await
    .done();
    let seen = json!({"sightings": [ibeacon(7)]});
    let trace = [
        (0, position(-500.0, 5.0)),
        (60, position(0.0, 5.0)),
        (120, position(500.0, 5.0)),
        (130, seen.clone()),
        (170, position(1_500.0, 5.0)),
        (200, position(500.0, 5.0)),
        (199, seen),
    ];
    let events: Vec<Value> = trace
        .iter()
        .enumerate()
        .map(|(number, (seconds, what))| {
            let mut event = what.clone();
            event["id"] = json!(format!("00000000-0000-4000-8000-{number:012}"));
            event["t"] = json!(NOON + seconds * SECOND);
            event
        })
        .collect();
    let turned = |by: usize| {
        let mut events = events.clone();
        events.rotate_left(by);
        events.reverse();
        events
    };
    for by in 0..events.len() {
        let at_once = Phone::register(&team, &app, json!({})).await;
        at_once.send(&turned(by)).await;
        let one_by_one = Phone::register(&team, &app, json!({})).await;
        for event in turned(by) {
            one_by_one.send(&[event]).await;
        }
        for phone in [at_once, one_by_one] {
            let path = format!("/v2/instances/{}", phone.instance_id);
            let shown = team.get(&path).await.done();
            let mut inside: Vec<&str> = shown["inside"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|inside| inside.as_object().unwrap().values())
                .filter_map(Value::as_str)
                .collect();
            inside.sort_unstable();
            let mut expected = [&*there, &*zone, &*beacon_id];
            expected.sort_unstable();
            assert_eq!(inside, expected, "{by}: {shown}");
        }
    }
    let path = format!(
        "/v2/analytics/visitors?appId={}&from={}&to={}&interval=none&groupBy=place",
        app["appId"].as_str().unwrap(),
        NOON - 3_600_000,
        NOON + 3_600_000
    );
    let visitors = team.get(&path).await.done();
    let phones = 2 * events.len();
    for group in visitors["groups"].as_array().unwrap() {
        assert_eq!(group["value"], phones, "{visitors}");
    }
    let places = [&here, &there].map(|place| {
        let groups = visitors["groups"].as_array().unwrap();
        groups.iter().any(|group| group["placeId"] == **place)
    });
    assert_eq!(places, [true, true], "{visitors}");
}
