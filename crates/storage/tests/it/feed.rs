//! The change feed: in order, without gaps, with every change and nothing else.

use std::collections::BTreeMap;

use moca_core::{id::Id, place::Place, resource::Kind};
use moca_storage::control::{ChangeRow, Control};

use crate::{
    backend::on_every_backend,
    samples::{
        HOME, account, app, beacon, campaign, campaign_group, experience, id, insert, label,
        member, notification, place, segment, tag, token, triggers, webhook, zone,
    },
};

on_every_backend![by url:
    every_change_of_every_kind_is_a_line,
    changes_come_in_pages,
    an_empty_transaction_writes_nothing,
    concurrent_writers_leave_no_gap,
];

async fn lines(store: &Control, after: i64) -> Vec<(i64, Kind, Id)> {
    let mut tx = store.read().await.unwrap();
    let changes = tx.changes_since(after, 1_000_000).await.unwrap();
    let parts = |line: &ChangeRow| {
        assert_eq!(line.account_id, HOME);
        (line.version, line.kind, line.id)
    };
    changes.iter().map(parts).collect()
}

async fn every_change_of_every_kind_is_a_line(url: &str) {
    let store = &Control::open(url).await.unwrap();
    insert(store, &[account(HOME)]).await;
    insert(store, &[member(1)]).await;
    insert(store, &[token(2)]).await;
    insert(store, &[app(3)]).await;
    insert(store, &[label(4)]).await;
    insert(store, &[place(5)]).await;
    insert(store, &[zone(6)]).await;
    insert(store, &[beacon(7)]).await;
    insert(store, &[campaign_group(8)]).await;
    insert(store, &[tag(9)]).await;
    insert(store, &[segment(10)]).await;
    insert(store, &[campaign(11)]).await;
    insert(store, &[experience(12, triggers()[0].clone())]).await;
    insert(store, &[notification(13)]).await;
    insert(store, &[webhook(14)]).await;
    let mut expected: Vec<_> = (1..)
        .zip(Kind::ALL)
        .zip(0..)
        .map(|((version, kind), number)| (version, kind, id(number)))
        .collect();
    expected[0].2 = HOME.0;
    assert_eq!(lines(store, 0).await, expected);
    let last = expected.len() as i64;

    let mut tx = store.write().await.unwrap();
    let mut changed = place(5);
    changed.frame.revision = 2;
    tx.replace(&changed).await.unwrap();
    assert!(tx.delete::<Place>(HOME, id(5)).await.unwrap());
    assert!(!tx.delete::<Place>(HOME, id(5)).await.unwrap());
    tx.insert(&place(5)).await.unwrap();
    tx.commit().await.unwrap();
    let expected = [1, 2, 3].map(|step| (last + step, Kind::Place, id(5)));
    assert_eq!(lines(store, last).await, expected);
}

async fn changes_come_in_pages(url: &str) {
    let store = &Control::open(url).await.unwrap();
    let places: Vec<Place> = (0..333).map(place).collect();
    insert(store, &places).await;
    let mut tx = store.read().await.unwrap();
    let (mut seen, mut after) = (Vec::new(), 0);
    loop {
        let page = tx.changes_since(after, 100).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.version;
        seen.extend(page.iter().map(|line| line.id));
    }
    assert_eq!(seen, (0..333).map(id).collect::<Vec<_>>());
    assert_eq!(tx.config_version().await.unwrap(), 333);
}

async fn an_empty_transaction_writes_nothing(url: &str) {
    let store = &Control::open(url).await.unwrap();
    insert(store, &[place(1)]).await;
    store.write().await.unwrap().commit().await.unwrap();
    let mut tx = store.write().await.unwrap();
    assert!(tx.get::<Place>(HOME, id(1)).await.unwrap().is_some());
    tx.commit().await.unwrap();
    store.read().await.unwrap().commit().await.unwrap();
    assert_eq!(lines(store, 0).await, [(1, Kind::Place, id(1))]);
}

/// Two stores on one database, as two processes have, with several writers each; one in four
/// transactions is given up. A reader follows meanwhile.
async fn concurrent_writers_leave_no_gap(url: &str) {
    let stores = [
        Control::open(url).await.unwrap(),
        Control::open(url).await.unwrap(),
    ];
    let mut writers = Vec::new();
    for writer in 0..6_u32 {
        let store = stores[writer as usize % 2].clone();
        writers.push(tokio::spawn(async move {
            for round in 0..12 {
                let mut tx = store.write().await.unwrap();
                for object in 0..3 {
                    let number = writer * 1_000 + round * 10 + object;
                    tx.insert(&place(number)).await.unwrap();
                }
                if round % 4 != 3 {
                    tx.commit().await.unwrap();
                }
            }
        }));
    }
    let mut seen = Vec::new();
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        seen.extend(lines(&stores[0], seen.len() as i64).await);
        // Whatever is visible has no gap: a version never appears after a higher one.
        assert!(seen.iter().map(|line| line.0).eq(1..=seen.len() as i64));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    seen.extend(lines(&stores[1], seen.len() as i64).await);
    assert!(seen.iter().map(|line| line.0).eq(1..=6 * 9 * 3));
    assert_eq!(seen, lines(&stores[0], 0).await);
    let mut kept = BTreeMap::new();
    for three in seen.chunks(3) {
        // The lines of one transaction follow each other.
        let first = three[0].2;
        assert_eq!(
            [three[1].2, three[2].2],
            [1, 2].map(|step| next(first, step))
        );
        assert!(kept.insert(first, ()).is_none());
    }
}

fn next(first: Id, step: u8) -> Id {
    let mut bytes = first.0;
    bytes[15] += step;
    Id(bytes)
}
