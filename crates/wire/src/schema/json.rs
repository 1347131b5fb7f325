//! A schema as JSON Schema 2020-12, the dialect of OpenAPI 3.1.

use serde_json::{Map, Value, json};

use super::{EXACT_MAX, Field, Presence, Schema, Shape, Usage};

impl Schema {
    /// The schema in a use.
    pub fn json(&self, usage: Usage) -> Value {
        let mut json = self.shape.json(usage);
        if let Value::Object(keywords) = &mut json {
            if let Some(title) = self.title {
                keywords.insert("title".into(), title.into());
            }
            if let Some(format) = self.format {
                keywords.insert("format".into(), format.into());
            }
            if let Some(note) = &self.note {
                keywords.insert("description".into(), note.as_str().into());
            }
            if let Some(example) = &self.example {
                keywords.insert("examples".into(), json!([example]));
            }
        }
        json
    }

    /// The part of an answer that a client would send: without what the server owns.
    pub fn without_owned(&self, example: &Value) -> Value {
        let Value::Object(entries) = example else {
            return example.clone();
        };
        let is_owned = |name: &str| {
            self.fields().iter().any(|field| {
                let owned = matches!(field.presence, Presence::Owned | Presence::OwnedOptional);
                owned && field.name == name
            })
        };
        let kept = entries.iter().filter(|(name, _)| !is_owned(name));
        Value::Object(kept.map(|(n, v)| (n.clone(), v.clone())).collect())
    }
}

impl Shape {
    fn json(&self, usage: Usage) -> Value {
        match self {
            Self::Any => json!({}),
            Self::Null => json!({"type": "null"}),
            Self::Boolean => json!({"type": "boolean"}),
            Self::Words(words) => json!({"type": "string", "enum": words}),
            Self::Ref(name) => json!({"$ref": format!("#/components/schemas/{name}")}),
            Self::OneOf(schemas) => {
                let schemas: Vec<Value> = schemas.iter().map(|one| one.json(usage)).collect();
                json!({"oneOf": schemas})
            }
            Self::Integer(min, max) => {
                let mut json = json!({"type": "integer", "format": "int64"});
                set(&mut json, "minimum", *min);
                set(&mut json, "maximum", *max);
                json
            }
            Self::Number(min, max) => {
                let mut json = json!({"type": "number"});
                set(&mut json, "minimum", bound(*min));
                set(&mut json, "maximum", bound(*max));
                json
            }
            Self::Text {
                min,
                max,
                pattern,
                format,
            } => {
                let mut json = json!({"type": "string"});
                set(&mut json, "minLength", Some(*min).filter(|min| *min > 0));
                set(&mut json, "maxLength", *max);
                set(&mut json, "pattern", pattern.as_deref());
                set(&mut json, "format", *format);
                json
            }
            Self::List {
                items,
                min,
                max,
                unique,
            } => {
                let mut json = json!({"type": "array", "items": items.json(usage)});
                set(&mut json, "minItems", Some(*min).filter(|min| *min > 0));
                set(&mut json, "maxItems", *max);
                set(&mut json, "uniqueItems", Some(true).filter(|_| *unique));
                json
            }
            Self::Map {
                names,
                values,
                max,
                required,
            } => {
                let mut json = json!({
                    "type": "object",
                    "propertyNames": names.json(usage),
                    "additionalProperties": values.json(usage),
                });
                set(&mut json, "maxProperties", *max);
                if !required.is_empty() {
                    set(&mut json, "required", Some(required.clone()));
                }
                json
            }
            Self::Object { fields, open } => object(fields, *open, usage),
        }
    }
}

/// Bounds that are whole numbers are written as such.
fn bound(bound: f64) -> Option<Value> {
    let exact = EXACT_MAX as f64;
    match bound {
        f64::MIN | f64::MAX => None,
        whole if whole.fract() == 0.0 && whole.abs() <= exact => Some((whole as i64).into()),
        other => Some(other.into()),
    }
}

fn set(json: &mut Value, keyword: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        json[keyword] = value.into();
    }
}

fn object(fields: &[Field], open: bool, usage: Usage) -> Value {
    let mut properties = Map::new();
    let mut needed = Vec::new();
    let is_told = |field: &&Field| usage != Usage::Answer || field.presence != Presence::WriteOnly;
    for field in fields.iter().filter(is_told) {
        if field.is_needed(usage) {
            needed.push(field.name);
        }
        properties.insert(field.name.to_owned(), field.json(usage));
    }
    let mut json = json!({"type": "object", "properties": properties});
    if !needed.is_empty() {
        json["required"] = json!(needed);
    }
    // An answer may have more fields tomorrow; a request may not have what nobody would read.
    if usage != Usage::Answer && !open {
        json["additionalProperties"] = json!(false);
    }
    json
}

impl Field {
    /// Whether it must be there in this use.
    pub fn is_needed(&self, usage: Usage) -> bool {
        match self.presence {
            Presence::Required => true,
            Presence::Parent => usage != Usage::Replace,
            Presence::Default(_) | Presence::Owned => usage == Usage::Answer,
            Presence::Optional | Presence::OwnedOptional | Presence::WriteOnly => false,
        }
    }

    fn json(&self, usage: Usage) -> Value {
        let owned = matches!(self.presence, Presence::Owned | Presence::OwnedOptional);
        if owned && usage != Usage::Answer {
            return json!({"description": "The server's own: it may be sent back as it is."});
        }
        let mut json = self.schema.json(usage);
        if usage != Usage::Answer && !self.is_needed(usage) {
            nullable(&mut json);
        }
        match &self.presence {
            // No value of the field's type: the note says what then holds.
            Presence::Default(Value::Null) => {}
            Presence::Default(default) => json["default"] = default.clone(),
            Presence::WriteOnly => json["writeOnly"] = true.into(),
            _ => {}
        }
        let note = match &self.schema.note {
            Some(more) if !self.note.is_empty() => format!("{} {more}", self.note),
            Some(more) => more.clone(),
            None => self.note.clone(),
        };
        if !note.is_empty() {
            json["description"] = note.into();
        }
        json
    }
}

/// Lets a `null` through, which is as good as absent.
fn nullable(json: &mut Value) {
    if let Some(Value::Array(words)) = json.get_mut("enum") {
        words.push(Value::Null);
    }
    if let Some(Value::Array(schemas)) = json.get_mut("oneOf") {
        schemas.push(json!({"type": "null"}));
    } else if let Some(kind) = json.get("type").cloned() {
        json["type"] = json!([kind, "null"]);
    } else if json.get("$ref").is_some() {
        *json = json!({"oneOf": [json.clone(), {"type": "null"}]});
    }
}
