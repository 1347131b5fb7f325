//! Geofences: circles, and polygons as GeoJSON writes them.

use moca_core::{
    geo::{
        Circle, Geofence,
        area::{Area, AreaFault, AreaKind, AreaProblem, Position, Ring},
    },
    limits::{AREA_LONGITUDE_MAX, AREA_VERTICES_MAX, RADIUS_M_MAX, RADIUS_M_MIN},
};
use serde_json::Value;

use crate::{
    fault::FaultCode,
    places::{position_fields, read_position},
    problem::Fault,
    read::{self, Fields},
    schema::{self, Schema},
    values,
};

/// What `type` of a geofence can be.
const TYPES: &[&str] = &["Circle", "Polygon", "MultiPolygon"];

/// A geofence.
pub(crate) fn schema() -> Schema {
    let number = || schema::number(f64::MIN, f64::MAX);
    let position = || {
        schema::list(number(), 2, 3).noted("Longitude, latitude; a height is read and not kept.")
    };
    let ring = || schema::at_least(position(), 4).noted("The last position is the first.");
    let rings = || schema::at_least(ring(), 1).noted("The shell, then holes.");
    let mut circle = position_fields().to_vec();
    let radius = schema::number(RADIUS_M_MIN, RADIUS_M_MAX);
    circle.push(schema::required("radius", radius, "Metres."));
    let polygon = rings().formatted("geojson-polygon");
    let polygons = schema::at_least(rings(), 1).formatted("geojson-multipolygon");
    let note = format!("{AREA} They have at most {AREA_VERTICES_MAX} vertices together.");
    let area = |coordinates| {
        let bbox = schema::one_of([4, 6].map(|count| schema::list(number(), count, count)));
        let note_on_bbox = "Follows from the coordinates: read and not kept.";
        vec![
            schema::required("coordinates", coordinates, &note),
            schema::optional("bbox", bbox, note_on_bbox),
        ]
    };
    let kinds = [
        ("Circle", circle),
        ("Polygon", area(polygon)),
        ("MultiPolygon", area(polygons)),
    ];
    schema::tagged("type", kinds, &[])
}

const AREA: &str =
    "As GeoJSON writes them (RFC 7946); rings do not cross themselves or each other.";

/// Reads a geofence that stands at `pointer` of a larger document; all its faults if it is none.
pub fn read(value: &Value, pointer: &str) -> Result<Geofence, Vec<Fault>> {
    read::part(value, pointer, read_fields)
}

/// Reads the fields of a geofence.
pub(crate) fn read_fields(fields: &mut Fields<'_, '_>) -> Option<Geofence> {
    let kind = fields.required(
        "type",
        values::word(TYPES, |word| match word {
            "Circle" => Some(None),
            "Polygon" => Some(Some(AreaKind::Polygon)),
            "MultiPolygon" => Some(Some(AreaKind::MultiPolygon)),
            _ => None,
        }),
    );
    match kind {
        Some(None) => read_circle(fields),
        Some(Some(kind)) => read_area(fields, kind),
        None => {
            // Which of these belong here is not known.
            for key in ["latitude", "longitude", "radius", "coordinates", "bbox"] {
                fields.take(key);
            }
            None
        }
    }
}

fn read_circle(fields: &mut Fields<'_, '_>) -> Option<Geofence> {
    let center = read_position(fields);
    let radius = fields.required("radius", values::number(RADIUS_M_MIN, RADIUS_M_MAX));
    Circle::new(center?, radius?).ok().map(Geofence::Circle)
}

fn read_area(fields: &mut Fields<'_, '_>, kind: AreaKind) -> Option<Geofence> {
    let expected = match kind {
        AreaKind::Polygon => "expected a list of rings, the shell first, then holes",
        AreaKind::MultiPolygon => "expected a list of polygons, each a list of rings",
    };
    read_bbox(fields);
    let Some(coordinates) = fields.take("coordinates") else {
        fields.require("coordinates", expected);
        return None;
    };
    let pointer = fields.pointer("coordinates");
    let mut reader = Coordinates {
        fields,
        vertices: 0,
    };
    let polygons = match kind {
        AreaKind::Polygon => vec![reader.rings(coordinates, &pointer)],
        AreaKind::MultiPolygon => reader.items(coordinates, &pointer, expected, Coordinates::rings),
    };
    if reader.vertices > AREA_VERTICES_MAX {
        let detail = format!(
            "expected at most {AREA_VERTICES_MAX} vertices in all rings together, not {}: simplify \
             the shape, or divide it among several places",
            reader.vertices
        );
        fields.fault_at(pointer, FaultCode::TooLong, detail);
        return None;
    }
    match Area::of_readable(kind, polygons) {
        Ok(area) => Some(Geofence::Area(area)),
        Err(faults) => {
            for fault in faults {
                note(fields, &pointer, kind, &fault);
            }
            None
        }
    }
}

/// The bounds that GeoJSON lets a geometry have (RFC 7946 §5). They say nothing that the coordinates do
/// not, so they are not held to these.
fn read_bbox(fields: &mut Fields<'_, '_>) {
    let Some(value) = fields.take("bbox") else {
        return;
    };
    let expected = "expected the bounds of the coordinates: an array of 4 or 6 numbers";
    let pointer = fields.pointer("bbox");
    match value.as_array().map(Vec::as_slice) {
        Some(numbers) if matches!(numbers.len(), 4 | 6) => {
            for (index, number) in numbers.iter().enumerate() {
                if !number.is_number() {
                    let pointer = format!("{pointer}/{index}");
                    fields.fault_at(pointer, FaultCode::WrongType, expected);
                }
            }
        }
        _ => fields.fault_at(pointer, FaultCode::WrongType, expected),
    }
}

/// Reads lists within lists and notes what is no list or no position.
struct Coordinates<'r, 'v, 'f> {
    fields: &'r mut Fields<'v, 'f>,
    /// Vertices so far; the closing position of a ring is none.
    vertices: usize,
}

impl Coordinates<'_, '_, '_> {
    fn fault(&mut self, pointer: &str, code: FaultCode, detail: &str) {
        self.fields.fault_at(pointer.to_owned(), code, detail);
    }

    /// The items of a list, each read by `read`; none if it is no list.
    fn items<T>(
        &mut self,
        value: &Value,
        pointer: &str,
        expected: &str,
        read: impl Fn(&mut Self, &Value, &str) -> T,
    ) -> Vec<T> {
        let Value::Array(items) = value else {
            self.fault(pointer, FaultCode::WrongType, expected);
            return Vec::new();
        };
        if items.is_empty() {
            self.fault(pointer, FaultCode::TooShort, expected);
        }
        let items = items.iter().enumerate();
        items
            .map(|(index, item)| read(self, item, &format!("{pointer}/{index}")))
            .collect()
    }

    /// The rings of a polygon; one that cannot be read is `None`.
    fn rings(&mut self, value: &Value, pointer: &str) -> Vec<Option<Ring>> {
        let expected = "expected a list of rings, the shell first, then holes";
        self.items(value, pointer, expected, Self::ring)
    }

    fn ring(&mut self, value: &Value, pointer: &str) -> Option<Ring> {
        let Value::Array(positions) = value else {
            let expected = "expected a ring: a list of positions [longitude, latitude]";
            self.fault(pointer, FaultCode::WrongType, expected);
            return None;
        };
        self.vertices += positions.len().saturating_sub(1);
        if self.vertices > AREA_VERTICES_MAX {
            return None;
        }
        let mut ring = Vec::with_capacity(positions.len());
        for (index, position) in positions.iter().enumerate() {
            ring.extend(self.position(position, || format!("{pointer}/{index}")));
        }
        (ring.len() == positions.len()).then_some(ring)
    }

    /// A position. A third number, which GeoJSON allows for the height, is read and not kept.
    fn position(&mut self, value: &Value, pointer: impl Fn() -> String) -> Option<Position> {
        let numbers = value
            .as_array()
            .filter(|parts| (2..=3).contains(&parts.len()));
        let Some(numbers) = numbers else {
            let expected = "expected a position: [longitude, latitude]";
            self.fault(&pointer(), FaultCode::WrongType, expected);
            return None;
        };
        let limits = [AREA_LONGITUDE_MAX, 90.0, f64::MAX];
        let mut position = [0.0; 3];
        let mut is_right = true;
        for (axis, (number, max)) in numbers.iter().zip(limits).enumerate() {
            match values::number(-max, max)(number) {
                Ok(number) => position[axis] = number,
                Err(complaint) => {
                    let pointer = format!("{}/{axis}", pointer());
                    let axis = ["a longitude", "a latitude, after the longitude", "a height"][axis];
                    let detail = format!("{}: {axis}", complaint.detail);
                    self.fault(&pointer, complaint.code, &detail);
                    is_right = false;
                }
            }
        }
        let [longitude, latitude, _] = position;
        is_right.then_some([longitude, latitude])
    }
}

/// Notes a fault of an area where its coordinates have it.
fn note(fields: &mut Fields<'_, '_>, pointer: &str, kind: AreaKind, fault: &AreaFault) {
    let mut at = pointer.to_owned();
    if kind == AreaKind::MultiPolygon {
        at.push_str(&format!("/{}", fault.polygon));
    }
    for index in [fault.ring, fault.position].into_iter().flatten() {
        at.push_str(&format!("/{index}"));
    }
    let code = match fault.problem {
        // Said when it was read.
        AreaProblem::NoPolygon | AreaProblem::NoRing => return,
        AreaProblem::TooFew => FaultCode::TooShort,
        AreaProblem::Longitude | AreaProblem::Latitude => FaultCode::OutOfRange,
        _ => FaultCode::InvalidShape,
    };
    fields.fault_at(at, code, fault.problem.to_string());
}
