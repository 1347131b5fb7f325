//! A strict reader of JSON objects that finds all faults of a body, not the first.
//!
//! A body is read field by field inside [`body`]; what no reader asked for is an unknown field.
//! Readers give `None` where something was wrong, so a type is put together with `?` at the end,
//! when every field has been looked at.

use std::str::FromStr;

use moca_core::id::IdError;
use serde_json::{Map, Value};

use crate::{
    fault::{FaultCode, Faults},
    problem::Fault,
    values::{self, Reading},
};

/// The fields every managed object answers with and ignores when they are sent back.
const SERVER_OWNED: &[&str] = &["createdAt", "updatedAt", "accountId"];

/// Reads a whole body. `server_owned` fields may be present and are ignored, so that an answer can
/// be sent back as it is.
pub fn body<T>(
    value: &Value,
    server_owned: &[&str],
    read: impl FnOnce(&mut Fields<'_, '_>) -> Option<T>,
) -> Result<T, Vec<Fault>> {
    let mut faults = Faults::new();
    let mut ignored = SERVER_OWNED.to_vec();
    ignored.extend_from_slice(server_owned);
    let read = read_object(value, String::new(), &ignored, &mut faults, read);
    match read {
        Some(read) if faults.is_empty() => Ok(read),
        _ => Err(faults.into_vec()),
    }
}

/// Reads an object that is part of something else and stands there at `pointer`.
pub fn part<T>(
    value: &Value,
    pointer: &str,
    read: impl FnOnce(&mut Fields<'_, '_>) -> Option<T>,
) -> Result<T, Vec<Fault>> {
    let mut faults = Faults::new();
    let read = read_object(value, pointer.to_owned(), &[], &mut faults, read);
    match read {
        Some(read) if faults.is_empty() => Ok(read),
        _ => Err(faults.into_vec()),
    }
}

fn read_object<T>(
    value: &Value,
    pointer: String,
    ignored: &[&str],
    faults: &mut Faults,
    read: impl FnOnce(&mut Fields<'_, '_>) -> Option<T>,
) -> Option<T> {
    let Value::Object(object) = value else {
        faults.push(pointer, FaultCode::WrongType, "expected an object");
        return None;
    };
    let mut fields = Fields {
        object,
        pointer,
        known: Vec::new(),
        faults,
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
    faults: &'f mut Faults,
}

impl<'v> Fields<'v, '_> {
    /// The pointer to a field of this object.
    pub fn pointer(&self, key: &str) -> String {
        pointer_to(&self.pointer, key)
    }

    /// Notes a fault of a field, found by comparing several.
    pub fn fault(&mut self, key: &str, code: FaultCode, detail: impl Into<String>) {
        self.faults.push(self.pointer(key), code, detail);
    }

    /// Notes a fault deep inside a field, at this pointer.
    pub(crate) fn fault_at(&mut self, pointer: String, code: FaultCode, detail: impl Into<String>) {
        self.faults.push(pointer, code, detail);
    }

    /// The value of a field; `None` if it is absent or null.
    pub fn take(&mut self, key: &'static str) -> Option<&'v Value> {
        self.known.push(key);
        self.object.get(key).filter(|value| !value.is_null())
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

    /// Notes a fault if the field is absent.
    pub fn require(&mut self, key: &'static str, expected: &str) {
        if self.take(key).is_none() {
            self.fault(key, FaultCode::Required, expected);
        }
    }

    /// The id of the parent: it must be given when there is no `current` one, and may be left out,
    /// but not changed, when there is.
    pub fn parent<T>(&mut self, key: &'static str, current: Option<T>) -> Option<T>
    where
        T: FromStr<Err = IdError> + PartialEq,
    {
        let Some(current) = current else {
            return self.required(key, values::id);
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
        read_object(value, self.pointer(key), &[], self.faults, read)
    }

    /// A list of at most `max` different values; empty when absent.
    pub fn set<T: PartialEq>(
        &mut self,
        key: &'static str,
        max: usize,
        read: impl Fn(&Value) -> Reading<T>,
    ) -> Vec<T> {
        let Some(items) = self.list(key, max) else {
            return Vec::new();
        };
        let pointer = self.pointer(key);
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let at = format!("{pointer}/{index}");
            match read(item) {
                Err(complaint) => self.faults.push(at, complaint.code, complaint.detail),
                Ok(value) if values.contains(&value) => {
                    let detail = "stands in the list more than once";
                    self.faults.push(at, FaultCode::NotUnique, detail);
                }
                Ok(value) => values.push(value),
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
        self.faults.push(pointer, complaint.code, complaint.detail);
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

    fn refuse_unknown(&mut self, ignored: &[&str]) {
        let object = self.object;
        for key in object.keys() {
            if !self.known.contains(&key.as_str()) && !ignored.contains(&key.as_str()) {
                self.fault(key, FaultCode::UnknownField, "there is no such field");
            }
        }
    }
}

pub(crate) fn pointer_to(parent: &str, key: &str) -> String {
    // RFC 6901 §3: ~ and / are written as ~0 and ~1.
    format!("{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
}
