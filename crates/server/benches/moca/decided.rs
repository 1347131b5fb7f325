//! Pages of a million decisions, at some distances from the beginning, on a server of its own.

use std::time::Instant;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    binary::Binary,
    pages,
    table::{Table, grouped},
    wire::{self, Wire},
};

/// What the load is called.
pub(crate) const NAME: &str = "a million decisions";
const DECISIONS: u64 = 1_000_000;
/// Events of one request.
const BATCH: u64 = 100;
/// How far apart in time they are: the million is of 28 hours.
const APART_MS: i64 = 100;

/// Reports purchases until there are so many decisions, then asks for pages of them.
pub(crate) async fn run(table: &mut Table) {
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::start(directory.path());
    eprintln!("{NAME}: server: process {}", server.id());
    let first_at = Timestamp::now().as_millisecond() - DECISIONS as i64 * APART_MS;
    let trust = wire::trust(&server.ca_path());
    let mut wire = Wire::connect(server.address(), &trust).await.unwrap();
    let owner = format!("Bearer {}", server.token());
    let app = post(
        &mut wire,
        &owner,
        "/v2/apps",
        json!({"config": {"name": "Bench"}}),
    )
    .await;
    let (app_id, secret) = (text(&app, "appId"), text(&app, "appSecret"));
    let config = json!({"name": "Bench", "type": "Proximity", "startAt": first_at,
        "endAt": Timestamp::now().as_millisecond() + 86_400_000});
    let body = json!({"appId": app_id, "config": config});
    let campaign = text(
        &post(&mut wire, &owner, "/v2/campaigns", body).await,
        "campaignId",
    );
    let mut experience = String::new();
    for verb in ["purchase", "return"] {
        let body = json!({"campaignId": campaign, "config": {"name": verb, "repeat": "Never"},
            "trigger": {"@type": "EventTrigger", "verb": verb},
            "action": {"@type": "SendLocalMessageAction", "content": {"default": "Thanks"}}});
        let made = post(&mut wire, &owner, "/v2/experiences", body).await;
        experience = text(&made, "experienceId");
    }
    let start = format!("/v2/campaigns/{campaign}/start");
    call(&mut wire, "PUT", &start, &owner, "").await;
    let basic = wire::basic(&app_id, &secret);
    let phone = post(&mut wire, &basic, "/device/v1/instances", json!({})).await;
    let phone = format!("Bearer {}", text(&phone, "instanceToken"));

    let started = Instant::now();
    for batch in 0..DECISIONS / BATCH {
        let events: Vec<Value> = (batch * BATCH..(batch + 1) * BATCH)
            .map(|number| {
                // Every hundredth is another experience's.
                let verb = if number % 100 == 0 {
                    "return"
                } else {
                    "purchase"
                };
                json!({"id": format!("f7826da6-4fa2-4e98-8024-{number:012x}"),
                    "t": first_at + number as i64 * APART_MS, "verb": verb})
            })
            .collect();
        post(&mut wire, &phone, "/device/v1/events", json!(events)).await;
    }
    let lists = [
        (String::new(), "", DECISIONS),
        (
            format!("&experienceId={experience}"),
            " of one experience",
            DECISIONS / 100,
        ),
    ];
    for (filter, which, total) in lists {
        let list = format!("/v2/decisions?appId={app_id}{filter}");
        let page = call(&mut wire, "GET", &format!("{list}&limit=1"), &owner, "").await;
        assert_eq!(page["total"], total);
        for offset in [0, 100, 1_000, 10_000, total - 1] {
            let name = format!("decision at {offset} of {}{which}", grouped(total as f64));
            let target = format!("{list}&limit=1&offset={offset}");
            pages::ask(table, &server, &name, |_| target.clone()).await;
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    eprintln!("{NAME}: {seconds:.0} s in all");
    server.stop();
}

async fn post(wire: &mut Wire, authorization: &str, path: &str, body: Value) -> Value {
    call(wire, "POST", path, authorization, &body.to_string()).await
}

async fn call(wire: &mut Wire, method: &str, path: &str, authorization: &str, body: &str) -> Value {
    let reply = wire.call(method, path, authorization, body).await.unwrap();
    let answer = reply.json();
    assert!(reply.status < 300, "{method} {path}: {answer}");
    answer
}

fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap().to_owned()
}
