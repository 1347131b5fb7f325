//! Who was proven to call is not looked up again, and what is taken away is gone with the next request: at
//! the server that took it away, and at another one on the same control store.

use moca_core::account::Role;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    postgres,
    support::{Installation, NOON, request::Answer, team::Team},
};

/// A server at which somebody calls, and one at which changes are made.
struct Site {
    team: Team,
    /// Where the others call, if it is not the same.
    other: Option<Installation>,
    _store: Option<TempDir>,
}

impl Site {
    async fn one() -> Self {
        Self {
            team: Team::start().await,
            other: None,
            _store: None,
        }
    }

    async fn two_on_sqlite() -> Self {
        let store = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", store.path().join("control.db").display());
        Self {
            _store: Some(store),
            ..Self::two_on(&url).await
        }
    }

    async fn two_on(url: &str) -> Self {
        Self {
            team: Team::at(Installation::on(url, 1).await).await,
            other: Some(Installation::on(url, 2).await),
            _store: None,
        }
    }

    /// Where somebody calls.
    fn asked(&self) -> &Installation {
        self.other.as_ref().unwrap_or(&self.team.installation)
    }

    async fn get(&self, token: &str, path: &str) -> Answer {
        self.asked().ask("GET", path).bearer(token).send().await
    }

    /// Makes a label of a name that nothing else has.
    async fn make(&self, token: &str) -> Answer {
        let name = format!("Label {}", self.team.installation.unique());
        let ask = self.asked().ask("POST", "/v2/labels").bearer(token);
        ask.json(&json!({"config": {"name": name}})).send().await
    }

    /// Proves twice who calls, so that the second time it is remembered.
    async fn know(&self, token: &str) {
        for _ in 0..2 {
            self.get(token, "/v2/labels").await.done();
        }
    }

    /// A token that is exchanged for another one, at the server that is asked.
    async fn exchanged(&self, token: &Token) -> String {
        let ask = self.asked().ask("POST", "/oauth/token");
        let ask = ask.basic(&token.id, &token.secret);
        let answer = ask
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials")
            .send()
            .await
            .done();
        answer["access_token"].as_str().unwrap().to_owned()
    }
}

/// Makes a test of each function for one server and for two on each backend.
macro_rules! at_every_site {
    ($($test:ident),+ $(,)?) => {
        mod one_server {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::Site::one().await).await;
            })+
        }
        mod two_servers_on_sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::Site::two_on_sqlite().await).await;
            })+
        }
        mod two_servers_on_postgres {
            $(#[tokio::test]
            async fn $test() {
                let url = super::postgres::empty_store();
                super::$test(super::Site::two_on(&url).await).await;
            })+
        }
    };
}

at_every_site![
    a_token_that_is_deleted,
    what_a_token_may_do,
    what_the_token_may_do_that_one_was_exchanged_for,
    a_member_with_another_role_and_then_none,
    an_account_with_other_limits_and_then_none,
    an_app_with_another_secret_and_then_none,
];

struct Token {
    id: String,
    secret: String,
}

impl Token {
    async fn make(team: &Team) -> Self {
        Self::with(team, json!({"config": {"name": "CI"}})).await
    }

    async fn with(team: &Team, body: Value) -> Self {
        let made = team.post("/v2/tokens", body).await.done();
        let text = |key: &str| made[key].as_str().unwrap().to_owned();
        Self {
            id: text("tokenId"),
            secret: text("accessToken"),
        }
    }

    fn path(&self) -> String {
        format!("/v2/tokens/{}", self.id)
    }
}

async fn a_token_that_is_deleted(site: Site) {
    let [kept, gone] = [Token::make(&site.team).await, Token::make(&site.team).await];
    let child = site.exchanged(&gone).await;
    for token in [&kept.secret, &gone.secret, &child] {
        site.know(token).await;
    }
    site.team.delete(&gone.path()).await.done();
    for token in [&gone.secret, &child] {
        let refused = site.get(token, "/v2/labels").await;
        assert_eq!(refused.code(), "not_authenticated");
    }
    site.know(&kept.secret).await;
}

/// What a token may do by its configuration, changed step by step.
async fn bounds(site: &Site, token: &Token, used: &str) {
    site.know(used).await;
    let bounds = [
        (json!({"role": "viewer"}), Some("role_too_low")),
        (json!({}), None),
        (json!({"scopes": ["*:read"]}), Some("insufficient_scope")),
        (json!({"scopes": ["labels:write"]}), None),
    ];
    for (mut config, refused) in bounds {
        config["name"] = json!("CI");
        let body = json!({ "config": config });
        site.team.put(&token.path(), body).await.done();
        for _ in 0..2 {
            let answer = site.make(used).await;
            match refused {
                Some(code) => assert_eq!(answer.code(), code),
                None => assert_eq!(answer.status, 201),
            }
        }
    }
    // The end comes by itself, and with it that of what hangs on it.
    let body = json!({"config": {"name": "CI", "expiresAt": NOON + 1_000}});
    site.team.put(&token.path(), body).await.done();
    site.asked().clock.advance(999);
    site.know(used).await;
    site.asked().clock.advance(1);
    for _ in 0..2 {
        let refused = site.get(used, "/v2/labels").await;
        assert_eq!(refused.code(), "not_authenticated");
    }
}

async fn what_a_token_may_do(site: Site) {
    let token = Token::make(&site.team).await;
    bounds(&site, &token, &token.secret).await;
}

async fn what_the_token_may_do_that_one_was_exchanged_for(site: Site) {
    let token = Token::make(&site.team).await;
    let child = site.exchanged(&token).await;
    bounds(&site, &token, &child).await;
}

async fn a_member_with_another_role_and_then_none(site: Site) {
    let (member_id, token) = site.team.member(Role::Editor).await;
    let path = format!("/v2/members/{member_id}");
    assert_eq!(site.make(&token).await.status, 201);
    for (role, status) in [("viewer", 403), ("admin", 201)] {
        let body = json!({"config": {"name": "X", "role": role}});
        site.team.put(&path, body).await.done();
        assert_eq!(site.make(&token).await.status, status);
    }
    site.team
        .delete(&format!("{path}?cascade=true"))
        .await
        .done();
    let refused = site.get(&token, "/v2/labels").await;
    assert_eq!(refused.code(), "not_authenticated");
}

async fn an_account_with_other_limits_and_then_none(site: Site) {
    let tenant = site.team.installation.tenant(false).await;
    site.know(&tenant.token).await;
    let path = format!("/v2/accounts/{}", tenant.account_id);
    let limits = format!("{path}/limits");
    let body = json!({"config": {"tokenRequestsPerMinute": 3}});
    site.team.put(&limits, body).await.done();
    // What was used before is forgotten by then.
    site.asked().clock.advance(1_000);
    for _ in 0..3 {
        let told = site.get(&tenant.token, "/v2/labels").await;
        assert_eq!(told.header("ratelimit-limit"), Some("3"));
        told.done();
    }
    let refused = site.get(&tenant.token, "/v2/labels").await;
    assert_eq!(refused.code(), "rate_limited");
    site.team.put(&limits, json!({"config": {}})).await.done();
    site.asked().clock.advance(60_000);
    site.know(&tenant.token).await;
    site.team
        .delete(&format!("{path}?cascade=true"))
        .await
        .done();
    let refused = site.get(&tenant.token, "/v2/labels").await;
    assert_eq!(refused.code(), "not_authenticated");
}

async fn an_app_with_another_secret_and_then_none(site: Site) {
    let body = json!({"config": {"name": "App"}});
    let made = site.team.post("/v2/apps", body).await.done();
    let app_id = made["appId"].as_str().unwrap();
    let path = format!("/v2/apps/{app_id}");
    let registers = async |secret: &Value| {
        let ask = site.asked().ask("POST", "/device/v1/instances");
        let ask = ask.basic(app_id, secret.as_str().unwrap());
        ask.json(&json!({})).send().await
    };
    let first = &made["appSecret"];
    let instance = registers(first).await.done();
    let tags = async |limit: i64| {
        let limits = json!({"config": {"deviceRequestsPerMinute": limit}});
        let account = site.team.tenant.account_id;
        let limits_path = format!("/v2/accounts/{account}/limits");
        site.team.put(&limits_path, limits).await.done();
        let token = instance["instanceToken"].as_str().unwrap();
        let ask = site
            .asked()
            .ask("PUT", "/device/v1/instance/tags/vip")
            .bearer(token);
        ask.json(&json!({"value": "+1"})).send().await
    };
    for limit in [7, 7, 8] {
        let told = tags(limit).await;
        let expected = limit.to_string();
        assert_eq!(told.header("ratelimit-limit"), Some(expected.as_str()));
        assert!(told.status < 300, "{}", told.status);
    }

    let rotated = site
        .team
        .put(&format!("{path}/secret"), json!({"overlapMs": 1_000}))
        .await
        .done();
    let second = &rotated["appSecret"];
    for _ in 0..2 {
        assert_eq!(registers(first).await.status, 201);
        assert_eq!(registers(second).await.status, 201);
    }
    site.asked().clock.advance(1_000);
    assert_eq!(registers(first).await.code(), "not_authenticated");
    assert_eq!(registers(second).await.status, 201);
    site.team
        .delete(&format!("{path}?cascade=true"))
        .await
        .done();
    assert_eq!(registers(second).await.code(), "not_authenticated");
    assert_eq!(tags(9).await.code(), "not_authenticated");
}

#[tokio::test]
async fn who_was_proven_is_looked_up_again_only_when_a_caller_changes() {
    let team = Team::start().await;
    let (member_id, token) = team.member(Role::Viewer).await;
    let path = format!("/v2/members/{member_id}");
    let refused = async || {
        let body = json!({"config": {"name": ""}});
        let answer = team.send_as(&token, "POST", "/v2/labels", &body).await;
        answer.code()
    };
    assert_eq!(refused().await, "role_too_low");
    // A change that the server is not told of shows whether it looks.
    let file = rusqlite::Connection::open(team.installation.data_dir().join("control.db"));
    let sql = "UPDATE members SET config = replace(config, 'viewer', 'editor')";
    assert!(file.unwrap().execute(sql, []).unwrap() > 0);
    team.label("New").await;
    let fence = json!({"type": "Circle", "latitude": 40.4, "longitude": -3.7, "radius": 120});
    team.place(json!({"name": "New", "geofence": fence})).await;
    Token::make(&team).await;
    let used = team.installation.state.engine.last_used();
    used.flush().await.unwrap();
    assert_eq!(refused().await, "role_too_low");
    let app = team.app().await;
    assert_eq!(refused().await, "role_too_low");
    // Any change of a caller: this one is of another.
    team.delete(&format!("/v2/apps/{app}?cascade=true"))
        .await
        .done();
    assert_eq!(refused().await, "validation_failed");
    assert_eq!(team.get(&path).await.done()["config"]["role"], "editor");
}

#[tokio::test]
async fn wrong_credentials_are_looked_up_each_time() {
    let team = Team::start().await;
    let token = "6b1c3c0e-3c36-4f0d-9c3a-3a7e5a1f7f11";
    let ask = || team.get_as(token, "/v2/labels");
    for _ in 0..2 {
        assert_eq!(ask().await.code(), "not_authenticated");
    }
    // Nothing that was known is another now: there is one more.
    let made = Token::make(&team).await;
    let file = rusqlite::Connection::open(team.installation.data_dir().join("control.db"));
    let sql = "UPDATE tokens SET secret_hash = ?1 WHERE id = ?2";
    let values = (moca_api::secret::hash(token).to_vec(), &made.id);
    assert_eq!(file.unwrap().execute(sql, values).unwrap(), 1);
    ask().await.done();
}
