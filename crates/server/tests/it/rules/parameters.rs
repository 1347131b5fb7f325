//! Query parameters, headers and lists.

use moca_api::{query::ParameterKind, route::Verb, routes::routes};
use moca_core::limits::URL_BYTES_MAX;
use serde_json::json;

use crate::support::{
    objects::Objects,
    walk::{Walk, target, unacceptable, unreadable, value},
};

#[tokio::test]
async fn query_parameters_are_read_strictly() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    for route in routes() {
        let right = target(route, &objects);
        let mark = if right.contains('?') { '&' } else { '?' };
        let mut wrong = vec![("colour=red".to_owned(), "invalid_parameter", "colour")];
        wrong.push(("colour=%zz".into(), "malformed_request", ""));
        wrong.push(("%ff=1".into(), "malformed_request", ""));
        for parameter in route.query {
            let name = parameter.name;
            let twice = if right.contains(&format!("{name}=")) {
                format!("{name}={}", value_of(name, parameter.kind, &objects))
            } else {
                let value = value_of(name, parameter.kind, &objects);
                format!("{name}={value}&{name}={value}")
            };
            wrong.push((twice, "invalid_parameter", name));
            if !parameter.required {
                let value = unreadable(parameter.kind);
                wrong.push((format!("{name}={value}"), "invalid_parameter", name));
            }
        }
        for (query, code, name) in wrong {
            let asked = format!("{right}{mark}{query}");
            let answer = walk.ask_at(route, &objects, &asked).send().await;
            walk.expect(route, &query, &answer, code);
            let detail = answer.json()["detail"].to_string();
            walk.require(
                route,
                "the parameter is named",
                detail.contains(name),
                &detail,
            );
        }
        if let Some((path, query)) = right.split_once('?') {
            for name in query.split('&').filter_map(|pair| pair.split('=').next()) {
                let rest: Vec<&str> = query.split('&').filter(|p| !p.starts_with(name)).collect();
                let asked = format!("{path}?{}", rest.join("&"));
                if route.query.iter().any(|p| p.name == name && p.required) {
                    let answer = walk.ask_at(route, &objects, &asked).send().await;
                    walk.expect(
                        route,
                        "a required one left out",
                        &answer,
                        "invalid_parameter",
                    );
                }
            }
        }
    }
    walk.end();
}

fn value_of(name: &str, kind: ParameterKind, objects: &Objects) -> String {
    match kind {
        ParameterKind::Number(min, _) => min.to_string(),
        ParameterKind::Integer(min, _) if name == "offset" || name == "limit" => min.to_string(),
        ParameterKind::Flag => "true".into(),
        ParameterKind::Word(words) => words[0].into(),
        ParameterKind::Sort => "name".into(),
        ParameterKind::TimeZone => "UTC".into(),
        ParameterKind::Near => "40.4,-3.7,500".into(),
        ParameterKind::Box => "-4,40,-3,41".into(),
        ParameterKind::Text(_) => "x".into(),
        ParameterKind::Integer(..) | ParameterKind::Id => value(name, objects),
    }
}

#[tokio::test]
async fn headers_are_read_strictly() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    for route in routes() {
        let all_but_it = format!("{};q=0, */*", route.answers);
        for (accept, code) in [
            (unacceptable(route), "not_acceptable"),
            (all_but_it.as_str(), "not_acceptable"),
            ("nonsense", "invalid_header"),
        ] {
            let ask = walk.ask(route, &objects).header("accept", accept);
            let answer = ask.send().await;
            walk.expect(route, &format!("Accept: {accept}"), &answer, code);
        }
        if matches!(route.verb, Verb::Put | Verb::Delete) {
            for tag in ["3", "\"3", ",,"] {
                let answer = walk
                    .ask(route, &objects)
                    .header("if-match", tag)
                    .send()
                    .await;
                walk.expect(
                    route,
                    &format!("If-Match: {tag}"),
                    &answer,
                    "invalid_header",
                );
            }
        }
        if route.verb == Verb::Post {
            for key in ["", &"k".repeat(256), "\u{e9}"] {
                let ask = walk.ask(route, &objects).header("idempotency-key", key);
                let answer = ask.send().await;
                walk.expect(route, "Idempotency-Key", &answer, "invalid_header");
            }
        }
        let long = "x".repeat(URL_BYTES_MAX);
        let asked = format!("{}?q={long}", objects.fill(route.path));
        let answer = walk.ask_at(route, &objects, &asked).send().await;
        walk.expect(route, "long URL", &answer, "url_too_long");
    }
    walk.end();
}

#[tokio::test]
async fn lists_page_alike() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    let lists = routes().iter().filter(|route| {
        route
            .query
            .iter()
            .any(|parameter| parameter.name == "offset")
    });
    for route in lists {
        let right = target(route, &objects);
        let mark = if right.contains('?') { '&' } else { '?' };
        for (query, offset, limit) in [("", 0, 50), ("offset=1000&limit=7", 1000, 7)] {
            let asked = format!("{right}{mark}{query}");
            let answer = walk.ask_at(route, &objects, &asked).send().await.json();
            let so = answer["offset"] == offset
                && answer["limit"] == limit
                && answer["total"].is_i64()
                && answer["items"].is_array();
            walk.require(route, "envelope", so, &answer.to_string());
            if offset == 1000 {
                let so = answer["items"] == json!([]);
                walk.require(route, "a page beyond the end", so, &answer.to_string());
            }
        }
        for query in ["limit=0", "limit=1001", "offset=-1"] {
            let asked = format!("{right}{mark}{query}");
            let answer = walk.ask_at(route, &objects, &asked).send().await;
            walk.expect(route, query, &answer, "invalid_parameter");
        }
    }
    walk.end();
}
