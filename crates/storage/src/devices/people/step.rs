//! What a step changes. It reads what it has written itself, so that it does not matter how many
//! records one step takes in.

use std::collections::BTreeMap;

use moca_core::{
    event::Subject,
    id::{AppId, InstanceId},
    user::User,
};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    super::{
        Batch, Devices,
        keys::Key,
        value::{backend, decode, encode, inconsistent},
    },
    TABLE, current, instance_total, instances, member_total, members_of, pending, rows_of,
    tag_total, tags_of, user, user_in_order, user_total, users_of,
};
use crate::StorageError;

/// The changes of one step, not written yet.
pub struct PeopleStep<'a> {
    devices: &'a Devices,
    /// The new values, and nothing for what is to be removed.
    changed: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// The row noted last: an instance tells much in one row, one thing after the other.
    noted: Option<(InstanceId, u64)>,
}

impl Devices {
    /// Starts a step.
    pub fn people_step(&self) -> PeopleStep<'_> {
        PeopleStep {
            devices: self,
            changed: BTreeMap::new(),
            noted: None,
        }
    }
}

impl PeopleStep<'_> {
    /// Notes that a row of the log tells of an instance.
    pub fn note_row(&mut self, instance: InstanceId, seq: u64) {
        if self.noted.replace((instance, seq)) != Some((instance, seq)) {
            self.mark(rows_of(instance).unsigned(seq).build());
        }
    }

    /// Adds an instance to its app, if it is not there.
    pub fn add_instance(&mut self, app: AppId, instance: InstanceId) -> Result<(), StorageError> {
        if self.add(instances(app).instance(instance).build())? {
            self.count(instance_total(app), 1)?;
        }
        Ok(())
    }

    /// The user that is logged in on an instance.
    pub fn current_user(&self, instance: InstanceId) -> Result<Option<String>, StorageError> {
        self.get(&current(instance))
    }

    /// Notes who is logged in on an instance now.
    pub fn set_current_user(
        &mut self,
        app: AppId,
        instance: InstanceId,
        user: Option<&str>,
    ) -> Result<(), StorageError> {
        let Some(user) = user else {
            self.remove(current(instance));
            return Ok(());
        };
        self.put(current(instance), &user)?;
        if self.add(members_of(app, user).instance(instance).build())? {
            self.count(member_total(app, user), 1)?;
        }
        self.mark(users_of(instance).bytes(user.as_bytes()).build());
        Ok(())
    }

    /// What is kept of a user.
    pub fn user(&self, app: AppId, user_id: &str) -> Result<Option<User>, StorageError> {
        self.get(&user(app, user_id))
    }

    /// Keeps a user, new or changed.
    pub fn put_user(&mut self, app: AppId, user_id: &str, kept: &User) -> Result<(), StorageError> {
        if self.add(user_in_order(app, kept.created_at, user_id))? {
            self.count(user_total(app), 1)?;
        }
        self.put(user(app, user_id), kept)
    }

    /// Notes that an instance carries a tag.
    pub fn add_tag(
        &mut self,
        app: AppId,
        instance: InstanceId,
        tag: &str,
    ) -> Result<(), StorageError> {
        if self.add(tags_of(instance).bytes(tag.as_bytes()).build())? {
            self.count(tag_total(app, tag), 1)?;
        }
        Ok(())
    }

    /// Notes that an instance is to be erased.
    pub fn request_erasure(&mut self, subject: Subject) -> Result<(), StorageError> {
        self.put(pending().instance(subject.instance_id).build(), &subject)
    }

    /// Takes an instance from a user; a user without any is none.
    pub(in super::super) fn take_member(
        &mut self,
        app: AppId,
        user_id: &str,
        instance: InstanceId,
    ) -> Result<(), StorageError> {
        self.remove(users_of(instance).bytes(user_id.as_bytes()).build());
        if self.take(members_of(app, user_id).instance(instance).build())? {
            self.count(member_total(app, user_id), -1)?;
        }
        if self.bytes(&member_total(app, user_id))?.is_some() {
            return Ok(());
        }
        if let Some(kept) = self.user(app, user_id)? {
            self.remove(user(app, user_id));
            self.remove(user_in_order(app, kept.created_at, user_id));
            self.count(user_total(app), -1)?;
        }
        Ok(())
    }

    /// Takes a tag from an instance.
    pub(in super::super) fn take_tag(
        &mut self,
        app: AppId,
        instance: InstanceId,
        tag: &str,
    ) -> Result<(), StorageError> {
        if self.take(tags_of(instance).bytes(tag.as_bytes()).build())? {
            self.count(tag_total(app, tag), -1)?;
        }
        Ok(())
    }

    /// Takes an instance from its app.
    pub(in super::super) fn take_instance(
        &mut self,
        app: AppId,
        instance: InstanceId,
    ) -> Result<(), StorageError> {
        self.remove(current(instance));
        if self.take(instances(app).instance(instance).build())? {
            self.count(instance_total(app), -1)?;
        }
        Ok(())
    }

    /// The texts that follow a prefix in the keys of the store.
    pub(in super::super) fn tails(&self, prefix: Key) -> Result<Vec<String>, StorageError> {
        let prefix = prefix.build();
        let stored = self.devices.people.prefix(&prefix);
        stored
            .map(|stored| {
                let key = stored.key().map_err(backend("read who there is"))?;
                let tail = String::from_utf8(key[prefix.len()..].to_vec());
                tail.map_err(|_| inconsistent(TABLE, "key", &key))
            })
            .collect()
    }

    /// Removes a key that says all by being there; false if it was not.
    fn take(&mut self, key: Vec<u8>) -> Result<bool, StorageError> {
        if self.bytes(&key)?.is_none() {
            return Ok(false);
        }
        self.remove(key);
        Ok(true)
    }

    /// Adds a key that says all by being there; false if it was there.
    fn add(&mut self, key: Vec<u8>) -> Result<bool, StorageError> {
        if self.bytes(&key)?.is_some() {
            return Ok(false);
        }
        self.mark(key);
        Ok(true)
    }

    /// Changes a number; one that becomes 0 is removed.
    fn count(&mut self, key: Vec<u8>, difference: i64) -> Result<(), StorageError> {
        let before: u64 = self.get(&key)?.unwrap_or(0);
        match before.saturating_add_signed(difference) {
            0 => self.remove(key),
            after => self.put(key, &after)?,
        }
        Ok(())
    }

    fn mark(&mut self, key: Vec<u8>) {
        self.changed.insert(key, Some(Vec::new()));
    }

    pub(in super::super) fn remove(&mut self, key: Vec<u8>) {
        self.changed.insert(key, None);
    }

    fn put<T: Serialize>(&mut self, key: Vec<u8>, value: &T) -> Result<(), StorageError> {
        self.changed.insert(key, Some(encode(value)?));
        Ok(())
    }

    fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StorageError> {
        let value = self.bytes(key)?;
        value.map(|value| decode(TABLE, key, &value)).transpose()
    }

    fn bytes(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        if let Some(changed) = self.changed.get(key) {
            return Ok(changed.clone());
        }
        let stored = self.devices.people.get(key);
        let stored = stored.map_err(backend("read who there is"))?;
        Ok(stored.map(|value| value.to_vec()))
    }
}

impl Batch<'_> {
    /// Writes what a step changed.
    pub fn put_people(&mut self, step: PeopleStep<'_>) {
        for (key, value) in step.changed {
            match value {
                Some(value) => self.writes.insert(&self.devices.people, key, value),
                None => self.writes.remove(&self.devices.people, key),
            }
        }
    }
}
