//! Exact sets of instances' dense numbers, and the moments they are made of.
//!
//! A set is cut into parts of 65 536 numbers, each a value of its own, so that one more member
//! rewrites at most one container of 8 KiB and not the set of all the app's instances.

use fjall::{Readable, Snapshot};
use moca_core::{
    experience::{Target, TargetKind},
    id::AppId,
    metric::Level,
};
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use super::{
    Batch, Devices,
    keys::{Key, KeyReader, kind_byte, level_byte},
    value::{backend, decode, inconsistent},
};
use crate::StorageError;

const SETS: &str = "sets";
/// The format of a stored bitmap: this byte, then the portable roaring format.
const BITMAP_VERSION: u8 = 1;

/// What the members of a set have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SetKind {
    /// They sent an event.
    Active,
    /// They sent their first event ever.
    First,
    /// They entered a target.
    Entered,
    /// They refused to be counted, and did not agree since. There is one such set, of the first day.
    Refused,
}

/// One stored set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SetKey {
    /// The app.
    pub app_id: AppId,
    /// What its members did.
    pub kind: SetKind,
    /// In a stretch of time this wide.
    pub level: Level,
    /// Which one, counted from 1970.
    pub index: i64,
    /// At which target; any, if none is named.
    pub target: Option<Target>,
}

/// One event or entry, within a quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment {
    /// Milliseconds after the start of the quarter.
    pub offset_ms: u32,
    /// Dense number of the instance.
    pub number: u32,
    /// What it entered; nothing for an event.
    pub target: Option<Target>,
}

fn set_kind_byte(kind: SetKind) -> u8 {
    match kind {
        SetKind::Active => 1,
        SetKind::First => 2,
        SetKind::Entered => 3,
        SetKind::Refused => 4,
    }
}

/// All before the target: the sets of one stretch of time lie side by side.
fn stretch(app: AppId, kind: SetKind, level: Level, index: i64) -> Key {
    Key::new()
        .app(app)
        .byte(set_kind_byte(kind))
        .byte(level_byte(level))
        .signed(index)
}

fn set(key: &SetKey) -> Key {
    stretch(key.app_id, key.kind, key.level, key.index).target(key.target)
}

pub(super) fn part_key(key: &SetKey, part: u16) -> Vec<u8> {
    set(key).bytes(&part.to_be_bytes()).build()
}

fn first_key(app: AppId, number: u32) -> Vec<u8> {
    Key::new().app(app).bytes(&number.to_be_bytes()).build()
}

fn moments_prefix(app: AppId, kind: SetKind, quarter: i64) -> Key {
    Key::new()
        .app(app)
        .byte(set_kind_byte(kind))
        .signed(quarter)
}

pub(super) fn decode_bitmap(key: &[u8], value: &[u8]) -> Result<RoaringBitmap, StorageError> {
    value
        .split_first()
        .filter(|(version, _)| **version == BITMAP_VERSION)
        .and_then(|(_, body)| RoaringBitmap::deserialize_from(body).ok())
        .ok_or_else(|| inconsistent(SETS, "bitmap", key))
}

pub(super) fn encode_bitmap(members: &RoaringBitmap) -> Result<Vec<u8>, StorageError> {
    let mut value = Vec::with_capacity(1 + members.serialized_size());
    value.push(BITMAP_VERSION);
    members
        .serialize_into(&mut value)
        .map_err(backend("encode a set"))?;
    Ok(value)
}

/// Reads sets as they were at one moment, whatever is written meanwhile.
pub struct SetReader<'a> {
    devices: &'a Devices,
    snapshot: Snapshot,
}

impl Devices {
    /// A reader of the sets as they are now.
    pub fn set_reader(&self) -> SetReader<'_> {
        SetReader {
            devices: self,
            snapshot: self.database.snapshot(),
        }
    }

    /// One part of a set: the members whose number is in `part * 65 536 ..`.
    pub fn set_part(&self, key: &SetKey, part: u16) -> Result<RoaringBitmap, StorageError> {
        let key = part_key(key, part);
        match self.sets.get(&key).map_err(backend("read a set"))? {
            Some(value) => decode_bitmap(&key, &value),
            None => Ok(RoaringBitmap::new()),
        }
    }

    /// The events or entries of one row of the log that fall in one quarter.
    pub fn moments_of_row(
        &self,
        app: AppId,
        kind: SetKind,
        quarter: i64,
        seq: u64,
    ) -> Result<Vec<Moment>, StorageError> {
        let key = moments_prefix(app, kind, quarter).unsigned(seq).build();
        let kept = self.get("moments", &self.moments, &key)?;
        Ok(kept.unwrap_or_default())
    }

    /// When an instance sent its first event.
    pub fn first_event_at(&self, app: AppId, number: u32) -> Result<Option<i64>, StorageError> {
        self.get("firsts", &self.firsts, &first_key(app, number))
    }
}

impl SetReader<'_> {
    /// Adds the members of a set to `members`.
    pub fn union_into(
        &self,
        key: &SetKey,
        members: &mut RoaringBitmap,
    ) -> Result<(), StorageError> {
        for stored in self.snapshot.prefix(&self.devices.sets, set(key).build()) {
            let (key, value) = stored.into_inner().map_err(backend("read a set"))?;
            *members |= decode_bitmap(&key, &value)?;
        }
        Ok(())
    }

    /// Calls `each` with the targets of a kind that were entered in a stretch of time, and (part by
    /// part) with those who did.
    pub fn for_each_entered(
        &self,
        app: AppId,
        kind: TargetKind,
        level: Level,
        index: i64,
        mut each: impl FnMut(Target, RoaringBitmap),
    ) -> Result<(), StorageError> {
        let prefix = stretch(app, SetKind::Entered, level, index).byte(kind_byte(kind));
        let prefix = prefix.build();
        for stored in self.snapshot.prefix(&self.devices.sets, &prefix) {
            let (key, value) = stored.into_inner().map_err(backend("read a set"))?;
            let id = KeyReader::new(&key[prefix.len()..])
                .id()
                .ok_or_else(|| inconsistent(SETS, "key", &key))?;
            each(kind.with_id(id), decode_bitmap(&key, &value)?);
        }
        Ok(())
    }

    /// Calls `each` with every event or entry in a quarter of an hour.
    pub fn for_each_moment(
        &self,
        app: AppId,
        kind: SetKind,
        quarter: i64,
        mut each: impl FnMut(&Moment),
    ) -> Result<(), StorageError> {
        let prefix = moments_prefix(app, kind, quarter).build();
        for stored in self.snapshot.prefix(&self.devices.moments, prefix) {
            let (key, value) = stored.into_inner().map_err(backend("read moments"))?;
            let moments: Vec<Moment> = decode("moments", &key, &value)?;
            moments.iter().for_each(&mut each);
        }
        Ok(())
    }

    /// When an instance sent its first event.
    pub fn first_event_at(&self, app: AppId, number: u32) -> Result<Option<i64>, StorageError> {
        let key = first_key(app, number);
        self.snapshot
            .get(&self.devices.firsts, &key)
            .map_err(backend("read the time of a first event"))?
            .map(|value| decode("firsts", &key, &value))
            .transpose()
    }
}

impl Batch<'_> {
    /// Keeps one part of a set; removes it when it is empty.
    pub fn put_set_part(
        &mut self,
        key: &SetKey,
        part: u16,
        members: &RoaringBitmap,
    ) -> Result<(), StorageError> {
        let key = part_key(key, part);
        if members.is_empty() {
            self.writes.remove(&self.devices.sets, key);
            return Ok(());
        }
        let value = encode_bitmap(members)?;
        self.writes.insert(&self.devices.sets, key, value);
        Ok(())
    }

    /// Notes when an instance sent its first event.
    pub fn put_first_event_at(
        &mut self,
        app: AppId,
        number: u32,
        at_ms: i64,
    ) -> Result<(), StorageError> {
        self.put(&self.devices.firsts, first_key(app, number), &at_ms)
    }

    /// Keeps the events or entries of one row of the log that fall in one quarter.
    pub fn put_moments(
        &mut self,
        app: AppId,
        kind: SetKind,
        quarter: i64,
        seq: u64,
        moments: &[Moment],
    ) -> Result<(), StorageError> {
        let key = moments_prefix(app, kind, quarter).unsigned(seq).build();
        self.put(&self.devices.moments, key, moments)
    }
}
