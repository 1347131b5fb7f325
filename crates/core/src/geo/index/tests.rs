//! The index against a scan of all geofences.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::geo::{Area, Circle, distance_m, grid::LEVELS};

fn at(latitude: f64, longitude: f64) -> LatLon {
    LatLon::new(latitude, longitude).unwrap()
}

fn circle(latitude: f64, longitude: f64, radius_m: f64) -> Circle {
    Circle::new(at(latitude, longitude), radius_m).unwrap()
}

fn found(index: &FenceIndex<u16>, point: LatLon) -> Vec<u16> {
    let mut keys = Vec::new();
    index.containing(point, |key| keys.push(key));
    keys.sort_unstable();
    keys
}

/// Positions anywhere, and many where things go wrong: poles, antimeridian, edges of cells.
fn any_position() -> impl Strategy<Value = LatLon> {
    let latitude = prop_oneof![
        -90.0..=90.0,
        89.0..=90.0,
        -90.0..=-89.0,
        -0.5..=0.5,
        40.0..=40.5,
        Just(90.0),
        Just(-90.0),
        Just(0.0),
    ];
    let longitude = prop_oneof![
        -180.0..=180.0,
        179.5..=180.0,
        -180.0..=-179.5,
        -0.5..=0.5,
        Just(180.0),
        Just(-180.0),
        Just(0.0),
    ];
    (latitude, longitude).prop_map(|(latitude, longitude)| at(latitude, longitude))
}

fn any_circle() -> impl Strategy<Value = Circle> {
    let radius_m = prop_oneof![
        1.0..=100.0_f64,
        100.0..=5_000.0_f64,
        5_000.0..=100_000.0_f64,
        Just(1.0),
        Just(100_000.0),
    ];
    (any_position(), radius_m).prop_map(|(center, radius_m)| Circle::new(center, radius_m).unwrap())
}

/// A triangle or a pair of them, from a few metres to half the globe, wherever it fits.
fn any_area() -> impl Strategy<Value = Geofence> {
    let size = prop_oneof![1e-4..1e-2_f64, 1e-2..2.0_f64, 2.0..80.0_f64];
    let shares = (0.1..1.0_f64, 0.1..1.0_f64);
    (any_position(), size, shares, any::<bool>()).prop_map(|(at, size, (a, b), twice)| {
        let (x, y) = (at.longitude(), at.latitude());
        let north = (y + size * a).min(90.0);
        let south = (y - size * b).max(-90.0);
        let triangle = |x: f64| {
            let east = x + size;
            vec![vec![
                [x, south],
                [east, y],
                [x + size * b, north],
                [x, south],
            ]]
        };
        let mut polygons = vec![triangle(x)];
        if twice {
            let beside = if x > 0.0 { -1.5 } else { 1.5 };
            polygons.push(triangle(x + size * beside));
        }
        Area::multi_polygon(polygons).unwrap().into()
    })
}

fn any_geofence() -> impl Strategy<Value = Geofence> {
    prop_oneof![any_circle().prop_map(Geofence::from), any_area()]
}

/// A point in the middle of a geofence, more or less, or on its border.
fn within(geofence: &Geofence, bearing: f64, share: f64) -> LatLon {
    match geofence {
        Geofence::Circle(circle) => near(circle, bearing, share),
        Geofence::Area(area) => {
            let ring = &area.polygons()[0][0];
            let [from, to] = [ring[1], ring[2]];
            let mid = [
                from[0] + (to[0] - from[0]) * share.min(1.0),
                from[1] + (to[1] - from[1]) * share.min(1.0),
            ];
            at(mid[1], (mid[0] + 540.0).rem_euclid(360.0) - 180.0)
        }
    }
}

/// A point at about `share` of the radius from the centre of the circle, in some direction.
fn near(circle: &Circle, bearing: f64, share: f64) -> LatLon {
    let north = circle.radius_m() * share * bearing.cos() / 111_000.0;
    let latitude = (circle.center().latitude() + north).clamp(-90.0, 90.0);
    let east = circle.radius_m() * share * bearing.sin() / 111_000.0;
    let width = latitude.to_radians().cos().max(1e-6);
    let longitude = circle.center().longitude() + (east / width).clamp(-180.0, 180.0);
    at(latitude, (longitude + 540.0).rem_euclid(360.0) - 180.0)
}

#[derive(Debug, Clone)]
enum Step {
    Insert(u16, Geofence),
    Remove(u16),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..40_u16, any_geofence()).prop_map(|(key, geofence)| Step::Insert(key, geofence)),
        1 => (0..40_u16).prop_map(Step::Remove),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_index_finds_what_a_scan_finds(
        steps in vec(any_step(), 1..120),
        points in vec(any_position(), 1..20),
        shares in vec((0.0..std::f64::consts::TAU, 0.0..1.5), 1..8),
    ) {
        let mut index = FenceIndex::default();
        let mut model = BTreeMap::new();
        for step in steps {
            match step {
                Step::Insert(key, geofence) => {
                    index.insert(key, &geofence);
                    model.insert(key, geofence);
                }
                Step::Remove(key) => {
                    prop_assert_eq!(index.remove(key), model.remove(&key).is_some());
                }
            }
        }
        prop_assert_eq!(index.len(), model.len());
        let around = model.values().flat_map(|geofence| {
            shares.iter().map(|(bearing, share)| within(geofence, *bearing, *share))
        });
        for point in points.iter().copied().chain(around) {
            let expected: Vec<u16> = model
                .iter()
                .filter(|(_, geofence)| geofence.contains(point))
                .map(|(key, _)| *key)
                .collect();
            prop_assert_eq!(found(&index, point), expected, "{:?}", point);
        }
        for ends in points.windows(2).take(3) {
            // Paths as long as people go in minutes, and from anywhere.
            let whole = Path::between(ends[0], ends[1]);
            let share = (60_000.0 / whole.length_m()).min(1.0);
            let path = Path::between(ends[0], whole.at(share));
            let mut near = BTreeSet::new();
            index.near_path(&path, |key| {
                near.insert(key);
            });
            for step in 0..=20 {
                let point = path.at(f64::from(step) / 20.0);
                let met = model.iter().filter(|(_, geofence)| geofence.contains(point));
                for (key, geofence) in met {
                    prop_assert!(near.contains(key), "{:?} of {:?} meets {:?}", point, path, geofence);
                }
            }
        }
        for key in model.keys() {
            prop_assert!(index.remove(*key));
        }
        prop_assert!(index.is_empty());
        prop_assert!(index.circles.cells.is_empty(), "a removed fence leaves no cell behind");
        prop_assert!(index.areas.cells.is_empty(), "a removed fence leaves no cell behind");
        prop_assert_eq!(index.circles.level_fences, [0; LEVELS]);
        prop_assert_eq!(index.areas.level_areas, [0; LEVELS]);
    }

    #[test]
    fn the_border_is_inside_and_the_next_number_is_not(
        center in any_position(),
        bearing in 0.0..std::f64::consts::TAU,
        metres in 10.0..90_000.0_f64,
    ) {
        let rough = Circle::new(center, metres).unwrap();
        let point = near(&rough, bearing, 1.0);
        let exact_m = distance_m(center, point);
        prop_assume!((2.0..100_000.0).contains(&exact_m));
        let mut index = FenceIndex::default();
        index.insert(1, &Circle::new(center, exact_m).unwrap().into());
        index.insert(2, &Circle::new(center, exact_m.next_down()).unwrap().into());
        prop_assert_eq!(found(&index, point), vec![1]);
    }
}

#[test]
fn fences_reach_over_the_antimeridian_and_the_poles() {
    let mut index = FenceIndex::default();
    index.insert(1, &circle(-17.0, 179.95, 20_000.0).into());
    index.insert(2, &circle(89.99, 0.0, 5_000.0).into());
    index.insert(3, &circle(-90.0, 0.0, 100.0).into());
    assert_eq!(found(&index, at(-17.0, -179.95)), [1]);
    assert_eq!(found(&index, at(-17.0, 180.0)), [1]);
    assert_eq!(found(&index, at(-17.0, -180.0)), [1]);
    assert!(found(&index, at(-17.0, -179.8)).is_empty());
    assert_eq!(found(&index, at(89.99, 180.0)), [2]);
    assert_eq!(found(&index, at(90.0, 77.0)), [2]);
    assert!(found(&index, at(89.9, 180.0)).is_empty());
    assert_eq!(found(&index, at(-90.0, -123.0)), [3]);
}

#[test]
fn no_fence_fills_more_than_a_few_cells() {
    for radius_m in [
        1.0, 140.0, 150.0, 160.0, 600.0, 10_000.0, 99_999.0, 100_000.0,
    ] {
        for latitude in [0.0, 45.001, -70.0, 85.0] {
            let mut index = FenceIndex::default();
            index.insert(1, &circle(latitude, 179.999, radius_m).into());
            assert!(
                index.circles.cells.len() <= 12,
                "{radius_m} m at {latitude}"
            );
        }
        let mut index = FenceIndex::default();
        index.insert(1, &circle(89.999, 0.0, radius_m).into());
        assert!(index.circles.cells.len() <= 24, "{radius_m} m at the pole");
    }
}

#[test]
fn an_area_fills_few_cells_whatever_its_size() {
    for size in [1e-4, 0.01, 0.3, 2.0, 10.0] {
        let (west, south) = (179.5, 40.001);
        let ring = vec![
            [west, south],
            [west + size, south],
            [west + size, south + size],
            [west, south],
        ];
        let mut index = FenceIndex::default();
        index.insert(1, &Area::polygon(vec![ring]).unwrap().into());
        assert!(index.areas.cells.len() <= 32, "{size}");
        let point = at(
            south + size * 0.1,
            west + size * 0.2 - if size > 2.0 { 360.0 } else { 0.0 },
        );
        assert_eq!(found(&index, point), [1], "{size}");
    }
    let world = vec![vec![
        [-180.0, -90.0],
        [180.0, -90.0],
        [180.0, 90.0],
        [-180.0, 90.0],
        [-180.0, -90.0],
    ]];
    let mut index = FenceIndex::default();
    index.insert(1, &Area::polygon(world).unwrap().into());
    assert!(index.areas.cells.len() <= 6_000);
    assert_eq!(found(&index, at(12.0, 34.0)), [1]);
}

#[test]
fn a_fence_may_change_its_shape() {
    let mut index = FenceIndex::default();
    let ring = vec![[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]];
    let area: Geofence = Area::polygon(vec![ring]).unwrap().into();
    for _ in 0..2 {
        index.insert(1, &circle(0.0, 0.0, 100.0).into());
        assert_eq!((found(&index, at(0.2, 0.2)), index.len()), (vec![], 1));
        index.insert(1, &area);
        assert_eq!((found(&index, at(0.2, 0.2)), index.len()), (vec![1], 1));
        assert!(found(&index, at(-0.0001, 0.0)).is_empty());
    }
    assert!(index.remove(1) && !index.remove(1));
}
