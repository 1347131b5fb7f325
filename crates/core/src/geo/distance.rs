//! Geodesic distance on WGS-84.

use geographiclib_rs::{Geodesic, InverseGeodesic};

use super::{Circle, LatLon};

/// Mean radius of the Earth in metres (IUGG R1).
const MEAN_RADIUS_M: f64 = 6_371_008.8;
/// The great-circle distance on the mean sphere is within 0.56 % of the geodesic one; a little more
/// is allowed for rounding.
const SPHERE_ERROR: f64 = 0.007;

/// Metres between two points along the geodesic (Karney 2013, accurate to 15 nanometres).
pub fn distance_m(from: LatLon, to: LatLon) -> f64 {
    Geodesic::wgs84().inverse(
        from.latitude(),
        from.longitude(),
        to.latitude(),
        to.longitude(),
    )
}

/// Metres between two points on the mean sphere, by the haversine formula.
fn sphere_distance_m(from: LatLon, to: LatLon) -> f64 {
    let (lat_a, lat_b) = (from.latitude().to_radians(), to.latitude().to_radians());
    let half_lat = ((lat_b - lat_a) / 2.0).sin();
    let half_lon = ((to.longitude() - from.longitude()).to_radians() / 2.0).sin();
    let h = half_lat * half_lat + lat_a.cos() * lat_b.cos() * half_lon * half_lon;
    2.0 * MEAN_RADIUS_M * h.min(1.0).sqrt().asin()
}

impl Circle {
    /// Whether the point lies within the radius by geodesic distance, the border included.
    ///
    /// The sphere decides the clear cases; the geodesic, a hundred times dearer, only the band of
    /// 0.7 % around the border.
    pub fn contains(&self, at: LatLon) -> bool {
        let roughly_m = sphere_distance_m(self.center(), at);
        if roughly_m * (1.0 + SPHERE_ERROR) <= self.radius_m() {
            return true;
        }
        if roughly_m * (1.0 - SPHERE_ERROR) > self.radius_m() {
            return false;
        }
        distance_m(self.center(), at) <= self.radius_m()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn point() -> impl Strategy<Value = LatLon> {
        (-90.0..=90.0, -180.0..=180.0).prop_filter_map("in range", |(latitude, longitude)| {
            LatLon::new(latitude, longitude).ok()
        })
    }

    #[test]
    fn a_known_distance_comes_out() {
        // JFK to LHR, from the documentation of GeographicLib.
        let jfk = LatLon::new(40.6, -73.8).unwrap();
        let lhr = LatLon::new(51.6, -0.5).unwrap();
        assert!((distance_m(jfk, lhr) - 5_551_759.4).abs() < 0.1);
    }

    proptest! {
        #[test]
        fn the_sphere_is_never_off_by_more_than_it_is_allowed(a in point(), b in point()) {
            let exact_m = distance_m(a, b);
            let roughly_m = sphere_distance_m(a, b);
            prop_assert!((roughly_m - exact_m).abs() <= exact_m * SPHERE_ERROR * 0.9 + 1e-6);
        }

        #[test]
        fn containment_is_the_geodesic_one(
            center in point(),
            radius_m in 1.0..100_000.0f64,
            north in -1.2..1.2f64,
            east in -1.2..1.2f64,
        ) {
            let circle = Circle::new(center, radius_m).unwrap();
            let latitude = (center.latitude() + north * radius_m / 111_000.0).clamp(-90.0, 90.0);
            let scale = latitude.to_radians().cos().max(0.01);
            let longitude = center.longitude() + east * radius_m / 111_000.0 / scale;
            let at = LatLon::new(latitude, (longitude + 540.0).rem_euclid(360.0) - 180.0).unwrap();
            prop_assert_eq!(circle.contains(at), distance_m(center, at) <= radius_m);
        }
    }
}
