//! Files of places, zones or beacons.

use crate::resource::Kind;

/// What can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkKind {
    /// Places
    Places,
    /// Zones
    Zones,
    /// Beacons
    Beacons,
}

impl BulkKind {
    /// The kind of object.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Places => Kind::Place,
            Self::Zones => Kind::Zone,
            Self::Beacons => Kind::Beacon,
        }
    }
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Comma-separated values (RFC 4180) whose first line names the columns.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// A GeoJSON FeatureCollection (RFC 7946).
    Geojson,
}
