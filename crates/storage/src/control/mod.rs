//! The control store: accounts, apps, places, campaigns and so on, in SQLite or PostgreSQL.

use moca_core::{
    id::{AccountId, Id},
    resource::Kind,
};

use crate::StorageError;

/// The control store. Cheap to clone.
#[derive(Clone)]
pub struct Control {}

/// A transaction; dropped without [`Tx::commit`], it leaves no trace.
pub struct Tx {}

/// A kind of object the control store keeps in a table of its own. Implemented for
/// `Account, Member, Token, App, Label, Place, Zone, Beacon, Campaign, Experience`.
pub trait Stored: Sized + Send {
    /// Which kind.
    const KIND: Kind;
}

/// What to list.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// Index of the first object.
    pub offset: i64,
    /// Objects on the page at most.
    pub limit: i64,
    /// Order; by creation, then id, when empty (and always as the last resort).
    pub sort: Vec<(SortField, bool)>,
    /// Only objects whose column equals the text; unknown columns are a bug (panic in tests, error).
    pub filters: Vec<(Filter, String)>,
    /// Only objects whose name contains this text, whatever its case.
    pub q: Option<String>,
}

/// What a list can be ordered by; the flag beside it in [`ListQuery`] is true for descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortField {
    /// `createdAt`
    CreatedAt,
    /// `updatedAt`
    UpdatedAt,
    /// `name`
    Name,
}

/// What a list can be filtered by, where the kind has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Member of a token.
    MemberId,
    /// App of a campaign.
    AppId,
    /// Place of a zone.
    PlaceId,
    /// Zone of a beacon.
    ZoneId,
    /// Campaign of an experience.
    CampaignId,
    /// The customer's own id.
    ExternalId,
    /// A label on a place, zone or beacon.
    LabelId,
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Page<R> {
    /// Objects in the whole list.
    pub total: i64,
    /// The objects of the page.
    pub items: Vec<R>,
}

/// An object that refers to another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
}

/// A line of the change feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeRow {
    /// Strictly growing with commits.
    pub version: i64,
    /// The tenant.
    pub account_id: AccountId,
    /// What changed.
    pub kind: Kind,
    /// Which one.
    pub id: Id,
}

/// An answer kept for an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// SHA-256 over method, path, query and body of the first request.
    pub request_hash: [u8; 32],
    /// The answer, sealed by the API.
    pub sealed_answer: Vec<u8>,
    /// When it was given, ms since 1970.
    pub created_at: i64,
}

#[expect(unused_variables, clippy::todo, reason = "skeleton")]
impl Control {
    /// Opens the store and brings its schema up to date. `url` is `sqlite:PATH` or `postgres://…`.
    pub async fn open(url: &str) -> Result<Self, StorageError> {
        todo!()
    }
    /// Starts a transaction that only reads, on one consistent snapshot.
    pub async fn read(&self) -> Result<Tx, StorageError> {
        todo!()
    }
    /// Starts a transaction that may write. On SQLite there is one at a time.
    pub async fn write(&self) -> Result<Tx, StorageError> {
        todo!()
    }
}

#[expect(unused_variables, clippy::todo, reason = "skeleton")]
impl Tx {
    /// The object with this id in this account.
    pub async fn get<R: Stored>(
        &mut self,
        account: AccountId,
        id: Id,
    ) -> Result<Option<R>, StorageError> {
        todo!()
    }
    /// A page of the account's objects of one kind.
    pub async fn list<R: Stored>(
        &mut self,
        account: AccountId,
        query: &ListQuery,
    ) -> Result<Page<R>, StorageError> {
        todo!()
    }
    /// Adds an object and a line in the change feed. [`StorageError::Conflict`] names a taken value.
    pub async fn insert<R: Stored>(&mut self, object: &R) -> Result<(), StorageError> {
        todo!()
    }
    /// Replaces the object whose stored revision is one less than this one's, else [`StorageError::Stale`].
    pub async fn replace<R: Stored>(&mut self, object: &R) -> Result<(), StorageError> {
        todo!()
    }
    /// Deletes; false if there was none.
    pub async fn delete<R: Stored>(
        &mut self,
        account: AccountId,
        id: Id,
    ) -> Result<bool, StorageError> {
        todo!()
    }
    /// What refers to this object, at most `limit`.
    pub async fn references(
        &mut self,
        account: AccountId,
        kind: Kind,
        id: Id,
        limit: i64,
    ) -> Result<Vec<Reference>, StorageError> {
        todo!()
    }
    /// The object of this kind with this `externalId`.
    pub async fn get_by_external_id<R: Stored>(
        &mut self,
        account: AccountId,
        external_id: &str,
    ) -> Result<Option<R>, StorageError> {
        todo!()
    }
    /// Those of `ids` that exist in the account.
    pub async fn existing(
        &mut self,
        account: AccountId,
        kind: Kind,
        ids: &[Id],
    ) -> Result<Vec<Id>, StorageError> {
        todo!()
    }
    /// The token with this secret hash, whatever its account.
    pub async fn token_by_hash(
        &mut self,
        secret_hash: &[u8; 32],
    ) -> Result<Option<moca_core::account::Token>, StorageError> {
        todo!()
    }
    /// The app with this id, whatever its account (devices do not know theirs).
    pub async fn app_of_any_account(
        &mut self,
        id: Id,
    ) -> Result<Option<moca_core::app::App>, StorageError> {
        todo!()
    }
    /// All accounts, for operators.
    pub async fn list_accounts(
        &mut self,
        query: &ListQuery,
    ) -> Result<Page<moca_core::account::Account>, StorageError> {
        todo!()
    }
    /// The account with this id.
    pub async fn account(
        &mut self,
        id: AccountId,
    ) -> Result<Option<moca_core::account::Account>, StorageError> {
        todo!()
    }
    /// The version of the newest committed change; 0 for none.
    pub async fn config_version(&mut self) -> Result<i64, StorageError> {
        todo!()
    }
    /// The changes after `version`, in order, at most `limit`.
    pub async fn changes_since(
        &mut self,
        version: i64,
        limit: i64,
    ) -> Result<Vec<ChangeRow>, StorageError> {
        todo!()
    }
    /// All objects of a kind of all accounts with ids after `after`, in order of id, at most `limit`.
    pub async fn all<R: Stored>(
        &mut self,
        after: Option<Id>,
        limit: i64,
    ) -> Result<Vec<R>, StorageError> {
        todo!()
    }
    /// The answer kept for a key.
    pub async fn kept_answer(
        &mut self,
        account: AccountId,
        key: &str,
    ) -> Result<Option<KeptAnswer>, StorageError> {
        todo!()
    }
    /// Keeps an answer; one that is older than `expired_before` is overwritten, a younger one is a
    /// [`StorageError::Conflict`]. Also forgets some older than that.
    pub async fn keep_answer(
        &mut self,
        account: AccountId,
        key: &str,
        answer: &KeptAnswer,
        expired_before: i64,
    ) -> Result<(), StorageError> {
        todo!()
    }
    /// Makes the changes last.
    pub async fn commit(self) -> Result<(), StorageError> {
        todo!()
    }
}
