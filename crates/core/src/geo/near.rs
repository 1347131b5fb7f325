//! Whether a geofence comes near a point, or takes in all that is near it.

use geographiclib_rs::InverseGeodesic;

use super::{
    Circle, Geofence, LatLon,
    area::{Position, Prepared},
    bounds::{Bounds, of_circle},
    distance::{WGS84, distance_m},
    grid,
};

/// Metres of an edge that are not divided further: how exact the distance to a polygon is.
const PIECE_M: f64 = 1e-4;

/// Metres for each radian along a path on the ellipsoid at most: the radius of curvature at the poles.
const METRES_PER_RADIAN_MAX: f64 = 6_399_594.0;

/// Part of the globe that a list is narrowed to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Region {
    /// What has bounds that meet this box.
    Box(Bounds),
    /// What comes within the radius of the centre.
    Near(Circle),
}

impl Region {
    /// A box that the bounds of everything in the region meet.
    pub fn bounds(&self) -> Bounds {
        match self {
            Self::Box(bounds) => *bounds,
            // A little more than it is, because its sides are exact to a millimetre.
            Self::Near(circle) => of_circle(&Circle {
                radius_m: circle.radius_m + 0.01,
                ..*circle
            }),
        }
    }

    /// Whether a geofence is in the region.
    pub fn takes_in(&self, geofence: &Geofence) -> bool {
        match self {
            Self::Box(bounds) => bounds.meets(&geofence.bounds()),
            Self::Near(circle) => geofence.is_within(circle.radius_m, circle.center),
        }
    }
}

impl Geofence {
    /// Whether some point of the geofence is at most so many metres from a point, by geodesic
    /// distance. To polygons this is exact to a tenth of a millimetre.
    pub fn is_within(&self, metres: f64, at: LatLon) -> bool {
        match self {
            Self::Circle(circle) => Fence::Circle(circle).is_within(metres, at),
            Self::Area(area) => Fence::Area(&Prepared::of(area)).is_within(metres, at),
        }
    }
}

/// A geofence ready for many questions.
#[derive(Debug, Clone, Copy)]
pub enum Fence<'g> {
    /// A circle.
    Circle(&'g Circle),
    /// A polygon or multipolygon.
    Area(&'g Prepared),
}

impl Fence<'_> {
    /// Whether some point of the fence is at most so many metres from a point.
    pub fn is_within(self, metres: f64, at: LatLon) -> bool {
        match self {
            Self::Circle(circle) => distance_m(circle.center, at) <= circle.radius_m + metres,
            Self::Area(area) => area.contains(at) || border_is_within(area, metres, at),
        }
    }

    /// Whether all that is less than so many metres from a point is in the fence.
    pub fn holds_all_within(self, metres: f64, at: LatLon) -> bool {
        match self {
            Self::Circle(circle) => distance_m(circle.center, at) + metres <= circle.radius_m,
            Self::Area(area) => area.contains(at) && !border_is_within(area, metres, at),
        }
    }
}

/// Whether an edge comes so near to a point.
fn border_is_within(area: &Prepared, metres: f64, at: LatLon) -> bool {
    let (latitudes, [west, east]) = grid::around(at, metres);
    // The same longitude may be a turn further on.
    let meets = |from: f64, to: f64| {
        let (first, last) = (from.min(to), from.max(to));
        [0.0, 360.0, -360.0]
            .iter()
            .any(|turn| first <= east + turn && last >= west + turn)
    };
    area.edges_between(latitudes)
        .any(|[from, to]| meets(from[0], to[0]) && comes_within(*from, *to, metres, at))
}

/// Whether an edge comes so near. It is halved until each piece is near for sure, or too far for sure:
/// no point of a piece is nearer than its middle by more than half the length of the piece.
fn comes_within(from: Position, to: Position, metres: f64, at: LatLon) -> bool {
    let mut pieces = vec![(from, to)];
    while let Some((from, to)) = pieces.pop() {
        let middle = [f64::midpoint(from[0], to[0]), f64::midpoint(from[1], to[1])];
        let away: f64 = WGS84.inverse(at.latitude, at.longitude, middle[1], middle[0]);
        if away <= metres {
            return true;
        }
        let length = length_max(from, to);
        if away - length / 2.0 <= metres && length > PIECE_M {
            pieces.push((from, middle));
            pieces.push((middle, to));
        }
    }
    false
}

/// Metres that a straight line in longitude and latitude is long at most.
fn length_max(from: Position, to: Position) -> f64 {
    let lowest = if from[1].signum() == to[1].signum() {
        from[1].abs().min(to[1].abs())
    } else {
        0.0
    };
    let east = (to[0] - from[0]).to_radians() * lowest.to_radians().cos();
    let north = (to[1] - from[1]).to_radians();
    METRES_PER_RADIAN_MAX * east.hypot(north)
}

#[cfg(test)]
mod tests;
