//! Inboxes: reading them, finding a message in them, and hearing of new ones.

use moca_core::{
    event::Subject,
    id::{InstanceId, MessageId},
};
use moca_storage::{StorageError, devices::Devices};

use crate::{Ear, Engine, EngineError, InboxMessage, Page, pipeline::fire::key_of};

impl Engine {
    /// The inbox of an instance, with all events acknowledged before this call decided.
    pub async fn messages(
        &self,
        subject: Subject,
        offset: i64,
        limit: i64,
    ) -> Result<Page<InboxMessage>, EngineError> {
        self.wait(&self.inner.decided).await?;
        self.messages_now(subject, offset, limit).await
    }

    /// The inbox of an instance as it is, whatever is being decided meanwhile: for who was told that
    /// there is something new.
    pub async fn messages_now(
        &self,
        subject: Subject,
        offset: i64,
        limit: i64,
    ) -> Result<Page<InboxMessage>, EngineError> {
        let offset = u64::try_from(offset).unwrap_or(0);
        let limit = usize::try_from(limit).unwrap_or(0);
        self.read(move |devices| {
            let total = count(devices, subject.instance_id)?;
            // No more than that: others may be arriving meanwhile.
            let limit = limit.min(total.saturating_sub(offset) as usize);
            let messages = devices.messages(subject.instance_id, offset, limit)?;
            let with_receipts = messages.into_iter().map(|message| {
                let receipts = devices.receipts(subject.instance_id, message.message_id)?;
                Ok(InboxMessage { message, receipts })
            });
            Ok(Page {
                total: total as i64,
                items: with_receipts.collect::<Result<_, StorageError>>()?,
            })
        })
        .await
    }

    /// The index of a message in the inbox of an instance, with all events acknowledged before this
    /// call decided.
    pub async fn message_index(
        &self,
        subject: Subject,
        id: MessageId,
    ) -> Result<Option<i64>, EngineError> {
        self.wait(&self.inner.decided).await?;
        let index = self
            .read(move |devices| index_of(devices, subject.instance_id, id))
            .await?;
        Ok(index.map(|index| index as i64))
    }

    /// Listens for what is new of an instance. Read its inbox after this: what comes later rings.
    pub fn listen(&self, instance: InstanceId) -> Ear {
        self.inner.shared.bell.listen(instance)
    }
}

/// Messages in the inbox of an instance.
fn count(devices: &Devices, instance: InstanceId) -> Result<u64, StorageError> {
    let state = devices.state(instance)?;
    Ok(state.map_or(0, |state| state.message_count))
}

/// Where a message stands in an inbox. Messages lie in the order of the rows that caused them, which
/// are in their ids, so it is found by halves.
fn index_of(
    devices: &Devices,
    instance: InstanceId,
    id: MessageId,
) -> Result<Option<u64>, StorageError> {
    let wanted = key_of(id.0);
    let (mut low, mut high) = (0, count(devices, instance)?);
    while low < high {
        let middle = low + (high - low) / 2;
        let Some(message) = devices.message(instance, middle)? else {
            // Erased meanwhile.
            return Ok(None);
        };
        if message.message_id == id {
            return Ok(Some(middle));
        }
        if key_of(message.message_id.0) < wanted {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(None)
}
