//! Transactions that go to disk together.
//!
//! What writers wait for is the disk, so those that follow each other closely share a commit: each is
//! a savepoint in the transaction of the group, and is answered when the group is on disk. A writer
//! sees what the ones before it in the group did, and all of them fail if its commit does. What all of
//! them change, such as the end of the audit log, is kept in the [`Ledger`] and written once. While a
//! group goes to disk the next one gathers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    runtime::Handle,
    select,
    sync::{Notify, oneshot},
    time::sleep,
};

use super::{
    SqlError, Statement,
    lane::{Connected, Lane, Lent},
};
use crate::control::ledger::{Ledger, Posting};

/// Transactions that share a commit: enough to share the cost of the disk, and few enough that the
/// first one does not wait long for the last.
const GROUP_MAX: usize = 64;
/// Rows of the ledger after which nobody else joins, which bounds the memory that it takes.
const ROWS_MAX: usize = 4_096;
/// How long a group waits for a writer in line to begin, and for half as many to join as there were in the one
/// before: those who were told that theirs is on disk often come with the next one at once.
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

    /// Those who are to be told that they are on disk.
    pub(super) fn written(&mut self) -> Vec<Reply> {
        std::mem::take(&mut self.replies)
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

/// Whether a group is on its way to the disk after its connection is free again.
#[derive(Default)]
pub(super) struct Way {
    groups: AtomicUsize,
    free: Notify,
}

impl Way {
    pub(super) fn enter(&self) {
        self.groups.fetch_add(1, SeqCst);
    }

    /// One of those who wait for the disk may send theirs.
    pub(super) fn leave(&self) {
        self.groups.fetch_sub(1, SeqCst);
        self.free.notify_one();
    }

    fn is_free(&self) -> bool {
        self.groups.load(SeqCst) == 0
    }
}

/// Tells writers that what they did is on disk.
pub(super) fn succeed(replies: Vec<Reply>) {
    for reply in replies {
        // One who has gone meanwhile is no fault.
        let _ = reply.send(Ok(()));
    }
}

/// Where writers wait for their turn. Cheap to clone.
pub(super) struct Line<G> {
    lane: Arc<Lane<G>>,
    writers: Arc<AtomicUsize>,
    sizes: Arc<Sizes>,
    way: Arc<Way>,
}

/// Transactions of groups.
#[derive(Default)]
struct Sizes {
    /// Of the one that gathers.
    now: AtomicUsize,
    /// With so many it need not wait for more.
    expected: AtomicUsize,
}

impl Sizes {
    /// Begins the next group. Half of what the last one had is expected of it: so of two halves of those who write
    /// without a pause one gathers while the other is on its way, and nobody waits in vain when fewer come.
    fn turn(&self) {
        let size = self.now.swap(0, SeqCst);
        self.expected.store(size / 2, SeqCst);
    }

    fn is_expected(&self) -> bool {
        self.now.load(SeqCst) >= self.expected.load(SeqCst)
    }
}

impl<G> Clone for Line<G> {
    fn clone(&self) -> Self {
        Self {
            lane: self.lane.clone(),
            writers: self.writers.clone(),
            sizes: self.sizes.clone(),
            way: self.way.clone(),
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

/// Waits for the disk, and sees to it that its group gets there: whoever of them comes to it does it for all.
struct Waits<G> {
    line: Line<G>,
    answer: oneshot::Receiver<Result<(), SqlError>>,
}

impl<G: Group> Waits<G> {
    async fn told(&mut self) -> Result<(), SqlError> {
        let mut is_late = false;
        loop {
            if let Some(group) = self.line.due(is_late)? {
                self.line.commit(group).await?;
            }
            select! {
                told = &mut self.answer => return told.map_err(|_| SqlError::Closed)?,
                () = self.line.way.free.notified() => {}
                // Those that wait do not depend on the next one: a writer in line may have gone away.
                () = sleep(GROUP_PAUSE) => is_late = true,
            }
        }
    }
}

/// Who waits for the disk, whose task goes on when this is dropped: it may be the last one of its group.
struct Waiter<G: Group>(Option<Waits<G>>);

impl<G: Group> Waiter<G> {
    async fn told(mut self) -> Result<(), SqlError> {
        let told = match &mut self.0 {
            Some(waits) => waits.told().await,
            None => Err(SqlError::Closed),
        };
        self.0 = None;
        told
    }
}

impl<G: Group> Drop for Waiter<G> {
    fn drop(&mut self) {
        // Outside a runtime nobody can wait for the disk.
        if let (Some(mut waits), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(async move { waits.told().await });
        }
    }
}

/// A transaction that writes.
pub(super) struct Writer<G: Group> {
    pub(super) group: Lent<G>,
    line: Line<G>,
    in_line: InLine,
}

impl<G: Group> Line<G> {
    pub(super) fn new(group: G, way: Arc<Way>) -> Self {
        Self {
            lane: Lane::new(vec![group]),
            writers: Arc::default(),
            sizes: Arc::default(),
            way,
        }
    }

    /// The group, if there is one and nothing is before it on the way to the disk. Unless it `is_late`, it has to have
    /// the size that is expected, and nobody may be in line who would join it.
    fn due(&self, is_late: bool) -> Result<Option<Lent<G>>, SqlError> {
        let is_whole = || self.writers.load(SeqCst) == 0 && self.sizes.is_expected();
        if !self.way.is_free() || !(is_late || is_whole()) {
            return Ok(None);
        }
        let Some(mut group) = Lane::lend_idle(&self.lane) else {
            return Ok(None);
        };
        let is_empty = group.now(|group| Ok(group.waiting().is_empty()))?;
        Ok((!is_empty).then_some(group))
    }

    /// Puts the group on disk.
    async fn commit(&self, group: Lent<G>) -> Result<(), SqlError> {
        self.sizes.turn();
        G::commit(group).await
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
        let (reply, answer) = oneshot::channel();
        group.now(|group| group.join(posting, reply))?;
        drop(in_line);
        line.sizes.now.fetch_add(1, SeqCst);
        let waits = Waits { line, answer };
        if group.now(|group| Ok(group.waiting().is_full()))? {
            waits.line.commit(group).await?;
        } else {
            // Who is in line comes next and joins.
            drop(group);
        }
        Waiter(Some(waits)).told().await
    }
}
