//! OAuth 2.0 client credentials as RFC 6749 has them.

use serde_json::{Value, json};

use crate::support::{Installation, objects::Objects, request::Answer};

async fn start() -> (Installation, Objects) {
    let installation = Installation::start().await;
    let tenant = installation.tenant(true).await;
    let objects = installation.objects(&tenant).await;
    (installation, objects)
}

async fn exchange(installation: &Installation, form: &str) -> Answer {
    installation
        .ask("POST", "/oauth/token")
        .header(
            "content-type",
            "application/x-www-form-urlencoded; charset=UTF-8",
        )
        .body(form.to_owned())
        .send()
        .await
}

fn client(objects: &Objects) -> String {
    let (id, secret) = (&objects.ids["tokenId"], &objects.access_token);
    format!("grant_type=client_credentials&client_id={id}&client_secret={secret}")
}

async fn labels(installation: &Installation, token: &Value) -> Answer {
    let ask = installation.ask("GET", "/v2/labels");
    ask.bearer(token["access_token"].as_str().unwrap())
        .send()
        .await
}

#[tokio::test]
async fn a_client_gets_a_token_that_works_for_an_hour() {
    let (installation, objects) = start().await;
    let answer = exchange(&installation, &client(&objects)).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let token = answer.done();
    assert_eq!(token["token_type"], "Bearer");
    assert_eq!(token["expires_in"], 3_600);
    assert_eq!(token["scope"], "owner");
    assert_eq!(labels(&installation, &token).await.status, 200);
    installation.clock.advance(3_600_000);
    assert_eq!(
        labels(&installation, &token).await.code(),
        "not_authenticated"
    );
}

#[tokio::test]
async fn basic_credentials_are_form_encoded_first() {
    let (installation, objects) = start().await;
    let secret = objects.access_token.replace('-', "%2D");
    let answer = installation
        .ask("POST", "/oauth/token")
        .basic(&objects.ids["tokenId"], &secret)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials&scope=viewer&unknown=ignored")
        .send()
        .await
        .done();
    assert_eq!(answer["scope"], "viewer");
    // A parameter without a value is as good as none (RFC 6749 §3.2).
    let token = exchange(&installation, &format!("{}&scope=", client(&objects))).await;
    assert_eq!(token.done()["scope"], "owner");
    let body = json!({"config": {"name": "x"}});
    let ask = installation.ask("POST", "/v2/labels").json(&body);
    let answer = ask
        .bearer(answer["access_token"].as_str().unwrap())
        .send()
        .await;
    assert_eq!(answer.code(), "role_too_low");
}

#[tokio::test]
async fn revoking_the_client_revokes_its_tokens() {
    let (installation, objects) = start().await;
    let token = exchange(&installation, &client(&objects)).await.done();
    let path = format!("/v2/tokens/{}", objects.ids["tokenId"]);
    let ask = installation
        .ask("DELETE", &path)
        .bearer(&objects.tenant.token);
    let deleted = ask.send().await;
    if deleted.status == 409 {
        let path = format!("{path}?cascade=true");
        let ask = installation
            .ask("DELETE", &path)
            .bearer(&objects.tenant.token);
        ask.send().await.done();
    }
    assert_eq!(
        labels(&installation, &token).await.code(),
        "not_authenticated"
    );
}

#[tokio::test]
async fn refusals_speak_oauth_too() {
    let (installation, objects) = start().await;
    let right = client(&objects);
    let id = &objects.ids["tokenId"];
    for (form, status, error) in [
        (
            right.replace("client_credentials", "password"),
            400,
            "unsupported_grant_type",
        ),
        (
            right.replace("grant_type=client_credentials&", ""),
            400,
            "invalid_request",
        ),
        (format!("{right}&scope=king"), 400, "invalid_scope"),
        (
            format!("{right}&scope=viewer&scope=editor"),
            400,
            "invalid_request",
        ),
        (
            format!("grant_type=client_credentials&client_id={id}"),
            403,
            "invalid_client",
        ),
        (format!("{right}x"), 403, "invalid_client"),
        (right.replace(id.as_str(), "other"), 403, "invalid_client"),
        (
            "grant_type=client_credentials".into(),
            403,
            "invalid_client",
        ),
    ] {
        let answer = exchange(&installation, &form).await;
        assert_eq!(answer.status, status, "{form}");
        let body = answer.json();
        assert_eq!(body["error"], error, "{form}");
        assert!(body["error_description"].is_string(), "{body}");
    }
}

#[tokio::test]
async fn a_scope_above_the_clients_role_is_refused() {
    let (installation, objects) = start().await;
    let token = exchange(&installation, &format!("{}&scope=viewer", client(&objects))).await;
    let token = token.done();
    // The exchanged token is a client itself, and can hand out no more than it has.
    let list = labels(&installation, &token).await;
    assert_eq!(list.status, 200);
    let ask = installation
        .ask("GET", "/v2/tokens?limit=1000")
        .bearer(&objects.tenant.token);
    let tokens = ask.send().await.done();
    let id = tokens["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["parentId"] == objects.ids["tokenId"])
        .unwrap()["tokenId"]
        .clone();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope=editor",
        id.as_str().unwrap(),
        token["access_token"].as_str().unwrap()
    );
    let answer = exchange(&installation, &form).await;
    assert_eq!(answer.json()["error"], "invalid_scope");
}

#[tokio::test]
async fn expired_tokens_are_forgotten() {
    let (installation, objects) = start().await;
    let count = async || {
        let ask = installation.ask("GET", "/v2/tokens");
        let tokens = ask.bearer(&objects.tenant.token).send().await.done();
        tokens["total"].as_i64().unwrap()
    };
    let before = count().await;
    for _ in 0..5 {
        exchange(&installation, &client(&objects)).await.done();
        installation.clock.advance(3_600_000);
    }
    assert_eq!(count().await, before + 1);
}
