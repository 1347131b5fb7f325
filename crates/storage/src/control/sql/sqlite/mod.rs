//! SQLite: one connection that writes and several that read.
//!
//! Most statements find or change a row by its key, which takes microseconds. Those are run where they
//! are asked for: handing them to another thread would cost several times as much as they do. What may
//! look at many rows, and what waits for the disk, goes to a thread for that.

mod group;
mod log;
mod statement;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use moca_core::limits::{CONTROL_READERS, CONTROL_WAIT_MS_MAX};
use rusqlite::{Connection, config::DbConfig};
use tokio::{
    sync::oneshot,
    task::{coop::consume_budget, spawn_blocking},
};

use self::{
    group::Writing,
    log::Log,
    statement::{Outcome, batch, end, failed, roll_back, run, simple},
};
use super::{
    Mode, SqlError, Value, Work,
    group::{Group as _, Line, Way, Writer},
    lane::{Connected, Lane, Lent},
};
use crate::{
    control::ledger::{Ledger, Posting},
    private,
};

/// Statements kept compiled on each connection; the store has some hundred texts.
const STATEMENTS_KEPT: usize = 512;
/// Rows that a commit changes when it is one of an import.
const BULK_ROWS: u64 = 1_000;
/// Pages each reader may keep.
const READER_CACHE_KIB: i32 = 8 * 1_024;
/// Values of a statement that is still short: with more it writes or looks up many rows.
const SHORT_VALUES_MAX: usize = 100;

/// What is written at a time, and how that goes best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// Single changes: by the longest wait.
    Single,
    /// Imports: by the sum of it.
    Bulk,
}

impl Pace {
    /// Pages that come to the log before they are written to the file, 4 or 64 MiB. A page that changes often
    /// stands in it often and is written to the file once. But while the disk has much to do for the file, those who
    /// write wait for it with their few pages of the log.
    const fn pages_between(self) -> u32 {
        match self {
            Self::Single => 1_024,
            Self::Bulk => 16 * 1_024,
        }
    }

    /// Pages the writer may keep. A transaction that changes more of them writes some twice: the 4 000 places
    /// that an import puts in at once change some 11 000 (43 MB) where names, cells and external ids come in no
    /// order. But all that are kept are gone through at nearly each commit: splitting pages of an index borrows
    /// the number of a page far behind the last one, and what is behind the last one is looked for to be dropped.
    const fn cache_kib(self) -> i32 {
        match self {
            Self::Single => 8 * 1_024,
            Self::Bulk => 64 * 1_024,
        }
    }
}

/// The connections to one file.
#[derive(Clone)]
pub(crate) struct Pool {
    writers: Line<Writing>,
    readers: Arc<Lane<Connection>>,
    log: Arc<Log>,
}

impl Pool {
    pub(super) async fn open(path: PathBuf) -> Result<Self, SqlError> {
        let opened = spawn_blocking(move || Self::open_now(&path)).await;
        opened.map_err(|_| SqlError::Closed)?
    }

    fn open_now(path: &Path) -> Result<Self, SqlError> {
        private::make_file(path).map_err(|error| SqlError::Failed(error.into()))?;
        // The writer first: it turns the write-ahead log on.
        let mut writer = open(path).map_err(failed)?;
        keep(&writer, Pace::Single.cache_kib()).map_err(failed)?;
        let readers = (0..CONTROL_READERS).map(|_| {
            let reader = open(path)?;
            keep(&reader, READER_CACHE_KIB)?;
            reader.pragma_update(None, "query_only", true)?;
            Ok(reader)
        });
        let way = Arc::<Way>::default();
        let emptying = open(path).map_err(failed)?;
        let log = Arc::new(Log::of(path, &mut writer, emptying, way.clone())?);
        Ok(Self {
            writers: Line::new(Writing::new(writer, log.clone()), way),
            readers: Lane::new(readers.collect::<Result<_, _>>().map_err(failed)?),
            log,
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
                let mut writer = self.writers.turn().await?;
                if !writer.group.now(Writing::begin)? {
                    let (group, back) = writer.apart();
                    let waiting = Box::pin(group.apart(Writing::begin_waiting));
                    let (group, begun) = waiting.await?;
                    begun?;
                    writer = back(group);
                }
                Ok(Session(Held::Writes(Some(writer))))
            }
        }
    }
}

impl Pool {
    /// Waits until what can be read is on disk.
    pub(super) async fn settle(&self) -> Result<(), SqlError> {
        let log = self.log.clone();
        let (reply, answer) = oneshot::channel();
        let synced = spawn_blocking(move || log.sync_for(vec![reply])).await;
        synced.map_err(|_| SqlError::Closed)?;
        answer.await.map_err(|_| SqlError::Closed)?
    }

    /// Fails when the disk has.
    pub(super) fn require_whole(&self) -> Result<(), SqlError> {
        self.log.require_whole()
    }

    /// Empties the write-ahead log, in which pages stand as they were.
    pub(super) async fn forget_deleted(&self) -> Result<(), SqlError> {
        let log = self.log.clone();
        // So that little is left while nobody can write.
        let emptied = spawn_blocking(move || log.empty()).await;
        emptied.map_err(|_| SqlError::Closed)?;
        let (group, back) = self.writers.turn().await?.apart();
        let (group, done) = Box::pin(group.apart(Writing::empty_log)).await?;
        drop(back(group));
        done
    }
}

/// A transaction: it holds a connection until it ends.
pub(crate) struct Session(Held);

/// The connection is away while a long statement runs, and stays away if its answer was not waited for.
enum Held {
    Reads(Option<Lent<Connection>>),
    Writes(Option<Writer<Writing>>),
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
                let work = |group: &mut Writing| work(group.alive()?);
                if is_short {
                    return writer.as_mut().ok_or(SqlError::Closed)?.group.now(work);
                }
                let (group, back) = writer.take().ok_or(SqlError::Closed)?.apart();
                let (group, outcome) = Box::pin(group.apart(work)).await?;
                *writer = Some(back(group));
                outcome
            }
        }
    }

    /// What the transactions before this one in its group have in common.
    pub(super) fn ledger(&mut self) -> Option<&Ledger> {
        match &mut self.0 {
            Held::Reads(_) => None,
            Held::Writes(writer) => {
                let group = writer.as_mut()?.group.get().ok()?;
                Some(group.waiting().ledger())
            }
        }
    }

    pub(super) async fn commit(self, posting: Posting) -> Result<(), SqlError> {
        match self.0 {
            Held::Reads(lent) => {
                let commit = |connection: &mut Connection| end(connection, "COMMIT");
                lent.ok_or(SqlError::Closed)?.now(commit)
            }
            Held::Writes(writer) => Box::pin(writer.ok_or(SqlError::Closed)?.commit(posting)).await,
        }
    }
}

impl Connected for Connection {
    fn tidy(&mut self) {
        roll_back(self);
    }
}

/// Lets a connection keep pages.
fn keep(connection: &Connection, kib: i32) -> rusqlite::Result<()> {
    // Negative: KiB instead of pages.
    connection.pragma_update(None, "cache_size", -kib)
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_millis(CONTROL_WAIT_MS_MAX))?;
    // NORMAL: commits are put on disk by [`Log`]. No foreign keys: what refers to what is a
    // rule of the API, which names the referrers. What is deleted is overwritten, whole pages too:
    // it may be about people.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = OFF;
         PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON;",
    )?;
    // Without it a statement is compiled anew for each other value of its LIMIT.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(connection)
}
