//! Erasing instances and users through the API, and what is in the files afterwards.

use std::{path::Path, sync::Arc};

use moca_core::clock::{Clock, Random};
use moca_engine::Engine;
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
