//! Locations decided where there are very many small places: on servers of their own.

use std::{sync::Arc, time::Duration};

use crate::{
    RUNS, binary::Binary, ground::Ground, load::run as run_load, loads::Load, process::Process,
    site::Site, table::Table,
};

/// What the loads are called.
pub(crate) const NAME: &str = "locations decided/s, many small places";

/// A hundred thousand circles of 200 m, then a million.
pub(crate) async fn run(table: &mut Table, length: Duration) {
    for count in [100_000, 1_000_000] {
        let ground = Ground::towns(count, 200.0);
        let what = ground.to_string();
        eprintln!("{NAME}: {what}");
        let directory = tempfile::tempdir().unwrap();
        let server = Binary::start(directory.path());
        let process = Process::new(server.id());
        let before = process.memory_bytes();
        let site = Arc::new(Site::make(&server, ground).await);
        table.import(count, "places", site.imported_in);
        let mut outcomes = Vec::new();
        for number in 0..RUNS {
            outcomes.push(run_load(&site, Load::Points, number, length, &process).await);
        }
        table.load(&format!("locations decided/s, {what}"), &outcomes);
        let bytes = process.memory_bytes() - before;
        table.memory("memory that came with them", bytes);
        server.stop();
    }
}
