//! What browsers and other clients need: CORS and compression.

use moca_api::{route::Verb, routes::routes};

use crate::support::walk::Walk;

#[tokio::test]
async fn browsers_of_allowed_origins_may_call() {
    let walk = Walk::start().await;
    for route in routes() {
        let objects = walk.objects().await;
        for (origin, allowed) in [
            ("https://shop.example", true),
            ("https://evil.example", false),
        ] {
            let path = objects.fill(route.path);
            let answer = walk
                .installation
                .ask("OPTIONS", &path)
                .header("origin", origin)
                .header("access-control-request-method", route.verb.as_str())
                .header("access-control-request-headers", "authorization")
                .send()
                .await;
            walk.expect(route, "preflight", &answer, "");
            let said = answer.header("access-control-allow-origin");
            let so = said == allowed.then_some(origin) && answer.status == 200;
            walk.require(route, "preflight", so, &format!("{:?}", answer.headers));
            let methods = answer
                .header("access-control-allow-methods")
                .unwrap_or_default();
            let so = methods.contains(route.verb.as_str()) == allowed;
            walk.require(route, "allowed methods", so, methods);
            let names = answer
                .header("access-control-allow-headers")
                .unwrap_or_default();
            for name in [
                "Authorization",
                "Content-Type",
                "Idempotency-Key",
                "If-Match",
            ] {
                walk.require(route, name, names.contains(name) == allowed, names);
            }
            // Refused or not, with credentials or without: a page may read the answer.
            for ask in [
                walk.ask(route, &objects),
                walk.installation.ask(route.verb.as_str(), &path),
            ] {
                let answer = ask
                    .header("accept", "text/html")
                    .header("origin", origin)
                    .send()
                    .await;
                let said = answer.header("access-control-allow-origin");
                let so = said == allowed.then_some(origin);
                walk.require(
                    route,
                    "allowed origin",
                    so,
                    &format!("{:?}", answer.headers),
                );
                let exposed = answer
                    .header("access-control-expose-headers")
                    .unwrap_or_default();
                for name in [
                    "X-Server-Timestamp",
                    "X-Api-Version",
                    "Server",
                    "X-Request-Id",
                ] {
                    walk.require(route, name, exposed.contains(name) == allowed, exposed);
                }
                let vary = answer.headers.get_all("vary").iter();
                let so = vary
                    .filter_map(|v| v.to_str().ok())
                    .any(|v| v.contains("Origin"));
                walk.require(route, "Vary", so, &format!("{:?}", answer.headers));
            }
        }
    }
    walk.end();
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_ask() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    for route in routes().iter().filter(|route| route.verb == Verb::Get) {
        for coding in ["gzip", "br", "zstd"] {
            let ask = walk.ask(route, &objects).header("accept-encoding", coding);
            let answer = ask.send().await;
            // The smallest answers are not worth it.
            let so = answer.header("content-encoding") == Some(coding) || answer.body.len() < 64;
            walk.require(route, coding, so, &format!("{:?}", answer.headers));
        }
    }
    walk.end();
}
