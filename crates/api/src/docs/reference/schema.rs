//! A JSON schema in words.

use std::fmt::Write;

use moca_wire::schema::{Usage, id};
use serde_json::{Map, Value};

use crate::docs::{html::escape, markdown};

/// Patterns longer than this say nothing to a reader.
const PATTERN_CHARS_SHOWN: usize = 40;

/// The fields of an object, or what else a body is.
pub(super) fn body(schema: &Value) -> String {
    let inner = parts(schema);
    if inner.is_empty() {
        return format!("<p class=\"type\">{}</p>\n", kind(schema));
    }
    inner
}

/// The name of a component in a reference.
pub(super) fn component(schema: &Value) -> Option<&str> {
    let target = schema["$ref"].as_str()?;
    target.strip_prefix("#/components/schemas/")
}

/// What a value is, in a few words.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = component(schema) {
        let name = escape(name);
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    if let Some(words) = schema["enum"].as_array() {
        let words = words.iter().filter(|word| !word.is_null());
        let words: Vec<String> = words.map(|word| code(&plain(word))).collect();
        return words.join(" or ");
    }
    if let Some(variants) = variants(schema) {
        let named: Vec<String> = variants.iter().map(|one| variant_name(one)).collect();
        return named.join(" or ");
    }
    if is_id(schema) {
        return "id".to_owned();
    }
    let types = types(schema);
    match types.as_slice() {
        ["array"] => format!("list of {}", kind(&schema["items"])),
        ["object"] if schema["additionalProperties"].is_object() => {
            format!("map of {}", kind(&schema["additionalProperties"]))
        }
        [] => "any value".to_owned(),
        types => types.join(" or "),
    }
}

/// Its limits, in words.
pub(super) fn limits(schema: &Value) -> String {
    let mut limits: Vec<String> = Vec::new();
    let mut range = |least: &str, most: &str, unit: &str| {
        let said = match (schema.get(least), schema.get(most)) {
            (Some(least), Some(most)) if least == most => format!("{least}{unit}"),
            (Some(least), Some(most)) => format!("{least} to {most}{unit}"),
            (Some(least), None) => match least == 1 {
                true => format!("at least 1{}", unit.trim_end_matches('s')),
                false => format!("at least {least}{unit}"),
            },
            (None, Some(most)) => format!("at most {most}{unit}"),
            (None, None) => return,
        };
        limits.push(said);
    };
    if !is_id(schema) {
        range("minLength", "maxLength", " characters");
    }
    range("minimum", "maximum", "");
    range("minItems", "maxItems", " items");
    range("minProperties", "maxProperties", " entries");
    if schema["uniqueItems"] == true {
        limits.push("none twice".into());
    }
    if let Some(format) = schema["format"]
        .as_str()
        .filter(|format| *format != "int64")
    {
        limits.push(code(format));
    }
    let pattern = schema["pattern"].as_str().filter(|_| !is_id(schema));
    if let Some(pattern) = pattern.filter(|p| p.len() <= PATTERN_CHARS_SHOWN) {
        limits.push(format!("like {}", code(pattern)));
    }
    if let Some(default) = schema.get("default").filter(|value| !value.is_null()) {
        limits.push(format!("default {}", code(&plain(default))));
    }
    limits.join(", ")
}

/// Fields and variants below a value; empty when there is nothing below it.
fn parts(schema: &Value) -> String {
    if let Some(properties) = schema["properties"].as_object() {
        return fields(schema, properties);
    }
    if let Some(variants) = variants(schema) {
        let mut html = String::new();
        for variant in variants {
            let inner = parts(variant);
            if !inner.is_empty() {
                let name = variant_name(variant);
                let _ = write!(
                    html,
                    "<details><summary>{name}</summary>\n{inner}</details>\n"
                );
            }
        }
        return html;
    }
    for below in ["items", "additionalProperties"] {
        if schema[below].is_object() {
            let inner = parts(&schema[below]);
            if !inner.is_empty() {
                return inner;
            }
        }
    }
    String::new()
}

/// The fields of an object, those that are required first.
fn fields(schema: &Value, properties: &Map<String, Value>) -> String {
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let is_required = |name: &str| required.contains(&name);
    // What the server owns may be anything in a request: nothing reads it.
    let is_owned = |field: &Value| kind(field) == "any value" && field.get("description").is_some();
    let owned: Vec<String> = properties
        .iter()
        .filter(|(name, field)| is_owned(field) && !is_required(name))
        .map(|(name, _)| code(name))
        .collect();
    let mut shown: Vec<(&String, &Value)> = properties
        .iter()
        .filter(|(name, field)| is_required(name) || !is_owned(field))
        .collect();
    shown.sort_by_key(|(name, _)| !is_required(name));
    let mut html = String::from("<dl class=\"fields\">\n");
    for (name, field) in shown {
        html.push_str(&one(name, field, is_required(name)));
    }
    html.push_str("</dl>\n");
    if !owned.is_empty() {
        let _ = writeln!(
            html,
            "<p class=\"note\">May be sent back as they were read, and are ignored: {}.</p>",
            owned.join(", ")
        );
    }
    html
}

/// A field, a parameter or a header.
pub(super) fn one(name: &str, schema: &Value, required: bool) -> String {
    let mark = if required {
        " <span class=\"required\">required</span>"
    } else {
        ""
    };
    let mut html = format!(
        "<div><dt>{} <span class=\"type\">{}</span>{mark}</dt>\n<dd>",
        code(name),
        kind(schema)
    );
    let about = schema["description"].as_str().unwrap_or_default();
    html.push_str(&markdown::line(about));
    let mut told = vec![limits(schema)];
    if schema["items"].is_object() {
        let each = limits(&schema["items"]);
        told.push(if each.is_empty() {
            each
        } else {
            format!("each {each}")
        });
    }
    told.retain(|limits| !limits.is_empty());
    if !told.is_empty() {
        let _ = write!(html, " <span class=\"limits\">{}</span>", told.join("; "));
    }
    html.push_str(&parts(schema));
    html.push_str("</dd></div>\n");
    html
}

/// The variants of a value without `null`, which is as good as absent.
fn variants(schema: &Value) -> Option<Vec<&Value>> {
    let all = schema["oneOf"].as_array()?;
    Some(all.iter().filter(|one| one["type"] != "null").collect())
}

fn variant_name(variant: &Value) -> String {
    match variant["title"].as_str() {
        Some(title) => escape(title),
        None => kind(variant),
    }
}

fn types(schema: &Value) -> Vec<&str> {
    let named = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    named.into_iter().filter(|kind| *kind != "null").collect()
}

/// Whether it is one of our ids, whose pattern says nothing to a reader.
fn is_id(schema: &Value) -> bool {
    schema["pattern"].is_string() && schema["pattern"] == id().json(Usage::Answer)["pattern"]
}

/// A value as it would be typed.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}
