//! Asking why an experience fires for an instance, or does not.

use std::{path::Path, sync::atomic::AtomicBool};

use moca_core::id::InstanceId;
use moca_storage::{StorageError, devices::Devices};

use crate::{
    Engine, EngineError,
    people::GivenUp,
    query::{ExplainQuery, Explained, Whereabouts},
    read,
};

impl Engine {
    /// Where an instance may be or, at a past moment, may have been, with all that was acknowledged before
    /// this call; `None` for one that is not there.
    pub async fn whereabouts(
        &self,
        instance_id: InstanceId,
        past: Option<i64>,
    ) -> Result<Option<Whereabouts>, EngineError> {
        self.explaining(past.is_some(), move |devices, log_path, is_given_up| {
            read::explain::whereabouts(devices, log_path, instance_id, past, is_given_up)
        })
        .await
    }

    /// What every rule says of an experience for an instance, with all that was acknowledged before this
    /// call; `None` for an instance that is not there. Asked of an earlier moment, all that the instance
    /// told is read once more, so only a few such questions are answered at a time. Who no longer waits
    /// for the answer has the work ended.
    pub async fn explain(&self, query: ExplainQuery) -> Result<Option<Explained>, EngineError> {
        self.explaining(query.is_past, move |devices, log_path, is_given_up| {
            read::explain::explain(devices, log_path, &query, is_given_up)
        })
        .await
    }

    async fn explaining<T: Send + 'static>(
        &self,
        is_past: bool,
        read: impl FnOnce(&Devices, &Path, &AtomicBool) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let turn = if is_past {
            let turn = self.inner.scans.clone().acquire_owned().await;
            Some(turn.map_err(|_| EngineError::Stopping)?)
        } else {
            None
        };
        // The rows that tell of the instance are listed last.
        self.wait(&self.inner.listed).await?;
        let waiting = GivenUp::default();
        let is_given_up = waiting.0.clone();
        let log_path = self.inner.log_path.clone();
        let answer = self
            .read(move |devices| {
                let _turn = turn;
                read(devices, &log_path, &is_given_up)
            })
            .await;
        drop(waiting);
        answer
    }
}
