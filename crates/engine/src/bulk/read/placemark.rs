//! What a placemark of a KML file holds, put together while it is read.

use moca_wire::{fault::FaultCode, problem::Fault};
use serde_json::{Map, Value, json};

use crate::bulk::fields;

/// Texts of a placemark itself that are kept.
const TEXTS: [&str; 4] = ["name", "address", "description", "phoneNumber"];
/// Geometries that are no place.
const OTHERS: [&str; 4] = ["LineString", "Track", "MultiTrack", "Model"];

/// A placemark being read.
#[derive(Default)]
pub(super) struct Placemark {
    /// The elements that have begun and not ended.
    path: Vec<String>,
    /// The text of the innermost one.
    text: String,
    /// The name of the data that is being read.
    data: Option<String>,
    properties: Map<String, Value>,
    /// Position of each point; no list if it has not exactly one.
    points: Vec<Value>,
    polygons: Vec<Polygon>,
    /// A geometry of another kind.
    other: Option<String>,
    /// Why it cannot be read.
    refusal: Option<String>,
}

/// A polygon being read.
#[derive(Default)]
struct Polygon {
    outer: Vec<Value>,
    inner: Vec<Value>,
}

/// What a placemark was found to hold.
pub(super) struct Read {
    pub(super) properties: Map<String, Value>,
    /// As GeoJSON has it.
    pub(super) geometry: Option<Value>,
    /// Why its geometry is no place.
    pub(super) fault: Option<Fault>,
}

impl Placemark {
    /// Whether all elements in it have ended.
    pub(super) const fn is_whole(&self) -> bool {
        self.path.is_empty()
    }

    /// Notes why it cannot be read; the first reason counts.
    pub(super) fn refuse(&mut self, detail: String) {
        self.refusal.get_or_insert(detail);
    }

    /// What an element is called, if its attributes can be read.
    pub(super) fn label(
        &mut self,
        element: &str,
        label: Result<Option<String>, String>,
    ) -> Option<String> {
        label.unwrap_or_else(|error| {
            self.refuse(format!("the attributes of {element} are not XML: {error}"));
            None
        })
    }

    /// An element begins.
    pub(super) fn begin(&mut self, name: String, label: Option<String>) {
        match &*name {
            "Polygon" => self.polygons.push(Polygon::default()),
            "Data" | "SimpleData" => self.data = label,
            other if OTHERS.contains(&other) => self.other = Some(name.clone()),
            _ => {}
        }
        self.path.push(name);
        self.text.clear();
    }

    /// Text of the element that began last.
    pub(super) fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// An element in it ends. The error is the end that was expected.
    pub(super) fn end(&mut self, name: &str) -> Result<(), String> {
        let begun = self.path.pop().unwrap_or_else(|| "Placemark".to_owned());
        if begun != name {
            return Err(begun);
        }
        let text = std::mem::take(&mut self.text);
        let text = text.trim();
        match (name, self.path.last().map(String::as_str)) {
            (name, None) if TEXTS.contains(&name) => self.put(name.to_owned(), text),
            ("value", Some("Data")) | ("SimpleData", _) => {
                if let Some(name) = self.data.take() {
                    self.put(name, text);
                }
            }
            ("coordinates", Some("Point")) => {
                let mut positions = positions(text);
                self.points.push(match positions.len() {
                    1 => positions.remove(0),
                    _ => Value::Null,
                });
            }
            ("coordinates", Some("LinearRing")) => self.ring(text),
            _ => {}
        }
        Ok(())
    }

    fn ring(&mut self, text: &str) {
        let ring = Value::Array(positions(text));
        let is_outer = self.path.iter().any(|outer| outer == "outerBoundaryIs");
        match self.polygons.last_mut() {
            Some(polygon) if self.path.iter().any(|outer| outer == "Polygon") => match is_outer {
                true => polygon.outer.push(ring),
                false => polygon.inner.push(ring),
            },
            _ => self.other = Some("LinearRing".to_owned()),
        }
    }

    /// Keeps the first text of a name.
    fn put(&mut self, name: String, text: &str) {
        if !text.is_empty() {
            self.properties.entry(name).or_insert_with(|| text.into());
        }
    }

    /// What it holds, or why it cannot be read.
    pub(super) fn finish(mut self) -> Result<Read, String> {
        if let Some(detail) = self.refusal {
            return Err(detail);
        }
        let properties = std::mem::take(&mut self.properties);
        let (geometry, fault) = match self.geometry() {
            Ok(geometry) => (geometry, None),
            Err((code, detail)) => {
                let at = format!("/config/{}", fields::GEOFENCE);
                (None, Some(Fault::new(at, code, detail)))
            }
        };
        Ok(Read {
            properties,
            geometry,
            fault,
        })
    }

    /// The geometry. A point beside polygons is where their name is drawn.
    fn geometry(self) -> Result<Option<Value>, (FaultCode, String)> {
        let expected = "expected a Point, a Polygon or a MultiGeometry of Polygons";
        if let Some(other) = self.other {
            let detail = format!("{expected}, not a {other}");
            return Err((FaultCode::UnknownValue, detail));
        }
        if self.polygons.iter().any(|polygon| polygon.outer.len() != 1) {
            let detail = "expected a Polygon with one LinearRing in outerBoundaryIs".to_owned();
            return Err((FaultCode::Malformed, detail));
        }
        let polygons = self.polygons.into_iter();
        let rings = polygons.map(|it| Value::Array([it.outer, it.inner].concat()));
        let mut polygons: Vec<Value> = rings.collect();
        Ok(match (polygons.len(), self.points.len()) {
            (0, 0) => None,
            (0, 1) if !self.points[0].is_array() => {
                let detail = "expected a Point with one longitude,latitude in its coordinates, and no \
                              space beside the comma";
                return Err((FaultCode::Malformed, detail.to_owned()));
            }
            (0, 1) => Some(json!({"type": "Point", "coordinates": self.points[0]})),
            (0, points) => {
                let detail = format!("{expected}, not {points} Points");
                return Err((FaultCode::UnknownValue, detail));
            }
            (1, _) => Some(json!({"type": "Polygon", "coordinates": polygons.remove(0)})),
            _ => Some(json!({"type": "MultiPolygon", "coordinates": polygons})),
        })
    }
}

/// The positions in a text: `longitude,latitude,height` with white space between. What is none stays a
/// text, so that it is refused.
fn positions(text: &str) -> Vec<Value> {
    let position = |text: &str| {
        let numbers: Result<Vec<f64>, _> = text.split(',').map(str::parse).collect();
        match numbers.as_deref() {
            Ok([longitude, latitude, ..]) => json!([longitude, latitude]),
            _ => text.into(),
        }
    };
    text.split_whitespace().map(position).collect()
}
