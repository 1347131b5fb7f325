//! Versions of objects, and requests that are repeated.

use moca_api::{
    route::{BodyKind, Success, Verb},
    routes::routes,
};

use moca_core::limits::IDEMPOTENCY_KEPT_MS;

use crate::support::walk::{Walk, form, is_managed, media};

#[tokio::test]
async fn a_stale_version_is_refused_and_the_current_one_taken() {
    let walk = Walk::start().await;
    for route in routes().iter().filter(|route| is_managed(route)) {
        if !matches!(route.verb, Verb::Put | Verb::Delete) || route.path.contains("{externalId}") {
            continue;
        }
        let objects = walk.objects().await;
        walk.prepare(route, &objects).await;
        let body = walk.body(route, &objects).await;
        for (tag, code) in [
            ("\"999\"", "stale_version"),
            ("W/\"1\"", "stale_version"),
            ("\"999\", *", "invalid_header"),
            ("*", ""),
        ] {
            let ask = walk.ask(route, &objects).header("if-match", tag);
            let ask = match &body {
                Some(body) => ask.json(body),
                None => ask,
            };
            walk.expect(route, &format!("If-Match: {tag}"), &ask.send().await, code);
        }
    }
    walk.end();
}

#[tokio::test]
async fn single_objects_carry_the_tag_of_their_version() {
    let walk = Walk::start().await;
    for route in routes().iter().filter(|route| is_managed(route)) {
        if route.verb != Verb::Get || !route.path.ends_with("Id}") {
            continue;
        }
        let objects = walk.objects().await;
        let answer = walk.ask(route, &objects).send().await;
        let tag = answer.header("etag").unwrap_or_default().to_owned();
        walk.require(route, "ETag", tag.starts_with('"'), &tag);
        let put = routes()
            .iter()
            .find(|other| other.path == route.path && other.verb == Verb::Put);
        let Some(put) = put else { continue };
        let body = answer.json();
        let put_answer = walk
            .ask(put, &objects)
            .header("if-match", &tag)
            .json(&body)
            .send()
            .await;
        walk.expect(put, "GET, then PUT of the same", &put_answer, "");
        let newer = put_answer.header("etag").unwrap_or_default().to_owned();
        walk.require(put, "a new ETag", newer != tag && !newer.is_empty(), &newer);
        let again = walk.ask(put, &objects).header("if-match", &tag);
        let again = again.json(&body).send().await;
        walk.expect(put, "PUT with the old ETag", &again, "stale_version");
    }
    walk.end();
}

#[tokio::test]
async fn a_repeated_post_is_answered_as_the_first() {
    let walk = Walk::start().await;
    for route in routes().iter().filter(|route| route.verb == Verb::Post) {
        let objects = walk.objects().await;
        if matches!(route.body, BodyKind::Form | BodyKind::File) {
            let (kind, body) = match route.body {
                BodyKind::Form => (media(route.body), form(&objects)),
                _ => (media(route.body), walk.installation.file()),
            };
            let mut answers = Vec::new();
            for _ in 0..2 {
                let ask = walk.ask(route, &objects).header("content-type", kind);
                let ask = ask.header("idempotency-key", "key").body(body.clone());
                answers.push(ask.send().await);
            }
            walk.expect(route, "the first", &answers[0], "");
            let so = answers[0].body == answers[1].body;
            walk.require(route, "the same answer", so, "another one was made");
            continue;
        }
        let body = walk.body(route, &objects).await.unwrap();
        let other = walk.body(route, &objects).await.unwrap();
        let key = format!("key {}", route.path);
        let ask = |body| {
            let ask = walk.ask(route, &objects).header("idempotency-key", &key);
            ask.json(body).send()
        };
        let first = ask(&body).await;
        let second = ask(&body).await;
        let changed = match body == other {
            true => None,
            false => Some(ask(&other).await),
        };
        walk.expect(route, "the first", &first, "");
        let same = first.status == second.status
            && first.body == second.body
            && first.header("location") == second.header("location")
            && first.header("etag") == second.header("etag");
        walk.require(route, "the same answer", same, &second.json().to_string());
        if let Some(changed) = changed {
            walk.expect(route, "another body", &changed, "idempotency_key_reused");
        }
        // A day later the key means nothing any more; what must be unique still is.
        if route.success == Success::Created && walk.body(route, &objects).await.is_some() {
            walk.installation.clock.advance(IDEMPOTENCY_KEPT_MS + 1);
            let fresh = walk.body(route, &objects).await.unwrap();
            let ask = walk.ask(route, &objects).header("idempotency-key", &key);
            walk.expect(route, "a day later", &ask.json(&fresh).send().await, "");
        }
    }
    walk.end();
}
