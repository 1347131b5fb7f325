//! Bodies that mention other objects: what does not exist is told together with all other faults.

use std::collections::BTreeSet;

use moca_api::{
    route::{BodyKind, Route, Verb},
    routes::routes,
};
use moca_core::resource::Kind;
use moca_storage::control::referring_kinds;
use serde_json::{Value, json};

use crate::support::{
    team::faults,
    walk::{Walk, is_managed, target},
};

const NO_SUCH_ID: &str = "IXa7Bl9oRo6c7zQ5aQIzlg";
/// Ids that the server gives and a body may send back.
const SERVER_OWNED: [&str; 2] = ["accountId", "parentId"];

fn with_body() -> impl Iterator<Item = &'static Route> {
    let json = |route: &&Route| is_managed(route) && route.body == BodyKind::Json;
    routes().iter().filter(json)
}

#[tokio::test]
async fn what_does_not_exist_is_told_with_all_other_faults() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    for route in with_body() {
        let mut body = walk.body(route, &objects).await.unwrap();
        let pointers = mentions(&body, route);
        for pointer in &pointers {
            *body.pointer_mut(pointer).unwrap() = json!(NO_SUCH_ID);
        }
        let nonsense = add_nonsense(&mut body);
        let mut target = target(route, &objects);
        if route.path.ends_with("/batch") {
            target.push_str("?atomic=true");
        }
        let ask = walk.ask_at(route, &objects, &target);
        let answer = ask.json(&body).send().await;
        walk.expect(route, "wrong in two ways", &answer, "validation_failed");
        let found: BTreeSet<_> = faults(&answer).into_iter().collect();
        let mut expected = BTreeSet::from([(nonsense, "unknown_field".to_owned())]);
        for pointer in pointers {
            // A PUT to an external id creates the object here.
            let replaces = route.path.ends_with("Id}") && !route.path.ends_with("/{externalId}");
            let is_parent = pointer.matches('/').count() == 1;
            let code = match replaces && is_parent {
                true => "immutable",
                false => "not_found",
            };
            expected.insert((pointer, code.to_owned()));
        }
        // No segment is one of an app that does not exist.
        if let Some(query) = body["config"]["query"]
            .as_str()
            .filter(|_| route.path.starts_with("/v2/segments"))
            && expected.contains(&("/appId".to_owned(), "not_found".to_owned()))
        {
            assert!(query.contains("$segment"));
            expected.insert(("/config/query/$any/1/$segment".into(), "not_found".into()));
        }
        let seen = format!("{found:?}, not {expected:?}");
        walk.require(route, "all faults", found == expected, &seen);
    }
    walk.end();
}

#[tokio::test]
async fn the_samples_mention_every_kind_that_can_be_referred_to() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    for kind in &Kind::ALL[1..] {
        for referrer in referring_kinds(*kind) {
            let collection = format!("/v2/{}s", referrer.noun().replace(' ', "-"));
            let route = with_body()
                .find(|route| route.path == collection && route.verb == Verb::Post)
                .unwrap_or_else(|| panic!("no {collection}"));
            // An experience has one trigger of several.
            if referrer == Kind::Experience && *kind != Kind::Campaign {
                continue;
            }
            let body = walk.body(route, &objects).await.unwrap().to_string();
            let id_name = match (referrer, kind) {
                (Kind::Notification, Kind::Campaign) => "pushCampaignId".to_owned(),
                _ => format!("{}Id", kind.word()),
            };
            let mentioned = match objects.ids.get(id_name.as_str()) {
                Some(_) if *kind == Kind::Member => objects.tenant.member_id.to_string(),
                Some(id) => id.clone(),
                None => panic!("say in objects.rs how to make a {}", kind.noun()),
            };
            let so = body.contains(&mentioned);
            walk.require(route, "mentions", so, &format!("no {id_name} in {body}"));
        }
    }
    walk.end();
}

/// Pointers to the ids of other objects in a body.
fn mentions(body: &Value, route: &Route) -> Vec<String> {
    let own = route.path.rsplit('/').next().unwrap_or_default();
    let own = own.trim_matches(['{', '}']);
    let mut found = Vec::new();
    collect(body, "", own, &mut found);
    found
}

fn collect(value: &Value, pointer: &str, own: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let at = format!("{pointer}/{key}");
                let skipped = (pointer.is_empty() && key == own)
                    || SERVER_OWNED.contains(&key.as_str())
                    || matches!(key.as_str(), "shortId" | "externalId");
                match value {
                    _ if skipped => {}
                    Value::String(_) if key.ends_with("Id") => found.push(at),
                    Value::Array(ids) if key.ends_with("Ids") => {
                        found.extend((0..ids.len()).map(|index| format!("{at}/{index}")));
                    }
                    value => collect(value, &at, own, found),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, &format!("{pointer}/{index}"), own, found);
            }
        }
        _ => {}
    }
}

/// Adds a field nobody knows beside the others of a `config`, or at the top; answers its pointer.
fn add_nonsense(body: &mut Value) -> String {
    let place = ["/config", "/items/0/config", ""]
        .into_iter()
        .find(|pointer| body.pointer(pointer).is_some_and(Value::is_object))
        .unwrap();
    body.pointer_mut(place).unwrap()["noSuchField"] = json!(1);
    format!("{place}/noSuchField")
}
