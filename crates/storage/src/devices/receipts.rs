//! What became of the messages of an instance.

use moca_core::{
    id::{InstanceId, MessageId},
    receipt::Receipts,
};

use super::{Batch, Devices, keys::Key};
use crate::StorageError;

fn key(instance: InstanceId, message: MessageId) -> Vec<u8> {
    receipts_of(instance).bytes(&message.0.0).build()
}

/// All receipts of an instance.
pub(super) fn receipts_of(instance: InstanceId) -> Key {
    Key::new().instance(instance)
}

impl Devices {
    /// The receipts of a message; none of one that nothing was told of.
    pub fn receipts(
        &self,
        instance: InstanceId,
        message: MessageId,
    ) -> Result<Receipts, StorageError> {
        let kept = self.get("receipts", &self.receipts, &key(instance, message))?;
        Ok(kept.unwrap_or_default())
    }
}

impl Batch<'_> {
    /// Keeps the receipts of a message.
    pub fn put_receipts(
        &mut self,
        instance: InstanceId,
        message: MessageId,
        receipts: &Receipts,
    ) -> Result<(), StorageError> {
        let key = key(instance, message);
        self.put(&self.devices.receipts, key, receipts)
    }
}
