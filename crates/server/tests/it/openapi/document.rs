//! The document itself.

use std::collections::BTreeSet;

use moca_api::{
    openapi,
    route::{BodyKind, Success},
    routes::routes,
};
use moca_wire::problem::Code;
use serde_json::Value;

use crate::support::{
    Installation,
    schema::{Others, Schemas},
};

const CHECKED_IN: &str = include_str!("../../../../../docs/openapi.json");

#[tokio::test]
async fn what_is_served_is_what_is_checked_in() {
    let installation = Installation::start().await;
    let answer = installation.ask("GET", "/v2/openapi.json").send().await;
    assert_eq!(answer.status, 200);
    assert!(
        answer.body == CHECKED_IN,
        "docs/openapi.json is not what the code says. Look at the difference, then run\n\
         cargo run -q -p moca-api --example openapi > docs/openapi.json"
    );
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let paths = openapi::document()["paths"].as_object().unwrap();
    let mut described: BTreeSet<String> = BTreeSet::new();
    for (path, verbs) in paths {
        let verbs = verbs.as_object().unwrap().keys();
        described.extend(verbs.map(|verb| format!("{} {path}", verb.to_ascii_uppercase())));
    }
    // Pages are for people; that all of them can be found is checked in docs/pages.rs.
    let known: BTreeSet<String> = routes()
        .iter()
        .filter(|route| !route.is_page())
        .map(|route| format!("{} {}", route.verb.as_str(), route.path))
        .collect();
    let missing: Vec<&String> = known.difference(&described).collect();
    assert!(
        missing.is_empty(),
        "say in crates/api/src/openapi/management.rs or device.rs what these are for: {missing:#?}"
    );
    let strange: Vec<&String> = described.difference(&known).collect();
    assert!(strange.is_empty(), "not in the route table: {strange:#?}");
}

#[test]
fn every_operation_has_what_the_route_table_says() {
    let mut ids = BTreeSet::new();
    for route in routes().iter().filter(|route| !route.is_page()) {
        let path = &openapi::document()["paths"][route.path];
        let operation = &path[route.verb.as_str().to_ascii_lowercase()];
        let asked = format!("{} {}", route.verb.as_str(), route.path);
        assert!(ids.insert(operation["operationId"].to_string()), "{asked}");
        let summary = operation["summary"].as_str().unwrap();
        assert!(!summary.is_empty(), "{asked}: say what it is for");
        let takes = operation["requestBody"]["content"].as_object();
        assert_eq!(takes.is_some(), route.body != BodyKind::None, "{asked}");
        for content in takes.into_iter().flatten().map(|(_, content)| content) {
            assert!(!content["example"].is_null(), "{asked}: an example");
        }
        let answers = operation["responses"].as_object().unwrap().values();
        let answers = answers.filter_map(|answer| answer["content"].as_object());
        for content in answers.flatten().map(|(_, content)| content) {
            let shown = content.get("example").or(content.get("examples"));
            assert!(shown.is_some(), "{asked}: an example of each answer");
        }
        let statuses: &[&str] = match route.success {
            Success::Ok => &["200"],
            Success::Created => &["201"],
            Success::OkOrCreated => &["200", "201"],
        };
        for status in statuses {
            let media = route.answers;
            let content = &operation["responses"][status]["content"][media];
            assert!(content["schema"].is_object(), "{asked}: {status}");
        }
    }
}

/// All that stands under a key, anywhere.
fn under<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(entries) => {
            for (name, inner) in entries {
                if name == key {
                    found.push(inner);
                }
                under(inner, key, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|inner| under(inner, key, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let document = openapi::document();
    let mut references = Vec::new();
    under(document, "$ref", &mut references);
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for reference in references {
        let target = reference.as_str().unwrap();
        let pointer = target.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{target}");
        used.insert(target);
    }
    for kind in ["schemas", "responses", "headers"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let target = format!("#/components/{kind}/{name}");
            assert!(used.contains(target.as_str()), "{target} is not used");
        }
    }
}

#[test]
fn every_example_is_one() {
    let schemas = Schemas {
        document: openapi::document(),
        others: Others::Never,
    };
    let mut contents = Vec::new();
    under(schemas.document, "content", &mut contents);
    let mut checked = 0;
    for (media, content) in contents.iter().filter_map(|all| all.as_object()).flatten() {
        if let Some(example) = content.get("example") {
            let faults = schemas.faults(&content["schema"], example, "");
            assert!(faults.is_empty(), "{media}: {faults:#?}");
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked} examples");
    for example in schemas.document["components"]["examples"]
        .as_object()
        .unwrap()
        .values()
    {
        let problem = &schemas.document["components"]["schemas"]["Problem"];
        let faults = schemas.faults(problem, &example["value"], "");
        assert!(faults.is_empty(), "{faults:#?}");
    }
}

/// Whether a schema takes every object.
fn takes_every_object(schema: &Value) -> bool {
    let is_limited = [
        "maxProperties",
        "required",
        "additionalProperties",
        "propertyNames",
    ];
    let fields = schema["properties"].as_object();
    schema["type"] == "object"
        && fields.is_none_or(serde_json::Map::is_empty)
        && is_limited
            .iter()
            .all(|keyword| schema.get(keyword).is_none())
}

#[test]
fn of_a_choice_no_part_takes_what_another_one_takes() {
    let mut choices = Vec::new();
    under(openapi::document(), "oneOf", &mut choices);
    assert!(!choices.is_empty());
    for choice in choices {
        let parts = choice.as_array().unwrap();
        let objects = parts.iter().filter(|part| part["type"] == "object");
        let takes_all = parts.iter().any(takes_every_object);
        assert!(!takes_all || objects.count() == 1, "{choice:#}");
    }
}

#[test]
fn every_error_code_is_one_of_an_answer() {
    let mut lists = Vec::new();
    under(openapi::document(), "x-codes", &mut lists);
    let told: BTreeSet<&str> = lists
        .iter()
        .flat_map(|codes| codes.as_array().unwrap())
        .map(|code| code.as_str().unwrap())
        .collect();
    // Told in the description of the whole: no route is found when these are sent.
    let before = ["method_not_allowed", "tls_required"];
    let text = openapi::document()["info"]["description"].to_string();
    for code in Code::ALL {
        let word = code.as_str();
        let so = told.contains(word) || (before.contains(&word) && text.contains(word));
        assert!(so, "no answer is described with {word}");
    }
}
