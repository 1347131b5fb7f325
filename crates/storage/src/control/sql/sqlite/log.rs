//! The write-ahead log of SQLite on its way to the disk, and from there to the file.
//!
//! SQLite would sync it within each commit, and nobody could write meanwhile. So it does not
//! (`synchronous = NORMAL`): a commit is in the log then, as far as other connections and a process that is killed
//! are concerned, and those who wait for it are told when the log is on disk too. Nor does a commit write the log
//! to the file when that is long enough: another connection does, beside those who write.

use std::{
    fs::{File, OpenOptions},
    io,
    mem::{self, ManuallyDrop},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
};

use rusqlite::{Connection, hooks::Wal};
use tokio::task::spawn_blocking;

use super::{
    super::{
        SqlError,
        group::{Reply, Way, succeed},
    },
    statement::{empty_all, empty_some, failed},
};

/// Pages in the log after which it begins anew, 128 MiB.
const PAGES_MAX: u32 = 32 * 1_024;
/// Pages of it that are not in the file yet, for which those who write wait when it begins anew. In an import there are
/// always more: there the log grows to twice its length, and they wait for all.
const PAGES_LEFT_MAX: u32 = 2 * 1_024;

/// The log of one file.
pub(super) struct Log {
    log: File,
    /// Never closed: with it the process would lose the locks that SQLite has on the file.
    database: ManuallyDrop<File>,
    /// Those whose commits are in the log.
    written: Mutex<Vec<Reply>>,
    turn: Mutex<()>,
    way: Arc<Way>,
    is_broken: AtomicBool,
    /// How long it was after the last commit, in pages.
    pages: Arc<AtomicU32>,
    /// How long it was when it was last written to the file.
    emptied_pages: AtomicU32,
    /// How long it is when it begins anew next.
    anew_pages: AtomicU32,
    /// Writes the log to the file.
    emptying: Mutex<Connection>,
    /// Whether it can begin anew soon.
    is_nearly_empty: AtomicBool,
}

/// A group on its way to the disk, until this is dropped.
pub(super) struct OnItsWay<'a>(&'a Way);

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl Log {
    /// The log beside the file at this path, in which one connection writes and which another one writes to the file.
    pub(super) fn of(
        database: &Path,
        writer: &mut Connection,
        emptying: Connection,
        way: Arc<Way>,
    ) -> Result<Self, SqlError> {
        // What an earlier process left in the log comes to the file, and is synced there: of a log that the disk has
        // failed to take nobody knows how much it has. Where another process writes, that sees to it.
        empty_some(writer);
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        let opened = |path: &Path| {
            let file = OpenOptions::new().append(true).open(path);
            file.map_err(|error| SqlError::Failed(error.into()))
        };
        let pages = Arc::<AtomicU32>::default();
        let counted = pages.clone();
        // In the place of the one that writes the log to the file within a commit.
        let hook = move |_: &mut Wal, pages: i32| {
            counted.store(pages.unsigned_abs(), SeqCst);
            Ok(())
        };
        writer.wal_hook(Some(hook)).map_err(failed)?;
        Ok(Self {
            log: opened(path.as_ref())?,
            database: ManuallyDrop::new(opened(database)?),
            written: Mutex::default(),
            turn: Mutex::default(),
            way,
            is_broken: AtomicBool::new(false),
            pages,
            emptied_pages: AtomicU32::new(0),
            anew_pages: AtomicU32::new(PAGES_MAX),
            emptying: Mutex::new(emptying),
            is_nearly_empty: AtomicBool::new(false),
        })
    }

    /// Announces a group that will be synced.
    pub(super) fn enter(&self) -> OnItsWay<'_> {
        self.way.enter();
        OnItsWay(&self.way)
    }

    /// Waits until the log is on disk, and tells those whose commits are in it.
    pub(super) fn sync_for(&self, replies: Vec<Reply>) {
        if replies.is_empty() {
            return;
        }
        self.written().extend(replies);
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let replies = mem::take(&mut *self.written());
        // Who had the turn before may have synced these too.
        if replies.is_empty() {
            return;
        }
        // What comes after a part that the disk failed to take is of no use to it.
        let synced = self.require_whole().and_then(|()| self.sync());
        if synced.is_ok() {
            return succeed(replies);
        }
        for reply in replies {
            let _ = reply.send(Err(broken()));
        }
    }

    fn sync(&self) -> Result<(), SqlError> {
        self.log.sync_data().map_err(|error| self.break_by(error))
    }

    fn break_by(&self, error: io::Error) -> SqlError {
        tracing::error!(%error, "the control store cannot be put on disk: see to the disk and restart the server");
        // What the disk has nobody knows, and a second try would say nothing about it.
        self.is_broken.store(true, SeqCst);
        SqlError::Failed(error.into())
    }

    /// Refuses to go on when the disk has failed.
    pub(super) fn require_whole(&self) -> Result<(), SqlError> {
        if self.is_broken.load(SeqCst) {
            return Err(broken());
        }
        Ok(())
    }

    /// Begins to write the log to the file if so many pages came to it since the last time.
    pub(super) fn empty_after(self: &Arc<Self>, pages: u32) {
        let now = self.pages.load(SeqCst);
        let mut emptied = self.emptied_pages.load(SeqCst);
        if now < emptied {
            // It has begun anew by itself, as it does where nobody reads from it.
            self.anew_pages.store(PAGES_MAX, SeqCst);
            emptied = 0;
        }
        if now - emptied < pages {
            return;
        }
        self.emptied_pages.store(now, SeqCst);
        let log = self.clone();
        spawn_blocking(move || log.empty());
    }

    /// Writes the log to the file, but for what comes to it meanwhile.
    pub(super) fn empty(&self) {
        let connection = self.emptying();
        if self.require_whole().is_err() {
            return;
        }
        let Some((pages, emptied)) = empty_some(&connection) else {
            return;
        };
        // SQLite does so only if nothing came meanwhile, and else leaves it all to who has the log begin anew.
        if let Err(error) = self.database.sync_data() {
            self.break_by(error);
            return;
        }
        let is_long = pages >= self.anew_pages.load(SeqCst);
        let is_little = pages - emptied <= PAGES_LEFT_MAX || pages >= 2 * PAGES_MAX;
        if is_long && is_little {
            self.is_nearly_empty.store(true, SeqCst);
        }
    }

    /// Has the log begin anew, between two commits of the connection that writes, if it is long and only little of it
    /// is not in the file. If somebody reads from it for more than a moment, it goes on growing.
    pub(super) fn begin_anew_if_nearly_empty(&self, writer: &Connection) {
        if !self.is_nearly_empty.swap(false, SeqCst) || self.require_whole().is_err() {
            return;
        }
        if let Err(error) = empty_all(writer) {
            tracing::debug!(?error, "the log of the control store goes on");
            // It is not tried again at each commit.
            let next = self.pages.load(SeqCst).saturating_add(PAGES_MAX);
            self.anew_pages.store(next, SeqCst);
        }
    }

    /// The connection that writes the log to the file, of which there may be one at a time.
    pub(super) fn emptying(&self) -> MutexGuard<'_, Connection> {
        self.emptying.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn written(&self) -> MutexGuard<'_, Vec<Reply>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn broken() -> SqlError {
    let sentence = "the disk of the control store failed, so what was written last may not be on it: \
                    see to the disk and restart the server";
    SqlError::Failed(sentence.into())
}

#[cfg(test)]
mod tests {
    use rusqlite::params;
    use tokio::sync::oneshot;

    use super::*;

    /// A database with a table, its connection that writes, and its log.
    fn opened(directory: &tempfile::TempDir) -> (Connection, Arc<Log>) {
        let (writer, log) = reopened(&directory.path().join("control.db"));
        writer.execute_batch("CREATE TABLE t (x)").unwrap();
        (writer, log)
    }

    fn reopened(path: &Path) -> (Connection, Arc<Log>) {
        let mut writer = super::super::open(path).unwrap();
        let emptying = super::super::open(path).unwrap();
        let log = Log::of(path, &mut writer, emptying, Arc::default()).unwrap();
        (writer, Arc::new(log))
    }

    /// Somebody who reads.
    fn reader(directory: &tempfile::TempDir) -> Connection {
        let reader = super::super::open(&directory.path().join("control.db")).unwrap();
        reader.execute_batch("BEGIN; SELECT * FROM t").unwrap();
        reader
    }

    fn write(writer: &Connection, pages: i64) {
        let statement = "INSERT INTO t VALUES (zeroblob(?1))";
        writer.execute(statement, params![pages * 4_096]).unwrap();
    }

    #[test]
    fn those_who_wait_are_told_once_the_log_is_on_disk() {
        let directory = tempfile::tempdir().unwrap();
        let (writer, log) = opened(&directory);
        write(&writer, 1);
        let (reply, mut answer) = oneshot::channel();
        log.sync_for(vec![reply]);
        assert!(matches!(answer.try_recv(), Ok(Ok(()))));
        assert!(log.require_whole().is_ok());
    }

    #[test]
    fn nothing_more_is_taken_once_the_disk_has_failed() {
        let directory = tempfile::tempdir().unwrap();
        let (writer, log) = opened(&directory);
        write(&writer, 1);
        log.break_by(io::Error::other("no disk"));
        let (reply, mut answer) = oneshot::channel();
        log.sync_for(vec![reply]);
        // Though the disk would take it now.
        assert!(matches!(answer.try_recv(), Ok(Err(_))));
        assert!(log.require_whole().is_err());
    }

    #[test]
    fn what_an_earlier_process_left_comes_to_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let (writer, log) = opened(&directory);
        write(&writer, 100);
        let path = directory.path().join("control.db");
        let before = std::fs::metadata(&path).unwrap().len();
        // As if it had been killed.
        mem::forget((writer, log));
        let (_writer, _log) = reopened(&path);
        assert!(std::fs::metadata(&path).unwrap().len() > before + 100 * 4_096);
    }

    #[test]
    fn a_long_log_begins_anew_once_it_is_in_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let (writer, log) = opened(&directory);
        // So that it does not by itself.
        let reader = reader(&directory);
        write(&writer, 100);
        log.empty();
        assert!(!log.is_nearly_empty.load(SeqCst), "it is not long");
        log.anew_pages.store(100, SeqCst);
        log.empty();
        assert!(log.is_nearly_empty.load(SeqCst), "it is long");
        reader.execute_batch("COMMIT").unwrap();
        log.begin_anew_if_nearly_empty(&writer);
        write(&writer, 1);
        let pages = log.pages.load(SeqCst);
        assert!(pages < 10, "{pages}");
    }

    #[test]
    fn a_reader_keeps_the_log_from_beginning_anew_and_nobody_from_writing() {
        let directory = tempfile::tempdir().unwrap();
        let (writer, log) = opened(&directory);
        let reader = reader(&directory);
        write(&writer, 100);
        log.anew_pages.store(100, SeqCst);
        log.is_nearly_empty.store(true, SeqCst);
        log.begin_anew_if_nearly_empty(&writer);
        write(&writer, 1);
        assert!(log.pages.load(SeqCst) > 100);
        let next = log.anew_pages.load(SeqCst);
        assert!(next > PAGES_MAX, "it is not tried again at once: {next}");
        reader.execute_batch("COMMIT").unwrap();
    }
}
