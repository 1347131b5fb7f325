//! The stages of the pipeline without their threads.

use std::{
    path::Path,
    sync::{Arc, mpsc},
};

use moca_core::clock::{Clock, Random};
use moca_storage::{control::Control, devices::Consumer};
use tokio::{runtime::Handle, sync::watch};

use crate::{
    pipeline::{
        configuration::Configuration,
        count::Count,
        decide::Decide,
        ingest::{Ingest, Request},
        people::People,
    },
    shared::Shared,
    start::Stores,
};

/// Requests of one group.
const QUEUE: usize = 64;

/// One life of the server.
pub(super) struct Server {
    queue: mpsc::SyncSender<Request>,
    ingest: Ingest,
    appended: watch::Sender<u64>,
    decide: Decide,
    count: Count,
    people: People,
    pub(super) shared: Shared,
}

impl Server {
    /// Opens the stores, as [`crate::Engine::start`] does.
    pub(super) fn open(
        directory: &Path,
        control: Control,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        runtime: &Handle,
    ) -> Self {
        let stores = Stores::open(directory).unwrap();
        let configuration = Configuration::load(control, &stores.devices);
        let configuration = runtime.block_on(configuration).unwrap();
        let shared = Shared::new(stores.devices, clock);
        let (queue, queued) = mpsc::sync_channel(QUEUE);
        let (appended, _) = watch::channel(stores.writer.last_seq());
        let ingest = Ingest {
            queue: queued,
            log: stores.writer,
            shared: shared.clone(),
            random,
        };
        let decide = Decide::new(stores.decide_reader, configuration, shared.clone());
        let count = Count::new(stores.count_reader, shared.clone());
        let people = People::new(stores.people_reader, stores.editor, shared.clone());
        Self {
            queue,
            ingest,
            appended,
            decide: decide.unwrap(),
            count: count.unwrap(),
            people: people.unwrap(),
            shared,
        }
    }

    /// Puts requests that came at the same time on disk.
    pub(super) fn commit(&mut self, requests: Vec<Request>) {
        let mut requests = requests.into_iter();
        let Some(first) = requests.next() else {
            return;
        };
        requests.for_each(|request| self.queue.send(request).unwrap());
        self.ingest.commit_group(first, &self.appended).unwrap();
    }

    pub(super) fn decide(&mut self, runtime: &Handle, last: u64) {
        while self.offset(Consumer::Decide) < last {
            self.decide.step(runtime, last).unwrap();
        }
    }

    pub(super) fn count(&mut self, last: u64) {
        while self.offset(Consumer::Count) < last {
            self.count.step(last).unwrap();
        }
    }

    pub(super) fn list(&mut self, last: u64) {
        while self.offset(Consumer::People) < last {
            self.people.list(last).unwrap();
        }
    }

    /// Finishes erasures.
    pub(super) fn erase(&mut self) {
        self.people.finish_erasures().unwrap();
    }

    /// The last row of the log, and the last that was decided, counted and listed.
    pub(super) fn offsets(&self) -> [u64; 4] {
        let [decided, counted, listed] =
            [Consumer::Decide, Consumer::Count, Consumer::People].map(|one| self.offset(one));
        [*self.appended.borrow(), decided, counted, listed]
    }

    fn offset(&self, consumer: Consumer) -> u64 {
        self.shared.devices.offset(consumer).unwrap()
    }

    /// How often the device store was made to last.
    pub(super) fn syncs(&self) -> u64 {
        self.shared.devices.syncs()
    }
}
