//! SQLite: one connection that writes and several that read.
//!
//! Most statements find or change a row by its key, which takes microseconds. Those are run where they
//! are asked for: handing them to another thread would cost several times as much as they do. What may
//! look at many rows, and what waits for the disk, goes to a thread for that.

mod group;
mod lane;
mod statement;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use moca_core::limits::{CONTROL_READERS, CONTROL_WAIT_MS_MAX};
use rusqlite::Connection;
use tokio::{
    sync::oneshot,
    task::{coop::consume_budget, spawn_blocking},
    time::timeout,
};

use self::{
    group::Group,
    lane::{Connected, Lane, Lent},
    statement::{Outcome, batch, end, failed, roll_back, run, simple},
};
use super::{Mode, SqlError, Value, Work};
use crate::private;

/// Statements kept compiled on each connection; the store has some hundred texts.
const STATEMENTS_KEPT: usize = 512;
/// Values of a statement that is still short: with more it writes or looks up many rows.
const SHORT_VALUES_MAX: usize = 100;
/// How long a group waits for a writer in line to begin.
const GROUP_PAUSE: Duration = Duration::from_millis(2);

/// The connections to one file.
#[derive(Clone)]
pub(crate) struct Pool {
    writer: Arc<Lane<Group>>,
    readers: Arc<Lane<Connection>>,
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

impl Pool {
    pub(super) async fn open(path: PathBuf) -> Result<Self, SqlError> {
        let opened = spawn_blocking(move || Self::open_now(&path)).await;
        opened.map_err(|_| SqlError::Closed)?
    }

    fn open_now(path: &Path) -> Result<Self, SqlError> {
        private::make_file(path).map_err(|error| SqlError::Failed(error.into()))?;
        // The writer first: it turns the write-ahead log on.
        let writer = Group::new(open(path, false).map_err(failed)?);
        let readers = (0..CONTROL_READERS).map(|_| open(path, true).map_err(failed));
        Ok(Self {
            writer: Lane::new(vec![writer]),
            readers: Lane::new(readers.collect::<Result<_, _>>()?),
            in_line: Arc::default(),
        })
    }

    pub(super) async fn begin(&self, mode: Mode) -> Result<Session, SqlError> {
        match mode {
            // A reader begins by itself with its first statement.
            Mode::Read => {
                let lent = Lane::lend(&self.readers).await?;
                Ok(Session(Held::Reads(Some(lent))))
            }
            Mode::Write | Mode::Migrate => {
                let in_line = InLine::join(&self.in_line);
                let mut group = Lane::lend(&self.writer).await?;
                if !group.now(Group::begin)? {
                    let waiting = Box::pin(group.apart(Group::begin_waiting));
                    let (back, begun) = waiting.await?;
                    begun?;
                    group = back;
                }
                let writer = Writer {
                    group,
                    lane: self.writer.clone(),
                    in_line,
                };
                Ok(Session(Held::Writes(Some(writer))))
            }
        }
    }
}

/// A transaction: it holds a connection until it ends.
pub(crate) struct Session(Held);

/// The connection is away while a long statement runs, and stays away if its answer was not waited for.
enum Held {
    Reads(Option<Lent<Connection>>),
    Writes(Option<Writer>),
}

/// A transaction that writes.
struct Writer {
    group: Lent<Group>,
    lane: Arc<Lane<Group>>,
    in_line: InLine,
}

impl Session {
    pub(super) async fn run(
        &mut self,
        sql: String,
        values: Vec<Value>,
        work: Work,
    ) -> Result<Outcome, SqlError> {
        let is_short = work == Work::Short && values.len() <= SHORT_VALUES_MAX;
        self.with(is_short, move |connection| run(connection, &sql, values))
            .await
    }

    pub(super) async fn batch(&mut self, sql: String) -> Result<(), SqlError> {
        self.with(false, move |connection| batch(connection, &sql))
            .await
    }

    async fn with<T: Send + 'static>(
        &mut self,
        is_short: bool,
        work: impl FnOnce(&Connection) -> Result<T, SqlError> + Send + 'static,
    ) -> Result<T, SqlError> {
        // Many short ones, one after the other, let others have their turn.
        consume_budget().await;
        match &mut self.0 {
            Held::Reads(lent) => {
                let work = |connection: &mut Connection| {
                    // A transaction begins with its first statement.
                    if connection.is_autocommit() {
                        simple(connection, "BEGIN")?;
                    }
                    work(connection)
                };
                if is_short {
                    return lent.as_mut().ok_or(SqlError::Closed)?.now(work);
                }
                let taken = lent.take().ok_or(SqlError::Closed)?;
                let (back, outcome) = Box::pin(taken.apart(work)).await?;
                *lent = Some(back);
                outcome
            }
            Held::Writes(writer) => {
                let work = |group: &mut Group| work(group.alive()?);
                if is_short {
                    return writer.as_mut().ok_or(SqlError::Closed)?.group.now(work);
                }
                let Writer {
                    group,
                    lane,
                    in_line,
                } = writer.take().ok_or(SqlError::Closed)?;
                let (group, outcome) = Box::pin(group.apart(work)).await?;
                *writer = Some(Writer {
                    group,
                    lane,
                    in_line,
                });
                outcome
            }
        }
    }

    pub(super) async fn commit(self) -> Result<(), SqlError> {
        match self.0 {
            Held::Reads(lent) => {
                let commit = |connection: &mut Connection| end(connection, "COMMIT");
                lent.ok_or(SqlError::Closed)?.now(commit)
            }
            Held::Writes(writer) => Box::pin(writer.ok_or(SqlError::Closed)?.commit()).await,
        }
    }
}

impl Writer {
    async fn commit(self) -> Result<(), SqlError> {
        let Self {
            mut group,
            lane,
            in_line,
        } = self;
        let (reply, mut answer) = oneshot::channel();
        group.now(|group| group.join(reply))?;
        let writers = in_line.0.clone();
        drop(in_line);
        // Who is in line comes next and joins.
        let is_last = writers.load(SeqCst) == 0 || group.now(|group| Ok(group.is_full()))?;
        if is_last {
            commit(group).await?;
        } else {
            drop(group);
        }
        loop {
            if let Ok(told) = timeout(GROUP_PAUSE, &mut answer).await {
                return told.map_err(|_| SqlError::Closed)?;
            }
            // Those that wait do not depend on the next one: a writer in line may have gone away.
            if let Some(group) = Lane::lend_idle(&lane) {
                commit(group).await?;
            }
        }
    }
}

/// Puts a group on disk.
async fn commit(group: Lent<Group>) -> Result<(), SqlError> {
    let commit = |group: &mut Group| {
        group.commit();
        Ok(())
    };
    group.apart(commit).await?.1
}

impl Connected for Connection {
    fn tidy(&mut self) {
        roll_back(self);
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
