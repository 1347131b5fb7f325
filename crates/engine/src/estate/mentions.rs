//! Ids in bodies: what they name has to exist in the account.

use std::collections::{BTreeMap, HashSet};

use moca_core::{
    id::{AccountId, Id, LabelId},
    resource::Kind,
};
use moca_storage::{StorageError, control::Tx};
use moca_wire::{
    fault::{FaultCode, Faults},
    problem::Fault,
};

use super::Refusal;

/// An id in a body: what kind of object it must name, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// What it must name.
    pub kind: Kind,
    /// The id.
    pub id: Id,
    /// Where it stands, as a JSON pointer.
    pub pointer: String,
}

/// Which of the objects that some bodies mention exist.
pub(super) struct Existing(HashSet<(Kind, Id)>);

impl Mention {
    /// An id of an object of this kind at this place in a body.
    pub fn new(kind: Kind, id: impl Into<Id>, pointer: &str) -> Self {
        Self {
            kind,
            id: id.into(),
            pointer: pointer.to_owned(),
        }
    }

    /// The labels in `config.labelIds`.
    pub fn labels(label_ids: &[LabelId]) -> Vec<Self> {
        let mention = |(index, id): (usize, &LabelId)| {
            Self::new(Kind::Label, *id, &format!("/config/labelIds/{index}"))
        };
        label_ids.iter().enumerate().map(mention).collect()
    }
}

/// Refuses a body that mentions objects the account does not have, naming all of them.
pub async fn require_existing(
    tx: &mut Tx,
    account: AccountId,
    mentions: &[Mention],
) -> Result<(), Refusal> {
    let existing = Existing::among(tx, account, mentions.iter()).await?;
    existing.require(mentions).map_err(Refusal::Invalid)
}

impl Existing {
    /// Looks up all that is mentioned.
    pub(super) async fn among(
        tx: &mut Tx,
        account: AccountId,
        mentions: impl Iterator<Item = &Mention>,
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

    /// Faults for those that do not exist.
    pub(super) fn require(&self, mentions: &[Mention]) -> Result<(), Vec<Fault>> {
        let mut faults = Faults::new();
        for mention in mentions {
            if !self.0.contains(&(mention.kind, mention.id)) {
                let noun = mention.kind.noun();
                let detail = format!("there is no {noun} with this id in this account");
                faults.push(&mention.pointer, FaultCode::NotFound, detail);
            }
        }
        if faults.is_empty() {
            return Ok(());
        }
        Err(faults.into_vec())
    }
}
