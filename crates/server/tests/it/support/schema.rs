//! JSON Schema as the description of the API uses it: whether a value fits.
//!
//! A keyword that is not known here fails the test that meets it, so none can be written and ignored.

use std::{
    collections::{HashMap, HashSet},
    sync::{LazyLock, Mutex},
};

use regex::Regex;
use serde_json::Value;

/// Whether objects may have fields that their schema does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    /// As the schema says.
    AsSaid,
    /// Never, whatever it says: what we answer is described to the last field.
    Never,
}

/// A document with schemas in it.
#[derive(Clone, Copy)]
pub(crate) struct Schemas<'a> {
    pub(crate) document: &'a Value,
    pub(crate) others: Others,
}

impl<'a> Schemas<'a> {
    /// The schema itself, when this one only names it.
    pub(crate) fn resolve(&self, schema: &'a Value) -> &'a Value {
        match schema.get("$ref").and_then(Value::as_str) {
            None => schema,
            Some(target) => {
                let pointer = target.strip_prefix('#').unwrap();
                let found = self.document.pointer(pointer);
                self.resolve(found.unwrap_or_else(|| panic!("{target} leads nowhere")))
            }
        }
    }

    /// The kinds of value a schema names.
    pub(crate) fn kinds(schema: &'a Value) -> Vec<&'a str> {
        match &schema["type"] {
            Value::String(kind) => vec![kind],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a value fits.
    pub(crate) fn admits(&self, schema: &'a Value, value: &Value) -> bool {
        self.faults(schema, value, "").is_empty()
    }

    /// What does not fit, each with its pointer.
    pub(crate) fn faults(&self, schema: &'a Value, value: &Value, at: &str) -> Vec<String> {
        let schema = self.resolve(schema);
        let mut faults = Vec::new();
        let mut fault = |what: String| faults.push(format!("{at}: {what}: {value}"));
        let mut inner = Vec::new();
        for (keyword, said) in schema.as_object().unwrap() {
            let fits = match keyword.as_str() {
                "title" | "description" | "examples" | "default" | "format" | "writeOnly" => true,
                "type" => Self::kinds(schema).iter().any(|kind| is(kind, value)),
                "enum" => said.as_array().unwrap().contains(value),
                "oneOf" => {
                    let fitting = |one: &&Value| self.faults(one, value, at).is_empty();
                    said.as_array().unwrap().iter().filter(fitting).count() == 1
                }
                "minimum" => number(value).is_none_or(|n| n >= said.as_f64().unwrap()),
                "maximum" => number(value).is_none_or(|n| n <= said.as_f64().unwrap()),
                "minLength" => length(value).is_none_or(|n| n >= said.as_u64().unwrap()),
                "maxLength" => length(value).is_none_or(|n| n <= said.as_u64().unwrap()),
                "pattern" => value
                    .as_str()
                    .is_none_or(|text| is_match(said.as_str().unwrap(), text)),
                "minItems" => {
                    items(value).is_none_or(|all| all.len() as u64 >= said.as_u64().unwrap())
                }
                "maxItems" => {
                    items(value).is_none_or(|all| all.len() as u64 <= said.as_u64().unwrap())
                }
                "uniqueItems" => items(value).is_none_or(|all| {
                    let different: HashSet<String> = all.iter().map(Value::to_string).collect();
                    different.len() == all.len()
                }),
                "items" => {
                    for (index, item) in items(value).into_iter().flatten().enumerate() {
                        inner.extend(self.faults(said, item, &format!("{at}/{index}")));
                    }
                    true
                }
                "maxProperties" => value
                    .as_object()
                    .is_none_or(|all| all.len() as u64 <= said.as_u64().unwrap()),
                "required" => said.as_array().unwrap().iter().all(|name| {
                    let entries = value.as_object();
                    entries.is_none_or(|all| all.contains_key(name.as_str().unwrap()))
                }),
                "propertyNames" => {
                    for name in value
                        .as_object()
                        .into_iter()
                        .flatten()
                        .map(|(name, _)| name)
                    {
                        inner.extend(self.faults(said, &Value::String(name.clone()), at));
                    }
                    true
                }
                "properties" | "additionalProperties" => true,
                other => panic!("teach support/schema.rs the keyword {other}"),
            };
            if !fits {
                fault(keyword.clone());
            }
        }
        faults.extend(inner);
        faults.extend(self.field_faults(schema, value, at));
        faults
    }

    fn field_faults(&self, schema: &'a Value, value: &Value, at: &str) -> Vec<String> {
        let mut faults = Vec::new();
        let (properties, others) = (&schema["properties"], &schema["additionalProperties"]);
        for (name, field) in value.as_object().into_iter().flatten() {
            let at = format!("{at}/{name}");
            match (properties.get(name), others) {
                (Some(known), _) => faults.extend(self.faults(known, field, &at)),
                (None, Value::Object(_)) => faults.extend(self.faults(others, field, &at)),
                (None, Value::Bool(false)) => faults.push(format!("{at}: not described")),
                (None, _) if properties.is_object() && self.others == Others::Never => {
                    faults.push(format!("{at}: not described"));
                }
                (None, _) => {}
            }
        }
        faults
    }
}

/// Patterns are few, and reading one takes longer than using it.
fn is_match(pattern: &str, text: &str) -> bool {
    static READ: LazyLock<Mutex<HashMap<String, Regex>>> = LazyLock::new(Mutex::default);
    let mut read = READ.lock().unwrap();
    if !read.contains_key(pattern) {
        read.insert(pattern.to_owned(), Regex::new(pattern).unwrap());
    }
    read[pattern].is_match(text)
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no such type: {other}"),
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64()
}

fn length(value: &Value) -> Option<u64> {
    Some(value.as_str()?.chars().count() as u64)
}

fn items(value: &Value) -> Option<&Vec<Value>> {
    value.as_array()
}
