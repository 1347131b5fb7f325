//! `moca simulate`, as a command against a real server.

use jiff::Timestamp;
use moca_client::{AnalyticsQuery, Asked};
use serde_json::Value;

use crate::cli::{Desk, text};

/// A desk with an app and three places that are a walk apart; the id of the app.
fn desk() -> (Desk, String) {
    let desk = Desk::new();
    desk.write(
        "places.csv",
        "name,latitude,longitude,radius\n\
         One,40.4150,-3.7070,120\nTwo,40.4150,-3.7010,120\nThree,40.4190,-3.7040,120\n",
    );
    assert_eq!(desk.run(&["import", "places", "places.csv"]).code, 0);
    let app = desk.object(&["apps", "create", "--name", "Walks", "--output", "json"]);
    let app_id = text(&app, "appId").to_owned();
    (desk, app_id)
}

/// The figures that a fleet ends with.
fn figures(desk: &Desk, arguments: &[&str]) -> Value {
    let done = desk.run(&[&["simulate", "--json"], arguments].concat());
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    serde_json::from_str(&done.out).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_tells_its_history_once_however_often_it_is_told() {
    let (desk, app_id) = desk();
    let begin_ms = Timestamp::now().as_millisecond() - 3_600_000;
    let begin = begin_ms.to_string();
    let history = [
        "--walkers",
        "5",
        "--shoppers",
        "3",
        "--drivers",
        "2",
        "--begin",
        &begin,
        "--duration",
        "40m",
        "--interval",
        "5s",
        "--noise",
        "0",
        "--skew",
        "0s",
        "--seed",
        "3",
    ];
    let first = figures(&desk, &history);
    // A fix every five seconds, and what shoppers do.
    let accepted = first["accepted"].as_u64().unwrap();
    assert!((4_800..5_000).contains(&accepted), "{first}");
    assert_eq!(first["devices"], 10);
    for nothing in ["duplicates", "rejected", "untold", "failed"] {
        assert_eq!(first[nothing], 0, "{first}");
    }
    let again = figures(&desk, &history);
    assert_eq!(again["accepted"], 0, "{again}");
    assert_eq!(again["duplicates"], accepted, "{again}");

    // From another moment on it is another history, of the same devices.
    let earlier = (begin_ms - 7_200_000).to_string();
    let other = history.map(|word| if word == begin { &earlier } else { word });
    let other = figures(&desk, &other);
    assert_eq!(other["duplicates"], 0, "{other}");
    assert!(other["accepted"].as_u64() > Some(4_800), "{other}");

    let query = |metric| AnalyticsQuery {
        metric,
        asked: Asked {
            app_id: app_id.parse().unwrap(),
            from: begin_ms,
            to: begin_ms + 3_600_000,
            interval: "none",
            time_zone: None,
            group_by: None,
        },
        target: None,
    };
    let client = desk.server.client();
    let active = client.analytics(&query("active-users")).await.unwrap();
    assert_eq!(active.total, 10);
    // Shoppers go into their place at once.
    let visitors = client.analytics(&query("visitors")).await.unwrap();
    assert!((3..=10).contains(&visitors.total), "{visitors:?}");
}

#[test]
fn what_is_noticed_without_a_network_is_told_later() {
    let (desk, _) = desk();
    let told = figures(
        &desk,
        &[
            "--walkers",
            "6",
            "--duration",
            "30m",
            "--interval",
            "10s",
            "--outages",
            "0.5",
            "--skew",
            "30s",
            "--noise",
            "20",
        ],
    );
    assert_eq!(told["accepted"], 6 * 180, "{told}");
    assert_eq!(told["untold"], 0);
    // A report every 30 seconds, but for half of the time.
    let requests = told["requests"].as_u64().unwrap();
    assert!((100..320).contains(&requests), "{told}");
}

#[test]
fn what_is_missing_is_said() {
    let desk = Desk::new();
    let done = desk.run(&["simulate"]);
    assert_eq!(done.code, 2);
    assert!(done.err.contains("moca apps create"), "{}", done.err);
    desk.object(&["apps", "create", "--name", "Walks", "--output", "json"]);
    let done = desk.run(&["simulate"]);
    assert_eq!(done.code, 2);
    assert!(done.err.contains("moca import places"), "{}", done.err);
    let done = desk.run(&["simulate", "--around", "91,0,10"]);
    assert_eq!(done.code, 2);
    assert!(done.err.contains("latitude"), "{}", done.err);
    desk.object(&["apps", "create", "--name", "Drives", "--output", "json"]);
    let done = desk.run(&["simulate"]);
    assert_eq!(done.code, 2);
    assert!(done.err.contains("--app"), "{}", done.err);
}
