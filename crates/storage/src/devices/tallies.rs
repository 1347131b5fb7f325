//! How often what happened to each experience: sums by stretch of time, and what they are made of, so
//! that a range that cuts a quarter of an hour is exact too. Nothing here leads to an instance.

use std::collections::BTreeSet;

use fjall::{Readable, Snapshot};
use moca_core::{
    experience::Target,
    id::{AppId, ExperienceId},
    metric::Level,
    tally::{Happening, Tally},
};

use super::{
    Batch, Devices,
    keys::{Key, KeyReader, level_byte},
    value::{backend, decode, inconsistent},
};
use crate::StorageError;

const TABLE: &str = "tallies";

/// One sum: of an experience in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TallyKey {
    /// The app.
    pub app_id: AppId,
    /// A stretch of time this wide.
    pub level: Level,
    /// Which one, counted from 1970.
    pub index: i64,
    /// The experience.
    pub experience_id: ExperienceId,
}

fn stretch(app: AppId, level: Level, index: i64) -> Key {
    Key::new()
        .byte(b's')
        .app(app)
        .byte(level_byte(level))
        .signed(index)
}

fn sum_key(key: &TallyKey) -> Vec<u8> {
    stretch(key.app_id, key.level, key.index)
        .bytes(&key.experience_id.0.0)
        .build()
}

fn about_key(app: AppId, experience: ExperienceId) -> Vec<u8> {
    Key::new()
        .byte(b'a')
        .app(app)
        .bytes(&experience.0.0)
        .build()
}

fn quarter_prefix(app: AppId, quarter: i64) -> Key {
    Key::new().byte(b'q').app(app).signed(quarter)
}

/// Reads sums as they were at one moment, whatever is written meanwhile.
pub struct TallyReader<'a> {
    devices: &'a Devices,
    snapshot: Snapshot,
}

impl Devices {
    /// A reader of the sums as they are now.
    pub fn tally_reader(&self) -> TallyReader<'_> {
        TallyReader {
            devices: self,
            snapshot: self.database.snapshot(),
        }
    }

    /// One sum.
    pub fn tally(&self, key: &TallyKey) -> Result<Option<Tally>, StorageError> {
        self.get(TABLE, &self.tallies, &sum_key(key))
    }

    /// What an experience was about whenever something was decided about it.
    pub fn about(
        &self,
        app: AppId,
        experience: ExperienceId,
    ) -> Result<BTreeSet<Target>, StorageError> {
        let about = self.get(TABLE, &self.tallies, &about_key(app, experience))?;
        Ok(about.unwrap_or_default())
    }
}

impl TallyReader<'_> {
    /// Calls `each` with the experiences to which something happened in a stretch of time, and what.
    pub fn for_each_tally(
        &self,
        app: AppId,
        level: Level,
        index: i64,
        mut each: impl FnMut(ExperienceId, Tally),
    ) -> Result<(), StorageError> {
        let prefix = stretch(app, level, index).build();
        for stored in self.snapshot.prefix(&self.devices.tallies, &prefix) {
            let (key, value) = stored.into_inner().map_err(backend("read sums"))?;
            let id = KeyReader::new(&key[prefix.len()..])
                .id()
                .ok_or_else(|| inconsistent(TABLE, "key", &key))?;
            each(ExperienceId(id), decode(TABLE, &key, &value)?);
        }
        Ok(())
    }

    /// Calls `each` with everything that happened in a quarter of an hour.
    pub fn for_each_happening(
        &self,
        app: AppId,
        quarter: i64,
        mut each: impl FnMut(&Happening),
    ) -> Result<(), StorageError> {
        let prefix = quarter_prefix(app, quarter).build();
        for stored in self.snapshot.prefix(&self.devices.tallies, prefix) {
            let (key, value) = stored.into_inner().map_err(backend("read what happened"))?;
            let happenings: Vec<Happening> = decode(TABLE, &key, &value)?;
            happenings.iter().for_each(&mut each);
        }
        Ok(())
    }
}

impl Batch<'_> {
    /// Keeps a sum.
    pub fn put_tally(&mut self, key: &TallyKey, tally: &Tally) -> Result<(), StorageError> {
        self.put(&self.devices.tallies, sum_key(key), tally)
    }

    /// Keeps what an experience was about until now.
    pub fn put_about(
        &mut self,
        app: AppId,
        experience: ExperienceId,
        about: &BTreeSet<Target>,
    ) -> Result<(), StorageError> {
        self.put(&self.devices.tallies, about_key(app, experience), about)
    }

    /// Keeps what one row of the log made happen in one quarter.
    pub fn put_happenings(
        &mut self,
        app: AppId,
        quarter: i64,
        seq: u64,
        happenings: &[Happening],
    ) -> Result<(), StorageError> {
        let key = quarter_prefix(app, quarter).unsigned(seq).build();
        self.put(&self.devices.tallies, key, happenings)
    }
}
