//! GeoJSON: the features of a FeatureCollection, one after the other.

use moca_core::{bulk::BulkKind, limits::IMPORT_ROW_BYTES_MAX};
use moca_wire::{fault::FaultCode, json};
use serde_json::{Map as Fields, Value, json};

use super::{Broken, Found, Rows, Source, bytes::Bytes, ndjson::not_json, open_at};
use crate::bulk::{
    fields::{self, Cell, Target},
    map::{BETWEEN, Map, Part},
    record::Builder,
};

/// What other programs call the name.
const NAMES: [&str; 4] = ["title", "Name", "NAME", "label"];
/// What other programs call the id.
const IDS: [&str; 3] = ["id", "ID", "fid"];

/// The features of a file.
pub(super) struct GeojsonRows {
    bytes: Bytes,
    shape: Shape,
    is_done: bool,
}

/// How a feature becomes a record.
pub(super) struct Shape {
    pub(super) kind: BulkKind,
    pub(super) map: Option<Map>,
    pub(super) radius_m: f64,
}

/// A feature.
pub(super) struct Feature {
    pub(super) id: Option<Value>,
    pub(super) properties: Fields<String, Value>,
    pub(super) geometry: Option<Value>,
}

/// Opens a file.
pub(super) fn open(source: Source) -> Result<GeojsonRows, Broken> {
    let (file, line) = open_at(&source.path, source.bytes_done)?;
    let mut rows = GeojsonRows {
        bytes: Bytes::new(file, source.bytes_done, line)?,
        shape: Shape {
            kind: source.kind,
            map: source.map,
            radius_m: source.radius_m,
        },
        is_done: false,
    };
    if source.bytes_done == 0 {
        rows.find_features()?;
    }
    Ok(rows)
}

/// Whether the next byte still belongs to a JSON value that has begun.
#[derive(Default)]
struct Nesting {
    depth: usize,
    in_string: bool,
    escaped: bool,
    is_over: bool,
}

impl Nesting {
    /// Takes in a byte; false when it comes after the value.
    fn goes_on(&mut self, byte: u8) -> bool {
        if self.is_over {
            return false;
        }
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_string => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            _ if self.in_string => {}
            b'{' | b'[' => self.depth += 1,
            // The end of what is around a number or word.
            b'}' | b']' | b',' if self.depth == 0 => return false,
            b'}' | b']' => self.depth -= 1,
            _ => {}
        }
        let closes = matches!(byte, b'}' | b']' | b'"');
        self.is_over = self.depth == 0 && !self.in_string && closes;
        true
    }
}

impl GeojsonRows {
    /// Reads up to the first feature.
    fn find_features(&mut self) -> Result<(), Broken> {
        if self.token()? != Some(b'{') {
            return Err(no_collection());
        }
        loop {
            let name = match self.bytes_peek()? {
                Some(b'"') => self.value(IMPORT_ROW_BYTES_MAX)?,
                _ => return Err(no_collection()),
            };
            if self.token()? != Some(b':') {
                return Err(no_collection());
            }
            if name == b"\"features\"" {
                return match self.token()? {
                    Some(b'[') => Ok(()),
                    _ => Err(no_collection()),
                };
            }
            self.bytes_peek()?;
            self.value(0)?;
            if self.token()? != Some(b',') {
                return Err(no_collection());
            }
        }
    }

    /// The next byte that is no white space.
    fn token(&mut self) -> Result<Option<u8>, Broken> {
        self.bytes_peek()?;
        Ok(self.bytes.next()?)
    }

    /// The same, which stays.
    fn bytes_peek(&mut self) -> Result<Option<u8>, Broken> {
        self.bytes.take(0, |byte| byte.is_ascii_whitespace())?;
        Ok(self.bytes.peek()?)
    }

    /// The JSON value that begins here, its first `max` bytes.
    fn value(&mut self, max: usize) -> Result<Vec<u8>, Broken> {
        let mut nesting = Nesting::default();
        let piece = self.bytes.take(max, |byte| nesting.goes_on(byte))?;
        Ok(piece.bytes)
    }
}

fn no_collection() -> Broken {
    Broken::File(
        "expected a GeoJSON FeatureCollection: an object with a list under \"features\"".to_owned(),
    )
}

impl Rows for GeojsonRows {
    fn next(&mut self) -> Result<Option<Found>, Broken> {
        if self.is_done {
            return Ok(None);
        }
        if self.bytes_peek()? == Some(b',') {
            self.token()?;
        }
        let first = self.bytes_peek()?;
        let line = self.bytes.line;
        match first {
            Some(b'{') => {}
            Some(b']') => {
                // What comes after the features says nothing of them.
                self.bytes.take(0, |_| true)?;
                self.is_done = true;
                return Ok(None);
            }
            Some(_) => {
                return Err(Broken::File(format!(
                    "expected a feature, an object, on line {line}"
                )));
            }
            None => {
                return Err(Broken::File(format!(
                    "the file ends on line {line} amid its features: it was cut off"
                )));
            }
        }
        let mut nesting = Nesting::default();
        let piece = self
            .bytes
            .take(IMPORT_ROW_BYTES_MAX, |byte| nesting.goes_on(byte))?;
        if !nesting.is_over {
            return Err(Broken::File(format!(
                "the file ends in the feature that begins on line {line}: it was cut off"
            )));
        }
        if piece.is_cut {
            return Ok(Some(Found::too_long(line)));
        }
        Ok(Some(self.shape.found(line, &piece.bytes)))
    }

    fn bytes_done(&self) -> u64 {
        self.bytes.offset
    }
}

impl Shape {
    fn found(&self, line: u64, bytes: &[u8]) -> Found {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Found::malformed(line, "expected UTF-8");
        };
        let mut feature = match json::read(text) {
            Ok(Value::Object(feature)) => feature,
            Ok(_) => return Found::malformed(line, "expected a feature, an object"),
            Err(error) => return Found::malformed(line, not_json(&error)),
        };
        if feature.get("type").is_none_or(|kind| kind != "Feature") {
            return Found::malformed(line, "expected an object whose type is Feature");
        }
        let properties = match feature.remove("properties") {
            Some(Value::Object(properties)) => properties,
            None | Some(Value::Null) => Fields::new(),
            Some(_) => return Found::malformed(line, "expected an object under properties"),
        };
        let feature = Feature {
            id: feature.remove("id"),
            properties,
            geometry: feature.remove("geometry").filter(|it| !it.is_null()),
        };
        self.record(line, feature)
    }

    /// The record that a feature describes.
    pub(super) fn record(&self, line: u64, feature: Feature) -> Found {
        let mut builder = Builder::new(self.kind);
        let is_point = feature
            .geometry
            .as_ref()
            .is_some_and(|it| it["type"] == "Point");
        self.put_geometry(&mut builder, feature.geometry);
        let properties = feature.properties;
        for assignment in self.map.iter().flat_map(|map| &map.0) {
            let parts = assignment.parts.iter().filter_map(|part| match part {
                Part::Text(text) => Some(Value::from(text.as_str())),
                Part::Column(name) => properties.get(name).filter(|it| !it.is_null()).cloned(),
            });
            let mut parts: Vec<Value> = parts.collect();
            match parts.len() {
                0 => {}
                1 => self.put(&mut builder, &assignment.target, parts.remove(0)),
                _ => {
                    let texts: Vec<String> = parts.iter().map(as_text).collect();
                    self.put(&mut builder, &assignment.target, texts.join(BETWEEN).into());
                }
            }
        }
        let is_mapped = |target: &Target| self.map.as_ref().is_some_and(|map| map.has(target));
        let is_used = |name: &str| self.map.as_ref().is_some_and(|map| map.uses(name));
        let (mut names, mut ids) = (Vec::new(), Vec::new());
        for (name, value) in properties {
            if value.is_null() || is_used(&name) {
                continue;
            }
            match Target::named(self.kind, &name) {
                Some(target) if !is_mapped(&target) && !is_of_geometry(&name, is_point) => {
                    self.put(&mut builder, &target, value);
                }
                _ if NAMES.contains(&&*name) => names.push((name, value)),
                _ if IDS.contains(&&*name) => ids.push((name, value)),
                _ => self.put(&mut builder, &Target::Property(name), value),
            }
        }
        ids.extend(feature.id.map(|id| (String::new(), id)));
        self.put_synonym(&mut builder, "name", &NAMES, names);
        self.put_synonym(&mut builder, "externalId", &["", "id", "ID", "fid"], ids);
        let (record, faults) = builder.finish(self.radius_m);
        Found {
            line,
            record: Some(record),
            faults,
        }
    }

    /// Takes the first of some values for a field that has none; the others are properties.
    fn put_synonym(
        &self,
        builder: &mut Builder,
        field: &str,
        order: &[&str],
        mut values: Vec<(String, Value)>,
    ) {
        values.sort_by_key(|(name, _)| order.iter().position(|known| *known == &**name));
        for (name, value) in values {
            match Target::named(self.kind, field) {
                Some(target) if !builder.has(field) => self.put(builder, &target, value),
                _ if name.is_empty() => {}
                _ => self.put(builder, &Target::Property(name), value),
            }
        }
    }

    fn put(&self, builder: &mut Builder, target: &Target, value: Value) {
        let value = match (target, value) {
            // What a text belongs to is often a number elsewhere: ids, codes.
            (Target::Field(field), value @ (Value::Number(_) | Value::Bool(_)))
                if matches!(field.cell, Cell::Text | Cell::Parent) =>
            {
                as_text(&value).into()
            }
            (Target::Field(field), Value::String(text))
                if !matches!(field.cell, Cell::Text | Cell::Parent) =>
            {
                return builder.put_text(target, &text);
            }
            (Target::Property(_), value) if !is_property(&value) => value.to_string().into(),
            (_, value) => value,
        };
        builder.put(target, value);
    }

    /// A point is a circle, or where a beacon is.
    fn put_geometry(&self, builder: &mut Builder, geometry: Option<Value>) {
        let Some(geometry) = geometry else {
            return;
        };
        let shape = Target::named(self.kind, fields::GEOFENCE);
        let kind = geometry["type"].as_str().unwrap_or_default().to_owned();
        match (&*kind, shape) {
            ("Point", _) => {
                for (name, index) in [("longitude", 0), ("latitude", 1)] {
                    if let Some(target) = Target::named(self.kind, name) {
                        builder.put(&target, geometry["coordinates"][index].clone());
                    }
                }
            }
            ("Polygon" | "MultiPolygon", Some(shape)) => {
                let area = json!({"type": kind, "coordinates": geometry["coordinates"]});
                builder.put(&shape, area);
            }
            (_, shape) => {
                let expected = match shape {
                    Some(_) => "expected a Point, a Polygon or a MultiPolygon",
                    None => "expected a Point",
                };
                let at = format!("/config/{}", fields::GEOFENCE);
                builder.fault(at, FaultCode::UnknownValue, expected);
            }
        }
    }
}

/// Whether the geometry says what this property would: other programs often put both there.
fn is_of_geometry(name: &str, is_point: bool) -> bool {
    let [latitude, longitude, radius] = fields::CIRCLE;
    let known = [latitude, longitude, fields::GEOFENCE];
    known.contains(&name) || (name == radius && !is_point)
}

/// A value as a person would write it.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a property can have this value; any other is kept as JSON.
fn is_property(value: &Value) -> bool {
    match value {
        Value::Object(_) => false,
        Value::Array(items) => items.iter().all(Value::is_string),
        _ => true,
    }
}
