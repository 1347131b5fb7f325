//! Files of places, zones or beacons.

use serde::{Deserialize, Serialize};

use crate::resource::Kind;

/// What files hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

    /// The word for it in paths and parameters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Places => "places",
            Self::Zones => "zones",
            Self::Beacons => "beacons",
        }
    }

    /// The kind with this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// All kinds, parents before what is in them.
    pub const ALL: [Self; 3] = [Self::Places, Self::Zones, Self::Beacons];
}

/// How a file is written when it goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileFormat {
    /// Comma-separated values (RFC 4180) whose first line names the columns.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// A GeoJSON FeatureCollection (RFC 7946).
    Geojson,
}

impl FileFormat {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Ndjson, Self::Geojson];

    /// The word for it, which is also the end of a file's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Geojson => "geojson",
        }
    }

    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Ndjson => "application/x-ndjson",
            Self::Geojson => "application/geo+json",
        }
    }
}

/// How a file that comes in is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImportFormat {
    /// As [`FileFormat::Csv`].
    Csv,
    /// As [`FileFormat::Ndjson`].
    Ndjson,
    /// As [`FileFormat::Geojson`].
    Geojson,
    /// The placemarks of a KML document (OGC 12-007r2), which other programs write.
    Kml,
}

impl ImportFormat {
    /// All formats.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Ndjson, Self::Geojson, Self::Kml];

    /// The word for it, which is also the end of a file's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => FileFormat::Csv.as_str(),
            Self::Ndjson => FileFormat::Ndjson.as_str(),
            Self::Geojson => FileFormat::Geojson.as_str(),
            Self::Kml => "kml",
        }
    }

    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => FileFormat::Csv.media_type(),
            Self::Ndjson => FileFormat::Ndjson.media_type(),
            Self::Geojson => FileFormat::Geojson.media_type(),
            Self::Kml => "application/vnd.google-earth.kml+xml",
        }
    }
}
