//! Managing places beside another back-end: `scripts/bench-peers`.
//!
//! The same requests, over HTTPS from the same machine, to MOCA on SQLite, to MOCA on PostgreSQL and to
//! parse-server on the same PostgreSQL, which syncs every commit. What is not installed is left out, and
//! the table says so. `scripts/bench-peers NAME…` measures only those whose names contain one of these.

#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on has to end"
)]
#![expect(clippy::print_stdout, reason = "the table")]

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../../tests/it/support/binary.rs"]
mod binary;
mod candidate;
#[path = "../../tests/it/support/dice.rs"]
mod dice;
mod load;
mod moca;
mod parse_server;
mod place;
#[expect(dead_code, reason = "the other measurement uses the rest")]
#[path = "../moca/process.rs"]
mod process;
mod table;
#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../../tests/it/support/wire.rs"]
mod wire;

use std::{env, time::Duration};

use self::{
    candidate::Candidate,
    load::{Measured, measure},
    table::Table,
};

/// Runs of each load; the table shows their median.
const RUNS: usize = 3;
/// How long one run takes.
const RUN: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() {
    let wanted: Vec<String> = env::args().skip(1).filter(|it| it != "--bench").collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|it| name.contains(&**it));
    let postgres = env::var("MOCA_BENCH_POSTGRES_PORT").ok();
    let mut table = Table::default();
    if wants(moca::ON_SQLITE) {
        measured(&mut table, moca::start(None)).await;
    }
    match &postgres {
        _ if !wants(moca::ON_POSTGRES) => {}
        Some(port) => measured(&mut table, moca::start(Some(port))).await,
        None => table.note("MOCA on PostgreSQL: there is none (scripts/bench-peers starts one)"),
    }
    match (&postgres, env::var("MOCA_BENCH_PARSE_SERVER")) {
        _ if !wants(parse_server::NAME) => {}
        (Some(port), Ok(modules)) => {
            measured(&mut table, parse_server::start(port, &modules)).await
        }
        _ => table.note(
            "parse-server: it or PostgreSQL is not there (scripts/bench-peers installs them)",
        ),
    }
    println!("{table}");
}

/// Measures a candidate, and stops it.
async fn measured(table: &mut Table, mut candidate: Candidate) {
    eprintln!("{}", candidate.name);
    let measured: Measured = measure(&mut candidate).await;
    table.add(candidate.name, measured);
    candidate.stop();
}
