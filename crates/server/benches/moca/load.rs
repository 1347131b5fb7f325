//! One run of a load: connections that ask as fast as they are answered.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::{
    loads::{Load, Maker},
    process::Process,
    site::Site,
    wire::Wire,
};

/// Connections at a time.
pub(crate) const CONNECTIONS: usize = 16;
/// The answer to a request that may be repeated at once.
const OVERLOADED: u16 = 503;

/// What a run gave.
pub(crate) struct Outcome {
    /// Units a second.
    pub(crate) rate: f64,
    /// Processors that the server kept busy.
    pub(crate) server_cpus: f64,
    /// Times until the answer, in order.
    pub(crate) latencies: Vec<Duration>,
    /// Requests that were refused because the pipeline was behind.
    pub(crate) refused: u64,
}

#[derive(Default)]
struct Tally {
    units: u64,
    refused: u64,
    latencies: Vec<Duration>,
}

/// Runs a load for some time.
pub(crate) async fn run(
    site: &Arc<Site>,
    load: Load,
    number: usize,
    length: Duration,
    process: &Process,
) -> Outcome {
    let mut connections = Vec::new();
    for connection in 0..CONNECTIONS {
        let seed = (load as u64) << 32 | (number as u64) << 16 | connection as u64;
        let maker = load.maker(site, connection, CONNECTIONS, seed);
        let wire = Wire::connect(site.server, &site.trust).await.unwrap();
        connections.push((wire, maker));
    }
    let cpu_before = process.cpu();
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for (wire, maker) in connections {
        tasks.spawn(ask_until(started + length, wire, maker));
    }
    let mut total = Tally::default();
    for tally in tasks.join_all().await {
        total.units += tally.units;
        total.refused += tally.refused;
        total.latencies.extend(tally.latencies);
    }
    if load.is_decided() {
        wait_until_decided(site).await;
    }
    let seconds = started.elapsed().as_secs_f64();
    let server_cpus = (process.cpu() - cpu_before).as_secs_f64() / seconds;
    // What is left to be done is no part of the next run.
    wait_until_decided(site).await;
    total.latencies.sort_unstable();
    Outcome {
        rate: total.units as f64 / seconds,
        server_cpus,
        latencies: total.latencies,
        refused: total.refused,
    }
}

async fn ask_until(end: Instant, mut wire: Wire, mut make: Maker) -> Tally {
    let mut tally = Tally::default();
    while Instant::now() < end {
        let ask = make();
        let sent = Instant::now();
        let call = wire.call(ask.method, &ask.target, &ask.authorization, &ask.body);
        let reply = call.await.unwrap();
        match reply.status {
            200 | 201 => {
                tally.units += ask.units;
                tally.latencies.push(sent.elapsed());
            }
            OVERLOADED => tally.refused += 1,
            _ => panic!("{} {}: {}", ask.method, ask.target, reply.json()),
        }
    }
    tally
}

/// An inbox is answered when everything before has been decided, or refused after some seconds.
pub(crate) async fn wait_until_decided(site: &Site) {
    let mut wire = Wire::connect(site.server, &site.trust).await.unwrap();
    loop {
        let call = wire.call("GET", "/device/v1/messages", &site.onlooker, "");
        let reply = call.await.unwrap();
        if reply.status != OVERLOADED {
            assert_eq!(reply.status, 200, "{}", reply.json());
            return;
        }
    }
}
