//! PostgreSQL: a pool of connections.

use std::{error::Error, future::Future as _, pin::pin, sync::Arc, task, time::Duration};

use bytes::BytesMut;
use deadpool_postgres::{Manager, ManagerConfig, Object, RecyclingMethod, Runtime};
use moca_core::limits::{CONTROL_CONNECTIONS, CONTROL_WAIT_MS_MAX};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::{
    Config, NoTls,
    config::SslMode,
    error::SqlState,
    types::{IsNull, ToSql, Type, to_sql_checked},
};

use super::{Mode, Row, SqlError, Value, tls};
use crate::StorageError;

/// Any number will do as long as nothing else in the database locks the same: "MOCA" in ASCII.
const MIGRATION_LOCK: i64 = 0x4d4f_4341;

/// The connections to one database.
#[derive(Clone)]
pub(crate) struct Pool {
    connections: deadpool_postgres::Pool,
    /// Writers of this process wait here, in order, and not on connections that readers need.
    writer: Arc<Semaphore>,
}

impl Pool {
    pub(super) fn open(url: &str) -> Result<Self, StorageError> {
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            let reason = error.source().map(ToString::to_string).unwrap_or_default();
            StorageError::Configuration(format!(
                "the URL of the control store cannot be read: {error} ({reason})"
            ))
        })?;
        if config.get_application_name().is_none() {
            config.application_name("moca");
        }
        let wait = Duration::from_millis(CONTROL_WAIT_MS_MAX);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(wait);
        }
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = match config.get_ssl_mode() {
            SslMode::Require => Manager::from_config(config, tls::connector()?, recycling),
            // `prefer` would accept any certificate or none: that protects from nobody.
            _ => Manager::from_config(config, NoTls, recycling),
        };
        let connections = deadpool_postgres::Pool::builder(manager)
            .max_size(CONTROL_CONNECTIONS)
            .wait_timeout(Some(wait))
            .create_timeout(Some(wait))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| StorageError::Configuration(error.to_string()))?;
        Ok(Self {
            connections,
            writer: Arc::new(Semaphore::new(1)),
        })
    }

    pub(super) async fn begin(&self, mode: Mode) -> Result<Session, SqlError> {
        let turn = match mode {
            Mode::Read => None,
            Mode::Write | Mode::Migrate => {
                let turn = Arc::clone(&self.writer).acquire_owned().await;
                Some(turn.map_err(|_| SqlError::Closed)?)
            }
        };
        let client = self.connections.get().await;
        let mut session = Session {
            client: client.map_err(|error| SqlError::Failed(error.into()))?,
            open: true,
            _turn: turn,
        };
        session.batch(&begin_text(mode)).await?;
        Ok(session)
    }
}

/// Writers of all processes are put in a row by the lock of one row, taken at the start: so what a
/// writer has checked stays true until it commits, and versions follow each other without gaps.
fn begin_text(mode: Mode) -> String {
    let lock = match mode {
        Mode::Read => return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".into(),
        Mode::Write => "SELECT version FROM config_version FOR UPDATE".into(),
        Mode::Migrate => format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"),
    };
    // A process that hangs must not keep the others from writing.
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = {CONTROL_WAIT_MS_MAX}; \
         SET LOCAL idle_in_transaction_session_timeout = {CONTROL_WAIT_MS_MAX}; {lock}"
    )
}

/// A transaction: it holds a connection until it ends.
pub(crate) struct Session {
    client: Object,
    open: bool,
    _turn: Option<OwnedSemaphorePermit>,
}

impl Session {
    pub(super) async fn query(
        &mut self,
        sql: &str,
        values: &[Value],
    ) -> Result<Vec<Row>, SqlError> {
        let statement = self.client.prepare_cached(sql).await.map_err(failed)?;
        let rows = self.client.query(&statement, &parameters(values)).await;
        rows.map_err(failed)?.iter().map(read).collect()
    }

    pub(super) async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, SqlError> {
        let statement = self.client.prepare_cached(sql).await.map_err(failed)?;
        let changed = self.client.execute(&statement, &parameters(values)).await;
        changed.map_err(failed)
    }

    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), SqlError> {
        self.client.batch_execute(sql).await.map_err(failed)
    }

    pub(super) async fn commit(mut self) -> Result<(), SqlError> {
        self.batch("COMMIT").await?;
        self.open = false;
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        // The first poll puts the message in the connection's queue, before anything the next
        // borrower sends; nobody has to wait for its answer.
        let rollback = pin!(self.client.batch_execute("ROLLBACK"));
        let _ = rollback.poll(&mut task::Context::from_waker(task::Waker::noop()));
    }
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as _).collect()
}

fn read(row: &tokio_postgres::Row) -> Result<Row, SqlError> {
    let columns = row.columns().iter().enumerate();
    columns
        .map(|(i, column)| {
            let value = match *column.type_() {
                Type::INT8 => row.try_get::<_, Option<i64>>(i)?.map(Value::Integer),
                Type::FLOAT8 => row.try_get::<_, Option<f64>>(i)?.map(Value::Real),
                Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(i)?.map(Value::Bytes),
                _ => row.try_get::<_, Option<String>>(i)?.map(Value::Text),
            };
            Ok(value.unwrap_or(Value::Null))
        })
        .collect::<Result<Row, tokio_postgres::Error>>()
        .map_err(failed)
}

impl ToSql for Value {
    fn to_sql(
        &self,
        column: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(integer) if *column == Type::INT8 => integer.to_sql(column, out),
            Self::Real(real) if *column == Type::FLOAT8 => real.to_sql(column, out),
            Self::Text(text) if <&str>::accepts(column) => text.to_sql(column, out),
            Self::Bytes(bytes) if *column == Type::BYTEA => bytes.to_sql(column, out),
            _ => Err(format!("a parameter is not of type {column}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn failed(error: tokio_postgres::Error) -> SqlError {
    if error.code() == Some(&SqlState::UNIQUE_VIOLATION) {
        let index = error.as_db_error().and_then(|cause| cause.constraint());
        return SqlError::Unique(index.unwrap_or_default().to_owned());
    }
    SqlError::Failed(error.into())
}
