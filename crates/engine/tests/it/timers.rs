//! Devices that fall silent.

use moca_core::{
    campaign::repeat::Repeat,
    experience::{Direction, Trigger},
    limits::BEACON_EXIT_MS,
};
use moca_engine::DecisionQuery;

use crate::support::{HOUR, MINUTE, START, Site, inbox};

#[tokio::test]
async fn a_silent_device_leaves_its_beacon_by_the_clock_also_after_a_restart() {
    let site = Site::new().await;
    let place_id = site.place(40.0, -3.0).await;
    let zone_id = site.zone(place_id).await;
    let beacon_id = site.beacon(zone_id, 1).await;
    let campaign = site.campaign(None).await;
    site.experience(
        campaign,
        Trigger::ExitBeacon { beacon_id },
        Repeat::Immediately,
    )
    .await;
    let engine = site.engine().await;
    let phones = [
        site.register(&engine, "one").await,
        site.register(&engine, "two").await,
    ];
    for (phone, seen_at) in phones.into_iter().zip([START, START + MINUTE]) {
        let sighting = site.sighting(seen_at, 1);
        engine.events(phone, vec![sighting]).await.unwrap();
    }
    site.clock.set(START + BEACON_EXIT_MS - 1);
    engine.tick().await.unwrap();
    assert!(inbox(&engine, phones[0]).await.is_empty());
    site.clock.set(START + BEACON_EXIT_MS);
    engine.tick().await.unwrap();
    assert_eq!(inbox(&engine, phones[0]).await.len(), 1);
    assert!(inbox(&engine, phones[1]).await.is_empty());
    let rows = engine.progress().last_seq;
    engine.tick().await.unwrap();
    assert_eq!(engine.progress().last_seq, rows, "nothing is due");
    engine.shutdown().await.unwrap();
    drop(engine);

    site.clock.set(START + HOUR);
    let engine = site.engine().await;
    engine.tick().await.unwrap();
    assert_eq!(inbox(&engine, phones[1]).await.len(), 1);
    let query = DecisionQuery {
        limit: 10,
        ..DecisionQuery::default()
    };
    let decisions = engine.decisions(site.app_id, &query).await.unwrap().items;
    let exits: Vec<_> = decisions
        .iter()
        .map(|kept| {
            (
                kept.decision.trigger.crossing().unwrap().0,
                kept.decision.at_ms,
            )
        })
        .collect();
    assert_eq!(
        exits,
        [
            (Direction::Exit, START + BEACON_EXIT_MS),
            (Direction::Exit, START + MINUTE + BEACON_EXIT_MS)
        ]
    );
    engine.shutdown().await.unwrap();
}

#[tokio::test]
async fn who_stays_is_answered_once_whether_the_device_talks_or_is_silent() {
    let site = Site::new().await;
    let place_id = site.place(40.0, -3.0).await;
    let campaign = site.campaign(None).await;
    let trigger = Trigger::EnterPlace {
        place_id,
        delay_ms: Some(2 * MINUTE),
    };
    site.experience(campaign, trigger, Repeat::Immediately)
        .await;
    let engine = site.engine().await;
    let silent = site.register(&engine, "silent").await;
    let talks = site.register(&engine, "talks").await;
    let leaves = site.register(&engine, "leaves").await;
    for phone in [silent, talks, leaves] {
        let fix = site.fix(START, 40.0, -3.0);
        engine.events(phone, vec![fix]).await.unwrap();
    }
    site.clock.set(START + MINUTE);
    let gone = site.fix(START + MINUTE, 41.0, -3.0);
    engine.events(leaves, vec![gone]).await.unwrap();
    let still = site.fix(START + MINUTE, 40.0, -3.0);
    engine.events(talks, vec![still]).await.unwrap();
    engine.shutdown().await.unwrap();
    drop(engine);

    // The stay goes on through a restart.
    let engine = site.engine().await;
    let still = site.fix(START + 3 * MINUTE, 40.0, -3.0);
    engine.events(talks, vec![still]).await.unwrap();
    assert_eq!(inbox(&engine, talks).await.len(), 1);
    site.clock.set(START + 2 * MINUTE - 1);
    engine.tick().await.unwrap();
    assert!(inbox(&engine, silent).await.is_empty());
    site.clock.set(START + 2 * MINUTE);
    engine.tick().await.unwrap();
    site.clock.set(START + HOUR);
    engine.tick().await.unwrap();
    for (phone, messages) in [(silent, 1), (talks, 1), (leaves, 0)] {
        assert_eq!(inbox(&engine, phone).await.len(), messages);
    }
    let query = DecisionQuery {
        limit: 10,
        ..DecisionQuery::default()
    };
    let decisions = engine.decisions(site.app_id, &query).await.unwrap().items;
    for kept in &decisions {
        let decision = &kept.decision;
        assert_eq!(
            (decision.at_ms, decision.trigger.delay_ms()),
            (START + 2 * MINUTE, 2 * MINUTE)
        );
    }
    assert_eq!(decisions.len(), 2);
    engine.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_device_that_tells_of_the_past_is_not_silent_while_it_goes_on_telling() {
    let site = Site::new().await;
    let place_id = site.place(40.0, -3.0).await;
    let zone_id = site.zone(place_id).await;
    let beacon_id = site.beacon(zone_id, 1).await;
    let campaign = site.campaign(None).await;
    let trigger = Trigger::ExitBeacon { beacon_id };
    site.experience(campaign, trigger, Repeat::Immediately)
        .await;
    let engine = site.engine().await;
    let phone = site.register(&engine, "phone").await;
    // Three hours after it happened, one event after the other.
    for step in 0..5 {
        let now = START + 3 * HOUR + step * (BEACON_EXIT_MS - 1);
        site.clock.set(now);
        engine.tick().await.unwrap();
        let sighting = site.sighting(START + step * (BEACON_EXIT_MS / 2), 1);
        engine.events(phone, vec![sighting]).await.unwrap();
    }
    assert!(inbox(&engine, phone).await.is_empty());
    site.clock.set(START + 4 * HOUR);
    engine.tick().await.unwrap();
    assert_eq!(inbox(&engine, phone).await.len(), 1);
    engine.shutdown().await.unwrap();
}
