//! Schemas and readers: what the one allows the other takes, what it rules out the other refuses.

use moca_api::{
    openapi,
    route::{BodyKind, Route, Verb},
    routes::routes,
};
use serde_json::{Map, Value, json};

use super::{
    generate::{Generator, Size},
    spoil::spoil,
};
use crate::support::{
    NOON,
    dice::Dice,
    objects::Objects,
    request::Answer,
    schema::{Others, Schemas},
    walk::Walk,
};

/// Values of any size for each body.
const ROUNDS: usize = 12;
const DAY_MS: i64 = 86_400_000;

fn schemas() -> Schemas<'static> {
    Schemas {
        document: openapi::document(),
        others: Others::AsSaid,
    }
}

fn with_json() -> impl Iterator<Item = &'static Route> {
    routes().iter().filter(|route| route.body == BodyKind::Json)
}

/// The description of the body of a route.
fn content(route: &Route) -> &'static Value {
    let path = &openapi::document()["paths"][route.path];
    let operation = &path[route.verb.as_str().to_ascii_lowercase()];
    &operation["requestBody"]["content"]["application/json"]
}

/// Puts what exists in the place of made-up ids, and times in an order that makes sense.
fn settle(value: &mut Value, route: &Route, objects: &Objects) {
    for (name, field) in value.as_object_mut().into_iter().flatten() {
        if let Some(id) = objects.ids.get(name.as_str()).filter(|_| !field.is_null()) {
            *field = json!(id);
        }
    }
    if route.path.starts_with("/v2/notifications") && value.get("campaignId").is_some() {
        // Of the two campaigns it is the one of the right type.
        value["campaignId"] = json!(objects.ids["pushCampaignId"]);
    }
    if let (Verb::Put, Some(fields)) = (route.verb, value.as_object_mut()) {
        // Whom a token stands for cannot change.
        fields.remove("memberId");
    }
    settle_targets(value);
    if let Some(at) = value.get_mut("at").filter(|at| at.is_i64()) {
        *at = json!(NOON);
    }
    if let Some(fields) = value.as_object_mut() {
        put_in_order(fields, ["from", "to"]);
    }
    let Some(config) = value.get_mut("config").and_then(Value::as_object_mut) else {
        return;
    };
    if route.path.contains("{externalId}") {
        config.remove("externalId");
    }
    put_in_order(config, ["startAt", "endAt"]);
    if let Some(expiry) = config.get_mut("expiresAt").filter(|at| at.is_i64()) {
        *expiry = json!(NOON + DAY_MS);
    }
}

/// Makes the first of two moments the earlier one.
fn put_in_order(fields: &mut Map<String, Value>, [first, last]: [&str; 2]) {
    let moment = |name| fields.get(name).and_then(Value::as_i64);
    let (Some(start), Some(end)) = (moment(first), moment(last)) else {
        return;
    };
    if start >= end {
        let (start, end) = match end.checked_add(1) {
            Some(later) if start == end => (start, later),
            _ => (end.min(start - 1), start),
        };
        fields.insert(first.into(), json!(start));
        fields.insert(last.into(), json!(end));
    }
}

/// Push credentials are new, and have all that a new one needs.
fn settle_targets(value: &mut Value) {
    let Some(Value::Array(targets)) = value.get_mut("targets") else {
        return;
    };
    targets.retain(|target| {
        let has = |name: &str| target.get(name).is_some_and(|field| !field.is_null());
        match target["@type"].as_str() {
            Some("ApnsKeyTarget") => has("privateKey"),
            Some("ApnsCertificateTarget") => has("certificate") && has("privateKey"),
            Some("FcmTarget") => has("serviceAccount"),
            _ => has("publicKey") == has("privateKey"),
        }
    });
    for target in targets.iter_mut().filter_map(Value::as_object_mut) {
        target.remove("targetId");
    }
}

/// Whether the body was read: what is wrong, if anything is, is not its form.
fn was_read(answer: &Answer) -> bool {
    match answer.code().as_str() {
        "malformed_body" | "body_too_large" | "unsupported_media_type" => false,
        "validation_failed" => {
            // A reference to nothing, and what is too much together with what was there before.
            let known = ["not_found", "immutable"];
            let errors = answer.json()["errors"].clone();
            let mut errors = errors.as_array().into_iter().flatten();
            errors.all(|fault| known.contains(&fault["code"].as_str().unwrap()))
        }
        _ => true,
    }
}

/// The value of a field called `name` wherever it stands is one that exists.
fn with_real_ids(value: &Value, objects: &Objects) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| match objects.ids.get(name.as_str()) {
                Some(id) if name != "externalId" && name != "name" => (name.clone(), json!(id)),
                _ if ["beaconIds", "instanceIds", "userIds"].contains(&name.as_str()) => {
                    let id = &objects.ids[name.strip_suffix('s').unwrap_or_default()];
                    (name.clone(), json!([id]))
                }
                _ => (name.clone(), with_real_ids(field, objects)),
            })
            .collect(),
        Value::Array(items) => items
            .iter()
            .map(|item| with_real_ids(item, objects))
            .collect(),
        other => other.clone(),
    }
}

#[tokio::test]
async fn the_example_of_every_body_is_taken() {
    let walk = Walk::start().await;
    for route in routes() {
        if !matches!(route.body, BodyKind::Json | BodyKind::JsonOrNdjson) {
            continue;
        }
        // A tenant of its own: what must be unique is the same in many examples.
        let tenant = walk.installation.tenant(true).await;
        let mut objects = walk.installation.objects(&tenant).await;
        walk.installation.receive_message(&mut objects).await;
        walk.prepare(route, &objects).await;
        let mut example = with_real_ids(&content(route)["example"], &objects);
        settle(&mut example, route, &objects);
        let answer = walk.ask(route, &objects).json(&example).send().await;
        walk.expect(route, "the example", &answer, "");
        let said = answer.json();
        let refused = said.get("rejected").is_some_and(|all| *all != json!([]))
            || said["items"][0]["status"]
                .as_u64()
                .is_some_and(|status| status >= 400);
        walk.require(route, "all of the example", !refused, &said.to_string());
    }
    walk.end();
}

#[tokio::test]
async fn what_a_schema_allows_is_read() {
    let walk = Walk::start().await;
    for (index, route) in with_json().enumerate() {
        let objects = walk.objects().await;
        let schema = &content(route)["schema"];
        let sizes = [Size::Least, Size::Fullest].into_iter();
        for size in sizes.chain([Size::Any; ROUNDS]) {
            let mut generator = Generator {
                schemas: schemas(),
                dice: Dice::new(walk.installation.unique() << 16 | index as u64),
                size,
            };
            let mut value = generator.value(schema);
            settle(&mut value, route, &objects);
            let fits = schemas().faults(schema, &value, "");
            walk.require(route, "made to fit", fits.is_empty(), &format!("{fits:?}"));
            let answer = walk.ask(route, &objects).json(&value).send().await;
            let seen = format!("{size:?} {} of {value:.2000}", answer.json());
            walk.require(route, "is read", was_read(&answer), &seen);
        }
    }
    walk.end();
}

#[tokio::test]
async fn what_a_schema_rules_out_is_refused_where_it_is_wrong() {
    let walk = Walk::start().await;
    let mut tried = 0;
    for (index, route) in with_json().enumerate() {
        let objects = walk.objects().await;
        let schema = &content(route)["schema"];
        let mut generator = Generator {
            schemas: schemas(),
            dice: Dice::new(index as u64),
            size: Size::Any,
        };
        let mut values = vec![with_real_ids(&content(route)["example"], &objects)];
        values.push(generator.value(schema));
        for mut value in values {
            settle(&mut value, route, &objects);
            for spoiled in spoil(schemas(), schema, &value) {
                let answer = walk.ask(route, &objects).json(&spoiled.value).send().await;
                let errors = answer.json()["errors"].clone();
                let named = errors.as_array().into_iter().flatten().any(|fault| {
                    let pointer = fault["pointer"].as_str().unwrap();
                    pointer.starts_with(&spoiled.pointer)
                });
                let refused = answer.code() == "validation_failed" && named;
                let seen = format!("{} {}: {}", spoiled.pointer, spoiled.how, answer.json());
                walk.require(route, "is refused", refused, &seen);
                let reads = !seen.contains("expected expected");
                walk.require(route, "is told in a sentence", reads, &seen);
                tried += 1;
            }
        }
    }
    walk.end();
    assert!(tried > 1_000, "{tried} spoiled bodies");
}

/// A field that the reader knows and the description does not would stay hidden otherwise.
#[tokio::test]
async fn a_reader_knows_the_fields_of_its_schema_and_no_others() {
    let walk = Walk::start().await;
    for route in with_json() {
        let objects = walk.objects().await;
        let schema = &content(route)["schema"];
        let example = with_real_ids(&content(route)["example"], &objects);
        for (pointer, described) in objects_in(schema, &example) {
            let mut body = example.clone();
            body.pointer_mut(&pointer).unwrap()["noSuchField"] = json!(1);
            let answer = walk.ask(route, &objects).json(&body).send().await;
            let errors = answer.json()["errors"].clone();
            let unknown = format!("{pointer}/noSuchField");
            let mut faults = errors.as_array().into_iter().flatten();
            let Some(fault) = faults.find(|fault| fault["pointer"] == unknown) else {
                walk.require(route, &unknown, false, &answer.json().to_string());
                continue;
            };
            let detail = fault["detail"].as_str().unwrap();
            let (_, names) = detail.split_once("there are ").unwrap();
            let mut names: Vec<&str> = names.split(", ").collect();
            names.sort_unstable();
            let so = names == described;
            walk.require(
                route,
                &unknown,
                so,
                &format!("{names:?} is not {described:?}"),
            );
        }
    }
    walk.end();
}

/// The objects in a value whose fields a reader knows, with the names their schema has for a client.
fn objects_in(schema: &'static Value, value: &Value) -> Vec<(String, Vec<&'static str>)> {
    let mut found = Vec::new();
    collect(schema, value, String::new(), &mut found);
    found
}

fn collect(
    schema: &'static Value,
    value: &Value,
    pointer: String,
    found: &mut Vec<(String, Vec<&'static str>)>,
) {
    let all = schemas();
    let schema = all.resolve(schema);
    let schema = match schema["oneOf"].as_array() {
        Some(kinds) => kinds.iter().find(|kind| all.admits(kind, value)).unwrap(),
        None => schema,
    };
    let schema = all.resolve(schema);
    let (Some(properties), Some(fields)) = (schema["properties"].as_object(), value.as_object())
    else {
        return;
    };
    if schema["additionalProperties"] == false {
        let is_set = |field: &Value| field.get("type").is_some() || field.get("oneOf").is_some();
        let names = properties.iter().filter(|(_, field)| is_set(field));
        found.push((
            pointer.clone(),
            names.map(|(name, _)| name.as_str()).collect(),
        ));
    }
    for (name, field) in fields {
        if let Some(known) = properties.get(name) {
            collect(known, field, format!("{pointer}/{name}"), found);
        }
    }
}
