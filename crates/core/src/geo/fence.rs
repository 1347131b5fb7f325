//! A geofence of any shape, and how it is written: a circle of our own, or GeoJSON.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeStruct,
};

use super::{
    Circle, LatLon,
    area::{Area, AreaKind, Prepared, Rings},
};

/// The ground that a place or zone takes up; its border belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub enum Geofence {
    /// All points within a distance of a centre.
    Circle(Circle),
    /// A polygon or multipolygon.
    Area(Area),
}

impl Geofence {
    /// Whether a point is inside or on the border. For many questions about one area use the index:
    /// it makes the area ready once.
    pub fn contains(&self, at: LatLon) -> bool {
        match self {
            Self::Circle(circle) => circle.contains(at),
            Self::Area(area) => Prepared::of(area).contains(at),
        }
    }

    /// The circle, if it is one.
    pub fn as_circle(&self) -> Option<&Circle> {
        match self {
            Self::Circle(circle) => Some(circle),
            Self::Area(_) => None,
        }
    }
}

impl From<Circle> for Geofence {
    fn from(circle: Circle) -> Self {
        Self::Circle(circle)
    }
}

impl From<Area> for Geofence {
    fn from(area: Area) -> Self {
        Self::Area(area)
    }
}

impl Serialize for Geofence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let area = match self {
            Self::Circle(circle) => return circle.serialize(serializer),
            Self::Area(area) => area,
        };
        let mut object = serializer.serialize_struct("Geofence", 2)?;
        object.serialize_field("type", area.kind().as_str())?;
        match (area.kind(), area.polygons()) {
            (AreaKind::Polygon, [rings]) => object.serialize_field("coordinates", rings)?,
            (_, polygons) => object.serialize_field("coordinates", polygons)?,
        }
        object.end()
    }
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum RawGeofence {
    Circle {
        latitude: f64,
        longitude: f64,
        radius: f64,
    },
    Polygon {
        coordinates: Rings,
    },
    MultiPolygon {
        coordinates: Vec<Rings>,
    },
}

/// Reads what was checked before it was written: rings are not looked at for crossings again.
impl<'de> Deserialize<'de> for Geofence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let area = |kind, polygons| {
            let area = Area::trusted(kind, polygons).map_err(D::Error::custom);
            area.map(Self::Area)
        };
        match RawGeofence::deserialize(deserializer)? {
            RawGeofence::Circle {
                latitude,
                longitude,
                radius,
            } => {
                let center = LatLon::new(latitude, longitude);
                let circle = center.and_then(|center| Circle::new(center, radius));
                circle.map(Self::Circle).map_err(D::Error::custom)
            }
            RawGeofence::Polygon { coordinates } => area(AreaKind::Polygon, vec![coordinates]),
            RawGeofence::MultiPolygon { coordinates } => area(AreaKind::MultiPolygon, coordinates),
        }
    }
}
