//! Counts what happens to experiences while it is decided.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use moca_core::{
    experience::Target,
    id::{AppId, ExperienceId},
    metric::Level,
    tally::{Happening, Tally},
};
use moca_storage::{
    StorageError,
    devices::{Batch, Devices, TallyKey},
};

use super::cache::Cache;

/// Sums kept in memory between steps; some 200 bytes each.
const TALLIES_MAX: usize = 50_000;
/// What so many experiences were about is kept in memory between steps; some 100 bytes each.
const ABOUT_MAX: usize = 50_000;

/// The sums, and what the row at hand adds to them.
pub(crate) struct Tallies {
    devices: Arc<Devices>,
    sums: Cache<TallyKey, Tally>,
    about: Cache<(AppId, ExperienceId), BTreeSet<Target>>,
    row: BTreeMap<(AppId, i64), Vec<Happening>>,
}

impl Tallies {
    pub(crate) fn new(devices: Arc<Devices>) -> Self {
        Self {
            devices,
            sums: Cache::new(TALLIES_MAX),
            about: Cache::new(ABOUT_MAX),
            row: BTreeMap::new(),
        }
    }

    /// Counts something that the row at hand made happen.
    pub(crate) fn note(&mut self, app_id: AppId, happening: Happening) -> Result<(), StorageError> {
        for level in Level::ALL {
            let key = TallyKey {
                app_id,
                level,
                index: level.index_of(happening.at_ms),
                experience_id: happening.experience_id,
            };
            let sum = self.sums.get_mut(key, || {
                let kept = self.devices.tally(&key)?;
                Ok::<_, StorageError>(kept.unwrap_or(Tally::empty(happening.campaign_id)))
            })?;
            sum.count(&happening.word);
        }
        let quarter = Level::Quarter.index_of(happening.at_ms);
        let row = self.row.entry((app_id, quarter)).or_default();
        row.push(happening);
        Ok(())
    }

    /// Notes what an experience is about that was decided on. One that is changed later was about it.
    pub(crate) fn note_about(
        &mut self,
        of: (AppId, ExperienceId),
        target: Target,
    ) -> Result<(), StorageError> {
        let load = || self.devices.about(of.0, of.1);
        if !self.about.get(of, load)?.contains(&target) {
            self.about.get_mut(of, load)?.insert(target);
        }
        Ok(())
    }

    /// Hands what the row made happen to the batch.
    pub(crate) fn end_row(&mut self, seq: u64, batch: &mut Batch<'_>) -> Result<(), StorageError> {
        for ((app, quarter), happenings) in std::mem::take(&mut self.row) {
            batch.put_happenings(app, quarter, seq, &happenings)?;
        }
        Ok(())
    }

    /// Hands what changed to the batch.
    pub(crate) fn put(&self, batch: &mut Batch<'_>) -> Result<(), StorageError> {
        for (key, tally) in self.sums.changed() {
            batch.put_tally(&key, tally)?;
        }
        for ((app, experience), about) in self.about.changed() {
            batch.put_about(app, experience, about)?;
        }
        Ok(())
    }

    /// Notes that the batch was written.
    pub(crate) fn written(&mut self) {
        self.sums.written();
        self.about.written();
    }
}
