//! The connection to SQLite that writes.

use std::sync::Arc;

use rusqlite::Connection;
use tokio::task::spawn_blocking;

use super::{
    super::{
        SqlError,
        group::{Group, Reply, Waiting, rolled_back},
        lane::{Connected, Lent},
    },
    BULK_ROWS, Pace, keep,
    log::Log,
    statement::{begin_unless_busy, failed, forget_log, roll_back, run, simple},
};
use crate::control::ledger::Posting;

/// The connection, with its transactions that wait. Only the last one can be open.
pub(super) struct Writing {
    connection: Connection,
    log: Arc<Log>,
    waiting: Waiting,
    is_open: bool,
    /// Rows changed by all commits up to the last one.
    changes_before: u64,
    pace: Pace,
}

impl Writing {
    pub(super) fn new(connection: Connection, log: Arc<Log>) -> Self {
        Self {
            connection,
            log,
            waiting: Waiting::default(),
            is_open: false,
            changes_before: 0,
            pace: Pace::Single,
        }
    }

    /// Begins a transaction, in the group if there is one. False, and nothing done, if another process
    /// writes: then [`Writing::begin_waiting`] does, which may take long.
    pub(super) fn begin(&mut self) -> Result<bool, SqlError> {
        self.log.require_whole()?;
        if self.waiting.is_empty() && !begin_unless_busy(&self.connection)? {
            return Ok(false);
        }
        self.open_member()?;
        Ok(true)
    }

    /// Begins a transaction, when the other process lets it.
    pub(super) fn begin_waiting(&mut self) -> Result<(), SqlError> {
        self.log.require_whole()?;
        if self.waiting.is_empty() {
            simple(&self.connection, "BEGIN IMMEDIATE")?;
        }
        self.open_member()
    }

    fn open_member(&mut self) -> Result<(), SqlError> {
        // Only to be undone by itself; alone it needs no more than the transaction, but whether it
        // stays alone nobody knows yet.
        self.is_open = true;
        simple(&self.connection, "SAVEPOINT member")
    }

    /// The connection, for a statement of the open transaction.
    ///
    /// SQLite ends a transaction by itself on some errors (a full disk, for example); what followed
    /// would then be committed statement by statement.
    pub(super) fn alive(&mut self) -> Result<&Connection, SqlError> {
        if !self.connection.is_autocommit() {
            return Ok(&self.connection);
        }
        self.waiting.fail();
        Err(rolled_back())
    }

    /// Puts all pages into the file and leaves nothing in the log beside it. Whoever reads an older
    /// state has to end first; nobody can write while that is waited for, so it is not for long.
    pub(super) fn empty_log(&mut self) -> Result<(), SqlError> {
        // In a transaction it would be refused.
        let replies = self.commit_now();
        self.log.sync_for(replies);
        self.log.require_whole()?;
        let _nobody_else = self.log.emptying();
        forget_log(&self.connection)
    }

    /// Writes what waits to the log, and gives those who are to be told when that is on disk.
    fn commit_now(&mut self) -> Vec<Reply> {
        if self.waiting.is_empty() || self.alive().is_err() {
            return Vec::new();
        }
        match self.settle() {
            Ok(()) => {
                self.log.begin_anew_if_nearly_empty(&self.connection);
                self.waiting.written()
            }
            Err(error) => {
                tracing::error!(?error, "a commit of the control store failed");
                roll_back(&self.connection);
                self.waiting.fail();
                Vec::new()
            }
        }
    }

    fn settle(&mut self) -> Result<(), SqlError> {
        self.log.require_whole()?;
        for statement in self.waiting.settle() {
            run(&self.connection, &statement.sql, statement.values)?;
        }
        let changes = self.connection.total_changes();
        let pace = if changes.saturating_sub(self.changes_before) >= BULK_ROWS {
            Pace::Bulk
        } else {
            Pace::Single
        };
        self.changes_before = changes;
        if pace != self.pace {
            keep(&self.connection, pace.cache_kib()).map_err(failed)?;
            self.pace = pace;
        }
        simple(&self.connection, "COMMIT")
    }
}

impl Group for Writing {
    fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    fn join(&mut self, posting: Posting, reply: Reply) -> Result<(), SqlError> {
        simple(self.alive()?, "RELEASE member")?;
        self.is_open = false;
        self.waiting.add(posting, reply);
        Ok(())
    }

    async fn commit(mut group: Lent<Self>) -> Result<(), SqlError> {
        let done = spawn_blocking(move || {
            let (log, replies, pace) = group.now(|group| {
                let replies = group.commit_now();
                Ok((group.log.clone(), replies, group.pace))
            })?;
            let on_its_way = log.enter();
            // The next one gathers meanwhile.
            drop(group);
            log.sync_for(replies);
            drop(on_its_way);
            log.empty_after(pace.pages_between());
            Ok(())
        });
        done.await.map_err(|_| SqlError::Closed)?
    }
}

impl Connected for Writing {
    /// Undoes the open one, if there is one; the others stay.
    fn tidy(&mut self) {
        if !self.is_open {
            return;
        }
        self.is_open = false;
        if self.alive().is_err() {
            return;
        }
        let undone = simple(&self.connection, "ROLLBACK TO member")
            .and_then(|()| simple(&self.connection, "RELEASE member"));
        if undone.is_err() || self.waiting.is_empty() {
            roll_back(&self.connection);
            self.waiting.fail();
        }
    }
}
