//! The fields of each kind, as columns of a table.

use moca_core::bulk::BulkKind;

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Text.
    Text,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// `true` or `false`, in capitals too, as spreadsheets write them.
    Flag,
    /// Any JSON.
    Json,
    /// Names of labels.
    Labels,
    /// The `externalId` of the parent.
    Parent,
}

/// A field with a column of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    /// The name of the column.
    pub(crate) name: &'static str,
    /// Where its value stands in a body.
    pub(crate) path: &'static [&'static str],
    /// What it holds.
    pub(crate) cell: Cell,
}

const fn field(name: &'static str, path: &'static [&'static str], cell: Cell) -> Field {
    Field { name, path, cell }
}

/// Names that are joined by this in one cell.
pub(crate) const LABELS_BETWEEN: char = '|';
/// The columns of a circle.
pub(crate) const CIRCLE: [&str; 3] = ["latitude", "longitude", "radius"];
/// The column of any geofence but a circle.
pub(crate) const GEOFENCE: &str = "geofence";
/// Before the name of a property that has a column of its own.
pub(crate) const PROPERTY: &str = "property.";

/// Where the value of a column goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Into a field.
    Field(&'static Field),
    /// Into a property of this name.
    Property(String),
}

impl Target {
    /// The target of this name.
    pub(crate) fn named(kind: BulkKind, name: &str) -> Option<Self> {
        if let Some(property) = name.strip_prefix(PROPERTY).filter(|it| !it.is_empty()) {
            return Some(Self::Property(property.to_owned()));
        }
        let field = of(kind).iter().find(|field| field.name == name)?;
        Some(Self::Field(field))
    }

    /// Where in a record it is, as a JSON pointer.
    pub(crate) fn pointer(&self) -> String {
        match self {
            Self::Field(field) => format!("/{}", field.path.join("/")),
            Self::Property(name) => {
                let name = name.replace('~', "~0").replace('/', "~1");
                format!("/config/properties/{name}")
            }
        }
    }
}

/// The names of all targets of a kind, for whoever gave another.
pub(crate) fn names(kind: BulkKind) -> String {
    let names: Vec<&str> = of(kind).iter().map(|field| field.name).collect();
    format!("{} and {PROPERTY}NAME", names.join(", "))
}

/// The columns of a kind, in the order in which they are written.
pub(crate) const fn of(kind: BulkKind) -> &'static [Field] {
    match kind {
        BulkKind::Places => PLACE,
        BulkKind::Zones => ZONE,
        BulkKind::Beacons => BEACON,
    }
}

#[rustfmt::skip] // one line a column
const PLACE: &[Field] = &[
    field("name",       &["config", "name"],                  Cell::Text),
    field("externalId", &["config", "externalId"],            Cell::Text),
    field("latitude",   &["config", "geofence", "latitude"],  Cell::Number),
    field("longitude",  &["config", "geofence", "longitude"], Cell::Number),
    field("radius",     &["config", "geofence", "radius"],    Cell::Number),
    field("geofence",   &["config", "geofence"],              Cell::Json),
    field("address",    &["config", "address"],               Cell::Text),
    field("timeZone",   &["config", "timeZone"],              Cell::Text),
    field("category",   &["config", "category"],              Cell::Text),
    field("provider",   &["config", "provider"],              Cell::Text),
    field("locationProvider",  &["config", "locationProvider"],  Cell::Json),
    field("floorPlanProvider", &["config", "floorPlanProvider"], Cell::Json),
    field("presence",   &["config", "presence"],              Cell::Json),
    field("sensitive",  &["config", "sensitive"],             Cell::Flag),
    field("labels",     &["labels"],                          Cell::Labels),
    field("properties", &["config", "properties"],            Cell::Json),
];

#[rustfmt::skip] // one line a column
const ZONE: &[Field] = &[
    field("name",            &["config", "name"],                  Cell::Text),
    field("externalId",      &["config", "externalId"],            Cell::Text),
    field("placeExternalId", &["placeExternalId"],                 Cell::Parent),
    field("placeId",         &["placeId"],                         Cell::Text),
    field("shortId",         &["config", "shortId"],               Cell::Text),
    field("floorNumber",     &["config", "floorNumber"],           Cell::Integer),
    field("category",        &["config", "category"],              Cell::Text),
    field("provider",        &["config", "provider"],              Cell::Text),
    field("latitude",        &["config", "geofence", "latitude"],  Cell::Number),
    field("longitude",       &["config", "geofence", "longitude"], Cell::Number),
    field("radius",          &["config", "geofence", "radius"],    Cell::Number),
    field("geofence",        &["config", "geofence"],              Cell::Json),
    field("labels",          &["labels"],                          Cell::Labels),
];

#[rustfmt::skip] // one line a column
const BEACON: &[Field] = &[
    field("name",           &["config", "name"],                  Cell::Text),
    field("externalId",     &["config", "externalId"],            Cell::Text),
    field("zoneExternalId", &["zoneExternalId"],                  Cell::Parent),
    field("zoneId",         &["config", "zoneId"],                Cell::Text),
    field("type",           &["config", "type"],                  Cell::Text),
    field("proximityUuid",  &["config", "proximityUuid"],         Cell::Text),
    field("major",          &["config", "major"],                 Cell::Integer),
    field("minor",          &["config", "minor"],                 Cell::Integer),
    field("namespace",      &["config", "namespace"],             Cell::Text),
    field("instance",       &["config", "instance"],              Cell::Text),
    field("provider",       &["config", "provider"],              Cell::Text),
    field("code",           &["config", "code"],                  Cell::Text),
    field("latitude",       &["config", "location", "latitude"],  Cell::Number),
    field("longitude",      &["config", "location", "longitude"], Cell::Number),
    field("floorNumber",    &["config", "floorNumber"],           Cell::Integer),
    field("txPowerDbm",     &["config", "txPowerDbm"],            Cell::Integer),
    field("labels",         &["labels"],                          Cell::Labels),
    field("properties",     &["config", "properties"],            Cell::Json),
];

#[cfg(test)]
mod tests {
    use moca_wire::{
        beacons::Beacon,
        places::Place,
        schema::{self, Described, Presence, Schema, Shape},
        zones::Zone,
    };

    use super::*;

    /// Fields that stand in files in another form: ids that mean nothing elsewhere, by names.
    const OTHERWISE: &[(&str, &str)] = &[("labelIds", "labels")];

    /// The fields of an object, or of all kinds of it, that a client sets.
    fn fields_of(schema: &Schema) -> Vec<&schema::Field> {
        let is_set = |field: &&schema::Field| {
            !matches!(field.presence, Presence::Owned | Presence::OwnedOptional)
        };
        match schema.shape() {
            Shape::OneOf(kinds) => kinds.iter().flat_map(fields_of).collect(),
            _ => schema.fields().iter().filter(is_set).collect(),
        }
    }

    /// Notes what has no column: neither the whole, nor each of its parts.
    fn look(columns: &[Field], at: &[&str], schema: &Schema, missing: &mut Vec<String>) {
        for field in fields_of(schema) {
            let path = [at, &[field.name]].concat();
            let has_own = columns.iter().any(|column| column.path == path);
            let other = OTHERWISE.iter().find(|(name, _)| *name == field.name);
            let has_other =
                other.is_some_and(|(_, name)| columns.iter().any(|it| it.name == *name));
            if has_own || has_other {
                continue;
            }
            if fields_of(&field.schema).is_empty() {
                missing.push(path.join("/"));
            } else {
                look(columns, &path, &field.schema, missing);
            }
        }
    }

    #[test]
    fn every_field_that_a_client_sets_has_a_column() {
        for (kind, schema) in [
            (BulkKind::Places, Place::schema()),
            (BulkKind::Zones, Zone::schema()),
            (BulkKind::Beacons, Beacon::schema()),
        ] {
            let mut missing = Vec::new();
            look(of(kind), &[], &schema, &mut missing);
            let kind = kind.as_str();
            assert!(
                missing.is_empty(),
                "{kind}: {missing:?} would be lost between export and import: add a line for each"
            );
        }
    }

    #[test]
    fn what_has_no_column_is_found() {
        let place = Place::schema();
        for (name, lost) in [("address", "config/address"), ("labels", "config/labelIds")] {
            let fewer: Vec<Field> = PLACE.iter().copied().filter(|it| it.name != name).collect();
            let mut missing = Vec::new();
            look(&fewer, &[], &place, &mut missing);
            assert_eq!(missing, [lost]);
        }
    }
}
