//! What the decide stage tells the count stage: the borders crossed in each row of the log.

use moca_core::{event::Subject, presence::Crossing};
use serde::{Deserialize, Serialize};

use super::{Batch, Devices, keys::Key};
use crate::StorageError;

/// A border crossed by an instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstanceCrossing {
    /// Who.
    pub subject: Subject,
    /// What.
    pub crossing: Crossing,
}

/// The crossings of one row, in the order they happened.
pub type RowCrossings = Vec<InstanceCrossing>;

fn key(seq: u64) -> Vec<u8> {
    Key::new().unsigned(seq).build()
}

impl Devices {
    /// The crossings of a row of the event log; empty when it caused none.
    pub fn crossings(&self, seq: u64) -> Result<RowCrossings, StorageError> {
        Ok(self
            .get("crossings", &self.crossings, &key(seq))?
            .unwrap_or_default())
    }
}

impl Batch<'_> {
    /// Keeps the crossings of a row until they are counted.
    pub fn put_crossings(
        &mut self,
        seq: u64,
        crossings: &[InstanceCrossing],
    ) -> Result<(), StorageError> {
        self.put(&self.devices.crossings, key(seq), crossings)
    }

    /// Forgets the crossings of a row: they are counted.
    pub fn remove_crossings(&mut self, seq: u64) {
        self.writes.remove(&self.devices.crossings, key(seq));
    }
}
