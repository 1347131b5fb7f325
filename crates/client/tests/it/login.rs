//! OAuth 2.0 client credentials: one token for many calls, renewed before it ends.

use std::time::Duration;

use futures::future::join_all;
use moca_client::ClientError;
use moca_wire::labels::Label;

use crate::support::{Scripted, Step, refuse};

const LABEL: &str = r#"{"createdAt":1,"updatedAt":1,"labelId":"AAAAAAAAAAAAAAAAAAAAAA","accountId":"AAAAAAAAAAAAAAAAAAAAAA","config":{"name":"VIP"}}"#;

fn token(name: &str) -> Step {
    let body = format!(
        r#"{{"access_token":"{name}","token_type":"Bearer","expires_in":3600,"scope":"viewer"}}"#
    );
    Step::Answer(200, &[], body)
}

fn done() -> Step {
    Step::Answer(200, &[], LABEL.to_owned())
}

fn steps(server: &Scripted) -> Vec<(String, String)> {
    let got = server.got();
    got.iter()
        .map(|request| {
            let proof = request.header("authorization").unwrap();
            (request.line.clone(), proof.to_owned())
        })
        .collect()
}

fn expected(steps: &[(&str, &str)]) -> Vec<(String, String)> {
    steps
        .iter()
        .map(|(line, proof)| ((*line).to_owned(), (*proof).to_owned()))
        .collect()
}

const LOGIN: (&str, &str) = ("POST /oauth/token", "Basic aWQ6c2VjcmV0");
const GET: &str = "GET /v2/labels/x";

#[tokio::test]
async fn a_token_is_kept_and_renewed_a_minute_before_its_end() {
    let server = Scripted::start([token("one"), done(), done(), token("two"), done()]).await;
    let client = server
        .builder()
        .client_credentials("id", "secret", Some("viewer"))
        .build()
        .unwrap();
    client.get::<Label>("x").await.unwrap();
    server.pace.advance(Duration::from_secs(3_539));
    client.get::<Label>("x").await.unwrap();
    server.pace.advance(Duration::from_secs(1));
    client.get::<Label>("x").await.unwrap();
    let wanted = [
        LOGIN,
        (GET, "Bearer one"),
        (GET, "Bearer one"),
        LOGIN,
        (GET, "Bearer two"),
    ];
    assert_eq!(steps(&server), expected(&wanted));
    assert_eq!(
        server.got()[0].body,
        "grant_type=client_credentials&scope=viewer"
    );
}

#[tokio::test]
async fn a_token_that_was_taken_back_is_renewed_once() {
    let refused = || refuse(403, "not_authenticated");
    let server = Scripted::start([
        token("one"),
        refused(),
        token("two"),
        done(),
        refused(),
        token("three"),
        refused(),
    ])
    .await;
    let client = server
        .builder()
        .client_credentials("id", "secret", None)
        .build()
        .unwrap();
    client.get::<Label>("x").await.unwrap();
    let refused = client.get::<Label>("x").await;
    assert!(matches!(refused, Err(ClientError::Authentication { .. })));
    assert_eq!(server.got().len(), 7);
}

#[tokio::test]
async fn many_calls_at_the_same_time_log_in_once() {
    let script = [token("one")].into_iter().chain((0..5).map(|_| done()));
    let server = Scripted::start(script).await;
    let client = server
        .builder()
        .client_credentials("id", "secret", None)
        .build()
        .unwrap();
    let calls = (0..5).map(|_| client.get::<Label>("x"));
    for outcome in join_all(calls).await {
        outcome.unwrap();
    }
    assert_eq!(server.got().len(), 6);
}
