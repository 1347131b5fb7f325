//! What browsers and other clients need: CORS and compression.

use moca_api::{Settings, route::Verb, routes::routes};

use crate::support::{
    Installation,
    walk::{Walk, unacceptable},
};

const ORIGINS: [(&str, bool); 2] = [
    ("https://shop.example", true),
    ("https://evil.example", false),
];

#[tokio::test]
async fn a_browser_may_ask_first() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    for route in routes() {
        for (origin, allowed) in ORIGINS {
            let answer = walk
                .installation
                .ask("OPTIONS", &objects.fill(route.path))
                .header("origin", origin)
                .header("access-control-request-method", route.verb.as_str())
                .header("access-control-request-headers", "authorization")
                .send()
                .await;
            let said = |name: &str| answer.header(name).unwrap_or_default();
            let origins = said("access-control-allow-origin");
            let so = origins == if allowed { origin } else { "" };
            walk.require(route, "allowed origin", so && answer.status == 200, origins);
            let methods = said("access-control-allow-methods");
            let so = methods.contains(route.verb.as_str()) == allowed;
            walk.require(route, "allowed methods", so, methods);
            let names = said("access-control-allow-headers");
            for name in [
                "Authorization",
                "Content-Type",
                "Idempotency-Key",
                "If-Match",
                "If-None-Match",
                "Last-Event-ID",
            ] {
                walk.require(route, name, names.contains(name) == allowed, names);
            }
        }
    }
    walk.end();
}

/// Refused or not, with credentials or without: a page of an allowed origin may read the answer.
#[tokio::test]
async fn a_browser_shows_answers_to_allowed_origins() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    for route in routes() {
        for (origin, allowed) in ORIGINS {
            let path = objects.fill(route.path);
            let stranger = walk.installation.ask(route.verb.as_str(), &path);
            for ask in [walk.ask(route, &objects), stranger] {
                let ask = ask
                    .header("accept", unacceptable(route))
                    .header("origin", origin);
                let answer = ask.send().await;
                let said = |name: &str| answer.header(name).unwrap_or_default();
                let origins = said("access-control-allow-origin");
                let so = origins == if allowed { origin } else { "" };
                walk.require(route, "allowed origin", so, origins);
                let exposed = said("access-control-expose-headers");
                for name in [
                    "X-Server-Timestamp",
                    "X-Api-Version",
                    "Server",
                    "X-Request-Id",
                    "Retry-After",
                    "RateLimit-Limit",
                    "RateLimit-Remaining",
                    "RateLimit-Reset",
                ] {
                    walk.require(route, name, exposed.contains(name) == allowed, exposed);
                }
                let mut vary = answer.headers.get_all("vary").iter();
                let so = vary.any(|value| value.to_str().unwrap().contains("Origin"));
                walk.require(route, "Vary", so, &format!("{:?}", answer.headers));
            }
        }
    }
    walk.end();
}

/// An account allows no origin until its owner says so, and nobody else's then.
#[tokio::test]
async fn origins_are_those_of_the_account_and_of_the_console() {
    let settings = Settings {
        console_origins: vec!["https://console.example".into()],
        ..Settings::default()
    };
    let walk = Walk::of(Installation::with(settings).await).await;
    let ask = walk.installation.ask("POST", "/v2/accounts");
    let body = serde_json::json!({"config": {"name": "New"}});
    let made = ask
        .bearer(&walk.tenant.token)
        .json(&body)
        .send()
        .await
        .done();
    let theirs = made["firstToken"].as_str().unwrap();
    for (token, origin, allowed) in [
        (theirs, "https://shop.example", false),
        (theirs, "https://console.example", true),
        (&walk.tenant.token, "https://shop.example", true),
        (&walk.tenant.token, "https://console.example", true),
        (&walk.tenant.token, "https://shop.example:8443", false),
        (&walk.tenant.token, "http://shop.example", false),
        (&walk.tenant.token, "null", false),
    ] {
        let ask = walk.installation.ask("GET", "/v2/labels").bearer(token);
        let answer = ask.header("origin", origin).send().await;
        assert_eq!(answer.status, 200);
        let said = answer.header("access-control-allow-origin");
        assert_eq!(said, allowed.then_some(origin));
    }
}

/// An answer can always be sent as it is, whatever codings the client refuses.
#[tokio::test]
async fn refusing_all_codings_changes_no_status() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    for route in routes().iter().filter(|route| route.verb == Verb::Get) {
        let plain = walk.ask(route, &objects).send().await;
        for refusal in ["identity;q=0", "*;q=0", "gzip;q=0, *;q=0"] {
            let ask = walk.ask(route, &objects);
            let answer = ask.header("accept-encoding", refusal).send().await;
            let so = answer.status == plain.status && answer.header("content-encoding").is_none();
            walk.require(route, refusal, so, &format!("{:?}", answer.status));
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
