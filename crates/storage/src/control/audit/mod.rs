//! The audit log: an event for every change of an object, written in the transaction of the change,
//! and for every access to what is held on people.
//!
//! What a transaction does is gathered by [`Tx::note`], which nothing that writes an object can go
//! around: the same call makes the line of the change feed. On commit the events are numbered and hashed
//! onto the newest one of their account ([`chain`]); the [`Ledger`](super::ledger::Ledger) writes them.

mod append;
mod chain;
mod check;
mod counts;
mod narrowed;
mod read;
mod snapshot;

use moca_core::{
    audit::{Action, Origin, Subject},
    id::AccountId,
    resource::{Frame, Kind},
};

pub(super) use append::{End, event_rows};
pub use chain::AuditKeys;
pub(super) use chain::COLUMNS as EVENT_COLUMNS;
pub use check::{AuditReport, ChainFault, ChainReport};
pub(super) use counts::{FullBlock, fill as fill_counts};
pub use read::AuditQuery;
pub(super) use snapshot::{Seen, Shown, of_row, snapshot};

use super::{Tx, blocks::position};
use crate::StorageError;

/// What becomes an event on commit.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) account: AccountId,
    pub(super) action: Action,
    pub(super) subject: Subject,
    pub(super) object_id: Option<String>,
    parameters: Option<String>,
    before: Option<String>,
    after: Option<String>,
    /// Whether the server did it by itself, on the way of what somebody else did.
    by_itself: bool,
}

/// What became of an object, as [`snapshot()`] shows it before and after.
pub(super) enum Change {
    Created(String),
    Updated {
        before: String,
        after: String,
    },
    Deleted(String),
    /// By the server itself, when its time had come.
    Expired(String),
}

impl Change {
    /// What was done, and the object before and after.
    fn parts(self) -> (Action, Option<String>, Option<String>) {
        match self {
            Self::Created(after) => (Action::Create, None, Some(after)),
            Self::Updated { before, after } => (Action::Update, Some(before), Some(after)),
            Self::Deleted(before) | Self::Expired(before) => (Action::Delete, Some(before), None),
        }
    }
}

/// An access to what is held on people.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// The account of the people.
    pub account_id: AccountId,
    /// Read, export or erase.
    pub action: Action,
    /// What.
    pub subject: Subject,
    /// The id of the instance or user, if it is one. A keyed hash of it is kept.
    pub id: Option<&'a str>,
    /// What was asked for, as a JSON object, without anything personal.
    pub parameters: Option<&'a str>,
}

impl Tx {
    /// Says who makes what this transaction changes. Unless somebody does, it is the server itself,
    /// at the time that the objects carry.
    pub fn act_as(&mut self, origin: Origin) {
        self.origin = Some(origin);
    }

    /// Keeps a change of the object with this frame for the feed and the audit log, and the difference
    /// it makes to the number of objects.
    pub(super) fn note(&mut self, frame: &Frame, kind: Kind, change: Change) {
        let account = frame.account_id;
        if kind == Kind::Account {
            // Its limits may be others now.
            self.holdings.remove(&account);
            self.limited_anew.insert(account);
        }
        let by_itself = matches!(change, Change::Expired(_));
        let (action, before, after) = change.parts();
        let difference = i64::from(after.is_some()) - i64::from(before.is_some());
        if difference != 0 {
            *self.totals.entry((account, kind)).or_default() += difference;
            // Accounts are listed for operators only, and not by account.
            if kind != Kind::Account {
                let moved = self.moved.entry((account, kind)).or_default();
                moved.push((position(frame.created_at, frame.id), difference));
            }
        }
        self.latest_at = self.latest_at.max(frame.updated_at);
        self.entries.push(Entry {
            account,
            action,
            subject: Subject::Object(kind),
            object_id: Some(frame.id.to_string()),
            parameters: None,
            before,
            after,
            by_itself,
        });
    }

    /// Keeps for the audit log what became of a job.
    pub(super) fn note_job(&mut self, subject: Subject, frame: &Frame, change: Change) {
        let by_itself = matches!(change, Change::Expired(_));
        let (action, before, after) = change.parts();
        self.latest_at = self.latest_at.max(frame.updated_at);
        self.entries.push(Entry {
            account: frame.account_id,
            action,
            subject,
            object_id: Some(frame.id.to_string()),
            parameters: None,
            before,
            after,
            by_itself,
        });
    }

    /// Records an access to what is held on people.
    pub fn record(&mut self, access: Access<'_>) -> Result<(), StorageError> {
        let id = access.id.map(|id| self.person_hash(access.account_id, id));
        self.entries.push(Entry {
            account: access.account_id,
            action: access.action,
            subject: access.subject,
            object_id: id.transpose()?,
            parameters: access.parameters.map(str::to_owned),
            before: None,
            after: None,
            by_itself: false,
        });
        Ok(())
    }

    /// What stands in the log for the id of a person.
    fn person_hash(&self, account: AccountId, id: &str) -> Result<String, StorageError> {
        let keys = self.keys.as_ref().ok_or_else(|| {
            StorageError::Configuration("the control store was opened without its keys".into())
        })?;
        Ok(keys.person(account, id))
    }

    pub(super) fn origin(&self) -> Origin {
        self.origin
            .clone()
            .unwrap_or_else(|| Origin::system(self.latest_at))
    }
}

impl Entry {
    /// The account whose log begins with it.
    fn begins(&self) -> Option<AccountId> {
        let is_new =
            self.action == Action::Create && self.subject == Subject::Object(Kind::Account);
        is_new.then_some(self.account)
    }

    /// Whether it is a line of the change feed.
    pub(super) const fn is_change(&self) -> bool {
        matches!(self.subject, Subject::Object(_))
    }
}
