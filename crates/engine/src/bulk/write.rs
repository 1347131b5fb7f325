//! Objects as the records of a file.

use moca_core::bulk::{BulkKind, FileFormat};
use serde_json::{Map, Value, json};

use super::{
    fields::{self, Cell, Field},
    formula::disarm,
};

/// Writes a file, piece by piece.
pub(crate) struct Writer {
    kind: BulkKind,
    format: FileFormat,
    is_first: bool,
}

impl Writer {
    pub(crate) const fn new(kind: BulkKind, format: FileFormat) -> Self {
        Self {
            kind,
            format,
            is_first: true,
        }
    }

    /// What stands before the records.
    pub(crate) fn begin(&self) -> Vec<u8> {
        match self.format {
            FileFormat::Csv => {
                let names = fields::of(self.kind).iter().map(|field| field.name);
                csv_line(names.map(str::to_owned))
            }
            FileFormat::Geojson => b"{\"type\":\"FeatureCollection\",\"features\":[".to_vec(),
            FileFormat::Ndjson => Vec::new(),
        }
    }

    /// One record: the body of a POST, with `labels` and the parent's `externalId` beside `config`.
    pub(crate) fn record(&mut self, body: &Value, into: &mut Vec<u8>) {
        match self.format {
            FileFormat::Csv => {
                let cells = fields::of(self.kind).iter().map(|field| cell(field, body));
                into.extend(csv_line(cells));
            }
            FileFormat::Geojson => {
                into.extend_from_slice(if self.is_first { b"\n" } else { b",\n" });
                into.extend(feature(self.kind, body).to_string().into_bytes());
            }
            FileFormat::Ndjson => {
                into.extend(body.to_string().into_bytes());
                into.push(b'\n');
            }
        }
        self.is_first = false;
    }

    /// What stands after the records.
    pub(crate) fn end(&self) -> Vec<u8> {
        match self.format {
            FileFormat::Geojson => b"\n]}\n".to_vec(),
            FileFormat::Csv | FileFormat::Ndjson => Vec::new(),
        }
    }
}

fn csv_line(cells: impl Iterator<Item = String>) -> Vec<u8> {
    let mut line = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = line.write_record(cells);
    line.into_inner().unwrap_or_default()
}

/// The value of a field in a body.
fn value_of<'v>(field: &Field, body: &'v Value) -> Option<&'v Value> {
    let mut path = field.path.iter();
    let value = path.try_fold(body, |value, name| value.get(*name))?;
    let is_circle = value.get("type").is_some_and(|kind| kind == "Circle");
    // A circle has columns of its own.
    (!(field.name == fields::GEOFENCE && is_circle)).then_some(value)
}

fn cell(field: &Field, body: &Value) -> String {
    let Some(value) = value_of(field, body) else {
        return String::new();
    };
    match (field.cell, value) {
        (Cell::Labels, Value::Array(names)) => {
            let names = names.iter().filter_map(Value::as_str).map(str::to_owned);
            disarm(&join_labels(&names.collect::<Vec<_>>())).into_owned()
        }
        (Cell::Number, Value::Number(number)) => number
            .as_f64()
            .map_or_else(|| number.to_string(), |number| number.to_string()),
        (_, Value::String(text)) => disarm(text).into_owned(),
        (_, other) => other.to_string(),
    }
}

fn feature(kind: BulkKind, body: &Value) -> Value {
    let [latitude, longitude, _] = fields::CIRCLE;
    let mut properties = Map::new();
    let (mut point, mut geometry) = ((None, None), Value::Null);
    for field in fields::of(kind) {
        let Some(value) = value_of(field, body) else {
            continue;
        };
        match field.name {
            name if name == latitude => point.0 = Some(value),
            name if name == longitude => point.1 = Some(value),
            fields::GEOFENCE => geometry = value.clone(),
            name => {
                properties.insert(name.to_owned(), value.clone());
            }
        }
    }
    if let (Some(latitude), Some(longitude)) = point {
        geometry = json!({"type": "Point", "coordinates": [longitude, latitude]});
    }
    json!({"type": "Feature", "geometry": geometry, "properties": properties})
}

/// The names of labels as one cell, in which a backslash takes the meaning off a bar.
fn join_labels(names: &[String]) -> String {
    let mut cell = String::new();
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            cell.push(fields::LABELS_BETWEEN);
        }
        for character in name.chars() {
            if character == fields::LABELS_BETWEEN || character == '\\' {
                cell.push('\\');
            }
            cell.push(character);
        }
    }
    cell
}
