//! The memory that large bodies share.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{dispatch::overloaded, failure::Failure};

/// So many bytes, for all who read large bodies.
pub(crate) struct Room {
    bytes: usize,
    free: Arc<Semaphore>,
}

/// A part of it, until it is dropped.
pub(crate) struct Share(OwnedSemaphorePermit);

impl Room {
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            bytes,
            free: Arc::new(Semaphore::new(bytes)),
        }
    }

    /// A share of so many bytes, or of all there are; who comes first gets it first.
    pub(crate) async fn share(&self, bytes: usize, wait: Duration) -> Result<Share, Failure> {
        let bytes = u32::try_from(bytes.min(self.bytes)).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.free).acquire_many_owned(bytes);
        match timeout(wait, permit).await {
            Ok(Ok(permit)) => Ok(Share(permit)),
            _ => Err(overloaded()),
        }
    }
}

impl Share {
    /// Gives back what is not needed.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        drop(self.0.split(self.0.num_permits().saturating_sub(bytes)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Duration = Duration::ZERO;

    #[tokio::test]
    async fn what_one_gives_back_others_have() {
        let room = Room::new(100);
        let mut first = room.share(80, AT_ONCE).await.unwrap();
        assert!(room.share(21, AT_ONCE).await.is_err());
        first.shrink(10);
        first.shrink(50);
        let second = room.share(90, AT_ONCE).await.unwrap();
        assert!(room.share(1, AT_ONCE).await.is_err());
        drop((first, second));
        assert!(room.share(100, AT_ONCE).await.is_ok());
    }

    #[tokio::test]
    async fn what_is_more_than_all_gets_all() {
        let room = Room::new(100);
        let all = room.share(1_000, AT_ONCE).await.unwrap();
        assert!(room.share(1, AT_ONCE).await.is_err());
        drop(all);
    }
}
