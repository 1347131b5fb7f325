//! What a million devices and a million places take of memory.

use std::{sync::Arc, time::Instant};

use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::{
    binary::Binary,
    dice::Dice,
    ground::Ground,
    load::{CONNECTIONS, wait_until_decided},
    process::Process,
    site::Site,
    table::{Table, grouped},
    wire::Wire,
};

/// What the load is called.
pub(crate) const NAME: &str = "memory of a million places and devices";
const PLACES: usize = 1_000_000;
const DEVICES: usize = 1_000_000;

/// A million places of 200 m, then a million devices, each of which tells where it is.
pub(crate) async fn run(table: &mut Table) {
    eprintln!("{NAME}");
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::start(directory.path());
    let process = Process::new(server.id());
    let empty = process.memory_bytes();
    let site = Arc::new(Site::make(&server, Ground::towns(PLACES, 200.0)).await);
    let placed = process.memory_bytes();
    each(table, "memory of a place", placed - empty, PLACES);
    let started = Instant::now();
    let mut connections = JoinSet::new();
    for connection in 0..CONNECTIONS {
        connections.spawn(arrive(site.clone(), connection));
    }
    connections.join_all().await;
    wait_until_decided(&site).await;
    let took = started.elapsed().as_secs_f64();
    let rate = grouped(DEVICES as f64 / took);
    table.said("devices that registered and told a position/s", rate);
    let crowded = process.memory_bytes();
    each(
        table,
        "memory of a device",
        crowded.saturating_sub(placed),
        DEVICES,
    );
    table.memory("memory, with a million places and devices", crowded);
    table.memory("memory, the most there was", process.peak_bytes());
    server.stop();
}

fn each(table: &mut Table, name: &str, bytes: u64, of: usize) {
    table.said(name, format!("{} B", grouped(bytes as f64 / of as f64)));
}

/// One connection's part of the devices.
async fn arrive(site: Arc<Site>, connection: usize) {
    let mut wire = Wire::connect(site.server, &site.trust).await.unwrap();
    let mut dice = Dice::new(connection as u64);
    for _ in (connection..DEVICES).step_by(CONNECTIONS) {
        let registered = wire.call("POST", "/device/v1/instances", &site.basic, "{}");
        let registered = registered.await.unwrap().json();
        let token = registered["instanceToken"].as_str().unwrap();
        let (lat, lon) = site.ground.point(&mut dice);
        let (id, t) = (dice.uuid(), Timestamp::now().as_millisecond());
        let body = format!(
            "[{{\"id\":\"{id}\",\"t\":{t},\"location\":{{\"lat\":{lat:.6},\"lon\":{lon:.6},\"accuracy\":8}}}}]"
        );
        let authorization = format!("Bearer {token}");
        loop {
            let call = wire.call("POST", "/device/v1/events", &authorization, &body);
            let reply = call.await.unwrap();
            match reply.status {
                200 => break,
                // The pipeline is behind; once more.
                503 => {}
                _ => panic!("{}", reply.json()),
            }
        }
    }
}
