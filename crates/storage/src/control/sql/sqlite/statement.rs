//! Running a statement on a connection.

use std::time::Duration;

use moca_core::limits::{CONTROL_LOG_WAIT_MS_MAX, CONTROL_WAIT_MS_MAX};
use rusqlite::{
    Connection, ErrorCode, params_from_iter,
    types::{ToSqlOutput, ValueRef},
    wal::CheckpointMode,
};

use super::super::{Row, SqlError, Value};

/// The one database of a connection.
const MAIN: Option<&str> = Some("main");
/// How long those who write wait for those who read from the log, before it begins anew.
const LOG_WAIT: Duration = Duration::from_millis(5);

/// What a statement did.
#[derive(Default)]
pub(in super::super) struct Outcome {
    pub(in super::super) rows: Vec<Row>,
    pub(in super::super) changed: u64,
}

/// Ends a transaction that may have ended by itself.
pub(super) fn end(connection: &Connection, how: &str) -> Result<(), SqlError> {
    if connection.is_autocommit() {
        return Ok(());
    }
    simple(connection, how)
}

pub(super) fn roll_back(connection: &Connection) {
    if let Err(error) = end(connection, "ROLLBACK") {
        tracing::error!(
            ?error,
            "a transaction of the control store cannot be rolled back"
        );
    }
}

pub(super) fn batch(connection: &Connection, sql: &str) -> Result<(), SqlError> {
    connection.execute_batch(sql).map_err(failed)
}

/// Begins a transaction that writes; false if another process does.
pub(super) fn begin_unless_busy(connection: &Connection) -> Result<bool, SqlError> {
    let wait = |ms| connection.busy_timeout(Duration::from_millis(ms));
    wait(0).map_err(failed)?;
    let begun = connection
        .prepare_cached("BEGIN IMMEDIATE")
        .and_then(|mut begin| begin.execute([]));
    wait(CONTROL_WAIT_MS_MAX).map_err(failed)?;
    match begun {
        Ok(_) => Ok(true),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

/// Empties the write-ahead log, file and all, unless somebody still reads from it after a short wait.
pub(super) fn forget_log(connection: &Connection) -> Result<(), SqlError> {
    let wait = Duration::from_millis(CONTROL_LOG_WAIT_MS_MAX);
    empty(connection, CheckpointMode::TRUNCATE, wait)
}

/// Writes the write-ahead log to the file and begins it anew, unless somebody still reads from it after a moment.
pub(super) fn empty_all(connection: &Connection) -> Result<(), SqlError> {
    empty(connection, CheckpointMode::RESTART, LOG_WAIT)
}

fn empty(connection: &Connection, mode: CheckpointMode, wait: Duration) -> Result<(), SqlError> {
    let until = |wait| connection.busy_timeout(wait).map_err(failed);
    until(wait)?;
    let emptied = connection.wal_checkpoint_v2(MAIN, mode);
    until(Duration::from_millis(CONTROL_WAIT_MS_MAX))?;
    emptied.map(|_| ()).map_err(failed)
}

/// Writes of the write-ahead log to the file what nobody is in the way of; gives how many pages the log has and how many
/// of them are in the file now, if that is known.
pub(super) fn empty_some(connection: &Connection) -> Option<(u32, u32)> {
    match connection.wal_checkpoint_v2(MAIN, CheckpointMode::PASSIVE) {
        Ok((pages, emptied)) => Some((pages.try_into().ok()?, emptied.try_into().ok()?)),
        // Another connection is at it.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => None,
        // Nothing is lost: it is all in the log.
        Err(error) => {
            tracing::warn!(%error, "the log of the control store was not written to its file");
            None
        }
    }
}

pub(super) fn simple(connection: &Connection, sql: &str) -> Result<(), SqlError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    statement.execute([]).map(|_| ()).map_err(failed)
}

pub(super) fn run(
    connection: &Connection,
    sql: &str,
    values: Vec<Value>,
) -> Result<Outcome, SqlError> {
    outcome(connection, sql, values).map_err(failed)
}

fn outcome(connection: &Connection, sql: &str, values: Vec<Value>) -> rusqlite::Result<Outcome> {
    // `$1` would be a name to SQLite, numbered by its first appearance; `?1` is the number.
    let mut statement = connection.prepare_cached(&sql.replace('$', "?"))?;
    let columns = statement.column_count();
    let mut found = statement.query(params_from_iter(values))?;
    let mut outcome = Outcome::default();
    while let Some(row) = found.next()? {
        let values = (0..columns).map(|column| value(row.get_ref(column)?));
        outcome
            .rows
            .push(values.collect::<rusqlite::Result<Row>>()?);
    }
    outcome.changed = connection.changes();
    Ok(outcome)
}

fn value(stored: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match stored {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Blob(bytes) => Value::from(bytes),
        text => Value::from(text.as_str()?),
    })
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Real(real) => ValueRef::Real(*real),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

pub(super) fn failed(error: rusqlite::Error) -> SqlError {
    if let rusqlite::Error::SqliteFailure(code, Some(message)) = &error
        && code.code == ErrorCode::ConstraintViolation
        && message.starts_with("UNIQUE")
    {
        return SqlError::Unique(message.clone());
    }
    SqlError::Failed(error.into())
}
