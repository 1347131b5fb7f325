//! "Why did I not get it?", and the reasons counted.

use moca_api::Settings;
use serde_json::{Value, json};

use crate::{
    messages::Welcome,
    people::Phone,
    support::{NOON, dice::Dice},
};

const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

impl Welcome {
    pub(crate) async fn explain(&self, phone: &Phone<'_>, at: Option<i64>) -> Value {
        let mut path = format!(
            "/v2/instances/{}/explain?experienceId={}",
            phone.instance_id, self.experience_id
        );
        if let Some(at) = at {
            path.push_str(&format!("&at={at}"));
        }
        self.team.get(&path).await.done()
    }

    /// Changes the `config` of an object, for what comes from now on.
    pub(crate) async fn configure(&self, path: &str, config: Value) {
        self.decisions("").await;
        let mut object = self.team.get(path).await.done();
        for (name, value) in config.as_object().unwrap() {
            object["config"][name] = value.clone();
        }
        self.team.put(path, object).await.done();
    }

    pub(crate) async fn decisions(&self, query: &str) -> Value {
        let app_id = self.app["appId"].as_str().unwrap();
        let path = format!("/v2/decisions{query}");
        let mark = if query.contains('?') { '&' } else { '?' };
        self.team
            .get(&format!("{path}{mark}appId={app_id}"))
            .await
            .done()
    }

    pub(crate) fn campaign_path(&self) -> String {
        format!("/v2/campaigns/{}", self.campaign_id)
    }

    pub(crate) fn experience_path(&self) -> String {
        format!("/v2/experiences/{}", self.experience_id)
    }
}

/// The check with this reason.
fn check<'a>(explanation: &'a Value, reason: &str) -> &'a Value {
    let mut checks = explanation["checks"].as_array().unwrap().iter();
    checks.find(|check| check["reason"] == reason).unwrap()
}

#[tokio::test]
async fn every_rule_is_told_with_its_values_and_a_sentence() {
    let welcome = Welcome::start(Settings::default()).await;
    let phone = welcome.phone("a").await;
    let before = welcome.explain(&phone, None).await;
    assert_eq!(before["outcome"], "Fired", "{before}");
    assert_eq!(before["checks"].as_array().unwrap().len(), 11, "{before}");
    assert_eq!(before["decided"], json!({}));
    assert_eq!(before["presence"]["inside"], false);
    let sentence = "The device was not in the place \"Here\": nothing came true until it enters.";
    assert_eq!(before["presence"]["sentence"], sentence);

    welcome.enter(&phone, 50).await;
    let entered_at = NOON - HOUR_MS + 50 * MINUTE_MS + 30_000;
    let never = json!({"repeat": "Never"});
    welcome.configure(&welcome.experience_path(), never).await;
    let config = json!({
        "displayCap": 1, "displayWaitMs": HOUR_MS, "recurrence": {"hoursOfDay": [3]}
    });
    welcome.configure(&welcome.campaign_path(), config).await;
    let now = welcome.explain(&phone, None).await;
    // The first rule is the outcome, and all of them are told.
    assert_eq!(now["outcome"], "OutsideRecurrence", "{now}");
    let sentence = "It does not fire. Monday, 12:00 to 12:59 local time, is not among the hours and \
                    days of the campaign.";
    assert_eq!(now["sentence"], sentence);
    for (reason, compared) in [
        ("OutsideRecurrence", json!({"hour": 12, "day": 2})),
        ("RepeatInterval", json!({"lastAt": entered_at})),
        ("DisplayCap", json!({"shown": 1, "cap": 1})),
        (
            "DisplayWait",
            json!({"lastAt": entered_at, "nextAt": entered_at + HOUR_MS}),
        ),
    ] {
        let check = check(&now, reason);
        assert_eq!(check["stops"], true, "{check}");
        assert_eq!(check["compared"], compared, "{check}");
    }
    assert_eq!(
        check(&now, "NotRunning")["compared"],
        json!({"status": "Running"})
    );
    assert_eq!(now["presence"]["enteredAt"], entered_at, "{now}");
    assert_eq!(now["decided"], json!({"Fired": 1}));
    assert_eq!(now["last"]["outcome"], "Fired");
}

#[tokio::test]
async fn a_past_moment_is_judged_by_what_was_known_then() {
    let welcome = Welcome::start(Settings::default()).await;
    let query = json!({"lang": "es"}).to_string();
    let body = json!({"appId": welcome.app["appId"], "config": {"name": "es", "query": query}});
    let segment = welcome.team.create("/v2/segments", "segmentId", body).await;
    welcome
        .configure(&welcome.campaign_path(), json!({"segmentId": segment}))
        .await;
    let phone = welcome.phone("a").await;
    phone.put("", json!({"lang": "en"})).await;
    welcome.enter(&phone, 0).await;
    phone.put("", json!({"lang": "es"})).await;
    welcome.enter(&phone, 10).await;
    let clock = &welcome.team.installation.clock;
    clock.advance(HOUR_MS);
    let at = |minute: i64| NOON - HOUR_MS + minute * MINUTE_MS + 30_000;

    let english = welcome.explain(&phone, Some(at(0))).await;
    assert_eq!(english["outcome"], "NotInSegment", "{english}");
    let check = check(&english, "NotInSegment");
    assert_eq!(check["compared"]["values"], json!({"lang": "en"}));
    assert!(
        check["sentence"]
            .as_str()
            .unwrap()
            .contains("lang is \"en\""),
        "{check}"
    );
    assert_eq!(english["presence"]["inside"], false);
    let inside = welcome.explain(&phone, Some(at(0) + 1)).await;
    assert_eq!(inside["presence"]["enteredAt"], at(0), "{inside}");
    assert_eq!(inside["last"]["outcome"], "NotInSegment", "{inside}");
    let spanish = welcome.explain(&phone, Some(at(10))).await;
    assert_eq!(spanish["outcome"], "Fired", "{spanish}");
    assert_eq!(spanish["decided"], json!({"NotInSegment": 1, "Fired": 1}));
}

/// Asked of the moment of a decision, the rules say what was decided.
#[tokio::test]
async fn what_is_explained_is_what_was_decided() {
    let welcome = Welcome::start(Settings::default()).await;
    let repeat = json!({"repeat": "After5Min"});
    welcome.configure(&welcome.experience_path(), repeat).await;
    let config = json!({
        "displayCap": 6, "displayWaitMs": 7 * MINUTE_MS, "recurrence": {"hoursOfDay": [11, 13]}
    });
    welcome.configure(&welcome.campaign_path(), config).await;
    let phone = welcome.phone("a").await;
    let mut dice = Dice::new(5);
    // A device that was offline: it tells all of it later.
    welcome.team.installation.clock.advance(100 * HOUR_MS);
    let mut minute = 0;
    for _ in 0..40 {
        minute += 1 + dice.below(7) as i64;
        welcome.enter(&phone, minute).await;
    }
    let decisions = welcome.decisions("?limit=1000").await;
    let decisions = decisions["items"].as_array().unwrap();
    assert_eq!(decisions.len(), 40);
    for decision in decisions {
        let at = decision["at"].as_i64().unwrap();
        let explanation = welcome.explain(&phone, Some(at)).await;
        assert_eq!(explanation["outcome"], decision["outcome"], "{explanation}");
        assert_eq!(&explanation["last"], decision);
        if let Some(compared) = decision.get("compared") {
            let reason = decision["outcome"].as_str().unwrap();
            assert_eq!(&check(&explanation, reason)["compared"], compared);
        }
    }

    let summary = welcome.decisions("/summary").await;
    assert_eq!(summary["total"], 40, "{summary}");
    let outcomes = summary["outcomes"].as_object().unwrap();
    assert!(outcomes.len() >= 4, "hardly anything happened: {summary}");
    let mut sum = 0;
    for (outcome, count) in outcomes {
        let found = welcome.decisions(&format!("?outcome={outcome}")).await;
        assert_eq!(found["total"], *count, "{outcome}");
        sum += count.as_i64().unwrap();
    }
    assert_eq!(sum, 40);
    let of_one = format!("/summary?instanceId={}&to={}", phone.instance_id, NOON);
    assert!(welcome.decisions(&of_one).await["total"].as_i64().unwrap() < 40);
}

/// What comes late is not stopped by rules that nothing broke, and what is explained is what was decided.
#[tokio::test]
async fn late_events_keep_their_distance_and_no_more() {
    let mut welcome = Welcome::start(Settings::default()).await;
    let trigger = json!({"@type": "EventTrigger", "verb": "purchase"});
    welcome.experience_id = welcome.team.experience(&welcome.campaign_id, trigger).await;
    let phone = welcome.phone("a").await;
    welcome.team.installation.clock.advance(100 * HOUR_MS);
    let buy = json!({"verb": "purchase"});
    let cases = [
        // Repeat, the campaign's pause, and minutes with the outcome at each.
        (
            "Immediately",
            None,
            [(20, "Fired"), (19, "Fired"), (13, "Fired")],
        ),
        (
            "Immediately",
            Some(0),
            [(50, "Fired"), (49, "Fired"), (48, "Fired")],
        ),
        (
            "After5Min",
            None,
            [(80, "Fired"), (79, "RepeatInterval"), (75, "Fired")],
        ),
        (
            "Immediately",
            Some(2),
            [(110, "Fired"), (109, "DisplayWait"), (108, "Fired")],
        ),
        (
            "Immediately",
            Some(2),
            [(111, "DisplayWait"), (112, "Fired"), (106, "Fired")],
        ),
        (
            "Never",
            None,
            [
                (140, "RepeatInterval"),
                (139, "RepeatInterval"),
                (138, "RepeatInterval"),
            ],
        ),
    ];
    for (repeat, wait, events) in cases {
        let repeat = json!({"repeat": repeat});
        welcome.configure(&welcome.experience_path(), repeat).await;
        let wait = json!({"displayWaitMs": wait.map(|wait| wait * MINUTE_MS)});
        welcome.configure(&welcome.campaign_path(), wait).await;
        for (minute, outcome) in events {
            let at = NOON + minute * MINUTE_MS;
            phone.event(at, buy.clone()).await;
            let found = welcome
                .decisions(&format!("?from={at}&to={}", at + 1))
                .await;
            let decision = &found["items"][0];
            assert_eq!(decision["outcome"], outcome, "{minute}: {found}");
            let explanation = welcome.explain(&phone, Some(at)).await;
            assert_eq!(explanation["outcome"], outcome, "{minute}: {explanation}");
            assert_eq!(&explanation["last"], decision);
            if let Some(compared) = decision.get("compared") {
                assert_eq!(&check(&explanation, outcome)["compared"], compared);
            }
        }
    }
    let repeat = json!({"repeat": "After5Min"});
    welcome.configure(&welcome.experience_path(), repeat).await;
    // One at noon and 79 minutes came a minute before one that had fired.
    let late = welcome.explain(&phone, Some(NOON + 79 * MINUTE_MS)).await;
    let sentence = check(&late, "RepeatInterval")["sentence"].as_str().unwrap();
    assert!(
        sentence.contains("what comes late keeps its distance"),
        "{sentence}"
    );
}

#[tokio::test]
async fn hours_are_those_of_the_zone_by_which_it_was_decided() {
    let mut welcome = Welcome::start(Settings::default()).await;
    let places = welcome.team.get("/v2/places").await.done();
    let here = places["items"][0]["placeId"].as_str().unwrap().to_owned();
    let tokyo = json!({"timeZone": "Asia/Tokyo"});
    welcome
        .configure(&format!("/v2/places/{here}"), tokyo)
        .await;
    let trigger = json!({"@type": "EventTrigger", "verb": "purchase"});
    welcome.experience_id = welcome.team.experience(&welcome.campaign_id, trigger).await;
    // Half past eleven of UTC.
    let recurrence = json!({"recurrence": {"hoursOfDay": [20]}});
    welcome
        .configure(&welcome.campaign_path(), recurrence)
        .await;
    let phone = welcome.phone("a").await;
    welcome.enter(&phone, 0).await;
    let at = NOON - HOUR_MS / 2;
    phone.event(at, json!({"verb": "purchase"})).await;
    let decided = welcome.decisions(&format!("?from={at}")).await;
    assert_eq!(decided["items"][0]["outcome"], "Fired", "{decided}");
    let told = welcome.explain(&phone, Some(at)).await;
    assert_eq!(
        (&told["outcome"], &told["timeZone"]),
        (&json!("Fired"), &json!("Asia/Tokyo"))
    );
    let now = welcome.explain(&phone, None).await;
    assert_eq!(
        check(&now, "OutsideRecurrence")["compared"]["hour"],
        21,
        "{now}"
    );
    // It is somewhere else since.
    let away = json!({"location": {"lat": 41.0, "lon": -3.7}});
    phone.event(NOON - HOUR_MS / 4, away).await;
    let told = welcome.explain(&phone, Some(at)).await;
    assert_eq!(
        (&told["outcome"], &told["timeZone"]),
        (&json!("Fired"), &json!("Asia/Tokyo"))
    );
    let now = welcome.explain(&phone, None).await;
    assert_eq!(
        (&now["outcome"], &now["timeZone"]),
        (&json!("OutsideRecurrence"), &json!("UTC"))
    );

    // The first part that is in a place says where the composite is, though that has no zone of its own.
    let hall = json!({"name": "Hall", "geofence": {
        "type": "Circle", "latitude": 40.4, "longitude": -3.7, "radius": 120
    }});
    let hall = welcome.team.place(hall).await;
    let enter = |place: &str| json!({"@type": "EnterPlaceTrigger", "placeId": place});
    let both = json!({"@type": "CompositeTrigger", "list": [enter(&hall), enter(&here)]});
    welcome.experience_id = welcome.team.experience(&welcome.campaign_id, both).await;
    let recurrence = json!({"recurrence": {"hoursOfDay": [11]}});
    welcome
        .configure(&welcome.campaign_path(), recurrence)
        .await;
    let phone = welcome.phone("b").await;
    welcome.enter(&phone, 50).await;
    let of_both = format!("?experienceId={}", welcome.experience_id);
    let decided = welcome.decisions(&of_both).await;
    let decision = &decided["items"][0];
    assert_eq!(decision["outcome"], "Fired", "{decided}");
    let told = welcome.explain(&phone, decision["at"].as_i64()).await;
    assert_eq!(
        (&told["outcome"], &told["timeZone"]),
        (&json!("Fired"), &json!("UTC"))
    );
}

#[tokio::test]
async fn only_experiences_of_the_instances_own_app_are_explained() {
    let welcome = Welcome::start(Settings::default()).await;
    let phone = welcome.phone("a").await;
    let other_app = welcome.team.app().await;
    let campaign = welcome.team.campaign(&other_app, 0, NOON).await;
    let place = welcome.team.place(json!({"name": "There"})).await;
    let trigger = json!({"@type": "ExitPlaceTrigger", "placeId": place});
    let foreign = welcome.team.experience(&campaign, trigger).await;
    let path = format!("/v2/instances/{}/explain", phone.instance_id);
    for id in [foreign.as_str(), "AAAAAAAAAAAAAAAAAAAAAA"] {
        let answer = welcome.team.get(&format!("{path}?experienceId={id}")).await;
        assert_eq!(answer.code(), "not_found", "{id}");
    }
}
