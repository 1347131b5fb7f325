//! Running a statement on a connection.

use std::time::Duration;

use moca_core::limits::{CONTROL_LOG_WAIT_MS_MAX, CONTROL_WAIT_MS_MAX};
use rusqlite::{
    Connection, ErrorCode, params_from_iter,
    types::{ToSqlOutput, ValueRef},
};

use super::super::{Row, SqlError, Value};

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

/// Empties the write-ahead log, unless somebody still reads from it after a short wait.
pub(super) fn empty_log(connection: &Connection) -> Result<(), SqlError> {
    let wait = |ms| connection.busy_timeout(Duration::from_millis(ms));
    wait(CONTROL_LOG_WAIT_MS_MAX).map_err(failed)?;
    let is_busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
    wait(CONTROL_WAIT_MS_MAX).map_err(failed)?;
    match is_busy.map_err(failed)? {
        0_i64 => Ok(()),
        _ => Err(SqlError::Failed("somebody was reading all the time".into())),
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
