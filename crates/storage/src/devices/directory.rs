//! Who is who: instances by id, token and device key, and their dense numbers.

use moca_core::{
    event::Subject,
    id::{AppId, InstanceId},
};
use serde::{Deserialize, Serialize};

use super::{
    Batch, Devices,
    keys::Key,
    value::{backend, decode, inconsistent},
};
use crate::StorageError;

const TABLE: &str = "directory";

/// A registered instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryEntry {
    /// Who it is.
    pub subject: Subject,
    /// SHA-256 of the token that works now.
    pub token_hash: [u8; 32],
}

fn entry_key(instance: InstanceId) -> Vec<u8> {
    Key::new().byte(b'i').instance(instance).build()
}

fn token_key(hash: &[u8; 32]) -> Vec<u8> {
    Key::new().byte(b't').bytes(hash).build()
}

fn device_key(app: AppId, hash: &[u8; 32]) -> Vec<u8> {
    Key::new().byte(b'k').app(app).bytes(hash).build()
}

/// Finds the device key of an instance, to forget it with the instance.
fn device_key_of(instance: InstanceId) -> Vec<u8> {
    Key::new().byte(b'd').instance(instance).build()
}

/// There for those who refused to tell where they are.
fn refuses_location_key(instance: InstanceId) -> Vec<u8> {
    Key::new().byte(b'l').instance(instance).build()
}

fn number_key(app: AppId) -> Vec<u8> {
    Key::new().byte(b'n').app(app).build()
}

impl Devices {
    /// The instance with this id.
    pub fn directory_entry(
        &self,
        instance: InstanceId,
    ) -> Result<Option<DirectoryEntry>, StorageError> {
        self.get(TABLE, &self.directory, &entry_key(instance))
    }

    /// The instance whose token has this hash.
    pub fn instance_by_token(&self, hash: &[u8; 32]) -> Result<Option<InstanceId>, StorageError> {
        self.get(TABLE, &self.directory, &token_key(hash))
    }

    /// The instance of this app whose device key has this hash.
    pub fn instance_by_device_key(
        &self,
        app: AppId,
        hash: &[u8; 32],
    ) -> Result<Option<InstanceId>, StorageError> {
        self.get(TABLE, &self.directory, &device_key(app, hash))
    }

    /// The hash of the device key that an instance is known by.
    pub fn device_key_of(&self, instance: InstanceId) -> Result<Option<[u8; 32]>, StorageError> {
        self.get(TABLE, &self.directory, &device_key_of(instance))
    }

    /// Whether an instance has refused to tell where it is.
    pub fn refuses_location(&self, instance: InstanceId) -> Result<bool, StorageError> {
        let key = refuses_location_key(instance);
        Ok(self.get::<()>(TABLE, &self.directory, &key)?.is_some())
    }

    /// Writes what a store made before there were erasures lacks: the way from an instance to its
    /// device key.
    pub(super) fn complete_directory(&self) -> Result<(), StorageError> {
        const DOING: &str = "complete the directory of instances";
        if self.get::<()>(TABLE, &self.directory, b"v")?.is_some() {
            return Ok(());
        }
        let mut batch = self.batch();
        for stored in self.directory.prefix(b"k") {
            let (key, value) = stored.into_inner().map_err(backend(DOING))?;
            let instance: InstanceId = decode(TABLE, &key, &value)?;
            let hash = key.last_chunk::<32>();
            let hash = hash.ok_or_else(|| inconsistent(TABLE, "key", &key))?;
            batch.put(&self.directory, device_key_of(instance), hash)?;
        }
        batch.put(&self.directory, b"v".to_vec(), &())?;
        batch.writes.commit().map_err(backend(DOING))
    }

    /// The number the next instance of this app gets.
    pub fn next_number(&self, app: AppId) -> Result<u32, StorageError> {
        Ok(self
            .get(TABLE, &self.directory, &number_key(app))?
            .unwrap_or(0))
    }
}

impl Batch<'_> {
    /// Keeps an instance.
    pub fn put_directory_entry(&mut self, entry: &DirectoryEntry) -> Result<(), StorageError> {
        let key = entry_key(entry.subject.instance_id);
        self.put(&self.devices.directory, key, entry)
    }

    /// Forgets an instance.
    pub fn remove_directory_entry(&mut self, instance: InstanceId) {
        let directory = &self.devices.directory;
        self.writes.remove(directory, entry_key(instance));
        self.writes.remove(directory, device_key_of(instance));
    }

    /// Makes a token stand for an instance, or for none.
    pub fn put_token(
        &mut self,
        hash: &[u8; 32],
        instance: Option<InstanceId>,
    ) -> Result<(), StorageError> {
        match instance {
            Some(instance) => self.put(&self.devices.directory, token_key(hash), &instance),
            None => {
                self.writes.remove(&self.devices.directory, token_key(hash));
                Ok(())
            }
        }
    }

    /// Makes a device key stand for an instance, or for none.
    pub fn put_device_key(
        &mut self,
        app: AppId,
        hash: &[u8; 32],
        instance: Option<InstanceId>,
    ) -> Result<(), StorageError> {
        let directory = &self.devices.directory;
        let Some(instance) = instance else {
            self.writes.remove(directory, device_key(app, hash));
            return Ok(());
        };
        self.put(directory, device_key_of(instance), hash)?;
        self.put(directory, device_key(app, hash), &instance)
    }

    /// Notes whether an instance refuses to tell where it is.
    pub fn put_refuses_location(
        &mut self,
        instance: InstanceId,
        refuses: bool,
    ) -> Result<(), StorageError> {
        let (directory, key) = (&self.devices.directory, refuses_location_key(instance));
        match refuses {
            true => self.put(directory, key, &()),
            false => {
                self.writes.remove(directory, key);
                Ok(())
            }
        }
    }

    /// Notes the number the next instance of this app gets.
    pub fn put_next_number(&mut self, app: AppId, number: u32) -> Result<(), StorageError> {
        self.put(&self.devices.directory, number_key(app), &number)
    }
}
