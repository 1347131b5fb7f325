//! Tokens: shown once, bounded, revocable at once.

use moca_core::{
    account::{Role, Token},
    id::TokenId,
};
use serde_json::{Value, json};

use crate::support::{
    NOON,
    team::{Team, expected, faults},
};

#[tokio::test]
async fn the_secret_is_shown_once() {
    let team = Team::start().await;
    let answer = team
        .post("/v2/tokens", json!({"config": {"name": "CI"}}))
        .await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let made = answer.done();
    assert_eq!(made["memberId"], team.tenant.member_id.to_string());
    let secret = made["accessToken"].as_str().unwrap();
    let path = format!("/v2/tokens/{}", made["tokenId"].as_str().unwrap());
    team.get_as(secret, &path).await.done();
    let read = team.get(&path).await.done();
    let list = team.get("/v2/tokens").await.done();
    assert!(read.get("accessToken").is_none());
    assert!(!list.to_string().contains(secret));
}

#[tokio::test]
async fn a_deleted_token_ends_at_once_and_so_does_what_was_exchanged_for_it() {
    let team = Team::start().await;
    let made = team
        .post("/v2/tokens", json!({"config": {"name": "CI"}}))
        .await
        .done();
    let (id, secret) = (
        made["tokenId"].as_str().unwrap(),
        made["accessToken"].as_str().unwrap(),
    );
    let exchange = team
        .installation
        .ask("POST", "/oauth/token")
        .basic(id, secret);
    let exchanged = exchange
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials&scope=viewer")
        .send()
        .await
        .done();
    let child = exchanged["access_token"].as_str().unwrap();
    team.get_as(child, "/v2/apps").await.done();
    team.delete(&format!("/v2/tokens/{id}")).await.done();
    for token in [secret, child] {
        let refused = team.get_as(token, "/v2/apps").await;
        assert_eq!(refused.code(), "not_authenticated");
    }
}

#[tokio::test]
async fn a_token_makes_none_that_outlives_it() {
    let team = Team::start().await;
    let make = |token: String, expires_at: Option<i64>| {
        let team = &team;
        async move {
            let body = json!({"config": {"name": "CI", "expiresAt": expires_at}});
            team.send_as(&token, "POST", "/v2/tokens", &body).await
        }
    };
    let endless = team.tenant.token.clone();
    let long = make(endless.clone(), None).await.done();
    let short = make(endless, Some(NOON + 1_000)).await.done();
    let token = |made: &Value| made["accessToken"].as_str().unwrap().to_owned();
    let at = "/config/expiresAt";
    let refused = make(token(&short), None).await;
    assert_eq!(faults(&refused), expected(&[(at, "required")]));
    let refused = make(token(&short), Some(NOON + 1_001)).await;
    assert_eq!(faults(&refused), expected(&[(at, "out_of_range")]));
    let last = make(token(&short), Some(NOON + 1_000)).await.done();

    // It changes no token into one that does, and leaves alone what lasted longer before.
    let put = |made: &Value, expires_at: Option<i64>| {
        let path = format!("/v2/tokens/{}", made["tokenId"].as_str().unwrap());
        let body = json!({"config": {"name": "Renamed", "expiresAt": expires_at}});
        let (team, short) = (&team, token(&short));
        async move { team.send_as(&short, "PUT", &path, &body).await }
    };
    let refused = put(&last, None).await;
    assert_eq!(faults(&refused), expected(&[(at, "required")]));
    let refused = put(&last, Some(NOON + 1_001)).await;
    assert_eq!(faults(&refused), expected(&[(at, "out_of_range")]));
    put(&last, Some(NOON + 999)).await.done();
    put(&long, None).await.done();
    put(&long, Some(NOON + 900_000)).await.done();
    let refused = put(&long, Some(NOON + 900_001)).await;
    assert_eq!(faults(&refused), expected(&[(at, "out_of_range")]));

    // One that was exchanged lives an hour, and so does what it makes.
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        long["tokenId"].as_str().unwrap(),
        token(&long)
    );
    let ask = team.installation.ask("POST", "/oauth/token");
    let ask = ask.header("content-type", "application/x-www-form-urlencoded");
    let exchanged = ask.body(form).send().await.done();
    let refused = make(token_of(&exchanged), None).await;
    assert_eq!(faults(&refused), expected(&[(at, "required")]));
}

fn token_of(answer: &Value) -> String {
    answer["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_token_expires_when_it_says() {
    let team = Team::start().await;
    let body = json!({"config": {"name": "CI", "expiresAt": NOON + 1_000}});
    let secret = team.create("/v2/tokens", "accessToken", body).await;
    team.installation.clock.advance(999);
    team.get_as(&secret, "/v2/apps").await.done();
    team.installation.clock.advance(1);
    let refused = team.get_as(&secret, "/v2/apps").await;
    assert_eq!(refused.code(), "not_authenticated");
    let late = json!({"config": {"name": "CI", "expiresAt": NOON}});
    let refused = team.post("/v2/tokens", late).await;
    assert_eq!(
        faults(&refused),
        expected(&[("/config/expiresAt", "out_of_range")])
    );
}

#[tokio::test]
async fn a_token_never_does_more_than_its_maker() {
    let team = Team::start().await;
    // An owner's token that is bound to admin cannot make one that is not.
    let body = json!({"config": {"name": "bound", "role": "admin"}});
    let bound = team.create("/v2/tokens", "accessToken", body).await;
    let free = json!({"config": {"name": "free"}});
    let refused = team.send_as(&bound, "POST", "/v2/tokens", &free).await;
    assert_eq!(refused.code(), "role_too_low");
    let same = json!({"config": {"name": "same", "role": "admin"}});
    assert_eq!(
        team.send_as(&bound, "POST", "/v2/tokens", &same)
            .await
            .status,
        201
    );
    // Nor can an admin make one that stands for an owner, whatever its bound.
    let (_, admin) = team.member(Role::Admin).await;
    let owner = team.tenant.member_id.to_string();
    let body = json!({"memberId": owner, "config": {"name": "theirs", "role": "viewer"}});
    let refused = team.send_as(&admin, "POST", "/v2/tokens", &body).await;
    assert_eq!(refused.code(), "role_too_low");
    let nobody = json!({"memberId": "IXa7Bl9oRo6c7zQ5aQIzlg", "config": {"name": "x"}});
    let refused = team.post("/v2/tokens", nobody).await;
    assert_eq!(faults(&refused), expected(&[("/memberId", "not_found")]));
}

#[tokio::test]
async fn a_changed_bound_counts_on_the_next_call() {
    let team = Team::start().await;
    let made = team
        .post("/v2/tokens", json!({"config": {"name": "CI"}}))
        .await
        .done();
    let secret = made["accessToken"].as_str().unwrap();
    let path = format!("/v2/tokens/{}", made["tokenId"].as_str().unwrap());
    let label = json!({"config": {"name": "VIP"}});
    assert_eq!(
        team.send_as(secret, "POST", "/v2/labels", &label)
            .await
            .status,
        201
    );
    let bound = json!({"config": {"name": "CI", "role": "viewer"}});
    team.put(&path, bound).await.done();
    let refused = team.send_as(secret, "POST", "/v2/labels", &label).await;
    assert_eq!(refused.code(), "role_too_low");
    let member = team.tenant.member_id;
    let list = team
        .get(&format!("/v2/tokens?memberId={member}"))
        .await
        .done();
    assert_eq!(list["total"], 2);
}

#[tokio::test]
async fn a_token_that_is_used_all_the_time_is_written_down_once_a_minute() {
    let team = Team::start().await;
    let body = json!({"config": {"name": "CI"}});
    let made = team.post("/v2/tokens", body).await.done();
    let secret = made["accessToken"].as_str().unwrap();
    let id = made["tokenId"].as_str().unwrap().parse().unwrap();
    let used = team.installation.state.engine.last_used();
    let mut written = Vec::new();
    for second in 0..200 {
        team.get_as(secret, "/v2/apps").await.done();
        let waiting = used.of(team.tenant.account_id, TokenId(id), None);
        if let Some(at) = waiting {
            assert_eq!(at, NOON + second * 1_000, "noted before, and not written");
            written.push(second);
        }
        // More often than the server does: what is noted again is written again.
        used.flush().await.unwrap();
        team.installation.clock.advance(1_000);
    }
    assert_eq!(written, [0, 60, 120, 180]);
    let mut tx = team.installation.state.control.read().await.unwrap();
    let stored: Token = tx.get(team.tenant.account_id, id).await.unwrap().unwrap();
    assert_eq!(stored.last_used_at, Some(NOON + 180_000));
}

#[tokio::test]
async fn the_last_use_is_told_to_the_minute_and_is_no_change() {
    let team = Team::start().await;
    let made = team
        .post("/v2/tokens", json!({"config": {"name": "CI"}}))
        .await
        .done();
    assert!(made.get("lastUsedAt").is_none(), "{made}");
    let secret = made["accessToken"].as_str().unwrap();
    let path = format!("/v2/tokens/{}", made["tokenId"].as_str().unwrap());
    let before = team.get(&path).await;
    assert!(before.json().get("lastUsedAt").is_none());
    let etag = before.header("etag").unwrap().to_owned();
    let told = async || team.get(&path).await.done()["lastUsedAt"].clone();
    let feed = async || {
        let mut tx = team.installation.state.control.read().await.unwrap();
        tx.changes_since(0, 1_000).await.unwrap().len()
    };
    let changes = feed().await;

    team.get_as(secret, "/v2/apps").await.done();
    assert_eq!(told().await, NOON);
    for (later, expected) in [(59_999, NOON), (1, NOON + 60_000)] {
        team.installation.clock.advance(later);
        // A call that is refused is a use too.
        team.get_as(secret, "/v2/apps?x=1").await;
        assert_eq!(told().await, expected);
    }
    let used = team.installation.state.engine.last_used();
    used.flush().await.unwrap();
    assert_eq!(told().await, NOON + 60_000);
    // Also when it is written down already.
    team.installation.clock.advance(59_999);
    team.get_as(secret, "/v2/apps").await.done();
    assert_eq!(told().await, NOON + 60_000);

    assert_eq!(feed().await, changes);
    let after = team.get(&path).await;
    assert_eq!(after.header("etag"), Some(etag.as_str()));
    assert_eq!(after.json()["updatedAt"], made["updatedAt"]);
    // What a client sends back of it is ignored, and a change leaves it alone.
    let mut sent = after.json();
    sent["lastUsedAt"] = json!(7);
    let put = team.put(&path, sent).await.done();
    assert_eq!(put["lastUsedAt"], NOON + 60_000);

    // What waits is written down at the end.
    team.installation.clock.advance(1);
    team.get_as(secret, "/v2/apps").await.done();
    team.installation.state.engine.shutdown().await.unwrap();
    let mut tx = team.installation.state.control.read().await.unwrap();
    let id = made["tokenId"].as_str().unwrap().parse().unwrap();
    let stored: Token = tx.get(team.tenant.account_id, id).await.unwrap().unwrap();
    assert_eq!(stored.last_used_at, Some(NOON + 120_000));
}
