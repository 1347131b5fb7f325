//! Who is who: instances by id, token and device key, and their dense numbers.

use moca_core::{
    event::Subject,
    id::{AppId, InstanceId},
};
use serde::{Deserialize, Serialize};

use super::{Batch, Devices, keys::Key};
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

    /// Makes a device key stand for an instance.
    pub fn put_device_key(
        &mut self,
        app: AppId,
        hash: &[u8; 32],
        instance: InstanceId,
    ) -> Result<(), StorageError> {
        self.put(&self.devices.directory, device_key(app, hash), &instance)
    }

    /// Notes the number the next instance of this app gets.
    pub fn put_next_number(&mut self, app: AppId, number: u32) -> Result<(), StorageError> {
        self.put(&self.devices.directory, number_key(app), &number)
    }
}
