//! How much an account may have, counted within transactions and over them.

use std::collections::BTreeMap;

use moca_core::{
    account::{Account, AccountLimits},
    label::Label,
    quota::{Quotas, Usage},
    resource::Kind,
};
use moca_storage::{StorageError, control::Control};

use crate::{
    backend::on_every_backend,
    samples::{ABROAD, HOME, account, id, insert, label, place},
};

on_every_backend![
    the_quota_of_the_account_comes_before_that_of_the_server,
    what_a_transaction_has_made_itself_counts,
    many_are_added_as_far_as_there_is_room,
    a_changed_quota_counts_at_once,
];

fn quotas(kind: Kind, quota: i64) -> Quotas {
    Quotas(BTreeMap::from([(kind, quota)]))
}

fn home(quotas: Quotas) -> Account {
    Account {
        limits: AccountLimits {
            quotas,
            ..AccountLimits::default()
        },
        ..account(HOME)
    }
}

fn full<T>(outcome: Result<T, StorageError>) -> Option<(Kind, i64, i64)> {
    match outcome {
        Ok(_) => None,
        Err(StorageError::QuotaExceeded { kind, limit, used }) => Some((kind, limit, used)),
        Err(other) => panic!("{other:?}"),
    }
}

async fn the_quota_of_the_account_comes_before_that_of_the_server(store: &Control) {
    let store = store.clone().with_quotas(quotas(Kind::Label, 1));
    insert(&store, &[home(quotas(Kind::Label, 2))]).await;
    insert(&store, &[label(1), label(2)]).await;
    let mut tx = store.write().await.unwrap();
    let refused = tx.insert(&label(3)).await;
    assert_eq!(full(refused), Some((Kind::Label, 2, 2)));
    // Refused, and nothing else is wrong with the transaction.
    tx.insert(&place(4)).await.unwrap();
    let mut abroad = label(5);
    abroad.frame.account_id = ABROAD;
    tx.insert(&abroad).await.unwrap();
    let mut more = label(6);
    more.frame.account_id = ABROAD;
    assert_eq!(full(tx.insert(&more).await), Some((Kind::Label, 1, 1)));
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    let usage = tx.usage(HOME).await.unwrap();
    assert_eq!(usage[&Kind::Label], Usage { limit: 2, used: 2 });
    assert_eq!(usage[&Kind::Place].used, 1);
    assert_eq!(usage.get(&Kind::Account), None);
    let set = tx.account_limits(HOME).await.unwrap();
    assert_eq!(set.quotas, quotas(Kind::Label, 2));
}

async fn what_a_transaction_has_made_itself_counts(store: &Control) {
    insert(store, &[home(quotas(Kind::Label, 2))]).await;
    let mut tx = store.write().await.unwrap();
    tx.insert(&label(1)).await.unwrap();
    tx.insert(&label(2)).await.unwrap();
    assert_eq!(full(tx.insert(&label(3)).await), Some((Kind::Label, 2, 2)));
    assert!(tx.delete::<Label>(HOME, id(1)).await.unwrap());
    tx.insert(&label(3)).await.unwrap();
    drop(tx);
    insert(store, &[label(1), label(2)]).await;
}

async fn many_are_added_as_far_as_there_is_room(store: &Control) {
    insert(store, &[home(quotas(Kind::Label, 3))]).await;
    insert(store, &[label(1)]).await;
    let mut tx = store.write().await.unwrap();
    let labels = [label(2), label(3), label(4), label(5)];
    let outcomes = tx.insert_many(HOME, &labels).await.unwrap();
    let outcomes: Vec<_> = outcomes.into_iter().map(full).collect();
    let refused = Some((Kind::Label, 3, 3));
    assert_eq!(outcomes, [None, None, refused, refused]);
    assert_eq!(tx.usage(HOME).await.unwrap()[&Kind::Label].used, 3);
}

async fn a_changed_quota_counts_at_once(store: &Control) {
    insert(store, &[home(quotas(Kind::Label, 0))]).await;
    let mut tx = store.write().await.unwrap();
    assert_eq!(full(tx.insert(&label(1)).await), Some((Kind::Label, 0, 0)));
    let mut wider = home(quotas(Kind::Label, 1));
    wider.frame.revision = 2;
    tx.replace(&wider).await.unwrap();
    tx.insert(&label(1)).await.unwrap();
    tx.commit().await.unwrap();
}
