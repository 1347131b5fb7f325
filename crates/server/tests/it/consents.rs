//! What people agree to, and what follows from it.

use std::collections::BTreeSet;

use moca_api::Settings;
use serde_json::{Value, json};

use crate::{
    messages::Welcome,
    notifications::{
        Newsroom, fcm,
        provider::{Provider, taken},
        to_all,
    },
    people::{Phone, app, id},
    support::{
        NOON,
        team::{Team, expected, faults},
    },
};

const CONSENTS: &str = "/device/v1/instance/consents";
const HOUR_MS: i64 = 3_600_000;
const INSTANCE: &str = "/device/v1/instance";

async fn tell(team: &Team, phone: &Phone<'_>, consents: Value) -> Value {
    let ask = team.installation.ask("PUT", CONSENTS).bearer(&phone.token);
    ask.json(&consents).send().await.done()
}

async fn own(team: &Team, phone: &Phone<'_>) -> Value {
    let ask = team.installation.ask("GET", INSTANCE).bearer(&phone.token);
    ask.send().await.done()
}

fn answer(granted: bool, version: &str) -> Value {
    json!({"granted": granted, "version": version})
}

#[tokio::test]
async fn what_was_answered_last_holds_and_its_history_is_kept() {
    let team = Team::start().await;
    let app = app(&team).await;
    let mut marketing = answer(true, "2026-01");
    marketing["at"] = json!(NOON - 5);
    let body = json!({"deviceKey": "a", "consents": {"marketing": marketing}});
    let phone = Phone::register(&team, &app, body).await;
    assert_eq!(
        own(&team, &phone).await["consents"],
        json!({"marketing": marketing})
    );

    // A clock that is ahead makes no answer in the future.
    let mut analytics = answer(false, "2026-02");
    analytics["at"] = json!(NOON + 1_000_000);
    let known = tell(&team, &phone, json!({"analytics": analytics})).await;
    analytics["at"] = json!(NOON);
    assert_eq!(
        known,
        json!({"analytics": analytics, "marketing": marketing})
    );
    // Without a time it is now.
    team.installation.clock.advance(7);
    let mut refused = answer(false, "2026-02");
    let known = tell(&team, &phone, json!({"marketing": refused})).await;
    refused["at"] = json!(NOON + 7);
    assert_eq!(known, json!({"analytics": analytics, "marketing": refused}));

    // The answer can be sent back, and to register again forgets nothing.
    let shown = own(&team, &phone).await;
    phone.put("", shown.clone()).await;
    assert_eq!(own(&team, &phone).await, shown);
    let again = Phone::register(&team, &app, json!({"deviceKey": "a"})).await;
    assert_eq!(own(&team, &again).await["consents"], known);
    let mut profiling = answer(true, "2026-03");
    let told = json!({"lang": "es", "consents": {"profiling": profiling}});
    again.put("", told).await;
    profiling["at"] = json!(NOON + 7);
    let expected = json!({"analytics": analytics, "marketing": refused, "profiling": profiling});
    assert_eq!(own(&team, &again).await["consents"], expected);
    assert_eq!(tell(&team, &again, json!({})).await, expected);

    let path = format!("/v2/instances/{}", phone.instance_id);
    assert_eq!(team.get(&path).await.done()["consents"], expected);
    let export = team.get(&format!("{path}/export")).await.done();
    let log = export["log"].as_array().unwrap().iter();
    let told: Vec<&Value> = log
        .filter(|entry| entry["kind"] == "consents")
        .map(|entry| &entry["consents"])
        .collect();
    let history = [
        json!({"marketing": marketing}),
        json!({"analytics": analytics}),
        json!({"marketing": refused}),
        json!({"profiling": profiling}),
    ];
    assert_eq!(told, history.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn every_fault_of_an_answer_is_told() {
    let team = Team::start().await;
    let app = app(&team).await;
    let phone = Phone::register(&team, &app, json!({})).await;
    let body = json!({
        "analytics": true,
        "marketing": {"granted": "yes", "at": "now", "why": "x"},
        "advertising": answer(true, "1"),
    });
    let ask = team.installation.ask("PUT", CONSENTS).bearer(&phone.token);
    let answer = ask.json(&body).send().await;
    let all = [
        ("/analytics", "wrong_type"),
        ("/marketing/granted", "wrong_type"),
        ("/marketing/version", "required"),
        ("/marketing/at", "wrong_type"),
        ("/marketing/why", "unknown_field"),
        ("/advertising", "unknown_field"),
    ];
    assert_eq!(faults(&answer), expected(&all));
    assert_eq!(own(&team, &phone).await.get("consents"), None);
}

#[tokio::test]
async fn a_campaign_that_asks_for_consent_fires_for_those_who_gave_it() {
    let welcome = Welcome::start(Settings::default()).await;
    let team = &welcome.team;
    let path = format!("/v2/campaigns/{}", welcome.campaign_id);
    let mut campaign = team.get(&path).await.done();
    campaign["config"]["requireMarketingConsent"] = true.into();
    team.put(&path, campaign.clone()).await.done();
    let phone = welcome.phone("a").await;
    let decisions = async || {
        let (app, instance) = (id(&welcome.app), &phone.instance_id);
        let path = format!("/v2/decisions?appId={app}&instanceId={instance}");
        let list = team.get(&path).await.done();
        let items = list["items"].as_array().unwrap().clone();
        let told = |item: &Value| (item["outcome"].clone(), item["compared"]["consent"].clone());
        items.iter().map(told).collect::<Vec<_>>()
    };
    let explain = async || {
        let of = format!("/v2/instances/{}/explain", phone.instance_id);
        let path = format!("{of}?experienceId={}", welcome.experience_id);
        team.get(&path).await.done()
    };
    // Who was not asked has not agreed.
    welcome.enter(&phone, 0).await;
    let told = explain().await;
    let sentence = "It does not fire. The campaign is for those who agreed to marketing only, and the \
                    person was not asked.";
    assert_eq!(
        (&told["outcome"], &told["sentence"]),
        (&json!("NoConsent"), &json!(sentence))
    );
    // Another purpose is another answer.
    tell(team, &phone, json!({"profiling": answer(true, "1")})).await;
    welcome.enter(&phone, 1).await;
    let refused = tell(team, &phone, json!({"marketing": answer(false, "2")})).await;
    welcome.enter(&phone, 2).await;
    let told = explain().await;
    let sentence = "It does not fire. The campaign is for those who agreed to marketing only, and the \
                    person said no at 2026-01-05 12:00:00 (version 2).";
    assert_eq!(told["sentence"], sentence);
    tell(team, &phone, json!({"marketing": answer(true, "3")})).await;
    welcome.enter(&phone, 3).await;
    assert_eq!(explain().await["outcome"], "Fired");
    tell(team, &phone, json!({"marketing": answer(false, "3")})).await;
    welcome.enter(&phone, 4).await;
    campaign["config"]["requireMarketingConsent"] = false.into();
    team.put(&path, campaign).await.done();
    welcome.enter(&phone, 5).await;

    let decided = decisions().await;
    let outcomes: Vec<&str> = decided.iter().map(|(it, _)| it.as_str().unwrap()).collect();
    let no = "NoConsent";
    assert_eq!(outcomes, [no, no, no, "Fired", no, "Fired"]);
    assert_eq!(
        (&decided[0].1, &decided[2].1),
        (&Value::Null, &refused["marketing"])
    );
}

#[tokio::test]
async fn a_notification_leaves_out_and_counts_those_who_did_not_agree() {
    let provider = Provider::start(|_| taken()).await;
    let room = Newsroom::open(provider.settings()).await;
    let mut phones = Vec::new();
    for (token, marketing) in [
        ("yes", Some(true)),
        ("no", Some(false)),
        ("never-asked", None),
        ("takes-it-back", Some(true)),
    ] {
        let phone = room.phone(fcm(token)).await;
        if let Some(granted) = marketing {
            tell(
                &room.team,
                &phone,
                json!({"marketing": answer(granted, "1")}),
            )
            .await;
        }
        phones.push(phone);
    }
    let path = format!("/v2/campaigns/{}", room.campaign);
    let mut campaign = room.team.get(&path).await.done();
    campaign["config"]["requireMarketingConsent"] = true.into();
    room.team.put(&path, campaign).await.done();

    let mut dry = to_all(&room.campaign);
    dry["options"]["dryRun"] = true.into();
    let dry = room.notify(dry).await;
    room.work().await;
    let status = room.status(&dry).await;
    assert_eq!(
        (&status["targeted"], &status["failed"]),
        (&json!(4), &json!({"NoConsent": 2}))
    );

    tell(
        &room.team,
        &phones[3],
        json!({"marketing": answer(false, "1")}),
    )
    .await;
    let path = room.notify(to_all(&room.campaign)).await;
    room.start().await;
    room.work().await;
    let reached: BTreeSet<String> = provider.messages().iter().map(|one| one.device()).collect();
    assert_eq!(reached, BTreeSet::from(["yes".to_owned()]));
    let status = room.status(&path).await;
    assert_eq!(status["state"], "Completed");
    assert_eq!(
        (&status["targeted"], &status["accepted"]),
        (&json!(4), &json!(1))
    );
    assert_eq!(status["failed"], json!({"NoConsent": 3}));
}

#[tokio::test]
async fn who_takes_consent_back_before_the_turn_comes_is_not_sent_to() {
    use crate::notifications::provider::Answer;
    let busy = || Answer::Reply(429, Some("60"), json!({}));
    let provider = Provider::start(move |_| busy()).await;
    let room = Newsroom::open(provider.settings()).await;
    let phone = room.phone(fcm("ana")).await;
    tell(&room.team, &phone, json!({"marketing": answer(true, "1")})).await;
    let path = format!("/v2/campaigns/{}", room.campaign);
    let mut campaign = room.team.get(&path).await.done();
    campaign["config"]["requireMarketingConsent"] = true.into();
    room.team.put(&path, campaign).await.done();
    let path = room.notify(to_all(&room.campaign)).await;
    room.start().await;
    room.work().await;
    assert_eq!(room.status(&path).await["state"], "Sending");
    assert_eq!(provider.messages().len(), 1);
    tell(&room.team, &phone, json!({"marketing": answer(false, "1")})).await;
    room.team.installation.clock.advance(60_000);
    room.work().await;
    assert!(provider.messages().is_empty());
    assert_eq!(room.status(&path).await["failed"], json!({"NoConsent": 1}));
}

#[tokio::test]
async fn a_campaign_that_does_not_say_does_as_the_account_has_it() {
    let welcome = Welcome::start(Settings::default()).await;
    let team = &welcome.team;
    let path = format!("/v2/accounts/{}", team.tenant.account_id);
    let mut account = team.get(&path).await.done();
    account["config"]["privacy"] = json!({"requireMarketingConsent": true});
    team.put(&path, account).await.done();
    let phone = welcome.phone("a").await;
    let explain = async || {
        let of = format!("/v2/instances/{}/explain", phone.instance_id);
        let path = format!("{of}?experienceId={}", welcome.experience_id);
        team.get(&path).await.done()["outcome"].clone()
    };
    welcome.enter(&phone, 0).await;
    assert_eq!(explain().await, "NoConsent");
    let path = format!("/v2/campaigns/{}", welcome.campaign_id);
    let mut campaign = team.get(&path).await.done();
    assert_eq!(campaign["config"].get("requireMarketingConsent"), None);
    campaign["config"]["requireMarketingConsent"] = false.into();
    team.put(&path, campaign).await.done();
    welcome.enter(&phone, 1).await;
    assert_eq!(explain().await, "Fired");
    let path = format!("/v2/decisions/summary?appId={}", id(&welcome.app));
    let outcomes = team.get(&path).await.done()["outcomes"].clone();
    assert_eq!(outcomes, json!({"Fired": 1, "NoConsent": 1}));
}

#[tokio::test]
async fn who_refuses_to_be_counted_is_counted_nowhere_until_they_agree() {
    let welcome = Welcome::start(Settings::default()).await;
    let team = &welcome.team;
    let app_id = id(&welcome.app).to_owned();
    let count = async |metric: &str| {
        let range = format!("from={}&to={}", NOON - 2 * HOUR_MS, NOON + HOUR_MS);
        let path = format!("/v2/analytics/{metric}?appId={app_id}&interval=none&{range}");
        let answer = team.get(&path).await.done();
        answer["total"].clone()
    };
    let all = ["active-users", "new-users", "visitors"];
    let phone = welcome.phone("a").await;
    let other = welcome.phone("b").await;
    tell(team, &phone, json!({"analytics": answer(false, "1")})).await;
    welcome.enter(&phone, 0).await;
    welcome.enter(&other, 1).await;
    for metric in all {
        assert_eq!(count(metric).await, 1, "{metric}");
    }
    // What it does is done all the same.
    let items = welcome.inbox(&phone, "").await.done()["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 1);
    tell(team, &phone, json!({"analytics": answer(true, "1")})).await;
    for metric in all {
        assert_eq!(
            count(metric).await,
            1,
            "{metric}: what was not counted then is not now"
        );
    }
    welcome.enter(&phone, 10).await;
    for metric in all {
        assert_eq!(count(metric).await, 2, "{metric}");
    }
    // What was counted stays counted.
    tell(team, &other, json!({"analytics": answer(false, "2")})).await;
    for metric in all {
        assert_eq!(count(metric).await, 2, "{metric}");
    }
}

#[tokio::test]
async fn where_somebody_is_who_refuses_to_tell_is_neither_used_nor_kept() {
    let welcome = Welcome::start(Settings::default()).await;
    let team = &welcome.team;
    let phone = welcome.phone("a").await;
    let path = format!("/v2/instances/{}", phone.instance_id);
    let inside = async || team.get(&path).await.done()["inside"].clone();
    let inbox = async || {
        let items = welcome.inbox(&phone, "").await.done()["items"].clone();
        items.as_array().unwrap().len()
    };
    welcome.enter(&phone, 30).await;
    assert_eq!(
        (inside().await.as_array().unwrap().len(), inbox().await),
        (1, 1)
    );
    tell(team, &phone, json!({"location": answer(false, "1")})).await;
    assert_eq!(
        inside().await,
        json!([]),
        "it is not known any more where it is"
    );
    welcome.enter(&phone, 31).await;
    let bought = json!({"verb": "buy", "item": "shoe"});
    phone.event(NOON, bought.clone()).await;
    assert_eq!((inside().await, inbox().await), (json!([]), 1));

    let export = team.get(&format!("{path}/export")).await.done();
    let log = export["log"].as_array().unwrap();
    let kinds: Vec<&str> = log.iter().map(|it| it["kind"].as_str().unwrap()).collect();
    let expected = [
        "registered",
        "event",
        "event",
        "consents",
        "withheld",
        "withheld",
        "event",
    ];
    assert_eq!(kinds, expected);
    assert_eq!(
        log[6]["event"]["verb"], "buy",
        "what tells no position is kept"
    );
    assert_eq!(log[5]["t"], NOON - HOUR_MS + 31 * 60_000 + 30_000);
    tell(team, &phone, json!({"location": answer(true, "1")})).await;
    // What is too old stays so.
    welcome.enter(&phone, 15).await;
    assert_eq!((inside().await, inbox().await), (json!([]), 1));
    welcome.enter(&phone, 59).await;
    assert_eq!(
        (inside().await.as_array().unwrap().len(), inbox().await),
        (1, 2)
    );
}

#[tokio::test]
async fn who_refuses_to_be_put_into_groups_is_in_no_segment() {
    let team = Team::start().await;
    let app = app(&team).await;
    let mut phones = Vec::new();
    for key in ["a", "b"] {
        let body = json!({"deviceKey": key, "os": "iOS"});
        phones.push(Phone::register(&team, &app, body).await);
    }
    let query = json!({"os": "iOS"}).to_string();
    let body = json!({"appId": id(&app), "config": {"name": "iOS", "query": query}});
    let segment = team.create("/v2/segments", "segmentId", body).await;
    let members = async || {
        let path = format!("/v2/segments/{segment}/instances");
        team.get(&path).await.done()["total"].clone()
    };
    let estimate = async |query: &Value| {
        let body = json!({"appId": id(&app), "query": query.to_string()});
        team.post("/v2/segments/estimate", body).await.done()["count"].clone()
    };
    let android = json!({"$not": {"os": "Android"}});
    assert_eq!(
        (members().await, estimate(&android).await),
        (json!(2), json!(2))
    );
    tell(&team, &phones[0], json!({"profiling": answer(false, "1")})).await;
    assert_eq!(
        (members().await, estimate(&android).await),
        (json!(1), json!(1))
    );
}
