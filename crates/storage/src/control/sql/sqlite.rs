//! SQLite: one connection that writes and several that read, each on a thread of its own.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use moca_core::limits::{CONTROL_READERS, CONTROL_WAIT_MS_MAX};
use rusqlite::{
    Connection, ErrorCode, params_from_iter,
    types::{ToSqlOutput, ValueRef},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{Mode, Row, SqlError, Value};
use crate::private;

/// Statements kept compiled on each connection; the store has some hundred texts.
const STATEMENTS_KEPT: usize = 512;

/// The connections to one file.
#[derive(Clone)]
pub(crate) struct Pool {
    writer: Arc<Lane>,
    readers: Arc<Lane>,
}

/// Connections of one purpose, lent in the order in which they were asked for.
struct Lane {
    turns: Arc<Semaphore>,
    idle: Mutex<Vec<Worker>>,
}

/// The thread that owns a connection. It ends when its queue is dropped.
struct Worker(mpsc::Sender<Job>);

enum Job {
    Begin(Reply<()>),
    Run(String, Vec<Value>, Reply<Outcome>),
    Batch(String, Reply<()>),
    Commit(Reply<()>),
    Rollback,
}

type Reply<T> = oneshot::Sender<Result<T, SqlError>>;

/// What a statement did.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) rows: Vec<Row>,
    pub(super) changed: u64,
}

impl Pool {
    pub(super) async fn open(path: PathBuf) -> Result<Self, SqlError> {
        private::make_file(&path).map_err(|error| SqlError::Failed(error.into()))?;
        // The writer first: it turns the write-ahead log on.
        let writer = Worker::start(path.clone(), false).await?;
        let mut readers = Vec::new();
        for _ in 0..CONTROL_READERS {
            readers.push(Worker::start(path.clone(), true).await?);
        }
        Ok(Self {
            writer: Lane::new(vec![writer]),
            readers: Lane::new(readers),
        })
    }

    pub(super) async fn begin(&self, mode: Mode) -> Result<Session, SqlError> {
        match mode {
            // A reader's thread begins by itself with its first statement.
            Mode::Read => Lane::lend(&self.readers).await,
            Mode::Write | Mode::Migrate => {
                let session = Lane::lend(&self.writer).await?;
                session.ask(Job::Begin).await?;
                Ok(session)
            }
        }
    }
}

impl Lane {
    fn new(workers: Vec<Worker>) -> Arc<Self> {
        Arc::new(Self {
            turns: Arc::new(Semaphore::new(workers.len())),
            idle: Mutex::new(workers),
        })
    }

    async fn lend(lane: &Arc<Self>) -> Result<Session, SqlError> {
        let turn = Arc::clone(&lane.turns)
            .acquire_owned()
            .await
            .map_err(|_| SqlError::Closed)?;
        let worker = lane
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        Ok(Session {
            worker: Some(worker.ok_or(SqlError::Closed)?),
            lane: Arc::clone(lane),
            _turn: turn,
        })
    }
}

/// A transaction: it holds a connection until it ends.
pub(crate) struct Session {
    worker: Option<Worker>,
    lane: Arc<Lane>,
    _turn: OwnedSemaphorePermit,
}

impl Session {
    pub(super) async fn run(
        &mut self,
        sql: String,
        values: Vec<Value>,
    ) -> Result<Outcome, SqlError> {
        self.ask(|reply| Job::Run(sql, values, reply)).await
    }

    pub(super) async fn batch(&mut self, sql: String) -> Result<(), SqlError> {
        self.ask(|reply| Job::Batch(sql, reply)).await
    }

    pub(super) async fn commit(self) -> Result<(), SqlError> {
        self.ask(Job::Commit).await
    }

    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, SqlError> {
        let (reply, answer) = oneshot::channel();
        let worker = self.worker.as_ref().ok_or(SqlError::Closed)?;
        worker.0.send(job(reply)).map_err(|_| SqlError::Closed)?;
        answer.await.map_err(|_| SqlError::Closed)?
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(worker) = self.worker.take() else {
            return;
        };
        // Queued before anything the next borrower asks; does nothing after a commit. A thread
        // that is gone has closed its connection, which rolls back too.
        let _ = worker.0.send(Job::Rollback);
        let mut idle = self
            .lane
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        idle.push(worker);
    }
}

impl Worker {
    async fn start(path: PathBuf, read_only: bool) -> Result<Self, SqlError> {
        let (jobs, queue) = mpsc::channel();
        let (opened, outcome) = oneshot::channel();
        let name = if read_only {
            "control-read"
        } else {
            "control-write"
        };
        thread::Builder::new()
            .name(name.into())
            .spawn(move || match open(&path, read_only) {
                Ok(connection) => {
                    if opened.send(Ok(())).is_ok() {
                        serve(&connection, read_only, &queue);
                    }
                }
                Err(error) => {
                    let _ = opened.send(Err(failed(error)));
                }
            })
            .map_err(|error| SqlError::Failed(error.into()))?;
        outcome.await.map_err(|_| SqlError::Closed)??;
        Ok(Self(jobs))
    }
}

fn open(path: &Path, read_only: bool) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_millis(CONTROL_WAIT_MS_MAX))?;
    // FULL: a commit is on disk when it is answered. No foreign keys: what refers to what is a
    // rule of the API, which names the referrers.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192;",
    )?;
    if read_only {
        connection.pragma_update(None, "query_only", true)?;
    }
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(connection)
}

fn serve(connection: &Connection, read_only: bool, queue: &mpsc::Receiver<Job>) {
    // An answer nobody waits for any more is no fault: its transaction is rolled back next.
    while let Ok(job) = queue.recv() {
        match job {
            Job::Begin(reply) => {
                let _ = reply.send(simple(connection, "BEGIN IMMEDIATE"));
            }
            Job::Run(sql, values, reply) => {
                let outcome = in_transaction(connection, read_only)
                    .and_then(|()| run(connection, &sql, values).map_err(failed));
                let _ = reply.send(outcome);
            }
            Job::Batch(sql, reply) => {
                let outcome = in_transaction(connection, read_only)
                    .and_then(|()| connection.execute_batch(&sql).map_err(failed));
                let _ = reply.send(outcome);
            }
            Job::Commit(reply) if read_only && connection.is_autocommit() => {
                let _ = reply.send(Ok(()));
            }
            Job::Commit(reply) => {
                let _ = reply.send(simple(connection, "COMMIT"));
            }
            Job::Rollback if connection.is_autocommit() => {}
            Job::Rollback => {
                if let Err(error) = simple(connection, "ROLLBACK") {
                    tracing::error!(
                        ?error,
                        "a transaction of the control store cannot be rolled back"
                    );
                }
            }
        }
    }
}

/// SQLite ends a transaction by itself on some errors (a full disk, for example); what followed
/// would then be committed statement by statement.
fn in_transaction(connection: &Connection, read_only: bool) -> Result<(), SqlError> {
    if !connection.is_autocommit() {
        return Ok(());
    }
    if read_only {
        return simple(connection, "BEGIN");
    }
    Err(SqlError::Failed("the transaction was rolled back".into()))
}

fn simple(connection: &Connection, sql: &str) -> Result<(), SqlError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    statement.execute([]).map(|_| ()).map_err(failed)
}

fn run(connection: &Connection, sql: &str, values: Vec<Value>) -> rusqlite::Result<Outcome> {
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
        ValueRef::Blob(bytes) => Value::from(bytes),
        text => Value::from(text.as_str()?),
    })
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn failed(error: rusqlite::Error) -> SqlError {
    if let rusqlite::Error::SqliteFailure(code, Some(message)) = &error
        && code.code == ErrorCode::ConstraintViolation
        && message.starts_with("UNIQUE")
    {
        return SqlError::Unique(message.clone());
    }
    SqlError::Failed(error.into())
}
