//! Objects by the names that files use for them.

use std::collections::HashMap;

use moca_core::beacon::BeaconIdentity;
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use super::{
    account::Account,
    kinds::{DESCRIBED, Described, Identity},
};

/// What is known of an object, of the account or only of the files.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) rank: usize,
    pub(super) name: Option<String>,
    pub(super) external_id: Option<String>,
    /// What a beacon sends, as one text.
    pub(super) radio: Option<String>,
    pub(super) parent_id: Option<String>,
}

impl Known {
    /// What a body says of its object.
    pub(super) fn of(rank: usize, body: &Value) -> Self {
        let kind = &DESCRIBED[rank];
        let text = |pointer: &str| body.pointer(pointer)?.as_str().map(str::to_owned);
        let radio = (kind.identity == Identity::ExternalIdOrRadio)
            .then(|| serde_json::from_value::<BeaconIdentity>(body.get("config")?.clone()).ok());
        Self {
            rank,
            name: text("/config/name"),
            external_id: text("/config/externalId"),
            radio: radio.flatten().map(|identity| identity.key()),
            parent_id: kind
                .parent
                .and_then(|parent| text(&format!("/{}", parent.id))),
        }
    }

    /// What makes it the same object in the files and in the account.
    pub(super) fn identity(&self) -> Key {
        let by_name = || {
            Key::Name(
                self.parent_id.clone(),
                self.name.clone().unwrap_or_default(),
            )
        };
        match (
            DESCRIBED[self.rank].identity,
            &self.external_id,
            &self.radio,
        ) {
            (Identity::Name, ..) => by_name(),
            (_, Some(external_id), _) => Key::ExternalId(external_id.clone()),
            (Identity::ExternalIdOrRadio, None, Some(radio)) => Key::Radio(radio.clone()),
            _ => by_name(),
        }
    }
}

/// An identity within its kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Key {
    ExternalId(String),
    /// Within a parent.
    Name(Option<String>, String),
    Radio(String),
}

/// All objects that can be referred to.
#[derive(Debug, Default)]
pub(super) struct Registry {
    by_id: HashMap<String, Known>,
    by_external_id: HashMap<(usize, String), Vec<String>>,
    by_name: HashMap<(usize, String), Vec<String>>,
}

impl Registry {
    pub(super) fn of(account: &Account) -> Self {
        let mut registry = Self::default();
        for live in &account.objects {
            registry.add(&live.id, Known::of(live.rank, &live.body));
        }
        registry
    }

    /// Adds an object, or what the files make of one that is there.
    pub(super) fn add(&mut self, id: &str, known: Known) {
        let note = |map: &mut HashMap<(usize, String), Vec<String>>, text: &Option<String>| {
            if let Some(text) = text {
                let ids = map.entry((known.rank, text.clone())).or_default();
                if !ids.iter().any(|there| there == id) {
                    ids.push(id.to_owned());
                }
            }
        };
        note(&mut self.by_external_id, &known.external_id);
        note(&mut self.by_name, &known.name);
        note(&mut self.by_name, &known.radio);
        self.by_id.insert(id.to_owned(), known);
    }

    /// The id of the object that a reference names: a text, which is looked for among the external
    /// ids, then among the names; or an object with `externalId`, `name` and the parent.
    pub(super) fn resolve(&self, rank: usize, reference: &Value) -> Result<String, String> {
        let kind = &DESCRIBED[rank];
        let ids = match reference {
            Value::String(text) => {
                let key = (rank, text.nfc().collect());
                let by_external_id = self.by_external_id.get(&key);
                by_external_id.or_else(|| self.by_name.get(&key)).cloned()
            }
            Value::Object(_) => Some(self.matching(rank, reference)?),
            _ => {
                return Err(format!(
                    "expected the name or externalId of a {}, or an object with them",
                    kind.name
                ));
            }
        };
        match ids.as_deref() {
            None | Some([]) => Err(format!(
                "there is no {} {reference}, neither in the files nor in the account",
                kind.name
            )),
            Some([id]) => Ok(id.clone()),
            Some(several) => Err(format!(
                "there are {} {}s of this name: {}",
                several.len(),
                kind.name,
                self.hint(kind)
            )),
        }
    }

    fn hint(&self, kind: &Described) -> String {
        match kind.parent {
            Some(parent) => format!("refer to it as {{name: ..., {}: ...}}", parent.field),
            None => "give it an externalId, or a name of its own".to_owned(),
        }
    }

    fn matching(&self, rank: usize, reference: &Value) -> Result<Vec<String>, String> {
        let kind = &DESCRIBED[rank];
        let parent = kind.parent;
        let mut parent_id = None;
        for (field, value) in reference.as_object().into_iter().flatten() {
            match (field.as_str(), parent) {
                ("name" | "externalId", _) if value.is_string() => {}
                (field, Some(parent)) if field == parent.field => {
                    let rank = Described::rank(parent.to).unwrap_or_default();
                    parent_id = Some(self.resolve(rank, value)?);
                }
                _ => {
                    return Err(format!(
                        "{field} does not tell which {}: use name, externalId{}",
                        kind.name,
                        parent.map_or_else(String::new, |parent| format!(", {}", parent.field))
                    ));
                }
            }
        }
        let wanted = |field: &str| -> Option<String> {
            let text = reference.get(field)?.as_str()?;
            Some(text.nfc().collect())
        };
        let (name, external_id) = (wanted("name"), wanted("externalId"));
        let ids = match (&external_id, &name) {
            (Some(text), _) => self.by_external_id.get(&(rank, text.clone())),
            (None, Some(text)) => self.by_name.get(&(rank, text.clone())),
            (None, None) => return Err("give name or externalId".to_owned()),
        };
        let fits = |id: &&String| {
            self.by_id.get(*id).is_some_and(|known| {
                (name.is_none() || known.name == name)
                    && (parent_id.is_none() || known.parent_id == parent_id)
            })
        };
        Ok(ids.into_iter().flatten().filter(fits).cloned().collect())
    }

    /// The id of the object with this external id, or of the one in a parent with this name.
    pub(super) fn resolve_in(&self, rank: usize, parent: Option<&str>, text: &str) -> Option<&str> {
        let key = (rank, text.nfc().collect());
        let is_in = |id: &&String| {
            let known = self.by_id.get(*id);
            known.is_some_and(|known| known.parent_id.as_deref() == parent)
        };
        [&self.by_external_id, &self.by_name]
            .into_iter()
            .find_map(|map| map.get(&key)?.iter().find(is_in))
            .map(String::as_str)
    }

    /// The text by which [`Self::resolve_in`] finds an object, if there is one.
    pub(super) fn text_of(&self, id: &str) -> Option<&str> {
        let known = self.by_id.get(id)?;
        let texts = [&known.external_id, &known.name].into_iter().flatten();
        let parent = known.parent_id.as_deref();
        texts
            .map(String::as_str)
            .find(|text| self.resolve_in(known.rank, parent, text) == Some(id))
    }

    /// The shortest reference to an object that is not ambiguous.
    pub(super) fn reference(&self, id: &str) -> Value {
        let Some(known) = self.by_id.get(id) else {
            return json!(id);
        };
        if let Some(external_id) = &known.external_id {
            return json!(external_id);
        }
        let text = match (&known.radio, &known.name) {
            (Some(radio), _) => radio,
            (None, Some(name)) => name,
            (None, None) => return json!(id),
        };
        if self.resolve(known.rank, &json!(text)).as_deref() == Ok(id) {
            return json!(text);
        }
        match (DESCRIBED[known.rank].parent, &known.parent_id) {
            (Some(parent), Some(parent_id)) => {
                json!({"name": text, parent.field: self.reference(parent_id)})
            }
            _ => json!({"name": text}),
        }
    }

    /// An object for people: its kind, its name, and what it is part of.
    pub(super) fn title(&self, id: &str) -> String {
        let Some(known) = self.by_id.get(id) else {
            return id.to_owned();
        };
        let kind = &DESCRIBED[known.rank];
        let names = [&known.external_id, &known.name, &known.radio];
        let name = names.into_iter().flatten().next();
        let name = name.map_or(id, String::as_str);
        let parent = known.parent_id.as_deref();
        match parent.filter(|_| known.external_id.is_none()) {
            Some(parent) => format!("{} {name:?} of {}", kind.name, self.title(parent)),
            None => format!("{} {name:?}", kind.name),
        }
    }

    pub(super) fn known(&self, id: &str) -> Option<&Known> {
        self.by_id.get(id)
    }
}
