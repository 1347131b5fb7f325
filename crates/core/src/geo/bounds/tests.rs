//! Bounds against points all along the border.

use proptest::prelude::*;

use super::*;

fn any_circle() -> impl Strategy<Value = Circle> {
    let latitude = prop_oneof![-90.0..=90.0, 88.0..=90.0, -90.0..=-88.0];
    let longitude = prop_oneof![-180.0..=180.0, 179.0..=180.0, -180.0..=-179.0];
    let radius_m = prop_oneof![1.0..=100.0_f64, 100.0..=100_000.0_f64];
    (latitude, longitude, radius_m).prop_map(|(latitude, longitude, radius_m)| {
        Circle::new(LatLon::new(latitude, longitude).unwrap(), radius_m).unwrap()
    })
}

/// Degrees of longitude from the western side, 0..360, what is up to `slack` west of it taken for 0.
fn east_of(bounds: &Bounds, longitude: f64, slack: f64) -> f64 {
    let east = (longitude - bounds.west).rem_euclid(360.0);
    if east > 360.0 - slack { 0.0 } else { east }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_circle_fills_its_bounds(circle in any_circle()) {
        let bounds = Geofence::from(circle).bounds();
        let (mut south, mut north, mut widest) = (90.0_f64, -90.0_f64, 0.0_f64);
        for step in 0..=3_600 {
            let bearing = f64::from(step) / 10.0;
            let (latitude, longitude): (f64, f64) = WGS84.direct(
                circle.center.latitude,
                circle.center.longitude,
                bearing,
                circle.radius_m,
            );
            prop_assert!((bounds.south - 1e-9..=bounds.north + 1e-9).contains(&latitude));
            // To within a millimetre a side, which is many degrees of longitude close to a pole.
            let metres_a_degree = 111_000.0 * latitude.to_radians().cos();
            let slack = 1e-3 / metres_a_degree.max(1e-3);
            let east = east_of(&bounds, longitude, slack);
            prop_assert!(east <= bounds.width() + 2.0 * slack, "{bounds:?} {longitude}");
            (south, north) = (south.min(latitude), north.max(latitude));
            widest = widest.max(east);
        }
        let degree = circle.radius_m / 111_000.0;
        prop_assert!(south - bounds.south < 1e-5 * degree + 1e-9 || bounds.south == -90.0);
        prop_assert!(bounds.north - north < 1e-5 * degree + 1e-9 || bounds.north == 90.0);
        if bounds.width() < 360.0 {
            prop_assert!(bounds.width() - widest < 1e-4 * bounds.width() + 1e-8, "{bounds:?} {widest}");
        }
    }
}

fn area_bounds(polygons: &[[f64; 4]]) -> [f64; 4] {
    let ring = |[w, s, e, n]: [f64; 4]| vec![[w, s], [e, s], [e, n], [w, n], [w, s]];
    let polygons = polygons.iter().map(|square| vec![ring(*square)]).collect();
    let bounds = Geofence::from(Area::multi_polygon(polygons).unwrap()).bounds();
    [bounds.west, bounds.south, bounds.east, bounds.north]
}

#[test]
fn an_area_is_bounded_by_the_widest_gap() {
    assert_eq!(area_bounds(&[[1.5, 2.5, 3.5, 4.5]]), [1.5, 2.5, 3.5, 4.5]);
    assert_eq!(
        area_bounds(&[[179.0, 0.0, 181.0, 1.0]]),
        [179.0, 0.0, -179.0, 1.0]
    );
    let split = [[170.0, 0.0, 180.0, 1.0], [-180.0, -1.0, -170.0, 0.5]];
    assert_eq!(area_bounds(&split), [170.0, -1.0, -170.0, 1.0]);
    assert_eq!(
        area_bounds(&[[-10.0, 0.0, 0.0, 1.0], [20.0, 0.0, 30.0, 1.0]]),
        [-10.0, 0.0, 30.0, 1.0]
    );
    assert_eq!(
        area_bounds(&[[-180.0, 0.0, 180.0, 1.0]]),
        [-180.0, 0.0, 180.0, 1.0]
    );
    // What reaches over the antimeridian covers gaps beyond it.
    let reaching = [
        [170.0, 0.0, 220.0, 1.0],
        [-178.0, 2.0, -177.0, 3.0],
        [-139.0, 2.0, -138.0, 3.0],
    ];
    assert_eq!(area_bounds(&reaching), [170.0, 0.0, -138.0, 3.0]);
}

#[test]
fn boxes_meet_at_their_sides_and_over_the_antimeridian() {
    let square = |[w, s, e, n]: [f64; 4]| {
        Bounds::new(LatLon::new(s, w).unwrap(), LatLon::new(n, e).unwrap()).unwrap()
    };
    let east = square([170.0, 0.0, 180.0, 1.0]);
    for (other, expected) in [
        ([-180.0, 0.0, -170.0, 1.0], true),
        ([-179.9, 0.0, -170.0, 1.0], false),
        ([175.0, 1.0, -175.0, 2.0], true),
        ([175.0, 1.1, -175.0, 2.0], false),
        ([10.0, 0.0, 170.0, 1.0], true),
        ([10.0, 0.0, -170.0, 1.0], true),
    ] {
        assert_eq!(east.meets(&square(other)), expected, "{other:?}");
        assert_eq!(square(other).meets(&east), expected, "{other:?}");
    }
}
