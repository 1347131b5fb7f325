//! Lists of instances and users, all as of one moment.

use std::collections::BTreeSet;

use fjall::{Readable, Snapshot};
use moca_core::{
    id::{AppId, InstanceId},
    user::User,
};
use serde::de::DeserializeOwned;

use super::{
    super::{
        Devices, InstanceState,
        keys::KeyReader,
        states,
        value::{backend, decode, inconsistent},
    },
    END, TABLE, current, instance_total, instances, member_total, members, members_of, rows_of,
    tag_total, tag_totals, user, user_total, users, users_of,
};
use crate::StorageError;

const DOING: &str = "read who there is";

/// A page of a list with the length of the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// How many there are in all.
    pub total: u64,
    /// Those of the page.
    pub items: Vec<T>,
}

/// Reads who there is as of one moment, whatever is written meanwhile.
pub struct PeopleReader<'a> {
    devices: &'a Devices,
    snapshot: Snapshot,
}

impl Devices {
    /// A reader of who there is now.
    pub fn people_reader(&self) -> PeopleReader<'_> {
        PeopleReader {
            devices: self,
            snapshot: self.database.snapshot(),
        }
    }
}

impl PeopleReader<'_> {
    /// The app's instances in the order they registered. The number is kept, so a page costs the same
    /// however many there are.
    pub fn instances(
        &self,
        app: AppId,
        offset: usize,
        limit: usize,
    ) -> Result<Listed<InstanceId>, StorageError> {
        let prefix = instances(app).build();
        let mut items = Vec::new();
        for stored in self.keys(&prefix).skip(offset).take(limit) {
            items.push(instance_in(&prefix, &stored?)?);
        }
        let total = self.get(&instance_total(app))?.unwrap_or(0);
        Ok(Listed { total, items })
    }

    /// Calls `each` with the state of every instance of the app, in the order they registered, until
    /// it says no.
    pub fn for_each_state(
        &self,
        app: AppId,
        mut each: impl FnMut(InstanceState) -> bool,
    ) -> Result<(), StorageError> {
        let prefix = instances(app).build();
        for key in self.keys(&prefix) {
            let state_key = states::key(instance_in(&prefix, &key?)?);
            let stored = self.snapshot.get(&self.devices.states, &state_key);
            // One that is being erased is in the list for a little longer.
            let Some(stored) = stored.map_err(backend(DOING))? else {
                continue;
            };
            if !each(states::decode(&state_key, &stored)?) {
                break;
            }
        }
        Ok(())
    }

    /// The instances that a user is or was logged in on, in the order they registered.
    pub fn instances_of_user(
        &self,
        app: AppId,
        user_id: &str,
        offset: usize,
        limit: usize,
    ) -> Result<Listed<InstanceId>, StorageError> {
        let prefix = members_of(app, user_id).build();
        let page = self.keys(&prefix).skip(offset).take(limit);
        Ok(Listed {
            total: self.get(&member_total(app, user_id))?.unwrap_or(0),
            items: page
                .map(|key| instance_in(&prefix, &key?))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The newest of these instances, the newest first.
    pub fn newest_instances_of_user(
        &self,
        app: AppId,
        user_id: &str,
        limit: usize,
    ) -> Result<Listed<InstanceId>, StorageError> {
        let prefix = members_of(app, user_id).build();
        let newest = self.keys(&prefix).rev().take(limit);
        Ok(Listed {
            total: self.get(&member_total(app, user_id))?.unwrap_or(0),
            items: newest
                .map(|key| instance_in(&prefix, &key?))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The instances that users whose id has a property are or were logged in on, in the order they
    /// registered.
    pub fn instances_of_users(
        &self,
        app: AppId,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<BTreeSet<InstanceId>, StorageError> {
        let prefix = members(app).build();
        let mut found = BTreeSet::new();
        for key in self.keys(&prefix) {
            let key = key?;
            let tail = &key[prefix.len()..];
            let end = tail.iter().position(|byte| *byte == END);
            let end = end.ok_or_else(|| inconsistent(TABLE, "key", &key))?;
            if wanted(text(&key, &tail[..end])?) {
                found.insert(instance_in(&tail[..=end], tail)?);
            }
        }
        Ok(found)
    }

    /// The ids of the app's users in the order of their first login.
    pub fn users(
        &self,
        app: AppId,
        offset: usize,
        limit: usize,
    ) -> Result<Listed<String>, StorageError> {
        let prefix = users(app).build();
        let mut items = Vec::new();
        for key in self.keys(&prefix).skip(offset).take(limit) {
            items.push(user_in(&prefix, &key?)?);
        }
        let total = self.get(&user_total(app))?.unwrap_or(0);
        Ok(Listed { total, items })
    }

    /// The same for those whose id has a property; all ids are looked at.
    pub fn users_with(
        &self,
        app: AppId,
        offset: usize,
        limit: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Listed<String>, StorageError> {
        let prefix = users(app).build();
        let (mut total, mut items) = (0, Vec::new());
        for key in self.keys(&prefix) {
            let user = user_in(&prefix, &key?)?;
            if wanted(&user) {
                if total >= offset as u64 && items.len() < limit {
                    items.push(user);
                }
                total += 1;
            }
        }
        Ok(Listed { total, items })
    }

    /// The user that is logged in on an instance.
    pub fn current_user(&self, instance: InstanceId) -> Result<Option<String>, StorageError> {
        self.get(&current(instance))
    }

    /// What is kept of a user.
    pub fn user(&self, app: AppId, user_id: &str) -> Result<Option<User>, StorageError> {
        self.get(&user(app, user_id))
    }

    /// How many instances carry a tag.
    pub fn tagged(&self, app: AppId, tag: &str) -> Result<u64, StorageError> {
        Ok(self.get(&tag_total(app, tag))?.unwrap_or(0))
    }

    /// Calls `each` with every tag that instances of the app carry, and how many do, by name.
    pub fn for_each_tag(
        &self,
        app: AppId,
        mut each: impl FnMut(&str, u64),
    ) -> Result<(), StorageError> {
        let prefix = tag_totals(app).build();
        for stored in self.snapshot.prefix(&self.devices.people, &prefix) {
            let (key, value) = stored.into_inner().map_err(backend(DOING))?;
            each(
                text(&key, &key[prefix.len()..])?,
                decode(TABLE, &key, &value)?,
            );
        }
        Ok(())
    }

    /// The first row of the log behind `after` that tells of an instance.
    pub fn next_row(&self, instance: InstanceId, after: u64) -> Result<Option<u64>, StorageError> {
        let prefix = rows_of(instance).build();
        let from = rows_of(instance).unsigned(after.saturating_add(1)).build();
        let to = rows_of(instance).unsigned(u64::MAX).build();
        let stored = self.snapshot.range(&self.devices.people, from..=to).next();
        let Some(stored) = stored else {
            return Ok(None);
        };
        let key = stored.key().map_err(backend(DOING))?;
        let seq = KeyReader::new(&key[prefix.len()..]).unsigned();
        seq.map(Some)
            .ok_or_else(|| inconsistent(TABLE, "key", &key))
    }

    /// The users that are or were logged in on an instance.
    pub fn users_of(&self, instance: InstanceId) -> Result<Vec<String>, StorageError> {
        let prefix = users_of(instance).build();
        self.keys(&prefix)
            .map(|key| {
                let key = key?;
                text(&key, &key[prefix.len()..]).map(str::to_owned)
            })
            .collect()
    }

    /// The rows of the log that tell of an instance, in order.
    pub fn rows(&self, instance: InstanceId) -> Result<Vec<u64>, StorageError> {
        let prefix = rows_of(instance).build();
        let seq = |key: &[u8]| KeyReader::new(&key[prefix.len()..]).unsigned();
        self.keys(&prefix)
            .map(|key| {
                let key = key?;
                seq(&key).ok_or_else(|| inconsistent(TABLE, "key", &key))
            })
            .collect()
    }

    fn keys(
        &self,
        prefix: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<fjall::UserKey, StorageError>> + use<> {
        let stored = self.snapshot.prefix(&self.devices.people, prefix);
        stored.map(|stored| stored.key().map_err(backend(DOING)))
    }

    fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StorageError> {
        let value = self.snapshot.get(&self.devices.people, key);
        let value = value.map_err(backend(DOING))?;
        value.map(|value| decode(TABLE, key, &value)).transpose()
    }
}

/// The instance that follows the prefix of a key.
fn instance_in(prefix: &[u8], key: &[u8]) -> Result<InstanceId, StorageError> {
    let id = KeyReader::new(&key[prefix.len()..]).id();
    id.map(InstanceId)
        .ok_or_else(|| inconsistent(TABLE, "key", key))
}

/// The user in a key of the list: behind the time of the first login.
fn user_in(prefix: &[u8], key: &[u8]) -> Result<String, StorageError> {
    let user = key.get(prefix.len() + size_of::<u64>()..);
    text(key, user.unwrap_or_default()).map(str::to_owned)
}

fn text<'a>(key: &[u8], bytes: &'a [u8]) -> Result<&'a str, StorageError> {
    std::str::from_utf8(bytes).map_err(|_| inconsistent(TABLE, "key", key))
}
