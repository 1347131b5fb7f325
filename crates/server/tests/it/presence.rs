//! How a place says that it is entered and left, from the request to what becomes of a device's
//! positions.

use serde_json::{Value, json};

use crate::{
    people::{Phone, app},
    support::{NOON, team::Team},
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
