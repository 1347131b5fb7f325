//! Asking why an experience fires for an instance, or does not.

use crate::{
    Engine, EngineError,
    people::GivenUp,
    query::{ExplainQuery, Explained},
    read,
};

impl Engine {
    /// What every rule says of an experience for an instance, with all that was acknowledged before this
    /// call; `None` for an instance that is not there. Asked of an earlier moment, all that the instance
    /// told is read once more, so only a few such questions are answered at a time. Who no longer waits
    /// for the answer has the work ended.
    pub async fn explain(&self, query: ExplainQuery) -> Result<Option<Explained>, EngineError> {
        let turn = if query.is_past {
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
        let explained = self
            .read(move |devices| {
                let _turn = turn;
                read::explain::explain(devices, &log_path, &query, &is_given_up)
            })
            .await;
        drop(waiting);
        explained
    }
}
