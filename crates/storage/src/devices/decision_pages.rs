//! Pages of decisions, whose time does not grow with how many there are.
//!
//! Each decision is counted under every combination of what lists can be filtered by: in all, for its day
//! of UTC and for its quarter of an hour. A page skips the days and quarters before it by their counts and
//! reads decisions only in the quarters that it lies in. Counts change in the write that keeps or removes
//! the decisions, so they are exact at any moment.

use std::{
    collections::BTreeMap,
    sync::{MutexGuard, PoisonError},
};

use fjall::{Keyspace, Readable, Snapshot};
use moca_core::{
    campaign::decide::Decision,
    id::{AppId, CampaignId, ExperienceId, ReplayId},
    metric::Level,
    time::Range,
};

use super::{
    Batch, DecisionKey, Devices,
    decisions::{self, decode},
    keys::{Key, KeyReader, from_sortable},
    value::{self, backend, inconsistent},
};
use crate::StorageError;

const TABLE: &str = "decisions";
const DOING: &str = "read pages of decisions";
/// The key that says that all decisions are counted.
const COMPLETE: &[u8] = b"v";

/// A list of decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionList {
    /// What was decided for an app.
    App(AppId),
    /// What a replay decided.
    Replay(ReplayId),
}

impl DecisionList {
    const fn owner(&self) -> &[u8; 16] {
        match self {
            Self::App(app) => &app.0.0,
            Self::Replay(replay) => &replay.0.0,
        }
    }

    fn prefix(&self) -> Key {
        let byte = match self {
            Self::App(_) => b'a',
            Self::Replay(_) => b'd',
        };
        Key::new().byte(byte).bytes(self.owner())
    }

    const fn keyspace<'a>(&self, devices: &'a Devices) -> &'a Keyspace {
        match self {
            Self::App(_) => &devices.decisions,
            Self::Replay(_) => &devices.replays,
        }
    }
}

/// Which decisions of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// Of this campaign.
    pub campaign_id: Option<CampaignId>,
    /// Of this experience.
    pub experience_id: Option<ExperienceId>,
    /// With a verdict of this [number](moca_core::campaign::decide::Verdict::number).
    pub verdict: Option<u8>,
}

impl DecisionFilter {
    /// All filters that let a decision pass.
    fn passed(decision: &Decision) -> impl Iterator<Item = Self> {
        let verdict = decision.verdict.number();
        let (campaign_id, experience_id) = (decision.campaign_id, decision.experience_id);
        (0..8).map(move |mask| Self {
            campaign_id: (mask & 1 != 0).then_some(campaign_id),
            experience_id: (mask & 2 != 0).then_some(experience_id),
            verdict: (mask & 4 != 0).then_some(verdict),
        })
    }

    /// Whether it lets everything pass.
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn lets_pass(&self, decision: &Decision) -> bool {
        let is_campaign = self.campaign_id.is_none_or(|id| decision.campaign_id == id);
        let is_experience = self
            .experience_id
            .is_none_or(|id| decision.experience_id == id);
        let verdict = decision.verdict.number();
        is_campaign && is_experience && self.verdict.is_none_or(|number| verdict == number)
    }

    /// The keys of what it counts.
    fn key(&self, owner: &[u8; 16]) -> Key {
        let mask = u8::from(self.campaign_id.is_some())
            | u8::from(self.experience_id.is_some()) << 1
            | u8::from(self.verdict.is_some()) << 2;
        let mut key = Key::new().byte(b'n').bytes(owner).byte(mask);
        if let Some(id) = self.campaign_id {
            key = key.bytes(&id.0.0);
        }
        if let Some(id) = self.experience_id {
            key = key.bytes(&id.0.0);
        }
        if let Some(number) = self.verdict {
            key = key.byte(number);
        }
        key
    }
}

fn all_key(key: Key) -> Vec<u8> {
    key.byte(b'a').build()
}

/// Keys of counts of days or quarters.
fn stretches(key: Key, level: Level) -> Key {
    key.byte(match level {
        Level::Day => b'd',
        Level::Hour => b'h',
        Level::Quarter => b'q',
    })
}

/// How many decisions more or fewer there are, by key.
pub(super) type Changes = BTreeMap<Vec<u8>, i64>;

fn change(changes: &mut Changes, owner: &[u8; 16], decision: &Decision, by: i64) {
    for filter in DecisionFilter::passed(decision) {
        let mut add = |key| *changes.entry(key).or_default() += by;
        add(all_key(filter.key(owner)));
        for level in [Level::Day, Level::Quarter] {
            let index = level.index_of(decision.at_ms);
            add(stretches(filter.key(owner), level).signed(index).build());
        }
    }
}

impl Devices {
    /// A page of a list and how many decisions there are in all, by time, whatever is written meanwhile.
    pub fn decision_page(
        &self,
        list: DecisionList,
        filter: &DecisionFilter,
        range: Option<Range>,
        offset: u64,
        limit: usize,
    ) -> Result<(u64, Vec<(DecisionKey, Decision)>), StorageError> {
        let reader = Reader {
            devices: self,
            snapshot: self.database.snapshot(),
            list,
            filter,
        };
        let mut page = Page {
            offset,
            limit,
            passed: 0,
            found: Vec::new(),
        };
        let everything = Range {
            from: i64::MIN,
            to: i64::MAX,
        };
        let within = range.unwrap_or(everything);
        if within.from >= within.to {
            return Ok((0, page.found));
        }
        for (day, count) in reader.counts(Level::Day, within)? {
            if range.is_none() && page.is_full() {
                break;
            }
            let day = stretch(Level::Day, day);
            if holds(within, day) && page.skips(count) {
                continue;
            }
            for (quarter, count) in reader.counts(Level::Quarter, overlap(day, within))? {
                let quarter = stretch(Level::Quarter, quarter);
                let is_whole = holds(within, quarter);
                if is_whole && page.skips(count) {
                    continue;
                }
                let before = page.passed;
                reader.read(overlap(quarter, within), &mut page, is_whole)?;
                if is_whole {
                    page.passed = before + count;
                }
            }
        }
        let total = match range {
            None => reader.count(&all_key(filter.key(list.owner())))?,
            Some(_) => page.passed,
        };
        Ok((total, page.found))
    }

    /// Counts the decisions of a store that was made before they were counted.
    pub(super) fn complete_decision_counts(&self) -> Result<(), StorageError> {
        const DOING: &str = "count the decisions";
        if self.get::<()>(TABLE, &self.decisions, COMPLETE)?.is_some() {
            return Ok(());
        }
        let mut batch = self.batch();
        for (keyspace, prefix) in [(&self.decisions, b"a"), (&self.replays, b"d")] {
            for stored in keyspace.prefix(prefix) {
                let (key, value) = stored.into_inner().map_err(backend(DOING))?;
                batch.count(&key, &decode(TABLE, &key, &value)?, 1)?;
            }
        }
        batch.put(&self.decisions, COMPLETE.to_vec(), &())?;
        batch.write(&self.count_decisions(), DOING)
    }

    /// Keeps others from changing what is counted.
    pub(super) fn count_decisions(&self) -> MutexGuard<'_, ()> {
        let counting = self.counting.lock();
        counting.unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes decisions that are found by the keys of an instance with a prefix; `same` is the key of the
    /// decision.
    pub(super) fn forget_decisions(
        &self,
        keyspace: &Keyspace,
        prefix: &[u8],
        same: impl Fn(&[u8]) -> Vec<u8>,
    ) -> Result<(), StorageError> {
        const DOING: &str = "remove decisions";
        loop {
            let counting = self.count_decisions();
            let mut batch = self.batch();
            let mut removed = 0;
            for stored in keyspace.prefix(prefix).take(DECISIONS_AT_ONCE) {
                let by_instance = stored.key().map_err(backend(DOING))?;
                let key = same(&by_instance);
                if let Some(value) = keyspace.get(&key).map_err(backend(DOING))? {
                    batch.count(&key, &decode(TABLE, &key, &value)?, -1)?;
                }
                batch.writes.remove(keyspace, key);
                batch.writes.remove(keyspace, by_instance);
                removed += 1;
            }
            if removed == 0 {
                return Ok(());
            }
            batch.write(&counting, DOING)?;
        }
    }

    /// Removes what is counted of a replay.
    pub(super) fn forget_counts(&self, replay: ReplayId) -> Result<(), StorageError> {
        let prefix = Key::new().byte(b'n').bytes(&replay.0.0).build();
        self.remove_all(&self.decisions, &prefix, |_| None)
    }
}

/// Decisions removed by one write.
const DECISIONS_AT_ONCE: usize = 2_000;

impl Batch<'_> {
    /// Notes that the decision with this key comes (1) or goes (-1).
    pub(super) fn count(
        &mut self,
        key: &[u8],
        decision: &Decision,
        by: i64,
    ) -> Result<(), StorageError> {
        let owner = key.get(1..).and_then(|rest| rest.first_chunk());
        let owner = owner.ok_or_else(|| inconsistent(TABLE, "key", key))?;
        change(&mut self.counts, owner, decision, by);
        Ok(())
    }

    /// Writes everything, with the counts that it changes; the guard of [`Devices::count_decisions`] shows
    /// that nobody else changes them.
    pub(super) fn write(
        mut self,
        _counting: &MutexGuard<'_, ()>,
        doing: &'static str,
    ) -> Result<(), StorageError> {
        let devices = self.devices;
        let keyspace = &devices.decisions;
        for (key, by) in std::mem::take(&mut self.counts) {
            let kept: Option<u64> = devices.get(TABLE, keyspace, &key)?;
            match kept.unwrap_or(0).saturating_add_signed(by) {
                0 => self.writes.remove(keyspace, key),
                count => self.put(keyspace, key, &count)?,
            }
        }
        self.writes.commit().map_err(backend(doing))
    }
}

/// Reads a list as it was at one moment.
struct Reader<'a> {
    devices: &'a Devices,
    snapshot: Snapshot,
    list: DecisionList,
    filter: &'a DecisionFilter,
}

impl Reader<'_> {
    fn count(&self, key: &[u8]) -> Result<u64, StorageError> {
        let value = self.snapshot.get(&self.devices.decisions, key);
        let value = value.map_err(backend(DOING))?;
        let count = value.map(|value| value::decode(TABLE, key, &value));
        Ok(count.transpose()?.unwrap_or(0))
    }

    /// The days or quarters that have a part in a range and of which anything is in the list.
    fn counts(&self, level: Level, within: Range) -> Result<Vec<(i64, u64)>, StorageError> {
        let keys = || stretches(self.filter.key(self.list.owner()), level);
        let first = keys().signed(level.index_of(within.from)).build();
        let last = keys().signed(level.index_of(within.to - 1)).build();
        let stored = self.snapshot.range(&self.devices.decisions, first..=last);
        stored
            .map(|stored| {
                let (key, value) = stored.into_inner().map_err(backend(DOING))?;
                let index = key.last_chunk().copied().map(u64::from_be_bytes);
                let index = index.ok_or_else(|| inconsistent(TABLE, "key", &key))?;
                Ok((from_sortable(index), value::decode(TABLE, &key, &value)?))
            })
            .collect()
    }

    /// Reads what is in a stretch of time, until the page is full if there is no more to be counted.
    fn read(&self, within: Range, page: &mut Page, is_counted: bool) -> Result<(), StorageError> {
        let keyspace = self.list.keyspace(self.devices);
        let prefix = || self.list.prefix();
        let prefix_bytes = prefix().build().len();
        let keys = prefix().signed(within.from).build()..prefix().signed(within.to).build();
        for stored in self.snapshot.range(keyspace, keys) {
            if is_counted && page.is_full() {
                break;
            }
            let (key, value) = stored.into_inner().map_err(backend(DOING))?;
            // Without a filter, what is skipped need not be understood.
            if self.filter.is_empty() && !page.is_next() {
                page.passed += 1;
                continue;
            }
            let decision = decode(TABLE, &key, &value)?;
            if !self.filter.lets_pass(&decision) {
                continue;
            }
            if page.is_next() {
                let mut tail = KeyReader::new(&key[prefix_bytes..]);
                let id = decisions::key_in(&mut tail);
                let id = id.ok_or_else(|| inconsistent(TABLE, "key", &key))?;
                page.found.push((id, decision));
            }
            page.passed += 1;
        }
        Ok(())
    }
}

/// A page that is being filled.
struct Page {
    offset: u64,
    limit: usize,
    /// What stands before, in and behind it, as far as was gone.
    passed: u64,
    found: Vec<(DecisionKey, Decision)>,
}

impl Page {
    fn is_full(&self) -> bool {
        self.found.len() >= self.limit
    }

    /// Whether the next decision belongs to it.
    fn is_next(&self) -> bool {
        self.passed >= self.offset && !self.is_full()
    }

    /// Goes past so many decisions, if none of them belongs to it.
    fn skips(&mut self, count: u64) -> bool {
        let is_skipped = self.is_full() || self.passed + count <= self.offset;
        if is_skipped {
            self.passed += count;
        }
        is_skipped
    }
}

const fn stretch(level: Level, index: i64) -> Range {
    Range {
        from: index.saturating_mul(level.width_ms()),
        to: index.saturating_add(1).saturating_mul(level.width_ms()),
    }
}

const fn holds(outer: Range, inner: Range) -> bool {
    outer.from <= inner.from && inner.to <= outer.to
}

fn overlap(one: Range, other: Range) -> Range {
    Range {
        from: one.from.max(other.from),
        to: one.to.min(other.to),
    }
}

#[cfg(test)]
mod tests;
