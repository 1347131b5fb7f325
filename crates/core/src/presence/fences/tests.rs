//! Traces of fixes along the equator that can be read, and random ones against a model that looks at the
//! whole trace anew for each moment.

use proptest::prelude::*;

use super::*;
use crate::{
    event::{Event, EventBody, Sighting},
    experience::Direction,
    geo::{Area, Geofence, distance_m},
    id::{BeaconId, PlaceId, ZoneId},
    limits::{BEACON_EXIT_MS, CONFIRM_MS},
    presence::{
        Occurrence, PresenceConfig, due_at, observe,
        traces::{DEGREE_M, SECOND, at, event, fix, fix_on, walk},
    },
    samples::{beacon, circle, id, identity, place, zone},
};

/// Place 1 with a radius of 100 metres.
fn world(presence: Option<PresenceConfig>) -> World {
    let mut one = place(1, Some(circle(0.0, 100.0)));
    one.config.presence = presence;
    let mut world = World::default();
    world.put_place(one);
    world
}

#[test]
fn a_fix_that_is_clear_counts_at_once() {
    let events = [fix(1, 0.0, 8.0), fix(2, 150.0, 8.0)];
    assert_eq!(walk(&world(None), &events), ["1+1", "2-1"]);
}

#[test]
fn one_whose_error_circle_lies_across_the_border_has_to_be_confirmed() {
    let world = world(None);
    let vague = |seconds| fix(seconds, 95.0, 10.0);
    assert_eq!(walk(&world, &[vague(0), vague(9)]), [""; 0]);
    assert_eq!(walk(&world, &[vague(0), vague(9), vague(10)]), ["10+1"]);
    assert_eq!(walk(&world, &[vague(0), vague(3_600)]), ["3600+1"]);
    let leaves = |seconds| fix(seconds, 125.0, 10.0);
    let events = [fix(0, 0.0, 10.0), leaves(60), leaves(69), leaves(70)];
    assert_eq!(walk(&world, &events), ["0+1", "70-1"]);
}

#[test]
fn a_fix_that_says_otherwise_begins_the_confirmation_anew() {
    let events = [(0, 95.0), (5, 105.0), (7, 95.0), (16, 95.0), (17, 95.0)];
    let events = events.map(|(seconds, east_m)| fix(seconds, east_m, 10.0));
    assert_eq!(walk(&world(None), &events), ["17+1"]);
}

#[test]
fn whoever_is_in_stays_in_within_the_margin_and_within_the_error() {
    let inside = fix(0, 0.0, 5.0);
    let lingers = |east_m: f64, accuracy_m: f32| {
        let fixes = (1..60).map(|minute| fix(60 * minute, east_m, accuracy_m));
        let events: Vec<Event> = [inside.clone()].into_iter().chain(fixes).collect();
        walk(&world(None), &events)
    };
    assert_eq!(lingers(119.0, 5.0), ["0+1"]);
    assert_eq!(lingers(121.0, 5.0), ["0+1", "120-1"]);
    assert_eq!(lingers(126.0, 5.0), ["0+1", "60-1"]);
    // Fixes that may be wrong by 60 metres make the margin as wide.
    assert_eq!(lingers(159.0, 60.0), ["0+1"]);
    assert_eq!(lingers(161.0, 60.0), ["0+1", "120-1"]);
    assert_eq!(lingers(221.0, 60.0), ["0+1", "60-1"]);
}

#[test]
fn a_fix_too_vague_to_say_anything_neither_settles_nor_unsettles() {
    let world = world(None);
    let events = [fix(0, 0.0, 5.0), fix(1, 50_000.0, 201.0), fix(60, 0.0, 5.0)];
    assert_eq!(walk(&world, &events), ["0+1"]);
    let events = [fix(0, 95.0, 10.0), fix(5, 0.0, 500.0), fix(10, 95.0, 10.0)];
    assert_eq!(walk(&world, &events), ["10+1"]);
    let only_vague = [fix(0, 0.0, 500.0), fix(60, 0.0, 500.0)];
    assert_eq!(walk(&world, &only_vague), [""; 0]);
}

#[test]
fn a_device_that_tells_no_accuracy_is_taken_at_its_word() {
    let mut events = [(0, 99.9), (1, 121.0), (2, 100.1)].map(|(s, east_m)| fix(s, east_m, 1.0));
    for event in &mut events {
        if let EventBody::Location(fix) = &mut event.body {
            fix.accuracy_m = None;
        }
    }
    assert_eq!(walk(&world(None), &events), ["0+1", "1-1"]);
}

#[test]
fn a_place_has_its_own_ways_and_its_zones_share_them() {
    let mut world = world(Some(PresenceConfig {
        exit_margin_m: Some(0.0),
        confirm_ms: Some(0),
        accuracy_max_m: Some(10.0),
        beacon_exit_ms: Some(5 * SECOND),
        path_crossing_ms: None,
    }));
    world.put_zone(zone(2, Some(circle(0.0, 50.0))));
    world.put_beacon(beacon(3, Some(2)));
    world.put_beacon(beacon(4, None));
    let events = [fix(0, 49.0, 5.0), fix(1, 56.0, 5.0), fix(2, 0.0, 10.1)];
    assert_eq!(walk(&world, &events), ["0+1", "0+2", "1-2"]);
    let mut presence = Presence::default();
    for (number, left_ms) in [(4, BEACON_EXIT_MS), (3, 5 * SECOND)] {
        let sighting = Sighting {
            identity: identity(number),
            rssi_dbm: None,
            proximity: None,
            battery_percent: None,
        };
        let seen = event(0, EventBody::Sightings(vec![sighting]));
        observe(&mut presence, &world, &seen, &mut Vec::new());
        assert_eq!(due_at(&presence), Some(left_ms));
    }
    assert_eq!(presence.beacons[0].0, id::<BeaconId>(3));
}

#[test]
fn a_zone_is_on_one_floor() {
    let mut world = world(None);
    let mut upstairs = zone(2, Some(circle(0.0, 50.0)));
    upstairs.config.floor_number = 1;
    world.put_zone(upstairs);
    let on = |seconds, floor| fix_on(seconds, 0.0, 5.0, floor);
    assert_eq!(walk(&world, &[on(0, Some(0)), on(60, Some(0))]), ["0+1"]);
    assert_eq!(walk(&world, &[on(0, None)]), ["0+1", "0+2"]);
    // A fix on another floor may be wrong about it; several are believed.
    let climbs = [
        on(0, Some(1)),
        on(10, Some(2)),
        on(20, Some(1)),
        on(30, Some(0)),
        on(40, Some(0)),
    ];
    assert_eq!(walk(&world, &climbs), ["0+1", "0+2", "40-2"]);
}

#[test]
fn a_geofence_taken_away_is_left_at_the_next_fix() {
    let mut world = world(None);
    let mut presence = Presence::default();
    let mut occurred = Vec::new();
    observe(&mut presence, &world, &fix(0, 0.0, 5.0), &mut occurred);
    world.put_place(place(1, None));
    observe(&mut presence, &world, &fix(1, 0.0, 5.0), &mut occurred);
    let exit = occurred.last().and_then(Occurrence::crossing);
    assert_eq!(exit.map(|(direction, _)| direction), Some(Direction::Exit));
    assert_eq!((presence.fences, presence.doubts), (vec![], vec![]));
}

/// Where a fix lies to a border, as the guide says it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Lies {
    SurelyIn,
    In,
    Near,
    Out,
    SurelyOut,
    Nowhere,
}

/// The fences of the model: two circles, one in the other, and one that overlaps both; and a square
/// whose sides run along the meridians, so that its distance is that to a side.
const CIRCLES: [(f64, f64); 3] = [(0.0, 100.0), (0.0, 40.0), (120.0, 60.0)];
const SQUARE: (f64, f64) = (200.0, 50.0);

/// Metres outside the border of each.
fn gaps(east_m: f64) -> [f64; 4] {
    let circle_gap =
        |(center_m, radius_m): (f64, f64)| distance_m(at(center_m), at(east_m)) - radius_m;
    let [first, second, third] = CIRCLES.map(circle_gap);
    let to_side = |side: f64| distance_m(at(SQUARE.0 + side), at(east_m));
    let nearest = to_side(SQUARE.1).min(to_side(-SQUARE.1));
    let is_in = (east_m - SQUARE.0).abs() <= SQUARE.1;
    [first, second, third, if is_in { -nearest } else { nearest }]
}

fn lies(gap_m: f64, accuracy_m: f64) -> Lies {
    let margin_m = accuracy_m.max(20.0);
    match gap_m {
        _ if accuracy_m > 200.0 => Lies::Nowhere,
        gap if gap <= -accuracy_m => Lies::SurelyIn,
        gap if gap <= 0.0 => Lies::In,
        gap if gap <= margin_m => Lies::Near,
        gap if gap <= margin_m + accuracy_m => Lies::Out,
        _ => Lies::SurelyOut,
    }
}

/// Whether a trace ends inside: as the newest fix says that is sure, or that is the last of a run which
/// agrees for long enough.
fn ends_inside(trace: &[(i64, Lies)]) -> bool {
    let settles = |index: usize| {
        let (at_ms, lies) = trace[index];
        let (is_in, sides) = match lies {
            Lies::SurelyIn => return Some(true),
            Lies::SurelyOut => return Some(false),
            Lies::In => (true, [Lies::In, Lies::SurelyIn, Lies::Nowhere]),
            Lies::Out => (false, [Lies::Out, Lies::SurelyOut, Lies::Nowhere]),
            Lies::Near | Lies::Nowhere => return None,
        };
        let run = trace[..index].iter().rev();
        let mut agreeing = run.take_while(|(_, lies)| sides.contains(lies));
        let has_begun =
            agreeing.any(|(began, lies)| *lies != Lies::Nowhere && at_ms - began >= CONFIRM_MS);
        has_begun.then_some(is_in)
    };
    (0..trace.len()).rev().find_map(settles).unwrap_or(false)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn after_each_fix_the_state_is_what_the_model_says(
        trace in prop::collection::vec(
            (
                0..12_i64,
                prop_oneof![-150.0..300.0_f64, 60.0..180.0_f64],
                prop::sample::select(&[0.0_f32, 3.0, 10.0, 10.0, 30.0, 80.0, 250.0][..]),
            ),
            1..60,
        ),
    ) {
        let mut world = World::default();
        for (number, (center_m, radius_m)) in (1..).zip(CIRCLES) {
            world.put_place(place(number, Some(circle(center_m / DEGREE_M, radius_m))));
        }
        let [west, east] = [-1.0, 1.0].map(|side| (SQUARE.0 + side * SQUARE.1) / DEGREE_M);
        let ring = vec![[west, -1.0], [east, -1.0], [east, 1.0], [west, 1.0], [west, -1.0]];
        let mut square = place(4, None);
        square.config.geofence = Some(Geofence::from(Area::polygon(vec![ring]).unwrap()));
        world.put_place(square);
        let mut presence = Presence::default();
        let mut traces: [Vec<(i64, Lies)>; 4] = Default::default();
        let mut seconds = 0;
        for (pause, east_m, accuracy_m) in trace {
            seconds += pause;
            let gaps = gaps(east_m);
            let sides = gaps.map(|gap_m| lies(gap_m, accuracy_m.into()));
            // Where rounding decides, either answer is right.
            let margin_m = f64::from(accuracy_m).max(20.0);
            let turns = [-f64::from(accuracy_m), 0.0, margin_m, margin_m + f64::from(accuracy_m)];
            prop_assume!(gaps.iter().all(|gap| turns.iter().all(|turn| (gap - turn).abs() > 1e-3)));
            observe(&mut presence, &world, &fix(seconds, east_m, accuracy_m), &mut Vec::new());
            for ((number, trace), lies) in (1..).zip(&mut traces).zip(sides) {
                trace.push((seconds * SECOND, lies));
                let target = Target::Place(id::<PlaceId>(number));
                prop_assert_eq!(
                    presence.fences.contains(&target), ends_inside(trace), "place {}: {:?}", number, trace
                );
            }
            prop_assert!(presence.fences.is_sorted() && presence.doubts.is_sorted());
        }
    }
}

#[test]
fn a_zone_without_a_place_has_the_usual_rules() {
    let mut world = World::default();
    world.put_zone(zone(2, None));
    let usual = PresenceConfig::default().rules();
    assert_eq!(world.rules(Target::Zone(id::<ZoneId>(2))), usual);
}
