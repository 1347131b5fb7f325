//! Rewriting rows: the one exception to the rule that the log only grows, made for erasures.

use std::path::Path;

use moca_core::event::Record;
use rusqlite::{Connection, OptionalExtension};

use super::{backend, inconsistent, prepare, row, tail::Tail};
use crate::StorageError;

/// The end that rewrites; there is one. It waits for the writing end where both need the file.
pub struct LogEditor {
    connection: Connection,
    tail: Tail,
}

impl LogEditor {
    pub(super) fn open(path: &Path, tail: Tail) -> Result<Self, StorageError> {
        let connection = Connection::open(path).map_err(backend("open the event log"))?;
        prepare(&connection).map_err(backend("prepare the event log"))?;
        Ok(Self { connection, tail })
    }

    /// What a row holds.
    pub fn row(&self, seq: u64) -> Result<Vec<Record>, StorageError> {
        let body: Option<Vec<u8>> = self
            .connection
            .prepare_cached("SELECT body FROM log WHERE seq = ?1")
            .and_then(|mut found| found.query_row([seq as i64], |row| row.get(0)).optional())
            .map_err(backend("read the event log"))?;
        let decoded = body.as_deref().and_then(row::decode);
        decoded
            .map(|decoded| decoded.records)
            .ok_or_else(|| inconsistent(seq))
    }

    /// Replaces what a row holds; it is on disk when this returns.
    pub fn replace(&self, seq: u64, records: &[Record]) -> Result<(), StorageError> {
        let body = row::encode(records)?;
        self.connection
            .prepare_cached("UPDATE log SET body = ?2 WHERE seq = ?1")
            .and_then(|mut update| update.execute((seq as i64, body)))
            .map_err(backend("rewrite a row of the event log"))?;
        self.tail.forget(seq);
        Ok(())
    }
}

/// Removes the copies of what rows held before, which SQLite keeps in the file beside the log.
pub fn forget_replaced(path: &Path) -> Result<(), StorageError> {
    const DOING: &str = "clean up after the event log";
    let connection = Connection::open(path).map_err(backend("open the event log"))?;
    let busy: i64 = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map_err(backend(DOING))?;
    if busy == 0 {
        return Ok(());
    }
    Err(StorageError::Backend {
        doing: DOING,
        source: "someone was reading all the time".into(),
    })
}
