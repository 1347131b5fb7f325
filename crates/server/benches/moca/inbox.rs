//! How long it takes from the position that enters a place to the message, while the server takes in
//! 20 000 events a second: phones that wait by long poll, beside a load that keeps its pace.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::Value;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{
    dice::Dice,
    load::CONNECTIONS,
    loads::{BATCH, Load, Maker},
    process::Process,
    site::Site,
    table::{Table, grouped},
    wire::Wire,
};

/// What the load is called.
pub(crate) const NAME: &str = "action in the inbox at 20 000 events/s";
/// Events a second, all but those of the phones that wait: locations.
const EVENTS: u32 = 20_000;
/// From one enter of such a phone to the next.
const PAUSE: Duration = Duration::from_millis(250);
/// How long a poll waits.
const WAIT_MS: u64 = 20_000;

/// Keeps the pace for some time and notes how long messages took.
pub(crate) async fn run(table: &mut Table, site: &Arc<Site>, process: &Process, length: Duration) {
    eprintln!("{NAME}");
    let length = 2 * length;
    let end = Instant::now() + length;
    let cpu_before = process.cpu();
    let mut load = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let seed = 7 << 32 | connection as u64;
        let maker = Load::Points.maker(site, connection, CONNECTIONS, seed);
        let wire = Wire::connect(site.server, &site.trust).await.unwrap();
        load.spawn(keep_pace(end, wire, maker));
    }
    let mut waiting = JoinSet::new();
    for (number, phone) in (0..).zip(site.waiters.iter().cloned()) {
        let dice = Dice::new(8 << 32 | number);
        waiting.spawn(enter_again_and_again(site.clone(), phone, dice, end));
    }
    let mut latencies: Vec<Duration> = waiting.join_all().await.into_iter().flatten().collect();
    let events: u64 = load.join_all().await.into_iter().sum();
    latencies.sort_unstable();
    let seconds = length.as_secs_f64();
    let cpus = (process.cpu() - cpu_before).as_secs_f64() / seconds;
    table.latencies(NAME, &latencies);
    table.said("messages", grouped(latencies.len() as f64));
    table.said(
        "events/s that were taken in",
        grouped(events as f64 / seconds),
    );
    table.said("server CPUs", format!("{cpus:.2}"));
}

/// Sends batches at the pace of one of all connections, however long the answers take; what was sent.
async fn keep_pace(end: Instant, mut wire: Wire, mut make: Maker) -> u64 {
    let pace = Duration::from_secs(1) * BATCH as u32 * CONNECTIONS as u32 / EVENTS;
    let mut ticks = interval(pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut sent = 0;
    while Instant::now() < end {
        ticks.tick().await;
        let ask = make();
        let call = wire.call(ask.method, &ask.target, &ask.authorization, &ask.body);
        let reply = call.await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.json());
        sent += ask.units;
    }
    sent
}

/// Goes into a place and out again; how long each message took from when the position was sent.
async fn enter_again_and_again(
    site: Arc<Site>,
    phone: Arc<str>,
    mut dice: Dice,
    end: Instant,
) -> Vec<Duration> {
    let mut tells = Wire::connect(site.server, &site.trust).await.unwrap();
    let mut waits = Wire::connect(site.server, &site.trust).await.unwrap();
    let (lat, lon) = site.greeting;
    let mut after = String::new();
    let mut took = Vec::new();
    while Instant::now() < end {
        let out = position(&mut dice, lat + 1.0, lon);
        told(&mut tells, &phone, &out).await;
        sleep(PAUSE).await;
        let target = format!("/device/v1/messages?waitMs={WAIT_MS}{after}");
        let poll = waits.call("GET", &target, &phone, "");
        let enter = async {
            let enter = position(&mut dice, lat, lon);
            let sent = Instant::now();
            told(&mut tells, &phone, &enter).await;
            sent
        };
        let (came, sent) = tokio::join!(async { (poll.await.unwrap(), Instant::now()) }, enter);
        let messages: Value = came.0.json();
        let newest = messages["items"].as_array().and_then(|items| items.last());
        let Some(id) = newest.and_then(|message| message["messageId"].as_str()) else {
            panic!("no message came in {WAIT_MS} ms: {messages}");
        };
        after = format!("&after={id}");
        took.push(came.1 - sent);
    }
    took
}

fn position(dice: &mut Dice, lat: f64, lon: f64) -> String {
    let (id, t) = (dice.uuid(), Timestamp::now().as_millisecond());
    format!(
        "[{{\"id\":\"{id}\",\"t\":{t},\"location\":{{\"lat\":{lat:.6},\"lon\":{lon:.6},\"accuracy\":8}}}}]"
    )
}

async fn told(wire: &mut Wire, phone: &str, body: &str) {
    let call = wire.call("POST", "/device/v1/events", phone, body);
    let reply = call.await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.json());
}
