//! Members and their roles.

use moca_core::account::Role;
use serde_json::json;

use crate::support::team::{Team, expected, faults};

#[tokio::test]
async fn nobody_hands_out_or_touches_what_is_above_them() {
    let team = Team::start().await;
    let (_, admin) = team.member(Role::Admin).await;
    let (editor_id, _) = team.member(Role::Editor).await;
    let owner = json!({"config": {"name": "X", "role": "owner"}});
    let peer = json!({"config": {"name": "X", "role": "admin"}});
    let refused = team.send_as(&admin, "POST", "/v2/members", &owner).await;
    assert_eq!(refused.code(), "role_too_low");
    assert_eq!(
        team.send_as(&admin, "POST", "/v2/members", &peer)
            .await
            .status,
        201
    );
    let editor = format!("/v2/members/{editor_id}");
    let refused = team.send_as(&admin, "PUT", &editor, &owner).await;
    assert_eq!(refused.code(), "role_too_low");
    team.send_as(&admin, "PUT", &editor, &peer).await.done();
    let owner = format!("/v2/members/{}", team.tenant.member_id);
    let refused = team.send_as(&admin, "PUT", &owner, &peer).await;
    assert_eq!(refused.code(), "role_too_low");
    let refused = team
        .delete_as(&admin, &format!("{owner}?cascade=true"))
        .await;
    assert_eq!(refused.code(), "role_too_low");
}

#[tokio::test]
async fn an_account_keeps_an_owner() {
    let team = Team::start().await;
    let path = format!("/v2/members/{}", team.tenant.member_id);
    let demoted = json!({"config": {"name": "X", "role": "admin"}});
    assert_eq!(
        team.put(&path, demoted.clone()).await.code(),
        "state_conflict"
    );
    let delete = format!("{path}?cascade=true");
    assert_eq!(team.delete(&delete).await.code(), "state_conflict");
    let (_, second) = team.member(Role::Owner).await;
    team.put(&path, demoted).await.done();
    team.delete_as(&second, &delete).await.done();
    assert_eq!(team.get("/v2/members").await.status, 403);
}

#[tokio::test]
async fn a_member_goes_with_their_tokens() {
    let team = Team::start().await;
    let (member_id, token) = team.member(Role::Viewer).await;
    let path = format!("/v2/members/{member_id}");
    assert_eq!(team.delete(&path).await.code(), "in_use");
    team.get_as(&token, "/v2/apps").await.done();
    team.delete(&format!("{path}?cascade=true")).await.done();
    assert_eq!(
        team.get_as(&token, "/v2/apps").await.code(),
        "not_authenticated"
    );
}

#[tokio::test]
async fn an_address_belongs_to_one_member() {
    let team = Team::start().await;
    let with = |email: &str| json!({"config": {"name": "X", "email": email, "role": "viewer"}});
    let made = team
        .post("/v2/members", with("ana@example.com"))
        .await
        .done();
    assert_eq!(made["config"]["email"], "ana@example.com");
    let taken = team.post("/v2/members", with("Ana@Example.com")).await;
    assert_eq!(taken.code(), "already_exists");
    assert_eq!(faults(&taken), expected(&[("/config/email", "taken")]));
}

#[tokio::test]
async fn a_new_role_counts_on_the_next_call() {
    let team = Team::start().await;
    let (member_id, token) = team.member(Role::Viewer).await;
    let label = json!({"config": {"name": "VIP"}});
    let refused = team.send_as(&token, "POST", "/v2/labels", &label).await;
    assert_eq!(refused.code(), "role_too_low");
    let editor = json!({"config": {"name": "X", "role": "editor"}});
    team.put(&format!("/v2/members/{member_id}"), editor)
        .await
        .done();
    let made = team.send_as(&token, "POST", "/v2/labels", &label).await;
    assert_eq!(made.status, 201);
}
