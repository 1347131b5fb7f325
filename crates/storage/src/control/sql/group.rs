//! Transactions that go to disk together.
//!
//! What writers wait for is the disk, so those that follow each other closely share a commit: each is
//! a savepoint in the transaction of the group, and is answered when the group is on disk. A writer
//! sees what the ones before it in the group did, and all of them fail if its commit does. What all of
//! them change, such as the end of the audit log, is kept in the [`Ledger`] and written once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};

use super::{
    SqlError, Statement,
    lane::{Connected, Lane, Lent},
};
use crate::control::ledger::{Ledger, Posting};

/// Transactions that share a commit: enough to share the cost of the disk, and few enough that the
/// first one does not wait long for the last.
const GROUP_MAX: usize = 16;
/// Rows of the ledger after which nobody else joins, which bounds the memory that it takes.
const ROWS_MAX: usize = 4_096;
/// How long a group waits for a writer in line to begin.
const GROUP_PAUSE: Duration = Duration::from_millis(2);

/// Who waits for the disk.
pub(super) type Reply = oneshot::Sender<Result<(), SqlError>>;

/// A connection that writes, with its transactions that wait. Only the last one can be open.
pub(super) trait Group: Connected + Sized {
    /// What the transactions that wait have in common.
    fn waiting(&self) -> &Waiting;

    /// Ends the open transaction; it waits for the others now.
    fn join(&mut self, posting: Posting, reply: Reply) -> Result<(), SqlError>;

    /// Puts those that wait on disk and tells them, even if this is given up half way.
    fn commit(group: Lent<Self>) -> impl Future<Output = Result<(), SqlError>> + Send;
}

/// Transactions that have ended and are not on disk yet.
#[derive(Default)]
pub(super) struct Waiting {
    replies: Vec<Reply>,
    ledger: Ledger,
}

impl Waiting {
    pub(super) const fn is_empty(&self) -> bool {
        self.replies.is_empty()
    }

    pub(super) const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(super) fn add(&mut self, posting: Posting, reply: Reply) {
        self.ledger.post(posting);
        self.replies.push(reply);
    }

    /// What is left to be written before they are committed.
    pub(super) fn settle(&mut self) -> Vec<Statement> {
        std::mem::take(&mut self.ledger).settle()
    }

    /// Tells them that they are on disk.
    pub(super) fn succeed(&mut self) {
        for reply in self.replies.drain(..) {
            // One who has gone meanwhile is no fault.
            let _ = reply.send(Ok(()));
        }
    }

    /// Tells them that all is undone.
    pub(super) fn fail(&mut self) {
        self.ledger = Ledger::default();
        for reply in self.replies.drain(..) {
            let _ = reply.send(Err(rolled_back()));
        }
    }

    /// Whether nobody else should join.
    fn is_full(&self) -> bool {
        self.replies.len() >= GROUP_MAX || self.ledger.rows() >= ROWS_MAX
    }
}

pub(super) fn rolled_back() -> SqlError {
    SqlError::Failed("the transaction was rolled back".into())
}

/// Where writers wait for their turn. Cheap to clone.
pub(super) struct Line<G> {
    lane: Arc<Lane<G>>,
    writers: Arc<AtomicUsize>,
}

impl<G> Clone for Line<G> {
    fn clone(&self) -> Self {
        Self {
            lane: self.lane.clone(),
            writers: self.writers.clone(),
        }
    }
}

/// A writer from when it asks for its turn until nothing more comes from it.
struct InLine(Arc<AtomicUsize>);

impl Drop for InLine {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// A transaction that writes.
pub(super) struct Writer<G: Group> {
    pub(super) group: Lent<G>,
    line: Line<G>,
    in_line: InLine,
}

impl<G: Group> Line<G> {
    pub(super) fn new(group: G) -> Self {
        Self {
            lane: Lane::new(vec![group]),
            writers: Arc::default(),
        }
    }

    /// The connection, when it is the caller's turn.
    pub(super) async fn turn(&self) -> Result<Writer<G>, SqlError> {
        self.writers.fetch_add(1, SeqCst);
        let in_line = InLine(self.writers.clone());
        Ok(Writer {
            group: Lane::lend(&self.lane).await?,
            line: self.clone(),
            in_line,
        })
    }
}

impl<G: Group> Writer<G> {
    /// The writer with its connection away, and a way to give it back.
    pub(super) fn apart(self) -> (Lent<G>, impl FnOnce(Lent<G>) -> Self) {
        let Self {
            group,
            line,
            in_line,
        } = self;
        (group, |group| Self {
            group,
            line,
            in_line,
        })
    }

    pub(super) async fn commit(self, posting: Posting) -> Result<(), SqlError> {
        let Self {
            mut group,
            line,
            in_line,
        } = self;
        let (reply, mut answer) = oneshot::channel();
        group.now(|group| group.join(posting, reply))?;
        drop(in_line);
        // Who is in line comes next and joins.
        let is_last =
            line.writers.load(SeqCst) == 0 || group.now(|group| Ok(group.waiting().is_full()))?;
        if is_last {
            G::commit(group).await?;
        } else {
            drop(group);
        }
        loop {
            if let Ok(told) = timeout(GROUP_PAUSE, &mut answer).await {
                return told.map_err(|_| SqlError::Closed)?;
            }
            // Those that wait do not depend on the next one: a writer in line may have gone away.
            if let Some(group) = Lane::lend_idle(&line.lane) {
                G::commit(group).await?;
            }
        }
    }
}
