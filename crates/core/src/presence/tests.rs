//! Traces that can be read, and random ones against a model that recomputes everything.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::{
    beacon::{Beacon, BeaconConfig, BeaconIdentity, Hex},
    event::Fix,
    geo::Circle,
    id::{AccountId, Id, PlaceId, ZoneId},
    place::{Place, PlaceConfig},
    property::Properties,
    resource::Frame,
    zone::{Zone, ZoneConfig},
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

fn frame(id: u8) -> Frame {
    Frame {
        account_id: AccountId(Id([0; 16])),
        id: Id([id; 16]),
        created_at: 0,
        updated_at: 0,
        revision: 1,
    }
}

fn circle(longitude: f64, radius_m: f64) -> Circle {
    Circle::new(LatLon::new(0.0, longitude).unwrap(), radius_m).unwrap()
}

fn place(id: u8, geofence: Option<Circle>) -> Place {
    let config = PlaceConfig {
        name: format!("place {id}"),
        geofence,
        address: None,
        time_zone: None,
        category: None,
        external_id: None,
        provider: None,
        label_ids: Vec::new(),
        properties: Properties::new(),
    };
    Place {
        frame: frame(id),
        config,
    }
}

fn zone(id: u8, geofence: Option<Circle>) -> Zone {
    let config = ZoneConfig {
        name: format!("zone {id}"),
        short_id: None,
        floor_number: 0,
        category: None,
        provider: None,
        external_id: None,
        geofence,
        label_ids: Vec::new(),
    };
    Zone {
        frame: frame(id),
        place_id: PlaceId(Id([1; 16])),
        config,
    }
}

fn identity(id: u8) -> BeaconIdentity {
    BeaconIdentity::EddystoneUid {
        namespace: Hex([7; 10]),
        instance: Hex([id; 6]),
    }
}

fn beacon(id: u8, zone: Option<u8>) -> Beacon {
    let config = BeaconConfig {
        name: None,
        identity: identity(id),
        provider: None,
        code: None,
        location: None,
        floor_number: None,
        tx_power_dbm: None,
        external_id: None,
        label_ids: Vec::new(),
        properties: Properties::new(),
    };
    Beacon {
        frame: frame(id),
        zone_id: zone.map(|id| ZoneId(Id([id; 16]))),
        config,
    }
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

/// A crossing in words: `12 enter place 1`.
fn words(crossing: &Crossing) -> String {
    let direction = match crossing.direction {
        Direction::Enter => "enter",
        Direction::Exit => "exit",
    };
    let kind = match crossing.target {
        Target::Place(_) => "place",
        Target::Zone(_) => "zone",
        Target::Beacon(_) => "beacon",
    };
    format!(
        "{} {direction} {kind} {}",
        crossing.at_ms,
        crossing.target.id().0[0]
    )
}

/// The crossings of a trace, in words, and the presence after it.
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
        target: Target::Beacon(BeaconId(Id([3; 16]))),
        at_ms: due_ms,
        entered_at: 100,
    };
    assert_eq!(crossings, [expected]);
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
fn an_older_event_changes_nothing() {
    let (crossings, presence) = walk(&world(), &[fix(10, 1.0), fix(9, 0.0), sighting(9, &[3])]);
    assert_eq!(crossings, Vec::<String>::new());
    assert_eq!(presence.newest_at, 10);
}

#[test]
fn a_deleted_place_is_gone_without_a_crossing() {
    let mut world = world();
    let (_, mut presence) = walk(&world, &[fix(1, 0.005)]);
    world.remove_place(PlaceId(Id([1; 16])));
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

/// What an instance is in at an instant, from all it ever told.
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
            for id in 1..=3 {
                if sightings
                    .iter()
                    .any(|sighting| sighting.identity == identity(id))
                {
                    seen.insert(id, event.at_ms);
                }
            }
        }
    }
    for (id, seen_at) in seen {
        if at_ms < seen_at + BEACON_EXIT_MS {
            targets.insert(Target::Beacon(BeaconId(Id([id; 16]))));
            if id < 3 {
                targets.insert(Target::Zone(ZoneId(Id([1; 16]))));
                targets.insert(Target::Place(PlaceId(Id([1; 16]))));
            }
        }
    }
    targets
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        prop::sample::select(&[-0.02, -0.008, 0.0, 0.003, 0.0075, 0.015, 0.03][..])
            .prop_map(|lon| fix(0, lon)),
        prop::collection::vec(1u8..=4, 0..3).prop_map(|ids| sighting(0, &ids)),
        Just(custom(0)),
    ]
}

proptest! {
    #[test]
    fn presence_is_what_the_model_says_after_every_event(
        steps in prop::collection::vec((event(), 0i64..(BEACON_EXIT_MS * 3 / 2)), 1..40),
    ) {
        let world = world();
        let mut presence = Presence::default();
        let mut told = Vec::new();
        let mut at_ms = 1;
        let mut inside: BTreeMap<Target, i64> = BTreeMap::new();
        for (mut event, gap_ms) in steps {
            at_ms += gap_ms;
            event.at_ms = at_ms;
            let mut crossings = Vec::new();
            observe(&mut presence, &world, &event, &mut crossings);
            told.push(event);
            // The crossings alone lead from one state to the next, in order of time.
            let mut last_ms = 0;
            for crossing in crossings {
                prop_assert!(crossing.at_ms >= last_ms && crossing.at_ms <= at_ms);
                last_ms = crossing.at_ms;
                match crossing.direction {
                    Direction::Enter => prop_assert_eq!(inside.insert(crossing.target, crossing.at_ms), None),
                    Direction::Exit => prop_assert_eq!(inside.remove(&crossing.target), Some(crossing.entered_at)),
                }
            }
            let expected = model(&world, &told, at_ms);
            prop_assert_eq!(inside.keys().copied().collect::<BTreeSet<_>>(), expected);
            prop_assert_eq!(&presence.inside, &inside.iter().map(|(k, v)| (*k, *v)).collect::<Vec<_>>());
        }
    }
}
