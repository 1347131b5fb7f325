//! Late events that can be read, and random ones in any order against the same in order of time.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::{
    campaign::repeat::Repeat,
    experience::Trigger,
    geo::LatLon,
    id::BeaconId,
    limits::BEACON_EXIT_MS,
    presence::{due_at, observe},
    samples::{beacon, campaign, circle, experience, id, identity, place, zone},
};

const MINUTE: i64 = 60_000;
/// An event of the past still counts then.
const WINDOW: i64 = EVENT_LATE_MS_MAX;

/// Places 1 and 2 apart from each other on the equator, zone 2 within place 1; beacon 1 in zone 1 of
/// place 1, beacon 3 in none.
fn world() -> World {
    let mut world = World::default();
    world.put_place(place(1, Some(circle(0.0, 1_000.0))));
    world.put_place(place(2, Some(circle(0.03, 1_000.0))));
    world.put_zone(zone(1, None));
    world.put_zone(zone(2, Some(circle(0.0, 100.0))));
    world.put_beacon(beacon(1, Some(1)));
    world.put_beacon(beacon(3, None));
    world
}

fn event(at_ms: i64, body: EventBody) -> Event {
    Event {
        id: [0; 16],
        at_ms,
        body,
    }
}

fn fix_of(at_ms: i64, longitude: f64, accuracy_m: Option<f32>) -> Event {
    let at = LatLon::new(0.0, longitude).unwrap();
    let fix = Fix {
        at,
        accuracy_m,
        speed_m_s: None,
        floor: None,
    };
    event(at_ms, EventBody::Location(fix))
}

fn fix(at_ms: i64, longitude: f64) -> Event {
    fix_of(at_ms, longitude, None)
}

fn sighting(at_ms: i64, ids: &[u8]) -> Event {
    let seen = ids.iter().map(|id| Sighting {
        identity: identity(*id),
        rssi_dbm: None,
        proximity: None,
        battery_percent: None,
    });
    event(at_ms, EventBody::Sightings(seen.collect()))
}

fn words(occurrence: &Occurrence) -> String {
    let (direction, target) = occurrence.crossing().unwrap();
    let sign = match (occurrence, direction) {
        (Occurrence::Stayed(_), _) => '=',
        (_, Direction::Enter) => '+',
        (_, Direction::Exit) => '-',
    };
    let kind = match target {
        Target::Place(_) => 'P',
        Target::Zone(_) => 'Z',
        Target::Beacon(_) => 'B',
    };
    format!("{}{sign}{kind}{}", occurrence.at_ms(), target.id().0[0])
}

fn take(presence: &mut Presence, world: &World, events: &[Event]) -> Vec<Occurrence> {
    let mut occurred = Vec::new();
    for event in events {
        observe(presence, world, event, &mut occurred);
    }
    occurred
}

fn walk(world: &World, events: &[Event]) -> Vec<String> {
    let occurred = take(&mut Presence::default(), world, events);
    occurred.iter().map(words).collect()
}

#[test]
fn a_late_fix_tells_of_a_visit_that_nobody_knew_of() {
    let events = [fix(1, 1.0), fix(3 * MINUTE, 1.0), fix(2 * MINUTE, 0.0)];
    let at = 2 * MINUTE;
    let expected = [
        format!("{at}+P1"),
        format!("{at}-P1"),
        format!("{at}+Z2"),
        format!("{at}-Z2"),
    ];
    assert_eq!(walk(&world(), &events), expected);
    // One more of the same visit tells nothing new.
    let more = [&events[..], &[fix(2 * MINUTE + 1, 0.0)]].concat();
    assert_eq!(walk(&world(), &more), expected);
}

#[test]
fn a_late_fix_that_is_known_vague_or_too_late_says_nothing() {
    let world = world();
    let here = fix(MINUTE, 0.005);
    let now = 2 * MINUTE;
    let silent: [(&[Event], Event); 5] = [
        (&[fix(now, 0.005)], here.clone()),
        (&[fix(1, 0.005), fix(now, 1.0)], here.clone()),
        (&[fix(MINUTE + 1, 0.005), fix(now, 1.0)], here.clone()),
        (&[fix(now, 1.0)], fix_of(MINUTE, 0.0089, Some(30.0))),
        (&[fix(MINUTE + WINDOW + 1, 1.0)], here.clone()),
    ];
    for (before, late) in silent {
        let mut presence = Presence::default();
        take(&mut presence, &world, before);
        assert_eq!(take(&mut presence, &world, &[late]), [], "{before:?}");
    }
    let events = [fix(MINUTE + WINDOW, 1.0), here];
    assert_eq!(walk(&world, &events), ["60000+P1", "60000-P1"]);
}

#[test]
fn a_fix_older_than_a_sighting_only_is_not_late() {
    let events = [
        fix(1, 1.0),
        sighting(30, &[3]),
        fix(20, 0.005),
        fix(40, 1.0),
    ];
    assert_eq!(walk(&world(), &events), ["30+B3", "20+P1", "40-P1"]);
}

#[test]
fn a_late_sighting_keeps_its_beacon_in_range_as_long_as_it_would_have() {
    let (world, seen) = (world(), 10_000);
    let mut presence = Presence::default();
    let occurred = take(
        &mut presence,
        &world,
        &[fix(20_000, 1.0), sighting(seen, &[1])],
    );
    let occurred: Vec<String> = occurred.iter().map(words).collect();
    assert_eq!(occurred, ["10000+P1", "10000+Z1", "10000+B1"]);
    assert_eq!(due_at(&presence), Some(seen + BEACON_EXIT_MS));
    // An older one changes nothing, a newer one keeps it longer.
    assert_eq!(take(&mut presence, &world, &[sighting(seen - 1, &[1])]), []);
    assert_eq!(due_at(&presence), Some(seen + BEACON_EXIT_MS));
    assert_eq!(take(&mut presence, &world, &[sighting(seen + 1, &[1])]), []);
    assert_eq!(due_at(&presence), Some(seen + 1 + BEACON_EXIT_MS));
}

#[test]
fn a_late_sighting_tells_of_a_visit_that_is_over() {
    let events = [fix(5 * MINUTE, 1.0), sighting(MINUTE, &[1])];
    assert_eq!(
        walk(&world(), &events),
        [
            "60000+P1", "60000+Z1", "60000+B1", "90000-P1", "90000-Z1", "90000-B1"
        ]
    );
}

#[test]
fn what_a_silent_device_was_taken_out_of_is_entered_again_no_earlier_than_that() {
    let world = world();
    let mut presence = Presence::default();
    take(&mut presence, &world, &[sighting(0, &[3])]);
    let mut occurred = Vec::new();
    tick(&mut presence, &world, BEACON_EXIT_MS, &mut occurred);
    observe(
        &mut presence,
        &world,
        &sighting(10_000, &[3]),
        &mut occurred,
    );
    observe(&mut presence, &world, &sighting(50_000, &[]), &mut occurred);
    let occurred: Vec<String> = occurred.iter().map(words).collect();
    assert_eq!(occurred, ["30000-B3", "30000+B3", "40000-B3"]);
}

#[test]
fn a_stay_that_came_late_is_complete_at_its_moment() {
    let mut world = world();
    world.put_campaign(campaign());
    let mut one = experience(1, Repeat::Never);
    one.trigger = Trigger::EnterBeacon {
        beacon_id: id::<BeaconId>(3),
        delay_ms: Some(20_000),
    };
    world.put_experience(one);
    let over = [fix(5 * MINUTE, 1.0), sighting(MINUTE, &[3])];
    assert_eq!(walk(&world, &over), ["60000+B3", "80000=B3", "90000-B3"]);
    let still = [fix(85_000, 1.0), sighting(MINUTE, &[3])];
    assert_eq!(walk(&world, &still), ["60000+B3", "80000=B3"]);
}

#[test]
fn few_exits_are_kept_and_none_of_long_ago() {
    let mut world = World::default();
    for number in 1..=40 {
        world.put_place(place(number, Some(circle(f64::from(number), 100.0))));
    }
    let visits = |from: i64, step: i64| {
        (1..=40).map(move |number: i64| fix(from + number * step, number as f64))
    };
    let mut presence = Presence::default();
    take(&mut presence, &world, &visits(0, 1).collect::<Vec<_>>());
    assert_eq!(presence.exits.len(), EXITS_KEPT_MAX);
    assert!(presence.exits.is_sorted());
    // Place 1 was visited too, but that is not known any more: nothing is made up.
    assert_eq!(take(&mut presence, &world, &[fix(20, 1.0)]), []);
    take(
        &mut presence,
        &world,
        &visits(MINUTE, 2 * MINUTE).collect::<Vec<_>>(),
    );
    assert!(presence.exits.len() <= 12, "{}", presence.exits.len());
}

fn any_event() -> impl Strategy<Value = Event> {
    let body = prop_oneof![
        prop::sample::select(&[-0.005, 0.0, 0.0004, 0.015, 0.03, 0.035, 1.0][..])
            .prop_map(|longitude| fix(0, longitude)),
        prop::collection::vec(prop::sample::select(&[1_u8, 3, 4][..]), 0..3)
            .prop_map(|numbers| sighting(0, &numbers)),
    ];
    (0..WINDOW, body).prop_map(|(at_ms, event)| Event { at_ms, ..event })
}

proptest! {
    #[test]
    fn the_order_in_which_events_come_changes_neither_the_end_nor_what_was_visited(
        (events, shuffled) in prop::collection::btree_map(0..WINDOW, any_event(), 1..25).prop_flat_map(|events| {
            let events: Vec<Event> = events.into_iter().map(|(at_ms, event)| Event { at_ms, ..event }).collect();
            (Just(events.clone()), Just(events).prop_shuffle())
        }),
    ) {
        let world = world();
        let end = WINDOW;
        let run = |events: &[Event]| {
            let mut presence = Presence::default();
            let mut occurred = take(&mut presence, &world, events);
            tick(&mut presence, &world, end, &mut occurred);
            (presence, occurred)
        };
        let (in_order, told) = run(&events);
        let (presence, told_late) = run(&shuffled);
        let inside = |presence: &Presence| presence.inside.iter().map(|(target, _)| *target).collect::<Vec<_>>();
        prop_assert_eq!(inside(&presence), inside(&in_order));
        prop_assert_eq!(&presence.fences, &in_order.fences);
        prop_assert_eq!(&presence.beacons, &in_order.beacons);
        prop_assert_eq!(presence.newest_at, in_order.newest_at);
        let visited = |told: &[Occurrence]| {
            let entered = told.iter().filter_map(|occurrence| match occurrence {
                Occurrence::Crossed(crossing) if crossing.direction == Direction::Enter => Some(crossing.target),
                _ => None,
            });
            entered.collect::<BTreeSet<Target>>()
        };
        prop_assert_eq!(visited(&told_late), visited(&told));
        // Each enter has its exit, unless it is inside at the end, and no visit overlaps another of its target.
        for target in visited(&told_late) {
            let mut visits: Vec<(i64, i64)> = Vec::new();
            let mut entered = 0;
            for occurrence in &told_late {
                let Occurrence::Crossed(crossing) = occurrence else { continue };
                if crossing.target != target {
                    continue;
                }
                match crossing.direction {
                    Direction::Enter => entered += 1,
                    Direction::Exit => {
                        entered -= 1;
                        prop_assert!(crossing.entered_at <= crossing.at_ms);
                        visits.push((crossing.entered_at, crossing.at_ms));
                    }
                }
            }
            let is_inside = presence.inside.iter().find(|(inside, _)| *inside == target);
            prop_assert_eq!(entered, i32::from(is_inside.is_some()));
            visits.extend(is_inside.map(|(_, entered_at)| (*entered_at, end)));
            visits.sort_unstable();
            prop_assert!(visits.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{:?}: {:?}", target, visits);
        }
    }
}
