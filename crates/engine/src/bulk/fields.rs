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
