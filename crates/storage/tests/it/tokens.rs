//! Tokens are found by their secret and vanish with the token they were exchanged for.

use moca_core::{account::Token, id::TokenId};
use moca_storage::control::{Control, Tx};

use crate::{
    backend::{execute, on_every_backend},
    samples::{ABROAD, HOME, app, everything, exchanged_token, id, insert, token},
};

on_every_backend![
    a_token_is_found_by_its_secret,
    a_deleted_token_takes_its_exchanged_ones_along,
    expired_exchanged_tokens_are_cleaned_up,
    an_app_is_found_whatever_its_account,
    a_use_is_no_change_and_time_does_not_go_back,
];

async fn found(tx: &mut Tx, token: &Token) -> bool {
    let found = tx.token_by_hash(&token.secret_hash).await.unwrap();
    assert!(found.is_none() || found.as_ref() == Some(token));
    found.is_some()
}

async fn a_token_is_found_by_its_secret(store: &Control) {
    insert(store, &[token(1), exchanged_token(2, 1)]).await;
    let mut tx = store.read().await.unwrap();
    assert!(found(&mut tx, &token(1)).await);
    assert!(found(&mut tx, &exchanged_token(2, 1)).await);
    assert!(!found(&mut tx, &token(3)).await);
}

async fn a_deleted_token_takes_its_exchanged_ones_along(store: &Control) {
    let tokens = [
        token(1),
        exchanged_token(2, 1),
        exchanged_token(3, 2),
        token(4),
        exchanged_token(5, 4),
    ];
    insert(store, &tokens).await;
    let mut tx = store.write().await.unwrap();
    assert!(tx.delete::<Token>(HOME, id(1)).await.unwrap());
    tx.commit().await.unwrap();

    let mut tx = store.read().await.unwrap();
    for (token, expected) in tokens.iter().zip([false, false, false, true, true]) {
        assert_eq!(found(&mut tx, token).await, expected, "{token:?}");
    }
    let changes = tx.changes_since(5, 10).await.unwrap();
    let mut deleted: Vec<_> = changes.iter().map(|change| change.id).collect();
    deleted.sort();
    assert_eq!(deleted, [id(1), id(2), id(3)]);
    assert_eq!(
        tx.list::<Token>(HOME, &everything()).await.unwrap().total,
        2
    );
}

async fn expired_exchanged_tokens_are_cleaned_up(store: &Control) {
    insert(store, &[token(1)]).await;
    let mut expired = Vec::new();
    for number in 10..30 {
        let mut token = exchanged_token(number, 1);
        token.config.expires_at = Some(1_800_000_000_000);
        expired.push(token);
    }
    let mut own = token(2);
    own.config.expires_at = Some(1_800_000_000_000);
    insert(store, &expired).await;
    insert(store, std::slice::from_ref(&own)).await;

    for number in [40, 41] {
        let mut late = exchanged_token(number, 1);
        late.frame.created_at = 1_800_000_000_000;
        insert(store, &[late]).await;
    }
    let mut tx = store.read().await.unwrap();
    for token in &expired {
        assert!(!found(&mut tx, token).await);
    }
    assert!(
        found(&mut tx, &own).await,
        "a token of its own is kept for its member to see"
    );
    assert!(found(&mut tx, &token(1)).await);
    assert_eq!(
        tx.list::<Token>(HOME, &everything()).await.unwrap().total,
        4
    );
}

async fn an_app_is_found_whatever_its_account(store: &Control) {
    insert(store, &[app(1)]).await;
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.app_of_any_account(id(1)).await.unwrap(), Some(app(1)));
    assert_eq!(tx.app_of_any_account(id(2)).await.unwrap(), None);
}

async fn a_use_is_no_change_and_time_does_not_go_back(store: &Control) {
    let mut never_used = token(1);
    never_used.last_used_at = None;
    insert(store, &[never_used.clone(), token(2)]).await;
    let stored = token(2).last_used_at.unwrap();
    let mut tx = store.read().await.unwrap();
    let feed = tx.changes_since(0, 100).await.unwrap();
    drop(tx);
    let mut tx = store.write().await.unwrap();
    tx.set_tokens_used(&[
        (HOME, TokenId(id(1)), 7),
        (HOME, TokenId(id(2)), stored - 1),
        (ABROAD, TokenId(id(2)), stored + 1),
        (HOME, TokenId(id(3)), 7),
    ])
    .await
    .unwrap();
    tx.commit().await.unwrap();

    let mut tx = store.read().await.unwrap();
    let used = tx.get::<Token>(HOME, id(1)).await.unwrap().unwrap();
    let expected = Token {
        last_used_at: Some(7),
        ..never_used
    };
    assert_eq!(used, expected);
    let later = tx.get::<Token>(HOME, id(2)).await.unwrap();
    assert_eq!(later, Some(token(2)));
    let changes = tx.changes_since(0, 100).await.unwrap();
    assert_eq!(changes.len(), feed.len());
}

mod past_the_store {
    use super::*;

    on_every_backend![by url: a_token_whose_parent_is_gone_is_not_found];

    async fn a_token_whose_parent_is_gone_is_not_found(url: &str) {
        let store = Control::open(url).await.unwrap();
        insert(&store, &[token(1), exchanged_token(2, 1)]).await;
        execute(url, &format!("DELETE FROM tokens WHERE id = '{}'", id(1))).await;
        let mut tx = store.read().await.unwrap();
        assert!(!found(&mut tx, &exchanged_token(2, 1)).await);
    }
}
