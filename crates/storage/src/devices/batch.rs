//! One step of a consumer: its effects and its offset, written together.

use fjall::{Keyspace, OwnedWriteBatch};
use serde::Serialize;

use super::{
    Devices,
    decision_pages::Changes,
    value::{backend, decode, encode},
};
use crate::StorageError;

/// The folds of the event log, each with an offset of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumer {
    /// The directory of instances and the event ids seen.
    Ingest,
    /// States, inboxes, decisions, crossings, tags that actions changed.
    Decide,
    /// Exact sets.
    Count,
    /// Instances, users and tags.
    People,
}

impl Consumer {
    /// All of them, in the order of the pipeline.
    pub const ALL: [Self; 4] = [Self::Ingest, Self::Decide, Self::Count, Self::People];

    const fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Decide => "decide",
            Self::Count => "count",
            Self::People => "people",
        }
    }
}

/// Writes that happen together or not at all.
pub struct Batch<'a> {
    pub(super) devices: &'a Devices,
    pub(super) writes: OwnedWriteBatch,
    /// How many decisions come and go with it.
    pub(super) counts: Changes,
}

impl Devices {
    /// Starts a step.
    pub fn batch(&self) -> Batch<'_> {
        Batch {
            devices: self,
            writes: self.database.batch(),
            counts: Changes::new(),
        }
    }

    /// The last row of the event log this consumer has taken in; 0 for none.
    pub fn offset(&self, consumer: Consumer) -> Result<u64, StorageError> {
        let name = consumer.name();
        match self.get("offsets", &self.offsets, name.as_bytes())? {
            Some(seq) => Ok(seq),
            None => Ok(0),
        }
    }

    pub(super) fn get<T: serde::de::DeserializeOwned>(
        &self,
        table: &'static str,
        keyspace: &Keyspace,
        key: &[u8],
    ) -> Result<Option<T>, StorageError> {
        keyspace
            .get(key)
            .map_err(backend("read the device store"))?
            .map(|value| decode(table, key, &value))
            .transpose()
    }
}

impl Batch<'_> {
    /// Writes everything, with the row up to which the consumer has now taken in the log.
    pub fn commit(mut self, consumer: Consumer, seq: u64) -> Result<(), StorageError> {
        let devices = self.devices;
        self.put(&devices.offsets, consumer.name().as_bytes().to_vec(), &seq)?;
        self.write(&devices.count_decisions(), "write to the device store")
    }

    pub(super) fn put<T: Serialize + ?Sized>(
        &mut self,
        keyspace: &Keyspace,
        key: Vec<u8>,
        value: &T,
    ) -> Result<(), StorageError> {
        self.writes.insert(keyspace, key, encode(value)?);
        Ok(())
    }
}
