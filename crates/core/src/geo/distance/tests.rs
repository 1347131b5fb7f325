//! Distances against published ones, containment against the distance.

use proptest::prelude::*;

use super::*;

fn at(latitude: f64, longitude: f64) -> LatLon {
    LatLon::new(latitude, longitude).unwrap()
}

fn any_position() -> impl Strategy<Value = LatLon> {
    let latitude = prop_oneof![4 => -90.0..=90.0, 1 => 89.5..=90.0, 1 => Just(-90.0)];
    let longitude = prop_oneof![4 => -180.0..=180.0, 1 => 179.5..=180.0, 1 => Just(-180.0)];
    (latitude, longitude).prop_map(|(latitude, longitude)| at(latitude, longitude))
}

#[test]
fn distances_agree_with_published_ones() {
    // JFK to LHR, from the documentation of GeographicLib; the quarter meridian of WGS-84.
    let jfk_to_lhr_m = distance_m(at(40.6, -73.8), at(51.6, -0.5));
    assert!((jfk_to_lhr_m - 5_551_759.4).abs() < 0.1);
    let quarter_m = distance_m(at(0.0, 12.0), at(90.0, 12.0));
    assert!((quarter_m - 10_001_965.729).abs() < 0.001);
    assert_eq!(distance_m(at(10.0, 180.0), at(10.0, -180.0)), 0.0);
    assert_eq!(distance_m(at(90.0, 0.0), at(90.0, 137.0)), 0.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn containment_is_the_geodesic_one(
        center in any_position(),
        radius_m in prop_oneof![1.0..100.0_f64, 100.0..=100_000.0_f64],
        bearing in 0.0..std::f64::consts::TAU,
        share in prop_oneof![0.0..2.0_f64, 0.98..1.02_f64],
    ) {
        let circle = Circle::new(center, radius_m).unwrap();
        let degrees = radius_m * share / 111_000.0;
        let latitude = (center.latitude() + degrees * bearing.cos()).clamp(-90.0, 90.0);
        let scale = latitude.to_radians().cos().max(1e-6);
        let longitude = center.longitude() + degrees * bearing.sin() / scale;
        let point = at(latitude, (longitude + 540.0).rem_euclid(360.0) - 180.0);
        prop_assert_eq!(circle.contains(point), distance_m(center, point) <= radius_m);
    }

    #[test]
    fn no_chord_is_longer_than_its_bound_says(center in any_position(), point in any_position()) {
        let chord = UnitVector::of(center).chord_squared(UnitVector::of(point)).sqrt();
        // A micrometre for the rounding of two names of one pole; no radius is below a metre.
        prop_assert!(distance_m(center, point) >= chord * METRES_PER_CHORD_MIN - 1e-6);
    }
}
