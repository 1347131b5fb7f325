//! Which object each document means, and what it should be.

use std::collections::{HashMap, HashSet};

use moca_core::id::Id;
use serde_json::{Map, Value, json};

use super::{
    account::{Account, Live},
    kinds::{DESCRIBED, Described, Identity, Reference},
    query::{self, QUERY},
    registry::{Key, Known, Registry},
    sources::{Fault, Faults, Source},
};

/// What a document may say of a campaign, besides what the API takes.
const STATUSES: [&str; 3] = ["Started", "Stopped", "Archived"];

/// A document with the rank of its kind.
#[derive(Clone, Copy)]
pub(super) struct Sorted<'a> {
    pub(super) rank: usize,
    source: &'a Source,
}

/// An object as the files want it.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(super) rank: usize,
    /// That of the account, or a provisional one for an object that is to be made.
    pub(super) id: String,
    /// What is there, if it is.
    pub(super) live: Option<Live>,
    /// As the API takes it, with provisional ids for what is to be made in the same run.
    pub(super) body: Value,
    /// `Started`, `Stopped` or `Archived`.
    pub(super) status: Option<String>,
}

/// The documents in the order of dependency.
pub(super) fn sort(sources: &[Source]) -> Result<Vec<Sorted<'_>>, Faults> {
    let mut faults = Vec::new();
    let mut sorted = Vec::new();
    for source in sources {
        let kind = source.document.value.get("kind").and_then(Value::as_str);
        match kind.map(|name| (name, Described::rank(name))) {
            Some((_, Some(rank))) => sorted.push(Sorted { rank, source }),
            Some((name, None)) => faults.push(source.fault(
                "/kind",
                format!("there is no kind {name}: use one of {}", Described::names()),
            )),
            None => faults.push(source.fault(
                "",
                format!(
                    "expected a document with kind: one of {}",
                    Described::names()
                ),
            )),
        }
    }
    sorted.sort_by_key(|document| document.rank);
    for alike in sorted.chunk_by_mut(|one, next| one.rank == next.rank) {
        order_segments(alike);
    }
    if faults.is_empty() {
        Ok(sorted)
    } else {
        Err(Faults(faults))
    }
}

/// The objects that documents mean. Those they make are added to the registry as they come, so that
/// later documents can refer to them.
pub(super) fn resolve(
    documents: &[Sorted<'_>],
    account: &Account,
    registry: &mut Registry,
) -> Result<Vec<Wanted>, Faults> {
    let mut there: HashMap<(usize, Key), Vec<&Live>> = HashMap::new();
    for live in &account.objects {
        for key in keys_of(live) {
            there.entry((live.rank, key)).or_default().push(live);
        }
    }
    let mut seen: HashMap<(usize, Key), &Source> = HashMap::new();
    let mut taken: HashMap<String, &Source> = HashMap::new();
    let (mut wanted, mut faults) = (Vec::new(), Vec::new());
    for (index, document) in documents.iter().enumerate() {
        let source = document.source;
        let (body, status) = match read(document, registry) {
            Ok(read) => read,
            Err(found) => {
                faults.extend(found);
                continue;
            }
        };
        let known = Known::of(document.rank, &body);
        let key = (document.rank, known.identity());
        if let Some(first) = seen.insert(key.clone(), source) {
            faults.push(twice(source, first));
            continue;
        }
        let live = match there.get(&key).map(Vec::as_slice) {
            None | Some([]) => match radio_key(&known).and_then(|key| there.get(&key)) {
                Some(lives) => lives.first().copied(),
                None => None,
            },
            Some([live]) => Some(*live),
            Some(several) => {
                faults.push(source.fault(
                    "",
                    format!(
                        "the account has {} objects of this name: rename the others",
                        several.len()
                    ),
                ));
                continue;
            }
        };
        if let Some(first) = live.and_then(|live| taken.insert(live.id.clone(), source)) {
            faults.push(twice(source, first));
            continue;
        }
        let id = live.map_or_else(|| provisional(index), |live| live.id.clone());
        registry.add(&id, known);
        wanted.push(Wanted {
            rank: document.rank,
            id,
            live: live.cloned(),
            body,
            status,
        });
    }
    if faults.is_empty() {
        Ok(wanted)
    } else {
        Err(Faults(faults))
    }
}

fn twice(source: &Source, first: &Source) -> Fault {
    let there = first.fault("", "");
    source.fault(
        "",
        format!(
            "the same object is described at {}:{}",
            there.file, there.line
        ),
    )
}

/// A beacon is known by what it sends even when the files give it another external id.
fn radio_key(known: &Known) -> Option<(usize, Key)> {
    Some((known.rank, Key::Radio(known.radio.clone()?)))
}

fn keys_of(live: &Live) -> Vec<Key> {
    let known = Known::of(live.rank, &live.body);
    let mut keys = vec![known.identity()];
    if let Some((_, key)) = radio_key(&known)
        && !keys.contains(&key)
    {
        keys.push(key);
    }
    keys
}

/// An id that no server gives: its time is 1970.
fn provisional(index: usize) -> String {
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&(index as u64).to_be_bytes());
    Id::from_parts(0, bytes).to_string()
}

/// Whether an id is one of those.
pub(super) fn is_provisional(id: &str) -> bool {
    // The time is the first six bytes: eight characters of six bits.
    id.starts_with("AAAAAAAA")
}

type Read = (Value, Option<String>);

/// The body in a document, as the server would read it.
fn read(document: &Sorted<'_>, registry: &Registry) -> Result<Read, Vec<Fault>> {
    let kind = &DESCRIBED[document.rank];
    let source = document.source;
    let mut faults = Vec::new();
    let mut fields = source
        .document
        .value
        .as_object()
        .cloned()
        .unwrap_or_default();
    fields.remove("kind");
    let status = take_status(kind, &mut fields, source, &mut faults);
    adopt(kind, &mut fields, source, &mut faults);
    let mut body = Value::Object(fields);
    for reference in kind.all_references() {
        replace(reference, &mut body, source, registry, &mut faults);
    }
    if let Some(parent) = kind.parent
        && body.get(parent.id).is_none()
        && faults.is_empty()
    {
        let detail = format!(
            "{} is required: the {} it is part of",
            parent.field, parent.to
        );
        faults.push(source.fault("", detail));
    }
    name_segments(document.rank, &mut body, source, registry, &mut faults);
    match (kind.normalise)(&body) {
        Ok(body) if faults.is_empty() => return Ok((body, status)),
        Ok(_) => {}
        Err(found) => {
            // Where a reference is wrong, the id that is missing for it need not be told too.
            let told = !faults.is_empty();
            for fault in found {
                let pointer = in_file(kind, &fault.pointer);
                let missing = told && fault.code == "required" && pointer != fault.pointer;
                if !missing {
                    let there = source.document.value.pointer(&pointer);
                    let hint = match there {
                        Some(Value::Number(_)) if fault.code == "wrong_type" => {
                            "; a text that looks like a number stands in quotes"
                        }
                        _ => "",
                    };
                    let detail = format!("{pointer}: {}{hint}", fault.detail);
                    faults.push(source.fault(&pointer, detail));
                }
            }
        }
    }
    Err(faults)
}

fn take_status(
    kind: &Described,
    fields: &mut Map<String, Value>,
    source: &Source,
    faults: &mut Vec<Fault>,
) -> Option<String> {
    if !kind.runs {
        return None;
    }
    let status = fields.remove("status")?;
    let known = status.as_str().filter(|text| STATUSES.contains(text));
    if known.is_none() {
        let detail = format!("/status: expected one of {}", STATUSES.join(", "));
        faults.push(source.fault("/status", detail));
    }
    known.map(str::to_owned)
}

/// Puts the name or external id that stands beside `kind` into the configuration.
fn adopt(
    kind: &Described,
    fields: &mut Map<String, Value>,
    source: &Source,
    faults: &mut Vec<Fault>,
) {
    let identifying: &[&str] = if kind.identity == Identity::Name {
        &["name"]
    } else {
        &["name", "externalId"]
    };
    for &name in identifying {
        let Some(value) = fields.remove(name) else {
            continue;
        };
        let config = fields.entry("config").or_insert_with(|| json!({}));
        let Some(config) = config.as_object_mut() else {
            continue;
        };
        if config.get(name).is_some_and(|there| *there != value) {
            let pointer = format!("/config/{name}");
            let detail = format!("{pointer}: this is another {name} than beside kind");
            faults.push(source.fault(&pointer, detail));
        }
        config.insert(name.to_owned(), value);
    }
}

/// Replaces the name in a reference by the id.
fn replace(
    reference: &Reference,
    body: &mut Value,
    source: &Source,
    registry: &Registry,
    faults: &mut Vec<Fault>,
) {
    let Some(fields) = body
        .pointer_mut(reference.at)
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    let Some(named) = fields.remove(reference.field) else {
        return;
    };
    let pointer = format!("{}/{}", reference.at, reference.field);
    let rank = Described::rank(reference.to).unwrap_or_default();
    let mut find = |pointer: &str, named: &Value| match registry.resolve(rank, named) {
        Ok(id) => Some(Value::from(id)),
        Err(detail) => {
            faults.push(source.fault(pointer, format!("{pointer}: {detail}")));
            None
        }
    };
    let id = match &named {
        Value::Array(items) if reference.many => Some(
            items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| find(&format!("{pointer}/{index}"), item))
                .collect(),
        ),
        _ if reference.many => {
            let detail = format!("{pointer}: expected a list of names of {}s", reference.to);
            faults.push(source.fault(&pointer, detail));
            None
        }
        one => find(&pointer, one),
    };
    if let Some(id) = id {
        fields.insert(reference.id.to_owned(), id);
    }
}

/// Replaces the names of segments in a query by their ids. They are of the same app.
fn name_segments(
    rank: usize,
    body: &mut Value,
    source: &Source,
    registry: &Registry,
    faults: &mut Vec<Fault>,
) {
    let parent = DESCRIBED[rank].parent.map(|parent| parent.id);
    let app = parent.and_then(|id| body.get(id)?.as_str().map(str::to_owned));
    let Some(written) = body.pointer_mut(QUERY) else {
        return;
    };
    *written = query::map(written, &mut |name| {
        let found = registry.resolve_in(rank, app.as_deref(), name);
        if found.is_none() && name.parse::<Id>().is_err() {
            let detail = format!(
                "{QUERY}: there is no Segment {name:?} of this app, neither in the files nor in the account"
            );
            faults.push(source.fault(QUERY, detail));
        }
        found.map(str::to_owned)
    });
}

/// Puts segments behind those that their queries name. Circles are left for the server to refuse.
fn order_segments(sorted: &mut [Sorted<'_>]) {
    let text = |document: &Sorted<'_>, pointer: &str| {
        let value = document.source.document.value.pointer(pointer)?;
        Some(value.as_str()?.to_owned())
    };
    let mut order = Vec::with_capacity(sorted.len());
    let mut waiting: Vec<usize> = (0..sorted.len()).collect();
    while !waiting.is_empty() {
        // The texts that a document which still waits can be meant by, each with its app.
        let mut known = HashSet::new();
        for &index in &waiting {
            let document = &sorted[index];
            let app = document.source.document.value.get("app");
            for pointer in ["/name", "/config/name", "/externalId", "/config/externalId"] {
                known.extend(text(document, pointer).map(|text| (app.cloned(), text)));
            }
        }
        let is_ready = |index: &usize| {
            let document = &sorted[*index].source.document.value;
            let named = document
                .pointer(QUERY)
                .map(query::names)
                .unwrap_or_default();
            let mut named = named.into_iter();
            !named.any(|name| known.contains(&(document.get("app").cloned(), name)))
        };
        let (ready, blocked): (Vec<usize>, Vec<usize>) =
            waiting.iter().partition(|index| is_ready(index));
        if ready.is_empty() {
            order.extend(blocked);
            break;
        }
        order.extend(ready);
        waiting = blocked;
    }
    let ordered: Vec<Sorted<'_>> = order.iter().map(|index| sorted[*index]).collect();
    sorted.copy_from_slice(&ordered);
}

/// A pointer into a body as the file has it.
fn in_file(kind: &Described, pointer: &str) -> String {
    for reference in kind.all_references() {
        let id = format!("{}/{}", reference.at, reference.id);
        if let Some(rest) = pointer.strip_prefix(&id) {
            return format!("{}/{}{rest}", reference.at, reference.field);
        }
    }
    pointer.to_owned()
}
