//! The connection to SQLite that writes.

use rusqlite::Connection;

use super::{
    super::{
        SqlError,
        group::{Group, Reply, Waiting, rolled_back},
        lane::{Connected, Lent},
    },
    BULK_CHECKPOINT_PAGES, BULK_ROWS, CHECKPOINT_PAGES, checkpoint_after,
    statement::{begin_unless_busy, empty_log, failed, roll_back, run, simple},
};
use crate::control::ledger::Posting;

/// The connection, with its transactions that wait. Only the last one can be open.
pub(super) struct Writing {
    connection: Connection,
    waiting: Waiting,
    is_open: bool,
    /// Rows changed by all commits up to the last one.
    changes_before: u64,
    /// Whether the last commit was one of an import.
    is_bulk: bool,
}

impl Writing {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
            waiting: Waiting::default(),
            is_open: false,
            changes_before: 0,
            is_bulk: false,
        }
    }

    /// Begins a transaction, in the group if there is one. False, and nothing done, if another process
    /// writes: then [`Writing::begin_waiting`] does, which may take long.
    pub(super) fn begin(&mut self) -> Result<bool, SqlError> {
        if self.waiting.is_empty() && !begin_unless_busy(&self.connection)? {
            return Ok(false);
        }
        self.open_member()?;
        Ok(true)
    }

    /// Begins a transaction, when the other process lets it.
    pub(super) fn begin_waiting(&mut self) -> Result<(), SqlError> {
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
        self.commit_now();
        empty_log(&self.connection)
    }

    fn commit_now(&mut self) {
        if self.waiting.is_empty() || self.alive().is_err() {
            return;
        }
        match self.settle() {
            Ok(()) => self.waiting.succeed(),
            Err(error) => {
                tracing::error!(?error, "a commit of the control store failed");
                roll_back(&self.connection);
                self.waiting.fail();
            }
        }
    }

    fn settle(&mut self) -> Result<(), SqlError> {
        for statement in self.waiting.settle() {
            run(&self.connection, &statement.sql, statement.values)?;
        }
        let changes = self.connection.total_changes();
        self.choose_checkpoint(changes.saturating_sub(self.changes_before))?;
        self.changes_before = changes;
        simple(&self.connection, "COMMIT")
    }

    /// The commit may write the log to the file, for which everybody waits: the more of it, the longer, but the
    /// less often. Imports go by the sum of it, all others by the longest wait.
    fn choose_checkpoint(&mut self, changed_rows: u64) -> Result<(), SqlError> {
        let is_bulk = changed_rows >= BULK_ROWS;
        if is_bulk != self.is_bulk {
            let pages = if is_bulk {
                BULK_CHECKPOINT_PAGES
            } else {
                CHECKPOINT_PAGES
            };
            checkpoint_after(&self.connection, pages).map_err(failed)?;
            self.is_bulk = is_bulk;
        }
        Ok(())
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

    async fn commit(group: Lent<Self>) -> Result<(), SqlError> {
        let commit = |group: &mut Self| {
            group.commit_now();
            Ok(())
        };
        group.apart(commit).await?.1
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
