//! Event ids seen, so that a repeat is ignored for a week at least.
//!
//! Ids are kept by the week they came in, one keyspace a week, and looked up in this week and the
//! one before: each is remembered for seven to fourteen days. Forgetting is dropping a keyspace,
//! which costs nothing an id.

use std::sync::{PoisonError, RwLockReadGuard};

use fjall::{Database, Keyspace};
use moca_core::{id::InstanceId, limits::EVENT_ID_KEPT_MS};

use super::{
    Batch, Devices,
    keys::Key,
    open_keyspace, seen_options,
    value::{backend, inconsistent},
};
use crate::StorageError;

const PREFIX: &str = "seen-";

/// The weeks that are kept, the newest last; one or two.
pub(super) struct Generations(Vec<(i64, Keyspace)>);

impl Generations {
    pub(super) fn open(database: &Database) -> Result<Self, StorageError> {
        let mut weeks = Vec::new();
        for name in database.list_keyspace_names() {
            if let Some(week) = name.strip_prefix(PREFIX) {
                weeks.push(
                    week.parse::<i64>()
                        .map_err(|_| inconsistent("seen", "week", week.as_bytes()))?,
                );
            }
        }
        weeks.sort_unstable();
        let mut generations = Self(Vec::new());
        for week in weeks {
            generations.add(database, week)?;
        }
        Ok(generations)
    }

    fn add(&mut self, database: &Database, week: i64) -> Result<(), StorageError> {
        let keyspace = open_keyspace(database, &format!("{PREFIX}{week}"), seen_options)?;
        self.0.push((week, keyspace));
        let kept = self.0.partition_point(|(kept, _)| *kept < week - 1);
        for (_, expired) in self.0.drain(..kept) {
            database
                .delete_keyspace(expired)
                .map_err(backend("forget old event ids"))?;
        }
        Ok(())
    }
}

/// All ids that an instance has sent.
pub(super) fn seen_of(instance: InstanceId) -> Vec<u8> {
    Key::new().instance(instance).build()
}

fn key(instance: InstanceId, event_id: &[u8; 16]) -> Vec<u8> {
    Key::new().instance(instance).bytes(event_id).build()
}

impl Devices {
    /// Makes this the week that ids are added to, unless a later one was; forgets those from before
    /// the week before. To be called before ids that came in at this time are looked up.
    pub fn seen_begin(&self, received_at: i64) -> Result<(), StorageError> {
        let week = received_at.div_euclid(EVENT_ID_KEPT_MS);
        if self
            .generations()
            .0
            .last()
            .is_some_and(|(newest, _)| *newest >= week)
        {
            return Ok(());
        }
        // A panic while this lock was held leaves whole generations, never half of one.
        self.seen
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .add(&self.database, week)
    }

    /// Whether this instance has sent an event with this id before.
    pub fn is_seen(&self, instance: InstanceId, event_id: &[u8; 16]) -> Result<bool, StorageError> {
        let key = key(instance, event_id);
        for (_, keyspace) in self.generations().0.iter().rev() {
            if keyspace
                .contains_key(&key)
                .map_err(backend("look up an event id"))?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The weeks that are kept.
    pub(super) fn seen_keyspaces(&self) -> Vec<Keyspace> {
        let weeks = self.generations();
        weeks.0.iter().map(|(_, week)| week.clone()).collect()
    }

    fn generations(&self) -> RwLockReadGuard<'_, Generations> {
        self.seen.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch<'_> {
    /// Remembers the id of an event.
    pub fn put_seen(&mut self, instance: InstanceId, event_id: &[u8; 16]) {
        if let Some((_, newest)) = self.devices.generations().0.last() {
            self.writes
                .insert(newest, key(instance, event_id), Vec::new());
        }
    }
}
