//! Transactions that go to disk together.
//!
//! What writers wait for is the disk, so those that follow each other closely share a commit: each is
//! a savepoint in the transaction of the group, and is answered when the group is on disk. A writer
//! sees what the ones before it in the group did, and all of them fail if its commit does.

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{
    super::SqlError,
    lane::Connected,
    statement::{begin_unless_busy, roll_back, simple},
};

/// Transactions that share a commit: enough to share the cost of the disk, and few enough that the
/// first one does not wait long for the last.
const GROUP_MAX: usize = 16;

/// Who waits for the disk.
pub(super) type Reply = oneshot::Sender<Result<(), SqlError>>;

/// The connection that writes, with its transactions that wait. Only the last one can be open.
pub(super) struct Group {
    connection: Connection,
    waiting: Vec<Reply>,
    is_open: bool,
}

impl Group {
    pub(super) const fn new(connection: Connection) -> Self {
        Self {
            connection,
            waiting: Vec::new(),
            is_open: false,
        }
    }

    /// Begins a transaction, in the group if there is one. False, and nothing done, if another process
    /// writes: then [`Group::begin_waiting`] does, which may take long.
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
        self.fail();
        Err(rolled_back())
    }

    /// Ends the open transaction; it waits for the others now.
    pub(super) fn join(&mut self, reply: Reply) -> Result<(), SqlError> {
        simple(self.alive()?, "RELEASE member")?;
        self.is_open = false;
        self.waiting.push(reply);
        Ok(())
    }

    /// Whether nobody else should join.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= GROUP_MAX
    }

    /// Puts those that wait on disk, and tells them.
    pub(super) fn commit(&mut self) {
        if self.waiting.is_empty() || self.alive().is_err() {
            return;
        }
        match simple(&self.connection, "COMMIT") {
            Ok(()) => {
                for reply in self.waiting.drain(..) {
                    // One who has gone meanwhile is no fault.
                    let _ = reply.send(Ok(()));
                }
            }
            Err(error) => {
                tracing::error!(?error, "a commit of the control store failed");
                roll_back(&self.connection);
                self.fail();
            }
        }
    }

    fn fail(&mut self) {
        for reply in self.waiting.drain(..) {
            let _ = reply.send(Err(rolled_back()));
        }
    }
}

impl Connected for Group {
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
            self.fail();
        }
    }
}

fn rolled_back() -> SqlError {
    SqlError::Failed("the transaction was rolled back".into())
}
