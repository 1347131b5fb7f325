//! A million places and as many beacons, each by one import, on a server of its own; then pages of them.

use std::{
    io::{self, Read},
    time::{Duration, Instant},
};

use moca_client::ImportRequest;
use moca_core::bulk::{BulkKind, ImportFormat};
use moca_server::import::{News, import};

use crate::{binary::Binary, dice::Dice, pages, process::Process, table::Table};

/// What the load is called.
pub(crate) const NAME: &str = "a million places and beacons";
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
        || Some(Rows::new(kind)),
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

/// A CSV file that is made while it is read.
struct Rows {
    kind: BulkKind,
    row: u64,
    dice: Dice,
    line: Vec<u8>,
    at: usize,
}

impl Rows {
    fn new(kind: BulkKind) -> Self {
        let head: &[u8] = match kind {
            BulkKind::Beacons => b"name,type,proximityUuid,major,minor,externalId\n",
            _ => b"name,latitude,longitude,radius,externalId,category,address\n",
        };
        Self {
            kind,
            row: 0,
            dice: Dice::new(1),
            line: head.to_vec(),
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
        let line = match self.kind {
            BulkKind::Beacons => self.beacon(row),
            _ => self.place(row),
        };
        self.line.extend_from_slice(line.as_bytes());
    }

    fn place(&mut self, row: u64) -> String {
        let mut degrees = |most: f64| self.dice.below(2_000_000) as f64 / 1e6 * most - most;
        let (latitude, longitude) = (degrees(85.0), degrees(180.0));
        let number = self.dice.below(1_000);
        format!(
            "Store {number} of {row},{latitude:.6},{longitude:.6},150,store-{row},Store,\"{number} Main \
             Street, Springfield\"\n"
        )
    }

    fn beacon(&mut self, row: u64) -> String {
        let number = self.dice.below(1_000);
        let (major, minor) = (row >> 16, row & 0xffff);
        format!(
            "Gate {number} of {row},IBeacon,f7826da6-4fa2-4e98-8024-bc5b71e0893e,{major},{minor},gate-{row}\n"
        )
    }
}

impl Read for Rows {
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
