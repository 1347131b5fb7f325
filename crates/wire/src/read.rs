//! A strict reader of JSON objects that finds all faults of a body, not the first.
//!
//! A body is read field by field inside [`managed`] or [`body`]; what no reader asked for is an unknown field.
//! Readers give `None` where something was wrong, so a type is put together with `?` at the end,
//! when every field has been looked at.
//!
//! Ids of other objects are read with [`Fields::reference`] and its like, which note a [`Mention`].
//! Whether those objects exist only the store knows, so a [`Body`] gives its value away only to who
//! says which of them do, and then all faults are told at once.

use moca_core::{id::AppId, resource::ManagedId};
use serde_json::{Map, Value};

use crate::{
    fault::{FaultCode, Faults},
    mention::{Body, Mention},
    problem::Fault,
    secret::{Secret, SecretInput},
    values::{self, Reading},
};

/// The fields every managed object answers with, which may be sent back.
const SERVER_OWNED: &[&str] = &["createdAt", "updatedAt", "accountId"];

/// Reads a whole body that mentions no other object. `server_owned` fields may be present, so that an
/// answer can be sent back as it is.
pub fn body<T>(
    value: &Value,
    server_owned: &[&'static str],
    read: impl FnOnce(&mut Fields<'_, '_>) -> Option<T>,
) -> Result<T, Vec<Fault>> {
    // A mention would be a fault, as nobody looks it up: then `managed` is what is wanted.
    managed(value, server_owned, read).settle(|_| false)
}

/// Reads the body of a managed object, which may mention others. What it says of fields that the
/// server owns is compared by [`Body::of`] and [`Body::unchanged`], and ignored otherwise.
pub fn managed<T>(
    value: &Value,
    server_owned: &[&'static str],
    read: impl FnOnce(&mut Fields<'_, '_>) -> Option<T>,
) -> Body<T> {
    let mut owned = SERVER_OWNED.to_vec();
    owned.extend_from_slice(server_owned);
    sent_back(value, &owned, read)
}

/// Reads the body of an object whose answers have these fields of the server's and no others.
pub(crate) fn sent_back<T>(
    value: &Value,
    ignored: &[&'static str],
    read: impl FnOnce(&mut Fields<'_, '_>) -> Option<T>,
) -> Body<T> {
    let mut notes = Notes::default();
    let sent =
        |key: &&'static str| Some((*key, value.get(key).filter(|it| !it.is_null())?.clone()));
    let owned = ignored.iter().filter_map(sent).collect();
    let value = read_object(value, String::new(), ignored, &mut notes, read);
    Body::new(value, notes.faults, notes.mentions, owned)
}

/// What is found out about a body besides its value.
#[derive(Default)]
struct Notes {
    faults: Faults,
    mentions: Vec<Mention>,
}

/// Reads an object that is part of something else and stands there at `pointer`.
pub fn part<T>(
    value: &Value,
    pointer: &str,
    read: impl FnOnce(&mut Fields<'_, '_>) -> Option<T>,
) -> Result<T, Vec<Fault>> {
    let mut notes = Notes::default();
    let value = read_object(value, pointer.to_owned(), &[], &mut notes, read);
    Body::new(value, notes.faults, notes.mentions, Vec::new()).settle(|_| false)
}

fn read_object<T>(
    value: &Value,
    pointer: String,
    ignored: &[&str],
    notes: &mut Notes,
    read: impl FnOnce(&mut Fields<'_, '_>) -> Option<T>,
) -> Option<T> {
    let Value::Object(object) = value else {
        notes
            .faults
            .push(pointer, FaultCode::WrongType, "expected an object");
        return None;
    };
    let mut fields = Fields {
        object,
        pointer,
        known: Vec::new(),
        owned: Vec::new(),
        is_open: false,
        notes,
    };
    let result = read(&mut fields);
    fields.refuse_unknown(ignored);
    result
}

/// The fields of one JSON object.
pub struct Fields<'v, 'f> {
    object: &'v Map<String, Value>,
    pointer: String,
    known: Vec<&'static str>,
    owned: Vec<&'static str>,
    /// Whether what nobody asked for is passed over.
    is_open: bool,
    notes: &'f mut Notes,
}

impl<'v> Fields<'v, '_> {
    /// The pointer to a field of this object.
    pub fn pointer(&self, key: &str) -> String {
        pointer_to(&self.pointer, key)
    }

    /// Notes a fault of a field, found by comparing several.
    pub fn fault(&mut self, key: &str, code: FaultCode, detail: impl Into<String>) {
        let pointer = self.pointer(key);
        self.notes.faults.push(pointer, code, detail);
    }

    /// Notes a fault deep inside a field, at this pointer.
    pub(crate) fn fault_at(&mut self, pointer: String, code: FaultCode, detail: impl Into<String>) {
        self.notes.faults.push(pointer, code, detail);
    }

    /// The value of a field; `None` if it is absent or null.
    pub fn take(&mut self, key: &'static str) -> Option<&'v Value> {
        self.known.push(key);
        self.object.get(key).filter(|value| !value.is_null())
    }

    /// Fields that the server owns: they may be sent back, and are ignored.
    pub fn owned(&mut self, keys: &[&'static str]) {
        self.owned.extend_from_slice(keys);
    }

    /// Lets fields through that nobody asks for.
    pub fn pass_over_others(&mut self) {
        self.is_open = true;
    }

    /// A field that must be there.
    pub fn required<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Value) -> Reading<T>,
    ) -> Option<T> {
        match self.take(key) {
            Some(value) => self.note(key, read(value)),
            None => {
                // A reader refuses null by saying what it expects.
                let expected = read(&Value::Null).err().map(|complaint| complaint.detail);
                self.fault(
                    key,
                    FaultCode::Required,
                    expected.unwrap_or_else(|| "must be given".into()),
                );
                None
            }
        }
    }

    /// A field that may be absent.
    pub fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Value) -> Reading<T>,
    ) -> Option<T> {
        let value = self.take(key)?;
        self.note(key, read(value))
    }

    /// A secret, which stays as it is when it is left out and goes when it is null.
    pub fn secret(
        &mut self,
        key: &'static str,
        read: impl Fn(&Value) -> Reading<String>,
    ) -> SecretInput {
        let is_null = self.object.get(key).is_some_and(Value::is_null);
        match self.optional(key, read) {
            _ if is_null => SecretInput::Remove,
            Some(text) => SecretInput::Set(Secret::new(text)),
            None => SecretInput::Keep,
        }
    }

    /// Notes a fault if the field is absent.
    pub fn require(&mut self, key: &'static str, expected: &str) {
        if self.take(key).is_none() {
            self.fault(key, FaultCode::Required, expected);
        }
    }

    /// The id of another object, which may be absent.
    pub fn reference<T: ManagedId>(&mut self, key: &'static str) -> Option<T> {
        let id = self.optional(key, values::id)?;
        self.mention(key, id);
        Some(id)
    }

    /// Notes that an object of an app is named somewhere deep inside a field, at this pointer.
    pub(crate) fn mention_at<T: ManagedId>(
        &mut self,
        id: T,
        pointer: String,
        app_id: Option<AppId>,
    ) {
        let mut mention = Mention::new(id, pointer);
        mention.app_id = app_id;
        self.notes.mentions.push(mention);
    }

    /// The same for an object that must be of this app, as far as it is known which.
    pub fn reference_in<T: ManagedId>(
        &mut self,
        key: &'static str,
        app_id: Option<AppId>,
    ) -> Option<T> {
        let id = self.optional(key, values::id)?;
        self.mention_at(id, self.pointer(key), app_id);
        Some(id)
    }

    /// The id of another object, which must be given.
    pub fn required_reference<T: ManagedId>(&mut self, key: &'static str) -> Option<T> {
        let id = self.required(key, values::id)?;
        self.mention(key, id);
        Some(id)
    }

    /// A list of at most `max` ids of different objects; empty when absent.
    pub fn references<T: ManagedId>(&mut self, key: &'static str, max: usize) -> Vec<T> {
        let ids = self.indexed_set(key, max, values::id);
        let pointer = self.pointer(key);
        for (index, id) in &ids {
            let mention = Mention::new(*id, format!("{pointer}/{index}"));
            self.notes.mentions.push(mention);
        }
        ids.into_iter().map(|(_, id)| id).collect()
    }

    /// Notes that a field names an object.
    fn mention<T: ManagedId>(&mut self, key: &str, id: T) {
        let mention = Mention::new(id, self.pointer(key));
        self.notes.mentions.push(mention);
    }

    /// The id of the parent: it must be given when there is no `current` one, and may be left out,
    /// but not changed, when there is.
    pub fn parent<T: ManagedId>(&mut self, key: &'static str, current: Option<T>) -> Option<T> {
        let Some(current) = current else {
            return self.required_reference(key);
        };
        let sent: Option<T> = self.optional(key, values::id);
        if sent.is_some_and(|sent| sent != current) {
            self.fault(
                key,
                FaultCode::Immutable,
                "cannot change once the object exists: leave it out or send it as it is",
            );
        }
        Some(current)
    }

    /// The `externalId`: the one in the path, which one in the body has to equal, or that.
    pub fn external_id(&mut self, in_path: Option<&str>) -> Option<String> {
        let key = "externalId";
        let sent = self.optional(key, values::code);
        let Some(in_path) = in_path else {
            return sent;
        };
        let own = self.note(key, values::code(&Value::String(in_path.to_owned())))?;
        if sent.is_some_and(|sent| sent != own) {
            let detail = "leave it out or send the one that stands in the path";
            self.fault(key, FaultCode::Immutable, detail);
        }
        Some(own)
    }

    /// An object that must be there.
    pub fn object<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Fields<'_, '_>) -> Option<T>,
    ) -> Option<T> {
        self.require(key, "expected an object");
        self.optional_object(key, read)
    }

    /// An object that may be absent.
    pub fn optional_object<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Fields<'_, '_>) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(key)?;
        read_object(value, self.pointer(key), &[], self.notes, read)
    }

    /// A list of at most `max` objects, if it is there.
    pub fn objects<T>(
        &mut self,
        key: &'static str,
        max: usize,
        mut read: impl FnMut(&mut Fields<'_, '_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = self.list(key, max)?;
        let pointer = self.pointer(key);
        let mut all = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let at = format!("{pointer}/{index}");
            all.push(read_object(item, at, &[], self.notes, &mut read));
        }
        all.into_iter().collect()
    }

    /// A list of at most `max` different values; empty when absent.
    pub fn set<T: PartialEq>(
        &mut self,
        key: &'static str,
        max: usize,
        read: impl Fn(&Value) -> Reading<T>,
    ) -> Vec<T> {
        let values = self.indexed_set(key, max, read);
        values.into_iter().map(|(_, value)| value).collect()
    }

    /// A list of 1 to `max` different values, if it is there.
    pub fn optional_set<T: PartialEq>(
        &mut self,
        key: &'static str,
        max: usize,
        read: impl Fn(&Value) -> Reading<T>,
    ) -> Option<Vec<T>> {
        let items = self.list(key, max)?;
        if items.is_empty() {
            let detail = format!("expected a list of 1 to {max} items, or none at all");
            self.fault(key, FaultCode::TooShort, detail);
        }
        let values = self.different(key, items, read);
        Some(values.into_iter().map(|(_, value)| value).collect())
    }

    /// The values of [`Fields::set`], each with where it stands in the list.
    pub(crate) fn indexed_set<T: PartialEq>(
        &mut self,
        key: &'static str,
        max: usize,
        read: impl Fn(&Value) -> Reading<T>,
    ) -> Vec<(usize, T)> {
        let items = self.list(key, max).unwrap_or_default();
        self.different(key, items, read)
    }

    /// The values of a list in which none may stand twice.
    fn different<T: PartialEq>(
        &mut self,
        key: &'static str,
        items: &[Value],
        read: impl Fn(&Value) -> Reading<T>,
    ) -> Vec<(usize, T)> {
        let pointer = self.pointer(key);
        let faults = &mut self.notes.faults;
        let mut values: Vec<(usize, T)> = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let at = format!("{pointer}/{index}");
            match read(item) {
                Err(complaint) => faults.push(at, complaint.code, complaint.detail),
                Ok(value) if values.iter().any(|(_, seen)| *seen == value) => {
                    let detail = "stands in the list more than once";
                    faults.push(at, FaultCode::NotUnique, detail);
                }
                Ok(value) => values.push((index, value)),
            }
        }
        values
    }

    /// The items of a list of at most `max`.
    pub fn list(&mut self, key: &'static str, max: usize) -> Option<&'v [Value]> {
        let value = self.take(key)?;
        self.note(key, values::list(value, max))
    }

    /// The entries of a map of at most `max`.
    pub fn map(&mut self, key: &'static str, max: usize) -> Option<&'v Map<String, Value>> {
        let value = self.take(key)?;
        self.note(key, values::map(value, max))
    }

    /// Notes a fault at a key inside the map or list `key`.
    pub fn fault_inside(&mut self, key: &str, inner: &str, complaint: values::Complaint) {
        let pointer = pointer_to(&self.pointer(key), inner);
        self.notes
            .faults
            .push(pointer, complaint.code, complaint.detail);
    }

    /// The same deeper inside.
    pub fn fault_deep(&mut self, key: &str, inner: &[&str], complaint: values::Complaint) {
        let start = self.pointer(key);
        let pointer = inner.iter().fold(start, |at, key| pointer_to(&at, key));
        self.fault_at(pointer, complaint.code, complaint.detail);
    }

    fn note<T>(&mut self, key: &str, reading: Reading<T>) -> Option<T> {
        match reading {
            Ok(value) => Some(value),
            Err(complaint) => {
                self.fault(key, complaint.code, complaint.detail);
                None
            }
        }
    }

    /// The fields that were asked for, as a sentence lists them.
    fn known_fields(&self) -> String {
        let mut names: Vec<&str> = Vec::with_capacity(self.known.len());
        for name in &self.known {
            if !names.contains(name) {
                names.push(name);
            }
        }
        names.join(", ")
    }

    fn refuse_unknown(&mut self, ignored: &[&str]) {
        if self.is_open {
            return;
        }
        let object = self.object;
        for key in object.keys() {
            let key = key.as_str();
            let is_known = self.known.contains(&key) || self.owned.contains(&key);
            if !is_known && !ignored.contains(&key) {
                let detail = format!("there is no such field; there are {}", self.known_fields());
                self.fault(key, FaultCode::UnknownField, detail);
            }
        }
    }
}

pub(crate) fn pointer_to(parent: &str, key: &str) -> String {
    // RFC 6901 §3: ~ and / are written as ~0 and ~1.
    format!("{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
}
