//! Ids in bodies: what they name has to exist in the account.

use std::collections::{BTreeMap, HashSet};

use moca_core::{
    id::{AccountId, Id},
    resource::Kind,
};
use moca_storage::{StorageError, control::Tx};
use moca_wire::{
    mention::{Body, Mention},
    problem::Fault,
};

use super::Refusal;

/// Which of the objects that some bodies mention exist.
pub(super) struct Existing(HashSet<(Kind, Id)>);

/// What a body says, if nothing is wrong with it; else all of it: the faults of its form and the
/// objects it mentions that the account does not have.
pub async fn accept<T>(tx: &mut Tx, account: AccountId, body: Body<T>) -> Result<T, Refusal> {
    let existing = Existing::among(tx, account, body.mentions()).await?;
    existing.settle(body).map_err(Refusal::Invalid)
}

impl Existing {
    /// Looks up all that is mentioned.
    pub(super) async fn among(
        tx: &mut Tx,
        account: AccountId,
        mentions: impl IntoIterator<Item = &Mention>,
    ) -> Result<Self, StorageError> {
        let mut wanted: BTreeMap<Kind, HashSet<Id>> = BTreeMap::new();
        for mention in mentions {
            wanted.entry(mention.kind).or_default().insert(mention.id);
        }
        let mut existing = HashSet::new();
        for (kind, ids) in wanted {
            let ids: Vec<Id> = ids.into_iter().collect();
            let found = tx.existing(account, kind, &ids).await?;
            existing.extend(found.into_iter().map(|id| (kind, id)));
        }
        Ok(Self(existing))
    }

    /// The value of a body whose mentions were looked up, or all its faults.
    pub(super) fn settle<T>(&self, body: Body<T>) -> Result<T, Vec<Fault>> {
        body.settle(|mention| self.0.contains(&(mention.kind, mention.id)))
    }
}
