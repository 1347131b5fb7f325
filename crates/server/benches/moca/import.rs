//! A million places by one import, on a server of its own.

use std::{
    io::{self, Read},
    time::{Duration, Instant},
};

use moca_client::ImportRequest;
use moca_core::bulk::{BulkKind, ImportFormat};
use moca_server::import::{News, import};

use crate::{binary::Binary, dice::Dice, process::Process, table::Table};

/// What the load is called.
pub(crate) const NAME: &str = "a million places";
const ROWS: u64 = 1_000_000;
/// How much of the table the memory is looked at in.
const PARTS: i64 = 4;

/// Imports, and notes how long that takes and what it takes of memory.
pub(crate) async fn run(table: &mut Table) {
    let directory = tempfile::tempdir().unwrap();
    let server = Binary::start(directory.path());
    let process = Process::new(server.id());
    eprintln!("{NAME}: server: process {}", server.id());
    table.memory("memory, before a million places", process.memory_bytes());
    let request = ImportRequest::new(BulkKind::Places, ImportFormat::Csv);
    let started = Instant::now();
    let cpu_before = process.cpu();
    let mut arrived = Duration::ZERO;
    let mut part = 1;
    let client = server.client();
    let done = import(
        &client,
        &request,
        || Some(Places::new()),
        |news| {
            let News::Import(import) = news else {
                return;
            };
            if arrived.is_zero() {
                arrived = started.elapsed();
            }
            if import.rows * PARTS >= part * ROWS as i64 && part < PARTS {
                let name = format!("memory, after {} of them", import.rows);
                table.memory(&name, process.memory_bytes());
                part += 1;
            }
        },
    );
    let done = done.await.unwrap();
    let took = started.elapsed();
    assert_eq!((done.created, done.refused), (ROWS as i64, 0));
    let cpus = (process.cpu() - cpu_before).as_secs_f64() / took.as_secs_f64();
    table.import(ROWS as usize, took);
    table.said(
        "of which the file arrived in",
        format!("{:.2} s", arrived.as_secs_f64()),
    );
    table.said("server CPUs", format!("{cpus:.2}"));
    table.memory("memory, with a million places", process.memory_bytes());
    table.memory("memory, the most there was", process.peak_bytes());
    server.stop();
}

/// A CSV file that is made while it is read.
struct Places {
    row: u64,
    dice: Dice,
    line: Vec<u8>,
    at: usize,
}

impl Places {
    fn new() -> Self {
        Self {
            row: 0,
            dice: Dice::new(1),
            line: b"name,latitude,longitude,radius,externalId,category,address\n".to_vec(),
            at: 0,
        }
    }

    fn next_line(&mut self) {
        self.line.clear();
        self.at = 0;
        if self.row == ROWS {
            return;
        }
        let row = self.row;
        self.row += 1;
        let mut degrees = |most: f64| self.dice.below(2_000_000) as f64 / 1e6 * most - most;
        let (latitude, longitude) = (degrees(85.0), degrees(180.0));
        let number = self.dice.below(1_000);
        let line = format!(
            "Store {number} of {row},{latitude:.6},{longitude:.6},150,store-{row},Store,\"{number} Main \
             Street, Springfield\"\n"
        );
        self.line.extend_from_slice(line.as_bytes());
    }
}

impl Read for Places {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        while count < buffer.len() {
            if self.at == self.line.len() {
                self.next_line();
                if self.line.is_empty() {
                    break;
                }
            }
            let some = (buffer.len() - count).min(self.line.len() - self.at);
            buffer[count..count + some].copy_from_slice(&self.line[self.at..self.at + some]);
            self.at += some;
            count += some;
        }
        Ok(count)
    }
}
