//! Connections of one purpose, lent in the order in which they were asked for.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};

use super::SqlError;

/// What is lent.
pub(super) trait Connected: Send + 'static {
    /// Undoes what was begun and not finished, when it comes back.
    fn tidy(&mut self);
}

/// Connections of one purpose.
pub(super) struct Lane<C> {
    turns: Arc<Semaphore>,
    // Boxed: on loan they are part of what waits, which should be small.
    idle: Mutex<Vec<Box<C>>>,
}

impl<C: Connected> Lane<C> {
    pub(super) fn new(connections: Vec<C>) -> Arc<Self> {
        Arc::new(Self {
            turns: Arc::new(Semaphore::new(connections.len())),
            idle: Mutex::new(connections.into_iter().map(Box::new).collect()),
        })
    }

    /// A connection, when it is the caller's turn.
    pub(super) async fn lend(lane: &Arc<Self>) -> Result<Lent<C>, SqlError> {
        let turn = Arc::clone(&lane.turns).acquire_owned().await;
        Self::take(lane, turn.map_err(|_| SqlError::Closed)?).ok_or(SqlError::Closed)
    }

    /// A connection, if one is idle and nobody waits for it.
    pub(super) fn lend_idle(lane: &Arc<Self>) -> Option<Lent<C>> {
        let turn = Arc::clone(&lane.turns).try_acquire_owned().ok()?;
        Self::take(lane, turn)
    }

    fn take(lane: &Arc<Self>, turn: OwnedSemaphorePermit) -> Option<Lent<C>> {
        let mut idle = lane.idle.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Lent {
            connection: Some(idle.pop()?),
            lane: Arc::clone(lane),
            _turn: turn,
        })
    }
}

/// A connection on loan. It goes back when this is dropped, wherever that happens.
pub(super) struct Lent<C: Connected> {
    connection: Option<Box<C>>,
    lane: Arc<Lane<C>>,
    // Dropped after the connection is back.
    _turn: OwnedSemaphorePermit,
}

impl<C: Connected> Lent<C> {
    /// Works with the connection here and now.
    pub(super) fn now<T>(
        &mut self,
        work: impl FnOnce(&mut C) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        work(self.get()?)
    }

    /// The connection.
    pub(super) fn get(&mut self) -> Result<&mut C, SqlError> {
        self.connection.as_deref_mut().ok_or(SqlError::Closed)
    }

    /// Works with the connection on a thread where that may take long. Abandoned half way, the work is
    /// finished and the connection goes back.
    pub(super) async fn apart<T: Send + 'static>(
        mut self,
        work: impl FnOnce(&mut C) -> Result<T, SqlError> + Send + 'static,
    ) -> Result<(Self, Result<T, SqlError>), SqlError> {
        let done = spawn_blocking(move || {
            let outcome = self.now(work);
            (self, outcome)
        });
        done.await.map_err(|_| SqlError::Closed)
    }
}

impl<C: Connected> Drop for Lent<C> {
    fn drop(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            connection.tidy();
            let idle = self.lane.idle.lock();
            idle.unwrap_or_else(PoisonError::into_inner)
                .push(connection);
        }
    }
}
