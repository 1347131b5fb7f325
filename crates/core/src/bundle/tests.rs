//! Histories that a device decides by its bundle and the server by all that it knows, and bundles that
//! can be read.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::{
    beacon,
    campaign::{
        self, Recurrence,
        caps::Caps,
        decide::{Audience, Verdict},
        moment::{Candidate, decide_moment},
        repeat::Repeat,
        scene::{Actor, Scene},
    },
    consent::Consent,
    event::{Event, EventBody, Fix, Profile, Proximity, Sighting},
    experience::{self, Content, Direction, Target},
    geo::{Area, Disc, Geofence, LatLon},
    id::{Id, SegmentId},
    limits::{BEACON_RANGE_M, BUNDLE_MS, BUNDLE_SLOT_MS},
    place,
    presence::{self, Presence},
    privacy::Privacy,
    property::{Properties, Property},
    samples::{MONDAY, beacon, campaign, circle, experience, id, place, zone},
    segment::{Query, Segments, Traits},
    world::World,
    zone,
};

mod estate;

use estate::*;

#[derive(Debug, Clone)]
enum Step {
    /// Goes so many metres east, and tells where it is with such an error.
    Walk(f64, f32),
    /// Goes to a place by its index, and tells.
    Visit(u8),
    /// Sees all of these beacons that can be heard there.
    See(Vec<(u8, u8)>),
    Tell(u8, u8),
    Wait,
    /// Asks for a bundle although it need not.
    Ask,
}

fn step() -> impl Strategy<Value = (i64, Step)> {
    let walk = (
        -400.0..400.0_f64,
        prop::sample::select(&[0.0_f32, 5.0, 15.0, 60.0][..]),
    );
    let step = prop_oneof![
        4 => walk.prop_map(|(east_m, accuracy_m)| Step::Walk(east_m, accuracy_m)),
        2 => any::<u8>().prop_map(Step::Visit),
        4 => prop::collection::vec((1..=BEACONS, any::<u8>()), 1..6).prop_map(Step::See),
        2 => any::<(u8, u8)>().prop_map(|(verb, item)| Step::Tell(verb, item)),
        1 => Just(Step::Wait),
        1 => Just(Step::Ask),
    ];
    let gap_ms = prop_oneof![
        8 => (0..40_i64).prop_map(|seconds| seconds * SECOND),
        1 => (0..40_i64).prop_map(|minutes| minutes * 60 * SECOND),
    ];
    (gap_ms, step)
}

fn event(at_ms: i64, body: EventBody) -> Event {
    Event {
        id: [0; 16],
        at_ms,
        body,
    }
}

fn body_of(step: &Step, server: &Server, east_m: f64) -> Option<EventBody> {
    Some(match step {
        Step::Walk(_, accuracy_m) => EventBody::Location(Fix {
            at: at(east_m),
            accuracy_m: Some(*accuracy_m),
            speed_m_s: None,
            floor: None,
        }),
        Step::Visit(_) => EventBody::Location(Fix {
            at: at(east_m),
            accuracy_m: Some(5.0),
            speed_m_s: None,
            floor: None,
        }),
        Step::See(seen) => {
            let heard = seen.iter().filter(|(number, _)| {
                let range = server.ranges[number];
                range.is_none_or(|disc| disc.gap_m(at(east_m)) == 0.0)
            });
            let sightings = heard.map(|(number, proximity)| Sighting {
                identity: identity(*number),
                rssi_dbm: None,
                proximity: Proximity::ALL.get(usize::from(*proximity) % 4).copied(),
                battery_percent: None,
            });
            EventBody::Sightings(sightings.collect())
        }
        Step::Tell(verb, item) => EventBody::Custom {
            verb: ["buy", "view"][usize::from(*verb) % 2].to_owned(),
            item: [None, Some("map".to_owned())][usize::from(*item) % 2].clone(),
            category: None,
            value: None,
            properties: Properties::from([("gift".to_owned(), Property::Bool(true))]),
        },
        Step::Wait | Step::Ask => return None,
    })
}

/// Whether a device at this point has to ask for other regions.
fn has_left(bundle: &Bundle, east_m: f64) -> bool {
    bundle.regions.iter().any(|region| match *region {
        Region::Refresh {
            latitude,
            longitude,
            radius,
        } => {
            let center = LatLon::new(latitude, longitude).unwrap();
            let radius_m = radius;
            Disc { center, radius_m }.gap_m(at(east_m)) > 0.0
        }
        _ => false,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_device_decides_by_its_bundle_as_the_server_by_all_it_knows(
        estate in estate(),
        regions_max in 2..8_usize,
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut server = server(&estate);
        let mut east_m = 0.0_f64;
        let mut now_ms = MONDAY;
        let mut bundle = server.bundle(east_m, regions_max, now_ms);
        let mut device = Device::new(&bundle).unwrap();
        for (gap_ms, step) in steps {
            now_ms += gap_ms;
            match step {
                Step::Walk(by_m, _) => east_m = (east_m + by_m).clamp(-500.0, 6_500.0),
                Step::Visit(place) => east_m = estate.places[usize::from(place % PLACES)].0,
                _ => {}
            }
            let told = body_of(&step, &server, east_m).map(|body| event(now_ms, body));
            let decided = match &told {
                Some(event) => server.take(event),
                None => server.tick(now_ms),
            };
            if has_left(&bundle, east_m) || now_ms >= bundle.expires_at {
                bundle = server.bundle(east_m, regions_max, now_ms);
                device = Device::new(&bundle).unwrap();
                continue;
            }
            let offline = match &told {
                Some(event) => device.take(event),
                None => device.tick(now_ms),
            };
            let offered: BTreeMap<ExperienceId, &Experience> =
                bundle.experiences.iter().map(|one| (one.experience_id, one)).collect();
            let expected: Vec<Outcome> = decided
                .into_iter()
                .filter(|(id, _, verdict, _)| offered.contains_key(id) || *verdict == Verdict::Fired)
                .collect();
            let found: Vec<(ExperienceId, i64, Verdict)> =
                offline.iter().map(|one| (one.experience_id, one.at_ms, one.verdict.clone())).collect();
            let plain: Vec<(ExperienceId, i64, Verdict)> =
                expected.iter().map(|(id, at_ms, verdict, _)| (*id, *at_ms, verdict.clone())).collect();
            prop_assert_eq!(found, plain, "{:?} {:?}", step, bundle);
            for (id, _, _, text) in expected {
                let action = &offered[&id].action;
                if let Some(text) = text.filter(|_| action.is_written) {
                    prop_assert_eq!(action.content.values().next(), Some(&text));
                }
            }
            prop_assert_eq!(device.due_at().is_none() || device.due_at() >= Some(now_ms), true);
            if matches!(step, Step::Ask) {
                bundle = server.bundle(east_m, regions_max, now_ms);
                device = Device::new(&bundle).unwrap();
            }
        }
    }

    #[test]
    fn nobody_can_come_to_what_is_not_watched_without_leaving_the_circle_around_them(
        estate in estate(),
        regions_max in 2..8_usize,
        from_m in -500.0..6_500.0_f64,
        by_m in prop::collection::vec(-3_000.0..3_000.0_f64, 30),
    ) {
        let server = server(&estate);
        let bundle = server.bundle(from_m, regions_max, MONDAY);
        prop_assert!(bundle.regions.len() <= regions_max);
        let watched: BTreeSet<Target> = bundle.regions.iter().filter_map(|region| match region {
            Region::Circle { target, .. } => Some((*target).into()),
            _ => None,
        }).collect();
        let all = server.bundle(from_m, 1_000, MONDAY);
        let asks_again = |region: &Region| matches!(region, Region::Refresh { .. });
        prop_assert!(!all.regions.iter().any(asks_again));
        for by_m in by_m {
            let there_m = from_m + by_m;
            if has_left(&bundle, there_m) {
                continue;
            }
            for experience in &all.experiences {
                let is_here = |target: Target| {
                    let fence = server.world.fence(target);
                    fence.is_some_and(|fence| fence.is_within(0.0, at(there_m)))
                };
                for target in experience.trigger.targets().filter(|target| is_here(*target)) {
                    // Watched, or so near that one more region would not have helped.
                    let gap_m = server.offer.disc_of(target).unwrap().gap_m(at(from_m).rounded(1_000.0));
                    prop_assert!(
                        watched.contains(&target) || gap_m <= crate::limits::REFRESH_M_MIN,
                        "{:?} at {} m is not watched: {:?}", target, gap_m, bundle.regions
                    );
                    // Of a composite, another part may be far.
                    let is_in = bundle.experiences.contains(experience);
                    prop_assert!(is_in || experience.trigger.is_composite());
                }
            }
        }
    }
}

#[test]
fn it_is_the_same_until_it_has_to_be_made_anew() {
    let estate = Estate {
        places: (0..PLACES)
            .map(|n| (f64::from(n) * 600.0, 100.0, 1))
            .collect(),
        campaigns: vec![[0, 1, 1, 0, 1, 1]; 3],
        experiences: vec![(vec![(0, 1, 0)], 0, 0, 0), (vec![(2, 4, 0)], 1, 0, 4)],
        has_zone: true,
        speaks_spanish: true,
    };
    let mut server = server(&estate);
    let bundle = server.bundle(0.0, 20, MONDAY);
    assert_eq!(bundle.experiences.len(), 2);
    assert_eq!(bundle.expires_at, MONDAY + BUNDLE_MS);
    assert_eq!(server.bundle(3.0, 20, MONDAY + BUNDLE_SLOT_MS - 1), bundle);
    let next = server.bundle(0.0, 20, MONDAY + BUNDLE_SLOT_MS);
    assert_eq!(next.expires_at, bundle.expires_at + BUNDLE_SLOT_MS);
    // What only the server can write is not written.
    let written: Vec<bool> = bundle
        .experiences
        .iter()
        .map(|one| one.action.is_written)
        .collect();
    assert_eq!(written, [true, true]);
    // Nothing fires by a bundle that is out of date.
    let mut device = Device::new(&bundle).unwrap();
    let inside = |at_ms| {
        let fix = Step::Walk(0.0, 1.0);
        event(at_ms, body_of(&fix, &self::server(&estate), 600.0).unwrap())
    };
    assert_eq!(device.take(&inside(bundle.expires_at)), []);
    let fired = server.take(&inside(MONDAY));
    assert_eq!(fired.len(), 1);
    let direction = bundle.experiences[0].trigger.crossing().map(|(it, _)| it);
    assert_eq!(direction, Some(Direction::Enter));
}
