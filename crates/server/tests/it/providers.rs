//! The providers of a place, and the secret of one of them.

use moca_api::seal::{self, SealError};
use moca_core::{
    id::Id,
    place::{Place, PlaceConfig},
};
use serde_json::{Value, json};

use crate::support::{request::Answer, team::Team};

const SECRET: &str = "s3cr3t of the vendor";
const AT: &str = "/config/locationProvider";

fn with_secret() -> Value {
    json!({"name": "P", "externalId": "p", "locationProvider": {
        "siteId": "site", "accessKey": "access", "secretKey": SECRET
    }})
}

impl Team {
    /// The place as it is stored.
    async fn stored(&self, id: &str) -> Place {
        let id: Id = id.parse().unwrap();
        let mut tx = self.installation.state.control.read().await.unwrap();
        tx.get(self.tenant.account_id, id).await.unwrap().unwrap()
    }

    /// The secret that is kept of the place.
    async fn secret(&self, id: &str) -> Option<String> {
        let place = self.stored(id).await;
        let sealed = place.sealed_secret_key?;
        let context = seal::context(
            self.tenant.account_id,
            place.frame.id,
            "/config/locationProvider/secretKey",
        );
        let plain = self.installation.state.sealer.open(&context, &sealed);
        Some(String::from_utf8(plain.unwrap()).unwrap())
    }
}

/// What an answer says of the provider, without the secret anywhere.
fn provider(answer: Answer) -> Value {
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(
        !text.contains(SECRET) && !text.contains("secretKey"),
        "{text}"
    );
    answer.done().pointer(AT).cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_secret_goes_in_and_never_comes_out() {
    let team = Team::start().await;
    let made = team
        .post("/v2/places", json!({"config": with_secret()}))
        .await;
    let id = made.json()["placeId"].as_str().unwrap().to_owned();
    let shown = json!({
        "enabled": true, "siteId": "site", "accessKey": "access", "hasSecretKey": true
    });
    assert_eq!(provider(made), shown);
    let path = format!("/v2/places/{id}");
    assert_eq!(provider(team.get(&path).await), shown);
    let list = team.get("/v2/places").await;
    for (answer, tells) in [
        (list, true),
        (team.get("/v2/exports/places.csv").await, false),
        (team.get("/v2/exports/places.ndjson").await, false),
        (team.get("/v2/exports/places.geojson").await, false),
    ] {
        assert_eq!(answer.status, 200);
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(
            !text.contains(SECRET) && !text.contains("secretKey"),
            "{text}"
        );
        assert!(text.contains("access"), "{text}");
        assert_eq!(text.contains("hasSecretKey"), tells, "{text}");
    }
    assert_eq!(team.secret(&id).await.as_deref(), Some(SECRET));
    // Not in the clear, not in the configuration, and for no other object or field.
    let place = team.stored(&id).await;
    let config: PlaceConfig = place.config.clone();
    assert!(!serde_json::to_string(&config).unwrap().contains(SECRET));
    let sealed = place.sealed_secret_key.unwrap();
    assert!(
        !sealed
            .windows(SECRET.len())
            .any(|some| some == SECRET.as_bytes())
    );
    let other = seal::context(team.tenant.account_id, place.frame.id, "other");
    let opened = team.installation.state.sealer.open(&other, &sealed);
    assert_eq!(opened, Err(SealError::DoesNotOpen));
}

#[tokio::test]
async fn a_secret_stays_until_it_is_taken_away() {
    let team = Team::start().await;
    let id = team.place(with_secret()).await;
    let path = format!("/v2/places/{id}");
    let mut place = team.get(&path).await.done();
    place["config"]["locationProvider"]["siteId"] = json!("other");
    let put = provider(team.put(&path, place.clone()).await);
    assert_eq!(
        (&put["siteId"], &put["hasSecretKey"]),
        (&json!("other"), &json!(true))
    );
    assert_eq!(team.secret(&id).await.as_deref(), Some(SECRET));

    place["config"]["locationProvider"]["secretKey"] = json!("new");
    team.put(&path, place.clone()).await.done();
    assert_eq!(team.secret(&id).await.as_deref(), Some("new"));

    place["config"]["locationProvider"]["secretKey"] = Value::Null;
    let put = provider(team.put(&path, place.clone()).await);
    assert_eq!(put["hasSecretKey"], false);
    assert_eq!(team.secret(&id).await, None);

    // Without its provider it goes, and does not come back with another one.
    place["config"]["locationProvider"]["secretKey"] = json!(SECRET);
    team.put(&path, place.clone()).await.done();
    let bare = json!({"config": {"name": "P", "externalId": "p"}});
    team.put(&path, bare).await.done();
    place["config"]["locationProvider"] = json!({});
    let put = provider(team.put(&path, place).await);
    assert_eq!(put, json!({"enabled": true, "hasSecretKey": false}));
}

#[tokio::test]
async fn an_upsert_keeps_what_it_does_not_name() {
    let team = Team::start().await;
    let id = team.place(with_secret()).await;
    let path = "/v2/places/batch?upsert=true";
    let version = async || {
        let one = team.get(&format!("/v2/places/{id}")).await;
        one.header("etag").unwrap().to_owned()
    };
    let first = version().await;
    // The same again, secret and all, is no change.
    let body = json!({"items": [{"config": with_secret()}]});
    assert_eq!(
        team.post(path, body.clone()).await.done()["items"][0]["status"],
        200
    );
    assert_eq!(version().await, first);
    let mut kept = body.clone();
    let at = "/items/0/config/locationProvider";
    kept.pointer_mut(at)
        .unwrap()
        .as_object_mut()
        .unwrap()
        .remove("secretKey");
    team.post(path, kept).await.done();
    assert_eq!(version().await, first);
    let mut changed = body;
    changed.pointer_mut(at).unwrap()["secretKey"] = json!("new");
    team.post(path, changed).await.done();
    assert_ne!(version().await, first);
    assert_eq!(team.secret(&id).await.as_deref(), Some("new"));
    let mut removed = with_secret();
    removed["locationProvider"]["secretKey"] = Value::Null;
    let put = team.put("/v2/places/external/p", json!({"config": removed}));
    assert_eq!(provider(put.await)["hasSecretKey"], false);
}
