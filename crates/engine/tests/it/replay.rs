//! The log is the truth: whatever of the device store is lost, the same comes back from it.

use std::path::Path;

use moca_core::{
    campaign::{decide::Verdict, repeat::Repeat},
    consent::{Consent, Purpose},
    event::{Change, Proximity, Subject, TagChange},
    experience::{Action, TagExpression, Trigger},
    id::{CampaignId, Id, NotificationId, SegmentId},
    notification::counts::Opening,
    receipt::{Receipt, ReceiptKind},
};
use moca_engine::Engine;

use crate::support::{HOUR, MINUTE, START, SeededRandom, Site, copy, dump, inbox};

const DEVICES: usize = 8;

pub(crate) async fn site() -> Site {
    let site = Site::new().await;
    let place_id = site.place(40.0, -3.0).await;
    let zone_id = site.zone(place_id).await;
    let beacon_id = site.beacon(zone_id, 1).await;
    site.beacon(zone_id, 2).await;
    let capped = site.campaign(Some(3)).await;
    let open = site.campaign(None).await;
    let frequent = site.segment(r#"{"tag.visits":{"$gte":5}}"#).await;
    let query = format!(r#"{{"$all":[{{"$segment":"{frequent}"}},{{"lastSeenAt":{{"$gt":0}}}}]}}"#);
    let targeted = site.segment(&query).await;
    let targeted = site.campaign_for(Some(targeted), None).await;
    for (campaign, trigger, repeat) in [
        (
            capped,
            Trigger::EnterPlace {
                place_id,
                delay_ms: None,
            },
            Repeat::Immediately,
        ),
        (
            open,
            Trigger::EnterZone {
                zone_id,
                delay_ms: Some(5 * MINUTE),
            },
            Repeat::After1Hour,
        ),
        (open, Trigger::ExitBeacon { beacon_id }, Repeat::Immediately),
        (
            targeted,
            Trigger::ExitPlace { place_id },
            Repeat::Immediately,
        ),
    ] {
        site.experience(campaign, trigger, repeat).await;
    }
    let near = Trigger::ZoneProximity {
        zone_id,
        proximity: Proximity::Near,
    };
    let viewed = Trigger::Event {
        verb: "view".into(),
        item: None,
        category: None,
        query: None,
    };
    let left = Trigger::ExitBeacon { beacon_id };
    for list in [
        vec![near.clone(), viewed.clone()],
        vec![Trigger::ExitPlace { place_id }, near.clone(), left],
    ] {
        let composite = Trigger::Composite { list };
        site.experience(open, composite, Repeat::Immediately).await;
    }
    site.experience(open, near, Repeat::Immediately).await;
    site.experience(open, viewed, Repeat::Immediately).await;
    let enter = Trigger::EnterPlace {
        place_id,
        delay_ms: None,
    };
    let count = Action::Tag(TagExpression {
        tag_name: "entries".into(),
        tag_value: "+1".into(),
    });
    site.experience_that(open, enter, Repeat::Immediately, count)
        .await;
    site
}

/// Every time that the action fired which counts entries, the tag went up by one, and so it is listed.
async fn entries_are_counted_once(site: &Site, engine: &Engine, subjects: &[Subject]) {
    let mut tagged = 0;
    for subject in subjects {
        let inbox = engine.messages(*subject, 0, 1_000).await.unwrap();
        let tags = inbox.items.iter().filter(|item| item.message.tag.is_some());
        let fired = tags.count();
        tagged += u64::from(fired > 0);
        let instance = engine.instance(*subject).await.unwrap().unwrap();
        let mut tags = instance.tags.iter();
        let number = tags.find(|(name, _)| name == "entries");
        assert_eq!(number.map_or(0.0, |(_, number)| *number), fired as f64);
    }
    assert!(tagged > 3, "hardly anybody entered");
    let carried = engine.tagged(vec![(site.app_id, "entries".into())]).await;
    assert_eq!(carried.unwrap(), [tagged]);
}

/// Lets devices do something for a while; the clock goes on, so timers run too.
pub(crate) async fn live(
    site: &Site,
    engine: &Engine,
    random: &SeededRandom,
    from: i64,
    steps: i64,
) -> i64 {
    let mut now = from;
    for _ in 0..steps {
        now += random.below(2 * MINUTE);
        site.clock.set(now);
        let device = random.below(DEVICES as i64);
        let subject = site.register(engine, &device.to_string()).await;
        if random.below(2) == 0 {
            let tagged = Change::Tagged {
                name: "visits".into(),
                change: TagChange::Add(1.0),
            };
            engine.change(subject, tagged).await.unwrap();
        }
        if random.below(4) == 0 {
            let listed = Change::Listed {
                segment_id: SegmentId(Id([7; 16])),
                is_member: random.below(2) == 0,
            };
            engine.change(subject, listed).await.unwrap();
        }
        if random.below(5) == 0 {
            engine.change(subject, answered(random, now)).await.unwrap();
        }
        if random.below(8) == 0 {
            let opened = Change::Opened(Opening {
                notification_id: NotificationId(Id([8; 16])),
                campaign_id: CampaignId(Id([9; 16])),
                at_ms: now,
            });
            engine.change(subject, opened).await.unwrap();
        }
        let at = now - random.below(5 * MINUTE);
        let event = match random.below(4) {
            0 => site.fix(at, 40.0, -3.0),
            1 => site.fix(at, 41.0, -3.0),
            2 => site.custom(at),
            _ => {
                let closeness = [None, Some(Proximity::Near), Some(Proximity::Far)];
                let closeness = closeness[random.below(3) as usize];
                site.close_sighting(at, 1 + (random.below(3) as u16), closeness)
            }
        };
        // A second later the app reports something, so that composites of both come true.
        let then = site.custom(at + 1_000);
        engine
            .events(subject, vec![event.clone(), event, then])
            .await
            .unwrap();
        if random.below(5) == 0 {
            engine.tick().await.unwrap();
        }
        if random.below(3) == 0 {
            tell_of_newest(engine, random, subject, now).await;
        }
    }
    now
}

/// Somebody agrees to something, or takes it back.
fn answered(random: &SeededRandom, now: i64) -> Change {
    let all = Purpose::ALL;
    let purpose = all[random.below(all.len() as i64) as usize];
    let consent = Consent {
        granted: random.below(3) > 0,
        version: "1".into(),
        at_ms: now,
    };
    Change::ConsentsSet([(purpose, consent)].into())
}

/// Has a device tell what became of its newest message, which it may have told before.
async fn tell_of_newest(engine: &Engine, random: &SeededRandom, subject: Subject, now: i64) {
    let inbox = engine.messages(subject, 0, 1_000).await.unwrap();
    let Some(item) = inbox.items.into_iter().next_back() else {
        return;
    };
    let kinds = ReceiptKind::ALL;
    let receipt = Receipt {
        message_id: item.message.message_id,
        campaign_id: item.message.campaign_id,
        experience_id: item.message.experience_id,
        kind: kinds[random.below(kinds.len() as i64) as usize],
        at_ms: now,
    };
    let receipt = Change::Receipt(receipt);
    engine.change(subject, receipt).await.unwrap();
}

/// Stops an engine when no timer is due any more, so that a later one adds no row of its own.
async fn stop(engine: Engine) {
    engine.tick().await.unwrap();
    engine.shutdown().await.unwrap();
}

/// The outcomes of the campaign for a segment.
async fn verdicts(site: &Site, engine: &Engine) -> Vec<Verdict> {
    let query = moca_engine::DecisionQuery {
        limit: 1_000,
        ..Default::default()
    };
    let kept = engine.decisions(site.app_id, &query).await.unwrap().items;
    let newest = kept.iter().map(|kept| kept.decision.campaign_id).max();
    kept.into_iter()
        .filter(|kept| Some(kept.decision.campaign_id) == newest)
        .map(|kept| kept.decision.verdict)
        .collect()
}

/// The triggers that came true.
async fn came_true(site: &Site, engine: &Engine) -> Vec<Trigger> {
    let query = moca_engine::DecisionQuery {
        limit: 1_000,
        ..Default::default()
    };
    let kept = engine.decisions(site.app_id, &query).await.unwrap().items;
    kept.into_iter().map(|kept| kept.decision.trigger).collect()
}

async fn inboxes(engine: &Engine, subjects: &[Subject]) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for subject in subjects {
        all.push(inbox(engine, *subject).await);
    }
    all
}

#[tokio::test]
async fn a_device_store_made_again_from_the_log_is_the_same_to_the_byte() {
    let site = site().await;
    let random = SeededRandom::new(3);
    let (mut outcomes, mut triggers) = (Vec::new(), Vec::new());
    let mut now = START;
    for _ in 0..2 {
        let engine = site.engine().await;
        now = live(&site, &engine, &random, now, 60).await;
        outcomes.extend(verdicts(&site, &engine).await);
        triggers.extend(came_true(&site, &engine).await);
        stop(engine).await;
    }
    let is_new = |trigger: &Trigger| trigger.crossing().is_none();
    assert!(triggers.iter().filter(|trigger| is_new(trigger)).count() > 20);
    assert!(triggers.iter().any(Trigger::is_composite));
    let by_segment = |verdict: &Verdict| matches!(verdict, Verdict::NotInSegment { .. });
    assert!(outcomes.iter().any(by_segment) && outcomes.contains(&Verdict::Fired));
    let before = dump(site.dir.path());
    for (name, keys_min) in [
        ("directory", 3 * DEVICES),
        ("states", DEVICES),
        ("inbox", 10),
        ("decisions", 40),
        ("sets", 20),
        ("firsts", DEVICES),
        ("receipts", 5),
        ("tallies", 20),
    ] {
        assert!(before[name].len() >= keys_min, "{name} is hardly filled");
    }

    std::fs::remove_dir_all(site.dir.path().join("devices")).unwrap();
    let engine = site.engine().await;
    let subject = site.register(&engine, "0").await;
    assert!(engine.instance(subject).await.unwrap().is_some());
    stop(engine).await;
    // The registration that looked the instance up is one row more: undo its traces by making both
    // stores from the same log.
    let once_more = dump(site.dir.path());
    std::fs::remove_dir_all(site.dir.path().join("devices")).unwrap();
    let engine = site.engine().await;
    assert!(engine.instance(subject).await.unwrap().is_some());
    stop(engine).await;
    assert_eq!(once_more, dump(site.dir.path()));
    for name in [
        "inbox",
        "decisions",
        "receipts",
        "tallies",
        "sets",
        "firsts",
        "moments",
    ] {
        assert_eq!(before[name], once_more[name], "{name}");
    }
}

#[tokio::test]
async fn a_device_store_that_lost_its_newest_steps_catches_up_without_doubling_any() {
    let site = site().await;
    let random = SeededRandom::new(4);
    let old = tempfile::TempDir::new().unwrap();
    let mut now = START;
    let mut copies = Vec::new();
    for run in 0..4 {
        let engine = site.engine().await;
        now = live(&site, &engine, &random, now, 30).await;
        stop(engine).await;
        let to = old.path().join(run.to_string());
        copy(&site.dir.path().join("devices"), &to.join("devices"));
        copies.push(to);
    }
    let expected = dump(site.dir.path());
    for data_dir in copies {
        for file in ["events.db", "events.db-wal"] {
            if site.dir.path().join(file).exists() {
                std::fs::copy(site.dir.path().join(file), data_dir.join(file)).unwrap();
            }
        }
        let engine = site.engine_in(&data_dir).await;
        stop(engine).await;
        assert_eq!(dump(&data_dir), expected);
    }
}

/// What a crash at this moment would leave: the device store first, as the log is always ahead of
/// it. Holds for small stores only, whose files do nothing but grow.
fn copy_live(from: &Path, to: &Path) {
    copy(&from.join("devices"), &to.join("devices"));
    for file in ["events.db", "events.db-wal"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_moment_loses_and_doubles_nothing() {
    let site = site().await;
    let random = SeededRandom::new(6);
    let engine = site.engine().await;
    let mut now = live(&site, &engine, &random, START, 5).await;
    let crashes = tempfile::TempDir::new().unwrap();
    for crash in 0..6 {
        let data_dir = crashes.path().join(crash.to_string());
        let acknowledged = engine.progress().last_seq;
        let copied = tokio::task::spawn_blocking({
            let (from, to) = (site.dir.path().to_owned(), data_dir.clone());
            move || copy_live(&from, &to)
        });
        now = live(&site, &engine, &random, now, 20).await;
        copied.await.unwrap();

        let recovered = site.engine_in(&data_dir).await;
        let rows = recovered.progress().last_seq;
        assert!(rows >= acknowledged, "{rows} of {acknowledged} rows");
        stop(recovered).await;
        let caught_up = dump(&data_dir);
        std::fs::remove_dir_all(data_dir.join("devices")).unwrap();
        let replayed = site.engine_in(&data_dir).await;
        stop(replayed).await;
        assert_eq!(caught_up, dump(&data_dir));
    }
    engine.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_restart_keeps_inbox_and_caps() {
    let site = site().await;
    let random = SeededRandom::new(5);
    let engine = site.engine().await;
    let now = live(&site, &engine, &random, START, 100).await;
    let mut subjects = Vec::new();
    for device in 0..DEVICES {
        subjects.push(site.register(&engine, &device.to_string()).await);
    }
    let before = inboxes(&engine, &subjects).await;
    entries_are_counted_once(&site, &engine, &subjects).await;
    stop(engine).await;

    std::fs::remove_dir_all(site.dir.path().join("devices")).unwrap();
    let engine = site.engine().await;
    assert_eq!(inboxes(&engine, &subjects).await, before);
    entries_are_counted_once(&site, &engine, &subjects).await;
    // Each of these would fire the capped experience if the cap were forgotten.
    for step in 1..=8 {
        let latitude = if step % 2 == 0 { 40.0 } else { 41.0 };
        let fix = site.fix(now + HOUR + step * MINUTE, latitude, -3.0);
        engine.events(subjects[0], vec![fix]).await.unwrap();
    }
    let query = moca_engine::DecisionQuery {
        instance_id: Some(subjects[0].instance_id),
        limit: 1_000,
        ..Default::default()
    };
    let decisions = engine.decisions(site.app_id, &query).await.unwrap().items;
    let capped = decisions
        .iter()
        .map(|kept| kept.decision.campaign_id)
        .min()
        .unwrap();
    let shown = decisions
        .iter()
        .filter(|kept| kept.decision.campaign_id == capped && kept.decision.message_id.is_some());
    assert_eq!(shown.count(), 3);
    engine.shutdown().await.unwrap();
}
