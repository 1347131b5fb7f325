//! Campaigns over recorded history, asked for by the API.

use moca_api::Settings;
use serde_json::{Value, json};
use tokio::task::yield_now;

use crate::{messages::Welcome, support::NOON};

const HOUR_MS: i64 = 3_600_000;

impl Welcome {
    /// Replays a campaign and answers what came of it.
    async fn replay(&self, campaign: &str, from: i64, to: i64) -> Value {
        let body = json!({"from": from, "to": to});
        let path = format!("/v2/campaigns/{campaign}/replay");
        let asked = self.team.post(&path, body).await;
        assert_eq!(asked.status, 201);
        let location = asked.header("location").unwrap().to_owned();
        let asked = asked.done();
        assert_eq!(asked["status"], "Pending", "{asked}");
        self.team.installation.replayer().work_off().await.unwrap();
        let done = self.team.get(&location).await.done();
        assert_eq!(done["status"], "Completed", "{done}");
        assert_eq!(done["rowsDone"], done["rowsTotal"]);
        done
    }

    async fn replayed(&self, replay: &Value, query: &str) -> Value {
        let id = replay["replayId"].as_str().unwrap();
        let path = format!("/v2/replays/{id}/decisions?{query}");
        self.team.get(&path).await.done()
    }
}

#[tokio::test]
async fn what_ran_lives_again_as_it_was_whatever_became_of_it() {
    let welcome = Welcome::start(Settings::default()).await;
    let (ana, bob) = (welcome.phone("ana").await, welcome.phone("bob").await);
    for minute in [0, 10] {
        welcome.enter(&ana, minute).await;
        welcome.enter(&bob, minute + 1).await;
    }
    let never = json!({"repeat": "Never"});
    welcome.configure(&welcome.experience_path(), never).await;
    welcome.enter(&ana, 20).await;
    // Who entered before it is stopped is decided on before it is.
    welcome.decisions("").await;
    let stop = format!("{}/stop", welcome.campaign_path());
    welcome.team.act(&stop).await.done();
    welcome.enter(&bob, 30).await;
    let then = welcome.decisions("?limit=100").await;

    let all = welcome.replay(&welcome.campaign_id, 0, 2 * NOON).await;
    assert_eq!(all["draft"], false);
    assert_eq!(all["triggers"], 6, "{all}");
    let outcomes = json!({"Fired": 4, "RepeatInterval": 1, "NotRunning": 1});
    assert_eq!(all["outcomes"], outcomes);
    assert_eq!(all["instances"]["Fired"], 2);
    let experience = json!({"experienceId": welcome.experience_id, "outcomes": outcomes});
    assert_eq!(all["experiences"], json!([experience]));
    let replayed = welcome.replayed(&all, "limit=100").await;
    assert_eq!(replayed["items"], then["items"]);

    // Of a part of the time, what was before it counts.
    let from = NOON - HOUR_MS + 15 * 60_000;
    let part = welcome.replay(&welcome.campaign_id, from, NOON).await;
    assert_eq!(
        part["outcomes"],
        json!({"RepeatInterval": 1, "NotRunning": 1})
    );
    let stopped = welcome.replayed(&part, "outcome=NotRunning").await;
    assert_eq!(stopped["total"], 1);
    assert_eq!(
        stopped["items"][0]["compared"],
        json!({"status": "Stopped"})
    );

    // Who is erased is gone from what was replayed.
    let path = format!("/v2/instances/{}", ana.instance_id);
    welcome.team.delete(&path).await.done();
    welcome.decisions("").await;
    let again = welcome.replay(&welcome.campaign_id, 0, 2 * NOON).await;
    assert_eq!(again["outcomes"], json!({"Fired": 2, "NotRunning": 1}));
    // The stage that erases comes after the one that decides.
    while welcome.replayed(&all, "").await["total"] != 3 {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_draft_lives_in_what_was_and_sends_nothing() {
    let welcome = Welcome::start(Settings::default()).await;
    let phone = welcome.phone("a").await;
    for minute in [0, 10, 20, 30] {
        welcome.enter(&phone, minute).await;
    }
    let app_id = welcome.app["appId"].as_str().unwrap();
    let team = &welcome.team;
    let later = NOON + 500 * HOUR_MS;
    let draft = team.campaign(app_id, later, later + HOUR_MS).await;
    let path = format!("/v2/campaigns/{draft}/replay");
    let range = json!({"from": 0, "to": NOON});
    let refused = team.post(&path, range.clone()).await;
    assert_eq!(refused.status, 409, "{}", refused.json());

    let mut experience = team.get(&welcome.experience_path()).await.done();
    experience["campaignId"] = json!(draft);
    experience["config"]["repeat"] = json!("After15Min");
    experience.as_object_mut().unwrap().remove("experienceId");
    team.create("/v2/experiences", "experienceId", experience)
        .await;
    let from = NOON - HOUR_MS + 5 * 60_000;
    let replay = welcome.replay(&draft, from, NOON).await;
    assert_eq!(replay["draft"], true);
    // At 10, not at 20, at 30.
    assert_eq!(replay["outcomes"], json!({"Fired": 2, "RepeatInterval": 1}));
    let replayed = welcome.replayed(&replay, "").await;
    assert!(
        replayed["items"][0].get("messageId").is_none(),
        "{replayed}"
    );
    assert_eq!(welcome.inbox(&phone, "limit=10").await.done()["total"], 4);
    assert_eq!(welcome.decisions("").await["total"], 4);
    assert_eq!(
        team.get(&format!("/v2/campaigns/{draft}")).await.done()["status"],
        "Draft"
    );
}

/// Whoever runs replays hears of one before it is in the store.
#[tokio::test]
async fn every_replay_that_is_asked_for_is_run() {
    let welcome = Welcome::start(Settings::default()).await;
    let running = tokio::spawn(welcome.team.installation.replayer().run());
    let path = format!("/v2/campaigns/{}/replay", welcome.campaign_id);
    for _ in 0..20 {
        let asked = welcome.team.post(&path, json!({"from": 0, "to": 5}));
        let asked = asked.await.done();
        let location = format!("/v2/replays/{}", asked["replayId"].as_str().unwrap());
        while welcome.team.get(&location).await.done()["status"] != "Completed" {
            yield_now().await;
        }
    }
    running.abort();
}

/// A queue of positions that comes after an event of the app.
#[tokio::test]
async fn a_position_fires_however_new_the_events_of_the_app_are() {
    let welcome = Welcome::start(Settings::default()).await;
    let phone = welcome.phone("ana").await;
    phone.event(NOON, json!({"verb": "open"})).await;
    welcome.enter(&phone, 0).await;
    let decided = welcome.decisions("").await;
    assert_eq!(decided["total"], 1, "{decided}");
    assert_eq!(decided["items"][0]["outcome"], "Fired");
    // An hour older than the newest position.
    phone
        .event(NOON, json!({"location": {"lat": 41.0, "lon": -3.7}}))
        .await;
    welcome.enter(&phone, 0).await;
    assert_eq!(welcome.decisions("").await["total"], 1);
}

#[tokio::test]
async fn a_replay_lives_until_it_is_stopped_or_forgotten() {
    let welcome = Welcome::start(Settings::default()).await;
    let team = &welcome.team;
    let path = format!("/v2/campaigns/{}/replay", welcome.campaign_id);
    let faults = team.post(&path, json!({"from": 5, "to": 5})).await;
    assert_eq!(faults.status, 400);
    assert_eq!(faults.json()["errors"][0]["pointer"], "/to");
    let range = json!({"from": 0, "to": 5});
    let mut asked = Vec::new();
    for _ in 0..5 {
        asked.push(team.post(&path, range.clone()).await.done());
    }
    let one_more = team.post(&path, range.clone()).await;
    assert_eq!(one_more.code(), "state_conflict", "{}", one_more.json());
    let of = |replay: &Value| format!("/v2/replays/{}", replay["replayId"].as_str().unwrap());
    let cancelled = team.act(&format!("{}/cancel", of(&asked[0]))).await.done();
    assert_eq!(cancelled["status"], "Cancelled");
    let again = team.act(&format!("{}/cancel", of(&asked[0]))).await;
    assert_eq!(again.status, 409);
    team.delete(&of(&asked[1])).await.done();
    assert_eq!(team.get(&of(&asked[1])).await.status, 404);
    team.installation.replayer().work_off().await.unwrap();
    let listed = team.get("/v2/replays").await.done();
    let listed = listed["items"].as_array().unwrap().iter();
    let mut statuses: Vec<&str> = listed.map(|one| one["status"].as_str().unwrap()).collect();
    // All were made in one moment.
    statuses.sort_unstable();
    let done = "Completed";
    assert_eq!(statuses, ["Cancelled", done, done, done]);
    let events = team
        .get("/v2/audit-events?kind=replay&limit=100")
        .await
        .done();
    // Five made, one stopped, one deleted, three ended.
    assert_eq!(events["total"], 10, "{events}");
}
