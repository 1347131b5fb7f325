//! The newest rows, as they were before they were encoded.
//!
//! Every stage takes in every row, mostly right after it was written. What is still in memory then
//! needs not be read, decompressed and decoded by each of them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use moca_core::limits::LOG_TAIL_BYTES_MAX;

use super::Row;

/// Shared by the ends of a log that were made from its writing end.
#[derive(Clone, Default)]
pub(super) struct Tail(Arc<Mutex<Rows>>);

/// Rows with numbers that follow each other, the newest last.
#[derive(Default)]
struct Rows {
    rows: VecDeque<Kept>,
    bytes: usize,
}

struct Kept {
    row: Arc<Row>,
    bytes: usize,
}

impl Tail {
    /// Adds a row that is on disk now; the oldest go when there are too many.
    pub(super) fn push(&self, row: Row, bytes: usize) {
        let mut tail = self.lock();
        tail.bytes += bytes;
        let row = Arc::new(row);
        tail.rows.push_back(Kept { row, bytes });
        while tail.bytes > LOG_TAIL_BYTES_MAX {
            tail.drop_oldest();
        }
    }

    /// What [`super::LogReader::read`] tells, if all of it is here.
    pub(super) fn read(
        &self,
        after: u64,
        last: u64,
        records_max: usize,
        bytes_max: usize,
    ) -> Option<Vec<Arc<Row>>> {
        let tail = self.lock();
        let (oldest, newest) = (tail.rows.front()?.row.seq, tail.rows.back()?.row.seq);
        if after + 1 < oldest || last > newest {
            return None;
        }
        let (mut records, mut bytes) = (0, 0);
        let mut rows = Vec::new();
        for kept in tail.rows.range((after + 1 - oldest) as usize..) {
            if kept.row.seq > last || records >= records_max || bytes >= bytes_max {
                break;
            }
            records += kept.row.records.len();
            bytes += kept.bytes;
            rows.push(Arc::clone(&kept.row));
        }
        Some(rows)
    }

    /// Drops the rows up to this one.
    pub(super) fn forget(&self, seq: u64) {
        let mut tail = self.lock();
        while tail.rows.front().is_some_and(|kept| kept.row.seq <= seq) {
            tail.drop_oldest();
        }
    }

    /// The rows, whatever became of a thread that held them: each is added and dropped as a whole.
    fn lock(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    fn drop_oldest(&mut self) {
        if let Some(kept) = self.rows.pop_front() {
            self.bytes -= kept.bytes;
        }
    }
}
