//! The server is killed while it deletes an account. What is left goes when that is asked for again.

use moca_core::{
    id::{AccountId, Id},
    resource::Kind,
};
use moca_storage::control::Control;
use serde_json::{Value, json};

use crate::{
    audit_check::check,
    support::{
        binary::Binary,
        wire::{self, Trust, Wire},
    },
};

/// Of which the deletion takes a hundred at a time.
const PLACES: usize = 1_000;
/// How many places are left when the server is killed, at most.
const KILLS: [i64; 3] = [999, 800, 300];

/// A server, and how to talk to it.
struct Asked {
    binary: Binary,
    trust: Trust,
}

impl Asked {
    async fn call(&self, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let mut wire = Wire::connect(self.binary.address(), &self.trust)
            .await
            .unwrap();
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let authorization = format!("Bearer {token}");
        let reply = wire.call(method, path, &authorization, &body).await;
        let reply = reply.unwrap();
        (reply.status, reply.json())
    }

    async fn make(&self, path: &str, token: &str, body: Value) -> Value {
        let (status, made) = self.call("POST", path, token, &body).await;
        assert!(matches!(status, 200 | 201), "{made}");
        made
    }

    /// Begins to delete the account, and returns when no more than so many of its places are left.
    async fn begin_to_delete(&self, path: &str, places_left: i64) {
        let mut wire = Wire::connect(self.binary.address(), &self.trust)
            .await
            .unwrap();
        let request = format!(
            "DELETE {path}?cascade=true HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
             content-length: 0\r\n\r\n",
            self.binary.token()
        );
        wire.send(request.as_bytes()).await.unwrap();
        loop {
            let token = self.binary.token();
            let (status, account) = self.call("GET", path, &token, &Value::Null).await;
            let left = account["quotas"]["place"]["used"].as_i64();
            if status == 404 || left.is_some_and(|left| left <= places_left) {
                return;
            }
        }
    }
}

#[tokio::test]
async fn a_deletion_of_an_account_that_was_cut_short_is_finished_by_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let binary = Binary::start(directory.path());
    let trust = wire::trust(&binary.ca_path());
    let mut server = Asked { binary, trust };
    let operator = server.binary.token();
    let other = json!({"config": {"name": "Other"}});
    let made = server.make("/v2/accounts", &operator, other).await;
    let text = |object: &Value, name: &str| object[name].as_str().unwrap().to_owned();
    let (id, theirs) = (text(&made, "accountId"), text(&made, "firstToken"));
    let places = (0..PLACES).map(|n| json!({"config": {"name": format!("Place {n}")}}));
    let places = json!({"items": places.collect::<Vec<_>>()});
    server.make("/v2/places/batch", &theirs, places).await;
    let app = json!({"config": {"name": "App"}});
    let app = server.make("/v2/apps", &theirs, app).await;
    let basic = wire::basic(&text(&app, "appId"), &text(&app, "appSecret"));
    let mut wire = Wire::connect(server.binary.address(), &server.trust)
        .await
        .unwrap();
    let device = wire.call("POST", "/device/v1/instances", &basic, "{}");
    let device = device.await.unwrap().json();

    let path = format!("/v2/accounts/{id}");
    for places_left in KILLS {
        server.begin_to_delete(&path, places_left).await;
        server.binary.kill();
        server.binary = Binary::start(directory.path());
    }
    let all = format!("{path}?cascade=true");
    let (status, answer) = server.call("DELETE", &all, &operator, &Value::Null).await;
    // The last one that was killed may have done it.
    assert!(matches!(status, 200 | 404), "{answer}");

    let (status, answer) = server.call("GET", &path, &operator, &Value::Null).await;
    assert_eq!(status, 404, "{answer}");
    let accounts = server.call("GET", "/v2/accounts", &operator, &Value::Null);
    assert_eq!(accounts.await.1["total"], 1);
    let token = text(&device, "instanceToken");
    let device = server.call("GET", "/device/v1/instance", &token, &Value::Null);
    assert_eq!(device.await.0, 403);
    server.binary.stop();
    let checked = check(directory.path(), &[]);
    assert_eq!(checked.code, 0, "{} {}", checked.out, checked.err);
    let url = format!("sqlite:{}", directory.path().join("control.db").display());
    let control = Control::open(&url).await.unwrap();
    let mut tx = control.read().await.unwrap();
    let id: Id = id.parse().unwrap();
    let left = tx.count_references(AccountId(id), Kind::Account, id);
    assert_eq!(left.await.unwrap(), 0);
}
