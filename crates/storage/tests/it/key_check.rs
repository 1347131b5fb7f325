//! The sealed value that tells the right key.

use moca_storage::control::Control;

use crate::backend::on_every_backend;

on_every_backend![one_value_is_kept];

async fn one_value_is_kept(store: &Control) {
    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.key_check().await.unwrap(), None);
    tx.keep_key_check(&[0, 1, 255]).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.key_check().await.unwrap(), Some(vec![0, 1, 255]));
    assert!(tx.keep_key_check(&[2]).await.is_err());
}
