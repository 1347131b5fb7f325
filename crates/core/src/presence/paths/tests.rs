//! Traces along the equator that can be read, and random ones against points all along each path.

use proptest::prelude::*;

use super::*;
use crate::{
    campaign::repeat::Repeat,
    event::{Event, EventBody, Sighting},
    experience::Trigger,
    geo::{Area, Geofence, distance_m},
    id::PlaceId,
    presence::{
        Crossing, PresenceConfig, observe,
        traces::{DEGREE_M, SECOND, event, fix, fix_on, walk},
    },
    samples::{beacon, campaign, circle, experience, id, identity, place, zone},
};

fn looking_back(path_crossing_ms: i64) -> Option<PresenceConfig> {
    Some(PresenceConfig {
        path_crossing_ms: Some(path_crossing_ms),
        ..PresenceConfig::default()
    })
}

/// Place 1 with a radius of 100 metres, which looks a minute back.
fn world() -> World {
    let mut one = place(1, Some(circle(0.0, 100.0)));
    one.config.presence = looking_back(60 * SECOND);
    let mut world = World::default();
    world.put_place(one);
    world
}

#[test]
fn who_drives_through_between_two_fixes_enters_and_leaves_on_the_way() {
    let events = [fix(0, -300.0, 10.0), fix(60, 300.0, 10.0)];
    assert_eq!(walk(&world(), &events), ["20+1", "40-1"]);
    let mut silent = world();
    let mut usual = place(1, Some(circle(0.0, 100.0)));
    silent.put_place(usual.clone());
    assert!(walk(&silent, &events).is_empty(), "nobody asked for it");
    usual.config.presence = looking_back(0);
    silent.put_place(usual);
    assert!(walk(&silent, &events).is_empty(), "nobody asked for it");
}

#[test]
fn a_path_too_long_too_fast_or_too_vague_says_nothing() {
    let world = world();
    let none: [&[Event]; 6] = [
        &[fix(0, -300.0, 10.0), fix(61, 300.0, 10.0)],
        // 600 metres at 101 metres a second.
        &[fix(0, -303.0, 10.0), fix(6, 303.0, 10.0)],
        &[fix(0, -300.0, 10.0), fix(0, 300.0, 10.0)],
        &[fix(0, -400.0, 101.0), fix(30, 400.0, 101.0)],
        &[fix(0, -300.0, 250.0), fix(30, 300.0, 5.0)],
        &[fix(30, 300.0, 5.0)],
    ];
    for events in none {
        assert!(walk(&world, events).is_empty(), "{events:?}");
    }
    let events = [fix(0, -297.0, 10.0), fix(6, 297.0, 10.0)];
    assert_eq!(walk(&world, &events), ["1.99+1", "4.01-1"]);
    // Errors in between are as those at the ends: 99 metres fit in the middle.
    let events = [fix(0, -600.0, 49.0), fix(30, 600.0, 149.0)];
    assert_eq!(walk(&world, &events).len(), 2);
}

#[test]
fn a_fix_that_says_nothing_is_no_end_of_a_path_but_nothing_comes_about_before_it() {
    let events = [
        fix(0, -300.0, 10.0),
        fix(30, 9_000.0, 201.0),
        fix(60, 300.0, 10.0),
    ];
    assert_eq!(walk(&world(), &events), ["30+1", "40-1"]);
}

#[test]
fn whoever_ends_near_the_border_stays_in_until_fixes_say_otherwise() {
    // Within the margin; then far off.
    let events = [
        fix(0, -300.0, 10.0),
        fix(42, 115.0, 10.0),
        fix(50, 300.0, 10.0),
    ];
    assert_eq!(walk(&world(), &events), ["20.241+1", "50-1"]);
    // Vaguely inside, after a way through the middle; without the path this takes another fix.
    let events = [fix(0, -300.0, 10.0), fix(40, 95.0, 10.0)];
    assert_eq!(walk(&world(), &events), ["20.253+1"]);
    // Beyond the margin, but not surely.
    let events = [
        fix(0, -300.0, 10.0),
        fix(42, 125.0, 10.0),
        fix(52, 125.0, 10.0),
    ];
    assert_eq!(walk(&world(), &events), ["19.765+1", "52-1"]);
    // Surely inside: this fix enters, and it has the time of this fix.
    let events = [
        fix(0, -300.0, 10.0),
        fix(40, 50.0, 10.0),
        fix(60, 300.0, 10.0),
    ];
    assert_eq!(walk(&world(), &events), ["40+1", "60-1"]);
}

#[test]
fn each_geofence_on_the_way_has_its_own_moments() {
    let mut world = world();
    for (number, east_m, radius_m) in [(2, 150.0, 100.0), (3, 1_000.0, 50.0), (4, -300.0, 20.0)] {
        let mut one = place(number, Some(circle(east_m / DEGREE_M, radius_m)));
        one.config.presence = looking_back(60 * SECOND);
        world.put_place(one);
    }
    let mut within = place(5, Some(circle(0.0, 50.0)));
    within.config.presence = None;
    world.put_place(within);
    world.put_zone(zone(2, Some(circle(0.0, 50.0))));
    // Zone 2 is of place 1 and does as it does; place 4 holds the first fix, place 5 did not ask.
    let events = [fix(0, -300.0, 1.0), fix(60, 1_200.0, 1.0)];
    assert_eq!(
        walk(&world, &events),
        [
            "0+4", "8+1", "10+2", "14+2", "14-2", "16-1", "22-2", "50+3", "54-3", "60-4"
        ]
    );
}

#[test]
fn a_stay_on_the_way_is_complete_at_its_moment() {
    let mut world = world();
    world.put_campaign(campaign());
    for (number, delay_ms) in [(1, 20 * SECOND), (2, 21 * SECOND)] {
        let mut one = experience(number, Repeat::Never);
        one.trigger = Trigger::EnterPlace {
            place_id: id::<PlaceId>(1),
            delay_ms: Some(delay_ms),
        };
        world.put_experience(one);
    }
    let events = [fix(0, -300.0, 10.0), fix(60, 300.0, 10.0)];
    assert_eq!(walk(&world, &events), ["20+1", "40=1", "40-1"]);
}

#[test]
fn nothing_comes_about_before_a_beacon_that_was_seen_meanwhile() {
    let mut world = world();
    world.put_beacon(beacon(3, None));
    let sighting = Sighting {
        identity: identity(3),
        rssi_dbm: None,
        proximity: None,
        battery_percent: None,
    };
    let seen = event(30 * SECOND, EventBody::Sightings(vec![sighting]));
    let events = [fix(0, -300.0, 10.0), seen, fix(60, 300.0, 10.0)];
    assert_eq!(walk(&world, &events), ["30+3", "30+1", "40-1", "60-3"]);
}

#[test]
fn a_zone_is_crossed_on_its_floor_only() {
    let mut world = world();
    let mut upstairs = zone(2, Some(circle(0.0, 50.0)));
    upstairs.config.floor_number = 1;
    world.put_zone(upstairs);
    let crossed = |floors: [Option<i16>; 2]| {
        let events = [
            fix_on(0, -300.0, 5.0, floors[0]),
            fix_on(60, 300.0, 5.0, floors[1]),
        ];
        walk(&world, &events)
            .iter()
            .filter(|words| words.ends_with('2'))
            .count()
    };
    assert_eq!(crossed([None, None]), 2);
    assert_eq!(crossed([Some(1), None]), 2);
    assert_eq!(crossed([Some(1), Some(0)]), 0);
    assert_eq!(crossed([Some(0), Some(1)]), 0);
}

#[test]
fn no_position_is_kept_where_no_place_looks_at_paths() {
    let mut world = world();
    let mut presence = Presence::default();
    let mut take = |world: &World, seconds| {
        observe(
            &mut presence,
            world,
            &fix(seconds, 0.0, 5.0),
            &mut Vec::new(),
        );
        presence.path_start.map(|start| start.at_ms)
    };
    assert_eq!(take(&world, 1), Some(SECOND));
    world.put_place(place(1, None));
    assert_eq!(take(&world, 2), None);
    let mut one = place(1, None);
    one.config.presence = looking_back(1);
    world.put_place(one);
    assert_eq!(take(&world, 3), Some(3 * SECOND));
    world.remove_place(id::<PlaceId>(1));
    assert_eq!(take(&world, 4), None);
}

/// The geofences of the model around the antimeridian: two circles, one of which overlaps a triangle.
fn geofences() -> [Geofence; 3] {
    let circle = |longitude, radius_m| {
        Geofence::from(
            crate::geo::Circle::new(LatLon::new(60.0, longitude).unwrap(), radius_m).unwrap(),
        )
    };
    let ring = vec![
        [179.99, 59.99],
        [-179.99, 60.0],
        [180.0, 60.01],
        [179.99, 59.99],
    ];
    [
        circle(180.0, 150.0),
        circle(179.985, 300.0),
        Geofence::from(Area::polygon(vec![ring]).unwrap()),
    ]
}

/// What an exact fix says.
fn says(geofence: &Geofence, at: LatLon) -> Option<bool> {
    if geofence.contains(at) {
        Some(true)
    } else if geofence.is_within(20.0, at) {
        None
    } else {
        Some(false)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn paths_cross_what_the_points_on_them_are_in(
        trace in prop::collection::vec((1..80_i64, 59.985..60.015_f64, 179.97..180.03_f64), 2..12),
    ) {
        let geofences = geofences();
        let mut world = World::default();
        for (number, geofence) in (1..).zip(&geofences) {
            let mut one = place(number, None);
            one.config.geofence = Some(geofence.clone());
            one.config.presence = looking_back(60 * SECOND);
            world.put_place(one);
        }
        let mut presence = Presence::default();
        let mut inside = [false; 3];
        let mut before: Option<(i64, LatLon)> = None;
        let mut seconds = 0;
        for (gap, latitude, longitude) in trace {
            seconds += gap;
            let longitude = if longitude > 180.0 { longitude - 360.0 } else { longitude };
            let at = LatLon::new(latitude, longitude).unwrap();
            let fix = Fix { at, accuracy_m: None, speed_m_s: None, floor: None };
            let mut occurred = Vec::new();
            observe(&mut presence, &world, &event(seconds * SECOND, EventBody::Location(fix)), &mut occurred);
            prop_assert!(occurred.is_sorted_by_key(Occurrence::at_ms));
            for (number, geofence) in geofences.iter().enumerate() {
                let target = Target::Place(id::<PlaceId>(number as u8 + 1));
                let crossed: Vec<Crossing> = occurred.iter().filter_map(|occurrence| match occurrence {
                    Occurrence::Crossed(crossing) if crossing.target == target => Some(*crossing),
                    _ => None,
                }).collect();
                let said = says(geofence, at);
                // The points of the path that are inside, in milliseconds of event time.
                let met: Vec<f64> = match before {
                    Some((then, from)) if !inside[number]
                        && seconds - then <= 60
                        && distance_m(from, at) <= 100.0 * (seconds - then) as f64 =>
                    {
                        let path = Path::between(from, at);
                        let points = (1..4_000).map(|step| f64::from(step) / 4_000.0);
                        let gap_ms = (seconds - then) as f64 * 1_000.0;
                        points
                            .filter(|share| geofence.contains(path.at(*share)))
                            .map(|share| then as f64 * 1_000.0 + share * gap_ms)
                            .collect()
                    }
                    _ => Vec::new(),
                };
                let is_near = |at_ms: i64, moment: f64| (at_ms as f64 - moment).abs() <= 60.0;
                let was_inside = inside[number];
                inside[number] = presence.fences.contains(&target);
                match (was_inside, said) {
                    (true, said) => prop_assert_eq!(inside[number], said != Some(false)),
                    (false, Some(true)) => {
                        prop_assert!(inside[number]);
                        prop_assert_eq!(crossed.len(), 1);
                        prop_assert_eq!(crossed[0].at_ms, seconds * SECOND);
                    }
                    // A corner may be cut by less than what is looked at.
                    (false, _) if met.len() < 4 => prop_assert!(!met.is_empty() || crossed.is_empty()),
                    (false, said) => {
                        prop_assert!(!crossed.is_empty(), "{:?} is not crossed", target);
                        prop_assert!(is_near(crossed[0].at_ms, met[0]), "{:?} {:?}", crossed, met);
                        prop_assert_eq!(inside[number], said.is_none());
                        if said == Some(false) {
                            prop_assert_eq!(crossed.len(), 2);
                            prop_assert!(is_near(crossed[1].at_ms, met[met.len() - 1]), "{:?} {:?}", crossed, met);
                            prop_assert_eq!(crossed[1].entered_at, crossed[0].at_ms);
                        }
                    }
                }
            }
            before = Some((seconds, at));
        }
    }
}
