//! What the server does in a second: `cargo bench`.
//!
//! It starts the real program on an empty directory, loads it over HTTPS from the same machine, and
//! prints one table. `cargo bench -- NAME…` runs only the loads whose names contain one of these,
//! and `--seconds N` makes each run that long, for a profiler to look on.

#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on has to end"
)]
#![expect(clippy::print_stdout, reason = "the table")]

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../../tests/it/support/binary.rs"]
mod binary;
mod crowd;
mod decided;
#[path = "../../tests/it/support/dice.rs"]
mod dice;
mod fences;
mod fleet;
mod ground;
mod import;
mod inbox;
mod load;
mod loads;
mod lookups;
mod pages;
mod process;
mod rows;
mod site;
mod table;
mod tile38;
#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../../tests/it/support/wire.rs"]
mod wire;

use std::{env, sync::Arc, time::Duration};

use self::{
    binary::Binary,
    ground::Ground,
    load::{Outcome, run},
    loads::Load,
    process::Process,
    site::Site,
    table::Table,
};

/// Runs of each load; the table shows their median.
const RUNS: usize = 3;
/// How long one run takes.
const RUN: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() {
    let options = Options::read(env::args().skip(1));
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::start(directory.path());
    let process = Process::new(server.id());
    eprintln!("server: process {}", server.id());
    let mut table = Table::default();
    table.memory("memory, idle after the first start", process.memory_bytes());

    let site = Arc::new(Site::make(&server, Ground::airports()).await);
    table.import(site.places.len(), "places", site.imported_in);
    table.memory("memory, idle with these places", process.memory_bytes());
    for load in Load::ALL {
        if !options.wants(load) {
            continue;
        }
        let mut outcomes: Vec<Outcome> = Vec::new();
        for number in 0..RUNS {
            eprintln!("{}: run {} of {RUNS}", load.name(), number + 1);
            outcomes.push(run(&site, load, number, options.run, &process).await);
        }
        table.load(load.name(), &outcomes);
    }
    if options.wants_named(inbox::NAME) {
        inbox::run(&mut table, &site, &process, options.run).await;
    }
    if options.wants_named(fleet::NAME) {
        fleet::run(&mut table, &server, &site, &process).await;
    }
    table.memory("memory at the end", process.memory_bytes());
    server.stop();
    if options.wants_named(lookups::NAME) {
        lookups::run(&mut table);
    }
    if options.wants_named(fences::NAME) {
        fences::run(&mut table, options.run).await;
    }
    if options.wants_named(crowd::NAME) {
        crowd::run(&mut table).await;
    }
    if options.wants_named(import::NAME) {
        import::run(&mut table).await;
    }
    if options.wants_named(decided::NAME) {
        decided::run(&mut table).await;
    }
    println!("{table}");
}

struct Options {
    names: Vec<String>,
    run: Duration,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Self {
        let mut options = Self {
            names: Vec::new(),
            run: RUN,
        };
        while let Some(argument) = arguments.next() {
            match &*argument {
                // Cargo says what this is.
                "--bench" => {}
                "--seconds" => {
                    let seconds = arguments.next().unwrap().parse().unwrap();
                    options.run = Duration::from_secs(seconds);
                }
                _ => options.names.push(argument),
            }
        }
        options
    }

    fn wants(&self, load: Load) -> bool {
        self.wants_named(load.name())
    }

    fn wants_named(&self, load: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| load.contains(name))
    }
}
