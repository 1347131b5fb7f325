//! What can go wrong with the durable state.

use moca_core::resource::Kind;

/// A failed call to the store.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A unique value is taken.
    #[error("{field} is taken")]
    Conflict {
        /// The API name of the field, for example `config.externalId`.
        field: &'static str,
    },
    /// The account has as many objects of the kind as it may.
    #[error("the account has {used} of at most {limit} objects of kind {}", kind.noun())]
    QuotaExceeded {
        /// Which kind.
        kind: Kind,
        /// At most.
        limit: i64,
        /// Now.
        used: i64,
    },
    /// The object changed or vanished since it was read.
    #[error("the object changed meanwhile")]
    Stale,
    /// More places lie about a point than are measured for one list.
    #[error("too many places lie about there")]
    RegionTooFull,
    /// Some of the changes that were asked for are not kept any more: what was made of the configuration
    /// before them has to be made anew.
    #[error("the change feed does not reach back that far")]
    FeedTooShort,
    /// A stored value cannot be read.
    #[error("{table}.{column} of {id} cannot be read")]
    Inconsistent {
        /// The table or keyspace.
        table: &'static str,
        /// The column or part.
        column: &'static str,
        /// The row.
        id: String,
    },
    /// The store answered with an error or not at all.
    #[error("{doing}")]
    Backend {
        /// What was being done.
        doing: &'static str,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The configuration names a store that cannot be used.
    #[error("{0}")]
    Configuration(String),
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
}
