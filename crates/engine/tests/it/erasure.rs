//! An erasure leaves no trace but what was counted, whenever the process is killed on the way.

use std::path::Path;

use moca_core::{
    campaign::repeat::Repeat,
    consent::{Consent, Purpose},
    event::{Change, Profile, Subject, TagChange},
    experience::{Target, TargetKind, Trigger},
    metric::Metric,
    property::Property,
    push::PushAddress,
    receipt::{Receipt, ReceiptKind},
    tally::Counts,
    time::Range,
};
use moca_engine::{
    CountQuery, DecisionQuery, Engine, EngineError, ExperiencesQuery, InstanceQuery, UserQuery,
};
use moca_storage::log::LogReader;

use crate::support::{DAY, HOUR, MINUTE, START, Site, copy, dump, inbox};

const ANA: &str = "ana-5f0c1e9b7d2a4468";
const BOB: &str = "bob-93a7d1c05e8b4f26";
const EVENTS: i64 = 40;

struct Town {
    site: Site,
    place: Target,
    ana: Subject,
    bob: Subject,
}

/// A site with two people, each with a phone, who did the same things.
async fn town(engine_in: &Site) -> (Target, Subject, Subject) {
    let place_id = engine_in.place(40.0, -3.0).await;
    let campaign = engine_in.campaign(None).await;
    let trigger = Trigger::EnterPlace {
        place_id,
        delay_ms: None,
    };
    engine_in
        .experience(campaign, trigger, Repeat::Immediately)
        .await;
    let engine = engine_in.engine().await;
    let ana = live(engine_in, &engine, "phone of ana", ANA).await;
    let bob = live(engine_in, &engine, "phone of bob", BOB).await;
    engine.shutdown().await.unwrap();
    (Target::Place(place_id), ana, bob)
}

fn analytics(granted: bool, user_id: &str) -> Change {
    let consent = Consent {
        granted,
        version: format!("as told to {user_id}"),
        at_ms: START,
    };
    Change::ConsentsSet([(Purpose::Analytics, consent)].into())
}

async fn live(site: &Site, engine: &Engine, key: &str, user_id: &str) -> Subject {
    let subject = site.register(engine, key).await;
    let told = Profile {
        carrier: Some(format!("carrier of {user_id}")),
        ..Profile::default()
    };
    let properties = vec![(
        "secret".to_owned(),
        Some(Property::Text(user_id.to_owned())),
    )];
    for change in [
        Change::ProfileReplaced(Box::new(told)),
        Change::PushSet(Box::new(PushAddress::Fcm {
            token: user_id.to_owned(),
        })),
        Change::LoggedIn {
            user_id: user_id.to_owned(),
            properties,
        },
        analytics(true, user_id),
        Change::Tagged {
            name: "coffee".to_owned(),
            change: TagChange::Add(1.0),
        },
    ] {
        engine.change(subject, change).await.unwrap();
    }
    for step in 0..EVENTS {
        // For some hours they are not counted.
        if step == 9 || step == 27 {
            let change = analytics(step == 27, user_id);
            engine.change(subject, change).await.unwrap();
        }
        let latitude = if step % 2 == 0 { 40.0 } else { 41.0 };
        let fix = site.fix(START + step * 7 * MINUTE, latitude, -3.0);
        engine.events(subject, vec![fix]).await.unwrap();
    }
    let inbox = engine.messages(subject, 0, 3).await.unwrap();
    for item in inbox.items {
        let receipt = Receipt {
            message_id: item.message.message_id,
            campaign_id: item.message.campaign_id,
            experience_id: item.message.experience_id,
            kind: ReceiptKind::Shown,
            at_ms: item.message.at_ms + 1,
        };
        engine
            .change(subject, Change::Receipt(receipt))
            .await
            .unwrap();
    }
    subject
}

impl Town {
    async fn new() -> Self {
        let site = Site::new().await;
        let (place, ana, bob) = town(&site).await;
        Self {
            site,
            place,
            ana,
            bob,
        }
    }

    /// What is counted, by the hour and over odd ranges.
    async fn counts(&self, engine: &Engine) -> Vec<Vec<u64>> {
        let mut ranges: Vec<Range> = (0..6)
            .map(|hour| Range {
                from: START + hour * HOUR,
                to: START + (hour + 1) * HOUR,
            })
            .collect();
        ranges.push(Range {
            from: START - DAY,
            to: START + DAY,
        });
        ranges.push(Range {
            from: START + 7 * MINUTE,
            to: START + 8 * MINUTE,
        });
        let mut counts = Vec::new();
        for (metric, target) in [
            (Metric::ActiveUsers, None),
            (Metric::NewUsers, None),
            (Metric::ReturningUsers, None),
            (Metric::Visitors, None),
            (Metric::Visitors, Some(self.place)),
        ] {
            let query = CountQuery {
                app_id: self.site.app_id,
                metric,
                target,
            };
            counts.push(engine.count(&query, &ranges).await.unwrap());
        }
        let day = Range {
            from: START,
            to: START + DAY,
        };
        let by_place = engine
            .visitors_by_target(self.site.app_id, TargetKind::Place, day)
            .await
            .unwrap();
        counts.push(by_place.iter().map(|(_, count)| *count).collect());
        let query = ExperiencesQuery {
            app_id: self.site.app_id,
            campaign_id: None,
            experience_id: None,
        };
        let found = engine.counted_experiences(&query, day).await.unwrap();
        let asked = found.iter().map(|one| one.experience_id).collect();
        let app_id = self.site.app_id;
        let happened = engine.experiences(app_id, asked, &ranges).await.unwrap();
        for word in ["Fired", "Shown"] {
            let of_range = |counts: &Counts| counts.get(word).copied().unwrap_or(0);
            counts.push(happened.ranges.iter().map(of_range).collect());
        }
        assert_eq!(counts[counts.len() - 1][6], 6, "three messages of each");
        counts
    }

    /// Ana is nowhere, Bob is as he was.
    async fn require_erased(&self, engine: &Engine) {
        let app = self.site.app_id;
        let query = InstanceQuery {
            limit: 10,
            ..InstanceQuery::default()
        };
        let instances = engine.instances(app, &query).await.unwrap();
        let ids: Vec<_> = instances.items.iter().map(|one| one.subject).collect();
        assert_eq!((instances.total, ids), (1, vec![self.bob]));
        let query = UserQuery {
            limit: 10,
            ..UserQuery::default()
        };
        let users = engine.users(app, &query).await.unwrap();
        let ids: Vec<_> = users
            .items
            .iter()
            .map(|user| user.user_id.as_str())
            .collect();
        assert_eq!((users.total, ids), (1, vec![BOB]));
        assert_eq!(engine.instance(self.ana).await.unwrap(), None);
        assert_eq!(engine.user(app, ANA).await.unwrap(), None);
        assert!(inbox(engine, self.ana).await.is_empty());
        assert!(!inbox(engine, self.bob).await.is_empty());
        for (of, some) in [(self.ana, false), (self.bob, true)] {
            let query = DecisionQuery {
                instance_id: Some(of.instance_id),
                limit: 1_000,
                ..DecisionQuery::default()
            };
            let decisions = engine.decisions(app, &query).await.unwrap();
            assert_eq!(decisions.total > 0, some);
        }
        let query = DecisionQuery {
            limit: 1_000,
            ..DecisionQuery::default()
        };
        let decisions = engine.decisions(app, &query).await.unwrap().items;
        let of_bob =
            |kept: &moca_engine::KeptDecision| kept.decision.instance_id == self.bob.instance_id;
        assert!(decisions.iter().all(of_bob));
    }

    /// What would lead to Ana: her phone's id (of which only the random end is looked for, as keys
    /// that begin alike are stored without their beginning), and her user id.
    fn traces(&self) -> [Vec<u8>; 4] {
        let id = self.ana.instance_id;
        [
            id.0.0[8..].to_vec(),
            id.to_string().into_bytes(),
            ANA.as_bytes().to_vec(),
            ANA.as_bytes()[4..].to_vec(),
        ]
    }
}

fn holds(bytes: &[u8], trace: &[u8]) -> bool {
    bytes.windows(trace.len()).any(|window| window == trace)
}

/// The files that hold one of the traces. What a file compresses it compresses by references to
/// what came before, so the first mention of random bytes stands there as it is.
fn files_with(directory: &Path, traces: &[Vec<u8>]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, traces));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            if traces.iter().any(|trace| holds(&bytes, trace)) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

/// The same for what the log and the device store hold once it is decoded.
fn values_with(data_dir: &Path, traces: &[Vec<u8>]) -> Vec<String> {
    let mut found = Vec::new();
    let any = |bytes: &[u8]| traces.iter().any(|trace| holds(bytes, trace));
    let log = LogReader::open(&data_dir.join("events.db")).unwrap();
    let last = log.last_seq().unwrap();
    for row in log.read(0, last, usize::MAX, usize::MAX).unwrap() {
        if any(format!("{:?}", row.records).as_bytes()) {
            found.push(format!("row {}", row.seq));
        }
    }
    for (keyspace, pairs) in dump(data_dir) {
        for (key, value) in pairs {
            if any(&key) || any(&value) {
                found.push(format!("{keyspace} {key:?}"));
            }
        }
    }
    found
}

const NOTHING: [String; 0] = [];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_an_erased_user_but_what_was_counted() {
    let town = Town::new().await;
    let data_dir = town.site.dir.path();
    assert!(!values_with(data_dir, &town.traces()).is_empty());
    assert!(!files_with(data_dir, &town.traces()).is_empty());

    let engine = town.site.engine().await;
    let before = town.counts(&engine).await;
    engine.erase_user(town.site.app_id, ANA).await.unwrap();
    // Done again, it finds nothing to do.
    engine.erase_user(town.site.app_id, ANA).await.unwrap();
    engine.erase(vec![town.ana]).await.unwrap();
    let event = vec![town.site.custom(START)];
    let refused = engine.events(town.ana, event).await;
    assert!(matches!(refused, Err(EngineError::Erased)), "{refused:?}");
    town.require_erased(&engine).await;
    assert_eq!(town.counts(&engine).await, before);
    assert_eq!(engine.metrics().erasures.get(), 1);
    assert!(engine.is_sweep_due(0).await.unwrap());
    engine.sweep().await.unwrap();
    assert!(!engine.is_sweep_due(0).await.unwrap());
    town.require_erased(&engine).await;

    // The same device is another instance, with a number never given before.
    let again = town.site.register(&engine, "phone of ana").await;
    assert_ne!(again.instance_id, town.ana.instance_id);
    assert_eq!(again.number, 2);
    engine.erase(vec![again]).await.unwrap();
    town.require_erased(&engine).await;
    engine.shutdown().await.unwrap();
    drop(engine);
    assert_eq!(values_with(data_dir, &town.traces()), NOTHING);
    assert_eq!(files_with(data_dir, &town.traces()), NOTHING);

    // The log alone gives the same counts, and remembers which numbers were given.
    std::fs::remove_dir_all(data_dir.join("devices")).unwrap();
    let engine = town.site.engine().await;
    town.require_erased(&engine).await;
    assert_eq!(town.counts(&engine).await, before);
    let new = town.site.register(&engine, "phone of carl").await;
    assert_eq!(new.number, 3);
    engine.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_cut_short_anywhere_is_finished_by_the_next_start() {
    let town = Town::new().await;
    let engine = town.site.engine().await;
    let before = town.counts(&engine).await;
    let crashes = tempfile::TempDir::new().unwrap();
    let (from, to) = (town.site.dir.path().to_owned(), crashes.path().to_owned());
    engine.erase(vec![town.ana]).await.unwrap();
    // The files as they are at moments of the erasure, which goes on meanwhile.
    let copies = tokio::task::spawn_blocking(move || {
        for crash in 0..5 {
            let to = to.join(crash.to_string());
            copy(&from.join("devices"), &to.join("devices"));
            for file in ["events.db", "events.db-wal"] {
                std::fs::copy(from.join(file), to.join(file)).unwrap();
            }
        }
    });
    copies.await.unwrap();
    engine.shutdown().await.unwrap();
    drop(engine);
    for crash in 0..5 {
        let data_dir = crashes.path().join(crash.to_string());
        let engine = town.site.engine_in(&data_dir).await;
        town.require_erased(&engine).await;
        assert_eq!(town.counts(&engine).await, before);
        engine.shutdown().await.unwrap();
        drop(engine);
        assert_eq!(values_with(&data_dir, &town.traces()), NOTHING);
    }
}

#[tokio::test]
async fn a_user_stays_while_one_of_the_instances_does() {
    let town = Town::new().await;
    let engine = town.site.engine().await;
    let tablet = live(&town.site, &engine, "tablet", ANA).await;
    engine.erase(vec![town.ana]).await.unwrap();
    let user = engine.user(town.site.app_id, ANA).await.unwrap().unwrap();
    assert_eq!(user.instance_count, 1);
    assert_eq!(user.instances[0].instance_id, tablet.instance_id);
    engine.erase(vec![tablet]).await.unwrap();
    assert_eq!(engine.user(town.site.app_id, ANA).await.unwrap(), None);
    engine.shutdown().await.unwrap();
}
