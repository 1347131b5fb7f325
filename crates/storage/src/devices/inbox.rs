//! Fired actions, waiting for their device.

use moca_core::id::{CampaignId, ExperienceId, InstanceId, MessageId};
use serde::{Deserialize, Serialize};

use super::{
    Batch, Devices,
    keys::Key,
    value::{backend, decode},
};
use crate::StorageError;

/// A fired action in an inbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Id.
    pub message_id: MessageId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The experience.
    pub experience_id: ExperienceId,
    /// Event time of the trigger, ms since 1970.
    pub at_ms: i64,
    /// `@type` of the action.
    pub action_type: String,
    /// `contentType` of the action.
    pub content_type: String,
    /// The locale chosen (`default` or a tag).
    pub locale: String,
    /// The text in that locale.
    pub content: String,
    /// The background alert in the best locale, if there is one.
    pub bg_alert: Option<String>,
}

fn key(instance: InstanceId, index: u64) -> Vec<u8> {
    Key::new().instance(instance).unsigned(index).build()
}

/// All messages of an instance.
pub(super) fn inbox_of(instance: InstanceId) -> Vec<u8> {
    Key::new().instance(instance).build()
}

impl Devices {
    /// The message with this index.
    pub fn message(
        &self,
        instance: InstanceId,
        index: u64,
    ) -> Result<Option<Message>, StorageError> {
        self.get("inbox", &self.inbox, &key(instance, index))
    }

    /// The messages from index `offset` on, oldest first, at most `limit`.
    pub fn messages(
        &self,
        instance: InstanceId,
        offset: u64,
        limit: usize,
    ) -> Result<Vec<Message>, StorageError> {
        let mut messages = Vec::new();
        let page = key(instance, offset)..=key(instance, u64::MAX);
        for stored in self.inbox.range(page).take(limit) {
            let (key, value) = stored.into_inner().map_err(backend("read an inbox"))?;
            messages.push(decode("inbox", &key, &value)?);
        }
        Ok(messages)
    }
}

impl Batch<'_> {
    /// Adds the message with this index, from 0, to an inbox.
    pub fn put_message(
        &mut self,
        instance: InstanceId,
        index: u64,
        message: &Message,
    ) -> Result<(), StorageError> {
        self.put(&self.devices.inbox, key(instance, index), message)
    }
}
