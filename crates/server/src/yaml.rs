//! YAML 1.2 and JSON, which is a part of it, read as JSON values that know their lines.

use std::{collections::BTreeMap, fmt};

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, Yaml, YamlData, YamlEmitter};
use serde_json::{Map, Number, Value};

/// Nesting of a document; deeper ones only serve to exhaust a program.
const DEPTH_MAX: usize = 64;

/// One document of a file.
#[derive(Debug)]
pub(crate) struct Document {
    /// What it says.
    pub(crate) value: Value,
    /// The line of each value, by its JSON pointer.
    lines: BTreeMap<String, usize>,
}

impl Document {
    /// The line of a value, or of what it would stand in if it is not there.
    pub(crate) fn line(&self, pointer: &str) -> usize {
        let mut pointer = pointer;
        loop {
            if let Some(line) = self.lines.get(pointer) {
                return *line;
            }
            match pointer.rsplit_once('/') {
                Some((parent, _)) => pointer = parent,
                None => return 1,
            }
        }
    }
}

/// Why a text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) line: usize,
    pub(crate) detail: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.detail)
    }
}

/// The documents of a text; empty ones are left out.
pub(crate) fn read(text: &str) -> Result<Vec<Document>, Unreadable> {
    let nodes = MarkedYaml::load_from_str(text).map_err(|error| Unreadable {
        line: error.marker().line(),
        detail: format!("this is not YAML: {}", error.info()),
    })?;
    let mut documents = Vec::new();
    for node in &nodes {
        let mut lines = BTreeMap::new();
        let value = convert(node, &mut String::new(), 0, &mut lines)?;
        if !value.is_null() {
            documents.push(Document { value, lines });
        }
    }
    Ok(documents)
}

fn convert(
    node: &MarkedYaml<'_>,
    pointer: &mut String,
    depth: usize,
    lines: &mut BTreeMap<String, usize>,
) -> Result<Value, Unreadable> {
    let line = node.span.start.line();
    let wrong = |detail: &str| Unreadable {
        line,
        detail: detail.to_owned(),
    };
    if depth > DEPTH_MAX {
        return Err(wrong(&format!("nested deeper than {DEPTH_MAX} levels")));
    }
    lines.entry(pointer.clone()).or_insert(line);
    let length = pointer.len();
    Ok(match &node.data {
        YamlData::Value(scalar) => convert_scalar(scalar).ok_or_else(|| wrong("not a number"))?,
        YamlData::Sequence(items) => {
            let mut list = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                list.push(convert(item, pointer, depth + 1, lines)?);
                pointer.truncate(length);
            }
            Value::Array(list)
        }
        YamlData::Mapping(pairs) => {
            let mut object = Map::new();
            for (key, value) in pairs {
                let line = key.span.start.line();
                let key = key_text(key).ok_or_else(|| Unreadable {
                    line,
                    detail: "a key is a text".to_owned(),
                })?;
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                // A value may begin on a later line than its key, where people look.
                lines.insert(pointer.clone(), line);
                object.insert(key, convert(value, pointer, depth + 1, lines)?);
                pointer.truncate(length);
            }
            Value::Object(object)
        }
        YamlData::Tagged(..) => return Err(wrong("tags (!) are not used here")),
        _ => return Err(wrong("this cannot be read")),
    })
}

fn convert_scalar(scalar: &Scalar<'_>) -> Option<Value> {
    Some(match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => Value::Bool(*value),
        Scalar::Integer(value) => Value::from(*value),
        Scalar::FloatingPoint(value) => Value::Number(Number::from_f64(value.into_inner())?),
        Scalar::String(text) => Value::from(text.as_ref()),
    })
}

/// A key as text: `on`, `1` and `true` may be names of properties.
fn key_text(key: &MarkedYaml<'_>) -> Option<String> {
    match &key.data {
        YamlData::Value(Scalar::String(text)) => Some(text.clone().into_owned()),
        YamlData::Value(Scalar::Integer(number)) => Some(number.to_string()),
        YamlData::Value(Scalar::Boolean(value)) => Some(value.to_string()),
        _ => None,
    }
}

/// A document with these keys in this order.
pub(crate) fn write(fields: &[(&str, Value)]) -> Result<String, fmt::Error> {
    let pairs = fields
        .iter()
        .map(|(key, value)| (text(key), unread(value)))
        .collect();
    let mut written = String::new();
    let mut emitter = YamlEmitter::new(&mut written);
    emitter.multiline(true);
    emitter
        .dump(&Yaml::Mapping(pairs))
        .map_err(|_| fmt::Error)?;
    if !written.ends_with('\n') {
        written.push('\n');
    }
    Ok(written)
}

fn text(text: &str) -> Yaml<'_> {
    Yaml::Value(Scalar::String(text.into()))
}

fn unread(value: &Value) -> Yaml<'_> {
    match value {
        Value::Null => Yaml::Value(Scalar::Null),
        Value::Bool(value) => Yaml::Value(Scalar::Boolean(*value)),
        Value::Number(number) => Yaml::Value(match number.as_i64() {
            Some(number) => Scalar::Integer(number),
            None => Scalar::FloatingPoint(number.as_f64().unwrap_or(0.0).into()),
        }),
        Value::String(one) => text(one),
        Value::Array(items) => Yaml::Sequence(items.iter().map(unread).collect()),
        Value::Object(object) => {
            let pairs = object.iter().map(|(key, value)| (text(key), unread(value)));
            Yaml::Mapping(pairs.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_know_their_lines() {
        let text = "kind: Place\nconfig:\n  name: A\n  geofence:\n    radius: 7\n---\n\n- b\n";
        let documents = read(text).unwrap();
        assert_eq!(documents.len(), 2);
        let first = &documents[0];
        assert_eq!(first.line("/config/geofence/radius"), 5);
        assert_eq!(first.line("/config/geofence/latitude"), 4);
        assert_eq!(first.line(""), 1);
        assert_eq!(documents[1].line("/0"), 8);
        assert_eq!(documents[1].value, json!(["b"]));
    }

    #[test]
    fn what_is_not_yaml_or_ambiguous_is_named_by_line() {
        for (text, line) in [
            ("a: 1\nb: [1, 2\n", 3),
            ("a: 1\na: 2\n", 2),
            ("a: 1\n? [x]\n: 2\n", 2),
            ("a: 1\nb: .nan\n", 2),
            ("a: !secret x\n", 1),
        ] {
            let refused = read(text).unwrap_err();
            assert_eq!(refused.line, line, "{text}: {refused}");
        }
    }

    #[test]
    fn json_and_the_words_of_old_yaml_are_what_they_look_like() {
        let documents = read("{\"a\": [1, 2.5, \"\\u00e9\"], \"no\": no, \"b\": true}").unwrap();
        let expected = json!({"a": [1, 2.5, "é"], "no": "no", "b": true});
        assert_eq!(documents[0].value, expected);
        assert!(read("\n# nothing\n").unwrap().is_empty());
    }

    #[test]
    fn what_is_written_is_read_the_same() {
        let nasty = [
            "",
            " ",
            "true",
            "no",
            "null",
            "~",
            "1",
            "1.0",
            "1e3",
            "0x10",
            "- a",
            "a: b",
            "#c",
            "'",
            "\"",
            "\\",
            "a\nb",
            "a\n",
            "\na",
            "a\n\n",
            "  lead",
            "trail ",
            "é\u{1F600}",
            "\u{7}\t",
            "---",
            "...",
            "{a",
            "[b",
            "&c",
            "*d",
            "!e",
            "%f",
            "@g",
            "`h",
            "a #b",
            "?",
            ":",
            "=",
            "<<",
            "2026-01-01",
            "a\r\nb",
            "\u{feff}x",
            "<p>\n  <b>x</b>\n</p>\n",
        ];
        let value = json!({
            "texts": nasty.to_vec(),
            "numbers": [0, -7, 1.5, 150.0, 1e21, -0.1, 40.415_363_4],
            "keys": nasty.iter().map(|&key| (key.to_owned(), json!(1))).collect::<Map<_, _>>(),
            "nested": [[], {}, [[1]], {"a": {"b": [true, null]}}],
        });
        let written = write(&[("z", value.clone()), ("a", json!("last"))]).unwrap();
        assert!(written.starts_with("---\nz:"), "{written}");
        let documents = read(&written).unwrap();
        assert_eq!(documents[0].value, json!({"z": value, "a": "last"}));
    }
}
