//! Bodies: media type, coding, size, arrival, and what is in them.

use std::{io::Write, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use moca_api::{
    Settings,
    route::{BodyKind, Route},
    routes::routes,
};
use moca_core::limits::{
    BODIES_MEMORY_BYTES_MAX, BODY_BYTES_MAX, BODY_INFLATED_BYTES_MAX, IMPORT_BYTES_MAX,
    JSON_DEPTH_MAX, JSON_MEMORY_BYTES_MAX, SMALL_BODY_BYTES_MAX,
};
use serde_json::json;

use crate::support::{
    Installation,
    walk::{Walk, form, media},
};

fn with_body() -> impl Iterator<Item = &'static Route> {
    routes().iter().filter(|route| route.body != BodyKind::None)
}

#[tokio::test]
async fn a_route_without_body_takes_none() {
    let walk = Walk::start().await;
    for route in routes().iter().filter(|route| route.body == BodyKind::None) {
        let objects = walk.objects().await;
        walk.prepare(route, &objects).await;
        let answer = walk.ask(route, &objects).json(&json!({})).send().await;
        walk.expect(route, "a body", &answer, "malformed_body");
        let ask = walk.ask(route, &objects).header("content-length", "0");
        walk.expect(route, "Content-Length: 0", &ask.send().await, "");
    }
    walk.end();
}

#[tokio::test]
async fn a_body_is_of_the_media_type_and_coding_of_the_route() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    for route in with_body() {
        let kind = media(route.body);
        let ask = |media: &str, coding: &str| {
            let ask = walk.ask(route, &objects).body("{}");
            let ask = ask.header("content-encoding", coding);
            match media {
                "" => ask,
                media => ask.header("content-type", media),
            }
        };
        let asks = [
            ("no Content-Type", ask("", "identity")),
            ("text/plain", ask("text/plain", "identity")),
            (
                "another charset",
                ask(&format!("{kind}; charset=latin1"), "identity"),
            ),
            (
                "another parameter",
                ask(&format!("{kind}; version=2"), "identity"),
            ),
            ("br", ask(kind, "br")),
            ("two codings", ask(kind, "gzip, gzip")),
        ];
        let mut answers = Vec::new();
        for (rule, ask) in asks {
            answers.push((rule, ask.send().await));
        }
        for (rule, answer) in answers {
            walk.expect(route, rule, &answer, "unsupported_media_type");
        }
    }
    walk.end();
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    let deep = "[".repeat(JSON_DEPTH_MAX + 1) + &"]".repeat(JSON_DEPTH_MAX + 1);
    for route in with_body() {
        let mut bodies: Vec<(&str, Bytes)> = Vec::new();
        // A file may be.
        if !route.body_optional && route.body != BodyKind::File {
            bodies.push(("empty", Bytes::new()));
        }
        // What is in a file is found out later.
        if route.body != BodyKind::File {
            bodies.push(("not UTF-8", Bytes::from_static(b"[\"\xff\"]")));
        }
        if !matches!(route.body, BodyKind::Form | BodyKind::File) {
            bodies.push(("not JSON", Bytes::from_static(b"{]")));
            bodies.push(("cut off", Bytes::from_static(b"[{\"a\":")));
            bodies.push(("two documents", Bytes::from_static(b"[] []")));
        }
        // Of events, only those are refused that are so.
        if route.body == BodyKind::Json {
            bodies.push(("too deep", deep.clone().into()));
            bodies.push(("a key twice", Bytes::from_static(b"{\"a\":1,\"a\":1}")));
        }
        for (rule, body) in bodies {
            let ask = walk
                .ask(route, &objects)
                .header("content-type", media(route.body));
            let answer = ask.body(body).send().await;
            walk.expect(route, rule, &answer, "malformed_body");
        }
        let ask = walk
            .ask(route, &objects)
            .header("content-type", media(route.body));
        let ask = match route.body {
            BodyKind::File => ask
                .header("content-length", (IMPORT_BYTES_MAX + 1).to_string())
                .body("name"),
            _ if route.is_small => ask.body(vec![b' '; SMALL_BODY_BYTES_MAX + 1]),
            _ => ask.body(vec![b' '; BODY_BYTES_MAX + 1]),
        };
        let answer = ask.send().await;
        walk.expect(route, "too large", &answer, "body_too_large");
    }
    walk.end();
}

#[tokio::test]
async fn a_compressed_body_is_read_like_a_plain_one() {
    let walk = Walk::start().await;
    let bombs = |bytes: usize| {
        let bomb = vec![b' '; bytes];
        [("gzip", gzip(&bomb)), ("zstd", zstd(&bomb))]
    };
    let large = bombs(BODY_INFLATED_BYTES_MAX + 1);
    let small = bombs(SMALL_BODY_BYTES_MAX + 1);
    for route in with_body() {
        for coding in ["gzip", "zstd"] {
            let objects = walk.objects().await;
            walk.prepare(route, &objects).await;
            let plain = match route.body {
                BodyKind::Form => form(&objects),
                BodyKind::File => walk.installation.file(),
                _ => walk.body(route, &objects).await.unwrap().to_string(),
            };
            let body = match coding {
                "gzip" => gzip(plain.as_bytes()),
                _ => zstd(plain.as_bytes()),
            };
            let ask = walk
                .ask(route, &objects)
                .header("content-type", media(route.body));
            let ask = ask.header("content-encoding", coding).body(body);
            walk.expect(route, coding, &ask.send().await, "");
        }
        let objects = walk.objects().await;
        let bombs = if route.is_small { &small } else { &large };
        for (coding, bomb) in bombs {
            let ask = walk
                .ask(route, &objects)
                .header("content-type", media(route.body));
            let ask = ask.header("content-encoding", coding).body(bomb.clone());
            // A file may be much larger than that.
            if route.body != BodyKind::File {
                walk.expect(route, "a bomb", &ask.send().await, "body_too_large");
            }
            let ask = walk
                .ask(route, &objects)
                .header("content-type", media(route.body));
            let ask = ask.header("content-encoding", coding).body("plain");
            walk.expect(route, "not the coding", &ask.send().await, "malformed_body");
        }
    }
    walk.end();
}

#[tokio::test]
async fn a_body_that_would_fill_the_memory_is_not_read() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    // A hundred times larger in memory than as sent, and compressed to a thousandth of that.
    let piece = r#"{"":0}"#;
    let count = JSON_MEMORY_BYTES_MAX / (100 * piece.len());
    let body = format!(r#"{{"a":[{}]}}"#, vec![piece; count].join(","));
    assert!(body.len() < BODY_BYTES_MAX);
    let body = gzip(body.as_bytes());
    let mut asked = 0;
    for route in with_body().filter(|route| route.body == BodyKind::Json) {
        let ask = walk.ask(route, &objects).header("content-encoding", "gzip");
        let ask = ask.header("content-type", media(route.body));
        let answer = ask.body(body.clone()).send().await;
        walk.expect(route, "too much in memory", &answer, "body_too_large");
        asked += 1;
    }
    // What each had of the memory that all share was given back, or the last ones would have waited
    // for nothing.
    assert!(asked > BODIES_MEMORY_BYTES_MAX / JSON_MEMORY_BYTES_MAX);
    walk.end();
}

fn gzip(plain: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap().into()
}

fn zstd(plain: &[u8]) -> Bytes {
    zstd::encode_all(plain, 1).unwrap().into()
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_408() {
    let settings = Settings {
        arrival_ms: 1,
        ..Settings::default()
    };
    let walk = Walk::of(Installation::with(settings).await).await;
    let objects = walk.objects().await;
    for route in routes() {
        let endless =
            Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        let ask = walk
            .ask(route, &objects)
            .header("content-type", media(route.body));
        let answer = tokio::time::timeout(Duration::from_secs(30), ask.body(endless).send())
            .await
            .unwrap();
        walk.expect(route, "a body that never comes", &answer, "request_timeout");
    }
    walk.end();
}

#[tokio::test]
async fn all_faults_of_a_body_are_listed_with_pointers() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    for route in with_body().filter(|route| route.body == BodyKind::Json) {
        let body = json!({"noSuchField": 1, "no/other~field": 2});
        let answer = walk.ask(route, &objects).json(&body).send().await;
        walk.expect(route, "unknown fields", &answer, "validation_failed");
        let errors = answer.json()["errors"].to_string();
        for pointer in ["\"/noSuchField\"", "\"/no~1other~0field\""] {
            let so = errors.contains(pointer);
            walk.require(route, "both unknown fields are listed", so, &errors);
        }
    }
    walk.end();
}
