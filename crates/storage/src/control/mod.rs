//! The control store: accounts, apps, places, campaigns and so on, in SQLite or PostgreSQL.

mod accounts;
mod apps;
mod beacons;
mod campaign_groups;
mod campaigns;
mod changes;
mod experiences;
mod imports;
mod kept_answers;
mod labels;
mod list;
mod many;
mod members;
mod migrate;
mod objects;
mod place_bounds;
mod places;
mod query;
mod quotas;
mod references;
mod region;
mod segments;
mod sql;
mod table;
mod tokens;
mod unique;
mod zones;

use std::{collections::BTreeMap, sync::Arc};

use moca_core::{
    id::{AccountId, Id},
    quota::Quotas,
    resource::Kind,
};

pub use many::unique_values;
pub use query::{ChangeRow, Filter, KeptAnswer, ListQuery, Page, Reference, SortField};
pub use references::referring_kinds;
pub use table::Stored;

use self::{
    quotas::Holdings,
    sql::{Database, Mode, Session},
};
use crate::StorageError;

/// What a failed query is reported to have done.
const READING: &str = "reading from the control store";
/// What a failed change is reported to have done.
const WRITING: &str = "writing to the control store";

/// The control store. Cheap to clone.
#[derive(Clone)]
pub struct Control {
    database: Database,
    quotas: Arc<Quotas>,
}

impl Control {
    /// Opens the store and brings its schema up to date. `url` is `sqlite:PATH` or `postgres://…`.
    pub async fn open(url: &str) -> Result<Self, StorageError> {
        let database = Database::open(url).await?;
        migrate::migrate(&database).await?;
        Ok(Self {
            database,
            quotas: Arc::default(),
        })
    }

    /// The same store with other quotas than the built-in ones for accounts that have none of their own.
    #[must_use]
    pub fn with_quotas(mut self, quotas: Quotas) -> Self {
        self.quotas = Arc::new(quotas);
        self
    }

    /// Starts a transaction that only reads, on one consistent snapshot: the one its first call sees.
    pub async fn read(&self) -> Result<Tx, StorageError> {
        self.begin(Mode::Read).await
    }

    /// Starts a transaction that may write. There is one at a time, in the order of the calls, so
    /// what it has read stays true until it commits. What it has read may be on disk only once it has
    /// committed itself, even if it changes nothing: transactions share their way there.
    pub async fn write(&self) -> Result<Tx, StorageError> {
        self.begin(Mode::Write).await
    }

    async fn begin(&self, mode: Mode) -> Result<Tx, StorageError> {
        let session = self.database.begin(mode).await;
        Ok(Tx {
            session: session
                .map_err(|error| error.doing("starting a transaction of the control store"))?,
            changes: Vec::new(),
            totals: BTreeMap::new(),
            quotas: self.quotas.clone(),
            holdings: BTreeMap::new(),
        })
    }
}

/// A transaction; dropped without [`Tx::commit`], it leaves no trace.
///
/// A [`StorageError::Conflict`], [`StorageError::Stale`] or [`StorageError::QuotaExceeded`] leaves it
/// as it was before the call; after any other error nothing more is accepted.
pub struct Tx {
    session: Session,
    /// What to append to the change feed on commit.
    changes: Vec<(AccountId, Kind, Id)>,
    /// How many objects there are more (or less) than before.
    totals: BTreeMap<(AccountId, Kind), i64>,
    /// The quotas of accounts that have none of their own.
    quotas: Arc<Quotas>,
    /// What the accounts had that this transaction adds to.
    holdings: BTreeMap<AccountId, Holdings>,
}

impl Tx {
    /// Makes the changes last.
    pub async fn commit(mut self) -> Result<(), StorageError> {
        self.append_changes().await?;
        let committed = self.session.commit().await;
        committed.map_err(|error| error.doing("committing to the control store"))
    }
}
