//! The event log: the truth about devices, in an SQLite file of its own.
//!
//! Rows are added and read. Only an erasure rewrites them ([`LogEditor`]).
//!
//! One row is one group commit. SQLite's write-ahead log carries a checksum on every frame, so a
//! commit that a crash tore is not there after it; with `synchronous=FULL` one that was answered
//! is. That is why rows carry no checksum of ours: it would guard only against a disk that returns
//! other bytes than it was given, and such a row would not even decompress.

mod edit;
mod row;
mod tail;

#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use moca_core::event::Record;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use crate::{StorageError, private};
pub use edit::{LogEditor, forget_replaced};
pub use row::NewRow;
use tail::Tail;

/// The writing end; there is one. The other ends are made from it, and share the rows that it has in
/// memory still.
pub struct LogWriter {
    path: PathBuf,
    connection: Connection,
    last_seq: u64,
    tail: Tail,
}

/// A reading end; each stage has its own.
pub struct LogReader {
    connection: Connection,
    tail: Tail,
}

/// A group commit as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its number, from 1, without gaps.
    pub seq: u64,
    /// What was written.
    pub records: Vec<Record>,
}

impl LogWriter {
    /// Opens the log, or makes an empty one.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        private::make_file(path).map_err(|source| StorageError::Backend {
            doing: "make the event log",
            source: Box::new(source),
        })?;
        let connection = Connection::open(path).map_err(backend("open the event log"))?;
        prepare(&connection).map_err(backend("prepare the event log"))?;
        let last_seq = last_seq(&connection)?;
        Ok(Self {
            path: path.to_owned(),
            connection,
            last_seq,
            tail: Tail::default(),
        })
    }

    /// A reading end.
    pub fn reader(&self) -> Result<LogReader, StorageError> {
        let tail = self.tail.clone();
        Ok(LogReader {
            tail,
            ..LogReader::open(&self.path)?
        })
    }

    /// The end that rewrites.
    pub fn editor(&self) -> Result<LogEditor, StorageError> {
        LogEditor::open(&self.path, self.tail.clone())
    }

    /// The number of the newest row; 0 for none.
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// Adds a row and returns its number once it is on disk.
    pub fn append(&mut self, row: NewRow) -> Result<u64, StorageError> {
        let (body, bytes) = row.body()?;
        let seq = self.last_seq + 1;
        self.connection
            .prepare_cached("INSERT INTO log (seq, body) VALUES (?1, ?2)")
            .and_then(|mut statement| statement.execute((seq as i64, body)))
            .map_err(backend("append to the event log"))?;
        self.last_seq = seq;
        let records = row.records;
        self.tail.push(Row { seq, records }, bytes);
        Ok(seq)
    }
}

impl LogReader {
    /// Opens a log that [`LogWriter::open`] has made; what it reads comes from the file.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .map_err(backend("open the event log"))?;
        let tail = Tail::default();
        Ok(Self { connection, tail })
    }

    /// Tells that all stages have taken in the rows up to this one: they need not stay in memory.
    pub fn forget(&self, seq: u64) {
        self.tail.forget(seq);
    }

    /// The number of the newest row; 0 for none.
    pub fn last_seq(&self) -> Result<u64, StorageError> {
        last_seq(&self.connection)
    }

    /// The rows after `after` up to `last`, in order, until they hold `records_max` records or
    /// `bytes_max` bytes (before compression) or more; one at least, if there is one.
    /// A row that is missing or cannot be read is an error: skipping it would lose events.
    pub fn read(
        &self,
        after: u64,
        last: u64,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Arc<Row>>, StorageError> {
        const DOING: &str = "read the event log";
        if let Some(rows) = self.tail.read(after, last, records_max, bytes_max) {
            return Ok(rows);
        }
        let mut statement = self
            .connection
            .prepare_cached("SELECT seq, body FROM log WHERE seq > ?1 AND seq <= ?2 ORDER BY seq")
            .map_err(backend(DOING))?;
        let mut stored = statement
            .query([after as i64, last as i64])
            .map_err(backend(DOING))?;
        let mut rows = Vec::new();
        let (mut records_read, mut bytes_read) = (0, 0);
        for expected in after + 1..=last {
            if records_read >= records_max || bytes_read >= bytes_max {
                break;
            }
            let Some(stored_row) = stored.next().map_err(backend(DOING))? else {
                return Err(inconsistent(expected));
            };
            let seq = stored_row.get::<_, i64>(0).map_err(backend(DOING))? as u64;
            if seq != expected {
                return Err(inconsistent(expected));
            }
            let body = stored_row.get_ref(1).map_err(backend(DOING))?;
            let decoded = body
                .as_blob()
                .ok()
                .and_then(row::decode)
                .ok_or_else(|| inconsistent(seq))?;
            records_read += decoded.records.len();
            bytes_read += decoded.plain_bytes;
            let records = decoded.records;
            rows.push(Arc::new(Row { seq, records }));
        }
        Ok(rows)
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Parts of pages that are given up are overwritten: rows that are erased later leave no copies.
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT",
    )
}

fn last_seq(connection: &Connection) -> Result<u64, StorageError> {
    connection
        .query_row(
            "SELECT seq FROM log ORDER BY seq DESC LIMIT 1",
            [],
            |found| found.get::<_, i64>(0),
        )
        .optional()
        .map(|seq| seq.unwrap_or(0) as u64)
        .map_err(backend("read the end of the event log"))
}

fn backend(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> StorageError {
    move |source| StorageError::Backend {
        doing,
        source: Box::new(source),
    }
}

fn inconsistent(seq: u64) -> StorageError {
    StorageError::Inconsistent {
        table: "log",
        column: "body",
        id: seq.to_string(),
    }
}
