//! What the decide stage tells the people stage: the tags that actions changed in each row of the log.

use moca_core::event::{Subject, TagChange};
use serde::{Deserialize, Serialize};

use super::{Batch, Devices, keys::Key};
use crate::StorageError;

/// A tag that an action changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstanceTag {
    /// Whose.
    pub subject: Subject,
    /// The index of the record in the row that made the action fire.
    pub record: u32,
    /// When the server took that record, ms since 1970.
    pub received_at: i64,
    /// The tag.
    pub name: String,
    /// How its number changed.
    pub change: TagChange,
}

fn key(seq: u64) -> Vec<u8> {
    Key::new().unsigned(seq).build()
}

impl Devices {
    /// The tags that actions changed in a row of the event log, in the order they did.
    pub fn tagged(&self, seq: u64) -> Result<Vec<InstanceTag>, StorageError> {
        Ok(self
            .get("tagged", &self.tagged, &key(seq))?
            .unwrap_or_default())
    }
}

impl Batch<'_> {
    /// Keeps what actions changed in a row until the lists know it.
    pub fn put_tagged(&mut self, seq: u64, tagged: &[InstanceTag]) -> Result<(), StorageError> {
        self.put(&self.devices.tagged, key(seq), tagged)
    }

    /// Forgets what actions changed in a row: the lists know it.
    pub fn remove_tagged(&mut self, seq: u64) {
        self.writes.remove(&self.devices.tagged, key(seq));
    }
}
