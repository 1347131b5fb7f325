//! Bodies from flags and files.

use std::{fs, io::Read};

use anyhow::Context;
use clap::ArgMatches;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{
    cli::{
        exit::Misuse,
        kinds::{Field, Form, Kind},
    },
    yaml,
};

/// The objects in a file: JSON or YAML, one or more, also as a list; `-` for standard input.
pub(super) fn read_file(name: &str) -> anyhow::Result<Vec<Value>> {
    let mut text = String::new();
    if name == "-" {
        std::io::stdin()
            .read_to_string(&mut text)
            .context("standard input cannot be read")?;
    } else {
        text = fs::read_to_string(name).with_context(|| format!("{name} cannot be read"))?;
    }
    let documents = yaml::read(&text).map_err(|fault| Misuse(format!("{name} {fault}")))?;
    let values = documents.into_iter().map(|document| document.value);
    Ok(values
        .flat_map(|value| match value {
            Value::Array(items) => items,
            one => vec![one],
        })
        .collect())
}

/// Puts what the flags say into a body; says whether they say anything.
pub(super) fn set_fields(
    kind: &'static Kind,
    arguments: &ArgMatches,
    body: &mut Value,
) -> anyhow::Result<bool> {
    let mut any = false;
    for field in kind.fields {
        let Some(texts) = arguments.get_many::<String>(field.flag) else {
            continue;
        };
        let texts: Vec<&str> = texts.map(String::as_str).collect();
        put(body, field.at, value(field, &texts)?);
        any = true;
        for (flag, at, word) in kind.implied {
            if *flag == field.flag && body.pointer(at).is_none() {
                put(body, at, Value::from(*word));
            }
        }
    }
    Ok(any)
}

/// Takes what the flags name out of a body.
pub(super) fn unset_fields(kind: &'static Kind, flags: &[&str], body: &mut Value) {
    for field in kind
        .fields
        .iter()
        .filter(|field| flags.contains(&field.flag))
    {
        let Some((parent, key)) = field.at.rsplit_once('/') else {
            continue;
        };
        // A circle without a part is none.
        let whole = parent
            .strip_suffix("/geofence")
            .or_else(|| parent.strip_suffix("/location"));
        let (parent, key) = match whole {
            Some(config) => (config, &parent[config.len() + 1..]),
            None => (parent, key),
        };
        if let Some(object) = body.pointer_mut(parent).and_then(Value::as_object_mut) {
            object.remove(key);
        }
    }
}

/// The value of a filter as a query parameter.
pub(crate) fn parameter(field: &Field, text: &str) -> anyhow::Result<String> {
    Ok(match value(field, &[text])? {
        Value::String(text) => text,
        other => other.to_string(),
    })
}

fn put(body: &mut Value, pointer: &str, value: Value) {
    let mut place = body;
    for key in pointer.split('/').skip(1) {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[key];
    }
    *place = value;
}

fn value(field: &Field, texts: &[&str]) -> anyhow::Result<Value> {
    let text = texts.first().copied().unwrap_or_default();
    let wrong = |expected: &str| Misuse(format!("--{}: expected {expected}", field.flag));
    Ok(match field.form {
        Form::Text => Value::from(text),
        Form::Integer => {
            let number: i64 = text.parse().map_err(|_| wrong("a whole number"))?;
            Value::from(number)
        }
        Form::Number => {
            let number = text.parse().ok().filter(|number: &f64| number.is_finite());
            Value::from(number.ok_or_else(|| wrong("a number"))?)
        }
        Form::Flag => {
            let flag: bool = text.parse().map_err(|_| wrong("true or false"))?;
            Value::from(flag)
        }
        Form::Moment => Value::from(moment(text).ok_or_else(|| wrong(MOMENT))?),
        Form::Texts => texts.iter().map(|&text| Value::from(text)).collect(),
        Form::Pairs => {
            let mut pairs = Map::new();
            for text in texts {
                let (name, value) = text.split_once('=').ok_or_else(|| wrong("name=value"))?;
                let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
                pairs.insert(name.to_owned(), value);
            }
            Value::Object(pairs)
        }
        Form::Json => serde_json::from_str(text).map_err(|_| wrong("JSON"))?,
    })
}

/// What a moment may be.
pub(crate) const MOMENT: &str = "milliseconds since 1970, or a time such as 2026-12-01T09:00:00Z";

/// A moment, ms since 1970.
pub(crate) fn moment(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().or_else(|| {
        let at: Timestamp = text.parse().ok()?;
        Some(at.as_millisecond())
    })
}
