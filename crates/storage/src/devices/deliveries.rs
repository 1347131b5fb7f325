//! What webhooks are still to be told, and what they were.
//!
//! The decide stage adds deliveries in the batch of the rows that they follow from. Who sends them changes
//! them one by one: each change moves a delivery between queues, and counts it, in one write. Like all of
//! this store such a write is not synced: after a power cut something may be told again, under the same id.
//!
//! The library keeps what was removed for a while and passes over it in every walk, and a queue is read
//! where most was removed. So it is remembered in memory up to where the queues are empty.

mod removal;

use std::collections::{HashMap, HashSet};

use fjall::OwnedWriteBatch;
use moca_core::{
    id::{DeliveryId, InstanceId, WebhookId},
    webhook::{Attempt, Delivery, Occasion, State},
};
use serde::{Deserialize, Serialize};

use super::{
    Batch, Devices,
    keys::{Key, KeyReader, sortable},
    value::{backend, decode, encode, inconsistent},
};
use crate::StorageError;

const TABLE: &str = "webhooks";
const DOING: &str = "read or write what webhooks are told";

/// What the decide stage had for a webhook so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// Deliveries it added.
    pub count: i64,
    /// Those it did not, because too many waited.
    pub dropped: i64,
    /// When it last did not, ms since 1970.
    pub dropped_at: Option<i64>,
}

/// What became of the deliveries of a webhook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookTally {
    /// Those that do not wait any more.
    pub settled: i64,
    /// Those of them that were taken and are kept.
    pub delivered: i64,
    /// Those that were given up and are kept.
    pub given_up: i64,
    /// When one was taken last, ms since 1970.
    pub delivered_at: Option<i64>,
    /// Since when none was although some were tried, ms since 1970.
    pub failing_since: Option<i64>,
}

/// What is known of a webhook's deliveries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HookHealth {
    /// Those that wait.
    pub waiting: i64,
    /// What the decide stage had for it.
    pub queued: Queued,
    /// What became of it.
    pub tally: HookTally,
}

/// A delivery of some webhook with its id.
pub type Identified = (DeliveryId, Delivery);

/// Up to where the queues of a webhook are known to be empty.
#[derive(Default, Clone)]
struct Cursor {
    /// Nothing waits for its first attempt before this row and index.
    fresh: (u64, u32),
    /// The last one that did not wait for its first attempt any more.
    left: (u64, u32),
    /// Nothing waits for another attempt that was due before, ms since 1970.
    again: i64,
    /// Nothing that was taken, or given up, is kept with an id before these.
    done: [Option<DeliveryId>; 2],
}

/// What the store remembers of queues.
#[derive(Default)]
pub(super) struct Cursors(HashMap<WebhookId, Cursor>);

fn of(what: u8, webhook: WebhookId) -> Key {
    Key::new().byte(what).bytes(&webhook.0.0)
}

fn delivery_key(webhook: WebhookId, id: DeliveryId) -> Vec<u8> {
    of(b'd', webhook).bytes(&id.0.0).build()
}

fn fresh_key(webhook: WebhookId, (seq, index): (u64, u32)) -> Vec<u8> {
    let key = of(b'n', webhook).unsigned(seq);
    key.bytes(&index.to_be_bytes()).build()
}

fn again_key(webhook: WebhookId, due_ms: i64, id: DeliveryId) -> Vec<u8> {
    of(b'r', webhook).signed(due_ms).bytes(&id.0.0).build()
}

const fn state_byte(state: State) -> u8 {
    match state {
        State::Fresh { .. } | State::Again { .. } => 1,
        State::Delivered => 2,
        State::GivenUp => 3,
    }
}

fn state_key(webhook: WebhookId, state: u8, id: DeliveryId) -> Vec<u8> {
    of(b's', webhook).byte(state).bytes(&id.0.0).build()
}

fn instance_key(instance: InstanceId, webhook: WebhookId, id: DeliveryId) -> Vec<u8> {
    let key = of_instance(instance).bytes(&webhook.0.0);
    key.bytes(&id.0.0).build()
}

fn of_instance(instance: InstanceId) -> Key {
    Key::new().byte(b'i').instance(instance)
}

/// Whether nothing is to be kept of it once it was told: that an instance was erased is the last thing
/// that is told of it.
const fn is_last(delivery: &Delivery) -> bool {
    matches!(delivery.event.occasion, Occasion::Erased)
}

impl Batch<'_> {
    /// Adds a delivery that waits for its first attempt.
    pub fn put_delivery(
        &mut self,
        webhook: WebhookId,
        id: DeliveryId,
        delivery: &Delivery,
    ) -> Result<(), StorageError> {
        let devices = self.devices;
        devices.enter(&mut self.writes, webhook, id, delivery)?;
        if !is_last(delivery) {
            let key = instance_key(delivery.event.instance_id, webhook, id);
            self.put(&devices.webhooks, key, &())?;
        }
        Ok(())
    }

    /// Keeps what the decide stage had for a webhook so far.
    pub fn put_queued(&mut self, webhook: WebhookId, queued: &Queued) -> Result<(), StorageError> {
        let key = of(b'e', webhook).build();
        self.put(&self.devices.webhooks, key, queued)
    }
}

impl Devices {
    /// What the decide stage had for a webhook so far.
    pub fn queued(&self, webhook: WebhookId) -> Result<Queued, StorageError> {
        let key = of(b'e', webhook).build();
        Ok(self.get(TABLE, &self.webhooks, &key)?.unwrap_or_default())
    }

    /// What became of a webhook's deliveries.
    pub fn hook_tally(&self, webhook: WebhookId) -> Result<HookTally, StorageError> {
        let key = of(b't', webhook).build();
        Ok(self.get(TABLE, &self.webhooks, &key)?.unwrap_or_default())
    }

    /// Both, and how many wait.
    pub fn hook_health(&self, webhook: WebhookId) -> Result<HookHealth, StorageError> {
        // In this order: what is settled was queued before.
        let tally = self.hook_tally(webhook)?;
        let queued = self.queued(webhook)?;
        Ok(HookHealth {
            waiting: queued.count - tally.settled,
            queued,
            tally,
        })
    }

    /// One delivery.
    pub fn delivery(
        &self,
        webhook: WebhookId,
        id: DeliveryId,
    ) -> Result<Option<Delivery>, StorageError> {
        self.get(TABLE, &self.webhooks, &delivery_key(webhook, id))
    }

    /// Deliveries of a webhook, all or those like `state`, the newest first, and how many there are.
    pub fn deliveries(
        &self,
        webhook: WebhookId,
        state: Option<State>,
        offset: usize,
        limit: usize,
    ) -> Result<(i64, Vec<Identified>), StorageError> {
        let health = self.hook_health(webhook)?;
        let (waiting, tally) = (health.waiting, health.tally);
        let total = match state.map(state_byte) {
            None => waiting + tally.delivered + tally.given_up,
            Some(1) => waiting,
            Some(2) => tally.delivered,
            Some(_) => tally.given_up,
        };
        let prefix = match state {
            None => of(b'd', webhook).build(),
            Some(state) => of(b's', webhook).byte(state_byte(state)).build(),
        };
        let mut page = Vec::new();
        let walk = self.webhooks.prefix(&prefix).rev();
        for stored in walk.skip(offset).take(limit) {
            let key = stored.key().map_err(backend(DOING))?;
            let id = KeyReader::new(&key[prefix.len()..]).id();
            let id = DeliveryId(id.ok_or_else(|| inconsistent(TABLE, "key", &key))?);
            // It may have gone since.
            page.extend(self.delivery(webhook, id)?.map(|delivery| (id, delivery)));
        }
        Ok((total, page))
    }

    /// The deliveries of a webhook that are to be tried now, but not those of `under_way`: first those that
    /// were tried before, then the others in the order of the log.
    pub fn next_deliveries(
        &self,
        webhook: WebhookId,
        now_ms: i64,
        limit: usize,
        under_way: &HashSet<DeliveryId>,
    ) -> Result<Vec<Identified>, StorageError> {
        let mut cursors = self.lock_cursors();
        let cursor = cursors.0.entry(webhook).or_default();
        let mut found = Vec::new();
        let mut first = None;
        let prefix = of(b'r', webhook).build().len();
        // The clock may have been set back.
        let from = cursor.again.min(now_ms);
        let due = of(b'r', webhook).signed(from).build()
            ..of(b'r', webhook).signed(now_ms.saturating_add(1)).build();
        for stored in self.webhooks.range(due) {
            let key = stored.key().map_err(backend(DOING))?;
            let mut reader = KeyReader::new(&key[prefix..]);
            let (Some(at), Some(id)) = (reader.unsigned(), reader.id()) else {
                return Err(inconsistent(TABLE, "key", &key));
            };
            first.get_or_insert(sortable(at as i64) as i64);
            if found.len() == limit {
                break;
            }
            self.find(webhook, DeliveryId(id), under_way, &mut found)?;
        }
        cursor.again = first.unwrap_or(now_ms);
        let mut first = None;
        let prefix = of(b'n', webhook).build().len();
        let waiting = fresh_key(webhook, cursor.fresh)..=fresh_key(webhook, (u64::MAX, u32::MAX));
        for stored in self.webhooks.range(waiting) {
            let (key, value) = stored.into_inner().map_err(backend(DOING))?;
            let mut reader = KeyReader::new(&key[prefix..]);
            let (Some(seq), Some(index)) = (reader.unsigned(), reader.array()) else {
                return Err(inconsistent(TABLE, "key", &key));
            };
            first.get_or_insert((seq, u32::from_be_bytes(index)));
            if found.len() == limit {
                break;
            }
            let id = decode(TABLE, &key, &value)?;
            self.find(webhook, id, under_way, &mut found)?;
        }
        cursor.fresh = first.unwrap_or(cursor.left).max(cursor.fresh);
        Ok(found)
    }

    fn find(
        &self,
        webhook: WebhookId,
        id: DeliveryId,
        under_way: &HashSet<DeliveryId>,
        found: &mut Vec<Identified>,
    ) -> Result<(), StorageError> {
        if !under_way.contains(&id)
            && let Some(delivery) = self.delivery(webhook, id)?
        {
            found.push((id, delivery));
        }
        Ok(())
    }

    /// When the first delivery is to be tried, ms since 1970; some time ago if it is one that was not
    /// tried before.
    pub fn next_delivery_at(&self, webhook: WebhookId) -> Result<Option<i64>, StorageError> {
        let cursor = self.cursor(webhook);
        let waiting = fresh_key(webhook, cursor.fresh)..=fresh_key(webhook, (u64::MAX, u32::MAX));
        if self.webhooks.range(waiting).next().is_some() {
            return Ok(Some(i64::MIN));
        }
        let prefix = of(b'r', webhook).build().len();
        let due = of(b'r', webhook).signed(cursor.again).build()
            ..of(b'r', webhook).signed(i64::MAX).build();
        let Some(stored) = self.webhooks.range(due).next() else {
            return Ok(None);
        };
        let key = stored.key().map_err(backend(DOING))?;
        let at = KeyReader::new(&key[prefix..]).unsigned();
        let at = at.ok_or_else(|| inconsistent(TABLE, "key", &key))?;
        Ok(Some(sortable(at as i64) as i64))
    }

    /// Writes down what became of deliveries, each with the state that it was in before. One that is not
    /// there any more stays away. The tally then.
    pub fn settle_deliveries(
        &self,
        webhook: WebhookId,
        done: &[(State, DeliveryId, Delivery)],
        now_ms: i64,
    ) -> Result<HookTally, StorageError> {
        let mut cursors = self.lock_cursors();
        let cursor = cursors.0.entry(webhook).or_default();
        let mut tally = self.hook_tally(webhook)?;
        let mut batch = self.batch();
        for (before, id, delivery) in done {
            let kept = self.delivery(webhook, *id)?;
            if kept.is_none_or(|kept| kept.state != *before) {
                continue;
            }
            self.leave(&mut batch.writes, webhook, *id, *before);
            cursor.left(*before);
            tally.count(delivery.last);
            if !delivery.state.is_waiting() {
                tally.settled += 1;
            }
            if is_last(delivery) && !delivery.state.is_waiting() {
                let key = delivery_key(webhook, *id);
                batch.writes.remove(&self.webhooks, key);
                continue;
            }
            self.enter(&mut batch.writes, webhook, *id, delivery)?;
            cursor.entered(*id, delivery.state);
            match delivery.state {
                State::Delivered => tally.delivered += 1,
                State::GivenUp => tally.given_up += 1,
                State::Fresh { .. } | State::Again { .. } => {}
            }
        }
        batch.put(&self.webhooks, of(b't', webhook).build(), &tally)?;
        batch.writes.commit().map_err(backend(DOING))?;
        self.drop_done(webhook, cursor, &mut tally, now_ms)?;
        Ok(tally)
    }

    /// Lets a delivery begin anew now, whether it was taken, given up, or waits; nothing if there is none
    /// with this id.
    pub fn redeliver(
        &self,
        webhook: WebhookId,
        id: DeliveryId,
        now_ms: i64,
    ) -> Result<Option<Delivery>, StorageError> {
        let mut cursors = self.lock_cursors();
        let cursor = cursors.0.entry(webhook).or_default();
        let Some(mut delivery) = self.delivery(webhook, id)? else {
            return Ok(None);
        };
        let mut tally = self.hook_tally(webhook)?;
        let mut batch = self.batch();
        self.leave(&mut batch.writes, webhook, id, delivery.state);
        cursor.left(delivery.state);
        tally.take_off(delivery.state);
        tally.settled -= 1;
        delivery.begin_anew(now_ms);
        self.enter(&mut batch.writes, webhook, id, &delivery)?;
        cursor.entered(id, delivery.state);
        batch.put(&self.webhooks, of(b't', webhook).build(), &tally)?;
        batch.writes.commit().map_err(backend(DOING))?;
        self.sync()?;
        Ok(Some(delivery))
    }

    /// Puts a delivery where its state belongs.
    fn enter(
        &self,
        writes: &mut OwnedWriteBatch,
        webhook: WebhookId,
        id: DeliveryId,
        delivery: &Delivery,
    ) -> Result<(), StorageError> {
        let keyspace = &self.webhooks;
        writes.insert(keyspace, delivery_key(webhook, id), encode(delivery)?);
        let state = state_byte(delivery.state);
        writes.insert(keyspace, state_key(webhook, state, id), encode(&())?);
        match delivery.state {
            State::Fresh { seq, index } => {
                writes.insert(keyspace, fresh_key(webhook, (seq, index)), encode(&id)?);
            }
            State::Again { due_ms } => {
                writes.insert(keyspace, again_key(webhook, due_ms, id), encode(&())?);
            }
            State::Delivered | State::GivenUp => {}
        }
        Ok(())
    }

    /// Takes a delivery away from where its state belongs.
    fn leave(
        &self,
        writes: &mut OwnedWriteBatch,
        webhook: WebhookId,
        id: DeliveryId,
        state: State,
    ) {
        let keyspace = &self.webhooks;
        writes.remove(keyspace, state_key(webhook, state_byte(state), id));
        match state {
            State::Fresh { seq, index } => {
                writes.remove(keyspace, fresh_key(webhook, (seq, index)));
            }
            State::Again { due_ms } => writes.remove(keyspace, again_key(webhook, due_ms, id)),
            State::Delivered | State::GivenUp => {}
        }
    }

    fn cursor(&self, webhook: WebhookId) -> Cursor {
        let cursors = self.lock_cursors();
        cursors.0.get(&webhook).cloned().unwrap_or_default()
    }

    /// The right to change deliveries that are there, and what counts them.
    fn lock_cursors(&self) -> std::sync::MutexGuard<'_, Cursors> {
        let poisoned = std::sync::PoisonError::into_inner;
        self.cursors.lock().unwrap_or_else(poisoned)
    }
}

impl Cursor {
    /// Notes that a delivery is in this state no more.
    fn left(&mut self, state: State) {
        if let State::Fresh { seq, index } = state {
            self.left = self.left.max((seq, index));
        }
    }

    /// Notes that a delivery is in this state now.
    fn entered(&mut self, id: DeliveryId, state: State) {
        match state {
            State::Fresh { .. } => {}
            State::Again { due_ms } => self.again = self.again.min(due_ms),
            State::Delivered => self.done[0] = self.done[0].map(|first| first.min(id)),
            State::GivenUp => self.done[1] = self.done[1].map(|first| first.min(id)),
        }
    }
}

impl HookTally {
    /// Notes that a delivery in this state is kept no more.
    const fn take_off(&mut self, state: State) {
        match state {
            State::Delivered => self.delivered -= 1,
            State::GivenUp => self.given_up -= 1,
            State::Fresh { .. } | State::Again { .. } => self.settled += 1,
        }
    }

    /// Takes in what came of an attempt.
    fn count(&mut self, last: Option<Attempt>) {
        match last {
            Some(attempt) if attempt.outcome.is_success() => {
                self.delivered_at = self.delivered_at.max(Some(attempt.at_ms));
                self.failing_since = None;
            }
            Some(attempt) => {
                self.failing_since.get_or_insert(attempt.at_ms);
            }
            None => {}
        }
    }
}
