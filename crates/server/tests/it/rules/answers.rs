//! What every route answers when it is asked rightly, and when the path or verb is wrong.

use moca_api::{Settings, routes::routes};

use crate::support::{
    Installation,
    walk::{Walk, statuses, target, unacceptable},
};

#[tokio::test]
async fn a_right_request_is_answered_as_the_table_says() {
    let walk = Walk::start().await;
    for route in routes() {
        // Objects of its own for every route: some are deleted by it.
        let objects = walk.objects().await;
        walk.prepare(route, &objects).await;
        let answer = walk.right(route, &objects).await.send().await;
        let expected = statuses(route.success).contains(&answer.status);
        let seen = format!("{} {}", answer.status, answer.json());
        walk.require(route, "status of success", expected, &seen);
        let kind = answer.header("content-type").unwrap_or_default();
        let is_said = kind == route.answers || kind.starts_with(&format!("{};", route.answers));
        walk.require(route, "media type", is_said, kind);
        if answer.status == 201 {
            let seen = format!("{:?}", answer.headers);
            let so = answer.headers.contains_key("location");
            walk.require(route, "Location of a created object", so, &seen);
        }
    }
    walk.end();
}

#[tokio::test]
async fn another_verb_is_refused_with_those_there_are() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    for route in routes() {
        let verbs: Vec<&str> = routes()
            .iter()
            .filter(|other| other.path == route.path)
            .map(|other| other.verb.as_str())
            .collect();
        let all = [
            "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW",
        ];
        for method in all.into_iter().filter(|method| !verbs.contains(method)) {
            let path = objects.fill(route.path);
            let answer = walk.installation.ask(method, &path).send().await;
            if method == "HEAD" {
                // Its answers have no body (RFC 9110 §9.3.2).
                walk.require(
                    route,
                    method,
                    answer.status == 400,
                    &answer.status.to_string(),
                );
            } else {
                walk.expect(route, method, &answer, "method_not_allowed");
            }
            let allow = answer.header("allow").unwrap_or_default();
            walk.require(route, "Allow", allow == verbs.join(", "), allow);
        }
    }
    walk.end();
}

#[tokio::test]
async fn unknown_paths_are_404() {
    let walk = Walk::start().await;
    for path in [
        "/",
        "/v2",
        "/v2/",
        "/v2/labels/",
        "//v2/labels",
        "/v1/labels",
        "/V2/labels",
        "/v2/nothing",
    ] {
        let answer = walk.installation.ask("GET", path).send().await;
        assert_eq!(answer.code(), "not_found", "{path}");
    }
    for path in [
        "/v2/labels/%zz",
        "/v2/labels/%ff",
        "/v2/labels/%",
        "/v2/labels/%00",
    ] {
        let answer = walk.installation.ask("GET", path).send().await;
        assert_eq!(answer.code(), "malformed_request", "{path}");
    }
}

#[tokio::test]
async fn a_percent_encoded_path_is_the_same_path() {
    let walk = Walk::start().await;
    for route in routes() {
        let objects = walk.objects().await;
        walk.prepare(route, &objects).await;
        // The first letter of every segment, as %xx.
        let plain = target(route, &objects);
        let (path, query) = plain.split_once('?').unwrap_or((&plain, ""));
        let encoded: Vec<String> = path
            .split('/')
            .map(|segment| match segment.chars().next() {
                Some(first) => format!("%{:02x}{}", first as u32, &segment[1..]),
                None => String::new(),
            })
            .collect();
        let answer = walk
            .ask_at(route, &objects, &format!("{}?{query}", encoded.join("/")))
            .header("accept", unacceptable(route))
            .send()
            .await;
        walk.expect(route, "encoded path", &answer, "not_acceptable");
    }
    walk.end();
}

#[tokio::test]
async fn an_id_that_is_none_and_one_of_nothing_are_404() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    for route in routes() {
        let names: Vec<&str> = objects
            .ids
            .keys()
            .copied()
            .filter(|name| name.ends_with("Id") && *name != "externalId")
            .filter(|name| route.path.contains(&format!("{{{name}}}")))
            .collect();
        let body = walk.body(route, &objects).await;
        for name in names {
            for id in ["nothing", "AAAAAAAAAAAAAAAAAAAAAA", "caf%C3%A9"] {
                let mut other = objects.clone();
                other.ids.insert(name, id.to_owned());
                if name == "segmentId" {
                    // What takes members is another segment.
                    other.ids.insert("staticSegmentId", id.to_owned());
                }
                if name == "accountId" {
                    other.ids.insert("spareAccountId", id.to_owned());
                }
                let ask = walk.ask_at(route, &objects, &target(route, &other));
                let ask = match &body {
                    Some(body) => ask.json(body),
                    None => ask,
                };
                walk.expect(route, id, &ask.send().await, "not_found");
            }
        }
    }
    walk.end();
}

#[tokio::test]
async fn more_requests_than_can_be_worked_on_are_turned_away() {
    let settings = Settings {
        in_flight_max: 0,
        ..Settings::default()
    };
    let installation = Installation::with(settings).await;
    for route in routes() {
        let path = route.path.replace(['{', '}'], "");
        let answer = installation.ask(route.verb.as_str(), &path).send().await;
        assert_eq!(answer.code(), "overloaded", "{path}");
    }
}

#[tokio::test]
async fn the_operations_port_obeys_the_same_rules() {
    let installation = Installation::start().await;
    for path in ["/health", "/health/live", "/health/ready", "/metrics"] {
        let answer = installation.ask("GET", path).operations().send().await;
        assert_eq!(answer.status, 200, "{path}");
        let answer = installation.ask("POST", path).operations().send().await;
        assert_eq!(answer.code(), "method_not_allowed", "{path}");
    }
    let metrics = installation.ask("GET", "/metrics").operations();
    let metrics = metrics.header("accept", "text/plain").send().await;
    let text = String::from_utf8(metrics.body.to_vec()).unwrap();
    assert!(text.contains("moca_http_in_flight"), "{text}");
    let managed = installation.ask("GET", "/v2/labels").operations();
    assert_eq!(managed.send().await.code(), "not_found");
}

#[tokio::test]
async fn work_that_takes_too_long_is_given_up() {
    let settings = Settings {
        work_ms: 50,
        ..Settings::default()
    };
    let installation = Installation::with(settings).await;
    let tenant = installation.tenant(true).await;
    // The one writer is taken for as long as the test wants.
    let writer = installation.state.control.write().await.unwrap();
    let body = serde_json::json!({"config": {"name": "later"}});
    let ask = || {
        let ask = installation.ask("POST", "/v2/labels").bearer(&tenant.token);
        ask.json(&body).send()
    };
    assert_eq!(ask().await.code(), "overloaded");
    drop(writer);
    assert_eq!(ask().await.status, 201);
}
