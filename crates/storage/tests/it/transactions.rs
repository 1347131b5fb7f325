//! What a transaction sees and leaves behind.

use std::{
    collections::BTreeMap,
    pin::pin,
    task::{Context, Waker},
};

use futures::future::{join, join_all};
use moca_core::{label::Label, place::Place, quota::Quotas, resource::Kind};
use moca_storage::{
    StorageError,
    control::{AuditKeys, Control, Tx},
};

use crate::{
    backend::{execute, on_every_backend, postgres},
    samples::{HOME, account, everything, id, insert, label, place, token},
};

on_every_backend![
    a_dropped_transaction_leaves_no_trace,
    a_call_that_is_given_up_half_way_leaves_no_trace,
    dropped_transactions_free_their_connections,
    a_reader_stays_on_its_snapshot,
    a_writer_sees_its_own_changes,
    writers_take_turns_in_order,
    what_is_answered_lasts_and_nothing_else_however_many_write_at_once,
    a_writer_that_takes_its_time_does_not_take_others_with_it,
    a_reader_cannot_write,
    what_all_of_them_change_is_right_however_many_write_at_once,
];

async fn total(tx: &mut Tx) -> i64 {
    let page = tx.list::<Place>(HOME, &everything()).await.unwrap();
    assert_eq!(page.total, page.items.len() as i64);
    page.total
}

async fn assert_untouched(store: &Control) {
    let mut tx = store.read().await.unwrap();
    assert_eq!(total(&mut tx).await, 1);
    assert_eq!(tx.config_version().await.unwrap(), 1);
    assert_eq!(tx.changes_since(0, 10).await.unwrap().len(), 1);
    assert_eq!(tx.get(HOME, id(1)).await.unwrap(), Some(place(1)));
    let label = place(1).config.label_ids[0].0;
    let users = tx.references(HOME, Kind::Label, label, 10).await.unwrap();
    assert_eq!(users.len(), 1);
}

async fn a_dropped_transaction_leaves_no_trace(store: &Control) {
    insert(store, &[place(1)]).await;
    let mut tx = store.write().await.unwrap();
    tx.insert(&place(2)).await.unwrap();
    tx.insert(&token(3)).await.unwrap();
    tx.delete::<Place>(HOME, id(1)).await.unwrap();
    drop(tx);
    assert_untouched(store).await;
    insert(store, &[place(2)]).await;
}

async fn a_call_that_is_given_up_half_way_leaves_no_trace(store: &Control) {
    insert(store, &[place(1)]).await;
    let mut context = Context::from_waker(Waker::noop());

    let mut tx = store.write().await.unwrap();
    let given_up = pin!(tx.insert(&place(2))).poll(&mut context).is_pending();
    // SQLite may have been quick enough to answer. If not, nobody knows what became of the call,
    // so the transaction is over.
    if given_up {
        assert!(tx.get::<Place>(HOME, id(1)).await.is_err());
        assert!(tx.commit().await.is_err());
    } else {
        drop(tx);
    }
    assert_untouched(store).await;

    for _ in 0..50 {
        let _ = pin!(store.write()).poll(&mut context);
        let _ = pin!(store.read()).poll(&mut context);
    }
    assert_untouched(store).await;
    insert(store, &[place(2)]).await;
}

async fn dropped_transactions_free_their_connections(store: &Control) {
    insert(store, &[place(1)]).await;
    for number in 0..100 {
        let mut tx = store.write().await.unwrap();
        tx.insert(&place(100 + number)).await.unwrap();
        drop(tx);
        let mut tx = store.read().await.unwrap();
        assert_eq!(total(&mut tx).await, 1);
    }
    assert_untouched(store).await;
}

async fn a_reader_stays_on_its_snapshot(store: &Control) {
    insert(store, &[place(1)]).await;
    let mut old = store.read().await.unwrap();
    assert_eq!(old.get(HOME, id(1)).await.unwrap(), Some(place(1)));

    let mut changed = place(1);
    changed.frame.revision = 2;
    changed.config.name = "Changed".into();
    let mut writer = store.write().await.unwrap();
    writer.replace(&changed).await.unwrap();
    writer.insert(&place(2)).await.unwrap();
    let mut meanwhile = store.read().await.unwrap();
    assert_eq!(total(&mut meanwhile).await, 1, "not committed yet");
    drop(meanwhile);
    writer.commit().await.unwrap();

    assert_eq!(old.get(HOME, id(1)).await.unwrap(), Some(place(1)));
    assert_eq!(total(&mut old).await, 1);
    assert_eq!(old.config_version().await.unwrap(), 1);
    let mut new = store.read().await.unwrap();
    assert_eq!(new.get(HOME, id(1)).await.unwrap(), Some(changed));
    assert_eq!(total(&mut new).await, 2);
    assert_eq!(new.config_version().await.unwrap(), 3);
}

async fn a_writer_sees_its_own_changes(store: &Control) {
    let mut tx = store.write().await.unwrap();
    tx.insert(&place(1)).await.unwrap();
    assert_eq!(total(&mut tx).await, 1);
    assert_eq!(tx.get(HOME, id(1)).await.unwrap(), Some(place(1)));
    assert_eq!(tx.config_version().await.unwrap(), 0, "numbered on commit");
    tx.commit().await.unwrap();
    let mut tx = store.write().await.unwrap();
    assert!(tx.delete::<Place>(HOME, id(1)).await.unwrap());
    assert_eq!(total(&mut tx).await, 0);
}

// On one thread, tasks start in the order in which they were spawned.
async fn writers_take_turns_in_order(store: &Control) {
    let first = store.write().await.unwrap();
    let (turns, mut order) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..20 {
        let (store, turns) = (store.clone(), turns.clone());
        tokio::spawn(async move {
            let _tx = store.write().await.unwrap();
            turns.send(number).unwrap();
            tokio::task::yield_now().await;
        });
    }
    drop(turns);
    tokio::task::yield_now().await;
    assert!(order.try_recv().is_err(), "the first one is still at it");
    drop(first);
    for number in 0..20 {
        assert_eq!(order.recv().await, Some(number));
    }
}

async fn what_is_answered_lasts_and_nothing_else_however_many_write_at_once(store: &Control) {
    let writers = (0..200).map(|number| async move {
        let mut tx = store.write().await.unwrap();
        tx.insert(&place(number)).await.unwrap();
        match number % 4 {
            // Refused, as another has the id: what was done before stays.
            0 => tx.insert(&place(number)).await.unwrap_err(),
            // Given up after it was done, and then done by half.
            1 => return drop(tx),
            2 => {
                let mut context = Context::from_waker(Waker::noop());
                let _ = pin!(tx.delete::<Place>(HOME, id(number))).poll(&mut context);
                return drop(tx);
            }
            _ => StorageError::Stale,
        };
        tx.commit().await.unwrap();
        let mut tx = store.read().await.unwrap();
        assert!(tx.get::<Place>(HOME, id(number)).await.unwrap().is_some());
    });
    join_all(writers).await;
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.config_version().await.unwrap(), 100);
    assert_eq!(tx.changes_since(0, 1_000).await.unwrap().len(), 100);
    for number in 0..200 {
        let place = tx.get::<Place>(HOME, id(number)).await.unwrap();
        assert_eq!(place.is_some(), matches!(number % 4, 0 | 3), "{number}");
    }
}

async fn a_writer_that_takes_its_time_does_not_take_others_with_it(store: &Control) {
    let first = async {
        let mut tx = store.write().await.unwrap();
        tx.insert(&place(1)).await.unwrap();
        tx.commit().await.unwrap();
    };
    let second = async {
        let mut tx = store.write().await.unwrap();
        tx.insert(&place(2)).await.unwrap();
        // The first one is on its way to the disk, or waits for this one.
        drop(tx);
    };
    let third = async {
        // Leaves the line before its turn.
        let mut context = Context::from_waker(Waker::noop());
        let _ = pin!(store.write()).poll(&mut context);
    };
    join(first, join(second, third)).await;
    let mut tx = store.read().await.unwrap();
    assert_eq!(total(&mut tx).await, 1);
    assert_eq!(tx.get(HOME, id(1)).await.unwrap(), Some(place(1)));
}

async fn a_reader_cannot_write(store: &Control) {
    let mut tx = store.read().await.unwrap();
    assert!(tx.insert(&place(1)).await.is_err());
    assert!(tx.commit().await.is_err());
    let mut tx = store.read().await.unwrap();
    assert_eq!(total(&mut tx).await, 0);
}

async fn what_all_of_them_change_is_right_however_many_write_at_once(store: &Control) {
    let store = &store
        .clone()
        .with_keys(AuditKeys::of(&[1; 32]))
        .with_quotas(Quotas(BTreeMap::from([(Kind::Label, 25)])));
    insert(store, &[account(HOME)]).await;
    let writers = (0..60).map(|number| async move {
        let mut tx = store.write().await.unwrap();
        let before = tx.list::<Label>(HOME, &everything()).await.unwrap();
        assert_eq!(before.total, before.items.len() as i64);
        let inserted = tx.insert(&label(number)).await;
        match number % 3 {
            // Given up, so that there is room for another.
            0 => drop(tx),
            _ => tx.commit().await.unwrap(),
        }
        number % 3 != 0 && inserted.is_ok()
    });
    let lasting = join_all(writers).await.into_iter().filter(|it| *it).count();
    assert_eq!(lasting, 25);
    let mut tx = store.read().await.unwrap();
    let page = tx.list::<Label>(HOME, &everything()).await.unwrap();
    assert_eq!((page.total, page.items.len()), (25, 25));
    assert_eq!(tx.usage(HOME).await.unwrap()[&Kind::Label].used, 25);
    let feed = tx.changes_since(0, 1_000).await.unwrap();
    let versions: Vec<i64> = feed.iter().map(|change| change.version).collect();
    assert_eq!(versions, Vec::from_iter(1..=26));
    assert_eq!(tx.config_version().await.unwrap(), 26);
    let report = store.check_audit(|_, _| ()).await.unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.chains[0].events, 26);
}

#[tokio::test]
async fn writers_fail_with_their_connection_and_the_next_ones_do_not() {
    let postgres = postgres().await;
    let name = format!("lost-{}", std::process::id());
    let url = format!("{}&application_name={name}", postgres.url);
    let store = Control::open(&url).await.unwrap();
    let mut tx = store.write().await.unwrap();
    tx.insert(&place(1)).await.unwrap();
    let sql = format!(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
         WHERE application_name = '{name}'"
    );
    execute(&postgres.url, &sql).await;
    assert!(tx.commit().await.is_err());
    insert(&store, &[place(2)]).await;
    let mut tx = store.read().await.unwrap();
    assert_eq!(total(&mut tx).await, 1);
    assert_eq!(tx.config_version().await.unwrap(), 1);
}
