//! To whom a notification is still to be sent.
//!
//! Its audience is taken once and written down here. Who was served is removed together with the new
//! counts, so whatever happens in between, nobody is left out, and nobody is asked twice but those
//! whose answer was not written down.
//!
//! Unlike all else here this cannot be made again from the event log, so it is synced.

use std::collections::BTreeMap;

use moca_core::{
    id::{InstanceId, NotificationId},
    limits::PUSH_ATTEMPTS_MAX,
    notification::{
        Failure,
        counts::{Counted, Counts},
    },
};
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use super::{
    Batch, Devices,
    keys::{Key, KeyReader},
    value::{backend, inconsistent},
};
use crate::StorageError;

const TABLE: &str = "pushes";
const DOING: &str = "read or write who is to be pushed to";
/// Keys removed by one write.
const KEYS_AT_ONCE: usize = 10_000;

/// What became of a notification so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushTally {
    /// Whether the audience is here as a whole.
    pub is_whole: bool,
    /// Instances it is for.
    pub targeted: i64,
    /// Instances whose push service was asked.
    pub sent: i64,
    /// Those of them for which it took the message.
    pub accepted: i64,
    /// The others, by reason.
    pub failed: BTreeMap<Failure, i64>,
}

/// Somebody to be sent to, and how often that was tried before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Attempts so far.
    pub attempts: u8,
    /// Who.
    pub instance_id: InstanceId,
}

fn tally_key(notification: NotificationId) -> Vec<u8> {
    Key::new().byte(b't').bytes(&notification.0.0).build()
}

fn queue(notification: NotificationId) -> Key {
    Key::new().byte(b'q').bytes(&notification.0.0)
}

fn queue_key(notification: NotificationId, waiting: Waiting) -> Vec<u8> {
    queue(notification)
        .byte(waiting.attempts)
        .instance(waiting.instance_id)
        .build()
}

impl Devices {
    /// What became of a notification so far; nothing if its audience was never taken.
    pub fn push_tally(
        &self,
        notification: NotificationId,
    ) -> Result<Option<PushTally>, StorageError> {
        self.get(TABLE, &self.pushes, &tally_key(notification))
    }

    /// Begins to take the audience of a notification; what an earlier attempt left is removed.
    pub fn begin_audience(&self, notification: NotificationId) -> Result<(), StorageError> {
        self.forget_audience(notification)?;
        let mut batch = self.batch();
        batch.put(&self.pushes, tally_key(notification), &PushTally::default())?;
        batch.writes.commit().map_err(backend(DOING))
    }

    /// Adds to the audience.
    pub fn add_audience(
        &self,
        notification: NotificationId,
        instances: &[InstanceId],
    ) -> Result<(), StorageError> {
        let mut batch = self.batch();
        for instance_id in instances {
            let waiting = Waiting {
                attempts: 0,
                instance_id: *instance_id,
            };
            batch.put(&self.pushes, queue_key(notification, waiting), &())?;
        }
        batch.writes.commit().map_err(backend(DOING))
    }

    /// Says that the audience is whole, and which numbers these instances have; it counts who was added,
    /// each once, at this moment.
    pub fn end_audience(
        &self,
        of: &Counted,
        at_ms: i64,
        numbers: &RoaringBitmap,
    ) -> Result<PushTally, StorageError> {
        let notification = of.notification_id;
        let mut tally = PushTally {
            is_whole: true,
            ..PushTally::default()
        };
        for stored in self.pushes.prefix(queue(notification).build()) {
            stored.key().map_err(backend(DOING))?;
            tally.targeted += 1;
        }
        let mut batch = self.batch();
        batch.put(&self.pushes, tally_key(notification), &tally)?;
        batch.put_targeted(of, at_ms, tally.targeted as u64)?;
        batch.put_addressed(notification, numbers)?;
        batch.writes.commit().map_err(backend(DOING))?;
        self.sync()?;
        Ok(tally)
    }

    /// Those that are next, who were tried least before all others.
    pub fn next_waiting(
        &self,
        notification: NotificationId,
        limit: usize,
    ) -> Result<Vec<Waiting>, StorageError> {
        let prefix = queue(notification).build();
        let mut found = Vec::new();
        for stored in self.pushes.prefix(&prefix).take(limit) {
            let key = stored.key().map_err(backend(DOING))?;
            let mut reader = KeyReader::new(&key[prefix.len()..]);
            let (attempts, instance) = (reader.array::<1>(), reader.id());
            let (Some([attempts]), Some(instance)) = (attempts, instance) else {
                return Err(inconsistent(TABLE, "key", &key));
            };
            found.push(Waiting {
                attempts,
                instance_id: InstanceId(instance),
            });
        }
        Ok(found)
    }

    /// Takes those who were served off the list, puts those to be tried again at its end, and keeps
    /// the counts, and what they have `grown` by at this moment, all at once and for good. It went to none
    /// of the `unreached`, who are named by their numbers.
    pub fn settle(
        &self,
        of: &Counted,
        (served, again, unreached): (&[Waiting], &[Waiting], &RoaringBitmap),
        tally: &PushTally,
        (at_ms, grown): (i64, &Counts),
    ) -> Result<(), StorageError> {
        let notification = of.notification_id;
        let mut batch: Batch<'_> = self.batch();
        for waiting in served.iter().chain(again) {
            let key = queue_key(notification, *waiting);
            batch.writes.remove(&self.pushes, key);
        }
        for waiting in again {
            let later = Waiting {
                attempts: waiting.attempts + 1,
                ..*waiting
            };
            batch.put(&self.pushes, queue_key(notification, later), &())?;
        }
        batch.put(&self.pushes, tally_key(notification), tally)?;
        batch.take_off_addressed(notification, unreached)?;
        if *grown != Counts::default() {
            batch.add_push_counts(of, at_ms, grown)?;
        }
        batch.writes.commit().map_err(backend(DOING))?;
        self.sync()
    }

    /// Removes who is still to be sent a notification. It goes to none of those who were not tried yet.
    pub fn forget_audience(&self, notification: NotificationId) -> Result<(), StorageError> {
        loop {
            let mut batch = self.batch();
            let mut removed = 0;
            let mut untried = RoaringBitmap::new();
            for waiting in self.next_waiting(notification, KEYS_AT_ONCE)? {
                let key = queue_key(notification, waiting);
                batch.writes.remove(&self.pushes, key);
                removed += 1;
                if waiting.attempts == 0
                    && let Some(state) = self.state(waiting.instance_id)?
                {
                    untried.insert(state.subject.number);
                }
            }
            batch.take_off_addressed(notification, &untried)?;
            if removed == 0 {
                // Last, as its being there says that there may be something to remove.
                batch.writes.remove(&self.pushes, tally_key(notification));
                return batch.writes.commit().map_err(backend(DOING));
            }
            batch.writes.commit().map_err(backend(DOING))?;
        }
    }

    /// The notifications of which something is kept.
    pub fn pushed(&self) -> Result<Vec<NotificationId>, StorageError> {
        let mut found = Vec::new();
        for stored in self.pushes.prefix(b"t") {
            let key = stored.key().map_err(backend(DOING))?;
            let id = KeyReader::new(&key[1..]).id();
            let id = id.ok_or_else(|| inconsistent(TABLE, "key", &key))?;
            found.push(NotificationId(id));
        }
        Ok(found)
    }

    /// Takes an instance off all lists.
    pub(super) fn take_off_pushes(&self, instance_id: InstanceId) -> Result<(), StorageError> {
        let notifications = self.pushed()?;
        if notifications.is_empty() {
            return Ok(());
        }
        let mut batch = self.batch();
        for notification in notifications {
            for attempts in 0..=PUSH_ATTEMPTS_MAX {
                let waiting = Waiting {
                    attempts,
                    instance_id,
                };
                let key = queue_key(notification, waiting);
                batch.writes.remove(&self.pushes, key);
            }
        }
        batch.writes.commit().map_err(backend(DOING))
    }
}
