//! The version of the callers is raised by what can make a proof of permission wrong, and by nothing else.

use moca_core::{
    account::{Account, Member, Token},
    app::App,
    id::TokenId,
    resource::Frame,
};
use moca_storage::{
    StorageError,
    control::{Control, Stored},
};

use crate::{
    backend::on_every_backend,
    samples::{HOME, account, app, exchanged_token, id, insert, label, member, place, token},
};

on_every_backend![
    what_is_changed_or_deleted_raises_it,
    what_is_new_or_no_caller_leaves_it,
    a_token_that_goes_with_another_raises_it,
    what_is_undone_leaves_it,
    it_is_that_of_the_snapshot,
    it_is_not_told_where_is_written,
];

async fn version(store: &Control) -> i64 {
    let mut tx = store.read().await.unwrap();
    tx.callers_version().await.unwrap()
}

/// Changes the object, then deletes it; how often that raised the version.
async fn raised<R: Stored + Clone>(
    store: &Control,
    object: R,
    frame: impl Fn(&mut R) -> &mut Frame,
) -> i64 {
    insert(store, std::slice::from_ref(&object)).await;
    let before = version(store).await;
    let mut changed = object.clone();
    let Frame { id, revision, .. } = frame(&mut changed);
    *revision = 2;
    let id = *id;
    let mut tx = store.write().await.unwrap();
    tx.replace(&changed).await.unwrap();
    tx.commit().await.unwrap();
    let between = version(store).await;
    let mut tx = store.write().await.unwrap();
    assert!(tx.delete::<R>(HOME, id).await.unwrap());
    tx.commit().await.unwrap();
    let after = version(store).await;
    i64::from(between > before) + i64::from(after > between)
}

async fn what_is_changed_or_deleted_raises_it(store: &Control) {
    assert_eq!(
        raised::<Account>(store, account(HOME), |it| &mut it.frame).await,
        2
    );
    assert_eq!(
        raised::<Member>(store, member(1), |it| &mut it.frame).await,
        2
    );
    assert_eq!(
        raised::<Token>(store, token(1), |it| &mut it.frame).await,
        2
    );
    assert_eq!(raised::<App>(store, app(1), |it| &mut it.frame).await, 2);
}

async fn what_is_new_or_no_caller_leaves_it(store: &Control) {
    insert(store, &[account(HOME)]).await;
    insert(store, &[member(1)]).await;
    insert(store, &[token(1)]).await;
    insert(store, &[app(1)]).await;
    assert_eq!(raised(store, place(1), |it| &mut it.frame).await, 0);
    assert_eq!(raised(store, label(1), |it| &mut it.frame).await, 0);
    let mut tx = store.write().await.unwrap();
    let later = token(1).last_used_at.unwrap() + 1;
    tx.set_tokens_used(&[(HOME, TokenId(id(1)), later)])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(version(store).await, 0);
}

async fn a_token_that_goes_with_another_raises_it(store: &Control) {
    // One that has expired is removed on the way of a new one.
    let mut expired = exchanged_token(2, 1);
    expired.config.expires_at = Some(1_700_000_000_003);
    insert(store, &[token(1), expired]).await;
    assert_eq!(version(store).await, 0);
    insert(store, &[token(3)]).await;
    let one = version(store).await;
    assert!(one > 0);
    // The account goes with all that is in it.
    insert(store, &[account(HOME)]).await;
    let mut tx = store.write().await.unwrap();
    assert!(tx.delete_account(HOME).await.unwrap());
    tx.commit().await.unwrap();
    assert!(version(store).await > one);
}

async fn what_is_undone_leaves_it(store: &Control) {
    insert(store, &[token(1)]).await;
    let mut tx = store.write().await.unwrap();
    assert!(tx.delete::<Token>(HOME, id(1)).await.unwrap());
    drop(tx);
    assert_eq!(version(store).await, 0);
}

async fn it_is_that_of_the_snapshot(store: &Control) {
    insert(store, &[token(1)]).await;
    let mut old = store.read().await.unwrap();
    assert!(old.get::<Token>(HOME, id(1)).await.unwrap().is_some());
    let mut tx = store.write().await.unwrap();
    assert!(tx.delete::<Token>(HOME, id(1)).await.unwrap());
    assert_eq!(version(store).await, 0, "not committed yet");
    tx.commit().await.unwrap();
    assert_eq!(old.callers_version().await.unwrap(), 0);
    assert!(version(store).await > 0);
}

async fn it_is_not_told_where_is_written(store: &Control) {
    let mut tx = store.write().await.unwrap();
    let refused = tx.callers_version().await;
    assert!(matches!(refused, Err(StorageError::Backend { .. })));
}
