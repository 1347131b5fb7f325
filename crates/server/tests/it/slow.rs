//! Clients that send slowly, or go away, take nothing from the others.

use std::{future::pending, io};

use axum::body::Body;
use bytes::Bytes;
use futures::{
    FutureExt,
    future::{Either, join_all, select},
    stream,
};
use moca_core::limits::CONTROL_READERS;
use tokio::sync::oneshot;

use crate::support::Installation;

/// A body that never ends, and a word when the server has begun to wait for it.
fn endless() -> (Body, oneshot::Receiver<()>) {
    let (begun, waited_for) = oneshot::channel();
    let chunk = async move {
        begun.send(()).unwrap();
        pending::<Result<Bytes, io::Error>>().await
    };
    (Body::from_stream(stream::once(chunk)), waited_for)
}

#[tokio::test]
async fn slow_readers_hold_no_connection_of_the_store_and_are_forgotten_when_they_go() {
    let installation = Installation::start().await;
    let tenant = installation.tenant(false).await;
    let list = || installation.ask("GET", "/v2/apps").bearer(&tenant.token);
    let (mut slow, mut waited_for) = (Vec::new(), Vec::new());
    for _ in 0..CONTROL_READERS {
        let (body, begun) = endless();
        slow.push(list().body(body).send());
        waited_for.push(begun);
    }
    let slow = join_all(slow).boxed_local();
    let Either::Left((_, slow)) = select(join_all(waited_for), slow).await else {
        panic!("a request without the end of its body was answered");
    };
    // At once, or it would come too late to tell this from a request that gave up meanwhile.
    let connection = installation.state.control.read().now_or_never();
    assert!(
        connection.is_some_and(|tx| tx.is_ok()),
        "the slow ones hold all connections"
    );

    drop(slow);
    let metrics = installation.ask("GET", "/metrics").operations().send();
    let text = String::from_utf8(metrics.await.body.to_vec()).unwrap();
    // The one that asks.
    assert!(text.contains("moca_http_in_flight 1\n"), "{text}");
}
