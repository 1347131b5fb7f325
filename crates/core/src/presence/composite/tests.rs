//! Traces that can be read, and random ones against a model that works everything out anew at every
//! moment, from nothing but the list of what was told until then.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::{observe, tick};
use super::*;
use crate::{
    campaign::repeat::Repeat,
    event::{EventBody, Proximity, Sighting},
    experience::Target,
    id::{BeaconId, ExperienceId, PlaceId, ZoneId},
    limits::BEACON_EXIT_MS,
    property::{Properties, Property},
    samples::{beacon, campaign, experience, id, identity, place, zone},
};

const SECOND: i64 = 1_000;

/// Place 1 with zone 1, in which beacons 1 and 2 are; beacon 3 is in none.
fn world(triggers: &[Trigger]) -> World {
    let mut world = World::default();
    world.put_place(place(1, None));
    world.put_zone(zone(1, None));
    world.put_beacon(beacon(1, Some(1)));
    world.put_beacon(beacon(2, Some(1)));
    world.put_beacon(beacon(3, None));
    world.put_campaign(campaign());
    for (index, trigger) in triggers.iter().enumerate() {
        let mut one = experience(10 + index as u8, Repeat::Immediately);
        one.trigger = trigger.clone();
        world.put_experience(one);
    }
    world
}

fn event(at_ms: i64, body: EventBody) -> Event {
    Event {
        id: [0; 16],
        at_ms,
        body,
    }
}

fn seen(at_ms: i64, beacons: &[(u8, Option<Proximity>)]) -> Event {
    let sightings = beacons.iter().map(|(number, proximity)| Sighting {
        identity: identity(*number),
        rssi_dbm: None,
        proximity: *proximity,
        battery_percent: None,
    });
    event(at_ms, EventBody::Sightings(sightings.collect()))
}

fn told(at_ms: i64, verb: &str, item: Option<&str>, gift: bool) -> Event {
    let body = EventBody::Custom {
        verb: verb.to_owned(),
        item: item.map(str::to_owned),
        category: None,
        value: None,
        properties: Properties::from([("gift".to_owned(), Property::Bool(gift))]),
    };
    event(at_ms, body)
}

fn in_place(delay_ms: i64) -> Trigger {
    Trigger::EnterPlace {
        place_id: id::<PlaceId>(1),
        delay_ms: Some(delay_ms).filter(|delay_ms| *delay_ms > 0),
    }
}

fn in_range(number: u8, delay_ms: i64) -> Trigger {
    Trigger::EnterBeacon {
        beacon_id: id::<BeaconId>(number),
        delay_ms: Some(delay_ms).filter(|delay_ms| *delay_ms > 0),
    }
}

fn left(number: u8) -> Trigger {
    Trigger::ExitBeacon {
        beacon_id: id::<BeaconId>(number),
    }
}

fn near_zone(proximity: Proximity) -> Trigger {
    Trigger::ZoneProximity {
        zone_id: id::<ZoneId>(1),
        proximity,
    }
}

fn near_beacon(number: u8, proximity: Proximity) -> Trigger {
    Trigger::BeaconProximity {
        beacon_id: id::<BeaconId>(number),
        proximity,
    }
}

fn bought(item: Option<&str>, query: Option<&str>) -> Trigger {
    Trigger::Event {
        verb: "buy".to_owned(),
        item: item.map(str::to_owned),
        category: None,
        query: query.map(str::to_owned),
    }
}

fn all(list: Vec<Trigger>) -> Trigger {
    Trigger::Composite { list }
}

/// What a trace brings about: for each moment (in seconds) the triggers that came true, by index.
fn came_true(world: &World, trace: &[Event]) -> Vec<(i64, u8)> {
    let mut presence = Presence::default();
    let mut found = Vec::new();
    for event in trace {
        let mut occurred = Vec::new();
        observe(&mut presence, world, event, &mut occurred);
        occurred.push(Occurrence::Told(event.at_ms));
        for occurrence in occurred {
            let waiting = world.waiting_for(&occurrence, Some(event));
            let at = occurrence.at_ms() / SECOND;
            found.extend(waiting.iter().map(|(_, one)| (at, one.id().0.0[0] - 10)));
        }
    }
    found
}

#[test]
fn a_composite_comes_true_with_its_last_part_and_again_when_one_came_back() {
    let world = world(&[all(vec![in_range(1, 0), in_range(3, 0)])]);
    let trace = [
        seen(0, &[(1, None)]),
        seen(10 * SECOND, &[(1, None), (3, None)]),
        // Both hold already.
        seen(20 * SECOND, &[(1, None), (3, None)]),
        // Beacon 1 is left at 50.
        seen(45 * SECOND, &[(3, None)]),
        seen(60 * SECOND, &[(1, None), (3, None)]),
    ];
    assert_eq!(came_true(&world, &trace), [(10, 0), (60, 0)]);
}

#[test]
fn what_begins_in_one_moment_makes_a_composite_true_once() {
    let world = world(&[all(vec![
        in_place(0),
        in_range(1, 0),
        near_zone(Proximity::Near),
    ])]);
    let trace = [
        seen(0, &[(1, Some(Proximity::Immediate))]),
        seen(SECOND, &[(1, Some(Proximity::Far))]),
    ];
    assert_eq!(came_true(&world, &trace), [(0, 0)]);
}

#[test]
fn an_event_counts_in_its_moment_and_the_rest_must_hold_then() {
    let gift = Some(r#"{"property.gift": true}"#);
    let world = world(&[
        all(vec![in_range(1, 20 * SECOND), bought(None, gift)]),
        bought(Some("map"), None),
        Trigger::Custom {
            custom_argument: "queue-is-short".to_owned(),
        },
        all(vec![
            left(3),
            Trigger::Custom {
                custom_argument: "queue-is-short".to_owned(),
            },
        ]),
    ]);
    let custom = crate::experience::CUSTOM_VERB;
    let trace = [
        told(0, "buy", Some("map"), true),
        seen(5 * SECOND, &[(1, None), (3, None)]),
        told(10 * SECOND, "buy", None, true),
        told(11 * SECOND, custom, Some("queue-is-short"), false),
        seen(20 * SECOND, &[(1, None)]),
        told(25 * SECOND, "buy", None, true),
        told(26 * SECOND, "buy", Some("map"), false),
        told(27 * SECOND, "sell", Some("map"), true),
        // Beacon 3 is left at 35.
        told(36 * SECOND, custom, Some("queue-is-short"), false),
        told(37 * SECOND, custom, Some("other"), false),
        told(38 * SECOND, custom, None, false),
        // Beacon 1 is left at 50.
        told(55 * SECOND, "buy", None, true),
    ];
    let expected = [(0, 1), (11, 2), (25, 0), (26, 1), (36, 3), (36, 2)];
    assert_eq!(came_true(&world, &trace), expected);
}

#[test]
fn closeness_does_not_flap_with_the_estimates() {
    let world = world(&[
        near_beacon(1, Proximity::Immediate),
        near_zone(Proximity::Near),
        near_beacon(1, Proximity::Far),
    ]);
    use Proximity::{Far, Immediate, Near};
    let mut trace = vec![seen(0, &[(1, None), (2, None)])];
    for second in 1..100 {
        // Jumps between two words, and for a moment one says that it is in the hand.
        let word = [Far, Near][second as usize % 2];
        trace.push(seen(second * SECOND, &[(1, Some(word))]));
    }
    trace.push(seen(100 * SECOND, &[(1, Some(Immediate))]));
    // Another beacon of the zone keeps it close.
    trace.push(seen(120 * SECOND, &[(2, Some(Near))]));
    trace.push(seen(149 * SECOND, &[(1, Some(Near))]));
    // Nothing was close for 30 seconds.
    trace.push(seen(179 * SECOND, &[(1, Some(Near))]));
    assert_eq!(
        came_true(&world, &trace),
        [(1, 1), (1, 2), (100, 0), (149, 2), (179, 1), (179, 2)]
    );
}

#[test]
fn only_what_somebody_waits_for_is_kept() {
    let world = world(&[in_range(1, 0), left(1)]);
    let mut presence = Presence::default();
    for event in [
        seen(0, &[(1, Some(Proximity::Near))]),
        seen(60 * SECOND, &[]),
    ] {
        observe(&mut presence, &world, &event, &mut Vec::new());
    }
    assert!(presence.watched.is_empty());
}

/// What the model knows: who was seen when, and how close.
#[derive(Default)]
struct Told {
    sightings: Vec<(i64, u8, Option<Proximity>)>,
}

impl Told {
    /// The start of the last unbroken stay that these sightings make, and its end.
    fn last_stay(&self, fits: impl Fn(u8, Option<Proximity>) -> bool) -> Option<(i64, i64)> {
        let mut stay: Option<(i64, i64)> = None;
        for &(at, beacon, proximity) in &self.sightings {
            if !fits(beacon, proximity) {
                continue;
            }
            let start = stay
                .filter(|(_, end)| at < *end)
                .map_or(at, |(start, _)| start);
            stay = Some((start, at + BEACON_EXIT_MS));
        }
        stay
    }

    /// Whether a part holds at a moment, `before` what ends in it has ended.
    fn holds(&self, part: &Trigger, at: i64, before: bool, event: Option<&Event>) -> bool {
        let is_of = |target: Target, beacon: u8| match target {
            Target::Place(_) | Target::Zone(_) => beacon < 3,
            Target::Beacon(id) => id.0.0[0] == beacon,
        };
        let lasts = |end: i64| at < end || (before && at == end);
        if let Some((direction, target)) = part.crossing() {
            let stay = self.last_stay(|beacon, _| is_of(target, beacon));
            return match direction {
                Direction::Enter => {
                    stay.is_some_and(|(start, end)| lasts(end) && start + part.delay_ms() <= at)
                }
                Direction::Exit => stay.is_some_and(|(_, end)| !lasts(end)),
            };
        }
        if let Some((target, proximity)) = part.proximity() {
            let stay = self.last_stay(|beacon, told| {
                is_of(target, beacon) && told.is_some_and(|told| told <= proximity)
            });
            return stay.is_some_and(|(_, end)| lasts(end));
        }
        let Some(EventBody::Custom { verb, item, .. }) = event.map(|event| &event.body) else {
            return false;
        };
        match part {
            Trigger::Event { item: wanted, .. } => {
                verb == "buy" && (wanted.is_none() || wanted == item)
            }
            _ => false,
        }
    }
}

/// What the model expects of a trace: when each composite came true, and each closeness.
fn expected(triggers: &[Trigger], trace: &[Event]) -> Vec<(i64, u8)> {
    let mut told = Told::default();
    let mut held: BTreeMap<u8, bool> = BTreeMap::new();
    let mut found = BTreeSet::new();
    let mut now = -SECOND;
    let mut look = |told: &Told, at: i64, before: bool, event: Option<&Event>| {
        for (index, trigger) in triggers.iter().enumerate() {
            let mut parts = trigger.parts().iter();
            let holds = parts.all(|part| told.holds(part, at, before, event));
            if holds && held.insert(index as u8, true) != Some(true) {
                found.insert((at / SECOND, index as u8));
            }
            held.insert(index as u8, holds);
        }
    };
    for event in trace {
        while now < event.at_ms {
            now += SECOND;
            look(&told, now, true, None);
            look(&told, now, false, None);
        }
        if let EventBody::Sightings(sightings) = &event.body {
            for sighting in sightings {
                let number = (1..=3).find(|number| identity(*number) == sighting.identity);
                told.sightings
                    .push((now, number.unwrap(), sighting.proximity));
            }
        }
        look(&told, now, false, Some(event));
        look(&told, now, false, None);
    }
    found.into_iter().collect()
}

fn any_proximity() -> impl Strategy<Value = Proximity> {
    prop::sample::select(Proximity::ALL.to_vec())
}

fn any_lasting() -> impl Strategy<Value = Trigger> {
    let delay = || prop::sample::select(vec![0, 10 * SECOND, 30 * SECOND, 45 * SECOND]);
    prop_oneof![
        delay().prop_map(in_place),
        (1..=3_u8, delay()).prop_map(|(number, delay_ms)| in_range(number, delay_ms)),
        (1..=3_u8).prop_map(left),
        any_proximity().prop_map(near_zone),
        (1..=3_u8, any_proximity()).prop_map(|(number, level)| near_beacon(number, level)),
    ]
}

fn any_composite() -> impl Strategy<Value = Trigger> {
    let item = prop::option::of(Just("map"));
    let event = prop::option::of(item.prop_map(|item| bought(item, None)));
    (prop::collection::vec(any_lasting(), 0..4), event)
        .prop_filter("it has parts", |(lasting, event)| {
            !lasting.is_empty() || event.is_some()
        })
        .prop_map(|(mut list, event)| {
            list.extend(event);
            all(list)
        })
}

fn any_event() -> impl Strategy<Value = (i64, EventBody)> {
    let wait = prop::sample::select(vec![0, 1, 5, 10, 15, 20, 30, 31, 40]);
    let proximity = prop::option::of(any_proximity());
    let sightings = prop::collection::vec((1..=3_u8, proximity), 0..4);
    let body = prop_oneof![
        3 => sightings.prop_map(|seen_now| seen(0, &seen_now).body),
        1 => prop::option::of(Just("map")).prop_map(|item| told(0, "buy", item, false).body),
    ];
    (wait.prop_map(|seconds| seconds * SECOND), body)
}

proptest! {
    #[test]
    fn composites_and_closeness_agree_with_the_model(
        composites in prop::collection::vec(any_composite(), 1..5),
        close in any_lasting().prop_filter("closeness", |part| part.proximity().is_some()),
        events in prop::collection::vec(any_event(), 1..30),
    ) {
        let mut triggers = composites;
        triggers.push(close);
        let world = world(&triggers);
        let mut now = 0;
        let trace: Vec<Event> = events
            .into_iter()
            .map(|(wait, body)| {
                now += wait;
                event(now, body)
            })
            .collect();
        let found: BTreeSet<(i64, u8)> = came_true(&world, &trace).into_iter().collect();
        let expected: BTreeSet<(i64, u8)> = expected(&triggers, &trace).into_iter().collect();
        prop_assert_eq!(&found, &expected);

        // A tick in between finds the same, only earlier.
        let mut presence = Presence::default();
        let mut ticked = BTreeSet::new();
        for one in &trace {
            let mut occurred = Vec::new();
            tick(&mut presence, &world, one.at_ms, &mut occurred);
            observe(&mut presence, &world, one, &mut occurred);
            for occurrence in occurred {
                let waiting = world.waiting_for(&occurrence, Some(one));
                let at = occurrence.at_ms() / SECOND;
                let index = |one: &crate::experience::Experience| one.id().0.0[0] - 10;
                ticked.extend(waiting.iter().map(|(_, one)| (at, index(one))));
            }
        }
        prop_assert_eq!(ticked, expected);
    }
}

#[test]
fn ids_of_the_tests_are_as_expected() {
    assert_eq!(id::<ExperienceId>(10).0.0[0], 10);
}
