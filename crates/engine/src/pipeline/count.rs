//! The third fold of the log: exact sets of who was active, new, and where.

use std::{collections::BTreeMap, sync::Arc};

use moca_core::{
    consent::Purpose,
    event::{Change, Counted, Record, Subject},
    experience::{Direction, Target},
    id::AppId,
    limits::{STEP_BYTES_MAX, STEP_RECORDS_MAX},
    metric::Level,
};
use moca_storage::{
    StorageError,
    devices::{Batch, Consumer, Moment, SetKey, SetKind},
    log::{LogReader, Row},
};
use roaring::RoaringBitmap;
use tokio::{runtime::Handle, sync::watch};

use super::cache::Cache;
use crate::shared::Shared;

/// Parts of sets kept in memory between steps; 8 KiB each at most.
const PARTS_MAX: usize = 8_192;
/// Times of first events kept in memory between steps.
const FIRSTS_MAX: usize = 1_000_000;

/// The third stage.
pub(crate) struct Count {
    log: LogReader,
    shared: Shared,
    parts: Cache<(SetKey, u16), RoaringBitmap>,
    firsts: Cache<(AppId, u32), Option<i64>>,
    offset: u64,
    /// What was on disk when the stage started: not part of the backlog.
    started_at_seq: u64,
}

/// An instance as the sets know it.
#[derive(Clone, Copy)]
struct Member {
    app_id: AppId,
    number: u32,
}

impl From<&Subject> for Member {
    fn from(subject: &Subject) -> Self {
        Self {
            app_id: subject.app_id,
            number: subject.number,
        }
    }
}

/// The moments of one row, by app, kind and quarter.
type RowMoments = BTreeMap<(AppId, SetKind, i64), Vec<Moment>>;

impl Count {
    /// Prepares the stage to go on where its last run ended.
    pub(crate) fn new(log: LogReader, shared: Shared) -> Result<Self, StorageError> {
        Ok(Self {
            offset: shared.devices.offset(Consumer::Count)?,
            started_at_seq: log.last_seq()?,
            log,
            shared,
            parts: Cache::new(PARTS_MAX),
            firsts: Cache::new(FIRSTS_MAX),
        })
    }

    /// Works until the stage before has ended and nothing is left to do.
    pub(crate) fn run(
        mut self,
        runtime: &Handle,
        mut decided: watch::Receiver<u64>,
        counted: &watch::Sender<u64>,
    ) -> Result<(), StorageError> {
        while let Ok(last) = runtime
            .block_on(decided.wait_for(|seq| *seq > self.offset))
            .map(|seq| *seq)
        {
            self.step(last)?;
            self.shared
                .metrics
                .count_lag_rows
                .set((last - self.offset) as i64);
            counted.send_replace(self.offset);
        }
        Ok(())
    }

    /// Takes in some of the rows up to `last`, which must be decided.
    pub(crate) fn step(&mut self, last: u64) -> Result<(), StorageError> {
        let rows = self
            .log
            .read(self.offset, last, STEP_RECORDS_MAX, STEP_BYTES_MAX)?;
        let devices = Arc::clone(&self.shared.devices);
        let mut batch = devices.batch();
        for row in &rows {
            self.take_in_row(row, &mut batch)?;
        }
        let Some(newest) = rows.last() else {
            return Ok(());
        };
        for ((key, part), members) in self.parts.changed() {
            batch.put_set_part(&key, part, members)?;
        }
        for ((app, number), first_at) in self.firsts.changed() {
            if let Some(first_at) = first_at {
                batch.put_first_event_at(app, number, *first_at)?;
            }
        }
        batch.commit(Consumer::Count, newest.seq)?;
        self.parts.written();
        self.firsts.written();
        self.offset = newest.seq;
        let new_rows = rows.iter().filter(|row| row.seq > self.started_at_seq);
        self.shared
            .backlog
            .counted(new_rows.map(|row| row.records.len() as u64).sum());
        Ok(())
    }

    fn take_in_row(&mut self, row: &Row, batch: &mut Batch<'_>) -> Result<(), StorageError> {
        let mut moments = RowMoments::new();
        for record in &row.records {
            match record {
                Record::Instance {
                    subject,
                    change: Change::Event(event),
                    ..
                } => {
                    let member = subject.into();
                    if !self.refuses(member)? {
                        self.active(member, event.at_ms, &mut moments)?;
                    }
                }
                Record::Instance {
                    subject,
                    change: Change::ConsentsSet(consents),
                    ..
                } => {
                    if let Some(consent) = consents.get(&Purpose::Analytics) {
                        self.set_refuses(subject.into(), !consent.granted)?;
                    }
                }
                Record::Erase { subject, .. } => self.set_refuses(subject.into(), false)?,
                Record::Counted(counted) => self.counted(counted, &mut moments)?,
                Record::Instance { .. } | Record::Tick { .. } | Record::Happened(_) => {}
            }
        }
        let crossings = self.shared.devices.crossings(row.seq)?;
        for crossed in &crossings {
            let crossing = &crossed.crossing;
            if crossing.direction == Direction::Enter {
                self.entered(
                    (&crossed.subject).into(),
                    crossing.target,
                    crossing.at_ms,
                    &mut moments,
                )?;
            }
        }
        if !crossings.is_empty() {
            batch.remove_crossings(row.seq);
        }
        for ((app, kind, quarter), list) in &moments {
            batch.put_moments(*app, *kind, *quarter, row.seq, list)?;
        }
        Ok(())
    }

    /// Whether somebody has refused to be counted.
    fn refuses(&mut self, member: Member) -> Result<bool, StorageError> {
        let (key, part) = (refused_key(member.app_id), part_of(member.number));
        let load = || self.shared.devices.set_part(&key, part);
        let refused = self.parts.get((key, part), load)?;
        Ok(refused.contains(member.number))
    }

    fn set_refuses(&mut self, member: Member, refuses: bool) -> Result<(), StorageError> {
        if self.refuses(member)? == refuses {
            return Ok(());
        }
        let (key, part) = (refused_key(member.app_id), part_of(member.number));
        let load = || self.shared.devices.set_part(&key, part);
        let refused = self.parts.get_mut((key, part), load)?;
        match refuses {
            true => refused.insert(member.number),
            false => refused.remove(member.number),
        };
        Ok(())
    }

    /// What was counted of an instance that was erased since.
    fn counted(&mut self, counted: &Counted, moments: &mut RowMoments) -> Result<(), StorageError> {
        let member = Member {
            app_id: counted.app_id,
            number: counted.number,
        };
        for at_ms in &counted.active {
            self.active(member, *at_ms, moments)?;
        }
        for (target, at_ms) in &counted.entered {
            self.entered(member, *target, *at_ms, moments)?;
        }
        Ok(())
    }

    fn active(
        &mut self,
        member: Member,
        at_ms: i64,
        moments: &mut RowMoments,
    ) -> Result<(), StorageError> {
        self.insert(member, SetKind::Active, None, at_ms)?;
        push(moments, member, SetKind::Active, None, at_ms);

        let (app, number) = (member.app_id, member.number);
        let key = (app, number);
        let load = || self.shared.devices.first_event_at(app, number);
        let known = *self.firsts.get(key, load)?;
        if known.is_some_and(|first_at| first_at <= at_ms) {
            return Ok(());
        }
        // The first event ever, or one that came late and was before it: then it moves.
        if let Some(first_at) = known {
            self.remove(member, SetKind::First, first_at)?;
        }
        *self.firsts.get_mut(key, || Ok::<_, StorageError>(None))? = Some(at_ms);
        self.insert(member, SetKind::First, None, at_ms)
    }

    fn entered(
        &mut self,
        member: Member,
        target: Target,
        at_ms: i64,
        moments: &mut RowMoments,
    ) -> Result<(), StorageError> {
        self.insert(member, SetKind::Entered, Some(target), at_ms)?;
        self.insert(member, SetKind::Entered, None, at_ms)?;
        push(moments, member, SetKind::Entered, Some(target), at_ms);
        Ok(())
    }

    /// Adds an instance to the sets of all three levels. One that is in the narrowest already is in
    /// the wider ones too.
    fn insert(
        &mut self,
        member: Member,
        kind: SetKind,
        target: Option<Target>,
        at_ms: i64,
    ) -> Result<(), StorageError> {
        for level in [Level::Quarter, Level::Hour, Level::Day] {
            let key = set_key(member.app_id, kind, level, at_ms, target);
            let part = part_of(member.number);
            let load = || self.shared.devices.set_part(&key, part);
            if self.parts.get((key, part), load)?.contains(member.number) {
                return Ok(());
            }
            self.parts.get_mut((key, part), load)?.insert(member.number);
        }
        Ok(())
    }

    fn remove(&mut self, member: Member, kind: SetKind, at_ms: i64) -> Result<(), StorageError> {
        for level in [Level::Quarter, Level::Hour, Level::Day] {
            let key = set_key(member.app_id, kind, level, at_ms, None);
            let part = part_of(member.number);
            self.parts
                .get_mut((key, part), || self.shared.devices.set_part(&key, part))?
                .remove(member.number);
        }
        Ok(())
    }
}

fn set_key(
    app_id: AppId,
    kind: SetKind,
    level: Level,
    at_ms: i64,
    target: Option<Target>,
) -> SetKey {
    SetKey {
        app_id,
        kind,
        level,
        index: level.index_of(at_ms),
        target,
    }
}

/// The one set of those who refuse to be counted.
fn refused_key(app_id: AppId) -> SetKey {
    set_key(app_id, SetKind::Refused, Level::Day, 0, None)
}

fn part_of(number: u32) -> u16 {
    (number >> 16) as u16
}

fn push(
    moments: &mut RowMoments,
    member: Member,
    kind: SetKind,
    target: Option<Target>,
    at_ms: i64,
) {
    let quarter = Level::Quarter.index_of(at_ms);
    moments
        .entry((member.app_id, kind, quarter))
        .or_default()
        .push(Moment {
            offset_ms: at_ms.rem_euclid(Level::Quarter.width_ms()) as u32,
            number: member.number,
            target,
        });
}
