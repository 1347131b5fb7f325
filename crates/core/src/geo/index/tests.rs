//! The index against a scan of all fences.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Points where a grid goes wrong first: poles, the antimeridian, the equator, and anywhere.
fn point() -> impl Strategy<Value = LatLon> {
    let latitude = prop_oneof![
        3 => -90.0..=90.0,
        1 => 89.0..=90.0,
        1 => -90.0..=-89.0,
        1 => Just(90.0),
        1 => Just(0.0),
        2 => 40.0..40.2,
    ];
    let longitude = prop_oneof![
        3 => -180.0..=180.0,
        2 => 179.5..=180.0,
        2 => -180.0..=-179.5,
        1 => Just(180.0),
        1 => Just(-180.0),
        2 => -3.8..-3.6,
    ];
    (latitude, longitude)
        .prop_map(|(latitude, longitude)| LatLon::new(latitude, longitude).unwrap())
}

fn circle() -> impl Strategy<Value = Circle> {
    let radius_m = prop_oneof![1.0..200.0, 200.0..10_000.0, 10_000.0..=100_000.0];
    (point(), radius_m).prop_map(|(center, radius_m)| Circle::new(center, radius_m).unwrap())
}

#[derive(Debug, Clone)]
enum Change {
    Insert(u8, Circle),
    Remove(u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (0u8..40, circle()).prop_map(|(key, circle)| Change::Insert(key, circle)),
        1 => (0u8..40).prop_map(Change::Remove),
    ]
}

/// A point near a circle's border, where containment is decided.
fn near(circle: &Circle, bearing: f64, factor: f64) -> LatLon {
    let center = circle.center();
    let degrees = circle.radius_m() * factor / 111_320.0;
    let latitude = (center.latitude() + degrees * bearing.cos()).clamp(-90.0, 90.0);
    let scale = latitude.to_radians().cos().max(1e-3);
    let longitude = center.longitude() + degrees * bearing.sin() / scale;
    LatLon::new(latitude, (longitude + 540.0).rem_euclid(360.0) - 180.0).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_index_finds_what_a_scan_finds(
        changes in prop::collection::vec(change(), 1..60),
        anywhere in prop::collection::vec(point(), 20),
        bearings in prop::collection::vec((0.0..6.3, 0.9..1.1), 4),
    ) {
        let mut index = FenceIndex::default();
        let mut fences = BTreeMap::new();
        for change in changes {
            match change {
                Change::Insert(key, circle) => {
                    index.insert(key, circle);
                    fences.insert(key, circle);
                }
                Change::Remove(key) => {
                    prop_assert_eq!(index.remove(key), fences.remove(&key).is_some());
                }
            }
        }
        prop_assert_eq!(index.len(), fences.len());
        let mut points = anywhere;
        for circle in fences.values() {
            points.push(circle.center());
            points.extend(bearings.iter().map(|&(bearing, factor)| near(circle, bearing, factor)));
        }
        for at in points {
            let mut found = Vec::new();
            index.containing(at, |key| found.push(key));
            found.sort_unstable();
            let expected: Vec<u8> = fences
                .iter()
                .filter(|(_, circle)| circle.contains(at))
                .map(|(key, _)| *key)
                .collect();
            prop_assert_eq!(found, expected, "at {:?}", at);
        }
    }
}

#[test]
fn no_fence_fills_many_cells() {
    for latitude in [0.0, 45.0, 70.0, 85.0, 89.0, 89.99, 90.0] {
        for radius_m in [1.0, 50.0, 500.0, 5_000.0, 50_000.0, 100_000.0] {
            let circle = Circle::new(LatLon::new(latitude, 179.9).unwrap(), radius_m).unwrap();
            let cells = grid::cells_of(&circle).1.len();
            assert!(cells <= 40, "{cells} cells at {latitude} with {radius_m} m");
        }
    }
}

#[test]
fn an_emptied_index_holds_nothing() {
    let mut index = FenceIndex::default();
    for key in 0..100u32 {
        let center = LatLon::new(f64::from(key) / 2.0, 0.0).unwrap();
        index.insert(
            key,
            Circle::new(center, 100.0 * f64::from(key + 1)).unwrap(),
        );
    }
    for key in 0..100 {
        assert!(index.remove(key));
    }
    assert!(index.is_empty());
    assert!(index.levels.iter().all(HashMap::is_empty));
}
