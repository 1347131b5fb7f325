//! Erasing an instance: everything that has its id, or that of its user, in a key or value.
//!
//! The decide stage has removed the state by then, and the directory its entry. What is left is many
//! keys, so they are removed in several writes, each of which may be repeated. The last one takes away
//! the note that the instance is to be erased, together with what is counted: that must happen once.

use fjall::Keyspace;
use moca_core::event::Subject;
use serde::{Deserialize, Serialize};

use super::{
    Batch, Consumer, Devices, PeopleStep,
    decisions::{decisions_of, same_in_app},
    inbox::inbox_of,
    people,
    receipts::receipts_of,
    replays::{replayed_of, same_of_replay},
    seen::seen_of,
    value::{backend, decode},
};
use crate::StorageError;

/// Keys removed by one write.
const KEYS_AT_ONCE: usize = 10_000;

const ERASED: &[u8] = b"erased";
const SWEPT: &[u8] = b"swept";

/// How many instances were erased, and when the last one was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// Instances since the store was made.
    pub count: u64,
    /// Server time, ms since 1970.
    pub at_ms: i64,
}

impl Devices {
    /// The instances whose erasure was asked for and is not finished.
    pub fn pending_erasures(&self) -> Result<Vec<Subject>, StorageError> {
        let stored = self.people.prefix(people::pending().build());
        stored
            .map(|stored| {
                let (key, value) = stored.into_inner().map_err(backend(DOING))?;
                decode("people", &key, &value)
            })
            .collect()
    }

    /// Removes all that is kept of an instance, once the log does not tell of it any more.
    pub fn erase(&self, subject: Subject, now_ms: i64) -> Result<(), StorageError> {
        let (app, instance) = (subject.app_id, subject.instance_id);
        self.remove_all(&self.inbox, &inbox_of(instance), |_| None)?;
        self.remove_all(&self.receipts, &receipts_of(instance).build(), |_| None)?;
        self.forget_decisions(&self.decisions, &decisions_of(app, instance), |key| {
            same_in_app(app, key)
        })?;
        self.forget_decisions(&self.replays, &replayed_of(instance), same_of_replay)?;
        for week in self.seen_keyspaces() {
            self.remove_all(&week, &seen_of(instance), |_| None)?;
        }
        self.remove_all(&self.people, &people::rows_of(instance).build(), |_| None)?;
        self.take_off_pushes(instance)?;
        self.take_off_webhooks(instance)?;
        let mut step = self.people_step();
        step.erase(subject)?;
        let mut batch = self.batch();
        batch.put_people(step);
        let erased = Erased {
            count: self.erased()?.count + 1,
            at_ms: now_ms,
        };
        batch.put(&self.offsets, ERASED.to_vec(), &erased)?;
        let offset = self.offset(Consumer::People)?;
        batch.commit(Consumer::People, offset)
    }

    /// What was erased so far.
    pub fn erased(&self) -> Result<Erased, StorageError> {
        Ok(self
            .get("offsets", &self.offsets, ERASED)?
            .unwrap_or_default())
    }

    /// What was erased when the last sweep began, and when that was.
    pub fn swept(&self) -> Result<Erased, StorageError> {
        Ok(self
            .get("offsets", &self.offsets, SWEPT)?
            .unwrap_or_default())
    }

    pub(super) fn put_swept(&self, swept: Erased) -> Result<(), StorageError> {
        let mut batch = self.batch();
        batch.put(&self.offsets, SWEPT.to_vec(), &swept)?;
        batch.writes.commit().map_err(backend(DOING))?;
        self.sync()
    }

    /// Removes the keys with a prefix, each with another one that belongs to it.
    pub(super) fn remove_all(
        &self,
        keyspace: &Keyspace,
        prefix: &[u8],
        other: impl Fn(&[u8]) -> Option<Vec<u8>>,
    ) -> Result<(), StorageError> {
        loop {
            let mut batch: Batch<'_> = self.batch();
            let mut removed = 0;
            for stored in keyspace.prefix(prefix).take(KEYS_AT_ONCE) {
                let key = stored.key().map_err(backend(DOING))?;
                if let Some(other) = other(&key) {
                    batch.writes.remove(keyspace, other);
                }
                batch.writes.remove(keyspace, key);
                removed += 1;
            }
            if removed == 0 {
                return Ok(());
            }
            batch.writes.commit().map_err(backend(DOING))?;
        }
    }
}

const DOING: &str = "erase an instance from the device store";

impl PeopleStep<'_> {
    /// Takes the instance off the lists, and with their last instance its users; it is erased then.
    fn erase(&mut self, subject: Subject) -> Result<(), StorageError> {
        let (app, instance) = (subject.app_id, subject.instance_id);
        for user in self.tails(people::users_of(instance))? {
            self.take_member(app, &user, instance)?;
        }
        for tag in self.tails(people::tags_of(instance))? {
            self.take_tag(app, instance, &tag)?;
        }
        self.take_instance(app, instance)?;
        self.remove(people::pending().instance(instance).build());
        Ok(())
    }
}
