//! Nearness against points sampled all over a geofence.

use proptest::prelude::*;

use super::*;
use crate::geo::Area;

fn at(latitude: f64, longitude: f64) -> LatLon {
    LatLon::new(latitude, longitude).unwrap()
}

#[test]
fn a_circle_is_as_near_as_its_border() {
    let circle = Geofence::from(Circle::new(at(10.0, 20.0), 1_000.0).unwrap());
    let point = at(10.1, 20.0);
    let gap = distance_m(at(10.0, 20.0), point) - 1_000.0;
    assert!(circle.is_within(gap + 1e-6, point) && !circle.is_within(gap - 1e-6, point));
    assert!(circle.is_within(1.0, at(10.0, 20.001)), "inside");
}

#[test]
fn edges_are_measured_along_the_parallel() {
    let ring = vec![
        [0.0, 50.0],
        [60.0, 50.0],
        [60.0, 60.0],
        [0.0, 60.0],
        [0.0, 50.0],
    ];
    let strip = Geofence::from(Area::polygon(vec![ring]).unwrap());
    let point = at(60.5, 30.0);
    let gap = distance_m(point, at(60.0, 30.0));
    assert!(strip.is_within(gap + 0.01, point) && !strip.is_within(gap - 0.01, point));
    assert!(strip.is_within(1.0, at(55.0, 30.0)), "inside");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_polygon_is_as_near_as_the_nearest_of_its_points(
        corners in prop::collection::vec((0.0..0.2_f64, 0.0..0.2_f64), 3),
        (x, y) in (-0.3..0.5_f64, -0.3..0.5_f64),
        west in prop_oneof![Just(0.0), Just(179.9), -180.0..179.0_f64],
        south in prop_oneof![Just(0.0), Just(89.7), -80.0..80.0_f64],
    ) {
        let mut ring: Vec<Position> = corners.iter().map(|(x, y)| [west + x, south + y]).collect();
        ring.push(ring[0]);
        let area = Area::polygon(vec![ring.clone()]);
        prop_assume!(area.is_ok());
        let area = area.unwrap();
        let prepared = Prepared::of(&area);
        let geofence = Geofence::from(area);
        let longitude = (west + x + 180.0).rem_euclid(360.0) - 180.0;
        let point = at((south + y).clamp(-90.0, 90.0), longitude);
        // Points every 20 metres or less along the border.
        let mut nearest = f64::INFINITY;
        for pair in ring.windows(2) {
            for step in 0..=2_000 {
                let t = f64::from(step) / 2_000.0;
                let [x, y] = [0, 1].map(|axis| pair[0][axis] + t * (pair[1][axis] - pair[0][axis]));
                let away: f64 = WGS84.inverse(point.latitude, point.longitude, y, x);
                nearest = nearest.min(away);
            }
        }
        let holds_all = |metres| Fence::Area(&prepared).holds_all_within(metres, point);
        if geofence.contains(point) {
            prop_assert!(geofence.is_within(1.0, point));
            prop_assert!(!holds_all(nearest + 1e-3));
            prop_assert!(nearest < 25.0 || holds_all(nearest - 20.0));
        } else {
            prop_assert!(!holds_all(1.0));
            prop_assert!(geofence.is_within(nearest + 1e-3, point));
            prop_assert!(nearest < 25.0 || !geofence.is_within(nearest - 20.0, point));
        }
    }

    /// Many edges, so that most are passed over by their latitude or longitude.
    #[test]
    fn of_many_edges_none_that_is_near_is_passed_over(
        reaches in prop::collection::vec(0.02..0.2_f64, 8..60),
        (bearing, share) in (0.0..6.3_f64, 0.0..1.5_f64),
        west in prop_oneof![Just(0.0), Just(179.9), Just(-180.0), -180.0..179.0_f64],
        south in prop_oneof![Just(0.0), Just(89.7), -89.7..89.7_f64],
        metres in prop_oneof![1.0..500.0_f64, 500.0..30_000.0_f64],
    ) {
        let count = reaches.len() as f64;
        let corner = |(number, reach): (usize, &f64)| {
            let turn = std::f64::consts::TAU * number as f64 / count;
            [west + reach * turn.cos(), south + reach * turn.sin()]
        };
        let mut ring: Vec<Position> = reaches.iter().enumerate().map(corner).collect();
        ring.push(ring[0]);
        let area = Area::polygon(vec![ring]);
        prop_assume!(area.is_ok());
        let prepared = Prepared::of(&area.unwrap());
        let longitude = west + 0.2 * share * bearing.cos();
        let latitude = (south + 0.2 * share * bearing.sin()).clamp(-90.0, 90.0);
        let point = at(latitude, (longitude + 180.0).rem_euclid(360.0) - 180.0);
        let mut edges = prepared.edges_between([-90.0, 90.0]);
        let comes_near = edges.any(|[from, to]| comes_within(*from, *to, metres, point));
        let fence = Fence::Area(&prepared);
        let holds = prepared.contains(point);
        prop_assert_eq!(fence.is_within(metres, point), holds || comes_near);
        prop_assert_eq!(fence.holds_all_within(metres, point), holds && !comes_near);
    }
}
