//! Why the pipeline could not do as asked.

use moca_storage::StorageError;

/// Why the pipeline could not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The queue is full, or the readers lag too far behind: repeat later.
    #[error("the pipeline is overloaded")]
    Overloaded,
    /// The pipeline is stopping, or a stage of it has failed.
    #[error("the pipeline is stopping")]
    Stopping,
    /// The instance was erased meanwhile.
    #[error("the instance was erased")]
    Erased,
    /// The store failed.
    #[error("the store failed")]
    Storage(#[from] StorageError),
}
