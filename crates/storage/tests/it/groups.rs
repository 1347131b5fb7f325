//! Writers that go to disk together, and those who go away meanwhile.

use std::{
    pin::pin,
    task::{Context, Waker},
};

use futures::future::join_all;
use moca_core::place::Place;
use moca_storage::control::Control;

use crate::{
    backend::on_every_backend,
    samples::{HOME, everything, id, insert, place},
};

on_every_backend![by url: who_goes_away_does_not_keep_others_from_writing];

async fn who_goes_away_does_not_keep_others_from_writing(url: &str) {
    let store = Control::open(url).await.unwrap();
    let inserted = (0..16).map(async |number| insert(&store, &[place(number)]).await);
    join_all(inserted).await;
    // After so many at once one waits a moment for more to come.
    let mut tx = store.write().await.unwrap();
    tx.insert(&place(100)).await.unwrap();
    let mut context = Context::from_waker(Waker::noop());
    assert!(pin!(tx.commit()).poll(&mut context).is_pending());

    // Another process, which waits until nobody else writes.
    let other = Control::open(url).await.unwrap();
    insert(&other, &[place(101)]).await;
    let mut tx = other.read().await.unwrap();
    assert_eq!(tx.get(HOME, id(101)).await.unwrap(), Some(place(101)));
    // The one who went away had joined them, or had not come so far.
    let page = tx.list::<Place>(HOME, &everything()).await.unwrap();
    assert!(page.total == 17 || page.total == 18, "{}", page.total);
    assert_eq!(page.total, page.items.len() as i64);
}
