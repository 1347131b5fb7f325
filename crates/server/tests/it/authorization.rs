//! For every route: no token, a wrong one, a revoked one, too low a role, another tenant's ids.

use moca_api::{
    route::{Endpoint, Route},
    routes::routes,
};
use moca_core::account::Role;
use serde_json::{Value, json};

use crate::support::{Installation, walk::Walk};

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

impl Walk {
    /// A token of the owner that may do what `role` may.
    async fn token(&self, role: Role) -> Value {
        let body = json!({"memberId": self.tenant.member_id.to_string(), "config": {
            "name": "of a role",
            "role": role.as_str(),
        }});
        let ask = self.installation.ask("POST", "/v2/tokens");
        let ask = ask.bearer(&self.tenant.token).json(&body);
        ask.send().await.done()
    }
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap()
}

#[tokio::test]
async fn nobody_gets_in_without_valid_credentials() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    let revoked = walk.token(Role::Owner).await;
    let path = format!("/v2/tokens/{}", text(&revoked, "tokenId"));
    let ask = walk.installation.ask("DELETE", &path);
    ask.bearer(&walk.tenant.token).send().await.done();
    for route in routes() {
        if matches!(
            route.endpoint,
            Endpoint::OAuthClient(_) | Endpoint::Public(_)
        ) {
            continue; // The body holds the credentials of a client: see oauth.rs.
        }
        let asks = [
            ("no credentials", walk.stranger(route, &objects)),
            (
                "no token",
                walk.stranger(route, &objects)
                    .header("authorization", "Bearer"),
            ),
            ("no UUID", walk.stranger(route, &objects).bearer("secret")),
            (
                "an unknown token",
                walk.stranger(route, &objects).bearer(UNKNOWN),
            ),
            (
                "a revoked token",
                walk.stranger(route, &objects)
                    .bearer(text(&revoked, "accessToken")),
            ),
            (
                "a wrong password",
                walk.stranger(route, &objects)
                    .basic(&objects.ids["appId"], "x"),
            ),
            (
                "an unknown app",
                walk.stranger(route, &objects)
                    .basic("x", &objects.app_secret),
            ),
            (
                "bytes",
                walk.stranger(route, &objects)
                    .header("authorization", b"Bearer \xff"),
            ),
            (
                "two",
                walk.stranger(route, &objects)
                    .bearer(UNKNOWN)
                    .bearer(&walk.tenant.token),
            ),
        ];
        let mut answers = Vec::new();
        for (rule, ask) in asks {
            answers.push((rule, ask.send().await));
        }
        for (rule, answer) in answers {
            walk.expect(route, rule, &answer, "not_authenticated");
        }
    }
    walk.end();
}

#[tokio::test]
async fn each_kind_of_credential_opens_its_own_routes_only() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    for route in routes() {
        let (app_id, secret) = (&objects.ids["appId"], &objects.app_secret);
        let member = (
            "a member's token",
            walk.stranger(route, &objects).bearer(&objects.tenant.token),
        );
        let device = (
            "an instance token",
            walk.stranger(route, &objects)
                .bearer(&objects.instance_token),
        );
        let app = (
            "an app's secret",
            walk.stranger(route, &objects).basic(app_id, secret),
        );
        let wrong = match route.endpoint {
            Endpoint::Manage(..) | Endpoint::Ask(..) => vec![device, app],
            Endpoint::Device(_) => vec![member, app],
            Endpoint::App(_) => vec![member, device],
            Endpoint::Gateway(..) => vec![device],
            Endpoint::OAuthClient(_) | Endpoint::Public(_) | Endpoint::Operations(_) => continue,
        };
        let mut answers = Vec::new();
        for (rule, ask) in wrong {
            answers.push((rule, ask.send().await));
        }
        for (rule, answer) in answers {
            walk.expect(route, rule, &answer, "not_authenticated");
        }
    }
    walk.end();
}

#[tokio::test]
async fn what_is_public_is_the_same_for_everybody() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    let public = |route: &&Route| matches!(route.endpoint, Endpoint::Public(_));
    for route in routes().iter().filter(public) {
        let plain = walk.stranger(route, &objects).send().await;
        walk.expect(route, "no credentials", &plain, "");
        let asks = [
            walk.stranger(route, &objects).bearer(UNKNOWN),
            walk.stranger(route, &objects).bearer(&objects.tenant.token),
            walk.stranger(route, &objects)
                .bearer(&objects.instance_token),
        ];
        for ask in asks {
            let answer = ask.send().await;
            let same = answer.body == plain.body && answer.header("etag") == plain.header("etag");
            walk.require(route, "the same", same, &answer.status.to_string());
        }
        let kept = plain.header("cache-control").unwrap_or_default();
        walk.require(route, "may be kept", kept.starts_with("public"), kept);
    }
    walk.end();
}

#[tokio::test]
async fn a_role_below_that_of_the_route_is_refused() {
    let walk = Walk::start().await;
    let objects = walk.objects().await;
    for route in routes() {
        let (Endpoint::Manage(least, _) | Endpoint::Ask(least, _) | Endpoint::Gateway(least, _)) =
            route.endpoint
        else {
            continue;
        };
        for role in Role::ALL {
            let token = walk.token(role).await;
            let ask = walk
                .stranger(route, &objects)
                .bearer(text(&token, "accessToken"));
            // Not acceptable: what comes after the role is not done.
            let answer = ask.header("accept", "text/html").send().await;
            let code = if role < least {
                "role_too_low"
            } else {
                "not_acceptable"
            };
            walk.expect(route, role.as_str(), &answer, code);
        }
    }
    walk.end();
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let walk = Walk::start().await;
    let body = json!({"memberId": walk.tenant.member_id.to_string(), "config": {
        "name": "short",
        "expiresAt": crate::support::NOON + 1_000,
    }});
    let ask = walk
        .installation
        .ask("POST", "/v2/tokens")
        .bearer(&walk.tenant.token);
    let token = ask.json(&body).send().await.done();
    let get = || {
        let ask = walk.installation.ask("GET", "/v2/labels");
        ask.bearer(text(&token, "accessToken")).send()
    };
    assert_eq!(get().await.status, 200);
    walk.installation.clock.advance(999);
    assert_eq!(get().await.status, 200);
    walk.installation.clock.advance(1);
    assert_eq!(get().await.code(), "not_authenticated");
}

#[tokio::test]
async fn a_device_that_registers_again_gets_a_new_token_and_loses_the_old() {
    let installation = Installation::start().await;
    let tenant = installation.tenant(true).await;
    let objects = installation.objects(&tenant).await;
    let register = || {
        installation
            .ask("POST", "/device/v1/instances")
            .basic(&objects.ids["appId"], &objects.app_secret)
            .json(&json!({"deviceKey": "key-1"}))
            .send()
    };
    let first = register().await;
    let second = register().await;
    assert_eq!((first.status, second.status), (201, 200));
    let (first, second) = (first.json(), second.json());
    assert_eq!(first["instanceId"], second["instanceId"]);
    let get = |token: &str| {
        installation
            .ask("GET", "/device/v1/instance")
            .bearer(token)
            .send()
    };
    let old = get(text(&first, "instanceToken")).await;
    assert_eq!(old.code(), "not_authenticated");
    let new = get(text(&second, "instanceToken")).await.done();
    assert_eq!(new["instanceId"], first["instanceId"]);
}

#[tokio::test]
async fn an_instance_loses_its_access_with_its_app() {
    let installation = Installation::start().await;
    let tenant = installation.tenant(true).await;
    let objects = installation.objects(&tenant).await;
    let path = format!("/v2/apps/{}?cascade=true", objects.ids["appId"]);
    installation
        .ask("DELETE", &path)
        .bearer(&tenant.token)
        .send()
        .await
        .done();
    let ask = installation.ask("GET", "/device/v1/instance");
    let answer = ask.bearer(&objects.instance_token).send().await;
    assert_eq!(answer.code(), "not_authenticated");
}
