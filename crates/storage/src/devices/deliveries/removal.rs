//! Taking deliveries away: what is old, and what is about a webhook or an instance that is gone.

use std::collections::{HashMap, hash_map::Entry};

use fjall::OwnedWriteBatch;
use moca_core::{
    id::{DeliveryId, InstanceId, WebhookId},
    limits::{WEBHOOK_DONE_KEPT_MAX, WEBHOOK_DONE_KEPT_MS},
    webhook::{Delivery, State},
};

use super::{
    Cursor, DOING, Devices, HookTally, TABLE, delivery_key, instance_key, of, of_instance,
    state_byte, state_key,
};
use crate::{
    StorageError,
    devices::{
        keys::KeyReader,
        value::{backend, decode, inconsistent},
    },
};

/// Keys removed by one write.
const KEYS_AT_ONCE: usize = 10_000;

impl Devices {
    /// Drops what is kept too long of a webhook.
    pub fn tidy_deliveries(&self, webhook: WebhookId, now_ms: i64) -> Result<(), StorageError> {
        let mut cursors = self.lock_cursors();
        let cursor = cursors.0.entry(webhook).or_default();
        let mut tally = self.hook_tally(webhook)?;
        self.drop_done(webhook, cursor, &mut tally, now_ms)
    }

    pub(super) fn drop_done(
        &self,
        webhook: WebhookId,
        cursor: &mut Cursor,
        tally: &mut HookTally,
        now_ms: i64,
    ) -> Result<(), StorageError> {
        let old = now_ms.saturating_sub(WEBHOOK_DONE_KEPT_MS);
        for (which, state) in [State::Delivered, State::GivenUp].into_iter().enumerate() {
            let byte = state_byte(state);
            let prefix = of(b's', webhook).byte(byte).build();
            let start = match cursor.done[which] {
                Some(id) => state_key(webhook, byte, id),
                None => prefix.clone(),
            };
            let end = of(b's', webhook).byte(byte + 1).build();
            let mut batch = self.batch();
            let mut removed = 0;
            for stored in self.webhooks.range(start..end).take(KEYS_AT_ONCE) {
                let key = stored.key().map_err(backend(DOING))?;
                let id = KeyReader::new(&key[prefix.len()..]).id();
                let id = DeliveryId(id.ok_or_else(|| inconsistent(TABLE, "key", &key))?);
                let kept = match state {
                    State::Delivered => &mut tally.delivered,
                    _ => &mut tally.given_up,
                };
                cursor.done[which] = Some(id);
                if *kept <= WEBHOOK_DONE_KEPT_MAX && id.0.time_ms() >= old {
                    break;
                }
                *kept -= 1;
                removed += 1;
                self.remove(&mut batch.writes, webhook, id, state)?;
            }
            if removed > 0 {
                batch.put(&self.webhooks, of(b't', webhook).build(), tally)?;
                batch.writes.commit().map_err(backend(DOING))?;
            }
        }
        Ok(())
    }

    /// The webhooks of which something is kept.
    pub fn told_webhooks(&self) -> Result<Vec<WebhookId>, StorageError> {
        let mut found = Vec::new();
        for stored in self.webhooks.prefix(b"e") {
            let key = stored.key().map_err(backend(DOING))?;
            let id = KeyReader::new(&key[1..]).id();
            let id = id.ok_or_else(|| inconsistent(TABLE, "key", &key))?;
            found.push(WebhookId(id));
        }
        Ok(found)
    }

    /// Removes all that is kept of a webhook.
    pub fn forget_webhook(&self, webhook: WebhookId) -> Result<(), StorageError> {
        let mut cursors = self.lock_cursors();
        loop {
            let mut batch = self.batch();
            let mut removed = 0;
            let prefix = of(b'd', webhook).build();
            for stored in self.webhooks.prefix(&prefix).take(KEYS_AT_ONCE) {
                let (key, value) = stored.into_inner().map_err(backend(DOING))?;
                let id = KeyReader::new(&key[prefix.len()..]).id();
                let id = DeliveryId(id.ok_or_else(|| inconsistent(TABLE, "key", &key))?);
                let delivery: Delivery = decode(TABLE, &key, &value)?;
                self.remove_known(&mut batch.writes, webhook, id, &delivery);
                removed += 1;
            }
            if removed == 0 {
                // Last, as its being there says that there may be something to remove.
                for what in [b't', b'e'] {
                    let key = of(what, webhook).build();
                    batch.writes.remove(&self.webhooks, key);
                }
                batch.writes.commit().map_err(backend(DOING))?;
                cursors.0.remove(&webhook);
                return Ok(());
            }
            batch.writes.commit().map_err(backend(DOING))?;
        }
    }

    /// Removes deliveries of a webhook that are to be told no more.
    pub fn drop_deliveries(
        &self,
        webhook: WebhookId,
        ids: &[DeliveryId],
    ) -> Result<(), StorageError> {
        let mut cursors = self.lock_cursors();
        let cursor = cursors.0.entry(webhook).or_default();
        let mut tally = self.hook_tally(webhook)?;
        let mut batch = self.batch();
        for id in ids {
            if let Some(delivery) = self.delivery(webhook, *id)? {
                self.remove_known(&mut batch.writes, webhook, *id, &delivery);
                cursor.left(delivery.state);
                tally.take_off(delivery.state);
            }
        }
        batch.put(&self.webhooks, of(b't', webhook).build(), &tally)?;
        batch.writes.commit().map_err(backend(DOING))
    }

    /// Removes what webhooks are told, or were, of an instance.
    pub(in crate::devices) fn take_off_webhooks(
        &self,
        instance: InstanceId,
    ) -> Result<(), StorageError> {
        let mut cursors = self.lock_cursors();
        let prefix = of_instance(instance).build();
        loop {
            let mut batch = self.batch();
            let mut tallies: HashMap<WebhookId, HookTally> = HashMap::new();
            let mut removed = 0;
            for stored in self.webhooks.prefix(&prefix).take(KEYS_AT_ONCE) {
                let key = stored.key().map_err(backend(DOING))?;
                let mut reader = KeyReader::new(&key[prefix.len()..]);
                let (Some(webhook), Some(id)) = (reader.id(), reader.id()) else {
                    return Err(inconsistent(TABLE, "key", &key));
                };
                let (webhook, id) = (WebhookId(webhook), DeliveryId(id));
                removed += 1;
                batch.writes.remove(&self.webhooks, key);
                let Some(delivery) = self.delivery(webhook, id)? else {
                    continue;
                };
                self.remove_known(&mut batch.writes, webhook, id, &delivery);
                let cursor = cursors.0.entry(webhook).or_default();
                cursor.left(delivery.state);
                let tally = match tallies.entry(webhook) {
                    Entry::Occupied(entry) => entry.into_mut(),
                    Entry::Vacant(entry) => entry.insert(self.hook_tally(webhook)?),
                };
                tally.take_off(delivery.state);
            }
            if removed == 0 {
                return Ok(());
            }
            for (webhook, tally) in tallies {
                batch.put(&self.webhooks, of(b't', webhook).build(), &tally)?;
            }
            batch.writes.commit().map_err(backend(DOING))?;
        }
    }

    fn remove(
        &self,
        writes: &mut OwnedWriteBatch,
        webhook: WebhookId,
        id: DeliveryId,
        state: State,
    ) -> Result<(), StorageError> {
        match self.delivery(webhook, id)? {
            Some(delivery) => self.remove_known(writes, webhook, id, &delivery),
            None => self.leave(writes, webhook, id, state),
        }
        Ok(())
    }

    fn remove_known(
        &self,
        writes: &mut OwnedWriteBatch,
        webhook: WebhookId,
        id: DeliveryId,
        delivery: &Delivery,
    ) {
        self.leave(writes, webhook, id, delivery.state);
        writes.remove(&self.webhooks, delivery_key(webhook, id));
        let key = instance_key(delivery.event.instance_id, webhook, id);
        writes.remove(&self.webhooks, key);
    }
}
