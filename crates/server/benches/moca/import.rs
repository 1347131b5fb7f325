//! A million places and as many beacons, each by one import, on a server of its own; then pages of them.

use std::time::{Duration, Instant};

use moca_client::ImportRequest;
use moca_core::bulk::{BulkKind, ImportFormat};
use moca_server::import::{News, import};

use crate::{binary::Binary, dice::Dice, pages, process::Process, rows::Rows, table::Table};

/// What the load is called.
pub(crate) const NAME: &str = "a million places and beacons";
const ROWS: u64 = 1_000_000;
/// Metres around each place.
const RADIUS_M: f64 = 150.0;
/// How much of the table the memory is looked at in.
const PARTS: i64 = 4;

/// Imports, and notes how long that takes and what it takes of memory.
pub(crate) async fn run(table: &mut Table) {
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::start(directory.path());
    let process = Process::new(server.id());
    eprintln!("{NAME}: server: process {}", server.id());
    table.memory("memory, before a million places", process.memory_bytes());
    take_in(table, &server, &process, BulkKind::Places).await;
    pages::near(table, &server).await;
    take_in(table, &server, &process, BulkKind::Beacons).await;
    pages::far(table, &server, ROWS).await;
    server.stop();
}

async fn take_in(table: &mut Table, server: &Binary, process: &Process, kind: BulkKind) {
    let request = ImportRequest::new(kind, ImportFormat::Csv);
    let started = Instant::now();
    let cpu_before = process.cpu();
    let mut arrived = Duration::ZERO;
    let mut part = 1;
    let client = server.client();
    let done = import(
        &client,
        &request,
        || Some(rows(kind)),
        |news| {
            let News::Import(import) = news else {
                return;
            };
            if arrived.is_zero() {
                arrived = started.elapsed();
            }
            if import.rows * PARTS >= part * ROWS as i64 && part < PARTS {
                let name = format!("memory, after {} {}", import.rows, kind.as_str());
                table.memory(&name, process.memory_bytes());
                part += 1;
            }
        },
    );
    let done = done.await.unwrap();
    let took = started.elapsed();
    assert_eq!((done.created, done.refused), (ROWS as i64, 0));
    let cpus = (process.cpu() - cpu_before).as_secs_f64() / took.as_secs_f64();
    table.import(ROWS as usize, kind.as_str(), took);
    table.said(
        "of which the file arrived in",
        format!("{:.2} s", arrived.as_secs_f64()),
    );
    table.said("server CPUs", format!("{cpus:.2}"));
    let name = format!("memory, with a million {}", kind.as_str());
    table.memory(&name, process.memory_bytes());
    table.memory("memory, the most there was", process.peak_bytes());
}

/// Places all over the globe, or beacons.
fn rows(kind: BulkKind) -> Rows {
    if kind == BulkKind::Beacons {
        return Rows::beacons(ROWS);
    }
    let mut dice = Dice::new(1);
    let mut degrees = |most: f64| dice.below(2_000_000) as f64 / 1e6 * most - most;
    let centers = (0..ROWS).map(|_| (degrees(85.0), degrees(180.0)));
    Rows::places(centers.collect(), RADIUS_M)
}
