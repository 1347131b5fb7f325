//! The connection to PostgreSQL that writes.
//!
//! Every way to the database and back costs more than most statements, so what can go without waiting
//! for its answer does: PostgreSQL works in the order in which it is asked, and when one of them fails,
//! so does all that follows.

use std::{collections::BTreeMap, future::poll_fn, pin::Pin, task::Poll};

use deadpool_postgres::Object;
use moca_core::{limits::CONTROL_WAIT_MS_MAX, resource::Kind};

use super::{
    super::{
        SqlError, Statement,
        group::{Group, Reply, Waiting, rolled_back, succeed},
        lane::{Connected, Lent},
    },
    failed, parameters, send,
};
use crate::control::{ledger::Posting, objects::table_of};

/// Objects of a kind that are added before the database is asked to look at their table; then it is at
/// twice as many, and so on. It does so by itself, but only after a minute, and thinks until then that a
/// table has hardly any rows: what an import looks up would be looked for in all of them.
const LOOKED_AT_FIRST: i64 = 1_000;

/// Objects added since a table was looked at, and at how many it is again.
struct Growth {
    added: i64,
    next: i64,
}

/// The connection, with its transactions that wait. Only the last one can be open.
pub(super) struct Writing {
    connections: deadpool_postgres::Pool,
    /// There as long as one is open or waits.
    client: Option<Object>,
    waiting: Waiting,
    is_open: bool,
    growth: BTreeMap<Kind, Growth>,
}

impl Writing {
    pub(super) fn new(connections: deadpool_postgres::Pool) -> Self {
        Self {
            connections,
            client: None,
            waiting: Waiting::default(),
            is_open: false,
            growth: BTreeMap::new(),
        }
    }

    /// Begins a transaction, in the group if there is one.
    pub(super) async fn begin(&mut self) -> Result<(), SqlError> {
        if self
            .client
            .as_ref()
            .is_some_and(|client| client.is_closed())
        {
            self.client = None;
            self.waiting.fail();
        }
        if let Some(client) = &self.client {
            self.is_open = true;
            send(client, "SAVEPOINT member");
            return Ok(());
        }
        let client = self.connections.get().await;
        let client = client.map_err(|error| SqlError::Failed(error.into()))?;
        self.is_open = true;
        let client = self.client.insert(client);
        client.batch_execute(&begin_text()).await.map_err(failed)
    }

    /// The connection of the open transaction.
    pub(super) fn client(&self) -> Result<&Object, SqlError> {
        self.client.as_ref().ok_or(SqlError::Closed)
    }

    async fn commit_now(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let added: Vec<(Kind, i64)> = self.waiting.ledger().added().collect();
        let settled = match &self.client {
            Some(client) => settle(client, self.waiting.settle()).await,
            None => Err(SqlError::Closed),
        };
        match settled {
            Ok(()) => {
                succeed(self.waiting.written());
                self.look_at_what_grew(added).await;
            }
            Err(error) => {
                tracing::error!(?error, "a commit of the control store failed");
                self.roll_back();
            }
        }
        self.client = None;
    }

    /// Has the database count anew what has grown much, so that it plans for what is there.
    async fn look_at_what_grew(&mut self, added: Vec<(Kind, i64)>) {
        let Some(client) = &self.client else {
            return;
        };
        for (kind, added) in added {
            let growth = self.growth.entry(kind).or_insert(Growth {
                added: 0,
                next: LOOKED_AT_FIRST,
            });
            growth.added += added;
            if growth.added < growth.next {
                continue;
            }
            *growth = Growth {
                added: 0,
                next: growth.next * 2,
            };
            let sql = format!("ANALYZE {}", table_of(kind).name);
            if let Err(error) = client.batch_execute(&sql).await {
                tracing::warn!(%error, "a table of the control store could not be analyzed");
            }
        }
    }

    fn roll_back(&mut self) {
        if let Some(client) = self.client.take() {
            send(&client, "ROLLBACK");
        }
        self.waiting.fail();
    }
}

/// Writers of all processes are put in a row by the lock of one row, taken at the start: so what a
/// writer has checked stays true until it commits, and versions follow each other without gaps.
fn begin_text() -> String {
    // A process that hangs must not keep the others from writing.
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = {CONTROL_WAIT_MS_MAX}; \
         SET LOCAL idle_in_transaction_session_timeout = {CONTROL_WAIT_MS_MAX}; \
         SELECT version FROM config_version FOR UPDATE; SAVEPOINT member"
    )
}

/// A statement on its way.
type Asked<'a> = Pin<Box<dyn Future<Output = Result<(), SqlError>> + Send + 'a>>;

/// Writes what is left and commits, on one way.
async fn settle(client: &Object, statements: Vec<Statement>) -> Result<(), SqlError> {
    let mut prepared = Vec::with_capacity(statements.len());
    for Statement { sql, values } in statements {
        let statement = client.prepare_cached(&sql).await.map_err(failed)?;
        prepared.push((statement, values));
    }
    let mut asked: Vec<Asked<'_>> = Vec::with_capacity(prepared.len() + 1);
    for (statement, values) in &prepared {
        asked.push(Box::pin(async move {
            let written = client.execute(statement, &parameters(values)).await;
            written.map(|_| ()).map_err(failed)
        }));
    }
    // A transaction that has failed answers to COMMIT with a rollback, which is no error; to a
    // SELECT with one.
    let commit = client.batch_execute("SELECT 1; COMMIT");
    asked.push(Box::pin(async { commit.await.map_err(failed) }));
    let mut outcome = Ok(());
    poll_fn(|context| {
        // Each asks when it is first polled: in this order, before any answer is waited for.
        asked.retain_mut(|asked| match asked.as_mut().poll(context) {
            Poll::Pending => true,
            Poll::Ready(Ok(())) => false,
            Poll::Ready(Err(error)) => {
                // The first one says why; what follows fails because of it.
                if outcome.is_ok() {
                    outcome = Err(error);
                }
                false
            }
        });
        if asked.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    outcome
}

impl Group for Writing {
    fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    fn join(&mut self, posting: Posting, reply: Reply) -> Result<(), SqlError> {
        let client = self.client()?;
        if client.is_closed() {
            return Err(rolled_back());
        }
        send(client, "RELEASE SAVEPOINT member");
        self.is_open = false;
        self.waiting.add(posting, reply);
        Ok(())
    }

    async fn commit(mut group: Lent<Self>) -> Result<(), SqlError> {
        let commit = tokio::spawn(async move {
            group.get()?.commit_now().await;
            Ok(())
        });
        commit.await.map_err(|_| SqlError::Closed)?
    }
}

impl Connected for Writing {
    /// Undoes the open one, if there is one; the others stay.
    fn tidy(&mut self) {
        if !self.is_open {
            return;
        }
        self.is_open = false;
        match &self.client {
            Some(client) if !self.waiting.is_empty() => {
                send(
                    client,
                    "ROLLBACK TO SAVEPOINT member; RELEASE SAVEPOINT member",
                );
            }
            _ => self.roll_back(),
        }
    }
}
