//! What is sent again, when, and what is not.

use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use moca_client::{ClientError, ImportRequest, RetryPolicy};
use moca_core::{
    bulk::{BulkKind, ImportFormat},
    label::LabelConfig,
};
use moca_wire::{
    imports::Import,
    labels::{Label, LabelInput},
    schema::Described,
};

use crate::support::{Scripted, Step, problem, refuse};

const LABEL: &str = r#"{"createdAt":1,"updatedAt":1,"labelId":"AAAAAAAAAAAAAAAAAAAAAA","accountId":"AAAAAAAAAAAAAAAAAAAAAA","config":{"name":"VIP"}}"#;

fn label() -> LabelInput {
    LabelInput {
        config: LabelConfig {
            name: "VIP".into(),
            color: None,
        },
    }
}

fn done(status: u16) -> Step {
    Step::Answer(status, &[("etag", "\"1\"")], LABEL.to_owned())
}

#[tokio::test]
async fn waits_grow_and_what_the_server_asks_for_is_added() {
    let asked = &[("retry-after", "7")];
    let server = Scripted::start([
        Step::Break,
        refuse(500, "internal"),
        Step::Answer(503, asked, problem(503, "overloaded")),
        done(200),
    ])
    .await;
    let read = server.client().all::<Label>().get("x").await.unwrap();
    assert_eq!(read.object.config.name, "VIP");
    assert_eq!(read.etag, "\"1\"");
    assert_eq!(server.pace.waits_ms(), [200, 400, 7_800]);
    assert_eq!(server.got().len(), 4);
}

#[tokio::test]
async fn a_post_is_repeated_under_one_key_and_another_post_has_another() {
    let server = Scripted::start([
        Step::Break,
        refuse(409, "idempotency_key_busy"),
        done(201),
        done(201),
        done(201),
    ])
    .await;
    let labels = server.client().all::<Label>();
    labels.create(&label()).await.unwrap();
    labels.create(&label()).await.unwrap();
    labels.create_once(&label(), "order-17").await.unwrap();
    let got = server.got();
    let keys: Vec<&str> = got
        .iter()
        .map(|request| request.header("idempotency-key").unwrap())
        .collect();
    assert_eq!(keys[0], keys[1]);
    assert_eq!(keys[0], keys[2]);
    assert_ne!(keys[0], keys[3]);
    assert_eq!(keys[4], "order-17");
    assert!(got.iter().all(|request| request.body == got[0].body));
}

#[tokio::test]
async fn what_adds_up_is_not_repeated_once_it_may_have_been_done() {
    let server = Scripted::start([
        refuse(503, "overloaded"),
        Step::Break,
        Step::Break,
        Step::Answer(200, &[], "{}".to_owned()),
    ])
    .await;
    let device = server.client().device("d");
    let added = device.tag("vip", "+1").await;
    assert!(
        matches!(added, Err(ClientError::Network { .. })),
        "{added:?}"
    );
    assert_eq!(server.got().len(), 2);
    device.tag("vip", "=1").await.unwrap();
    assert_eq!(server.got().len(), 4);
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_is_not_begun() {
    let limits = &[("retry-after", "3600"), ("ratelimit-remaining", "0")];
    let server = Scripted::start([Step::Answer(503, limits, problem(503, "rate_limited"))]).await;
    let limited = server.client().get::<Label>("x").await;
    let Err(ClientError::RateLimited { retry_after_s, .. }) = limited else {
        panic!("{limited:?}");
    };
    assert_eq!(retry_after_s, Some(3_600));
    assert!(server.pace.waits_ms().is_empty());
}

#[tokio::test]
async fn attempts_end_with_their_number_and_with_the_deadline() {
    let policy = RetryPolicy {
        attempts_max: 3,
        ..RetryPolicy::default()
    };
    let server = Scripted::start((0..9).map(|_| refuse(503, "unavailable"))).await;
    let client = server.builder().retry(policy).build().unwrap();
    client.get::<Label>("x").await.unwrap_err();
    assert_eq!(server.got().len(), 3);
    let policy = RetryPolicy {
        attempts_max: 100,
        deadline: Duration::from_secs(2),
        ..RetryPolicy::default()
    };
    let client = server.builder().retry(policy).build().unwrap();
    client.get::<Label>("x").await.unwrap_err();
    // 0.2, 0.4 and 0.8 s are waited; 1.6 s more would be too long.
    assert_eq!(server.got().len(), 3 + 4);
}

#[tokio::test]
async fn what_an_attempt_without_an_answer_deleted_is_deleted() {
    let server = Scripted::start([
        Step::Break,
        refuse(404, "not_found"),
        refuse(503, "overloaded"),
        refuse(404, "not_found"),
    ])
    .await;
    let client = server.client();
    client.delete::<Label>("x", true).await.unwrap();
    assert_eq!(server.got()[1].line, "DELETE /v2/labels/x?cascade=true");
    // An overloaded server did nothing, so here it was gone before.
    let gone = client.delete::<Label>("x", false).await;
    assert!(matches!(gone, Err(ClientError::NotFound { .. })));
}

#[tokio::test]
async fn an_edit_starts_again_when_somebody_was_faster() {
    let server = Scripted::start([
        Step::Answer(200, &[("etag", "\"4\"")], LABEL.to_owned()),
        refuse(409, "stale_version"),
        Step::Answer(200, &[("etag", "\"5\"")], LABEL.to_owned()),
        Step::Answer(200, &[("etag", "\"6\"")], LABEL.to_owned()),
    ])
    .await;
    let labels = server.client().all::<Label>();
    let edited = labels
        .edit("x", |label| label.config.name.push('!'))
        .await
        .unwrap();
    assert_eq!(edited.etag, "\"6\"");
    let got = server.got();
    let conditions: Vec<_> = got.iter().map(|one| one.header("if-match")).collect();
    assert_eq!(conditions, [None, Some("\"4\""), None, Some("\"5\"")]);
    // The change was made once on what was read anew, not twice on what was there first.
    assert!(got[3].body.contains("VIP!\""), "{}", got[3].body);
}

#[tokio::test]
async fn refusals_that_stay_are_not_repeated_and_redirects_not_followed() {
    let server = Scripted::start([
        refuse(409, "already_exists"),
        refuse(400, "validation_failed"),
        Step::Answer(301, &[("location", "/elsewhere")], String::new()),
    ])
    .await;
    let client = server.client();
    let taken = client.create::<Label>(&label()).await;
    assert!(matches!(taken, Err(ClientError::Conflict { .. })));
    let wrong = client.create::<Label>(&label()).await;
    assert!(matches!(wrong, Err(ClientError::InvalidRequest { .. })));
    let moved = client.get::<Label>("x").await;
    assert!(matches!(
        moved,
        Err(ClientError::Server { status: 301, .. })
    ));
    assert_eq!(server.got().len(), 3);
}

#[tokio::test]
async fn a_file_is_sent_again_under_one_key_if_it_can_be_read_again() {
    let server = Scripted::start([
        refuse(503, "overloaded"),
        Step::Break,
        Step::Answer(201, &[], Import::example().to_string()),
        Step::Break,
        Step::Break,
    ])
    .await;
    let client = server.client();
    let request = ImportRequest::new(BulkKind::Places, ImportFormat::Csv);
    let file = || stream::iter([Ok(Bytes::from("name\n")), Ok(Bytes::from("Plaza\n"))]);
    client
        .import_again(&request, || Some(file()))
        .await
        .unwrap();
    let got = server.got();
    assert_eq!(got.len(), 3);
    let key = got[0].header("idempotency-key").unwrap();
    for attempt in &got {
        assert_eq!(attempt.header("idempotency-key"), Some(key));
        assert_eq!(attempt.body, "name\nPlaza\n");
    }
    assert_eq!(server.pace.waits_ms(), [200, 400]);

    // What is read as it comes is gone; what can be had twice is sent twice.
    client.import(&request, file()).await.unwrap_err();
    let mut left = 1;
    let twice = || {
        left -= 1;
        (left >= 0).then(file)
    };
    client.import_again(&request, twice).await.unwrap_err();
    assert_eq!(server.got().len(), 5);
    assert_ne!(server.got()[3].header("idempotency-key"), Some(key));
}
