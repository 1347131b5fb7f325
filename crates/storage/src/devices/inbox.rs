//! Fired actions, waiting for their device.

use moca_core::{
    experience::TagExpression,
    id::{CampaignId, ExperienceId, InstanceId, MessageId},
};
use serde::{Deserialize, Serialize};

use super::{
    Batch, Devices,
    keys::Key,
    value::{Parts, backend, decode_with, encode_with, next_part},
};
use crate::StorageError;

const TABLE: &str = "inbox";

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
    /// The tag that it changed, if it did.
    #[serde(skip)]
    pub tag: Option<TagExpression>,
}

pub(super) fn encode(message: &Message) -> Result<Vec<u8>, StorageError> {
    encode_with(message, &Parts::default().push(message.tag.as_ref())?)
}

pub(super) fn decode(key: &[u8], value: &[u8]) -> Result<Message, StorageError> {
    decode_with(TABLE, key, value, |message: &mut Message, parts| {
        message.tag = next_part(parts)?;
        Some(())
    })
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
        let key = key(instance, index);
        let value = self.inbox.get(&key).map_err(backend("read an inbox"))?;
        value.map(|value| decode(&key, &value)).transpose()
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
            messages.push(decode(&key, &value)?);
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
        let key = key(instance, index);
        self.writes
            .insert(&self.devices.inbox, key, encode(message)?);
        Ok(())
    }
}
