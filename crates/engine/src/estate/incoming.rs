//! Records that another account may have written: labels by their names, the parent by its
//! `externalId`. The opposite of [`super::portable`].

use std::collections::{BTreeMap, HashMap};

use moca_core::{
    id::{AccountId, Id},
    label::{Label, LabelConfig},
};
use moca_storage::{
    StorageError,
    control::{Stored, Tx},
};
use moca_wire::{fault::FaultCode, problem::Fault, values};
use serde_json::{Value, json};

use super::{Author, Bulk, Done, Managed, Refusal, portable::put_parent_id, store_many};

const LABELS: &str = "labels";

/// A record.
pub(crate) struct Incoming {
    pub(crate) record: Value,
    /// What is wrong with it already.
    pub(crate) faults: Vec<Fault>,
}

/// Takes in records in their order. Labels that are not there yet are made, with the first record that
/// can be read and names them.
///
/// The answer has one entry a record, with pointers into it. An error that is none of theirs ends the
/// whole.
pub(crate) async fn take_in<R: Bulk>(
    tx: &mut Tx,
    author: Author<'_>,
    mut incoming: Vec<Incoming>,
    upsert: bool,
) -> Result<Vec<Result<Done, Vec<Fault>>>, StorageError> {
    let said: Vec<Said> = incoming.iter_mut().map(take_names::<R>).collect();
    let mut labels = Labels::look_up(tx, author, &said).await?;
    let parents = parents_of::<R>(tx, author.account_id, &said).await?;
    let mut outcomes = Vec::with_capacity(incoming.len());
    let mut bodies = Vec::with_capacity(incoming.len());
    // Which outcome a body is for, and the labels that are to be made for it.
    let mut waiting: Vec<(usize, Vec<String>)> = Vec::with_capacity(incoming.len());
    for (index, (incoming, said)) in incoming.into_iter().zip(said).enumerate() {
        let Incoming { record, mut faults } = incoming;
        let mut body = record;
        put_parent::<R>(&parents, &said, &mut body, &mut faults);
        let new_labels = labels.put(&said, &mut body, &mut faults);
        // Until it is done.
        outcomes.push(Err(Vec::new()));
        if !faults.is_empty() || !new_labels.is_empty() {
            faults.extend(more_faults::<R>(&body, &said, upsert));
        }
        if faults.is_empty() {
            labels.want(&new_labels);
            waiting.push((index, new_labels));
            bodies.push(body);
        } else {
            outcomes[index] = Err(faults);
        }
    }
    let full = labels.make(tx, author).await?;
    if !full.is_empty() {
        let mut is_good = waiting
            .iter()
            .map(|(_, names)| !names.iter().any(|it| full.contains_key(it)));
        bodies.retain(|_| is_good.next().unwrap_or(false));
        waiting.retain(|(index, names)| {
            let refused = names.iter().find_map(|name| full.get(name));
            if let Some(fault) = refused {
                outcomes[*index] = Err(vec![fault.clone()]);
            }
            refused.is_none()
        });
    }
    let stored = store_many::<R>(tx, author, &bodies, upsert).await?;
    for ((index, _), stored) in waiting.into_iter().zip(stored) {
        outcomes[index] = match stored {
            Ok(done) => Ok(done),
            Err(refusal) => Err(in_records::<R>(faults_of(refusal)?)),
        };
    }
    Ok(outcomes)
}

/// What a record names.
#[derive(Default)]
struct Said {
    labels: Vec<String>,
    parent: Option<String>,
}

/// Takes the names out of a record: what is left is a body.
fn take_names<R: Bulk>(incoming: &mut Incoming) -> Said {
    let mut said = Said::default();
    let Value::Object(record) = &mut incoming.record else {
        return said;
    };
    match record.remove(LABELS) {
        None | Some(Value::Null) => {}
        Some(Value::Array(names)) if names.iter().all(Value::is_string) => {
            let names = names.iter().filter_map(Value::as_str);
            said.labels = names.map(str::to_owned).collect();
        }
        Some(_) => incoming.faults.push(Fault::new(
            format!("/{LABELS}"),
            FaultCode::WrongType,
            "expected a list of names of labels",
        )),
    }
    if let Some((_, name)) = R::PARENT {
        match record.remove(name) {
            None | Some(Value::Null) => {}
            Some(Value::String(external_id)) => said.parent = Some(external_id),
            Some(_) => incoming.faults.push(Fault::new(
                format!("/{name}"),
                FaultCode::WrongType,
                format!(
                    "expected the externalId of a {}",
                    <R::Parent as Stored>::KIND.noun()
                ),
            )),
        }
    }
    said
}

/// The parents that are named, by their `externalId`.
async fn parents_of<R: Bulk>(
    tx: &mut Tx,
    account: AccountId,
    said: &[Said],
) -> Result<HashMap<String, Id>, StorageError> {
    let mut names: Vec<&str> = said
        .iter()
        .filter_map(|said| said.parent.as_deref())
        .collect();
    names.sort_unstable();
    names.dedup();
    let found: Vec<R::Parent> = tx.get_many_by_external_id(account, &names).await?;
    let found = found.into_iter().filter_map(|parent| {
        let external_id = parent.external_id()?.to_owned();
        Some((external_id, Managed::id(&parent)))
    });
    Ok(found.collect())
}

/// Puts the id of the parent into the body.
fn put_parent<R: Bulk>(
    parents: &HashMap<String, Id>,
    said: &Said,
    body: &mut Value,
    faults: &mut Vec<Fault>,
) {
    let (Some((id_name, name)), Some(external_id)) = (R::PARENT, &said.parent) else {
        return;
    };
    match (parents.get(external_id), body) {
        (Some(id), Value::Object(body)) => put_parent_id(R::BULK, id_name, *id, body),
        _ => {
            let noun = <R::Parent as Stored>::KIND.noun();
            let detail = format!("there is no {noun} with this externalId in this account");
            faults.push(Fault::new(format!("/{name}"), FaultCode::NotFound, detail));
        }
    }
}

/// What else is wrong with a body, so that all is told at once.
fn more_faults<R: Bulk>(body: &Value, said: &Said, upsert: bool) -> Vec<Fault> {
    let mut faults = match R::read_body(body, None, None).by_itself() {
        Ok(_) => Vec::new(),
        Err(faults) => faults,
    };
    // A parent that is not found is told already; an object that is replaced has one.
    if let Some((id_name, _)) = R::PARENT.filter(|_| upsert || said.parent.is_some()) {
        faults.retain(|fault| fault.pointer != format!("/{id_name}"));
    }
    in_records::<R>(faults)
}

/// Faults of a body as those of its record, in which the parent has another name.
fn in_records<R: Bulk>(mut faults: Vec<Fault>) -> Vec<Fault> {
    let Some((id_name, name)) = R::PARENT else {
        return faults;
    };
    for fault in &mut faults {
        if fault.pointer == format!("/{id_name}") && fault.code == FaultCode::Required.as_str() {
            let noun = <R::Parent as Stored>::KIND.noun();
            fault.pointer = format!("/{name}");
            fault.detail =
                format!("expected the externalId of a {noun}, or its id under {id_name}");
        }
    }
    faults
}

/// The faults of a body that was refused. An error that is none of them is passed on.
fn faults_of(refusal: Refusal) -> Result<Vec<Fault>, StorageError> {
    Ok(match refusal {
        Refusal::Invalid(faults) => faults,
        Refusal::Storage(StorageError::Conflict { field }) => vec![Fault::taken(field)],
        Refusal::Storage(full @ StorageError::QuotaExceeded { .. }) => vec![no_room("", &full)],
        Refusal::Storage(error) => return Err(error),
        // Never without a sealer, which an import has not.
        Refusal::Seal(error) => {
            return Err(StorageError::Backend {
                doing: "sealing a secret",
                source: error.into(),
            });
        }
    })
}

/// The fault of a row for which there is no room.
pub(crate) fn no_room(pointer: &str, error: &StorageError) -> Fault {
    let detail = format!("{error}: delete some, or ask the operator of this server for more");
    Fault::new(pointer, FaultCode::QuotaExceeded, detail)
}

/// The labels that records name.
struct Labels {
    /// Those that are there, and those that could be made.
    ids: HashMap<String, Id>,
    /// Those that are to be made, if a record that names them can be read.
    new: BTreeMap<String, bool>,
}

impl Labels {
    async fn look_up(tx: &mut Tx, author: Author<'_>, said: &[Said]) -> Result<Self, StorageError> {
        let mut names: Vec<&str> = said
            .iter()
            .flat_map(|said| said.labels.iter().map(String::as_str))
            .collect();
        names.sort_unstable();
        names.dedup();
        let found = tx.labels_named(author.account_id, &names).await?;
        let found = found
            .into_iter()
            .map(|label| (label.config.name, label.frame.id));
        let mut labels = Self {
            ids: found.collect(),
            new: BTreeMap::new(),
        };
        for name in names {
            let is_name = values::name(&Value::from(name)).is_ok();
            if is_name && !labels.ids.contains_key(name) {
                labels.ids.insert(name.to_owned(), author.new_id());
                labels.new.insert(name.to_owned(), false);
            }
        }
        Ok(labels)
    }

    /// Puts the ids of the labels into the body, and answers which of them are not there yet.
    fn put(&self, said: &Said, body: &mut Value, faults: &mut Vec<Fault>) -> Vec<String> {
        let mut new = Vec::new();
        let mut ids = Vec::with_capacity(said.labels.len());
        for (index, name) in said.labels.iter().enumerate() {
            match self.ids.get(name) {
                Some(id) => ids.push(json!(id)),
                None => {
                    let complaint = values::name(&Value::from(name.as_str())).err();
                    faults.extend(complaint.map(|complaint| {
                        let at = format!("/{LABELS}/{index}");
                        Fault::new(at, complaint.code, complaint.detail)
                    }));
                }
            }
            if self.new.contains_key(name) {
                new.push(name.clone());
            }
        }
        if ids.is_empty() {
            return new;
        }
        if let Some(Value::Object(config)) = body.get_mut("config") {
            match config.get_mut("labelIds") {
                Some(Value::Array(given)) => given.extend(ids),
                _ => drop(config.insert("labelIds".into(), ids.into())),
            }
        }
        new
    }

    /// Notes that labels are to be made.
    fn want(&mut self, names: &[String]) {
        for name in names {
            self.new.insert(name.clone(), true);
        }
    }

    /// Makes those that are wanted, and answers those for which there is no room.
    async fn make(
        &self,
        tx: &mut Tx,
        author: Author<'_>,
    ) -> Result<HashMap<String, Fault>, StorageError> {
        let wanted = self.new.iter().filter(|(_, is_wanted)| **is_wanted);
        let labels: Vec<Label> = wanted
            .filter_map(|(name, _)| {
                Some(Label {
                    frame: author.frame_of(*self.ids.get(name)?),
                    config: LabelConfig {
                        name: name.clone(),
                        color: None,
                    },
                })
            })
            .collect();
        let mut full = HashMap::new();
        if labels.is_empty() {
            return Ok(full);
        }
        let made = tx.insert_many(author.account_id, &labels).await?;
        for (label, made) in labels.into_iter().zip(made) {
            if let Err(error) = made {
                let fault = no_room(&format!("/{LABELS}"), &error);
                full.insert(label.config.name, fault);
            }
        }
        Ok(full)
    }
}
