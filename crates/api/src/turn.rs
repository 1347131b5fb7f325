//! Requests that are worked on take turns; those that only wait step aside.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{dispatch::overloaded, failure::Failure};

/// One of the requests that may be worked on at a time, until it is dropped.
pub(crate) struct Turn {
    all: Arc<Semaphore>,
    held: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Turn {
    /// A turn, if one is free.
    pub(crate) fn take(all: &Arc<Semaphore>) -> Result<Self, Failure> {
        let permit = Arc::clone(all).try_acquire_owned();
        Ok(Self {
            all: Arc::clone(all),
            held: Mutex::new(Some(permit.map_err(|_| overloaded())?)),
        })
    }

    /// Lets others have the turn while something is waited for, and then waits for one again.
    pub(crate) async fn aside<T>(&self, wait: impl Future<Output = T>) -> Result<T, Failure> {
        drop(self.exchange(None));
        let waited_for = wait.await;
        let again = Arc::clone(&self.all).acquire_owned().await;
        self.exchange(Some(again.map_err(|_| overloaded())?));
        Ok(waited_for)
    }

    fn exchange(&self, permit: Option<OwnedSemaphorePermit>) -> Option<OwnedSemaphorePermit> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut held, permit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_holds_up_nobody() {
        let all = Arc::new(Semaphore::new(1));
        let turn = Turn::take(&all).unwrap();
        assert!(Turn::take(&all).is_err());
        let others = turn.aside(async { Turn::take(&all).is_ok() }).await;
        assert!(others.unwrap());
        assert!(Turn::take(&all).is_err(), "it is its turn again");
        drop(turn);
        assert!(Turn::take(&all).is_ok());
    }
}
