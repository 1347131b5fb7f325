//! The control store: accounts, apps, places, campaigns and so on, in SQLite or PostgreSQL.

mod accounts;
mod apps;
mod audit;
mod beacons;
mod blocks;
mod callers;
mod campaign_groups;
mod campaigns;
mod changes;
mod experiences;
mod filters;
mod imports;
mod jobs;
mod kept_answers;
mod key_check;
mod labels;
mod ledger;
mod list;
mod many;
mod members;
mod migrate;
mod notifications;
mod objects;
mod place_bounds;
mod places;
#[cfg(test)]
mod plans;
mod query;
mod quotas;
mod raw;
mod references;
mod region;
mod replays;
mod segments;
mod sql;
mod table;
mod tags;
mod tokens;
mod unique;
mod webhooks;
mod zones;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use moca_core::{audit::Origin, id::AccountId, quota::Quotas, resource::Kind};

pub use audit::{Access, AuditKeys, AuditQuery, AuditReport, ChainFault, ChainReport};
pub use jobs::Job;
pub use many::unique_values;
pub use query::{ChangeRow, Filter, KeptAnswer, ListQuery, Page, Reference, SortField};
pub use raw::{Raw, RawObject};
pub use references::referring_kinds;
pub use table::Stored;

use self::{
    audit::{Entry, Seen},
    blocks::Moved,
    ledger::{Ledger, Posting},
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
    keys: Option<Arc<AuditKeys>>,
}

impl Control {
    /// Opens the store and brings its schema up to date. `url` is `sqlite:PATH` or `postgres://…`.
    pub async fn open(url: &str) -> Result<Self, StorageError> {
        let database = Database::open(url).await?;
        migrate::migrate(&database).await?;
        Ok(Self::of(database))
    }

    /// Opens a store as it is, which has to be there and of the newest schema. For programs that look
    /// at it beside a server.
    pub async fn open_existing(url: &str) -> Result<Self, StorageError> {
        if let Some(path) = url.strip_prefix("sqlite:")
            && !std::path::Path::new(path).exists()
        {
            let sentence = format!("there is no control store at {path}");
            return Err(StorageError::Configuration(sentence));
        }
        let database = Database::open(url).await?;
        migrate::require_newest(&database).await?;
        Ok(Self::of(database))
    }

    fn of(database: Database) -> Self {
        Self {
            database,
            quotas: Arc::default(),
            keys: None,
        }
    }

    /// The same store with the keys of the audit log, without which it is not sealed.
    #[must_use]
    pub fn with_keys(mut self, keys: AuditKeys) -> Self {
        self.keys = Some(Arc::new(keys));
        self
    }

    /// The same store with other quotas than the built-in ones for accounts that have none of their own.
    #[must_use]
    pub fn with_quotas(mut self, quotas: Quotas) -> Self {
        self.quotas = Arc::new(quotas);
        self
    }

    /// Starts a transaction that only reads, on one consistent snapshot: the one its first call sees. What others wrote
    /// is seen when they are about to be answered, in SQLite a moment before it is on disk.
    pub async fn read(&self) -> Result<Tx, StorageError> {
        self.begin(Mode::Read).await
    }

    /// Starts a transaction that may write. There is one at a time, in the order of the calls, so
    /// what it has read stays true until it commits. What it has read may be on disk only once it has
    /// committed itself, even if it changes nothing: transactions share their way there. The change
    /// feed and the audit log are written at the end of that, and cannot be read in it.
    pub async fn write(&self) -> Result<Tx, StorageError> {
        self.begin(Mode::Write).await
    }

    /// Waits until what was read before is on disk.
    pub async fn settle(&self) -> Result<(), StorageError> {
        let done = self.database.settle().await;
        done.map_err(|error| error.doing("putting the control store on disk"))
    }

    /// Fails when nothing can be written any more before the server is restarted.
    pub fn require_whole(&self) -> Result<(), StorageError> {
        let whole = self.database.require_whole();
        whole.map_err(|error| error.doing(WRITING))
    }

    /// Gets the bytes of what was deleted out of all files of a store in SQLite, which overwrites them
    /// where they stood and keeps them in its write-ahead log. Fails if somebody reads all the time.
    pub async fn forget_deleted(&self) -> Result<(), StorageError> {
        let done = self.database.forget_deleted().await;
        done.map_err(|error| error.doing("emptying the write-ahead log of the control store"))
    }

    async fn begin(&self, mode: Mode) -> Result<Tx, StorageError> {
        let session = self.database.begin(mode).await;
        Ok(Tx {
            session: session
                .map_err(|error| error.doing("starting a transaction of the control store"))?,
            entries: Vec::new(),
            totals: BTreeMap::new(),
            moved: Moved::new(),
            quotas: self.quotas.clone(),
            holdings: BTreeMap::new(),
            limited_anew: BTreeSet::new(),
            gone: BTreeSet::new(),
            keys: self.keys.clone(),
            origin: None,
            latest_at: 0,
            writes: mode == Mode::Write,
            seen: Seen::new(),
        })
    }
}

/// A transaction; dropped without [`Tx::commit`], it leaves no trace.
///
/// A [`StorageError::Conflict`], [`StorageError::Stale`] or [`StorageError::QuotaExceeded`] leaves it
/// as it was before the call; after any other error nothing more is accepted.
pub struct Tx {
    session: Session,
    /// What to append to the change feed and the audit log on commit.
    entries: Vec<Entry>,
    /// How many objects there are more (or less) than before.
    totals: BTreeMap<(AccountId, Kind), i64>,
    /// Which ones these are.
    moved: Moved,
    /// The quotas of accounts that have none of their own.
    quotas: Arc<Quotas>,
    /// What the accounts had that this transaction adds to.
    holdings: BTreeMap<AccountId, Holdings>,
    /// Accounts that this transaction changes, whose limits may be others.
    limited_anew: BTreeSet<AccountId>,
    /// Accounts that this transaction deletes.
    gone: BTreeSet<AccountId>,
    keys: Option<Arc<AuditKeys>>,
    /// Who makes the changes.
    origin: Option<Origin>,
    /// The latest time that an object changed here carries.
    latest_at: i64,
    /// Whether it may write.
    writes: bool,
    /// What objects read here are like.
    seen: Seen,
}

impl Tx {
    /// Makes the changes last.
    pub async fn commit(mut self) -> Result<(), StorageError> {
        self.note_callers().await?;
        let posting = self.posting().await?;
        let committed = self.session.commit(posting).await;
        committed.map_err(|error| error.doing("committing to the control store"))
    }

    /// What the transaction did that is written with what the others of its group did.
    async fn posting(&mut self) -> Result<Posting, StorageError> {
        let mut posting = Posting {
            entries: std::mem::take(&mut self.entries),
            differences: std::mem::take(&mut self.totals),
            holdings: std::mem::take(&mut self.holdings),
            limited_anew: std::mem::take(&mut self.limited_anew),
            gone: std::mem::take(&mut self.gone),
            keys: self.keys.clone(),
            ..Posting::default()
        };
        if posting.entries.is_empty() {
            return Ok(posting);
        }
        let origin = self.origin();
        if self.session.ledger().and_then(Ledger::version).is_none() {
            posting.version = Some(self.config_version().await?);
        }
        posting.last_blocks = self.count_in_blocks().await?;
        posting.ends = self.ends(&posting.entries, &origin).await?;
        posting.origin = Some(origin);
        Ok(posting)
    }

    /// Refuses to read what is written only when a group of writers ends.
    fn require_reading(&self) -> Result<(), StorageError> {
        if !self.writes {
            return Ok(());
        }
        Err(StorageError::Backend {
            doing: READING,
            source: "the change feed, the audit log and the version of callers are read where nothing is written".into(),
        })
    }
}
