//! One value that fits, made wrong in every way its schema knows.

use serde_json::{Map, Value, json};

use crate::support::schema::Schemas;

/// A value with one fault.
#[derive(Debug)]
pub(super) struct Spoiled {
    pub(super) value: Value,
    /// Where the fault is.
    pub(super) pointer: String,
    /// What was done.
    pub(super) how: String,
}

/// Every way to spoil a value of this schema in one place.
pub(super) fn spoil(schemas: Schemas<'_>, schema: &Value, value: &Value) -> Vec<Spoiled> {
    let mut spoiler = Spoiler {
        schemas,
        whole: value.clone(),
        found: Vec::new(),
    };
    spoiler.at(schema, value, "");
    spoiler.found
}

struct Spoiler<'a> {
    schemas: Schemas<'a>,
    whole: Value,
    found: Vec<Spoiled>,
}

impl<'a> Spoiler<'a> {
    fn at(&mut self, schema: &'a Value, value: &Value, pointer: &str) {
        let schema = self.schemas.resolve(schema);
        // What the server owns may be anything.
        if schema.get("type").is_none() && schema.get("oneOf").is_none() {
            return;
        }
        let alone = has_items_of_their_own(schema);
        for other in others(schema, value) {
            let alone = alone && other == json!([[]]);
            if !alone && !self.schemas.admits(schema, &other) {
                let how = shorten(&other);
                self.put(pointer, other, &how);
            }
        }
        let inner = match schema["oneOf"].as_array() {
            Some(all) => all.iter().find(|one| self.schemas.admits(one, value)),
            None => Some(schema),
        };
        let Some(inner) = inner.map(|inner| self.schemas.resolve(inner)) else {
            return;
        };
        match value {
            Value::Object(fields) if inner["properties"].is_object() => {
                let kinds = schema["oneOf"].as_array().map_or(&[][..], Vec::as_slice);
                self.object(inner, kinds, fields, pointer);
            }
            Value::Object(entries) => {
                for (name, entry) in entries {
                    let at = format!("{pointer}/{name}");
                    self.at(&inner["additionalProperties"], entry, &at);
                }
            }
            // What is refused alone is tried alone.
            Value::Array(items) if inner["items"].get("$ref").is_none() => {
                for (index, item) in items.iter().enumerate().take(2) {
                    self.at(&inner["items"], item, &format!("{pointer}/{index}"));
                }
            }
            _ => {}
        }
    }

    fn object(
        &mut self,
        schema: &'a Value,
        kinds: &'a [Value],
        fields: &Map<String, Value>,
        pointer: &str,
    ) {
        for name in schema["required"].as_array().into_iter().flatten() {
            // Without the word for its kind it is of the kind that is meant where none is said.
            let is_word = schema["properties"][name.as_str().unwrap()]["enum"].is_array();
            let mut others = kinds.iter().map(|kind| self.schemas.resolve(kind));
            let is_required = |kind: &Value| {
                let required = kind["required"].as_array();
                required.is_some_and(|required| required.contains(name))
            };
            if is_word && !others.all(is_required) {
                continue;
            }
            let name = name.as_str().unwrap();
            let mut less = fields.clone();
            less.remove(name);
            self.put_as(
                pointer,
                less.into(),
                &format!("{pointer}/{name}"),
                "left out",
            );
        }
        if schema["additionalProperties"] == false {
            let mut more = fields.clone();
            more.insert("noSuchField".into(), json!(1));
            let at = format!("{pointer}/noSuchField");
            self.put_as(pointer, more.into(), &at, "not known");
        }
        for (name, field) in fields {
            let known = &schema["properties"][name];
            self.at(known, field, &format!("{pointer}/{name}"));
        }
    }

    fn put(&mut self, pointer: &str, other: Value, how: &str) {
        self.put_as(pointer, other, pointer, how);
    }

    fn put_as(&mut self, pointer: &str, other: Value, at: &str, how: &str) {
        let mut value = self.whole.clone();
        *value.pointer_mut(pointer).unwrap() = other;
        self.found.push(Spoiled {
            value,
            pointer: at.to_owned(),
            how: how.to_owned(),
        });
    }
}

/// Whether it is a list, or may be one, whose items are refused alone.
fn has_items_of_their_own(schema: &Value) -> bool {
    let kinds = schema["oneOf"].as_array().into_iter().flatten();
    let mut all = kinds.chain([schema]);
    all.any(|one| one["items"].get("$ref").is_some())
}

/// Values of every type, and those just beyond each limit.
fn others(schema: &Value, value: &Value) -> Vec<Value> {
    let mut others = vec![
        json!(true),
        json!(-7),
        json!(0.5),
        json!("no such word"),
        json!(""),
        json!("   "),
        json!("a\u{7}b"),
        json!([]),
        json!([[]]),
        json!({}),
    ];
    let all = schema["oneOf"].as_array().cloned().unwrap_or_default();
    for one in all.iter().chain([schema]) {
        let whole = |keyword: &str| one[keyword].as_i64();
        others.extend(
            whole("minimum")
                .and_then(|n| n.checked_sub(1))
                .map(Value::from),
        );
        others.extend(
            whole("maximum")
                .and_then(|n| n.checked_add(1))
                .map(Value::from),
        );
        if whole("maximum") == Some(i64::MAX) {
            others.push(json!(u64::MAX));
        }
        let size = |keyword: &str| one[keyword].as_u64().map(|size| size as usize);
        others.extend(size("maxLength").map(|max| Value::from("x".repeat(max + 1))));
        if let (Some(max), Value::Array(items)) = (size("maxItems"), value)
            && let Some(first) = items.first()
        {
            others.push(vec![first.clone(); max + 1].into());
        }
        if let (Some(max), Value::Object(entries)) = (size("maxProperties"), value)
            && let Some(entry) = entries.values().next()
        {
            let many = (0..=max).map(|n| (format!("name{n}"), entry.clone()));
            others.push(Value::Object(many.collect()));
        }
        if let (true, Value::Array(items)) = (one["uniqueItems"] == true, value)
            && let Some(first) = items.first()
        {
            others.push(json!([first, first]));
        }
    }
    others
}

fn shorten(value: &Value) -> String {
    value.to_string().chars().take(40).collect()
}
