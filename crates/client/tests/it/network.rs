//! What can fail on the way, told apart.

use std::{sync::Arc, time::Duration};

use moca_client::{Client, ClientError, NetworkFault, RetryPolicy};
use moca_wire::labels::Label;
use tokio::net::TcpListener;

use crate::support::{ManualPace, Scripted, Step};

async fn fault(client: &Client) -> NetworkFault {
    match client.get::<Label>("x").await {
        Err(ClientError::Network { fault, .. }) => fault,
        other => panic!("{other:?}"),
    }
}

const ONCE: RetryPolicy = RetryPolicy {
    attempts_max: 1,
    first_wait: Duration::ZERO,
    longest_wait: Duration::ZERO,
    attempt_timeout: Duration::from_secs(5),
    deadline: Duration::from_secs(5),
};

#[tokio::test]
async fn a_name_that_nobody_has() {
    let pace: Arc<ManualPace> = Arc::default();
    let client = Client::builder("https://moca.invalid")
        .pace(pace.clone())
        .build()
        .unwrap();
    assert_eq!(fault(&client).await, NetworkFault::Dns);
    assert!(pace.waits_ms().is_empty(), "it would be the same again");
}

#[tokio::test]
async fn a_port_where_nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = format!("https://localhost:{port}");
    let client = Client::builder(&url).retry(ONCE).build().unwrap();
    assert_eq!(fault(&client).await, NetworkFault::Connect);
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted() {
    let server = Scripted::start([]).await;
    let other = Scripted::start([]).await;
    let client = Client::builder(&server.url)
        .trust_pem(other.pem.clone())
        .build()
        .unwrap();
    assert_eq!(fault(&client).await, NetworkFault::Tls);
}

#[tokio::test]
async fn a_server_that_says_nothing() {
    let server = Scripted::start([Step::Hang]).await;
    let policy = RetryPolicy {
        attempt_timeout: Duration::from_millis(200),
        ..ONCE
    };
    let client = server.builder().retry(policy).build().unwrap();
    assert_eq!(fault(&client).await, NetworkFault::Timeout);
}

#[tokio::test]
async fn a_connection_that_breaks() {
    let server = Scripted::start([Step::Break]).await;
    let client = server.builder().retry(ONCE).build().unwrap();
    assert_eq!(fault(&client).await, NetworkFault::Interrupted);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_shown() {
    let page = "<html>Welcome to the gate";
    let server = Scripted::start([Step::Answer(
        200,
        &[("x-request-id", "r-9")],
        page.to_owned(),
    )])
    .await;
    let unreadable = server.client().get::<Label>("x").await.unwrap_err();
    assert_eq!(unreadable.request_id(), Some("r-9"));
    let ClientError::Unreadable { body, .. } = unreadable else {
        panic!("{unreadable:?}");
    };
    assert_eq!(body, page);
}

#[test]
fn what_cannot_be_set_up_says_why() {
    for url in ["http://localhost:8443", "localhost:8443", "https://"] {
        let refused = Client::builder(url).build().err().unwrap();
        assert!(refused.to_string().contains("https URL"), "{refused}");
    }
    let refused = Client::builder("https://localhost")
        .trust_pem("not a certificate")
        .build()
        .err()
        .unwrap();
    assert!(refused.to_string().contains("certificate"), "{refused}");
}

#[tokio::test]
async fn an_id_that_would_make_another_call_of_it_is_not_sent() {
    let server = Scripted::start([]).await;
    let refused = server.client().delete::<Label>("", false).await;
    assert!(matches!(refused, Err(ClientError::Configuration(_))));
    assert!(server.got().is_empty());
}
