//! Many bodies in one transaction, each done or refused on its own.

use std::collections::{HashMap, HashSet};

use moca_core::id::Id;
use moca_storage::{StorageError, control::Tx};
use serde_json::Value;

use super::{Author, Managed, Refusal, mentions::Existing};

/// What became of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It made this object.
    Created(Id),
    /// It replaced this object.
    Replaced(Id),
    /// This object was like that already, and is left alone.
    Unchanged(Id),
}

/// A body that was read.
struct Draft<R: Managed> {
    index: usize,
    input: R::Input,
    /// The object it replaces.
    current: Option<R>,
}

/// Takes in bodies in their order. With `upsert`, one whose `externalId` is taken replaces that
/// object, also when a body before it made it; without, it is refused.
///
/// The answer has one entry a body. An error that is none of the bodies' ends the whole.
pub async fn store_many<R: Managed>(
    tx: &mut Tx,
    author: Author<'_>,
    bodies: &[Value],
    upsert: bool,
) -> Result<Vec<Result<Done, Refusal>>, StorageError> {
    let mut outcomes = Vec::with_capacity(bodies.len());
    let mut left = bodies;
    while !left.is_empty() {
        let (run, rest) = left.split_at(if upsert { run_len(left) } else { left.len() });
        outcomes.extend(store_run::<R>(tx, author, run, upsert).await?);
        left = rest;
    }
    Ok(outcomes)
}

/// How many bodies come before the first that repeats an `externalId`: it has to be read knowing the
/// object that they make of it.
fn run_len(bodies: &[Value]) -> usize {
    let mut seen = HashSet::new();
    let repeats = |body| external_id_of(body).is_some_and(|external_id| !seen.insert(external_id));
    bodies.iter().position(repeats).unwrap_or(bodies.len())
}

fn external_id_of(body: &Value) -> Option<&str> {
    body.get("config")?.get("externalId")?.as_str()
}

async fn store_run<R: Managed>(
    tx: &mut Tx,
    author: Author<'_>,
    bodies: &[Value],
    upsert: bool,
) -> Result<Vec<Result<Done, Refusal>>, StorageError> {
    let mut current = HashMap::new();
    if upsert {
        current = current_of::<R>(tx, author, bodies).await?;
    }
    let read: Vec<_> = bodies
        .iter()
        .map(|body| {
            let current = external_id_of(body).and_then(|id| current.remove(id));
            let body = R::read_body(body, current.as_ref(), None);
            let body = match &current {
                Some(current) => body.of(R::KIND, current.frame()),
                None => body.in_account(author.account_id),
            };
            (body, current)
        })
        .collect();
    let mentions = read.iter().flat_map(|(body, _)| body.mentions());
    let existing = Existing::among(tx, author.account_id, mentions).await?;
    let mut outcomes = Vec::with_capacity(bodies.len());
    let mut drafts = Vec::with_capacity(bodies.len());
    for (index, (body, current)) in read.into_iter().enumerate() {
        let mut faults = Vec::new();
        match existing.settle(body) {
            Ok(input) => drafts.push(Draft {
                index,
                input,
                current,
            }),
            Err(found) => faults = found,
        }
        // Until it is done.
        outcomes.push(Err(Refusal::Invalid(faults)));
    }
    let mut storing = Storing {
        tx,
        author,
        ids: new_ids(author, drafts.len()).into_iter(),
        pending: Vec::new(),
        outcomes,
    };
    for draft in drafts {
        storing.take(draft).await?;
    }
    storing.flush().await?;
    Ok(storing.outcomes)
}

/// The objects that the bodies may replace, by their `externalId`.
async fn current_of<R: Managed>(
    tx: &mut Tx,
    author: Author<'_>,
    bodies: &[Value],
) -> Result<HashMap<String, R>, StorageError> {
    let external_ids: Vec<&str> = bodies.iter().filter_map(external_id_of).collect();
    let found: Vec<R> = tx
        .get_many_by_external_id(author.account_id, &external_ids)
        .await?;
    let named = found
        .into_iter()
        .filter_map(|object| Some((object.external_id()?.to_owned(), object)));
    Ok(named.collect())
}

/// So many new ids in the order of their texts, which is the order of a list within a millisecond:
/// what comes first in a request stands first in a list.
fn new_ids(author: Author<'_>, count: usize) -> Vec<Id> {
    let mut ids: Vec<Id> = (0..count).map(|_| author.new_id()).collect();
    ids.sort_by_cached_key(Id::to_string);
    ids
}

struct Storing<'a, R: Managed> {
    tx: &'a mut Tx,
    author: Author<'a>,
    ids: std::vec::IntoIter<Id>,
    /// What is to be made by the next statement, with the index of its body.
    pending: Vec<(usize, R)>,
    outcomes: Vec<Result<Done, Refusal>>,
}

impl<R: Managed> Storing<'_, R> {
    async fn take(&mut self, draft: Draft<R>) -> Result<(), StorageError> {
        let Some(current) = draft.current else {
            let id = self.ids.next().unwrap_or_else(|| self.author.new_id());
            let frame = self.author.frame_of(id);
            match R::make(self.author, frame, draft.input, None) {
                Ok(object) => self.pending.push((draft.index, object)),
                Err(refused) => self.outcomes[draft.index] = Err(refused),
            }
            return Ok(());
        };
        let id = current.frame().id;
        if current.is_as(self.author, &draft.input) {
            self.outcomes[draft.index] = Ok(Done::Unchanged(id));
            return Ok(());
        }
        // What is pending came first, and may hold what this one wants.
        self.flush().await?;
        let frame = self.author.next_frame(current.frame());
        let object = match R::make(self.author, frame, draft.input, Some(&current)) {
            Ok(object) => object,
            Err(refused) => {
                self.outcomes[draft.index] = Err(refused);
                return Ok(());
            }
        };
        self.outcomes[draft.index] = match self.tx.replace(&object).await {
            Ok(()) => Ok(Done::Replaced(id)),
            Err(error @ StorageError::Conflict { .. }) => Err(error.into()),
            Err(error) => return Err(error),
        };
        Ok(())
    }

    /// Makes what is pending.
    async fn flush(&mut self) -> Result<(), StorageError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let (indices, objects): (Vec<usize>, Vec<R>) = self.pending.drain(..).unzip();
        let account = self.author.account_id;
        let added = self.tx.insert_many(account, &objects).await?;
        for ((index, object), added) in indices.into_iter().zip(objects).zip(added) {
            self.outcomes[index] = match added {
                Err(refused) => Err(refused.into()),
                Ok(()) => Ok(Done::Created(object.frame().id)),
            };
        }
        Ok(())
    }
}
