//! How long a page takes where there are many: one request after the other on one connection.

use std::time::Instant;

use crate::{
    binary::Binary,
    dice::Dice,
    table::Table,
    wire::{self, Wire},
};

/// Objects on a page.
const PAGE: usize = 100;
/// Requests of each kind.
const REQUESTS: usize = 300;
/// Metres about a point.
const RADIUS_M: usize = 20_000;

/// Pages of beacons at some distances from the beginning.
pub(crate) async fn far(table: &mut Table, server: &Binary, total: u64) {
    for offset in [0, 100, 1_000, 10_000, total - PAGE as u64] {
        let name = format!("list {PAGE} of {total} beacons, at {offset}");
        let target = format!("/v2/beacons?limit={PAGE}&offset={offset}");
        ask(table, server, &name, |_| target.clone()).await;
    }
    let target = format!("/v2/beacons?limit={PAGE}&offset=10000&sort=-createdAt");
    let name = format!("list {PAGE} of {total} beacons, at 10000 from the newest");
    ask(table, server, &name, |_| target.clone()).await;
}

/// Places about random points, and in random boxes of a degree.
pub(crate) async fn near(table: &mut Table, server: &Binary) {
    let name = format!("places within {} km, of a million", RADIUS_M / 1_000);
    ask(table, server, &name, |dice| {
        let (latitude, longitude) = point(dice);
        format!("/v2/places?limit={PAGE}&near={latitude},{longitude},{RADIUS_M}")
    })
    .await;
    let name = "places in a box of one degree, of a million";
    ask(table, server, name, |dice| {
        let (south, west) = point(dice);
        let (north, east) = (south + 1.0, west + 1.0);
        format!("/v2/places?limit={PAGE}&bbox={west},{south},{east},{north}")
    })
    .await;
}

/// A point that has places all about it.
fn point(dice: &mut Dice) -> (f64, f64) {
    let mut degrees = |most: usize| dice.below(most * 2_000) as f64 / 1e3 - most as f64;
    (degrees(80), degrees(175))
}

/// Asks for pages, one after the other.
pub(crate) async fn ask(
    table: &mut Table,
    server: &Binary,
    name: &str,
    mut target: impl FnMut(&mut Dice) -> String,
) {
    eprintln!("{name}");
    let trust = wire::trust(&server.ca_path());
    let mut wire = Wire::connect(server.address(), &trust).await.unwrap();
    let authorization = format!("Bearer {}", server.token());
    let mut dice = Dice::new(1);
    let mut latencies = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let target = target(&mut dice);
        let sent = Instant::now();
        let reply = wire.call("GET", &target, &authorization, "").await.unwrap();
        latencies.push(sent.elapsed());
        assert_eq!(reply.status, 200, "{target}: {}", reply.json());
    }
    latencies.sort_unstable();
    table.latencies(name, &latencies);
}
