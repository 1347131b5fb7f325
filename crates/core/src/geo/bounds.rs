//! The box around a geofence.

use geographiclib_rs::DirectGeodesic;

use super::{
    Area, Circle, GeoError, Geofence, LatLon,
    distance::{METRES_PER_CHORD_MIN, WGS84, distance_m},
};

/// All points between two latitudes and, going east from `west` to `east`, two longitudes, in
/// degrees. The sides belong to it. If `west` is greater than `east`, it crosses the antimeridian.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    south: f64,
    west: f64,
    north: f64,
    east: f64,
}

impl Bounds {
    /// A box from its south-west to its north-east corner; the south must not be north of the north.
    pub fn new(south_west: LatLon, north_east: LatLon) -> Result<Self, GeoError> {
        if south_west.latitude > north_east.latitude {
            return Err(GeoError::Latitude);
        }
        Ok(Self {
            south: south_west.latitude,
            west: south_west.longitude,
            north: north_east.latitude,
            east: north_east.longitude,
        })
    }

    /// Degrees north of the southern side.
    pub fn south(&self) -> f64 {
        self.south
    }

    /// Degrees east of the western side, -180..=180.
    pub fn west(&self) -> f64 {
        self.west
    }

    /// Degrees north of the northern side.
    pub fn north(&self) -> f64 {
        self.north
    }

    /// Degrees east of the eastern side, -180..=180.
    pub fn east(&self) -> f64 {
        self.east
    }

    /// Degrees of longitude from the western to the eastern side, 0..=360.
    pub(super) fn width(&self) -> f64 {
        let width = self.east - self.west;
        if width < 0.0 { width + 360.0 } else { width }
    }

    /// The longitudes as intervals from west to east that do not cross the antimeridian. What touches
    /// it from one side touches it from the other too.
    pub fn longitudes(&self) -> Vec<[f64; 2]> {
        let mut intervals = if self.west <= self.east {
            vec![[self.west, self.east]]
        } else {
            vec![[self.west, 180.0], [-180.0, self.east]]
        };
        for twin in [180.0, -180.0] {
            let touches = |side: f64| intervals.iter().any(|[w, e]| *w == side || *e == side);
            if touches(-twin) && !touches(twin) {
                intervals.push([twin, twin]);
            }
        }
        intervals
    }

    /// Whether two boxes have a point in common.
    pub fn meets(&self, other: &Self) -> bool {
        let by_latitude = self.south <= other.north && other.south <= self.north;
        let theirs = other.longitudes();
        by_latitude
            && self.longitudes().iter().any(|[west, east]| {
                let meets = |[w, e]: &[f64; 2]| *w <= *east && *west <= *e;
                theirs.iter().any(meets)
            })
    }
}

impl Geofence {
    /// The smallest box around the geofence; for a circle to within a millimetre. Around a circle that
    /// comes within its own diameter of a pole it takes in all longitudes.
    pub fn bounds(&self) -> Bounds {
        match self {
            Self::Circle(circle) => of_circle(circle),
            Self::Area(area) => of_area(area),
        }
    }
}

pub(super) fn of_circle(circle: &Circle) -> Bounds {
    let LatLon {
        latitude,
        longitude,
    } = circle.center;
    let radius_m = circle.radius_m;
    let side = |pole: f64, bearing: f64| {
        let to_pole = distance_m(
            circle.center,
            LatLon {
                latitude: pole,
                longitude,
            },
        );
        if to_pole <= radius_m {
            return pole;
        }
        let (side, _): (f64, f64) = WGS84.direct(latitude, longitude, bearing, radius_m);
        side
    };
    let (south, north) = (side(-90.0, 180.0), side(90.0, 0.0));
    let reach = (radius_m / METRES_PER_CHORD_MIN).to_degrees();
    let (west, east) = if latitude.abs() + 3.0 * reach >= 90.0 {
        (-180.0, 180.0)
    } else {
        let half_width = half_width(latitude, radius_m);
        (
            wrapped(longitude - half_width),
            wrapped(longitude + half_width),
        )
    };
    Bounds {
        south,
        west,
        north,
        east,
    }
}

/// Degrees from the centre to the easternmost point of a circle. The geodesic to it arrives there due
/// east, so it is found backwards: the latitude from which a geodesic due west comes to the centre's.
fn half_width(latitude: f64, radius_m: f64) -> f64 {
    let mut from = latitude;
    let mut width = 0.0;
    for _ in 0..12 {
        let (to, west): (f64, f64) = WGS84.direct(from, 0.0, -90.0, radius_m);
        width = -west;
        if (latitude - to).abs() < 1e-10 {
            break;
        }
        from += latitude - to;
    }
    width
}

fn wrapped(longitude: f64) -> f64 {
    if longitude > 180.0 {
        longitude - 360.0
    } else if longitude < -180.0 {
        longitude + 360.0
    } else {
        longitude
    }
}

/// The longitudes outside are the widest gap between the polygons.
fn of_area(area: &Area) -> Bounds {
    let mut polygons = area.planar();
    polygons.sort_by(|a, b| a.west.total_cmp(&b.west));
    let mut south = f64::INFINITY;
    let (mut north, mut easternmost) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    for polygon in &polygons {
        (south, north) = (south.min(polygon.south), north.max(polygon.north));
        easternmost = easternmost.max(polygon.east);
    }
    // The eastern end so far, and how it reads where the polygon itself lies.
    let mut end = (easternmost - 360.0, easternmost);
    let mut widest = (0.0, -180.0, 180.0);
    for polygon in &polygons {
        let gap = polygon.west - end.0;
        if gap > widest.0 {
            widest = (gap, polygon.west, wrapped(end.1));
        }
        if polygon.east > end.0 {
            end = (polygon.east, polygon.east);
        }
    }
    Bounds {
        south,
        west: widest.1,
        north,
        east: widest.2,
    }
}

#[cfg(test)]
mod tests;
