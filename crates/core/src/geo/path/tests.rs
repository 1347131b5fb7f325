//! Passages against points all along the path.

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::geo::{
    Area, Circle, Geofence,
    area::{Position, Prepared},
    distance_m,
};

/// Points looked at along a path.
const SAMPLES: u32 = 12_000;
/// Share of a path that may be overlooked: a piece between two points looked at.
const OVERLOOKED: f64 = 2.0 / 4_096.0;

fn at(latitude: f64, longitude: f64) -> LatLon {
    LatLon::new(latitude, longitude).unwrap()
}

/// A geofence and how far it reaches.
#[derive(Debug, Clone)]
struct Case {
    geofence: Geofence,
    path: Path,
}

impl Case {
    /// Asks the fence as the index has it.
    fn passage(&self, errors_m: [f64; 2]) -> Option<Passage> {
        self.with_fence(|fence| fence.passage(&self.path, errors_m))
    }

    fn with_fence<T>(&self, ask: impl FnOnce(Fence<'_>) -> T) -> T {
        match &self.geofence {
            Geofence::Circle(circle) => ask(Fence::Circle(circle)),
            Geofence::Area(area) => ask(Fence::Area(&Prepared::of(area))),
        }
    }

    /// The runs of points in a row for which something holds, in shares of the path.
    fn runs(&self, holds: impl Fn(f64, LatLon) -> bool) -> Vec<[f64; 2]> {
        let mut runs: Vec<[f64; 2]> = Vec::new();
        let mut before = false;
        for sample in 0..=SAMPLES {
            let share = f64::from(sample) / f64::from(SAMPLES);
            let now = holds(share, self.path.at(share));
            match runs.last_mut() {
                Some(run) if now && before => run[1] = share,
                _ if now => runs.push([share, share]),
                _ => {}
            }
            before = now;
        }
        runs
    }
}

fn away(from: LatLon, bearing: f64, metres: f64) -> LatLon {
    let (latitude, longitude): (f64, f64) =
        WGS84.direct(from.latitude, from.longitude, bearing, metres);
    at(latitude, longitude)
}

fn any_center() -> impl Strategy<Value = LatLon> {
    let latitude = prop_oneof![
        -80.0..80.0,
        Just(90.0),
        Just(-89.99),
        89.9..90.0,
        -90.0..-89.9,
        Just(0.0),
    ];
    let longitude = prop_oneof![-180.0..180.0, Just(180.0), 179.99..180.0, -180.0..-179.99];
    (latitude, longitude).prop_map(|(latitude, longitude)| at(latitude, longitude))
}

/// A circle, or a star with corners at many distances.
fn any_geofence(center: LatLon, reach_m: f64) -> impl Strategy<Value = Geofence> {
    let circle = Just(Geofence::from(Circle::new(center, reach_m).unwrap()));
    let star =
        vec((0.2..1.0_f64, 0.0..1.0_f64), 3..9).prop_filter_map("not simple", move |corners| {
            let step = 360.0 / corners.len() as f64;
            let corner = |(number, (share, turn)): (usize, &(f64, f64))| -> Position {
                let at = away(center, (number as f64 + turn) * step, share * reach_m);
                [at.longitude, at.latitude]
            };
            let mut ring: Vec<Position> = corners.iter().enumerate().map(corner).collect();
            ring.push(ring[0]);
            Area::polygon(vec![ring]).ok().map(Geofence::from)
        });
    prop_oneof![circle, star]
}

fn any_case() -> impl Strategy<Value = Case> {
    let ends = (
        (0.0..360.0_f64, 0.0..3.0_f64),
        (0.0..360.0_f64, 0.0..3.0_f64),
    );
    (any_center(), 1.0..9.0_f64, ends).prop_flat_map(|(center, log_reach, ends)| {
        let reach_m = log_reach.exp();
        let [from, to] =
            [ends.0, ends.1].map(|(bearing, share)| away(center, bearing, share * reach_m));
        any_geofence(center, reach_m).prop_map(move |geofence| Case {
            geofence,
            path: Path::between(from, to),
        })
    })
}

#[test]
fn a_path_is_the_shortest_way_from_end_to_end() {
    let ends = [
        [at(40.0, -3.0), at(40.1, -3.2)],
        [at(10.0, 179.99), at(10.2, -179.98)],
        [at(89.99, 10.0), at(89.98, -170.0)],
    ];
    for [from, to] in ends {
        let path = Path::between(from, to);
        assert!((path.length_m() - distance_m(from, to)).abs() < 1e-9);
        for share in [0.0, 0.25, 0.5, 1.0] {
            let point = path.at(share);
            let parts = [distance_m(from, point), distance_m(point, to)];
            assert!(
                (parts[0] - share * path.length_m()).abs() < 1e-6,
                "{parts:?}"
            );
            assert!(
                (parts[0] + parts[1] - path.length_m()).abs() < 1e-6,
                "{parts:?}"
            );
        }
    }
}

#[test]
fn who_stays_where_he_is_goes_nowhere() {
    let here = at(40.0, -3.0);
    let circle = Geofence::from(Circle::new(here, 10.0).unwrap());
    let path = Path::between(here, here);
    let case = Case {
        geofence: circle,
        path,
    };
    assert_eq!(
        case.passage([0.0, 9.9]),
        Some(Passage {
            enters: 0.0,
            leaves: 1.0
        })
    );
    assert_eq!(case.passage([10.1, 10.1]), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn exact_ends_pass_where_the_points_between_are_inside(case in any_case()) {
        let runs = case.runs(|_, point| case.geofence.contains(point));
        let long = runs.iter().find(|[from, to]| to - from > OVERLOOKED);
        let Some(passage) = case.passage([0.0, 0.0]) else {
            prop_assert_eq!(long, None, "{:?}", case);
            return Ok(());
        };
        prop_assert!(0.0 <= passage.enters && passage.enters <= passage.leaves && passage.leaves <= 1.0);
        // It is one of the runs, or one too short to be met by a sample.
        let is_it = |[from, to]: &&[f64; 2]| {
            (from - passage.enters).abs() <= OVERLOOKED && (to - passage.leaves).abs() <= OVERLOOKED
        };
        let is_short = passage.leaves - passage.enters <= OVERLOOKED;
        // Two runs a hair apart may be told as one.
        let outside = case.runs(|_, point| !case.geofence.contains(point));
        let gap = |[from, to]: &[f64; 2]| {
            *from > passage.enters + OVERLOOKED && *to < passage.leaves - OVERLOOKED && to - from > OVERLOOKED
        };
        prop_assert!(
            runs.iter().any(|run| is_it(&run)) || is_short || (outside.len() > 2 && !outside.iter().any(gap)),
            "{:?} is none of {:?} of {:?}", passage, runs, case
        );
        prop_assert!(!outside.iter().any(gap), "{:?} goes out between: {:?}", passage, outside);
    }

    #[test]
    fn with_errors_some_point_has_its_whole_circle_inside(
        case in any_case(),
        shares in (0.0..1.0_f64, 0.0..1.0_f64),
    ) {
        let reach_m = case.path.length_m().max(10.0);
        let errors_m = [shares.0 * 0.3 * reach_m, shares.1 * 0.3 * reach_m];
        let error_m = |share: f64| errors_m[0] + share * (errors_m[1] - errors_m[0]);
        let (passage, sure, nearly) = case.with_fence(|fence| {
            let sure = case.runs(|share, point| fence.holds_circle(error_m(share), point));
            let slack_m = OVERLOOKED * reach_m;
            let nearly = case.runs(|share, point| {
                let least_m = error_m(share) - slack_m;
                if least_m > 0.0 { fence.holds_circle(least_m, point) } else { fence.is_within(-least_m, point) }
            });
            (fence.passage(&case.path, errors_m), sure, nearly)
        });
        match passage {
            Some(_) => prop_assert!(!nearly.is_empty(), "{:?} {:?}", passage, case),
            None => prop_assert!(!sure.iter().any(|[from, to]| to - from > OVERLOOKED), "{:?} {:?}", sure, case),
        }
    }
}
