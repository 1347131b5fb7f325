//! What is left of what was deleted, and of people who were erased.

use std::path::Path;

use moca_core::{
    account::Account,
    id::{AppId, CampaignId, InstanceId},
    notification::{Audience, Notification},
    place::Place,
};
use moca_storage::{StorageError, control::Control};

use crate::{
    backend::{number, on_every_backend, sqlite_url},
    samples::{ABROAD, HOME, account, campaign, everything, id, insert, notification, place},
};

on_every_backend![by url:
    erased_people_are_taken_off_audiences,
    of_a_deleted_account_nothing_is_counted,
    old_changes_go_and_who_would_need_them_is_told,
];

const ANA: &str = "ana-5f0c1e9b7d2a4468";

/// A notification of `campaign(7)` to these users.
fn to_users(number: u32, user_ids: &[&str]) -> Notification {
    Notification {
        campaign_id: CampaignId(id(7)),
        audience: Audience::Users {
            user_ids: user_ids.iter().map(|id| (*id).to_owned()).collect(),
        },
        ..notification(number)
    }
}

fn files_with(directory: &Path, trace: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        if bytes
            .windows(trace.len())
            .any(|one| one == trace.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test]
async fn what_was_deleted_is_in_no_file_of_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    let store = Control::open(&sqlite_url(directory.path())).await.unwrap();
    // So many that they fill pages of their own, which are free afterwards.
    let many: Vec<String> = (0..900).map(|n| format!("{ANA}-{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    insert(&store, &[to_users(1, &many), to_users(2, &["bob"])]).await;
    store.forget_deleted().await.unwrap();
    assert_eq!(files_with(directory.path(), ANA).len(), 1);
    let mut reader = store.read().await.unwrap();
    let kept = reader.get::<Notification>(HOME, id(1)).await.unwrap();
    assert!(kept.is_some());

    let mut tx = store.write().await.unwrap();
    assert!(tx.delete::<Notification>(HOME, id(1)).await.unwrap());
    tx.commit().await.unwrap();
    // Whoever reads what was before may still see it.
    let refused = store.forget_deleted().await;
    assert!(matches!(refused, Err(StorageError::Backend { .. })));
    drop(reader);
    store.forget_deleted().await.unwrap();
    assert_eq!(files_with(directory.path(), ANA), Vec::<String>::new());
    // And the store goes on.
    insert(&store, &[to_users(3, &["carl"])]).await;
    let mut tx = store.read().await.unwrap();
    let left = tx.list::<Notification>(HOME, &everything()).await.unwrap();
    assert_eq!(left.total, 2);
}

async fn erased_people_are_taken_off_audiences(url: &str) {
    let store = &Control::open(url).await.unwrap();
    let ana = InstanceId(id(0xA));
    let to_instances = |number, ids: &[InstanceId]| Notification {
        audience: Audience::Instances {
            instance_ids: ids.to_vec(),
        },
        ..to_users(number, &[])
    };
    // Texts that mean something in patterns and in JSON.
    let names = ["50%", "a_b", "say \"hi\" \\ ñ", "Ana"];
    insert(store, &[campaign(7)]).await;
    insert(
        store,
        &[
            to_users(1, &names),
            to_users(2, &["500", "axb", "ana", "Ana b"]),
            to_instances(3, &[ana, InstanceId(id(0xB))]),
            to_instances(4, &[InstanceId(id(0xB))]),
            notification(5),
        ],
    )
    .await;
    let app = campaign(7).app_id;
    let users: Vec<String> = names[..3].iter().map(|id| (*id).to_owned()).collect();
    let mut tx = store.read().await.unwrap();
    let mut named = tx
        .notifications_to((HOME, app), &[ana], &users)
        .await
        .unwrap();
    named.sort_unstable();
    assert_eq!(named, [id(1), id(3)]);
    // More than one statement looks for.
    let many: Vec<String> = (0..100)
        .map(|n| format!("u{n}"))
        .chain(users.clone())
        .collect();
    let named = tx.notifications_to((HOME, app), &[], &many).await.unwrap();
    assert_eq!(named, [id(1)]);
    for of in [(ABROAD, app), (HOME, AppId(id(99)))] {
        assert_eq!(tx.notifications_to(of, &[ana], &users).await.unwrap(), []);
    }
    drop(tx);

    let mut tx = store.write().await.unwrap();
    for number in 1..=5 {
        tx.take_off_audience(HOME, id(number), (&[ana], &users), 1_800_000_000_000)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    let mut left = async |number| {
        let found = tx
            .get::<Notification>(HOME, id(number))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.frame.updated_at > 1_750_000_000_000, number < 5);
        found.audience
    };
    assert_eq!(left(1).await, to_users(1, &["Ana"]).audience);
    assert_eq!(
        left(2).await,
        to_users(2, &["500", "axb", "ana", "Ana b"]).audience
    );
    let bob = to_instances(4, &[InstanceId(id(0xB))]).audience;
    assert_eq!([left(3).await, left(4).await], [bob.clone(), bob]);
    assert_eq!(left(5).await, notification(5).audience);
}

async fn of_a_deleted_account_nothing_is_counted(url: &str) {
    let store = Control::open(url).await.unwrap();
    insert(&store, &[account(HOME), account(ABROAD)]).await;
    let mut elsewhere = place(9);
    elsewhere.frame.account_id = ABROAD;
    insert(&store, &[elsewhere]).await;
    let places: Vec<Place> = (0..3).map(place).collect();
    insert(&store, &places).await;
    let mut tx = store.write().await.unwrap();
    for place in &places {
        assert!(tx.delete::<Place>(HOME, place.frame.id).await.unwrap());
    }
    tx.commit().await.unwrap();
    let mut tx = store.write().await.unwrap();
    assert!(tx.delete_account(HOME).await.unwrap());
    tx.commit().await.unwrap();
    for (table, left) in [("totals", 2), ("blocks", 1)] {
        let of = |account| format!("SELECT count(*) FROM {table} WHERE account_id = '{account}'");
        assert_eq!(number(url, &of(HOME)).await, 0, "{table}");
        assert_eq!(number(url, &of(ABROAD)).await, left, "{table}");
    }
    let mut tx = store.read().await.unwrap();
    let left = tx.list::<Account>(ABROAD, &everything()).await.unwrap();
    assert_eq!(left.total, 1);
}

async fn old_changes_go_and_who_would_need_them_is_told(url: &str) {
    let store = Control::open(url).await.unwrap();
    let places: Vec<Place> = (0..30).map(place).collect();
    insert(&store, &places).await;
    let forget = async |version, limit| {
        let mut tx = store.write().await.unwrap();
        let is_more = tx.forget_changes(version, limit).await.unwrap();
        tx.commit().await.unwrap();
        is_more
    };
    assert!(!forget(0, 5).await);
    assert!(forget(12, 5).await && forget(12, 5).await && forget(12, 5).await);
    assert!(!forget(12, 5).await);
    let mut tx = store.read().await.unwrap();
    let after_12 = tx.changes_since(12, 100).await.unwrap();
    assert!(after_12.iter().map(|line| line.version).eq(13..=30));
    let refused = tx.changes_since(11, 100).await;
    assert!(matches!(refused, Err(StorageError::FeedTooShort)));
    drop(tx);
    // The newest one shows how far the feed goes.
    while forget(1_000, 100).await {}
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.changes_since(30, 1).await.unwrap(), []);
    assert_eq!(tx.changes_since(29, 9).await.unwrap().len(), 1);
    assert!(tx.changes_since(28, 9).await.is_err());
    assert_eq!(tx.config_version().await.unwrap(), 30);
    drop(tx);
    insert(&store, &[place(31)]).await;
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.changes_since(30, 9).await.unwrap()[0].version, 31);
}
