//! No geofence that meets a box is missed, and few cells are looked at.

use proptest::prelude::*;

use super::*;
use crate::geo::LatLon;

fn any_bounds() -> impl Strategy<Value = Bounds> {
    let share = || {
        prop_oneof![
            0.0..1e-4_f64,
            0.0..0.01_f64,
            0.0..1.0_f64,
            Just(0.0),
            Just(1.0)
        ]
    };
    let corner = (-180.0..=180.0_f64, -90.0..=90.0_f64);
    (corner, share(), share()).prop_map(|((west, south), wide, high)| {
        let north = (south + high * (90.0 - south)).min(90.0);
        let east = west + wide * 360.0;
        let east = if east > 180.0 { east - 360.0 } else { east };
        let at = |latitude, longitude: f64| {
            LatLon::new(latitude, longitude.clamp(-180.0, 180.0)).unwrap()
        };
        Bounds::new(at(south, west), at(north, east)).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn what_meets_a_box_is_in_its_intervals(region in any_bounds(), other in any_bounds()) {
        let intervals = intervals(&region);
        prop_assert!(intervals.len() <= 54, "{}", intervals.len());
        prop_assert!(intervals.windows(2).all(|pair| pair[0][1] < pair[1][0]));
        if region.meets(&other) {
            let cell = cell_of(&other);
            let found = intervals.iter().any(|[first, last]| (*first..=*last).contains(&cell));
            prop_assert!(found, "{region:?} {other:?} {cell:x}");
        }
    }
}
