//! Accounts.

use moca_core::account::Role;
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
