//! How much an account may have.

use moca_api::{
    route::{Success, Verb},
    routes::routes,
};
use moca_core::{quota::built_in, resource::Kind};
use serde_json::{Map, Value, json};

use crate::support::{
    team::{Team, expected, faults},
    walk::{Walk, is_managed},
};

/// How much an account has of each kind.
fn usage(account: &Value) -> Map<String, Value> {
    let quotas = account["quotas"].as_object().unwrap().clone();
    quotas
        .into_iter()
        .map(|(kind, usage)| (kind, usage["used"].clone()))
        .collect()
}

#[tokio::test]
async fn nothing_more_is_made_of_a_kind_whose_quota_is_used_up() {
    let walk = Walk::start().await;
    let tenant = walk.installation.tenant(false).await;
    let objects = walk.installation.objects(&tenant).await;
    let account = format!("/v2/accounts/{}", tenant.account_id);
    let operator = &walk.tenant.token;
    let get = || walk.installation.ask("GET", &account).bearer(operator);
    let used = usage(&get().send().await.done());
    let limits = json!({"config": {"quotas": used}});
    let path = format!("{account}/limits");
    let ask = walk.installation.ask("PUT", &path).bearer(operator);
    ask.json(&limits).send().await.done();
    let mut refused = 0;
    for route in routes().iter().filter(|route| is_managed(route)) {
        let makes = route.success != Success::Ok;
        // Files and replays wait in lines of their own; what is in files is held to the quotas when it is made.
        let is_job = route.path == "/v2/imports" || route.path.ends_with("/replay");
        if !makes || is_job || route.path == "/v2/accounts" {
            continue;
        }
        let answer = walk.right(route, &objects).await.send().await;
        walk.expect(route, "one more", &answer, "quota_exceeded");
        let detail = answer.json()["detail"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let told = detail.contains("1 of at most 1 ") || detail.contains("2 of at most 2 ");
        walk.require(route, "limit and use", told, &detail);
        refused += 1;
    }
    let limited = Kind::ALL.iter().filter(|kind| built_in(**kind).is_some());
    assert!(
        refused >= limited.count(),
        "{refused} routes make something"
    );
    assert_eq!(usage(&get().send().await.done()), used);
    // What is there can be changed and deleted, and then there is room again.
    for route in routes().iter().filter(|route| is_managed(route)) {
        let changes = route.verb == Verb::Put && route.path.ends_with("Id}");
        if changes && !route.path.contains("external") && route.path != "/v2/accounts/{accountId}" {
            let answer = walk.right(route, &objects).await.send().await;
            walk.expect(route, "a change", &answer, "");
        }
    }
    let path = format!("/v2/experiences/{}", objects.ids["experienceId"]);
    let ask = walk.installation.ask("DELETE", &path);
    ask.bearer(&tenant.token).send().await.done();
    let body = walk.installation.body("POST", "/v2/experiences", &objects);
    let ask = walk.installation.ask("POST", "/v2/experiences");
    let ask = ask.bearer(&tenant.token).json(&body.unwrap());
    assert_eq!(ask.send().await.status, 201);
    walk.end();
}

async fn with_room_for_two_places() -> Team {
    let team = Team::start().await;
    let path = format!("/v2/accounts/{}/limits", team.tenant.account_id);
    let limits = json!({"config": {"quotas": {"place": 2, "token": 1}}});
    team.put(&path, limits).await.done();
    team
}

#[tokio::test]
async fn a_batch_makes_as_many_as_there_is_room_for() {
    let team = with_room_for_two_places().await;
    let items: Vec<Value> = (0..4)
        .map(|n| json!({"config": {"name": format!("Place {n}")}}))
        .collect();
    let batch = json!({ "items": items });
    let all = team
        .post("/v2/places/batch?atomic=true", batch.clone())
        .await;
    assert_eq!(all.code(), "quota_exceeded");
    let full = ["/items/2", "/items/3"].map(|pointer| (pointer, "quota_exceeded"));
    assert_eq!(faults(&all), expected(&full));
    // With what else is wrong.
    let mut wrong = batch.clone();
    wrong["items"][1]["config"]["name"] = json!("");
    let wrong = team.post("/v2/places/batch?atomic=true", wrong).await;
    let both = [
        ("/items/1/config/name", "too_short"),
        ("/items/3", "quota_exceeded"),
    ];
    assert_eq!(faults(&wrong), expected(&both));
    assert_eq!(team.get("/v2/places").await.done()["total"], 0);
    let some = team.post("/v2/places/batch", batch).await.done();
    let statuses: Vec<i64> = some["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["status"].as_i64().unwrap())
        .collect();
    assert_eq!(statuses, [201, 201, 409, 409]);
    assert_eq!(some["items"][2]["problem"]["code"], "quota_exceeded");
    assert_eq!(team.get("/v2/places").await.done()["total"], 2);
}

#[tokio::test]
async fn an_exchange_makes_a_token_and_needs_room_for_it() {
    let team = with_room_for_two_places().await;
    let tokens = team.get("/v2/tokens").await.done();
    let client_id = tokens["items"][0]["tokenId"].as_str().unwrap();
    let form = format!(
        "grant_type=client_credentials&client_id={client_id}&client_secret={}",
        team.tenant.token
    );
    let ask = team.installation.ask("POST", "/oauth/token");
    let ask = ask.header("content-type", "application/x-www-form-urlencoded");
    let refused = ask.body(form).send().await;
    assert_eq!(refused.code(), "quota_exceeded");
}
