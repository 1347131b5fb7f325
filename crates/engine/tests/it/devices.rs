//! Registration, repeats of events, and what is known of an instance; all through restarts.

use moca_core::{
    event::{Change, Profile, TagChange},
    property::Property,
    push::PushAddress,
};
use moca_engine::{Appended, EngineError};

use crate::support::{DAY, START, Site, inbox};

fn appended(accepted: u64, duplicates: u64) -> Appended {
    Appended {
        accepted,
        duplicates,
    }
}

#[tokio::test]
async fn a_known_device_key_is_the_same_instance_with_a_new_token() {
    let site = Site::new().await;
    let engine = site.engine().await;
    let register = async |key, token| {
        engine
            .register(
                site.account_id,
                site.app_id,
                key,
                [token; 32],
                Profile::default(),
                Vec::new(),
            )
            .await
            .unwrap()
    };
    let first = register(Some("key"), 1).await;
    let other = register(None, 2).await;
    let again = register(Some("key"), 3).await;
    assert_eq!(
        (first.again, other.again, again.again),
        (false, false, true)
    );
    assert_eq!(first.subject, again.subject);
    assert_eq!((first.subject.number, other.subject.number), (0, 1));
    let authenticate = async |token| engine.authenticate(&[token; 32]).await.unwrap();
    assert_eq!(authenticate(1).await, None);
    assert_eq!(authenticate(2).await, Some(other.subject));
    assert_eq!(authenticate(3).await, Some(first.subject));
    engine.shutdown().await.unwrap();
}

#[tokio::test]
async fn numbers_stay_dense_through_restarts_and_concurrent_registrations() {
    let site = Site::new().await;
    let mut numbers = Vec::new();
    for run in 0..3_u8 {
        let engine = site.engine().await;
        let registrations = (0..20_u8).map(|device| {
            let engine = engine.clone();
            let (account, app) = (site.account_id, site.app_id);
            let mut token = [run; 32];
            token[0] = device;
            tokio::spawn(async move {
                engine
                    .register(account, app, None, token, Profile::default(), Vec::new())
                    .await
                    .unwrap()
                    .subject
                    .number
            })
        });
        for registration in registrations.collect::<Vec<_>>() {
            numbers.push(registration.await.unwrap());
        }
        engine.shutdown().await.unwrap();
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..60).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_event_counts_once_however_often_it_is_sent() {
    let site = Site::new().await;
    let engine = site.engine().await;
    let (one, two) = (
        site.register(&engine, "one").await,
        site.register(&engine, "two").await,
    );
    let (first, second) = (site.custom(START), site.custom(START));
    let batch = vec![first.clone(), first.clone(), second.clone()];
    assert_eq!(engine.events(one, batch).await.unwrap(), appended(2, 1));
    // Ids are the device's own: another may use the same.
    let repeat = vec![first.clone()];
    assert_eq!(
        engine.events(two, repeat.clone()).await.unwrap(),
        appended(1, 0)
    );
    engine.shutdown().await.unwrap();
    drop(engine);

    site.clock.set(START + 7 * DAY - 1);
    let engine = site.engine().await;
    let batch = vec![second, site.custom(START)];
    assert_eq!(engine.events(one, batch).await.unwrap(), appended(1, 1));
    assert_eq!(engine.events(two, repeat).await.unwrap(), appended(0, 1));
    let metrics = engine.metrics();
    assert_eq!(metrics.events_accepted.get(), 1);
    assert_eq!(metrics.events_duplicate.get(), 2);
    engine.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_push_address_is_the_last_that_was_told() {
    let site = Site::new().await;
    let engine = site.engine().await;
    let address = |token: &str| PushAddress::Fcm {
        token: token.to_owned(),
    };
    let register = async |engine: &moca_engine::Engine, push: Option<PushAddress>| {
        let (account, app, key) = (site.account_id, site.app_id, Some("key"));
        let push = push.map(|push| Change::PushSet(Box::new(push)));
        let push = push.into_iter().collect();
        let registered = engine.register(account, app, key, [1; 32], Profile::default(), push);
        registered.await.unwrap().subject
    };
    let subject = register(&engine, Some(address("a"))).await;
    let kept = async |engine: &moca_engine::Engine| {
        let view = engine.instance(subject).await.unwrap().unwrap();
        view.push
    };
    assert_eq!(kept(&engine).await, Some(address("a")));
    let replaced = || Change::ProfileReplaced(Box::default());
    let told = vec![replaced(), Change::PushSet(Box::new(address("b")))];
    engine.changes(subject, told).await.unwrap();
    assert_eq!(kept(&engine).await, Some(address("b")));
    engine.shutdown().await.unwrap();
    drop(engine);

    let engine = site.engine().await;
    assert_eq!(kept(&engine).await, Some(address("b")));
    engine.change(subject, replaced()).await.unwrap();
    assert_eq!(kept(&engine).await, None);
    register(&engine, Some(address("c"))).await;
    assert_eq!(kept(&engine).await, Some(address("c")));
    register(&engine, None).await;
    assert_eq!(kept(&engine).await, None);
    engine.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_is_known_of_an_instance_follows_its_changes_through_a_restart() {
    let site = Site::new().await;
    let engine = site.engine().await;
    let subject = site.register(&engine, "phone").await;
    let text = |text: &str| Some(Property::Text(text.to_owned()));
    let changes = [
        Change::LoggedIn {
            user_id: "u1".to_owned(),
            properties: vec![("plan".to_owned(), text("free"))],
        },
        Change::PropertiesSet(vec![
            ("plan".to_owned(), text("gold")),
            ("color".to_owned(), text("red")),
        ]),
        Change::PropertiesSet(vec![("color".to_owned(), None)]),
        Change::Tagged {
            name: "visits".to_owned(),
            change: TagChange::Add(2.0),
        },
        Change::Tagged {
            name: "visits".to_owned(),
            change: TagChange::Add(-0.5),
        },
    ];
    for change in changes {
        engine.change(subject, change).await.unwrap();
    }
    let view = engine.instance(subject).await.unwrap().unwrap();
    assert_eq!(view.created_at, START);
    assert_eq!(view.user_id.as_deref(), Some("u1"));
    assert_eq!(view.tags, [("visits".to_owned(), 1.5)]);
    let plan = ("plan".to_owned(), Property::Text("gold".to_owned()));
    assert_eq!(view.properties, [plan].into());
    engine.shutdown().await.unwrap();
    drop(engine);

    let engine = site.engine().await;
    assert_eq!(engine.instance(subject).await.unwrap(), Some(view));
    engine.change(subject, Change::LoggedOut).await.unwrap();
    let view = engine.instance(subject).await.unwrap().unwrap();
    assert_eq!(view.user_id, None);
    engine.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_stopped_pipeline_takes_nothing_and_still_answers_reads() {
    let site = Site::new().await;
    let engine = site.engine().await;
    let subject = site.register(&engine, "phone").await;
    engine.shutdown().await.unwrap();
    engine.shutdown().await.unwrap();
    let refused = engine.events(subject, vec![site.custom(START)]).await;
    assert!(matches!(refused, Err(EngineError::Stopping)));
    assert!(engine.instance(subject).await.unwrap().is_some());
    assert_eq!(engine.healthy(), Ok(()));
    let progress = engine.progress();
    assert_eq!(progress.last_seq, progress.counted_seq);
}

#[tokio::test]
async fn a_log_older_than_the_device_store_is_refused() {
    let site = Site::new().await;
    let engine = site.engine().await;
    site.register(&engine, "phone").await;
    engine.shutdown().await.unwrap();
    drop(engine);
    for file in ["events.db", "events.db-wal", "events.db-shm"] {
        // Those beside the log are there or not, as SQLite likes.
        let _ = std::fs::remove_file(site.dir.path().join(file));
    }
    let clock = site.clock.clone();
    let random = std::sync::Arc::new(crate::support::SeededRandom::new(1));
    let started =
        moca_engine::Engine::start(site.dir.path(), site.control.clone(), clock, random).await;
    let Err(EngineError::Storage(error)) = started else {
        unreachable!("the log ends before what the device store has taken in");
    };
    assert!(error.to_string().contains("events.db is older"));
}

#[tokio::test]
async fn a_stage_that_fails_stops_the_pipeline_with_a_reason_and_skips_nothing() {
    let site = Site::new().await;
    let engine = site.engine().await;
    let phone = site.register(&engine, "phone").await;
    let event = site.custom(START);
    engine.events(phone, vec![event]).await.unwrap();
    engine.shutdown().await.unwrap();
    let counted = engine.progress().counted_seq;
    drop(engine);
    damage_sets(&site);

    let engine = site.engine().await;
    let query = moca_engine::CountQuery {
        app_id: site.app_id,
        metric: moca_core::metric::Metric::ActiveUsers,
        target: None,
    };
    let event = site.custom(START + 1);
    engine.events(phone, vec![event]).await.unwrap();
    let refused = engine.count(&query, &[]).await;
    assert!(matches!(refused, Err(EngineError::Stopping)));
    let reason = engine.healthy().unwrap_err();
    assert!(reason.starts_with("count: sets.bitmap of "), "{reason}");
    let refused = engine.events(phone, vec![site.custom(START)]).await;
    assert!(matches!(refused, Err(EngineError::Stopping)));
    assert_eq!(engine.progress().counted_seq, counted);
    assert!(inbox(&engine, phone).await.is_empty());
    assert!(engine.shutdown().await.is_err());
}

/// Makes every set unreadable.
fn damage_sets(site: &Site) {
    let database = fjall::Database::builder(site.dir.path().join("devices"))
        .open()
        .unwrap();
    let sets = database
        .keyspace("sets", fjall::KeyspaceCreateOptions::default)
        .unwrap();
    let keys: Vec<_> = sets.iter().map(|pair| pair.key().unwrap()).collect();
    assert!(!keys.is_empty());
    for key in keys {
        sets.insert(key, b"?").unwrap();
    }
}
