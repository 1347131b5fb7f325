//! PostgreSQL: a pool of connections, of which one writes.

mod group;

use std::{error::Error, future::Future as _, pin::pin, sync::Arc, task, time::Duration};

use bytes::BytesMut;
use deadpool_postgres::{Manager, ManagerConfig, Object, RecyclingMethod, Runtime};
use moca_core::limits::{CONTROL_CONNECTIONS, CONTROL_WAIT_MS_MAX};
use tokio_postgres::{
    Config, NoTls,
    config::SslMode,
    error::SqlState,
    types::{IsNull, ToSql, Type, to_sql_checked},
};

use self::group::Writing;
use super::{
    Mode, Row, SqlError, Value,
    group::{Group as _, Line, Writer},
    tls,
};
use crate::{
    StorageError,
    control::ledger::{Ledger, Posting},
};

/// Any number will do as long as nothing else in the database locks the same: "MOCA" in ASCII.
const MIGRATION_LOCK: i64 = 0x4d4f_4341;

/// The connections to one database.
#[derive(Clone)]
pub(crate) struct Pool {
    connections: deadpool_postgres::Pool,
    /// Writers of this process wait here, in order, and not on connections that readers need.
    writers: Line<Writing>,
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
            writers: Line::new(Writing::new(connections.clone()), Arc::default()),
            connections,
        })
    }

    pub(super) async fn begin(&self, mode: Mode) -> Result<Session, SqlError> {
        let begin = match mode {
            Mode::Write => {
                let mut writer = self.writers.turn().await?;
                writer.group.get()?.begin().await?;
                return Ok(Session(Held::Writes(writer)));
            }
            Mode::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned(),
            Mode::Migrate => format!("BEGIN; SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"),
        };
        let client = self.connections.get().await;
        let alone = Alone {
            client: client.map_err(|error| SqlError::Failed(error.into()))?,
            is_open: true,
        };
        if mode == Mode::Read {
            // The first statement says whether it came to that.
            send(&alone.client, &begin);
        } else {
            alone.client.batch_execute(&begin).await.map_err(failed)?;
        }
        Ok(Session(Held::Alone(alone)))
    }
}

/// A transaction: it holds a connection until it ends.
pub(crate) struct Session(Held);

enum Held {
    Alone(Alone),
    Writes(Writer<Writing>),
}

/// A transaction that shares its commit with no other.
struct Alone {
    client: Object,
    is_open: bool,
}

impl Session {
    pub(super) async fn query(
        &mut self,
        sql: &str,
        values: &[Value],
    ) -> Result<Vec<Row>, SqlError> {
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await.map_err(failed)?;
        let rows = client.query(&statement, &parameters(values)).await;
        rows.map_err(failed)?.iter().map(read).collect()
    }

    pub(super) async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, SqlError> {
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await.map_err(failed)?;
        let changed = client.execute(&statement, &parameters(values)).await;
        changed.map_err(failed)
    }

    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), SqlError> {
        self.client()?.batch_execute(sql).await.map_err(failed)
    }

    fn client(&mut self) -> Result<&Object, SqlError> {
        match &mut self.0 {
            Held::Alone(alone) => Ok(&alone.client),
            Held::Writes(writer) => writer.group.get()?.client(),
        }
    }

    /// What the transactions before this one in its group have in common.
    pub(super) fn ledger(&mut self) -> Option<&Ledger> {
        match &mut self.0 {
            Held::Alone(_) => None,
            Held::Writes(writer) => Some(writer.group.get().ok()?.waiting().ledger()),
        }
    }

    pub(super) async fn commit(self, posting: Posting) -> Result<(), SqlError> {
        match self.0 {
            Held::Alone(mut alone) => {
                alone.client.batch_execute("COMMIT").await.map_err(failed)?;
                alone.is_open = false;
                Ok(())
            }
            Held::Writes(writer) => writer.commit(posting).await,
        }
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        if self.is_open {
            send(&self.client, "ROLLBACK");
        }
    }
}

/// Asks for something of which nobody has to wait for the answer. The first poll puts it in the
/// connection's queue, before anything that is asked for later.
fn send(client: &Object, sql: &str) {
    let asked = pin!(client.batch_execute(sql));
    let _ = asked.poll(&mut task::Context::from_waker(task::Waker::noop()));
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
