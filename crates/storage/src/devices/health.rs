//! The health of the account's beacons.

use moca_core::{health::BeaconHealth, id::BeaconId};

use super::{Batch, Devices, keys::Key};
use crate::StorageError;

fn key(beacon: BeaconId) -> Vec<u8> {
    Key::new().bytes(&beacon.0.0).build()
}

impl Devices {
    /// What is kept of the sightings of a beacon; nothing when it was never seen.
    pub fn beacon_health(&self, beacon: BeaconId) -> Result<Option<BeaconHealth>, StorageError> {
        self.get("health", &self.health, &key(beacon))
    }
}

impl Batch<'_> {
    /// Keeps the health of a beacon.
    pub fn put_beacon_health(
        &mut self,
        beacon: BeaconId,
        health: &BeaconHealth,
    ) -> Result<(), StorageError> {
        self.put(&self.devices.health, key(beacon), health)
    }
}
