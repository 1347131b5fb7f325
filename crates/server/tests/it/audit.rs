//! The audit log through the API. Which routes leave an event is made from the route table.

use std::collections::BTreeSet;

use moca_api::{
    route::{Endpoint, Route, Verb},
    routes::routes,
    secret,
};
use moca_core::{
    audit::{Action, Actor, Event, Subject},
    id::{AccountId, TokenId},
};
use moca_storage::control::{AuditQuery, ChangeRow};
use serde_json::{Value, json};

use crate::{
    people::{Phone, app, id},
    support::{
        Installation, NOON,
        objects::Objects,
        team::Team,
        walk::{Walk, is_managed, statuses},
    },
};

const ADDRESS: &str = "192.0.2.7";

/// What the log and the change feed have.
struct Books {
    events: Vec<Event>,
    lines: Vec<ChangeRow>,
}

impl Books {
    async fn of(installation: &Installation, account: AccountId) -> Self {
        let mut tx = installation.state.control.read().await.unwrap();
        let all = AuditQuery {
            oldest_first: true,
            limit: 1_000_000,
            ..AuditQuery::default()
        };
        Self {
            events: tx.audit_events(account, &all).await.unwrap().items,
            lines: tx.changes_since(0, 1_000_000).await.unwrap(),
        }
    }
}

async fn token_id(installation: &Installation, token: &str) -> TokenId {
    let mut tx = installation.state.control.read().await.unwrap();
    let token = tx.token_by_hash(&secret::hash(token)).await.unwrap();
    TokenId(token.unwrap().frame.id)
}

/// Every text below that nobody may learn from the log.
fn secrets(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                let is_secret = ["accessToken", "access_token", "appSecret", "firstToken"]
                    .contains(&name.as_str());
                if let (true, Some(text)) = (is_secret, inner.as_str()) {
                    found.insert(text.to_owned());
                }
                secrets(inner, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|inner| secrets(inner, found)),
        _ => {}
    }
}

/// Whether a call of the route has to be in the log.
fn is_recorded(route: &Route) -> bool {
    // An estimate is a count, as those of analytics are; the test of a webhook tells of nobody.
    let is_idle = ["/estimate", "/webhooks/{webhookId}/test"];
    let changes = route.verb != Verb::Get && !is_idle.iter().any(|end| route.path.ends_with(end));
    match route.endpoint {
        Endpoint::Manage(..) | Endpoint::Ask(..) => changes || route.personal,
        Endpoint::OAuthClient(_) => true,
        _ => false,
    }
}

fn action(route: &Route) -> Action {
    match route.verb {
        Verb::Delete => Action::Erase,
        Verb::Put => Action::Update,
        _ if route.path.ends_with("/export") => Action::Export,
        _ => Action::Read,
    }
}

#[tokio::test]
async fn every_change_and_every_access_to_people_is_in_the_log_and_nothing_else() {
    let walk = Walk::start().await;
    let account = walk.tenant.account_id;
    let mut all_secrets = BTreeSet::from([walk.tenant.token.clone()]);
    let mut people = BTreeSet::new();
    let with_audit = |route: &&Route| is_managed(route) || is_recorded(route);
    for route in routes().iter().filter(with_audit) {
        let objects = walk.objects().await;
        prepare(&walk, route, &objects).await;
        let before = Books::of(&walk.installation, account).await;
        let ask = walk.right(route, &objects).await.from(ADDRESS);
        let answer = ask.send().await;
        let so = statuses(route.success).contains(&answer.status);
        walk.require(route, "is done", so, &answer.json().to_string());
        let after = Books::of(&walk.installation, account).await;
        let events = &after.events[before.events.len()..];
        let lines = &after.lines[before.lines.len()..];

        let seen = format!("{events:?} {lines:?}");
        walk.require(
            route,
            "an event",
            events.is_empty() != is_recorded(route),
            &seen,
        );
        let token = match route.endpoint {
            Endpoint::OAuthClient(_) => TokenId(objects.ids["tokenId"].parse().unwrap()),
            _ => token_id_of_owner(&walk).await,
        };
        // The oldest replay goes by itself when there is one too many.
        let by_itself =
            |event: &&Event| event.subject == Subject::Replay && event.actor == Actor::System;
        for event in events.iter().filter(|event| !by_itself(event)) {
            let seen = format!("{event:?}");
            let actor = Actor::Member {
                account_id: account,
                member_id: walk.tenant.member_id,
                token_id: token,
            };
            walk.require(route, "who", event.actor == actor, &seen);
            let line = format!("{} {}", route.verb.as_str(), route.path);
            walk.require(route, "the route", event.route == Some(line), &seen);
            let request_id = answer.header("x-request-id");
            walk.require(
                route,
                "the request",
                event.request_id.as_deref() == request_id,
                &seen,
            );
            walk.require(
                route,
                "from where",
                event.address.as_deref() == Some(ADDRESS),
                &seen,
            );
            walk.require(route, "when", event.at == NOON, &seen);
            if route.personal {
                walk.require(route, "what", event.action == action(route), &seen);
                walk.require(route, "to whom", event.subject.is_personal(), &seen);
                let one = ["{instanceId}", "{userId}"]
                    .iter()
                    .any(|id| route.path.contains(id));
                walk.require(route, "to which", event.object_id.is_some() || !one, &seen);
            }
        }
        // What is changed in the store is in the log once, and what is not is not.
        let changed = events.iter().filter_map(|event| match event.subject {
            Subject::Object(kind) => Some((kind, event.object_id.clone()?)),
            _ => None,
        });
        let fed = lines.iter().map(|line| (line.kind, line.id.to_string()));
        walk.require(route, "as in the change feed", changed.eq(fed), &seen);
        all_secrets.extend([
            objects.app_secret.clone(),
            objects.instance_token.clone(),
            objects.access_token.clone(),
        ]);
        secrets(&answer.json(), &mut all_secrets);
        people.extend([
            objects.ids["instanceId"].clone(),
            objects.ids["userId"].clone(),
        ]);
    }
    let log = format!("{:?}", Books::of(&walk.installation, account).await.events);
    assert!(all_secrets.len() > 100 && people.len() > 100);
    for hidden in all_secrets.iter().chain(&people) {
        assert!(!log.contains(hidden.as_str()), "{hidden}");
    }
    let checked = walk.installation.state.control.check_audit(|_, _| {}).await;
    let checked = checked.unwrap();
    assert!(checked.is_sound(), "{checked:?}");
    walk.end();
}

async fn token_id_of_owner(walk: &Walk) -> TokenId {
    token_id(&walk.installation, &walk.tenant.token).await
}

async fn prepare(walk: &Walk, route: &Route, objects: &Objects) {
    walk.prepare(route, objects).await;
    if route.path == "/v2/zones/{zoneId}/beacons" && route.verb == Verb::Put {
        // Else it would change nothing.
        let path = objects.fill(route.path);
        let ask = walk
            .installation
            .ask("PUT", &path)
            .bearer(&objects.tenant.token);
        ask.json(&json!({"beaconIds": []})).send().await.done();
    }
}

/// The newest event.
async fn newest(team: &Team) -> Value {
    team.get("/v2/audit-events?limit=1").await.done()["items"][0].clone()
}

async fn total(team: &Team) -> Value {
    team.get("/v2/audit-events?limit=1").await.done()["total"].clone()
}

#[tokio::test]
async fn an_event_has_the_object_before_and_after() {
    let team = Team::start().await;
    let label = team.label("Museum").await;
    let path = format!("/v2/labels/{label}");
    let before = team.get(&path).await.done();
    let body = json!({"config": {"name": "Museums", "color": "#1e90ff"}});
    let after = team.put(&path, body).await.done();
    let event = newest(&team).await;
    assert_eq!(event["before"]["config"], before["config"]);
    assert_eq!(event["after"]["config"], after["config"]);
    assert_eq!(event["objectId"], label);
    let path = format!(
        "/v2/audit-events/{}",
        event["auditEventId"].as_str().unwrap()
    );
    assert_eq!(team.get(&path).await.done(), event);

    // What the server owns, where it matters.
    let app = team.app().await;
    let campaign = team.campaign(&app, NOON - 1, NOON + 1).await;
    let place = team.place(json!({"name": "P"})).await;
    let trigger = json!({"@type": "EnterPlaceTrigger", "placeId": place});
    team.experience(&campaign, trigger.clone()).await;
    let experience = newest(&team).await;
    assert_eq!(experience["after"]["trigger"], trigger);
    assert_eq!(experience["after"]["campaignId"], campaign);
    team.act(&format!("/v2/campaigns/{campaign}/start"))
        .await
        .done();
    let event = newest(&team).await;
    assert_eq!(event["before"]["config"], event["after"]["config"]);
    assert_eq!(event["before"]["lifecycle"]["phase"], "Draft", "{event}");
    assert_eq!(event["after"]["lifecycle"]["phase"], "Started", "{event}");
    let account = team.tenant.account_id;
    let body = json!({"config": {"quotas": {"place": 7}}});
    team.put(&format!("/v2/accounts/{account}/limits"), body)
        .await
        .done();
    let event = newest(&team).await;
    assert_eq!(event["after"]["limits"]["quotas"]["place"], 7, "{event}");
    assert!(event["before"]["limits"]["quotas"].is_null(), "{event}");
}

#[tokio::test]
async fn what_goes_with_a_deletion_is_told_of_the_same_request() {
    let team = Team::start().await;
    let label = team.label("VIP").await;
    let place = team.place(json!({"name": "P", "labelIds": [label]})).await;
    team.zone(&place, json!({"name": "Z"})).await;
    let before = total(&team).await.as_i64().unwrap();
    let answer = team
        .delete(&format!("/v2/labels/{label}?cascade=true"))
        .await;
    let request = answer.header("x-request-id").unwrap().to_owned();
    let events = team.get("/v2/audit-events?limit=2").await.done();
    let [deleted, changed] = events["items"].as_array().unwrap().as_slice() else {
        panic!("{events}");
    };
    assert_eq!(
        (&deleted["action"], &deleted["kind"]),
        (&json!("delete"), &json!("label"))
    );
    assert_eq!(changed["before"]["config"]["labelIds"], json!([label]));
    assert!(
        changed["after"]["config"]["labelIds"]
            .as_array()
            .is_none_or(Vec::is_empty)
    );
    for event in [deleted, changed] {
        assert_eq!(event["requestId"], request);
        assert_eq!(event["route"], "DELETE /v2/labels/{labelId}");
    }
    team.delete(&format!("/v2/places/{place}?cascade=true"))
        .await
        .done();
    assert_eq!(total(&team).await, before + 4);
}

#[tokio::test]
async fn what_was_refused_or_answered_before_is_no_event() {
    let team = Team::start().await;
    let label = team.label("Museum").await;
    let keyed = || {
        let ask = team.installation.ask("POST", "/v2/labels");
        let ask = ask
            .bearer(&team.tenant.token)
            .header("idempotency-key", "k");
        ask.json(&json!({"config": {"name": "Once"}})).send()
    };
    keyed().await.done();
    let before = total(&team).await;
    keyed().await.done();
    let taken = team
        .post("/v2/labels", json!({"config": {"name": "Museum"}}))
        .await;
    assert_eq!(taken.status, 409);
    let stale = team
        .installation
        .ask("DELETE", &format!("/v2/labels/{label}"));
    let stale = stale.bearer(&team.tenant.token).header("if-match", "\"9\"");
    assert_eq!(stale.send().await.code(), "stale_version");
    let items = json!({"items": [{"config": {"name": "P"}}, {"config": {}}]});
    let batch = team.post("/v2/places/batch?atomic=true", items).await;
    assert_eq!(batch.status, 400);
    let nobody = format!("/v2/instances/{label}");
    assert_eq!(team.get(&nobody).await.code(), "not_found");
    assert_eq!(team.delete(&nobody).await.code(), "not_found");
    team.get("/v2/labels").await.done();
    assert_eq!(total(&team).await, before);
}

#[tokio::test]
async fn people_are_found_in_the_log_by_their_ids_after_they_are_erased() {
    let team = Team::start().await;
    let app = app(&team).await;
    let phone = Phone::register(&team, &app, json!({})).await;
    phone.log_in("ana", json!({})).await;
    let app_id = id(&app);
    team.get(&format!("/v2/instances/{}", phone.instance_id))
        .await
        .done();
    team.get(&format!(
        "/v2/instances?appId={app_id}&userId=ana&q=a&limit=7"
    ))
    .await
    .done();
    team.get(&format!("/v2/users/ana?appId={app_id}"))
        .await
        .done();
    let decisions = format!(
        "/v2/decisions?appId={app_id}&instanceId={}&from=5",
        phone.instance_id
    );
    team.get(&decisions).await.done();
    team.get(&format!("/v2/users?appId={app_id}&q=ana"))
        .await
        .done();
    team.delete(&format!("/v2/users/ana?appId={app_id}"))
        .await
        .done();
    let told = async |object_id: &str| -> Vec<(String, String, Value)> {
        let path = format!("/v2/audit-events?sort=at&objectId={object_id}");
        let list = team.get(&path).await.done();
        let text = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
        let items = list["items"].as_array().unwrap().iter();
        items
            .map(|event| {
                assert!(event["objectId"].is_null(), "{event}");
                assert!(event["personHash"].is_string(), "{event}");
                (
                    text(event, "kind"),
                    text(event, "action"),
                    event["parameters"].clone(),
                )
            })
            .collect()
    };
    let event = |kind: &str, action: &str, parameters: Value| {
        (kind.to_owned(), action.to_owned(), parameters)
    };
    let of_app = json!({"appId": app_id});
    assert_eq!(
        told(&phone.instance_id).await,
        [
            event("instance", "read", Value::Null),
            event("decision", "read", json!({"appId": app_id, "from": 5})),
        ]
    );
    assert_eq!(
        told("ana").await,
        [
            event("instance", "read", json!({"appId": app_id, "limit": 7})),
            event("user", "read", of_app.clone()),
            event("user", "erase", of_app),
        ]
    );
    let all = team.get("/v2/audit-events?limit=1000").await;
    let all = String::from_utf8(all.body.to_vec()).unwrap();
    assert!(!all.contains("\"ana\"") && !all.contains(&phone.instance_id));
}

#[tokio::test]
async fn a_device_that_erases_itself_leaves_an_event_that_does_not_tell_where_it_was() {
    let team = Team::start().await;
    let app = app(&team).await;
    let phone = Phone::register(&team, &app, json!({})).await;
    let ask = team.installation.ask("DELETE", "/device/v1/instance");
    ask.bearer(&phone.token).from(ADDRESS).send().await.done();
    let event = newest(&team).await;
    assert_eq!(event["actor"], json!({"type": "device"}));
    assert_eq!(
        (&event["kind"], &event["action"]),
        (&json!("instance"), &json!("erase"))
    );
    assert!(event["address"].is_null(), "{event}");
    assert_eq!(event["route"], "DELETE /device/v1/instance");
}

#[tokio::test]
async fn an_account_learns_that_an_operator_made_it_and_not_who() {
    let team = Team::start().await;
    let ask = team.installation.ask("POST", "/v2/accounts");
    let ask = ask.bearer(&team.tenant.token).from(ADDRESS);
    let made = ask
        .json(&json!({"config": {"name": "Tenant"}}))
        .send()
        .await
        .done();
    let token = made["firstToken"].as_str().unwrap();
    let theirs = team.get_as(token, "/v2/audit-events").await.done();
    assert_eq!(theirs["total"], 3);
    for event in theirs["items"].as_array().unwrap() {
        assert_eq!(event["actor"], json!({"type": "operator"}));
        assert!(event["address"].is_null(), "{event}");
    }
    let ours = team.get("/v2/audit-events?limit=3").await.done();
    for event in ours["items"].as_array().unwrap() {
        assert_eq!(
            event["actor"]["memberId"],
            team.tenant.member_id.to_string()
        );
        assert_eq!(event["address"], ADDRESS);
    }
}

#[tokio::test]
async fn what_a_file_brings_is_the_doing_of_whoever_sent_it() {
    let team = Team::start().await;
    let ask = team.installation.ask("POST", "/v2/imports?kind=places");
    let ask = ask.bearer(&team.tenant.token).from(ADDRESS);
    let sent = ask
        .header("content-type", "text/csv")
        .body("name\nA\nB\n")
        .send()
        .await;
    let request = sent.header("x-request-id").unwrap().to_owned();
    let import = sent.done()["importId"].clone();
    team.installation.clock.advance(5_000);
    team.installation.import_all().await;
    let events = team.get("/v2/audit-events?limit=4").await.done();
    let events = events["items"].as_array().unwrap();
    let told: Vec<_> = events
        .iter()
        .map(|event| (&event["action"], &event["kind"]))
        .collect();
    let (create, update) = (json!("create"), json!("update"));
    let (place, of_import) = (json!("place"), json!("import"));
    assert_eq!(
        told,
        [
            (&update, &of_import),
            (&create, &place),
            (&create, &place),
            (&create, &of_import)
        ]
    );
    for event in events {
        assert_eq!(
            event["actor"]["memberId"],
            team.tenant.member_id.to_string()
        );
        assert_eq!(
            (&event["requestId"], &event["address"]),
            (&json!(request), &json!(ADDRESS))
        );
        assert_eq!(event["route"], "POST /v2/imports");
    }
    let (ended, begun) = (&events[0], &events[3]);
    assert_eq!((&ended["objectId"], &begun["objectId"]), (&import, &import));
    assert_eq!(ended["after"]["status"], "Completed", "{ended}");
    assert_eq!(ended["after"]["progress"]["created"], 2, "{ended}");
    assert_eq!(
        (&begun["at"], &ended["at"]),
        (&json!(NOON), &json!(NOON + 5_000))
    );
}

#[tokio::test]
async fn a_range_that_ends_before_it_begins_is_refused() {
    let team = Team::start().await;
    let answer = team.get("/v2/audit-events?from=5&to=5").await;
    assert_eq!(answer.code(), "invalid_parameter");
    let list = team
        .get(&format!("/v2/audit-events?from={NOON}&to={}", NOON + 1))
        .await
        .done();
    assert_eq!(list["total"], 3);
    assert_eq!(
        team.get(&format!("/v2/audit-events?to={NOON}"))
            .await
            .done()["total"],
        0
    );
}
