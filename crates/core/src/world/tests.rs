//! The indexes of the world follow every change.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{
    account::{AccountConfig, AccountLimits},
    campaign::repeat::Repeat,
    presence::Crossing,
    privacy::Privacy,
    samples::{beacon, campaign, circle, experience, frame, id, identity, place, zone},
};

const ENTER: Direction = Direction::Enter;

fn waiting(world: &World, direction: Direction, place: u8) -> Vec<ExperienceId> {
    let target = Target::Place(id::<PlaceId>(place));
    let crossing = Crossing {
        direction,
        target,
        at_ms: 0,
        entered_at: 0,
    };
    let waiting = world.waiting_for(&Occurrence::Crossed(crossing), None);
    waiting.iter().map(|(_, one)| one.id()).collect()
}

/// An experience of campaign 2 that waits for place 1, 2 or 3.
fn awaiting(number: u8, created_at: i64, place: u8, direction: Direction) -> Experience {
    let mut one = experience(number, Repeat::Never);
    one.frame.created_at = created_at;
    let place_id = id::<PlaceId>(place);
    one.trigger = match direction {
        Direction::Enter => Trigger::EnterPlace {
            place_id,
            delay_ms: None,
        },
        Direction::Exit => Trigger::ExitPlace { place_id },
    };
    one
}

fn account(time_zone: &str) -> Account {
    Account {
        frame: frame(0),
        operator: false,
        limits: AccountLimits::default(),
        config: AccountConfig {
            name: "Airports".into(),
            time_zone: time_zone.into(),
            cors_origins: Vec::new(),
            privacy: Privacy::default(),
        },
    }
}

#[test]
fn the_oldest_experience_comes_first() {
    let mut world = World::default();
    world.put_campaign(campaign());
    world.put_experience(awaiting(7, 20, 1, ENTER));
    world.put_experience(awaiting(9, 10, 1, ENTER));
    world.put_experience(awaiting(8, 10, 1, ENTER));
    let expected: Vec<ExperienceId> = [8, 9, 7].map(id).to_vec();
    assert_eq!(waiting(&world, ENTER, 1), expected);
    assert_eq!(waiting(&world, Direction::Exit, 1), []);
}

#[test]
fn an_experience_without_its_campaign_waits_for_nothing() {
    let mut world = World::default();
    world.put_experience(awaiting(7, 20, 1, ENTER));
    assert_eq!(waiting(&world, ENTER, 1), []);
    world.put_campaign(campaign());
    assert_eq!(waiting(&world, ENTER, 1), [id::<ExperienceId>(7)]);
    world.remove_campaign(campaign().id());
    assert_eq!(waiting(&world, ENTER, 1), []);
}

#[test]
fn the_time_zone_is_the_places_else_the_accounts() {
    let named = |name| TimeZone::named(name).unwrap();
    let mut world = World::default();
    let gate = Target::Beacon(id::<BeaconId>(1));
    assert_eq!(world.time_zone(Some(gate)), TimeZone::utc());
    world.put_account(&account("Europe/Madrid"));
    world.put_place(place(1, None));
    world.put_zone(zone(1, None));
    world.put_beacon(beacon(1, Some(1)));
    assert_eq!(world.time_zone(Some(gate)), named("Europe/Madrid"));
    let mut there = place(1, None);
    there.config.time_zone = Some("Asia/Tokyo".into());
    world.put_place(there);
    for target in [
        gate,
        Target::Zone(id::<ZoneId>(1)),
        Target::Place(id::<PlaceId>(1)),
    ] {
        assert_eq!(world.time_zone(Some(target)), named("Asia/Tokyo"));
    }
    world.remove_zone(id::<ZoneId>(1));
    assert_eq!(world.time_zone(Some(gate)), named("Europe/Madrid"));
}

#[test]
fn what_is_in_a_sensitive_place_is_sensitive() {
    let targets = [
        Target::Beacon(id::<BeaconId>(3)),
        Target::Zone(id::<ZoneId>(2)),
        Target::Place(id::<PlaceId>(1)),
    ];
    let mut world = World::default();
    let mut clinic = place(1, None);
    world.put_zone(zone(2, None));
    world.put_beacon(beacon(3, Some(2)));
    for is_sensitive in [false, true, false, true] {
        clinic.config.sensitive = is_sensitive;
        world.put_place(clinic.clone());
        let expected = is_sensitive.then_some(clinic.id());
        for target in targets {
            assert_eq!(world.sensitive_place(target), expected);
        }
    }
    // By its category too, whichever of the two is heard of first.
    clinic.config.sensitive = false;
    clinic.config.category = Some("clinic".into());
    world.put_place(clinic.clone());
    let mut careful = account("UTC");
    for (category, expected) in [("Clinic", true), ("church", false), ("CLINIC", true)] {
        careful.config.privacy.sensitive_categories = vec![category.into()];
        world.put_account(&careful);
        let place = world.sensitive_place(targets[0]);
        assert_eq!(place.is_some(), expected, "{category}");
    }
    clinic.config.category = None;
    world.put_place(clinic.clone());
    assert_eq!(world.sensitive_place(targets[0]), None);
    assert!(world.categories.is_empty(), "nothing is kept of it");
    clinic.config.category = Some("clinic".into());
    world.put_place(clinic.clone());
    // A beacon that is taken out of the zone is not in the place any more.
    world.put_beacon(beacon(3, None));
    assert_eq!(world.sensitive_place(targets[0]), None);
    world.remove_place(clinic.id());
    assert_eq!(world.sensitive_place(targets[2]), None);
}

#[test]
fn an_identity_belongs_to_the_beacon_that_took_it_last() {
    let mut world = World::default();
    world.put_beacon(beacon(1, None));
    // Beacon 2 takes over what beacon 1 sent, before the change of beacon 1 is heard of.
    let mut taker = beacon(2, None);
    taker.config.identity = identity(1);
    world.put_beacon(taker);
    world.remove_beacon(id::<BeaconId>(1));
    assert_eq!(world.beacon(&identity(1)), Some(id::<BeaconId>(2)));
    world.put_beacon(beacon(2, None));
    assert_eq!(world.beacon(&identity(1)), None);
    assert_eq!(world.beacon(&identity(2)), Some(id::<BeaconId>(2)));
}

#[test]
fn a_geofence_that_is_taken_away_holds_nobody() {
    let mut world = World::default();
    let center = circle(0.0, 10.0).center();
    let held = |world: &World| {
        let mut held = Vec::new();
        world.fences_at(center, |target| held.push(target));
        held
    };
    world.put_place(place(1, Some(circle(0.0, 10.0))));
    world.put_zone(zone(2, Some(circle(0.0, 20.0))));
    assert_eq!(held(&world).len(), 2);
    world.put_place(place(1, None));
    assert_eq!(held(&world), [Target::Zone(id::<ZoneId>(2))]);
    world.remove_zone(id::<ZoneId>(2));
    assert_eq!(held(&world), []);
    assert!(world.has(Target::Place(id::<PlaceId>(1))));
}

#[derive(Debug, Clone)]
enum Change {
    Put(u8, i64, u8, Direction),
    Remove(u8),
}

fn any_change() -> impl Strategy<Value = Change> {
    let direction = prop::sample::select(&[Direction::Enter, Direction::Exit][..]);
    prop_oneof![
        3 => (0..12_u8, 0..5_i64, 1..=3_u8, direction)
            .prop_map(|(number, created_at, place, direction)| Change::Put(number, created_at, place, direction)),
        1 => (0..12_u8).prop_map(Change::Remove),
    ]
}

proptest! {
    #[test]
    fn who_waits_is_what_a_scan_of_all_experiences_says(
        changes in prop::collection::vec(any_change(), 1..60),
    ) {
        let mut world = World::default();
        world.put_campaign(campaign());
        let mut all: BTreeMap<u8, Experience> = BTreeMap::new();
        for change in changes {
            match change {
                Change::Put(number, created_at, place, direction) => {
                    let one = awaiting(number, created_at, place, direction);
                    world.put_experience(one.clone());
                    all.insert(number, one);
                }
                Change::Remove(number) => {
                    world.remove_experience(id::<ExperienceId>(number));
                    all.remove(&number);
                }
            }
            for place in 1..=3 {
                for direction in [Direction::Enter, Direction::Exit] {
                    let crossing = (direction, Target::Place(id::<PlaceId>(place)));
                    let mut expected: Vec<&Experience> =
                        all.values().filter(|one| one.trigger.crossing() == Some(crossing)).collect();
                    expected.sort_by_key(|one| (one.frame.created_at, one.id()));
                    let expected: Vec<ExperienceId> = expected.iter().map(|one| one.id()).collect();
                    prop_assert_eq!(waiting(&world, direction, place), expected);
                }
            }
        }
        prop_assert!(world.waiting.values().all(|waiting| !waiting.is_empty()));
    }
}

#[test]
fn a_beacon_is_named_with_its_zone_and_place_unless_that_is_sensitive() {
    let mut world = World::default();
    let mut hospital = place(1, None);
    world.put_place(hospital.clone());
    world.put_zone(zone(2, None));
    world.put_beacon(beacon(3, Some(2)));
    let gate = Target::Beacon(id::<BeaconId>(3));
    assert_eq!(world.named_place(gate), Some((id(1), "place 1")));
    assert_eq!(world.named_zone(gate), Some((id(2), "zone 2")));
    assert_eq!(world.named_beacon(gate), Some((id(3), "")));
    let hall = Target::Zone(id::<ZoneId>(2));
    assert_eq!(world.named_zone(hall), Some((id(2), "zone 2")));
    assert_eq!(world.named_beacon(hall), None);
    hospital.config.sensitive = true;
    world.put_place(hospital);
    assert_eq!(world.named_place(gate), None);
    assert_eq!(world.named_zone(gate), None);
    assert_eq!(world.named_beacon(gate), None);
}
