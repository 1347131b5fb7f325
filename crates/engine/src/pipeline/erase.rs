//! Finishing erasures: out of the log first, then out of the device store.
//!
//! A note in the device store says what is to be erased. It was written together with the offset of
//! the row that asked for it, and goes with the last write of the erasure. Until then every part may
//! be done again, so a crash in between costs nothing but time.

use std::collections::BTreeSet;

use moca_core::{
    erasure,
    event::{Change, Record, Subject},
    experience::Target,
    metric::Level,
    tally::Happening,
};
use moca_storage::{
    StorageError,
    devices::{DecisionScope, SetKind},
    log::LogEditor,
};

use super::fire::happening;
use crate::shared::Shared;

/// The part of the people stage that erases.
pub(crate) struct Eraser {
    pub(crate) log: LogEditor,
    pub(crate) shared: Shared,
}

impl Eraser {
    /// Finishes what was asked for. To be called when all stages have taken in the rows that asked.
    pub(crate) fn finish_pending(&self) -> Result<(), StorageError> {
        let pending = self.shared.devices.pending_erasures()?;
        if pending.is_empty() {
            return Ok(());
        }
        // What the stages made of the rows must not be lost when the rows are.
        self.shared.devices.sync()?;
        for subject in pending {
            self.erase(subject)?;
        }
        Ok(())
    }

    fn erase(&self, subject: Subject) -> Result<(), StorageError> {
        let devices = &self.shared.devices;
        // What happened through it stays in the first row that told of it, and is there already if that
        // was done before.
        let rows = devices.people_reader().rows(subject.instance_id)?;
        let mut happened = self.happened(subject, &rows)?;
        for seq in rows {
            let records = self.log.row(seq)?;
            let times = erasure::event_times(&records, subject);
            let active = self.moments(SetKind::Active, subject, seq, &times)?;
            let active = active.into_iter().map(|(at_ms, _)| at_ms).collect();
            let entered = self.moments(SetKind::Entered, subject, seq, &times)?;
            let entered = entered
                .into_iter()
                .filter_map(|(at_ms, target)| Some((target?, at_ms)))
                .collect();
            let happened = std::mem::take(&mut happened);
            if let Some(left) = erasure::erase(&records, subject, active, entered, happened) {
                self.log.replace(seq, &left)?;
            }
        }
        devices.erase(subject, self.shared.clock.now_ms())?;
        self.shared.metrics.erasures.inc();
        Ok(())
    }

    /// What was counted of its decisions and of its receipts, which stand in these rows.
    fn happened(&self, subject: Subject, rows: &[u64]) -> Result<Vec<Happening>, StorageError> {
        let devices = &self.shared.devices;
        let mut happened = Vec::new();
        let scope = DecisionScope {
            app_id: subject.app_id,
            instance_id: Some(subject.instance_id),
            range: None,
        };
        devices.for_each_decision(&scope, |_, decision| {
            happened.extend(happening(&decision));
            true
        })?;
        // Not by its messages: after a power cut a row may have been decided again by newer configuration, and
        // a message that was told of is no more.
        let mut told = BTreeSet::new();
        for seq in rows {
            for record in self.log.row(*seq)? {
                if let Record::Instance {
                    subject: of,
                    change: Change::Receipt(receipt),
                    ..
                } = record
                    && of == subject
                    && told.insert((receipt.message_id, receipt.kind.as_str()))
                {
                    happened.push(Happening {
                        campaign_id: receipt.campaign_id,
                        experience_id: receipt.experience_id,
                        word: receipt.kind.as_str().to_owned(),
                        at_ms: receipt.at_ms,
                    });
                }
            }
        }
        Ok(happened)
    }

    /// What was counted of the instance for the events of a row, which were at these times: when, and at
    /// what.
    fn moments(
        &self,
        kind: SetKind,
        subject: Subject,
        seq: u64,
        times: &[i64],
    ) -> Result<Vec<(i64, Option<Target>)>, StorageError> {
        let quarters = times.iter().map(|at| Level::Quarter.index_of(*at));
        let mut counted = Vec::new();
        for quarter in quarters.collect::<BTreeSet<i64>>() {
            let devices = &self.shared.devices;
            let moments = devices.moments_of_row(subject.app_id, kind, quarter, seq)?;
            let start = quarter * Level::Quarter.width_ms();
            let of_subject = moments.iter().filter(|one| one.number == subject.number);
            counted.extend(of_subject.map(|one| (start + i64::from(one.offset_ms), one.target)));
        }
        Ok(counted)
    }
}
