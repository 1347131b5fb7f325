//! A circle around any geofence, for what knows no other shape.

use super::{Geofence, LatLon, distance_m};

/// Degrees of an edge of a geofence that are not divided further.
const PIECE_DEG: f64 = 0.05;
/// Metres that the middle of such a piece may be further away than both of its ends.
const BULGE_M: f64 = 1.0;
/// Half of the way around the globe: no two points are further apart.
const FAR_M: f64 = 20_004_000.0;

/// All points within a distance of a middle. Other than a circle that a client sets, it may be of any
/// size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Disc {
    /// The middle.
    pub center: LatLon,
    /// Metres.
    pub radius_m: f64,
}

impl Disc {
    /// A disc that has all of a geofence in it.
    pub fn around(geofence: &Geofence) -> Self {
        let area = match geofence {
            Geofence::Circle(circle) => {
                return Self {
                    center: circle.center,
                    radius_m: circle.radius_m,
                };
            }
            Geofence::Area(area) => area,
        };
        let bounds = geofence.bounds();
        let height = bounds.north() - bounds.south();
        let center = LatLon {
            latitude: f64::midpoint(bounds.south(), bounds.north()),
            longitude: wrapped(bounds.west() + bounds.width() / 2.0),
        };
        // Its border does not say how far the inside reaches.
        if bounds.width() >= 180.0 || height >= 90.0 {
            let radius_m = FAR_M;
            return Self { center, radius_m };
        }
        let mut radius_m = 0.0_f64;
        // Holes take nothing away on the outside.
        for shell in area.polygons().iter().filter_map(|rings| rings.first()) {
            for edge in shell.windows(2) {
                let (from, to) = (edge[0], edge[1]);
                let (east, north) = (wrapped(to[0] - from[0]), to[1] - from[1]);
                let pieces = (east.abs().max(north.abs()) / PIECE_DEG).ceil().max(1.0);
                for piece in 0..=(pieces as u32) {
                    let share = f64::from(piece) / pieces;
                    let at = LatLon {
                        latitude: from[1] + share * north,
                        longitude: wrapped(from[0] + share * east),
                    };
                    radius_m = radius_m.max(distance_m(center, at));
                }
            }
        }
        let radius_m = radius_m + BULGE_M;
        Self { center, radius_m }
    }

    /// The same, reaching further by so many metres.
    #[must_use]
    pub fn wider(self, metres: f64) -> Self {
        Self {
            radius_m: self.radius_m + metres,
            ..self
        }
    }

    /// Metres from a point to the nearest point of the disc; 0 inside.
    pub fn gap_m(&self, at: LatLon) -> f64 {
        (distance_m(self.center, at) - self.radius_m).max(0.0)
    }
}

impl LatLon {
    /// The nearest point of a grid that has so many lines a degree.
    #[must_use]
    pub fn rounded(self, lines: f64) -> Self {
        let round = |degrees: f64| (degrees * lines).round() / lines;
        Self {
            latitude: round(self.latitude),
            longitude: round(self.longitude),
        }
    }
}

/// -180..180, the short way round.
fn wrapped(longitude: f64) -> f64 {
    (longitude + 180.0).rem_euclid(360.0) - 180.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::geo::{Area, Circle, area::Prepared, near::Fence};

    proptest! {
        #[test]
        fn a_disc_holds_every_point_of_its_geofence(
            (latitude, longitude) in (-89.0..89.0_f64, -180.0..180.0_f64),
            (height, width) in prop_oneof![(1e-4..0.05_f64, 1e-4..0.05_f64), (0.05..30.0_f64, 0.05..100.0_f64)],
            shares in prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64), 50),
        ) {
            let (south, north) = ((latitude - height).max(-90.0), (latitude + height).min(90.0));
            let [west, east] = [longitude - width / 2.0, longitude + width / 2.0].map(wrapped);
            // A rhombus, so that its edges run in all directions, and a box.
            let middle = wrapped(longitude);
            let rhombus = vec![[west, latitude], [middle, south], [east, latitude], [middle, north], [west, latitude]];
            let square = vec![[west, south], [middle, south], [east, south], [east, north], [middle, north], [west, north], [west, south]];
            for ring in [rhombus, square] {
                let border: Vec<[[f64; 2]; 2]> = ring.windows(2).map(|edge| [edge[0], edge[1]]).collect();
                let Ok(area) = Area::polygon(vec![ring]) else { continue };
                let prepared = Prepared::of(&area);
                let disc = Disc::around(&Geofence::Area(area));
                for (north_share, east_share) in &shares {
                    let at = LatLon {
                        latitude: south + north_share * (north - south),
                        longitude: wrapped(longitude + (east_share - 0.5) * width),
                    };
                    let is_in = Fence::Area(&prepared).is_within(0.0, at);
                    prop_assert!(!is_in || disc.gap_m(at) == 0.0, "{at:?} is outside {disc:?}");
                }
                // And it reaches no further than its border does.
                let step = |from: f64, to: f64, share: f64| from + share * (to - from);
                let border = border.iter().flat_map(|[from, to]| (0..=200).map(move |n| {
                    let share = f64::from(n) / 200.0;
                    let east = wrapped(to[0] - from[0]);
                    LatLon { latitude: step(from[1], to[1], share), longitude: wrapped(from[0] + share * east) }
                }));
                let reach_m = border.map(|at| distance_m(disc.center, at)).fold(0.0, f64::max);
                prop_assert!(disc.radius_m <= reach_m * 1.001 + 2.0 * BULGE_M);
            }
        }
    }

    #[test]
    fn that_of_a_circle_is_the_circle() {
        let center = LatLon::new(40.0, 179.99).unwrap();
        let disc = Disc::around(&Geofence::Circle(Circle::new(center, 500.0).unwrap()));
        assert_eq!((disc.center, disc.radius_m), (center, 500.0));
        let far = LatLon::new(40.0, -179.99).unwrap();
        let gap_m = disc.wider(100.0).gap_m(far);
        assert!((gap_m - (distance_m(center, far) - 600.0)).abs() < 1e-9);
        assert_eq!(disc.gap_m(center), 0.0);
    }

    #[test]
    fn what_goes_around_the_globe_has_all_of_it() {
        let ring = vec![
            [-180.0, -10.0],
            [180.0, -10.0],
            [180.0, 10.0],
            [-180.0, 10.0],
            [-180.0, -10.0],
        ];
        if let Ok(area) = Area::polygon(vec![ring]) {
            let disc = Disc::around(&Geofence::Area(area));
            assert_eq!(disc.gap_m(LatLon::new(80.0, 90.0).unwrap()), 0.0);
        }
    }
}
