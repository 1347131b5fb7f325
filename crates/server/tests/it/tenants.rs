//! Tenants see nothing of each other.

use moca_api::{
    route::{BodyKind, JSON, Verb},
    routes::routes,
};
use serde_json::Value;

use crate::support::{
    objects::Objects,
    request::Answer,
    walk::{Walk, is_managed},
};

#[tokio::test]
async fn what_belongs_to_another_tenant_does_not_exist() {
    let walk = Walk::start().await;
    let mine = walk.objects().await;
    let other_tenant = walk.installation.tenant(false).await;
    let theirs = walk.installation.objects(&other_tenant).await;
    for route in routes().iter().filter(|route| is_managed(route)) {
        let has_id = mine
            .ids
            .keys()
            .any(|name| *name != "externalId" && route.path.contains(&format!("{{{name}}}")));
        let body = walk.body(route, &mine).await;
        let ask = walk.stranger(route, &mine).bearer(&other_tenant.token);
        let ask = match &body {
            Some(body) => ask.json(body),
            None => ask,
        };
        let required_id = route.query.iter().any(|p| p.required && p.name == "appId");
        if has_id || required_id {
            walk.expect(
                route,
                "my id with their token",
                &ask.send().await,
                "not_found",
            );
            continue;
        }
        let answer = ask.send().await;
        if route.path == "/v2/accounts" && route.verb == Verb::Post {
            walk.expect(route, "not an operator", &answer, "role_too_low");
        } else if let Some(body) = body.filter(|body| refers_to(body, &mine)) {
            let refused = answer.status == 400 || answer.status == 404 || has_no_success(&answer);
            walk.require(
                route,
                "my ids in their body",
                refused,
                &format!("{body} {}", answer.json()),
            );
        }
        if route.verb == Verb::Get {
            let shown = String::from_utf8_lossy(&answer.body).into_owned();
            for id in mine.ids.values().filter(|id| id.len() == 22) {
                walk.require(route, "their list", !shown.contains(id), &shown);
            }
        }
    }
    // And nothing of mine has changed on the way.
    for route in routes().iter().filter(|route| is_managed(route)) {
        if route.verb == Verb::Get && route.body == BodyKind::None {
            let answer = walk.ask(route, &mine).send().await;
            walk.expect(route, "mine is still there", &answer, "");
        }
    }
    drop(theirs);
    walk.end();
}

/// Whether a batch was answered in which nothing was done.
fn has_no_success(answer: &Answer) -> bool {
    let answer = answer.json();
    let items = answer["items"].as_array();
    items.is_some_and(|items| items.iter().all(|item| item["status"] == 400))
}

fn refers_to(body: &Value, objects: &Objects) -> bool {
    let text = body.to_string();
    let account = objects.tenant.account_id.to_string();
    let mut ids = objects.ids.values().filter(|id| id.len() == 22);
    let member = objects.tenant.member_id.to_string();
    ids.any(|id| *id != account && text.contains(id.as_str())) || text.contains(&member)
}

#[tokio::test]
async fn a_filter_by_anothers_id_finds_nothing() {
    let walk = Walk::start().await;
    let mine = walk.objects().await;
    let other = walk.installation.tenant(false).await;
    for route in routes().iter().filter(|route| is_managed(route)) {
        for parameter in route
            .query
            .iter()
            .filter(|parameter| parameter.filter.is_some())
        {
            let Some(id) = mine.ids.get(parameter.name) else {
                continue;
            };
            let ask = |query: String| {
                let asked = format!("{}?{query}", route.path);
                walk.installation.ask("GET", &asked).bearer(&other.token)
            };
            let answer = ask(format!("{}={id}", parameter.name)).send().await;
            // A file has no total: it is as one in which nothing can be.
            let so = match route.answers {
                JSON => answer.json()["total"] == 0,
                _ => answer.body == ask("q=no%20such%20name".into()).send().await.body,
            };
            let answer = String::from_utf8_lossy(&answer.body).into_owned();
            walk.require(route, parameter.name, so, &answer);
        }
    }
    walk.end();
}
