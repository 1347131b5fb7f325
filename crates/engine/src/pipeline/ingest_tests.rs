//! How requests are put together into rows.

use std::sync::{Arc, mpsc};

use moca_core::{
    clock::{Clock, Random},
    event::{Event, EventBody, Subject},
    id::{AccountId, AppId, Id, InstanceId},
    limits::GROUP_BYTES_MAX,
    property::Properties,
};
use moca_storage::{
    devices::{Consumer, Devices, DirectoryEntry},
    log::{LogReader, LogWriter},
};
use tokio::sync::{oneshot, watch};

use super::{Ingest, Request};
use crate::shared::Shared;

struct Fixed;

impl Clock for Fixed {
    fn now_ms(&self) -> i64 {
        1_790_000_000_000
    }
}

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn event(id: u8, bytes: usize) -> Event {
    Event {
        id: [id; 16],
        at_ms: 1_790_000_000_000,
        body: EventBody::Custom {
            verb: "v".repeat(bytes),
            item: None,
            category: None,
            value: None,
            properties: Properties::new(),
        },
    }
}

/// Large events that compress to next to nothing must not add up to a row too large to be read.
#[test]
fn a_row_ends_when_it_holds_many_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let log_path = directory.path().join("events.db");
    let devices = Devices::open(&directory.path().join("devices")).unwrap();
    let subject = Subject {
        account_id: AccountId(Id([1; 16])),
        app_id: AppId(Id([2; 16])),
        instance_id: InstanceId(Id([3; 16])),
        number: 0,
    };
    let mut batch = devices.batch();
    let known = DirectoryEntry {
        subject,
        token_hash: [4; 32],
    };
    batch.put_directory_entry(&known).unwrap();
    batch.commit(Consumer::Ingest, 0).unwrap();
    let (queue, queued) = mpsc::sync_channel(10);
    let ingest = Ingest {
        queue: queued,
        log: LogWriter::open(&log_path).unwrap(),
        shared: Shared::new(devices, Arc::new(Fixed)),
        random: Arc::new(Fixed),
    };
    let mut answers = Vec::new();
    for id in 0..3 {
        let (answer, answered) = oneshot::channel();
        let events = vec![event(id, GROUP_BYTES_MAX / 2)];
        queue
            .send(Request::Events(subject, events, answer))
            .unwrap();
        answers.push(answered);
    }
    queue.send(Request::Stop).unwrap();
    let (appended, last) = watch::channel(0);
    ingest.run(&appended).unwrap();

    for mut answered in answers {
        assert_eq!(answered.try_recv().unwrap().unwrap().accepted, 1);
    }
    let rows = LogReader::open(&log_path)
        .unwrap()
        .read(0, *last.borrow(), usize::MAX, usize::MAX)
        .unwrap();
    let lengths: Vec<usize> = rows.iter().map(|row| row.records.len()).collect();
    assert_eq!(lengths, [2, 1]);
}
