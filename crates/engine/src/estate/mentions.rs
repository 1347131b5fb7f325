//! Ids in bodies: what they name has to exist in the account.

use std::collections::{BTreeMap, HashSet};

use moca_core::{
    id::{AccountId, AppId, Id},
    resource::Kind,
};
use moca_storage::{StorageError, control::Tx};
use moca_wire::{
    mention::{Body, Mention},
    problem::Fault,
};

use super::Refusal;

/// Which of the objects that some bodies mention exist, in the app that they have to be of.
pub(super) struct Existing(HashSet<(Kind, Option<AppId>, Id)>);

/// What a body says, if nothing is wrong with it; else all of it: the faults of its form and the
/// objects it mentions that the account does not have.
pub async fn accept<T>(tx: &mut Tx, account: AccountId, body: Body<T>) -> Result<T, Refusal> {
    let existing = Existing::among(tx, account, body.mentions()).await?;
    existing
        .settle(body.in_account(account))
        .map_err(Refusal::Invalid)
}

impl Existing {
    /// Looks up all that is mentioned.
    pub(super) async fn among(
        tx: &mut Tx,
        account: AccountId,
        mentions: impl IntoIterator<Item = &Mention>,
    ) -> Result<Self, StorageError> {
        let mut wanted: BTreeMap<(Kind, Option<AppId>), HashSet<Id>> = BTreeMap::new();
        for mention in mentions {
            let ids = wanted.entry((mention.kind, mention.app_id)).or_default();
            ids.insert(mention.id);
        }
        let mut existing = HashSet::new();
        for ((kind, app), ids) in wanted {
            let ids: Vec<Id> = ids.into_iter().collect();
            let found = match app {
                Some(app) => tx.existing_in_app(account, app, kind, &ids).await?,
                None => tx.existing(account, kind, &ids).await?,
            };
            existing.extend(found.into_iter().map(|id| (kind, app, id)));
        }
        Ok(Self(existing))
    }

    /// The value of a body whose mentions were looked up, or all its faults.
    pub(super) fn settle<T>(&self, body: Body<T>) -> Result<T, Vec<Fault>> {
        let exists =
            |mention: &Mention| (self.0).contains(&(mention.kind, mention.app_id, mention.id));
        body.settle(exists)
    }
}
