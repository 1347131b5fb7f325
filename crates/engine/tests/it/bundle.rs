//! A device that goes by its bundle beside the pipeline itself: what it decides is what the server finds
//! in the log afterwards.

use std::collections::BTreeSet;

use moca_core::{
    bundle::{Bundle, Device},
    campaign::{decide::Verdict, repeat::Repeat},
    event::{Event, Proximity, Subject},
    experience::Trigger,
    geo::LatLon,
    id::{ExperienceId, PlaceId},
};
use moca_engine::{DecisionQuery, Engine};

use crate::support::{HOUR, MINUTE, SECOND, START, SeededRandom, Site};

/// Places so many degrees apart, about eleven kilometres.
const STEP_DEG: f64 = 0.1;
const PLACES: i64 = 12;

async fn site() -> Site {
    let site = Site::new().await;
    let mut places: Vec<PlaceId> = Vec::new();
    for number in 0..PLACES {
        let latitude = 40.0 + number as f64 * STEP_DEG;
        places.push(site.place(latitude, -3.0).await);
    }
    let zone_id = site.zone(places[0]).await;
    let beacon_id = site.beacon(zone_id, 1).await;
    let capped = site.campaign(Some(4)).await;
    let open = site.campaign(None).await;
    for (number, &place_id) in places.iter().enumerate() {
        let (campaign, repeat) = match number % 3 {
            0 => (capped, Repeat::Immediately),
            1 => (open, Repeat::After1Hour),
            _ => (open, Repeat::NextDay),
        };
        let delay_ms = (number % 4 == 1).then_some(3 * MINUTE);
        let enter = Trigger::EnterPlace { place_id, delay_ms };
        site.experience(campaign, enter, repeat).await;
    }
    let viewed = || Trigger::Event {
        verb: "view".into(),
        item: None,
        category: None,
        query: None,
    };
    let near = Trigger::ZoneProximity {
        zone_id,
        proximity: Proximity::Near,
    };
    let list = vec![
        Trigger::ExitPlace {
            place_id: places[1],
        },
        viewed(),
    ];
    for trigger in [
        viewed(),
        near,
        Trigger::ExitBeacon { beacon_id },
        Trigger::Composite { list },
    ] {
        site.experience(open, trigger, Repeat::Immediately).await;
    }
    site
}

async fn bundle(engine: &Engine, subject: Subject, latitude: f64, now_ms: i64) -> Bundle {
    let at = LatLon::new(latitude, -3.0).unwrap();
    let bundle = engine.bundle(subject, Some(at), 4, now_ms).await.unwrap();
    // As it comes over the network.
    let text = serde_json::to_string(&bundle.unwrap()).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// How far a device may go north or south of where it asked.
fn reach_m(bundle: &Bundle) -> f64 {
    let radius = bundle.regions.iter().find_map(|region| match region {
        moca_core::bundle::Region::Refresh { radius, .. } => Some(*radius),
        _ => None,
    });
    radius.unwrap_or(f64::INFINITY)
}

#[tokio::test]
async fn a_device_decides_offline_what_the_server_decides_when_it_hears_of_it() {
    let site = site().await;
    let engine = site.engine().await;
    let random = SeededRandom::new(7);
    let mut now = START + HOUR;
    let mut latitude = 40.0;
    let (mut fired, mut compared) = (0, BTreeSet::new());
    for trip in 0..60 {
        site.clock.set(now);
        let subject = site.register(&engine, &(trip % 5).to_string()).await;
        engine.tick().await.unwrap();
        let bundle = bundle(&engine, subject, latitude, now).await;
        let offered: BTreeSet<ExperienceId> = bundle
            .experiences
            .iter()
            .map(|one| one.experience_id)
            .collect();
        let mut device = Device::new(&bundle).unwrap();
        let (mut events, mut decided) = (Vec::new(), Vec::new());
        let start = latitude;
        for _ in 0..random.below(12) {
            now += random.below(3 * MINUTE) + SECOND;
            let event: Event = match random.below(5) {
                0 => site.custom(now),
                // Beacon 1 hangs in place 0.
                1 if latitude < 40.0 + 0.001 => site.close_sighting(
                    now,
                    1,
                    [Some(Proximity::Near), None][random.below(2) as usize],
                ),
                _ => {
                    let there = start + random.below(7) as f64 * STEP_DEG / 2.0 - 1.5 * STEP_DEG;
                    let metres = (there - start).abs() * 111_200.0;
                    // It stays where its bundle holds.
                    if metres < reach_m(&bundle) {
                        latitude = there;
                    }
                    site.fix(now, latitude, -3.0)
                }
            };
            decided.extend(device.take(&event));
            events.push(event);
        }
        // Online again: it tells all at once.
        site.clock.set(now);
        let first = events.first().map_or(now, |event| event.at_ms);
        engine.events(subject, events).await.unwrap();
        let query = DecisionQuery {
            instance_id: Some(subject.instance_id),
            limit: 1_000,
            ..DecisionQuery::default()
        };
        let kept = engine.decisions(site.app_id, &query).await.unwrap();
        let mut server: Vec<(i64, ExperienceId, Verdict)> = kept
            .items
            .into_iter()
            .map(|one| one.decision)
            .filter(|one| one.at_ms >= first && one.at_ms <= now)
            .filter(|one| offered.contains(&one.experience_id) || one.verdict == Verdict::Fired)
            .map(|one| (one.at_ms, one.experience_id, one.verdict))
            .collect();
        let mut offline: Vec<(i64, ExperienceId, Verdict)> = decided
            .into_iter()
            .map(|one| (one.at_ms, one.experience_id, one.verdict))
            .collect();
        fired += offline.iter().filter(|one| one.2 == Verdict::Fired).count();
        compared.extend(offline.iter().map(|(_, id, _)| *id));
        server.sort_by_key(|(at_ms, id, _)| (*at_ms, *id));
        offline.sort_by_key(|(at_ms, id, _)| (*at_ms, *id));
        assert_eq!(offline, server, "trip {trip}");
        now += random.below(20 * MINUTE);
    }
    assert!(
        fired > 50 && compared.len() >= 9,
        "{fired} fired, {compared:?}"
    );
    engine.shutdown().await.unwrap();
}
