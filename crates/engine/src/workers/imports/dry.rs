//! What a dry run remembers.
//!
//! Each chunk of it is undone, so the store does not know what the chunks before would have made. What
//! has to be unique is remembered as hashes here: the quota of the kind bounds how many there are.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use moca_core::id::Id;
use moca_storage::{
    StorageError,
    control::{Tx, unique_values},
};
use moca_wire::problem::Fault;

use crate::estate::{Author, Bulk, Done, Managed, incoming::no_room};

const EXTERNAL_ID: &str = "config.externalId";

/// What the chunks before would have made.
#[derive(Default)]
pub(super) struct Tried {
    /// Hashes of the values that only one object may have.
    taken: HashSet<u64>,
    made: i64,
}

impl Tried {
    /// Corrects the outcomes of a chunk by what the chunks before it would have made.
    pub(super) async fn judge<R: Bulk>(
        &mut self,
        tx: &mut Tx,
        author: Author<'_>,
        outcomes: &mut [Result<Done, Vec<Fault>>],
        upsert: bool,
    ) -> Result<(), StorageError> {
        let made = |outcome: &Result<Done, _>| match outcome {
            Ok(Done::Created(id)) => Some(*id),
            _ => None,
        };
        let ids: Vec<Id> = outcomes.iter().filter_map(made).collect();
        let usage = tx.usage(author.account_id).await?.remove(&R::KIND);
        // Those of this chunk are in it.
        let room = usage.map(|usage| (usage.limit, usage.used - ids.len() as i64));
        let mut objects = std::collections::HashMap::new();
        for object in tx.get_many::<R>(author.account_id, &ids).await? {
            objects.insert(Managed::id(&object), unique_values(&object)?);
        }
        for outcome in outcomes {
            let Some(values) = made(outcome).and_then(|id| objects.remove(&id)) else {
                continue;
            };
            let hashed: Vec<_> = values.iter().map(|value| (value.0, hash(value))).collect();
            let taken = hashed.iter().find(|(_, hash)| self.taken.contains(hash));
            match taken {
                // The second of two replaces the first; whether it says the same is not known.
                Some((EXTERNAL_ID, _)) if upsert => {
                    if let Ok(Done::Created(id)) = *outcome {
                        *outcome = Ok(Done::Replaced(id));
                    }
                }
                Some((field, _)) => *outcome = Err(vec![Fault::taken(field)]),
                None => {
                    if let Some((limit, used)) = room
                        && used + self.made >= limit
                    {
                        let used = used + self.made;
                        let full = StorageError::QuotaExceeded {
                            kind: R::KIND,
                            limit,
                            used,
                        };
                        *outcome = Err(vec![no_room("", &full)]);
                        continue;
                    }
                    self.made += 1;
                    self.taken.extend(hashed.iter().map(|(_, hash)| hash));
                }
            }
        }
        Ok(())
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
