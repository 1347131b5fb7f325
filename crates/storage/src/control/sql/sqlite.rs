//! SQLite: one connection that writes and several that read, each on a thread of its own.
//!
//! What writers wait for is the disk, so those that follow each other closely share a commit: each is
//! a savepoint in the transaction of the [group](Group), and is answered when the group is on disk. A
//! writer sees what the ones before it in the group did, and all of them fail if its commit does.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc::{self, RecvTimeoutError},
    },
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
/// Transactions that share a commit: enough to share the cost of the disk, and few enough that the
/// first one does not wait long for the last.
const GROUP_MAX: usize = 16;
/// How long a group waits for a writer in line to begin.
const GROUP_PAUSE: Duration = Duration::from_millis(2);

/// The connections to one file.
#[derive(Clone)]
pub(crate) struct Pool {
    writer: Arc<Lane>,
    readers: Arc<Lane>,
    in_line: Arc<AtomicUsize>,
}

/// A writer from when it asks for its turn until nothing more comes from it.
struct InLine(Arc<AtomicUsize>);

impl InLine {
    fn join(writers: &Arc<AtomicUsize>) -> Self {
        writers.fetch_add(1, SeqCst);
        Self(writers.clone())
    }
}

impl Drop for InLine {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
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
        let in_line = Arc::new(AtomicUsize::new(0));
        let line = in_line.clone();
        let serve = move |connection: &_, queue: &_| serve_writer(connection, queue, &line);
        let writer = Worker::start("control-write", path.clone(), false, serve).await?;
        let mut readers = Vec::new();
        for _ in 0..CONTROL_READERS {
            let reader = Worker::start("control-read", path.clone(), true, serve_reader).await?;
            readers.push(reader);
        }
        Ok(Self {
            writer: Lane::new(vec![writer]),
            readers: Lane::new(readers),
            in_line,
        })
    }

    pub(super) async fn begin(&self, mode: Mode) -> Result<Session, SqlError> {
        match mode {
            // A reader's thread begins by itself with its first statement.
            Mode::Read => Lane::lend(&self.readers).await,
            Mode::Write | Mode::Migrate => {
                let in_line = InLine::join(&self.in_line);
                let mut session = Lane::lend(&self.writer).await?;
                session.in_line = Some(in_line);
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
            in_line: None,
            _turn: turn,
        })
    }
}

/// A transaction: it holds a connection until it ends.
pub(crate) struct Session {
    worker: Option<Worker>,
    lane: Arc<Lane>,
    in_line: Option<InLine>,
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

    pub(super) async fn commit(mut self) -> Result<(), SqlError> {
        self.in_line = None;
        let answer = self.send(Job::Commit)?;
        // The next writer's turn begins while this one waits for the disk.
        drop(self);
        answer.await.map_err(|_| SqlError::Closed)?
    }

    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, SqlError> {
        self.send(job)?.await.map_err(|_| SqlError::Closed)?
    }

    fn send<T>(
        &self,
        job: impl FnOnce(Reply<T>) -> Job,
    ) -> Result<oneshot::Receiver<Result<T, SqlError>>, SqlError> {
        let (reply, answer) = oneshot::channel();
        let worker = self.worker.as_ref().ok_or(SqlError::Closed)?;
        worker.0.send(job(reply)).map_err(|_| SqlError::Closed)?;
        Ok(answer)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(worker) = self.worker.take() else {
            return;
        };
        self.in_line = None;
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
    async fn start(
        name: &str,
        path: PathBuf,
        read_only: bool,
        serve: impl FnOnce(&Connection, &mpsc::Receiver<Job>) + Send + 'static,
    ) -> Result<Self, SqlError> {
        let (jobs, queue) = mpsc::channel();
        let (opened, outcome) = oneshot::channel();
        thread::Builder::new()
            .name(name.into())
            .spawn(move || match open(&path, read_only) {
                Ok(connection) => {
                    if opened.send(Ok(())).is_ok() {
                        serve(&connection, &queue);
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

// An answer nobody waits for any more is no fault: its transaction is rolled back next.

fn serve_reader(connection: &Connection, queue: &mpsc::Receiver<Job>) {
    // A transaction begins with its first statement.
    let begun = || match connection.is_autocommit() {
        true => simple(connection, "BEGIN"),
        false => Ok(()),
    };
    while let Ok(job) = queue.recv() {
        match job {
            Job::Begin(reply) => {
                let _ = reply.send(Ok(()));
            }
            Job::Run(sql, values, reply) => {
                let _ = reply.send(begun().and_then(|()| run(connection, &sql, values)));
            }
            Job::Batch(sql, reply) => {
                let _ = reply.send(begun().and_then(|()| batch(connection, &sql)));
            }
            Job::Commit(reply) => {
                let _ = reply.send(end(connection, "COMMIT"));
            }
            Job::Rollback => roll_back(connection),
        }
    }
}

fn serve_writer(connection: &Connection, queue: &mpsc::Receiver<Job>, in_line: &AtomicUsize) {
    let mut group = Group {
        connection,
        waiting: Vec::new(),
        is_open: false,
    };
    while let Some(job) = group.next(queue) {
        match job {
            Job::Begin(reply) => {
                let _ = reply.send(group.begin());
            }
            Job::Run(sql, values, reply) => {
                let alive = group.alive();
                let _ = reply.send(alive.and_then(|()| run(connection, &sql, values)));
            }
            Job::Batch(sql, reply) => {
                let _ = reply.send(group.alive().and_then(|()| batch(connection, &sql)));
            }
            Job::Commit(reply) => group.join(reply),
            Job::Rollback => group.abandon(),
        }
        // Who is in line comes next and joins.
        if !group.is_open && (in_line.load(SeqCst) == 0 || group.waiting.len() >= GROUP_MAX) {
            group.commit();
        }
    }
}

/// Transactions that go to disk together. Only the last one can be open: the others wait.
struct Group<'a> {
    connection: &'a Connection,
    waiting: Vec<Reply<()>>,
    is_open: bool,
}

impl Group<'_> {
    /// The next job. Those that wait do not depend on it: a writer in line may have gone away.
    fn next(&mut self, queue: &mpsc::Receiver<Job>) -> Option<Job> {
        while !self.is_open && !self.waiting.is_empty() {
            match queue.recv_timeout(GROUP_PAUSE) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Timeout) => self.commit(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if let Ok(job) = queue.recv() {
            return Some(job);
        }
        self.commit();
        None
    }

    fn begin(&mut self) -> Result<(), SqlError> {
        if self.waiting.is_empty() {
            simple(self.connection, "BEGIN IMMEDIATE")?;
        }
        // Only to be undone by itself; alone it needs no more than the transaction, but whether it
        // stays alone nobody knows yet.
        self.is_open = true;
        simple(self.connection, "SAVEPOINT member")
    }

    /// SQLite ends a transaction by itself on some errors (a full disk, for example); what followed
    /// would then be committed statement by statement.
    fn alive(&mut self) -> Result<(), SqlError> {
        if !self.connection.is_autocommit() {
            return Ok(());
        }
        self.fail();
        Err(rolled_back())
    }

    fn fail(&mut self) {
        for reply in self.waiting.drain(..) {
            let _ = reply.send(Err(rolled_back()));
        }
    }

    fn join(&mut self, reply: Reply<()>) {
        let released = self
            .alive()
            .and_then(|()| simple(self.connection, "RELEASE member"));
        match released {
            Ok(()) => {
                self.is_open = false;
                self.waiting.push(reply);
            }
            Err(error) => {
                let _ = reply.send(Err(error));
            }
        }
    }

    /// Undoes the open one, if there is one; the others stay.
    fn abandon(&mut self) {
        if !self.is_open {
            return;
        }
        self.is_open = false;
        if self.alive().is_err() {
            return;
        }
        let undone = simple(self.connection, "ROLLBACK TO member")
            .and_then(|()| simple(self.connection, "RELEASE member"));
        if undone.is_err() || self.waiting.is_empty() {
            roll_back(self.connection);
            self.fail();
        }
    }

    fn commit(&mut self) {
        if self.waiting.is_empty() || self.alive().is_err() {
            return;
        }
        match simple(self.connection, "COMMIT") {
            Ok(()) => {
                for reply in self.waiting.drain(..) {
                    let _ = reply.send(Ok(()));
                }
            }
            Err(error) => {
                tracing::error!(?error, "a commit of the control store failed");
                roll_back(self.connection);
                self.fail();
            }
        }
    }
}

fn rolled_back() -> SqlError {
    SqlError::Failed("the transaction was rolled back".into())
}

/// Ends a transaction that may have ended by itself.
fn end(connection: &Connection, how: &str) -> Result<(), SqlError> {
    if connection.is_autocommit() {
        return Ok(());
    }
    simple(connection, how)
}

fn roll_back(connection: &Connection) {
    if let Err(error) = end(connection, "ROLLBACK") {
        tracing::error!(
            ?error,
            "a transaction of the control store cannot be rolled back"
        );
    }
}

fn batch(connection: &Connection, sql: &str) -> Result<(), SqlError> {
    connection.execute_batch(sql).map_err(failed)
}

fn simple(connection: &Connection, sql: &str) -> Result<(), SqlError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    statement.execute([]).map(|_| ()).map_err(failed)
}

fn run(connection: &Connection, sql: &str, values: Vec<Value>) -> Result<Outcome, SqlError> {
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

fn failed(error: rusqlite::Error) -> SqlError {
    if let rusqlite::Error::SqliteFailure(code, Some(message)) = &error
        && code.code == ErrorCode::ConstraintViolation
        && message.starts_with("UNIQUE")
    {
        return SqlError::Unique(message.clone());
    }
    SqlError::Failed(error.into())
}
