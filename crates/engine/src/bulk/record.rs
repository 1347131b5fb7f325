//! Puts the values of a row together to a record: the body of a POST, with `labels` and the parent's
//! `externalId` beside `config`. What the values may be is not asked here; that knows the reader of the
//! body.

use moca_core::bulk::BulkKind;
use moca_wire::{
    fault::FaultCode,
    json::{self, nfc},
    problem::Fault,
};
use serde_json::{Map, Value, json};

use super::fields::{self, Cell, Target};

/// A record being put together.
pub(crate) struct Builder {
    kind: BulkKind,
    record: Map<String, Value>,
    /// Latitude, longitude and radius of a geofence.
    circle: Map<String, Value>,
    faults: Vec<Fault>,
}

impl Builder {
    pub(crate) fn new(kind: BulkKind) -> Self {
        let config = ("config".to_owned(), Value::Object(Map::new()));
        Self {
            kind,
            record: Map::from_iter([config]),
            circle: Map::new(),
            faults: Vec::new(),
        }
    }

    /// Puts a text where it belongs. What is no number where one belongs stays a text, so that it is
    /// refused with everything else that is wrong.
    pub(crate) fn put_text(&mut self, target: &Target, text: &str) {
        let as_text = || Value::String(nfc(text).into_owned());
        let value = match target {
            Target::Property(_) => as_text(),
            Target::Field(field) => match field.cell {
                Cell::Text | Cell::Parent => as_text(),
                Cell::Number => {
                    let number = text.trim().parse::<f64>().ok();
                    let number = number.and_then(serde_json::Number::from_f64);
                    number.map_or_else(as_text, Value::Number)
                }
                Cell::Integer => {
                    let number = text.trim().parse::<i64>();
                    number.map_or_else(|_| as_text(), Value::from)
                }
                Cell::Flag => match text.trim().to_ascii_lowercase().as_str() {
                    "true" => true.into(),
                    "false" => false.into(),
                    _ => as_text(),
                },
                Cell::Labels => json!(split_labels(&nfc(text))),
                Cell::Json => match json::read(text) {
                    Ok(value) => value,
                    Err(error) => {
                        let detail = format!("expected JSON: {error}");
                        self.fault(target.pointer(), FaultCode::Malformed, detail);
                        return;
                    }
                },
            },
        };
        self.put(target, value);
    }

    /// Puts a value where it belongs.
    pub(crate) fn put(&mut self, target: &Target, value: Value) {
        match target {
            Target::Property(name) => put_at(
                &mut self.record,
                &["config", "properties", name.as_str()],
                value,
            ),
            Target::Field(field) => match (field.path, value) {
                (["config", fields::GEOFENCE, _], value) => {
                    self.circle.insert(field.name.to_owned(), value);
                }
                // Beside those that have columns of their own.
                (["config", "properties"], Value::Object(properties)) => {
                    for (name, value) in properties {
                        self.put(&Target::Property(name), value);
                    }
                }
                (path, value) => put_at(&mut self.record, path, value),
            },
        }
    }

    /// Whether a field has a value.
    pub(crate) fn has(&self, field: &str) -> bool {
        let config = self.record.get("config");
        config.is_some_and(|config| config.get(field).is_some())
    }

    /// Notes what is wrong with a value.
    pub(crate) fn fault(&mut self, pointer: String, code: FaultCode, detail: impl Into<String>) {
        self.faults.push(Fault::new(pointer, code, detail));
    }

    /// The record, and what is wrong with it so far. A circle without a radius gets this one.
    pub(crate) fn finish(mut self, radius_m: f64) -> (Value, Vec<Fault>) {
        if !self.circle.is_empty() {
            if self.has(fields::GEOFENCE) {
                let detail = "give either geofence or latitude, longitude and radius";
                let at = format!("/config/{}", fields::GEOFENCE);
                self.fault(at, FaultCode::NotUnique, detail);
            } else {
                let mut circle = std::mem::take(&mut self.circle);
                circle.insert("type".into(), "Circle".into());
                circle.entry("radius").or_insert_with(|| radius_m.into());
                put_at(
                    &mut self.record,
                    &["config", fields::GEOFENCE],
                    circle.into(),
                );
            }
        }
        if self.kind == BulkKind::Beacons && !self.has("type") {
            let implied = [("proximityUuid", "IBeacon"), ("namespace", "EddystoneUid")];
            let implied = implied.into_iter().find(|(field, _)| self.has(field));
            if let Some((_, kind)) = implied {
                put_at(&mut self.record, &["config", "type"], kind.into());
            }
        }
        (Value::Object(self.record), self.faults)
    }
}

/// Puts a value into objects within each other; one that something else stands in the way of is left
/// out, as the reader complains of that.
fn put_at(record: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [] => {}
        [name] => drop(record.insert((*name).to_owned(), value)),
        [name, rest @ ..] => {
            let inner = record
                .entry(*name)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put_at(inner, rest, value);
            }
        }
    }
}

/// The names in a cell, in which a backslash takes the meaning off a bar.
fn split_labels(cell: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut characters = cell.chars();
    while let Some(character) = characters.next() {
        let name = match character {
            fields::LABELS_BETWEEN => {
                names.push(String::new());
                continue;
            }
            '\\' => characters.next(),
            other => Some(other),
        };
        if let Some(last) = names.last_mut() {
            last.extend(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_labels_come_out_as_they_were() {
        assert_eq!(split_labels(r"Open\|late|b\\|c"), ["Open|late", r"b\", "c"]);
        assert_eq!(split_labels("VIP"), ["VIP"]);
        assert_eq!(split_labels("a||b"), ["a", "", "b"]);
    }

    #[test]
    fn values_go_where_bodies_have_them() {
        let target = |name| Target::named(BulkKind::Places, name).unwrap();
        let mut builder = Builder::new(BulkKind::Places);
        for (name, text) in [
            ("name", "P"),
            ("latitude", " 40.4 "),
            ("longitude", "west"),
            ("labels", "a|b"),
            ("sensitive", " TRUE"),
            ("properties", r#"{"size": 3}"#),
            ("property.iata", "MAD"),
        ] {
            builder.put_text(&target(name), text);
        }
        let (record, faults) = builder.finish(77.0);
        assert_eq!(faults, []);
        let expected = json!({"labels": ["a", "b"], "config": {
            "name": "P",
            "geofence": {"type": "Circle", "latitude": 40.4, "longitude": "west", "radius": 77.0},
            "sensitive": true,
            "properties": {"size": 3, "iata": "MAD"},
        }});
        assert_eq!(record, expected);
    }

    #[test]
    fn two_geofences_and_broken_json_are_told() {
        let target = |name| Target::named(BulkKind::Places, name).unwrap();
        let mut builder = Builder::new(BulkKind::Places);
        builder.put_text(&target("radius"), "5");
        builder.put_text(&target("geofence"), r#"{"type": "Polygon"}"#);
        builder.put_text(&target("properties"), "{");
        let (_, faults) = builder.finish(1.0);
        let faults: Vec<(&str, &str)> = faults
            .iter()
            .map(|fault| (fault.pointer.as_str(), fault.code.as_str()))
            .collect();
        let expected = [
            ("/config/properties", "malformed"),
            ("/config/geofence", "not_unique"),
        ];
        assert_eq!(faults, expected);
    }
}
