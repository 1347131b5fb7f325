//! Erasing instances and users through the API, and what is in the files afterwards.

use std::{path::Path, sync::Arc};

use futures::future::{join_all, join3};
use moca_core::{
    clock::{Clock, Random},
    event::Profile,
};
use moca_engine::{Engine, InstanceQuery, UserQuery};
use moca_storage::control::Control;
use serde_json::{Value, json};

use crate::{
    people::{Phone, app, id},
    support::{
        NOON,
        binary::Binary,
        team::Team,
        wire::{self, Wire},
    },
};

#[tokio::test]
async fn an_erased_instance_is_gone_with_its_token_and_stays_counted() {
    let team = Team::start().await;
    let app = app(&team).await;
    let phone = Phone::register(&team, &app, json!({"deviceKey": "k"})).await;
    phone.event(NOON, json!({"verb": "buy"})).await;
    let other = Phone::register(&team, &app, json!({})).await;
    let path = format!("/v2/instances/{}", phone.instance_id);
    team.delete(&path).await.done();

    assert_eq!(team.get(&path).await.code(), "not_found");
    assert_eq!(team.delete(&path).await.code(), "not_found");
    let ask = team.installation.ask("GET", "/device/v1/instance");
    let answer = ask.bearer(&phone.token).send().await;
    assert_eq!(answer.code(), "not_authenticated");
    let list = team.get(&format!("/v2/instances?appId={}", id(&app))).await;
    let list = list.done();
    assert_eq!(list["total"], 1, "{list}");
    assert_eq!(list["items"][0]["instanceId"], other.instance_id, "{list}");
    let range = format!("from={}&to={}", NOON, NOON + 1);
    let asked = format!("/v2/analytics/active-users?appId={}&{range}", id(&app));
    assert_eq!(team.get(&asked).await.done()["total"], 1);
    // The device is somebody new to us.
    let again = Phone::register(&team, &app, json!({"deviceKey": "k"})).await;
    assert_ne!(again.instance_id, phone.instance_id);
}

#[tokio::test]
async fn a_device_can_erase_itself() {
    let team = Team::start().await;
    let app = app(&team).await;
    let phone = Phone::register(&team, &app, json!({})).await;
    phone.log_in("ana", json!({})).await;
    let erase = || {
        let ask = team.installation.ask("DELETE", "/device/v1/instance");
        ask.bearer(&phone.token).send()
    };
    assert_eq!(erase().await.done(), json!({}));
    assert_eq!(erase().await.code(), "not_authenticated");
    let users = team.get(&format!("/v2/users?appId={}", id(&app))).await;
    assert_eq!(users.done()["total"], 0);
}

#[tokio::test]
async fn a_user_is_erased_with_all_instances_and_nobody_elses() {
    let team = Team::start().await;
    let app = app(&team).await;
    let mut phones = Vec::new();
    for user in ["ana", "bob", "ana"] {
        let phone = Phone::register(&team, &app, json!({})).await;
        phone.log_in(user, json!({"name": user})).await;
        phones.push(phone);
    }
    phones[2].log_out().await;
    let of_app = format!("appId={}", id(&app));
    let path = format!("/v2/users/ana?{of_app}");
    let stale = team.installation.ask("DELETE", &path);
    let stale = stale.bearer(&team.tenant.token).header("if-match", "\"1\"");
    assert_eq!(stale.send().await.code(), "stale_version");
    team.delete(&path).await.done();
    assert_eq!(team.get(&path).await.code(), "not_found");
    let list = team.get(&format!("/v2/instances?{of_app}")).await.done();
    assert_eq!(list["total"], 1, "{list}");
    assert_eq!(list["items"][0]["instanceId"], phones[1].instance_id);
}

/// How many instances and users the pipeline has of an app, be there such an app or not.
async fn held(team: &Team, app: &Value) -> (i64, i64) {
    let (engine, app_id) = (&team.installation.state.engine, id(app).parse().unwrap());
    let instances = engine.instances(app_id, &InstanceQuery::default()).await;
    let users = engine.users(app_id, &UserQuery::default()).await;
    (instances.unwrap().total, users.unwrap().total)
}

#[tokio::test]
async fn an_app_with_instances_stays_unless_they_may_go_with_it() {
    let team = Team::start().await;
    let app = app(&team).await;
    for user in ["ana", "bob"] {
        let phone = Phone::register(&team, &app, json!({})).await;
        phone.log_in(user, json!({})).await;
    }
    let path = format!("/v2/apps/{}", id(&app));
    let cascade = format!("{path}?cascade=true");

    let refused = team.delete(&path).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "in_use"));
    let problem = refused.json();
    assert_eq!(problem["usersTotal"], 2, "{problem}");
    let detail = problem["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.starts_with("2 instances "), "{detail}");
    // With what else uses it.
    let campaign = team.campaign(id(&app), NOON, NOON + 1).await;
    let problem = team.delete(&path).await.json();
    assert_eq!(problem["usersTotal"], 3, "{problem}");
    assert_eq!(problem["errors"][1]["object"]["id"], campaign, "{problem}");

    // What is refused erases nobody.
    let ask = team.installation.ask("DELETE", &cascade);
    let ask = ask.bearer(&team.tenant.token).header("if-match", "\"7\"");
    assert_eq!(ask.send().await.code(), "stale_version");
    let mut scopes = vec!["apps:write"];
    for next in ["campaigns:write", "instances:write", "users:write"] {
        let body = json!({"config": {"name": "scoped", "scopes": scopes}});
        let token = team.create("/v2/tokens", "accessToken", body).await;
        let refused = team.delete_as(&token, &cascade).await;
        assert_eq!(refused.code(), "insufficient_scope", "{scopes:?}");
        let problem = refused.json();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("the scope {next};")), "{detail}");
        scopes.push(next);
    }
    assert_eq!(held(&team, &app).await, (2, 2));
    let list = team.get("/v2/audit-events?action=erase").await.done();
    assert_eq!(list["total"], 0, "{list}");

    team.delete(&cascade).await.done();
    assert_eq!(held(&team, &app).await, (0, 0));
    let list = team.get("/v2/audit-events?action=erase").await.done();
    assert_eq!(list["total"], 1, "{list}");
    let event = &list["items"][0];
    assert_eq!(event["kind"], "instance");
    let told = json!({"appId": id(&app), "instanceCount": 2});
    assert_eq!(event["parameters"], told);
}

/// Rounds, each with another order of what happens at once.
#[tokio::test]
async fn no_device_slips_in_while_its_app_goes() {
    let team = Team::start().await;
    for round in 0..20 {
        let app = app(&team).await;
        let path = format!("/v2/apps/{}?cascade=true", id(&app));
        let register = || {
            let ask = team.installation.ask("POST", "/device/v1/instances");
            let ask = ask.basic(id(&app), app["appSecret"].as_str().unwrap());
            ask.json(&json!({})).send()
        };
        let before = (0..round).map(|_| register());
        let before = join_all(before.collect::<Vec<_>>());
        let after = join_all((round..20).map(|_| register()).collect::<Vec<_>>());
        let (early, gone, late) = join3(before, team.delete(&path), after).await;
        gone.done();
        for answer in early.into_iter().chain(late) {
            assert!(answer.status == 201 || answer.code() == "not_authenticated");
        }
        assert_eq!(held(&team, &app).await, (0, 0), "round {round}");
    }
}

#[tokio::test]
async fn what_a_deletion_left_behind_is_erased_when_it_is_repeated() {
    let team = Team::start().await;
    let app = app(&team).await;
    let path = format!("/v2/apps/{}", id(&app));
    let cascade = format!("{path}?cascade=true");
    team.delete(&path).await.done();
    // As if the server had ended between the deletion and the look for late ones.
    let (account, app_id) = (team.tenant.account_id, id(&app).parse().unwrap());
    let engine = &team.installation.state.engine;
    let profile = Profile::default();
    let registered = engine.register(account, app_id, None, [7; 32], profile, Vec::new());
    registered.await.unwrap();
    let other = team.installation.tenant(false).await;
    for (token, path, left) in [
        (&other.token, &cascade, 1),
        (&team.tenant.token, &path, 1),
        (&team.tenant.token, &cascade, 0),
    ] {
        assert_eq!(team.delete_as(token, path).await.code(), "not_found");
        assert_eq!(held(&team, &app).await, (left, 0));
    }
}

/// A server that is asked and killed.
struct Asked {
    binary: Binary,
    wire: Wire,
    token: String,
}

impl Asked {
    async fn start(directory: &Path) -> Self {
        let binary = Binary::start(directory);
        let trust = wire::trust(&binary.ca_path());
        Self {
            wire: Wire::connect(binary.address(), &trust).await.unwrap(),
            token: format!("Bearer {}", binary.token()),
            binary,
        }
    }

    async fn call(&mut self, method: &str, path: &str, authorization: &str, body: Value) -> Value {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let reply = self.wire.call(method, path, authorization, &body).await;
        let reply = reply.unwrap();
        assert!(reply.status < 300, "{method} {path}: {}", reply.json());
        reply.json()
    }

    async fn manage(&mut self, method: &str, path: &str, body: Value) -> Value {
        let token = self.token.clone();
        self.call(method, path, &token, body).await
    }
}

struct Now;

impl Clock for Now {
    fn now_ms(&self) -> i64 {
        NOON
    }
}

impl Random for Now {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(1);
    }
}

/// The files below a directory that hold one of the texts. Random bytes stand in a compressed file
/// as they are where they stand first.
fn files_with(directory: &Path, traces: &[&[u8]]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, traces));
            continue;
        }
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            // A server at work merges files and removes those it has merged.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => panic!("{}: {error}", path.display()),
        };
        let holds = |trace: &&[u8]| bytes.windows(trace.len()).any(|window| window == *trace);
        if traces.iter().any(holds) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_right_after_an_erasure_finishes_it() {
    const ANA: &str = "ana-5f0c1e9b7d2a4468";
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path();
    let mut server = Asked::start(data_dir).await;
    let body = json!({"config": {"name": "App"}});
    let app = server.manage("POST", "/v2/apps", body).await;
    let text = |object: &Value, name: &str| object[name].as_str().unwrap().to_owned();
    let app_id = text(&app, "appId");
    let basic = wire::basic(&app_id, &text(&app, "appSecret"));
    let path = "/device/v1/instances";
    let made = server
        .call("POST", path, &basic, json!({"deviceKey": ANA}))
        .await;
    let instance_id = text(&made, "instanceId");
    let device = format!("Bearer {}", text(&made, "instanceToken"));
    let user = json!({"userId": ANA});
    server
        .call("PUT", "/device/v1/instance/user", &device, user)
        .await;
    for n in 0..30 {
        let event = json!([{
            "id": format!("f7826da6-4fa2-4e98-8024-{n:012x}"), "t": NOON, "verb": "buy",
            "item": ANA,
        }]);
        server
            .call("POST", "/device/v1/events", &device, event)
            .await;
    }
    let campaign =
        json!({"appId": app_id, "config": {"name": "News", "type": "Push", "startAt": NOON}});
    let campaign = server.manage("POST", "/v2/campaigns", campaign).await;
    for audience in [
        json!({"@type": "UsersAudience", "userIds": [ANA, "bob"]}),
        json!({"@type": "InstancesAudience", "instanceIds": [instance_id]}),
    ] {
        let body = json!({
            "campaignId": campaign["campaignId"], "config": {"name": "Tonight"},
            "trigger": {"@type": "ImmediateTrigger"}, "audience": audience,
            "action": {"@type": "SendPushAction", "body": {"default": "Open until ten"}},
        });
        server.manage("POST", "/v2/notifications", body).await;
    }
    let instance: moca_core::id::Id = instance_id.parse().unwrap();
    let traces = [&instance.0[8..], instance_id.as_bytes(), ANA.as_bytes()];
    assert!(!files_with(data_dir, &traces).is_empty());

    let path = format!("/v2/instances/{instance_id}");
    server.manage("DELETE", &path, Value::Null).await;
    server.binary.kill();
    let mut server = Asked::start(data_dir).await;
    let path = format!("/v2/instances?appId={app_id}");
    let list = server.manage("GET", &path, Value::Null).await;
    assert_eq!(list["total"], 0, "{list}");
    server.binary.stop();

    // The server sweeps once a day; here it is asked to.
    let url = format!("sqlite:{}", data_dir.join("control.db").display());
    let control = Control::open(&url).await.unwrap();
    let engine = Engine::start(data_dir, control, Arc::new(Now), Arc::new(Now));
    let engine = engine.await.unwrap();
    engine.sweep().await.unwrap();
    engine.shutdown().await.unwrap();
    drop(engine);
    assert_eq!(files_with(data_dir, &traces), Vec::<String>::new());
}
