//! Answers kept for repeated requests.

use moca_storage::{
    StorageError,
    control::{Control, KeptAnswer, Tx},
};

use crate::{backend::on_every_backend, samples::HOME};

on_every_backend![
    an_answer_is_kept_until_it_expires,
    expired_answers_are_forgotten,
];

fn answer(number: u8, created_at: i64) -> KeptAnswer {
    KeptAnswer {
        request_hash: [number; 32],
        sealed_answer: vec![number, 0, 255],
        created_at,
    }
}

async fn keep(tx: &mut Tx, key: &str, number: u8, created_at: i64, expired_before: i64) -> bool {
    let answer = answer(number, created_at);
    match tx.keep_answer(HOME, key, &answer, expired_before).await {
        Ok(()) => true,
        Err(StorageError::Conflict {
            field: "Idempotency-Key",
        }) => false,
        Err(other) => panic!("{other:?}"),
    }
}

async fn an_answer_is_kept_until_it_expires(store: &Control) {
    let mut tx = store.write().await.unwrap();
    assert!(keep(&mut tx, "key", 1, 1_000, 0).await);
    assert!(
        !keep(&mut tx, "key", 2, 1_500, 1_000).await,
        "as old as that is young enough"
    );
    tx.commit().await.unwrap();

    let mut tx = store.write().await.unwrap();
    let kept = tx.kept_answer(HOME, "key").await.unwrap();
    assert_eq!(kept, Some(answer(1, 1_000)));
    assert_eq!(tx.kept_answer(HOME, "KEY").await.unwrap(), None);
    assert!(keep(&mut tx, "key", 3, 2_000, 1_001).await);
    tx.commit().await.unwrap();

    let mut tx = store.read().await.unwrap();
    let kept = tx.kept_answer(HOME, "key").await.unwrap();
    assert_eq!(kept, Some(answer(3, 2_000)));
    assert_eq!(tx.config_version().await.unwrap(), 0, "no object changed");
}

async fn expired_answers_are_forgotten(store: &Control) {
    let mut tx = store.write().await.unwrap();
    for number in 0..40 {
        assert!(keep(&mut tx, &format!("old-{number}"), 1, 1_000, 0).await);
    }
    for number in 0..3 {
        assert!(keep(&mut tx, &format!("new-{number}"), 2, 5_000, 2_000).await);
    }
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    for number in 0..40 {
        let kept = tx.kept_answer(HOME, &format!("old-{number}")).await;
        assert_eq!(kept.unwrap(), None);
    }
    assert!(tx.kept_answer(HOME, "new-0").await.unwrap().is_some());
}
