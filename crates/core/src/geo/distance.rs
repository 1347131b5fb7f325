//! Geodesic distance on WGS-84, and a cheap test of containment that is as exact.

use std::sync::LazyLock;

use geographiclib_rs::{Geodesic, InverseGeodesic};

use super::{Circle, LatLon};

pub(super) static WGS84: LazyLock<Geodesic> = LazyLock::new(Geodesic::wgs84);

/// Metres between two points along the geodesic (Karney's method, good to 15 nm).
pub fn distance_m(from: LatLon, to: LatLon) -> f64 {
    WGS84.inverse(from.latitude, from.longitude, to.latitude, to.longitude)
}

// Read the degrees of WGS-84 as if they were those of a sphere of radius 1 and call the angle
// between two points there `s`. The radii of curvature of the ellipsoid lie between 6 335 439 m (the
// meridian at the equator) and 6 399 594 m (the poles), so every path on it is between 6 335 439 and
// 6 399 594 times as long as the same path on the sphere, and the distance between 6 335 439 * s and
// 6 399 594 * s. The chord is shorter than `s`, by less than 1.1e-5 of it up to 100 km. What the two
// constants below add to that (5e-6 and 2e-5) is far more than the rounding of either computation.

/// Beyond this many metres for each unit of chord a point is surely outside.
pub(super) const METRES_PER_CHORD_MIN: f64 = 6_335_400.0;
/// Up to this many metres for each unit of chord a point is surely inside.
const METRES_PER_CHORD_MAX: f64 = 6_399_800.0;

/// A position as a vector of length 1, its degrees taken as those of a sphere.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnitVector([f64; 3]);

impl UnitVector {
    pub(super) fn of(at: LatLon) -> Self {
        let (sin_latitude, cos_latitude) = at.latitude.to_radians().sin_cos();
        let (sin_longitude, cos_longitude) = at.longitude.to_radians().sin_cos();
        Self([
            cos_latitude * cos_longitude,
            cos_latitude * sin_longitude,
            sin_latitude,
        ])
    }

    /// The vector with 7 digits instead of 16.
    pub(super) fn rounded(self) -> [f32; 3] {
        self.0.map(|part| part as f32)
    }

    fn chord_squared(self, other: Self) -> f64 {
        let [x, y, z] = self.0;
        let [other_x, other_y, other_z] = other.0;
        (x - other_x).powi(2) + (y - other_y).powi(2) + (z - other_z).powi(2)
    }
}

impl Circle {
    /// Whether a point is inside or on the border: its [`distance_m`] from the centre is the radius
    /// at most.
    pub fn contains(&self, at: LatLon) -> bool {
        contains(self, at, UnitVector::of(at))
    }
}

/// [`Circle::contains`] for a point whose vector is known. Only within about half a percent of the
/// border does it take a geodesic, which costs ten times the rest.
pub(super) fn contains(circle: &Circle, at: LatLon, at_vector: UnitVector) -> bool {
    let chord_squared = UnitVector::of(circle.center).chord_squared(at_vector);
    if chord_squared > (circle.radius_m / METRES_PER_CHORD_MIN).powi(2) {
        return false;
    }
    if chord_squared <= (circle.radius_m / METRES_PER_CHORD_MAX).powi(2) {
        return true;
    }
    distance_m(circle.center, at) <= circle.radius_m
}

#[cfg(test)]
mod tests;
