//! Accounts.

use moca_core::{account::Role, id::AccountId, resource::Kind};
use moca_storage::control::referring_kinds;
use serde_json::json;

use crate::support::team::{Team, expected, faults};

#[tokio::test]
async fn an_operator_makes_an_account_whose_owner_can_get_in() {
    let team = Team::start().await;
    let body = json!({"config": {"name": "ACME", "timeZone": "Europe/Madrid"}});
    let answer = team.post("/v2/accounts", body).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let path = answer.header("location").unwrap().to_owned();
    let made = answer.done();
    let token = made["firstToken"].as_str().unwrap();
    let theirs = team.get_as(token, &path).await.done();
    assert_eq!(theirs["config"]["corsOrigins"], json!([]));
    let members = team.get_as(token, "/v2/members").await.done();
    assert_eq!(members["items"][0]["memberId"], made["owner"]);
    assert_eq!(members["items"][0]["config"]["role"], "owner");
    let changed = json!({"config": {"name": "ACME 2"}});
    let changed = team.send_as(token, "PUT", &path, &changed).await.done();
    assert_eq!(changed["config"]["timeZone"], "UTC");
}

#[tokio::test]
async fn only_operators_see_more_than_their_own() {
    let team = Team::start().await;
    let other = team.installation.tenant(false).await;
    let own = format!("/v2/accounts/{}", other.account_id);
    let operators = format!("/v2/accounts/{}", team.tenant.account_id);
    assert_eq!(team.get("/v2/accounts").await.done()["total"], 2);
    team.get(&own).await.done();
    let list = team.get_as(&other.token, "/v2/accounts").await.done();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["accountId"], other.account_id.to_string());
    assert_eq!(team.get_as(&other.token, &operators).await.status, 404);
    let body = json!({"config": {"name": "X"}});
    let refused = team
        .send_as(&other.token, "POST", "/v2/accounts", &body)
        .await;
    assert_eq!(refused.code(), "role_too_low");
    // Seeing is not changing.
    assert_eq!(team.put(&own, body).await.status, 404);
}

#[tokio::test]
async fn an_operators_member_who_is_no_owner_makes_no_accounts() {
    let team = Team::start().await;
    let (_, admin) = team.member(Role::Admin).await;
    let body = json!({"config": {"name": "X"}});
    let refused = team.send_as(&admin, "POST", "/v2/accounts", &body).await;
    assert_eq!(refused.code(), "role_too_low");
    assert_eq!(team.get_as(&admin, "/v2/accounts").await.done()["total"], 1);
}

#[tokio::test]
async fn an_account_names_a_zone_that_exists() {
    let team = Team::start().await;
    let path = format!("/v2/accounts/{}", team.tenant.account_id);
    let body = json!({"config": {"name": "X", "timeZone": "Mars/Base"}});
    let refused = team.put(&path, body).await;
    assert_eq!(
        faults(&refused),
        expected(&[("/config/timeZone", "unknown_value")])
    );
}

#[tokio::test]
async fn privacy_defaults_are_read_with_every_fault() {
    let team = Team::start().await;
    let path = format!("/v2/accounts/{}", team.tenant.account_id);
    let body = json!({"config": {"name": "X", "privacy": {
        "requireMarketingConsent": "yes", "sensitiveCategories": ["a", "", "a"], "k": 10
    }}});
    let all = [
        ("/config/privacy/requireMarketingConsent", "wrong_type"),
        ("/config/privacy/sensitiveCategories/1", "too_short"),
        ("/config/privacy/sensitiveCategories/2", "not_unique"),
        ("/config/privacy/k", "unknown_field"),
    ];
    let mut found = faults(&team.put(&path, body).await);
    let mut all = expected(&all);
    found.sort_unstable();
    all.sort_unstable();
    assert_eq!(found, all);
}

#[tokio::test]
async fn an_operator_deletes_an_account_with_all_that_is_in_it() {
    let team = Team::start().await;
    let other = team.installation.tenant(false).await;
    let objects = team.installation.objects(&other).await;
    let path = format!("/v2/accounts/{}", other.account_id);
    let before = team.get(&path).await.done();
    let (device, app) = (&objects.instance_token, &objects.ids["appId"]);
    let own_device = team
        .installation
        .ask("GET", "/device/v1/instance")
        .bearer(device);
    own_device.send().await.done();

    let refused = team.delete(&path).await;
    assert_eq!(refused.code(), "in_use");
    let problem = refused.json();
    let first = problem["errors"][0]["detail"].as_str().unwrap();
    assert!(first.starts_with("1 instance of devices"), "{problem}");
    for (at, others) in [(1, "1 import: "), (2, "1 replay: ")] {
        let detail = problem["errors"][at]["detail"].as_str().unwrap();
        assert!(detail.starts_with(others), "{problem}");
    }
    let kinds: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|error| error["object"]["kind"].as_str())
        .collect();
    for kind in [
        "member",
        "token",
        "app",
        "place",
        "campaign",
        "notification",
    ] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    let stale = team
        .installation
        .ask("DELETE", &format!("{path}?cascade=true"));
    let stale = stale.bearer(&team.tenant.token).header("if-match", "\"0\"");
    assert_eq!(stale.send().await.code(), "stale_version");
    assert_eq!(team.get(&path).await.done(), before, "nothing has gone yet");

    team.delete(&format!("{path}?cascade=true")).await.done();
    assert_eq!(team.get(&path).await.code(), "not_found");
    assert_eq!(team.get("/v2/accounts").await.done()["total"], 1);
    assert_eq!(
        team.get_as(&other.token, "/v2/places").await.code(),
        "not_authenticated"
    );
    let gone = team
        .installation
        .ask("GET", "/device/v1/instance")
        .bearer(device);
    assert_eq!(gone.send().await.code(), "not_authenticated");
    let register = team.installation.ask("POST", "/device/v1/instances");
    let register = register.basic(app, &objects.app_secret).json(&json!({}));
    assert_eq!(register.send().await.code(), "not_authenticated");
    assert_eq!(
        team.delete(&format!("{path}?cascade=true")).await.code(),
        "not_found"
    );

    // What was done is in the log of who did it, the people as a number.
    let log = team.get("/v2/audit-events?limit=1000").await.done();
    let log = log["items"].as_array().unwrap();
    let find = |action: &str, kind: &str| {
        let mut found = log.iter();
        found.find(|event| event["action"] == action && event["kind"] == kind)
    };
    let deleted = find("delete", "account").unwrap();
    assert_eq!(deleted["objectId"], other.account_id.to_string());
    assert_eq!(
        find("erase", "instance").unwrap()["parameters"]["instanceCount"],
        1
    );
    let mut tx = team.installation.state.control.read().await.unwrap();
    for kind in referring_kinds(Kind::Account) {
        let left = tx.count_references(other.account_id, Kind::Account, other.account_id.0);
        assert_eq!(left.await.unwrap(), 0, "{kind:?}");
    }
}

#[tokio::test]
async fn only_an_operator_deletes_accounts_and_never_their_own() {
    let team = Team::start().await;
    let other = team.installation.tenant(false).await;
    let own = |id: AccountId| format!("/v2/accounts/{id}?cascade=true");
    let first = own(team.tenant.account_id);
    assert_eq!(team.delete(&first).await.code(), "state_conflict");
    let theirs = own(other.account_id);
    assert_eq!(
        team.delete_as(&other.token, &theirs).await.code(),
        "role_too_low"
    );
    assert_eq!(
        team.delete_as(&other.token, &first).await.code(),
        "not_found"
    );
    let (_, admin) = team.member(Role::Admin).await;
    assert_eq!(team.delete_as(&admin, &theirs).await.code(), "role_too_low");
    let token = json!({"memberId": team.tenant.member_id, "config": {
        "name": "narrow", "scopes": ["accounts:write", "members:write", "tokens:write"]
    }});
    let narrow = team.create("/v2/tokens", "accessToken", token).await;
    assert_eq!(
        team.delete_as(&narrow, &theirs).await.code(),
        "insufficient_scope"
    );
    team.get_as(&other.token, "/v2/places").await.done();
}
