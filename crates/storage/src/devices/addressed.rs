//! Which instances a notification goes to, by their numbers: only these can open it.
//!
//! All of its audience stand here from the moment it was taken; those to whom it could not be handed over are
//! taken off. So a device may tell that it opened a message before it is known that its push service took it,
//! or where nobody knows whether it did. Numbers lead to nobody, so an erasure leaves them.
//!
//! A set is cut into parts of 65 536 numbers, as those that are counted are. Like the lists of who is to be sent
//! to, it cannot be made again from the event log.

use std::collections::{BTreeMap, BTreeSet};

use moca_core::id::NotificationId;
use roaring::RoaringBitmap;

use super::{
    Batch, Devices,
    keys::{Key, KeyReader},
    sets::{decode_bitmap, encode_bitmap},
    value::{backend, inconsistent},
};
use crate::StorageError;

const TABLE: &str = "pushes";
const DOING: &str = "read or write whom a notification goes to";

fn parts(notification: NotificationId) -> Key {
    Key::new().byte(b'n').bytes(&notification.0.0)
}

pub(super) fn part_key(notification: NotificationId, part: u16) -> Vec<u8> {
    parts(notification).bytes(&part.to_be_bytes()).build()
}

/// The part of the sets that a number is in.
const fn part_of(number: u32) -> u16 {
    (number >> 16) as u16
}

/// These numbers by the part they are in.
fn by_part(numbers: &RoaringBitmap) -> BTreeMap<u16, RoaringBitmap> {
    let mut found: BTreeMap<u16, RoaringBitmap> = BTreeMap::new();
    for number in numbers {
        found.entry(part_of(number)).or_default().insert(number);
    }
    found
}

impl Devices {
    /// Whether a notification went to the instance with this number, as far as that is known.
    pub fn is_addressed(
        &self,
        notification: NotificationId,
        number: u32,
    ) -> Result<bool, StorageError> {
        let part = self.addressed_part(notification, part_of(number))?;
        Ok(part.contains(number))
    }

    fn addressed_part(
        &self,
        notification: NotificationId,
        part: u16,
    ) -> Result<RoaringBitmap, StorageError> {
        let key = part_key(notification, part);
        match self.pushes.get(&key).map_err(backend(DOING))? {
            Some(value) => decode_bitmap(&key, &value),
            None => Ok(RoaringBitmap::new()),
        }
    }

    /// The notifications of which it is kept.
    pub fn addressed(&self) -> Result<BTreeSet<NotificationId>, StorageError> {
        let mut found = BTreeSet::new();
        for stored in self.pushes.prefix(b"n") {
            let key = stored.key().map_err(backend(DOING))?;
            let id = KeyReader::new(&key[1..]).id();
            let id = id.ok_or_else(|| inconsistent(TABLE, "key", &key))?;
            found.insert(NotificationId(id));
        }
        Ok(found)
    }

    /// Forgets whom a notification went to.
    pub fn forget_addressed(&self, notification: NotificationId) -> Result<(), StorageError> {
        self.remove_all(&self.pushes, &parts(notification).build(), |_| None)
    }
}

impl Batch<'_> {
    /// Keeps whom a notification goes to, in the place of what was kept.
    pub(super) fn put_addressed(
        &mut self,
        notification: NotificationId,
        numbers: &RoaringBitmap,
    ) -> Result<(), StorageError> {
        let keyspace = &self.devices.pushes;
        let mut parts_of_all = by_part(numbers);
        for stored in keyspace.prefix(parts(notification).build()) {
            let key = stored.key().map_err(backend(DOING))?;
            let is_kept = |part: &u16| part_key(notification, *part) == *key;
            if !parts_of_all.keys().any(is_kept) {
                self.writes.remove(keyspace, key);
            }
        }
        while let Some((part, members)) = parts_of_all.pop_first() {
            let key = part_key(notification, part);
            self.writes.insert(keyspace, key, encode_bitmap(&members)?);
        }
        Ok(())
    }

    /// Takes off those to whom a notification could not be handed over.
    pub(super) fn take_off_addressed(
        &mut self,
        notification: NotificationId,
        numbers: &RoaringBitmap,
    ) -> Result<(), StorageError> {
        for (part, gone) in by_part(numbers) {
            let left = self.devices.addressed_part(notification, part)? - gone;
            let (key, keyspace) = (part_key(notification, part), &self.devices.pushes);
            match left.is_empty() {
                true => self.writes.remove(keyspace, key),
                false => self.writes.insert(keyspace, key, encode_bitmap(&left)?),
            }
        }
        Ok(())
    }
}
