//! Scopes: a token does what its role may, as far as its scopes let it, and hands out no more.

use std::collections::{BTreeSet, HashMap};

use moca_api::{
    route::{Endpoint, Route, Verb},
    routes::routes,
};
use moca_core::{account::Role, scope::Scope};
use serde_json::{Value, json};

use crate::support::{
    request::Answer,
    team::{Team, ibeacon},
    walk::Walk,
};

/// Routes that concern another family than the one in their path, or do something else than their
/// verb says.
const PARTICULAR: &[(&str, &[&str])] = &[
    (
        "GET /v2/zones/{zoneId}/beacons",
        &["zones:read", "beacons:read"],
    ),
    (
        "PUT /v2/zones/{zoneId}/beacons",
        &["zones:write", "beacons:write"],
    ),
    (
        "POST /v2/segments/estimate",
        &["segments:read", "instances:read"],
    ),
    (
        "GET /v2/segments/{segmentId}/instances",
        &["segments:read", "instances:read"],
    ),
    (
        "PUT /v2/segments/{segmentId}/members",
        &["segments:write", "instances:write"],
    ),
    ("POST /device/v1/events/batch", &["instances:write"]),
    ("POST /v2/imports", &["imports:write", "labels:write"]),
    (
        "POST /v2/campaigns/{campaignId}/replay",
        &["campaigns:write", "replays:write"],
    ),
    (
        "GET /v2/replays/{replayId}/decisions",
        &["replays:read", "decisions:read"],
    ),
    (
        "GET /v2/instances/{instanceId}/explain",
        &["instances:read", "decisions:read"],
    ),
    (
        "GET /v2/instances/{instanceId}/export",
        &["instances:read", "decisions:read"],
    ),
    (
        "GET /v2/users/{userId}/export",
        &["users:read", "instances:read", "decisions:read"],
    ),
    (
        "DELETE /v2/users/{userId}",
        &["users:write", "instances:write"],
    ),
];

/// The scopes that a route needs.
fn needed(route: &Route) -> Vec<String> {
    let call = format!("{} {}", route.verb.as_str(), route.path);
    if let Some((_, scopes)) = PARTICULAR.iter().find(|(known, _)| *known == call) {
        return scopes.iter().map(|&scope| scope.to_owned()).collect();
    }
    let mut segments = route.path.split(['/', '.']).skip(2);
    let mut family = segments.next().unwrap();
    if family == "exports" {
        family = segments.next().unwrap();
    }
    let access = if route.verb == Verb::Get {
        "read"
    } else {
        "write"
    };
    vec![format!("{family}:{access}")]
}

/// As many scopes as there can be without this one.
fn all_but(scope: &str) -> Vec<String> {
    let (family, access) = scope.split_once(':').unwrap();
    let others = Scope::WORDS.iter().copied().filter(|word| {
        let (other, _) = word.split_once(':').unwrap();
        other != "*" && other != family
    });
    let mut scopes: Vec<String> = others.map(str::to_owned).collect();
    if access == "write" {
        scopes.push(format!("{family}:read"));
    }
    scopes
}

/// Tokens of the owner by role and scopes, each made once.
struct Tokens<'w> {
    walk: &'w Walk,
    made: HashMap<(Role, Vec<String>), String>,
}

impl Tokens<'_> {
    async fn with(&mut self, role: Role, scopes: &[String]) -> String {
        let key = (role, scopes.to_vec());
        if let Some(token) = self.made.get(&key) {
            return token.clone();
        }
        let body = json!({"config": {"name": "scoped", "role": role.as_str(), "scopes": scopes}});
        let ask = self.walk.installation.ask("POST", "/v2/tokens");
        let ask = ask.bearer(&self.walk.tenant.token).json(&body);
        let made = ask.send().await.done();
        let token = made["accessToken"].as_str().unwrap().to_owned();
        self.made.insert(key, token.clone());
        token
    }
}

#[tokio::test]
async fn every_route_needs_its_role_and_its_scopes() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    let mut tokens = Tokens {
        walk: &walk,
        made: HashMap::new(),
    };
    for route in routes() {
        let (Endpoint::Manage(least, _) | Endpoint::Ask(least, _) | Endpoint::Gateway(least, _)) =
            route.endpoint
        else {
            continue;
        };
        let needed = needed(route);
        let reads = needed.iter().all(|scope| scope.ends_with(":read"));
        let mut tried = vec![
            (needed.clone(), None),
            (vec!["*:write".to_owned()], None),
            (
                vec!["*:read".to_owned()],
                (!reads).then(|| needed[0].clone()),
            ),
        ];
        for scope in &needed {
            tried.push((all_but(scope), Some(scope.clone())));
        }
        for role in Role::ALL {
            for (scopes, missing) in &tried {
                let token = tokens.with(role, scopes).await;
                let ask = walk.stranger(route, &objects).bearer(&token);
                // Not acceptable: what comes after is not done.
                let answer = ask.header("accept", "text/html").send().await;
                let code = match missing {
                    _ if role < least => "role_too_low",
                    Some(_) => "insufficient_scope",
                    None => "not_acceptable",
                };
                walk.expect(route, &format!("{role:?} {scopes:?}"), &answer, code);
                if let (Some(scope), "insufficient_scope") = (missing, code) {
                    let problem = answer.json();
                    let detail = problem["detail"].as_str().unwrap_or_default();
                    let told = format!("needs the scope {scope};");
                    walk.require(route, &told, detail.contains(&told), detail);
                }
            }
        }
    }
    walk.end();
}

/// A name that is misspelt in the list above would hide a route.
#[test]
fn particular_routes_are_in_the_table() {
    let calls: BTreeSet<String> = routes()
        .iter()
        .map(|route| format!("{} {}", route.verb.as_str(), route.path))
        .collect();
    for (call, _) in PARTICULAR {
        assert!(calls.contains(*call), "{call}");
    }
}

impl Team {
    /// A token of the owner with these scopes, whole.
    async fn scoped_token(&self, scopes: &[&str]) -> Value {
        let body = json!({"config": {"name": "scoped", "scopes": scopes}});
        self.post("/v2/tokens", body).await.done()
    }

    /// Its secret.
    async fn scoped(&self, scopes: &[&str]) -> String {
        secret(&self.scoped_token(scopes).await)
    }

    async fn exchange(&self, token: &Value, scope: &str) -> Answer {
        let ask = self.installation.ask("POST", "/oauth/token");
        let id = token["tokenId"].as_str().unwrap();
        ask.basic(id, &secret(token))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("grant_type=client_credentials&scope={scope}"))
            .send()
            .await
    }
}

fn secret(token: &Value) -> String {
    token["accessToken"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_secret_of_an_app_is_for_those_who_may_change_apps() {
    let team = Team::start().await;
    let app = team.app().await;
    for (scopes, shown) in [
        (vec!["apps:read"], false),
        (vec!["*:read", "places:write"], false),
        (vec!["apps:write"], true),
        (vec!["*:write"], true),
    ] {
        let token = team.scoped(&scopes).await;
        for path in ["/v2/apps".to_owned(), format!("/v2/apps/{app}")] {
            let seen = team.get_as(&token, &path).await.done().to_string();
            assert_eq!(seen.contains("appSecret"), shown, "{scopes:?} {path}");
        }
    }
}

#[tokio::test]
async fn a_token_hands_out_no_more_than_its_scopes() {
    let team = Team::start().await;
    let own = team.scoped(&["tokens:write", "places:write"]).await;
    let make = async |scopes: Value| {
        let mut body = json!({"config": {"name": "made", "scopes": scopes}});
        if body["config"]["scopes"].is_null() {
            body["config"].as_object_mut().unwrap().remove("scopes");
        }
        team.send_as(&own, "POST", "/v2/tokens", &body).await
    };
    for scopes in [
        json!(null),
        json!(["*:read"]),
        json!(["places:read", "zones:read"]),
        json!(["tokens:write", "*:write"]),
    ] {
        let refused = make(scopes.clone()).await;
        assert_eq!(refused.code(), "insufficient_scope", "{scopes}");
    }
    let made = make(json!(["places:read", "tokens:read"])).await.done();
    assert_eq!(
        made["config"]["scopes"],
        json!(["places:read", "tokens:read"])
    );

    // Nor does it widen one that is there, or touch one that is wider; ending one is no gift.
    let path = |token: &Value| format!("/v2/tokens/{}", token["tokenId"].as_str().unwrap());
    let wide = json!({"config": {"name": "made"}});
    let refused = team.send_as(&own, "PUT", &path(&made), &wide).await;
    assert_eq!(refused.code(), "insufficient_scope");
    let other = team.scoped_token(&["labels:write"]).await;
    let narrow = json!({"config": {"name": "mine", "scopes": ["places:read"]}});
    let refused = team.send_as(&own, "PUT", &path(&other), &narrow).await;
    assert_eq!(refused.code(), "insufficient_scope");
    team.send_as(&own, "PUT", &path(&made), &narrow)
        .await
        .done();
    team.delete_as(&own, &path(&other)).await.done();
}

#[tokio::test]
async fn a_kept_answer_is_not_given_to_fewer_scopes() {
    let team = Team::start().await;
    let body = json!({"config": {"name": "CI"}});
    let narrow = team.scoped(&["tokens:write"]).await;
    let wide = team.scoped(&["*:write"]).await;
    let post = async |token: &str, key: &str, body: &Value| {
        let ask = team.installation.ask("POST", "/v2/tokens").bearer(token);
        let ask = ask.header("idempotency-key", key);
        ask.json(body).send().await
    };
    let first = post(&team.tenant.token, "one", &body).await.done();
    let again = post(&team.tenant.token, "one", &body).await.done();
    assert_eq!(first, again);
    // All scopes are no fewer than none.
    assert_eq!(post(&wide, "one", &body).await.done(), first);
    let refused = post(&narrow, "one", &body).await;
    assert_eq!(refused.code(), "idempotency_key_reused");

    let body = json!({"config": {"name": "CI", "scopes": ["tokens:read"]}});
    let first = post(&narrow, "two", &body).await.done();
    assert_eq!(post(&team.tenant.token, "two", &body).await.done(), first);
}

#[tokio::test]
async fn a_deletion_goes_no_further_than_the_scopes() {
    let team = Team::start().await;
    let place = team.place(json!({"name": "Plaza"})).await;
    let zone = team.zone(&place, json!({"name": "Gate"})).await;
    let body = json!({"config": ibeacon(7)});
    let beacon = team.create("/v2/beacons", "beaconId", body).await;
    let beacons = json!({"beaconIds": [beacon]});
    team.put(&format!("/v2/zones/{zone}/beacons"), beacons)
        .await
        .done();
    let app = team.app().await;
    let campaign = team.campaign(&app, 0, i64::MAX).await;
    let trigger = json!({"@type": "EnterPlaceTrigger", "placeId": place});
    let experience = team.experience(&campaign, trigger).await;
    let path = format!("/v2/places/{place}");

    let token = team.scoped(&["places:write", "zones:read"]).await;
    let refused = team.delete_as(&token, &path).await.json();
    assert_eq!(refused["code"], "in_use");
    assert_eq!(refused["usersTotal"], 2);
    let named: Vec<&Value> = refused["errors"].as_array().unwrap().iter().collect();
    assert_eq!(named.len(), 1, "{refused}");
    assert_eq!(named[0]["object"]["id"], zone);
    assert!(!refused.to_string().contains(&experience));

    let cascade = format!("{path}?cascade=true");
    let mut scopes = vec!["places:write"];
    for next in ["zones:write", "experiences:write", "beacons:write"] {
        let token = team.scoped(&scopes).await;
        let refused = team.delete_as(&token, &cascade).await;
        assert_eq!(refused.code(), "insufficient_scope", "{scopes:?}");
        let problem = refused.json();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("the scope {next};")), "{detail}");
        team.get(&path).await.done();
        scopes.push(next);
    }
    let token = team.scoped(&scopes).await;
    team.delete_as(&token, &cascade).await.done();
    let left = team.get(&format!("/v2/beacons/{beacon}")).await.done();
    assert!(left["config"].get("zoneId").is_none(), "{left}");
}

#[tokio::test]
async fn an_import_needs_the_scope_of_what_is_in_it() {
    let team = Team::start().await;
    let token = team
        .scoped(&["imports:write", "labels:write", "places:write"])
        .await;
    let send = async |kind: &str, file: &'static str| {
        let ask = team
            .installation
            .ask("POST", &format!("/v2/imports?kind={kind}"));
        let ask = ask.bearer(&token).header("content-type", "text/csv");
        ask.body(file).send().await
    };
    send("places", "name,labels\nPlaza,Old\n").await.done();
    let refused = send("beacons", "type\nIBeacon\n").await;
    assert_eq!(refused.code(), "insufficient_scope");
    let all = team.get("/v2/imports").await.done();
    assert_eq!(all["total"], 1);
}

#[tokio::test]
async fn an_exchange_narrows_and_tells_what_was_granted() {
    let team = Team::start().await;
    let client = team.scoped_token(&["places:write", "labels:read"]).await;
    for (asked, granted) in [
        ("", "owner labels:read places:write"),
        ("viewer", "viewer labels:read places:write"),
        ("viewer+editor", "editor labels:read places:write"),
        ("places:read", "owner places:read"),
        (
            "labels:read+editor+places:read",
            "editor labels:read places:read",
        ),
    ] {
        let answer = team.exchange(&client, asked).await.done();
        assert_eq!(answer["scope"], granted, "{asked}");
    }
    for asked in [
        "labels:write",
        "*:read",
        "zones:read",
        "places:read+king",
        "places",
        "places:read++viewer",
        "+places:read",
        "places:read,labels:read",
    ] {
        let answer = team.exchange(&client, asked).await;
        assert_eq!(answer.status, 400, "{asked}");
        assert_eq!(answer.json()["error"], "invalid_scope", "{asked}");
    }
    let answer = team.exchange(&client, "places:read").await.done();
    let token = answer["access_token"].as_str().unwrap();
    team.get_as(token, "/v2/places").await.done();
    for path in ["/v2/labels", "/v2/zones"] {
        let refused = team.get_as(token, path).await;
        assert_eq!(refused.code(), "insufficient_scope", "{path}");
    }
    let place = json!({"config": {"name": "Plaza"}});
    let refused = team.send_as(token, "POST", "/v2/places", &place).await;
    assert_eq!(refused.code(), "insufficient_scope");

    // Narrowing the first one narrows what was exchanged for it, down to nothing.
    let path = format!("/v2/tokens/{}", client["tokenId"].as_str().unwrap());
    let config = json!({"config": {"name": "scoped", "scopes": ["labels:read"]}});
    team.put(&path, config).await.done();
    let refused = team.get_as(token, "/v2/places").await;
    assert_eq!(refused.code(), "insufficient_scope");
    let tokens = team
        .get("/v2/tokens?limit=1000&sort=-createdAt")
        .await
        .done();
    let items = tokens["items"].as_array().unwrap();
    let exchanged = items
        .iter()
        .find(|item| item["config"]["scopes"] == json!(["places:read"]))
        .unwrap();
    let exchanged = json!({"tokenId": exchanged["tokenId"], "accessToken": token});
    let refused = team.exchange(&exchanged, "").await;
    assert_eq!(refused.json()["error"], "invalid_scope");
}
