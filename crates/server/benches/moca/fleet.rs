//! The fleet of `moca simulate` as a load: phones that walk, drive and shop, with noise, outages and wrong
//! clocks, and tell thirty positions at a time.

use std::{
    process::{Command, Stdio},
    time::Instant,
};

use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::{
    binary::Binary,
    load::wait_until_decided,
    process::Process,
    site::Site,
    table::{Table, grouped},
};

/// What the load is called.
pub(crate) const NAME: &str = "moca simulate, 2 000 phones";

/// Ten minutes of a fleet, as fast as the server takes it.
pub(crate) async fn run(table: &mut Table, server: &Binary, site: &Site, process: &Process) {
    eprintln!("{NAME}");
    let cpu_before = process.cpu();
    let started = Instant::now();
    let mut fleet = Command::new(env!("CARGO_BIN_EXE_moca"));
    fleet
        .env("MOCA_TOKEN", server.token())
        .args(["simulate", "--server", &server.base_url(), "--ca"])
        .arg(server.ca_path())
        .args(["--walkers", "800", "--drivers", "800", "--shoppers", "400"])
        .args(["--duration", "10m", "--json"])
        .stderr(Stdio::inherit());
    let fleet = spawn_blocking(move || fleet.output());
    let fleet = fleet.await.unwrap().unwrap();
    assert!(fleet.status.success(), "{}", fleet.status);
    let fleet: Value = serde_json::from_slice(&fleet.stdout).unwrap();
    let told = Instant::now();
    wait_until_decided(site).await;
    let behind = told.elapsed().as_secs_f64();
    let seconds = started.elapsed().as_secs_f64();
    let figure = |name: &str| fleet[name].as_f64().unwrap();
    assert_eq!(figure("rejected") + figure("untold"), 0.0, "{fleet}");
    table.said(NAME, format!("{} events", grouped(figure("accepted"))));
    table.said("events/s acknowledged", grouped(figure("eventsPerSecond")));
    table.said("p50 ms of a request", format!("{:.1}", figure("p50Ms")));
    table.said("p99 ms of a request", format!("{:.1}", figure("p99Ms")));
    table.said(
        "all decided after the last answer, s",
        format!("{behind:.1}"),
    );
    let cpus = (process.cpu() - cpu_before).as_secs_f64() / seconds;
    table.said("server CPUs", format!("{cpus:.2}"));
}
