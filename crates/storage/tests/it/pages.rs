//! Pages far into long lists against a naive model, while objects come and go anywhere.

use futures::future::join_all;
use moca_core::{id::Id, label::Label};
use moca_storage::control::{Control, ListQuery, SortField};

use crate::{
    backend::{execute, on_every_backend},
    samples::{HOME, everything, id, label},
};

on_every_backend![
    pages_of_long_lists_agree_with_a_naive_model,
    pages_agree_after_many_have_written_at_once,
];
mod by_url {
    use super::lists_older_than_the_blocks_are_cut;
    crate::backend::on_every_backend![by url: lists_older_than_the_blocks_are_cut];
}

/// Numbers that look random and are the same in every run.
fn dice(seed: &mut u32, below: u32) -> u32 {
    *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    (*seed >> 8) % below
}

/// In which order objects were made: a time that several may share, and the number of the id.
type Made = (i64, u32);

fn made_label((created_at, number): Made) -> Label {
    let mut label = label(number);
    label.frame.created_at = created_at;
    label
}

async fn assert_pages(store: &Control, made: &[Made]) {
    let mut sorted = made.to_vec();
    sorted.sort_by_cached_key(|(created_at, number)| (*created_at, id(*number).to_string()));
    let ascending: Vec<Id> = sorted.iter().map(|(_, number)| id(*number)).collect();
    let descending: Vec<Id> = ascending.iter().rev().copied().collect();
    let total = made.len();
    let mut tx = store.read().await.unwrap();
    for (expected, sort) in [
        (&ascending, vec![]),
        (&ascending, vec![(SortField::CreatedAt, false)]),
        (&descending, vec![(SortField::CreatedAt, true)]),
    ] {
        let near = [0, 1_024, 2_048, 3_072, total / 2, total];
        let around = near.into_iter().flat_map(|at| at.saturating_sub(2)..at + 2);
        for offset in around {
            let query = ListQuery {
                offset: offset as i64,
                limit: 3,
                sort: sort.clone(),
                ..everything()
            };
            let page = tx.list::<Label>(HOME, &query).await.unwrap();
            assert_eq!(page.total, total as i64);
            let found: Vec<Id> = page.items.iter().map(|label| label.frame.id).collect();
            let expected: Vec<Id> = expected.iter().skip(offset).take(3).copied().collect();
            assert_eq!(found, expected, "{offset} of {total}, {sort:?}");
        }
    }
}

async fn pages_of_long_lists_agree_with_a_naive_model(store: &Control) {
    let (mut seed, mut number) = (1, 0);
    let mut made: Vec<Made> = Vec::new();
    for step in 0..12 {
        let mut tx = store.write().await.unwrap();
        // Most come last; but clocks differ, and one may have been put back.
        let (first, range) = match step % 4 {
            1 => (500, 3),
            3 => (0, 10_000),
            _ => (1_000 * i64::from(step), 50),
        };
        let new: Vec<Made> = (0..900)
            .map(|_| {
                number += 1;
                (first + i64::from(dice(&mut seed, range)), number)
            })
            .collect();
        let labels: Vec<Label> = new.iter().map(|made| made_label(*made)).collect();
        for added in tx.insert_many(HOME, &labels).await.unwrap() {
            added.unwrap();
        }
        made.extend(new);
        if step % 3 == 2 {
            for _ in 0..700 {
                let gone = made.swap_remove(dice(&mut seed, made.len() as u32) as usize);
                assert!(tx.delete::<Label>(HOME, id(gone.1)).await.unwrap());
            }
        }
        tx.commit().await.unwrap();
        assert_pages(store, &made).await;
    }
    // Whole blocks go, from the front.
    made.sort_by_cached_key(|(created_at, number)| (-created_at, *number));
    let mut tx = store.write().await.unwrap();
    while made.len() > 2_500 {
        let (_, number) = made.pop().unwrap();
        assert!(tx.delete::<Label>(HOME, id(number)).await.unwrap());
    }
    tx.commit().await.unwrap();
    assert_pages(store, &made).await;
}

async fn pages_agree_after_many_have_written_at_once(store: &Control) {
    let writers = (0..60_u32).map(|writer| async move {
        let mut tx = store.write().await.unwrap();
        let new: Vec<Made> = (0..100)
            .map(|i| (i64::from(writer % 7), writer * 100 + i))
            .collect();
        let labels: Vec<Label> = new.iter().map(|made| made_label(*made)).collect();
        tx.insert_many(HOME, &labels).await.unwrap();
        if writer % 3 == 0 {
            // Given up.
            return Vec::new();
        }
        tx.commit().await.unwrap();
        new
    });
    let made = join_all(writers).await.concat();
    assert_eq!(made.len(), 4_000);
    assert_pages(store, &made).await;
}

/// More than a block before there were any.
async fn lists_older_than_the_blocks_are_cut(url: &str) {
    let (text, bytes) = match url.starts_with("sqlite:") {
        true => ("TEXT", "BLOB"),
        false => ("TEXT COLLATE \"C\"", "BYTEA"),
    };
    let mut sql = String::from(
        "CREATE TABLE schema_version (version BIGINT PRIMARY KEY, name {text} NOT NULL);",
    );
    sql.push_str(include_str!("../../migrations/0001_control.sql"));
    let mut sql = sql.replace("{text}", text).replace("{bytes}", bytes);
    sql.push_str("INSERT INTO schema_version VALUES (1, '0001_control');");
    let made: Vec<Made> = (0..3_000).map(|i| (i64::from(i / 10), i)).collect();
    for (created_at, number) in &made {
        sql.push_str(&format!(
            "INSERT INTO labels VALUES ('{HOME}', '{}', {created_at}, 1, 1, 'L', 'l', \
             '{{\"name\": \"L\"}}', '{number}');",
            id(*number)
        ));
    }
    sql.push_str(&format!(
        "INSERT INTO totals VALUES ('{HOME}', 'label', {});",
        made.len()
    ));
    execute(url, &sql).await;
    assert_pages(&Control::open(url).await.unwrap(), &made).await;
}
