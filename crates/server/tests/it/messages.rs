//! The inbox as it fills: pages that wait, and streams.

use std::time::Duration;

use axum::body::Body;
use futures::{FutureExt, StreamExt, future::join};
use http_body_util::BodyExt;
use moca_api::Settings;
use moca_client::{Asked, ExperiencesQuery};
use moca_core::receipt::ReceiptKind;
use moca_wire::decisions::Outcome;
use serde_json::{Value, json};
use tokio::task::yield_now;

use crate::{
    people::{Phone, app},
    support::{Installation, NOON, request::Answer, team::Team},
};

const INBOX: &str = "/device/v1/messages";
const HOUR_MS: i64 = 3_600_000;

/// An account that greets whoever enters its place.
pub(crate) struct Welcome {
    pub(crate) team: Team,
    pub(crate) app: Value,
    pub(crate) campaign_id: String,
    pub(crate) experience_id: String,
}

impl Welcome {
    pub(crate) async fn start(settings: Settings) -> Self {
        let installation = Installation::with(settings).await;
        let tenant = installation.tenant(true).await;
        let team = Team {
            installation,
            tenant,
        };
        let place_id = team
            .place(json!({"name": "Here", "geofence": {
                "type": "Circle", "latitude": 40.4, "longitude": -3.7, "radius": 120
            }}))
            .await;
        let app = app(&team).await;
        let app_id = app["appId"].as_str().unwrap();
        let campaign_id = team
            .campaign(app_id, NOON - HOUR_MS, NOON + 1_000 * HOUR_MS)
            .await;
        let body = json!({
            "campaignId": campaign_id,
            "config": {"name": "Hello", "repeat": "Immediately"},
            "trigger": {"@type": "EnterPlaceTrigger", "placeId": place_id},
            "action": {"@type": "SendLocalMessageAction", "content": {"default": "Hi"}}
        });
        let experience_id = team.create("/v2/experiences", "experienceId", body).await;
        team.act(&format!("/v2/campaigns/{campaign_id}/start"))
            .await
            .done();
        Self {
            team,
            app,
            campaign_id,
            experience_id,
        }
    }

    pub(crate) async fn phone(&self, key: &str) -> Phone<'_> {
        Phone::register(&self.team, &self.app, json!({"deviceKey": key})).await
    }

    /// Lets a phone enter the place in the n-th minute, which makes a message.
    pub(crate) async fn enter(&self, phone: &Phone<'_>, minute: i64) {
        let at = NOON - HOUR_MS + minute * 60_000;
        let away = json!({"location": {"lat": 41.0, "lon": -3.7}});
        phone.event(at, away).await;
        let here = json!({"location": {"lat": 40.4, "lon": -3.7}});
        phone.event(at + 30_000, here).await;
    }

    pub(crate) async fn inbox(&self, phone: &Phone<'_>, query: &str) -> Answer {
        let target = format!("{INBOX}?{query}");
        let ask = self.team.installation.ask("GET", &target);
        ask.bearer(&phone.token).send().await
    }

    async fn stream(&self, phone: &Phone<'_>, last: Option<&str>) -> Stream {
        let ask = self.team.installation.ask("GET", INBOX);
        let ask = ask
            .bearer(&phone.token)
            .header("accept", "text/event-stream")
            .header("accept-encoding", "gzip");
        let ask = match last {
            Some(id) => ask.header("last-event-id", id),
            None => ask,
        };
        let (answer, body) = ask.open().await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("text/event-stream"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("content-encoding"), None);
        Stream(body)
    }

    /// Goes on when so many wait.
    async fn until_waiting(&self, count: usize) {
        let line = format!("moca_http_waiting {count}\n");
        loop {
            let ask = self.team.installation.ask("GET", "/metrics");
            let metrics = ask.operations().send().await;
            if String::from_utf8_lossy(&metrics.body).contains(&line) {
                return;
            }
            yield_now().await;
        }
    }
}

/// A stream as a client reads it.
struct Stream(Body);

impl Stream {
    /// The next piece that is sent; `None` at the end.
    async fn piece(&mut self) -> Option<String> {
        let frame = self.0.frame().await?.unwrap();
        Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
    }

    /// The ids of the messages in the next piece that has some.
    async fn ids(&mut self) -> Vec<String> {
        loop {
            let piece = self.piece().await.unwrap();
            let events = piece.split("\n\n").filter(|event| event.contains("data: "));
            let ids: Vec<String> = events.map(id_of).collect();
            if !ids.is_empty() {
                return ids;
            }
        }
    }

    /// Reads to the end, which must come, with no message before it.
    async fn ends(&mut self) {
        while let Some(piece) = self.piece().await {
            assert!(!piece.contains("data: "), "{piece}");
        }
    }
}

/// The id of an event, which must be that of the message in it.
fn id_of(event: &str) -> String {
    let field = |name: &str| {
        let mut lines = event.lines();
        lines.find_map(|line| line.strip_prefix(name)).unwrap()
    };
    let message: Value = serde_json::from_str(field("data: ")).unwrap();
    assert_eq!(message["messageId"], field("id: "));
    assert_eq!(message["action"]["content"]["default"], "Hi");
    assert_eq!(field("event: "), "message");
    field("id: ").to_owned()
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| item["messageId"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_poll_waits_for_a_message_and_holds_up_nobody() {
    let settings = Settings {
        in_flight_max: 1,
        ..Settings::default()
    };
    let welcome = Welcome::start(settings).await;
    let (phone, other) = (welcome.phone("a").await, welcome.phone("b").await);
    let walk = async {
        welcome.until_waiting(1).await;
        // Whoever else gets a message does not end it.
        welcome.enter(&other, 0).await;
        assert_eq!(welcome.inbox(&other, "").await.done()["total"], 1);
        welcome.enter(&phone, 0).await;
    };
    let (answer, ()) = join(welcome.inbox(&phone, "waitMs=60000"), walk).await;
    let page = answer.done();
    assert_eq!(
        (&page["total"], page["items"].as_array().unwrap().len()),
        (&json!(1), 1)
    );
    welcome.until_waiting(0).await;

    // What is there is answered at once, what is after a message only when it is.
    let known = ids(&page).remove(0);
    let again = welcome.inbox(&phone, "waitMs=60000").await.done();
    assert_eq!(again, page);
    let query = format!("waitMs=1&after={known}");
    let none = welcome.inbox(&phone, &query);
    assert_eq!(
        none.await.done(),
        json!({"offset": 0, "limit": 50, "total": 0, "items": []})
    );
    let after = format!("waitMs=60000&after={known}");
    let walk = async {
        welcome.until_waiting(1).await;
        welcome.enter(&phone, 1).await;
    };
    let (answer, ()) = join(welcome.inbox(&phone, &after), walk).await;
    let page = answer.done();
    assert_eq!(page["total"], 1, "{page}");
    assert_ne!(ids(&page)[0], known);
}

#[tokio::test]
async fn a_cursor_finds_its_place_among_many() {
    let welcome = Welcome::start(Settings::default()).await;
    let phone = welcome.phone("a").await;
    for minute in 0..9 {
        welcome.enter(&phone, minute).await;
    }
    let all = ids(&welcome.inbox(&phone, "").await.done());
    assert_eq!(all.len(), 9);
    for (index, id) in all.iter().enumerate() {
        let page = welcome.inbox(&phone, &format!("after={id}")).await.done();
        assert_eq!(ids(&page), all[index + 1..], "after {index}");
        let query = format!("after={id}&offset=2&limit=3");
        let page = welcome.inbox(&phone, &query).await.done();
        let expected = all[index + 1..].iter().skip(2).take(3);
        assert!(ids(&page).iter().eq(expected), "{page}");
        assert_eq!(page["total"], 8 - index, "{page}");
    }
    let other = welcome.phone("b").await;
    let theirs = welcome.inbox(&other, &format!("after={}", all[0])).await;
    assert_eq!(theirs.code(), "not_found");
}

#[tokio::test]
async fn waiting_is_no_work_and_has_an_end() {
    let settings = Settings {
        work_ms: 1_000,
        waiting_max: 1,
        ..Settings::default()
    };
    let welcome = Welcome::start(settings).await;
    let phone = welcome.phone("a").await;
    let page = welcome.inbox(&phone, "waitMs=1100").await.done();
    assert_eq!(page["items"], json!([]));
    for wrong in ["waitMs=60001", "waitMs=-1"] {
        let answer = welcome.inbox(&phone, wrong).await;
        assert_eq!(answer.code(), "invalid_parameter", "{wrong}");
    }

    // One place is taken; who need not wait needs none.
    let stream = welcome.stream(&phone, None).await;
    let answer = welcome.inbox(&phone, "waitMs=60000").await;
    assert_eq!(answer.code(), "overloaded");
    welcome.enter(&phone, 0).await;
    assert_eq!(welcome.inbox(&phone, "waitMs=60000").await.status, 200);
    drop(stream);
    let known = ids(&welcome.inbox(&phone, "").await.done()).remove(0);
    let stop = async {
        welcome.until_waiting(1).await;
        welcome.team.installation.state.stop_waiting();
    };
    let after = format!("waitMs=60000&after={known}");
    let (answer, ()) = join(welcome.inbox(&phone, &after), stop).await;
    assert_eq!(answer.done()["items"], json!([]));
}

#[tokio::test]
async fn who_loses_access_while_waiting_is_refused() {
    let welcome = Welcome::start(Settings::default()).await;
    let phone = welcome.phone("a").await;
    let register_again = async {
        welcome.until_waiting(1).await;
        welcome.phone("a").await
    };
    let (answer, phone) = join(welcome.inbox(&phone, "waitMs=60000"), register_again).await;
    assert_eq!(answer.code(), "not_authenticated");
    let erase = async {
        welcome.until_waiting(1).await;
        let path = format!("/v2/instances/{}", phone.instance_id);
        welcome.team.delete(&path).await.done();
    };
    let (answer, ()) = join(welcome.inbox(&phone, "waitMs=60000"), erase).await;
    assert_eq!(answer.code(), "not_authenticated");
}

#[tokio::test]
async fn a_stream_sends_what_is_there_and_then_what_comes() {
    let welcome = Welcome::start(Settings::default()).await;
    let phone = welcome.phone("a").await;
    welcome.enter(&phone, 0).await;
    welcome.enter(&phone, 1).await;
    let known = ids(&welcome.inbox(&phone, "").await.done());
    let mut stream = welcome.stream(&phone, None).await;
    assert_eq!(stream.piece().await.unwrap(), "retry: 1000\n\n");
    assert_eq!(stream.ids().await, known);
    let mut second = welcome.stream(&phone, Some(&known[0])).await;
    assert_eq!(second.ids().await, known[1..]);
    assert!(second.ids().now_or_never().is_none(), "nothing yet");

    welcome.enter(&phone, 2).await;
    let newest = stream.ids().await;
    assert_eq!(second.ids().await, newest);
    assert_eq!(newest, ids(&welcome.inbox(&phone, "").await.done())[2..]);

    let ask = |query: &str, last: &str| {
        let ask = welcome
            .team
            .installation
            .ask("GET", &format!("{INBOX}{query}"));
        let ask = ask
            .bearer(&phone.token)
            .header("accept", "text/event-stream");
        ask.header("last-event-id", last).send()
    };
    assert_eq!(
        ask("?waitMs=5", &known[0]).await.code(),
        "invalid_parameter"
    );
    assert_eq!(ask("", "nonsense").await.code(), "invalid_header");
    assert_eq!(ask("", &phone.instance_id).await.code(), "not_found");
}

#[tokio::test]
async fn a_stream_ends_when_it_should() {
    let welcome = Welcome::start(Settings::default()).await;
    let phone = welcome.phone("a").await;
    let mut stream = welcome.stream(&phone, None).await;
    // The new token works, the old one ends.
    let again = welcome.phone("a").await;
    stream.ends().await;
    let mut stream = welcome.stream(&again, None).await;
    let path = format!("/v2/instances/{}", again.instance_id);
    welcome.team.delete(&path).await.done();
    stream.ends().await;
    let other = welcome.phone("b").await;
    let mut stream = welcome.stream(&other, None).await;
    welcome.team.installation.state.stop_waiting();
    stream.ends().await;
    drop(stream);
    welcome.until_waiting(0).await;
}

#[tokio::test]
async fn a_silent_stream_shows_that_it_lives_and_looks_whether_its_app_does() {
    let settings = Settings {
        heartbeat_ms: 1,
        ..Settings::default()
    };
    let welcome = Welcome::start(settings).await;
    let phone = welcome.phone("a").await;
    let mut stream = welcome.stream(&phone, None).await;
    stream.piece().await.unwrap();
    for _ in 0..3 {
        assert_eq!(stream.piece().await.unwrap(), ":\n\n");
    }
    let path = format!(
        "/v2/apps/{}?cascade=true",
        welcome.app["appId"].as_str().unwrap()
    );
    welcome.team.delete(&path).await.done();
    stream.ends().await;
}

#[tokio::test]
async fn a_stream_ends_after_its_time() {
    let settings = Settings {
        stream_ms: 1,
        ..Settings::default()
    };
    let welcome = Welcome::start(settings).await;
    let phone = welcome.phone("a").await;
    welcome.stream(&phone, None).await.ends().await;
}

/// As many as there are places for in a small hall: each hears its own and nothing else.
#[tokio::test]
async fn many_wait_and_each_hears_its_own() {
    let welcome = Welcome::start(Settings::default()).await;
    let mut phones = Vec::new();
    for n in 0..300 {
        phones.push(welcome.phone(&format!("phone {n}")).await);
    }
    let mut streams = Vec::new();
    for phone in &phones {
        let mut stream = welcome.stream(phone, None).await;
        stream.piece().await.unwrap();
        streams.push(stream);
    }
    for n in [7, 250] {
        welcome.enter(&phones[n], 0).await;
        let heard = streams[n].ids().await;
        assert_eq!(heard, ids(&welcome.inbox(&phones[n], "").await.done()));
    }
    for stream in &mut streams {
        assert!(stream.piece().now_or_never().is_none());
    }
    drop(streams);
    welcome.until_waiting(0).await;
}

#[tokio::test]
async fn a_client_follows_its_inbox_over_the_wire() {
    use crate::client::Walker;

    let walker = Walker::start().await;
    let mut stream = Box::pin(walker.device.message_stream(None));
    walker.walk_in(0).await;
    let first = stream.next().await.unwrap().unwrap();
    let after = Some(first.message_id);
    let none = walker.device.wait_for_messages(after, Duration::ZERO, 10);
    assert_eq!(none.await.unwrap().total, 0);
    let wait = walker
        .device
        .wait_for_messages(after, Duration::from_secs(60), 10);
    let (page, ()) = join(wait, walker.walk_in(1)).await;
    let second = page.unwrap().items.remove(0);
    assert_eq!(stream.next().await.unwrap().unwrap(), second);
    let kind = ReceiptKind::Clicked;
    let told = walker.device.receipt(first.message_id, kind, first.at + 1);
    assert_eq!(told.await.unwrap().receipts.clicked_at, Some(first.at + 1));
    let query = ExperiencesQuery {
        asked: Asked {
            app_id: walker.app_id,
            from: first.at - HOUR_MS,
            to: first.at + HOUR_MS,
            interval: "none",
            time_zone: None,
            group_by: Some("experience"),
        },
        campaign_id: Some(first.campaign_id),
        experience_id: None,
    };
    let counted = walker.server.client.experience_analytics(&query).await;
    let counted = counted.unwrap();
    assert_eq!((counted.total.fired, counted.total.clicked), (2, 1));
    let groups = counted.groups.unwrap();
    assert_eq!(groups[0].experience_id, Some(first.experience_id));
    let instance_id = walker.device.instance().await.unwrap().instance_id;
    let client = &walker.server.client;
    let explained = client.explain(instance_id, first.experience_id, None);
    let explained = explained.await.unwrap();
    assert_eq!(
        (explained.outcome, explained.decided["Fired"]),
        (Outcome::Fired, 2)
    );
    assert!(explained.presence.unwrap().inside);
    // A stream that is open does not keep the server from stopping.
    walker.server.running.shutdown().await.unwrap();
}

#[tokio::test]
async fn receipts_are_shown_and_counted_once() {
    let welcome = Welcome::start(Settings::default()).await;
    let (phone, other) = (welcome.phone("a").await, welcome.phone("b").await);
    welcome.enter(&phone, 0).await;
    welcome.enter(&phone, 1).await;
    welcome.team.installation.clock.advance(HOUR_MS);
    welcome.enter(&other, 90).await;
    let inbox = welcome.inbox(&phone, "").await.done();
    assert_eq!(inbox["items"][0]["receipts"], json!({}));
    let known = ids(&inbox);
    let tell = |phone: &Phone<'_>, message: &str, body: Value| {
        let path = format!("{INBOX}/{message}/receipts");
        let ask = welcome.team.installation.ask("POST", &path);
        ask.bearer(&phone.token).json(&body).send()
    };
    let at = NOON - HOUR_MS + 40_000;
    let shown = json!({"kind": "Shown", "at": at});
    let told = tell(&phone, &known[0], shown.clone()).await.done();
    assert_eq!(told["receipts"], json!({"shownAt": at}));
    // The first of a kind stays, however often it comes.
    let later = json!({"kind": "Shown", "at": at + 5});
    assert_eq!(tell(&phone, &known[0], later).await.done(), told);
    for (message, kind) in [(0, "Clicked"), (1, "Shown"), (1, "Dismissed")] {
        let body = json!({"kind": kind, "at": at + 1_000});
        tell(&phone, &known[message], body).await.done();
    }
    let inbox = welcome.inbox(&phone, "").await.done();
    let receipts = json!([
        {"shownAt": at, "clickedAt": at + 1_000},
        {"shownAt": at + 1_000, "dismissedAt": at + 1_000},
    ]);
    assert_eq!(inbox["items"][0]["receipts"], receipts[0]);
    assert_eq!(inbox["items"][1]["receipts"], receipts[1]);
    let theirs = tell(&other, &known[0], shown).await;
    assert_eq!(theirs.code(), "not_found");
    for wrong in [
        json!({"kind": "Seen", "at": at}),
        json!({"kind": "Shown", "at": NOON * 2}),
    ] {
        assert_eq!(
            tell(&phone, &known[0], wrong).await.code(),
            "validation_failed"
        );
    }

    let counted = json!({
        "triggers": 2, "fired": 2, "notFired": {}, "shown": 2, "clicked": 1, "dismissed": 1
    });
    let of_other = json!({
        "triggers": 1, "fired": 1, "notFired": {}, "shown": 0, "clicked": 0, "dismissed": 0
    });
    let answer = welcome.analytics("interval=hour").await;
    assert_eq!(
        answer["buckets"][0],
        json!({"start": NOON - HOUR_MS, "value": counted})
    );
    assert_eq!(
        answer["buckets"][1],
        json!({"start": NOON, "value": of_other})
    );
    assert_eq!(
        (&answer["total"]["triggers"], answer.get("groups")),
        (&json!(3), None)
    );

    // Who is erased stays counted.
    let path = format!("/v2/instances/{}", phone.instance_id);
    welcome.team.delete(&path).await.done();
    assert_eq!(welcome.analytics("interval=hour").await, answer);
}

#[tokio::test]
async fn reasons_add_up_to_triggers_and_agree_with_the_decisions() {
    let welcome = Welcome::start(Settings::default()).await;
    let team = &welcome.team;
    // A second experience at the same door that fires once, in a campaign that allows two messages.
    let path = format!("/v2/campaigns/{}", welcome.campaign_id);
    let mut campaign = team.get(&path).await.done();
    campaign["config"]["displayCap"] = json!(4);
    team.put(&path, campaign).await.done();
    let path = format!("/v2/experiences/{}", welcome.experience_id);
    let mut second = team.get(&path).await.done();
    second["config"]["repeat"] = json!("Never");
    second.as_object_mut().unwrap().remove("experienceId");
    let second = team.create("/v2/experiences", "experienceId", second).await;
    let phone = welcome.phone("a").await;
    for minute in 0..6 {
        welcome.enter(&phone, minute).await;
    }
    let answer = welcome.analytics("interval=none&groupBy=experience").await;
    let (first, other) = (&answer["groups"][0], &answer["groups"][1]);
    let (first, other) = match first["experienceId"] == welcome.experience_id.as_str() {
        true => (first, other),
        false => (other, first),
    };
    assert_eq!(other["experienceId"], second.as_str());
    assert_eq!(first["value"]["fired"], 3, "{answer}");
    assert_eq!(
        first["value"]["notFired"],
        json!({"DisplayCap": 3}),
        "{answer}"
    );
    assert_eq!(
        other["value"]["notFired"],
        json!({"RepeatInterval": 5}),
        "{answer}"
    );
    assert_eq!(answer["total"]["triggers"], 12, "{answer}");
    let app_id = welcome.app["appId"].as_str().unwrap();
    let decisions = team.get(&format!("/v2/decisions?appId={app_id}")).await;
    assert_eq!(decisions.done()["total"], 12);
    let by_campaign = welcome.analytics("groupBy=campaign").await;
    let groups = json!([{"campaignId": welcome.campaign_id, "value": answer["total"]}]);
    assert_eq!(by_campaign["groups"], groups);
    let filtered = welcome.analytics(&format!("experienceId={second}")).await;
    assert_eq!(filtered["total"], other["value"]);
    let nobody = format!("campaignId={second}&groupBy=campaign");
    assert_eq!(welcome.analytics(&nobody).await["groups"], json!([]));
}

impl Welcome {
    /// What is counted of experiences from an hour before noon to an hour after it.
    async fn analytics(&self, query: &str) -> Value {
        let app_id = self.app["appId"].as_str().unwrap();
        let (from, to) = (NOON - HOUR_MS, NOON + HOUR_MS);
        let range = format!("appId={app_id}&from={from}&to={to}");
        let path = format!("/v2/analytics/experiences?{range}&{query}");
        self.team.get(&path).await.done()
    }
}
