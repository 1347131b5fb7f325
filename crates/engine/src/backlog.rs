//! How much is on disk that the stages have not taken in yet.

use std::sync::atomic::{AtomicU64, Ordering};

use moca_core::limits::BACKLOG_RECORDS_MAX;

/// Records appended and counted since the start. What the last run left counts as nothing here:
/// it is bounded already.
#[derive(Default)]
pub(crate) struct Backlog {
    appended: AtomicU64,
    counted: AtomicU64,
}

impl Backlog {
    /// Notes records put on disk.
    pub(crate) fn appended(&self, records: u64) {
        self.appended.fetch_add(records, Ordering::Relaxed);
    }

    /// Notes records that passed the last stage.
    pub(crate) fn counted(&self, records: u64) {
        self.counted.fetch_add(records, Ordering::Relaxed);
    }

    /// Whether more records would only make readers wait longer.
    pub(crate) fn is_full(&self) -> bool {
        let counted = self.counted.load(Ordering::Relaxed);
        let appended = self.appended.load(Ordering::Relaxed);
        appended.saturating_sub(counted) > BACKLOG_RECORDS_MAX
    }
}
