//! Traces that can be read, and random ones against a model that recomputes everything.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::{
    campaign::repeat::Repeat,
    event::Fix,
    experience::Trigger,
    geo::{Area, LatLon},
    id::{PlaceId, ZoneId},
    limits::{BEACON_EXIT_MS, EVENT_LATE_MS_MAX},
    property::Properties,
    samples::{beacon, campaign, circle, experience, id, identity, place, zone},
};

/// Two places side by side on the equator; place 1 has zone 1 with beacons 1 and 2, zone 2 of place
/// 1 has a geofence of its own; beacon 3 is in no zone.
fn world() -> World {
    let mut world = World::default();
    world.put_place(place(1, Some(circle(0.0, 1_000.0))));
    world.put_place(place(2, Some(circle(0.015, 1_000.0))));
    world.put_zone(zone(1, None));
    world.put_zone(zone(2, Some(circle(0.0, 100.0))));
    world.put_beacon(beacon(1, Some(1)));
    world.put_beacon(beacon(2, Some(1)));
    world.put_beacon(beacon(3, None));
    world
}

fn fix(at_ms: i64, longitude: f64) -> Event {
    let at = LatLon::new(0.0, longitude).unwrap();
    let fix = Fix {
        at,
        accuracy_m: None,
        speed_m_s: None,
        floor: None,
    };
    Event {
        id: [0; 16],
        at_ms,
        body: EventBody::Location(fix),
    }
}

fn sighting(at_ms: i64, ids: &[u8]) -> Event {
    let seen = ids.iter().map(|id| Sighting {
        identity: identity(*id),
        rssi_dbm: None,
        proximity: None,
        battery_percent: None,
    });
    Event {
        id: [0; 16],
        at_ms,
        body: EventBody::Sightings(seen.collect()),
    }
}

fn custom(at_ms: i64) -> Event {
    let body = EventBody::Custom {
        verb: "view".into(),
        item: None,
        category: None,
        value: None,
        properties: Properties::new(),
    };
    Event {
        id: [0; 16],
        at_ms,
        body,
    }
}

/// What came about in words: `12 enter place 1`.
fn words(occurrence: &Occurrence) -> String {
    let target = occurrence.target().unwrap();
    let what = match occurrence {
        Occurrence::Crossed(crossing) => match crossing.direction {
            Direction::Enter => "enter",
            Direction::Exit => "exit",
        },
        _ => "stayed",
    };
    let kind = match target {
        Target::Place(_) => "place",
        Target::Zone(_) => "zone",
        Target::Beacon(_) => "beacon",
    };
    format!("{} {what} {kind} {}", occurrence.at_ms(), target.id().0[0])
}

/// What a trace brings about, in words, and the presence after it.
fn walk(world: &World, events: &[Event]) -> (Vec<String>, Presence) {
    let mut presence = Presence::default();
    let mut crossings = Vec::new();
    for event in events {
        observe(&mut presence, world, event, &mut crossings);
    }
    (crossings.iter().map(words).collect(), presence)
}

#[test]
fn a_fix_enters_and_leaves_places_and_zones() {
    let (crossings, _) = walk(
        &world(),
        &[
            fix(1, 0.0),
            fix(2, 0.005),
            fix(3, 0.0075),
            fix(4, 0.015),
            fix(5, 1.0),
        ],
    );
    assert_eq!(
        crossings,
        [
            "1 enter place 1",
            "1 enter zone 2",
            "2 exit zone 2",
            "3 enter place 2",
            "4 exit place 1",
            "5 exit place 2"
        ]
    );
}

#[test]
fn a_polygon_is_entered_and_left_like_a_circle_and_its_hole_is_outside() {
    let square = |half: f64| {
        let corners = [(-half, -half), (half, -half), (half, half), (-half, half)];
        let mut ring: Vec<[f64; 2]> = corners.iter().map(|(x, y)| [*x, *y]).collect();
        ring.push(ring[0]);
        ring
    };
    let mut ring_road = place(1, None);
    let shape = Area::polygon(vec![square(0.02), square(0.01)]).unwrap();
    ring_road.config.geofence = Some(shape.into());
    let mut middle = zone(1, None);
    middle.config.geofence = Some(Area::polygon(vec![square(0.01)]).unwrap().into());
    let mut world = World::default();
    world.put_place(ring_road);
    world.put_zone(middle);
    let longitudes = [-0.03, -0.02, 0.0, 0.01, 0.015, 0.0203];
    let events: Vec<Event> = (1..)
        .zip(longitudes)
        .map(|(at_ms, x)| fix(at_ms, x))
        .collect();
    let (crossings, _) = walk(&world, &events);
    assert_eq!(
        crossings,
        [
            "2 enter place 1",
            "3 exit place 1",
            "3 enter zone 1",
            "4 enter place 1",
            "5 exit zone 1",
            "6 exit place 1"
        ]
    );
}

#[test]
fn a_beacon_enters_itself_its_zone_and_its_place() {
    let (crossings, presence) = walk(
        &world(),
        &[sighting(1, &[1]), sighting(2, &[1, 2]), sighting(3, &[3])],
    );
    assert_eq!(
        crossings,
        [
            "1 enter place 1",
            "1 enter zone 1",
            "1 enter beacon 1",
            "2 enter beacon 2",
            "3 enter beacon 3"
        ]
    );
    assert_eq!(due_at(&presence), Some(2 + BEACON_EXIT_MS));
}

#[test]
fn a_place_held_by_fence_and_beacon_is_entered_once_and_left_with_the_last() {
    let gone = 2 + BEACON_EXIT_MS;
    let (crossings, _) = walk(
        &world(),
        &[fix(1, 0.005), sighting(2, &[1]), fix(3, 1.0), custom(gone)],
    );
    assert_eq!(
        crossings,
        [
            "1 enter place 1".to_owned(),
            "2 enter zone 1".to_owned(),
            "2 enter beacon 1".to_owned(),
            format!("{gone} exit place 1"),
            format!("{gone} exit zone 1"),
            format!("{gone} exit beacon 1"),
        ]
    );
}

#[test]
fn a_silent_device_leaves_its_beacon_by_the_tick() {
    let world = world();
    let (_, mut presence) = walk(&world, &[sighting(100, &[3])]);
    let due_ms = due_at(&presence).unwrap();
    assert_eq!(due_ms, 100 + BEACON_EXIT_MS);
    let mut crossings = Vec::new();
    tick(&mut presence, &world, due_ms - 1, &mut crossings);
    assert_eq!(crossings, []);
    tick(&mut presence, &world, due_ms + 999, &mut crossings);
    let expected = Crossing {
        direction: Direction::Exit,
        target: Target::Beacon(id::<BeaconId>(3)),
        at_ms: due_ms,
        entered_at: 100,
    };
    assert_eq!(crossings, [Occurrence::Crossed(expected)]);
    assert_eq!(due_at(&presence), None);
}

#[test]
fn a_beacon_seen_again_in_time_is_not_left() {
    let (crossings, _) = walk(
        &world(),
        &[
            sighting(1, &[3]),
            sighting(BEACON_EXIT_MS, &[3]),
            custom(BEACON_EXIT_MS + 2),
        ],
    );
    assert_eq!(crossings, ["1 enter beacon 3"]);
}

#[test]
fn a_deleted_place_is_gone_without_a_crossing() {
    let mut world = world();
    let (_, mut presence) = walk(&world, &[fix(1, 0.005)]);
    world.remove_place(id::<PlaceId>(1));
    let mut crossings = Vec::new();
    observe(&mut presence, &world, &fix(2, 0.005), &mut crossings);
    assert_eq!(crossings, []);
    assert_eq!(presence.inside, []);
}

#[test]
fn a_beacon_of_another_fleet_is_ignored() {
    let (crossings, _) = walk(&world(), &[sighting(1, &[77])]);
    assert_eq!(crossings, Vec::<String>::new());
}

/// The same world with experiences that wait for a stay in place 1 and at beacon 3.
fn world_with_stays() -> World {
    let mut world = world();
    world.put_campaign(campaign());
    for (number, trigger) in [
        (
            1,
            Trigger::EnterPlace {
                place_id: id::<PlaceId>(1),
                delay_ms: Some(PLACE_DELAY_MS),
            },
        ),
        (
            2,
            Trigger::EnterBeacon {
                beacon_id: id::<BeaconId>(3),
                delay_ms: Some(BEACON_EXIT_MS),
            },
        ),
    ] {
        let mut one = experience(number, Repeat::Never);
        one.trigger = trigger;
        world.put_experience(one);
    }
    world
}

const PLACE_DELAY_MS: i64 = 12_000;

#[test]
fn a_stay_is_complete_at_its_moment_although_nothing_happens_then() {
    let world = world_with_stays();
    let (occurred, presence) = walk(&world, &[fix(1, 0.005), custom(PLACE_DELAY_MS)]);
    assert_eq!(occurred, ["1 enter place 1"]);
    assert_eq!(due_at(&presence), Some(1 + PLACE_DELAY_MS));
    let late = 20 * PLACE_DELAY_MS;
    for next in [custom(late), fix(late, 0.005), fix(late, 1.0)] {
        let (occurred, presence) = walk(&world, &[fix(1, 0.005), next]);
        assert_eq!(occurred[1], "12001 stayed place 1");
        assert_eq!(due_at(&presence), None);
    }
}

#[test]
fn a_delay_that_is_made_longer_meanwhile_counts_from_the_enter() {
    let (before, mut after) = (world_with_stays(), world_with_stays());
    let mut longer = experience(1, Repeat::Never);
    longer.trigger = Trigger::EnterPlace {
        place_id: id::<PlaceId>(1),
        delay_ms: Some(2 * PLACE_DELAY_MS),
    };
    after.put_experience(longer);
    let (_, mut presence) = walk(&before, &[fix(1, 0.005)]);
    let mut stays = |now_ms| {
        let mut occurred = Vec::new();
        tick(&mut presence, &after, now_ms, &mut occurred);
        let stays = occurred.into_iter().filter_map(|one| match one {
            Occurrence::Stayed(stay) => Some(stay.delay_ms()),
            _ => None,
        });
        (stays.collect::<Vec<_>>(), due_at(&presence))
    };
    let due_ms = 1 + 2 * PLACE_DELAY_MS;
    // What was waited for is over, and nothing waits for that any more.
    assert_eq!(
        stays(1 + PLACE_DELAY_MS),
        (vec![PLACE_DELAY_MS], Some(due_ms))
    );
    assert_eq!(stays(due_ms - 1), (vec![], Some(due_ms)));
    assert_eq!(stays(due_ms), (vec![2 * PLACE_DELAY_MS], None));
}

#[test]
fn who_leaves_before_or_comes_again_has_not_stayed() {
    let world = world_with_stays();
    let (occurred, _) = walk(
        &world,
        &[
            fix(0, 0.005),
            fix(PLACE_DELAY_MS - 1, 1.0),
            fix(PLACE_DELAY_MS, 0.005),
            custom(2 * PLACE_DELAY_MS - 1),
        ],
    );
    assert_eq!(
        occurred,
        [
            "0 enter place 1",
            "11999 exit place 1",
            "12000 enter place 1"
        ]
    );
}

#[test]
fn a_stay_that_ends_at_its_moment_is_complete() {
    let (occurred, _) = walk(&world_with_stays(), &[sighting(5, &[3]), custom(100_000)]);
    let due_ms = 5 + BEACON_EXIT_MS;
    assert_eq!(
        occurred[1..],
        [
            format!("{due_ms} stayed beacon 3"),
            format!("{due_ms} exit beacon 3")
        ]
    );
}

/// What an instance is in at an instant, from all that it told in order and what still exists.
fn model(world: &World, told: &[Event], at_ms: i64) -> BTreeSet<Target> {
    let mut targets = BTreeSet::new();
    let last_fix = told.iter().rev().find_map(|event| match event.body {
        EventBody::Location(fix) => Some(fix.at),
        _ => None,
    });
    if let Some(at) = last_fix {
        world.fences_at(at, |target| {
            targets.insert(target);
        });
    }
    let mut seen: BTreeMap<u8, i64> = BTreeMap::new();
    for event in told {
        if let EventBody::Sightings(sightings) = &event.body {
            for number in 1..=3 {
                if sightings
                    .iter()
                    .any(|sighting| sighting.identity == identity(number))
                {
                    seen.insert(number, event.at_ms);
                }
            }
        }
    }
    for (number, seen_at) in seen {
        let beacon = Target::Beacon(id::<BeaconId>(number));
        if at_ms >= seen_at + BEACON_EXIT_MS || !world.has(beacon) {
            continue;
        }
        targets.insert(beacon);
        let zone = Target::Zone(id::<ZoneId>(1));
        if number < 3 && world.has(zone) {
            targets.insert(zone);
            targets.insert(Target::Place(id::<PlaceId>(1)));
        }
    }
    targets.retain(|target| world.has(*target));
    targets
}

#[derive(Debug, Clone)]
enum Step {
    /// An event so many milliseconds after the newest one, or before it.
    Told(Event, i64),
    /// So many milliseconds pass in silence, then the clock ticks.
    Silence(i64),
    /// Somebody deletes it.
    Deleted(Target),
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        prop::sample::select(&[-0.02, -0.008, 0.0, 0.003, 0.0075, 0.015, 0.03][..])
            .prop_map(|longitude| fix(0, longitude)),
        prop::collection::vec(1u8..=4, 0..3).prop_map(|numbers| sighting(0, &numbers)),
        Just(custom(0)),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let deleted = [
        Target::Place(id::<PlaceId>(1)),
        Target::Place(id::<PlaceId>(2)),
        Target::Zone(id::<ZoneId>(1)),
        Target::Zone(id::<ZoneId>(2)),
        Target::Beacon(id::<BeaconId>(1)),
        Target::Beacon(id::<BeaconId>(3)),
    ];
    prop_oneof![
        20 => (any_event(), 0..BEACON_EXIT_MS * 3 / 2).prop_map(|(event, gap)| Step::Told(event, gap)),
        4 => (any_event(), -5_000..0_i64).prop_map(|(event, gap)| Step::Told(event, gap)),
        4 => (0..BEACON_EXIT_MS * 2).prop_map(Step::Silence),
        1 => prop::sample::select(deleted.to_vec()).prop_map(Step::Deleted),
    ]
}

/// How long somebody waits for a stay in the target.
fn delay_ms(target: Target) -> Option<i64> {
    match target {
        Target::Place(place) if place == id::<PlaceId>(1) => Some(PLACE_DELAY_MS),
        Target::Beacon(beacon) if beacon == id::<BeaconId>(3) => Some(BEACON_EXIT_MS),
        _ => None,
    }
}

fn delete(world: &mut World, target: Target) {
    match target {
        Target::Place(id) => world.remove_place(id),
        Target::Zone(id) => world.remove_zone(id),
        Target::Beacon(id) => world.remove_beacon(id),
    }
}

proptest! {
    #[test]
    fn presence_is_what_the_model_says_after_every_step(
        steps in prop::collection::vec(any_step(), 1..60),
    ) {
        let mut world = world_with_stays();
        let mut presence = Presence::default();
        let mut stayed: BTreeSet<(Target, i64)> = BTreeSet::new();
        let mut told: Vec<Event> = Vec::new();
        let mut now_ms = 10_000;
        let mut inside: BTreeMap<Target, i64> = BTreeMap::new();
        for step in steps {
            let mut crossings = Vec::new();
            let mut is_late = false;
            let known_ms = now_ms;
            match step {
                Step::Told(mut event, gap_ms) => {
                    let newest_ms = told.last().map_or(0, |event| event.at_ms);
                    event.at_ms = now_ms + gap_ms;
                    observe(&mut presence, &world, &event, &mut crossings);
                    let moves = !matches!(event.body, EventBody::Custom { .. });
                    is_late = event.at_ms < newest_ms;
                    if moves && newest_ms - event.at_ms <= EVENT_LATE_MS_MAX {
                        let index = told.partition_point(|before| before.at_ms <= event.at_ms);
                        told.insert(index, event.clone());
                    }
                    now_ms = now_ms.max(event.at_ms);
                }
                Step::Silence(gap_ms) => {
                    now_ms += gap_ms;
                    tick(&mut presence, &world, now_ms, &mut crossings);
                }
                Step::Deleted(target) => {
                    delete(&mut world, target);
                    continue;
                }
            }
            inside.retain(|target, _| world.has(*target));
            // The crossings alone lead from one state to the next, in order of time.
            let mut last_ms = 0;
            for occurrence in crossings {
                prop_assert!(occurrence.at_ms() >= last_ms && occurrence.at_ms() <= now_ms);
                last_ms = occurrence.at_ms();
                match occurrence {
                    Occurrence::Stayed(stay) => {
                        // One that was deleted meanwhile is noticed by the next fix or sighting.
                        if world.has(stay.target) {
                            prop_assert_eq!(inside.get(&stay.target), Some(&stay.entered_at));
                        }
                        prop_assert_eq!(Some(stay.delay_ms()), delay_ms(stay.target));
                        prop_assert!(stayed.insert((stay.target, stay.entered_at)), "stayed twice");
                    }
                    Occurrence::Crossed(Crossing { direction: Direction::Enter, target, at_ms, .. }) => {
                        prop_assert_eq!(inside.insert(target, at_ms), None);
                    }
                    Occurrence::Neared(_) | Occurrence::Composed(_) | Occurrence::Told(_) => {
                        prop_assert!(false, "nobody waits for that");
                    }
                    Occurrence::Crossed(Crossing { target, at_ms, entered_at, .. }) => {
                        prop_assert_eq!(inside.remove(&target), Some(entered_at));
                        let complete = |until: i64| {
                            delay_ms(target).is_some_and(|delay_ms| until - entered_at >= delay_ms)
                        };
                        // What happened later and was told before may have let it become complete already.
                        let stayed = stayed.contains(&(target, entered_at));
                        prop_assert!(stayed || !complete(at_ms));
                        prop_assert!(!stayed || complete(at_ms.max(known_ms)));
                        prop_assert!(is_late || stayed == complete(at_ms.max(known_ms)));
                    }
                }
            }
            if !is_late {
                for (target, entered_at) in &inside {
                    let complete = delay_ms(*target).is_some_and(|delay_ms| now_ms - entered_at >= delay_ms);
                    prop_assert_eq!(stayed.contains(&(*target, *entered_at)), complete);
                }
            }
            let still_there = |(target, _): &&(Target, i64)| world.has(*target);
            let kept: Vec<(Target, i64)> = presence.inside.iter().filter(still_there).copied().collect();
            prop_assert_eq!(kept, inside.iter().map(|(k, v)| (*k, *v)).collect::<Vec<_>>());
            prop_assert!(presence.inside.is_sorted() && presence.beacons.is_sorted() && presence.fences.is_sorted());
            prop_assert!(due_at(&presence).is_none_or(|due_ms| due_ms > now_ms) || is_late);
        }
        // A fix or sighting at last takes in everything that was deleted meanwhile.
        let last = sighting(now_ms, &[4]);
        observe(&mut presence, &world, &last, &mut Vec::new());
        let expected = model(&world, &told, now_ms);
        prop_assert_eq!(presence.inside.iter().map(|(k, _)| *k).collect::<BTreeSet<_>>(), expected);
    }
}
