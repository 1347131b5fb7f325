//! Tags: those that are declared, and those that devices carry.

use serde_json::{Value, json};

use crate::support::team::{Team, expected, faults};

fn body(app: &str, name: &str) -> Value {
    json!({"appId": app, "config": {"name": name, "description": "D"}})
}

/// A device of the app; its token.
async fn register(team: &Team, app: &str) -> String {
    let secret = team.get(&format!("/v2/apps/{app}")).await.done()["appSecret"].clone();
    let ask = team.installation.ask("POST", "/device/v1/instances");
    let ask = ask.basic(app, secret.as_str().unwrap()).json(&json!({}));
    let registered = ask.send().await.done();
    registered["instanceToken"].as_str().unwrap().to_owned()
}

async fn set(team: &Team, token: &str, tag: &str) {
    let path = format!("/device/v1/instance/tags/{tag}");
    let ask = team.installation.ask("PUT", &path).bearer(token);
    ask.json(&json!({"value": "+1"})).send().await.done();
}

async fn seen(team: &Team, app: &str, parameters: &str) -> (Value, Vec<(String, u64, bool)>) {
    let path = format!("/v2/tags/seen?appId={app}{parameters}");
    let list = team.get(&path).await.done();
    let parts = |tag: &Value| {
        let name = tag["name"].as_str().unwrap().to_owned();
        let count = tag["instanceCount"].as_u64().unwrap();
        (name, count, tag["declared"].as_bool().unwrap())
    };
    let items = list["items"].as_array().unwrap().iter().map(parts);
    (list["total"].clone(), items.collect())
}

#[tokio::test]
async fn a_tag_tells_how_many_instances_carry_it() {
    let team = Team::start().await;
    let (app, other) = (team.app().await, team.app().await);
    let museum = team.create("/v2/tags", "tagId", body(&app, "museum")).await;
    let unused = team.create("/v2/tags", "tagId", body(&app, "zoo")).await;
    team.create("/v2/tags", "tagId", body(&other, "museum"))
        .await;
    let tokens = [
        register(&team, &app).await,
        register(&team, &app).await,
        register(&team, &other).await,
    ];
    for token in &tokens {
        set(&team, token, "museum").await;
    }
    set(&team, &tokens[0], "museum").await;
    set(&team, &tokens[0], "bar").await;
    set(&team, &tokens[1], "Cafe%20Bar").await;
    for (id, count) in [(&museum, 2), (&unused, 0)] {
        let tag = team.get(&format!("/v2/tags/{id}")).await.done();
        assert_eq!(tag["instanceCount"], count, "{tag}");
    }
    let list = team.get(&format!("/v2/tags?appId={app}")).await.done();
    assert_eq!(list["items"][0]["instanceCount"], 2);
    // By name, those nobody declared among them; what nobody carries is not there.
    let all = vec![
        ("Cafe Bar".to_owned(), 1, false),
        ("bar".to_owned(), 1, false),
        ("museum".to_owned(), 2, true),
    ];
    assert_eq!(seen(&team, &app, "").await, (json!(3), all.clone()));
    assert_eq!(
        seen(&team, &app, "&offset=1&limit=1").await,
        (json!(3), all[1..2].to_vec())
    );
    assert_eq!(
        seen(&team, &app, "&q=BAR").await,
        (json!(2), all[..2].to_vec())
    );
    assert_eq!(seen(&team, &other, "").await.0, 1);
    // A tag that is no longer declared stays on the devices, and goes with them.
    team.delete(&format!("/v2/tags/{museum}")).await.done();
    assert_eq!(
        seen(&team, &app, "&q=mus").await.1,
        [("museum".to_owned(), 2, false)]
    );
    let ask = team.installation.ask("DELETE", "/device/v1/instance");
    ask.bearer(&tokens[0]).send().await.done();
    let left = [
        ("Cafe Bar".to_owned(), 1, false),
        ("museum".to_owned(), 1, false),
    ];
    assert_eq!(seen(&team, &app, "").await.1, left);
}

#[tokio::test]
async fn a_name_is_unique_in_the_app_and_a_new_one_declares_another_tag() {
    let team = Team::start().await;
    let (app, other) = (team.app().await, team.app().await);
    let id = team.create("/v2/tags", "tagId", body(&app, "museum")).await;
    team.create("/v2/tags", "tagId", body(&other, "museum"))
        .await;
    let again = team.post("/v2/tags", body(&app, "museum")).await;
    assert_eq!(faults(&again), expected(&[("/config/name", "taken")]));
    let path = format!("/v2/tags/{id}");
    let moved = team.put(&path, body(&other, "museum")).await;
    assert_eq!(faults(&moved), expected(&[("/appId", "immutable")]));

    let phone = register(&team, &app).await;
    set(&team, &phone, "museum").await;
    let mut tag = team.get(&path).await.done();
    assert_eq!(tag["instanceCount"], 1);
    tag["config"]["name"] = json!("theatre");
    let renamed = team.put(&path, tag.clone()).await.done();
    assert_eq!(renamed["config"], tag["config"]);
    assert_eq!(team.get(&path).await.done()["instanceCount"], 0);
    // What the device carries is untouched.
    let carried = vec![("museum".to_owned(), 1, false)];
    assert_eq!(seen(&team, &app, "").await, (json!(1), carried));
}
