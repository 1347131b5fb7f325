//! How a file calls what is wrong.

use moca_core::{bulk::BulkKind, import::ImportRefusal, limits::REFUSAL_FIELD_CHARS_MAX};
use moca_wire::problem::Fault;

use super::{Row, columns::Columns};
use crate::bulk::fields::{self, Target};

/// The names of a format.
pub(crate) enum Names {
    /// Columns.
    Csv(Box<Columns>),
    /// Pointers into the record, which is what the line holds.
    Pointers,
    /// Pointers into a feature.
    Geojson(BulkKind),
    /// What is in a placemark.
    Kml(BulkKind),
}

impl Names {
    /// A fault of a row in the words of the file.
    pub(crate) fn refusal(&self, row: &Row, fault: Fault) -> ImportRefusal {
        let (column, field) = match self {
            _ if fault.pointer.is_empty() => (None, String::new()),
            Self::Csv(columns) => columns.name(as_said(&fault.pointer)),
            Self::Pointers => (None, as_said(&fault.pointer).to_owned()),
            Self::Geojson(kind) => (None, in_feature(*kind, as_said(&fault.pointer))),
            Self::Kml(kind) => (None, in_placemark(*kind, as_said(&fault.pointer))),
        };
        let field: String = field.chars().take(REFUSAL_FIELD_CHARS_MAX).collect();
        ImportRefusal {
            row: row.number as i64,
            line: row.line as i64,
            column,
            field: (!field.is_empty()).then_some(field),
            code: fault.code,
            detail: fault.detail,
        }
    }
}

/// Where a record says what a body says at a pointer, as far as the two differ.
fn as_said(pointer: &str) -> &str {
    match pointer {
        "/config/labelIds" => "/labels",
        other => other,
    }
}

/// The pointer into a feature for one into its record.
fn in_feature(kind: BulkKind, pointer: &str) -> String {
    for (outer, index) in [("longitude", 0), ("latitude", 1)] {
        let is_it = ["geofence", "location"].map(|shape| format!("/config/{shape}/{outer}"));
        if is_it.iter().any(|at| at == pointer) {
            return format!("/geometry/coordinates/{index}");
        }
    }
    if pointer == "/config/geofence/radius" {
        return "/properties/radius".to_owned();
    }
    for shape in ["/config/geofence", "/config/location"] {
        if let Some(rest) = pointer.strip_prefix(shape) {
            return format!("/geometry{rest}");
        }
    }
    let of_field = fields::of(kind).iter().find_map(|field| {
        let at = Target::Field(field).pointer();
        let rest = pointer.strip_prefix(&at)?;
        (field.cell != fields::Cell::Json && (rest.is_empty() || rest.starts_with('/')))
            .then(|| format!("/properties/{}{rest}", field.name))
    });
    of_field.unwrap_or_else(|| match pointer.strip_prefix("/config/properties") {
        Some(rest) => format!("/properties{rest}"),
        None => pointer.to_owned(),
    })
}

/// What in a placemark a pointer into its record is about: an element, or the name of some data.
fn in_placemark(kind: BulkKind, pointer: &str) -> String {
    let pointer = in_feature(kind, pointer);
    if pointer.starts_with("/geometry/coordinates") {
        return "coordinates".to_owned();
    }
    let name = pointer.strip_prefix("/properties/");
    name.or(pointer.strip_prefix('/'))
        .unwrap_or(&pointer)
        .to_owned()
}
