//! Campaigns and their status life, by a clock turned by hand.

use serde_json::{Value, json};

use crate::support::{
    NOON,
    team::{Team, expected, experience, faults},
};

const HOUR_MS: i64 = 3_600_000;

/// A campaign that lasts from one hour after the start of the test to three.
async fn prepared(team: &Team) -> String {
    let app = team.app().await;
    team.campaign(&app, NOON + HOUR_MS, NOON + 3 * HOUR_MS)
        .await
}

async fn with_experience(team: &Team, campaign: &str) {
    let place = team.place(json!({"name": "P"})).await;
    let trigger = json!({"@type": "EnterPlaceTrigger", "placeId": place});
    team.experience(campaign, trigger).await;
}

/// Status, and since when in hours after the start of the test.
fn status(campaign: &Value) -> (String, i64) {
    let since = (campaign["statusAt"].as_i64().unwrap() - NOON) / HOUR_MS;
    (campaign["status"].as_str().unwrap().to_owned(), since)
}

fn is(word: &str, since: i64) -> (String, i64) {
    (word.to_owned(), since)
}

#[tokio::test]
async fn the_status_follows_from_start_and_the_clock() {
    let team = Team::start().await;
    let id = prepared(&team).await;
    with_experience(&team, &id).await;
    let path = format!("/v2/campaigns/{id}");
    let clock = team.installation.clock.clone();
    assert_eq!(status(&team.get(&path).await.done()), is("Draft", 0));
    let started = team.act(&format!("{path}/start")).await.done();
    assert_eq!(status(&started), is("Scheduled", 0));
    clock.advance(HOUR_MS);
    assert_eq!(status(&team.get(&path).await.done()), is("Running", 1));
    let again = team.act(&format!("{path}/start")).await;
    assert_eq!(faults(&again), expected(&[("/status", "wrong_status")]));
    let list = team.get("/v2/campaigns").await.done();
    assert_eq!(status(&list["items"][0]), is("Running", 1));
    clock.advance(2 * HOUR_MS);
    let mut finished = team.get(&path).await.done();
    assert_eq!(status(&finished), is("Finished", 3));
    // An extended end needs a new start.
    finished["config"]["endAt"] = json!(NOON + 9 * HOUR_MS);
    clock.advance(HOUR_MS);
    let extended = team.put(&path, finished).await.done();
    assert_eq!(status(&extended), is("Finished", 3));
    let restarted = team.act(&format!("{path}/start")).await.done();
    assert_eq!(status(&restarted), is("Running", 4));
    clock.advance(HOUR_MS);
    let stopped = team.act(&format!("{path}/stop")).await.done();
    assert_eq!(status(&stopped), is("Stopped", 5));
    clock.advance(HOUR_MS);
    let archived = team.act(&format!("{path}/archive")).await.done();
    assert_eq!(status(&archived), is("Archived", 6));
    let restarted = team.act(&format!("{path}/start")).await.done();
    assert_eq!(status(&restarted), is("Running", 6));
}

#[tokio::test]
async fn a_campaign_can_be_sent_back_though_time_has_passed() {
    let team = Team::start().await;
    let id = prepared(&team).await;
    with_experience(&team, &id).await;
    let path = format!("/v2/campaigns/{id}");
    let clock = team.installation.clock.clone();
    let mut scheduled = team.act(&format!("{path}/start")).await.done();
    scheduled["config"]["description"] = json!("as it was read before it began");
    clock.advance(HOUR_MS);
    let mut running = team.put(&path, scheduled.clone()).await.done();
    assert_eq!(status(&running), is("Running", 1));
    // What it was before it was last changed it is not any more.
    let refused = team.put(&path, scheduled).await;
    assert_eq!(faults(&refused), expected(&[("/status", "immutable")]));
    clock.advance(2 * HOUR_MS);
    running["config"]["endAt"] = json!(NOON + 9 * HOUR_MS);
    team.put(&path, running).await.done();
}

#[tokio::test]
async fn a_campaign_that_cannot_run_says_every_reason() {
    let team = Team::start().await;
    let id = prepared(&team).await;
    let path = format!("/v2/campaigns/{id}");
    team.installation.clock.advance(3 * HOUR_MS);
    let refused = team.act(&format!("{path}/start")).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (409, "state_conflict")
    );
    let reasons = [("", "no_experience"), ("/config/endAt", "ended")];
    assert_eq!(faults(&refused), expected(&reasons));
    let refused = team.act(&format!("{path}/stop")).await;
    assert_eq!(faults(&refused), expected(&[("/status", "wrong_status")]));
    assert_eq!(status(&team.get(&path).await.done()), is("Draft", 0));
}

#[tokio::test]
async fn a_campaign_whose_experiences_are_all_disabled_does_not_start() {
    let team = Team::start().await;
    let id = prepared(&team).await;
    let beacon = team.beacon(1).await;
    let mut body = experience(
        &id,
        json!({"@type": "EnterBeaconTrigger", "beaconId": beacon}),
    );
    body["config"]["enabled"] = json!(false);
    for _ in 0..2 {
        team.post("/v2/experiences", body.clone()).await.done();
    }
    let start = format!("/v2/campaigns/{id}/start");
    let refused = team.act(&start).await;
    assert_eq!(faults(&refused), expected(&[("", "no_experience")]));
    let detail = refused.json()["errors"][0]["detail"].to_string();
    assert!(detail.contains("enable one"), "{detail}");
    body["config"]["enabled"] = json!(true);
    team.post("/v2/experiences", body).await.done();
    team.act(&start).await.done();
}

#[tokio::test]
async fn the_app_must_exist_and_stays() {
    let team = Team::start().await;
    let app = team.app().await;
    let mut body = json!({"appId": "IXa7Bl9oRo6c7zQ5aQIzlg", "config": {
        "name": "C", "type": "Proximity", "startAt": 0, "endAt": 1
    }});
    let refused = team.post("/v2/campaigns", body.clone()).await;
    assert_eq!(faults(&refused), expected(&[("/appId", "not_found")]));
    body["appId"] = json!(app);
    let made = team.post("/v2/campaigns", body.clone()).await.done();
    body["appId"] = json!(team.app().await);
    let path = format!("/v2/campaigns/{}", made["campaignId"].as_str().unwrap());
    let refused = team.put(&path, body).await;
    assert_eq!(faults(&refused), expected(&[("/appId", "immutable")]));
    let list = team.get(&format!("/v2/campaigns?appId={app}")).await.done();
    assert_eq!(list["items"], json!([made]));
}

#[tokio::test]
async fn an_action_takes_no_body_and_honours_if_match() {
    let team = Team::start().await;
    let id = prepared(&team).await;
    with_experience(&team, &id).await;
    let path = format!("/v2/campaigns/{id}");
    let start = format!("{path}/start");
    let ask = || {
        team.installation
            .ask("PUT", &start)
            .bearer(&team.tenant.token)
    };
    assert_eq!(ask().json(&json!({})).send().await.status, 400);
    let stale = ask().header("if-match", "\"7\"").send().await;
    assert_eq!(stale.code(), "stale_version");
    let etag = team.get(&path).await.header("etag").unwrap().to_owned();
    ask().header("if-match", etag).send().await.done();
}

#[tokio::test]
async fn a_push_campaign_takes_no_experiences_and_needs_something_to_send() {
    let team = Team::start().await;
    let app = team.app().await;
    let mut body = json!({"appId": app, "config": {"name": "C", "type": "Push", "startAt": NOON}});
    let id = team
        .create("/v2/campaigns", "campaignId", body.clone())
        .await;
    let path = format!("/v2/campaigns/{id}");
    let made = team.get(&path).await.done();
    assert_eq!(made["config"], body["config"]);

    let place = team.place(json!({"name": "P"})).await;
    let hello = experience(&id, json!({"@type": "EnterPlaceTrigger", "placeId": place}));
    let refused = team.post("/v2/experiences", hello.clone()).await;
    assert_eq!(refused.code(), "state_conflict");
    let reason = [("/campaignId", "wrong_campaign_type")];
    assert_eq!(faults(&refused), expected(&reason));
    let refused = team.act(&format!("{path}/start")).await;
    let nothing = [("", "nothing_to_send")];
    assert_eq!(faults(&refused), expected(&nothing));

    // Another type needs an end, and goes as long as there is nothing in the way.
    body["config"]["type"] = json!("Proximity");
    let refused = team.put(&path, body.clone()).await;
    let missing = [("/config/endAt", "required")];
    assert_eq!(faults(&refused), expected(&missing));
    body["config"]["endAt"] = json!(NOON + HOUR_MS);
    let proximity = body.clone();
    team.put(&path, proximity).await.done();
    let hello = team.post("/v2/experiences", hello).await.done();
    team.act(&format!("{path}/start")).await.done();
    body["config"]["type"] = json!("Push");
    let refused = team.put(&path, body.clone()).await;
    let reasons = [
        ("/status", "wrong_status"),
        ("/config/type", "wrong_campaign_type"),
    ];
    assert_eq!(faults(&refused), expected(&reasons));
    team.act(&format!("{path}/stop")).await.done();
    let one = format!(
        "/v2/experiences/{}",
        hello["experienceId"].as_str().unwrap()
    );
    team.delete(&one).await.done();
    team.put(&path, body).await.done();
}

#[tokio::test]
async fn a_list_by_status_is_right_at_the_moment_of_the_question() {
    let team = Team::start().await;
    let draft = prepared(&team).await;
    let id = prepared(&team).await;
    with_experience(&team, &id).await;
    team.act(&format!("/v2/campaigns/{id}/start")).await.done();
    let clock = team.installation.clock.clone();
    for (status, hours) in [("Scheduled", 0), ("Running", 1), ("Finished", 2)] {
        clock.advance(hours * HOUR_MS);
        for asked in ["Draft", "Scheduled", "Running", "Finished", "Stopped"] {
            let list = team
                .get(&format!("/v2/campaigns?status={asked}"))
                .await
                .done();
            let expected = match asked {
                "Draft" => vec![&draft],
                asked if asked == status => vec![&id],
                _ => vec![],
            };
            let items = list["items"].as_array().unwrap().iter();
            let found: Vec<&str> = items
                .map(|item| item["campaignId"].as_str().unwrap())
                .collect();
            assert_eq!(found, expected, "{asked} while it is {status}");
            assert_eq!(list["total"], json!(found.len()));
        }
    }
}
