//! Points, geofences and the index that finds the fences around a point.

pub mod area;
mod bounds;
mod disc;
mod distance;
mod fence;
mod grid;
pub mod index;
mod near;
mod path;
pub mod quad;

use serde::{Deserialize, Serialize};

pub use area::Area;
pub use bounds::Bounds;
pub use disc::Disc;
pub use distance::distance_m;
pub use fence::Geofence;
pub use near::Region;
pub use path::{Passage, Path};

use crate::limits::{RADIUS_M_MAX, RADIUS_M_MIN};

/// A position on the WGS-84 ellipsoid, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawLatLon", into = "RawLatLon")]
pub struct LatLon {
    latitude: f64,
    longitude: f64,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct RawLatLon {
    latitude: f64,
    longitude: f64,
}

/// A number that cannot be part of a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GeoError {
    /// The latitude is not within -90 and 90 degrees.
    #[error("a latitude is a number from -90 to 90 degrees")]
    Latitude,
    /// The longitude is not within -180 and 180 degrees.
    #[error("a longitude is a number from -180 to 180 degrees")]
    Longitude,
    /// The radius is outside its limits.
    #[error("a radius is a number from {RADIUS_M_MIN} to {RADIUS_M_MAX} metres")]
    Radius,
}

impl LatLon {
    /// A position from degrees; both must be finite and within range.
    pub fn new(latitude: f64, longitude: f64) -> Result<Self, GeoError> {
        if !(-90.0..=90.0).contains(&latitude) {
            return Err(GeoError::Latitude);
        }
        if !(-180.0..=180.0).contains(&longitude) {
            return Err(GeoError::Longitude);
        }
        Ok(Self {
            latitude,
            longitude,
        })
    }

    /// Degrees north, -90..=90.
    pub fn latitude(self) -> f64 {
        self.latitude
    }

    /// Degrees east, -180..=180.
    pub fn longitude(self) -> f64 {
        self.longitude
    }
}

impl TryFrom<RawLatLon> for LatLon {
    type Error = GeoError;
    fn try_from(raw: RawLatLon) -> Result<Self, GeoError> {
        Self::new(raw.latitude, raw.longitude)
    }
}

impl From<LatLon> for RawLatLon {
    fn from(at: LatLon) -> Self {
        Self {
            latitude: at.latitude,
            longitude: at.longitude,
        }
    }
}

/// All points within `radius` metres of a centre, the border included; distances are geodesic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawCircle", into = "RawCircle")]
pub struct Circle {
    center: LatLon,
    radius_m: f64,
}

#[derive(Serialize, Deserialize)]
struct RawCircle {
    #[serde(rename = "type")]
    kind: CircleTag,
    latitude: f64,
    longitude: f64,
    radius: f64,
}

#[derive(Serialize, Deserialize)]
enum CircleTag {
    Circle,
}

impl Circle {
    /// A circle; the radius must be within its limits.
    pub fn new(center: LatLon, radius_m: f64) -> Result<Self, GeoError> {
        if !(RADIUS_M_MIN..=RADIUS_M_MAX).contains(&radius_m) {
            return Err(GeoError::Radius);
        }
        Ok(Self { center, radius_m })
    }

    /// The centre.
    pub fn center(&self) -> LatLon {
        self.center
    }

    /// The radius in metres.
    pub fn radius_m(&self) -> f64 {
        self.radius_m
    }
}

impl TryFrom<RawCircle> for Circle {
    type Error = GeoError;
    fn try_from(raw: RawCircle) -> Result<Self, GeoError> {
        Self::new(LatLon::new(raw.latitude, raw.longitude)?, raw.radius)
    }
}

impl From<Circle> for RawCircle {
    fn from(circle: Circle) -> Self {
        Self {
            kind: CircleTag::Circle,
            latitude: circle.center.latitude,
            longitude: circle.center.longitude,
            radius: circle.radius_m,
        }
    }
}
