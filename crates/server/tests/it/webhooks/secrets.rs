//! The secrets of webhooks: shown once, kept sealed, changed without a gap.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use moca_core::account::Role;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{Bureau, path, text};
use crate::{
    notifications::provider::{Got, Provider, taken},
    support::team::{expected, faults},
};

/// HMAC (RFC 2104) written down once more.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let padded = |pad: u8| -> Vec<u8> {
        (0..64)
            .map(|i| key.get(i).copied().unwrap_or(0) ^ pad)
            .collect()
    };
    let inner = Sha256::digest([&padded(0x36), message].concat());
    Sha256::digest([&padded(0x5c)[..], &inner].concat()).to_vec()
}

/// Which of these secrets the request is signed with, in the order of its signatures.
fn signed_with<'s>(got: &Got, secrets: &[&'s str]) -> Vec<&'s str> {
    let id = got.header("webhook-id");
    let at = got.header("webhook-timestamp");
    let mut signed = format!("{id}.{at}.").into_bytes();
    signed.extend_from_slice(&got.body);
    let by = |secret: &str| {
        let key = STANDARD
            .decode(secret.strip_prefix("whsec_").unwrap())
            .unwrap();
        assert_eq!(key.len(), 32);
        format!("v1,{}", STANDARD.encode(hmac_sha256(&key, &signed)))
    };
    let signatures = got.header("webhook-signature").split(' ');
    let known = |signature: &str| secrets.iter().copied().find(|it| by(it) == signature);
    signatures
        .map(|it| known(it).unwrap_or("unknown"))
        .collect()
}

#[tokio::test]
async fn a_new_secret_is_used_beside_the_old_one_for_a_while() {
    let bureau = Bureau::open(Provider::start(|_| taken()).await).await;
    let hook = bureau.hook(&["instance.registered"], json!({})).await;
    let first = text(&hook, "secret");
    bureau.phone().await;
    assert_eq!(signed_with(&bureau.tell().await[0], &[&first]), [&first]);

    let team = &bureau.team;
    let rotate = format!("{}/secret", path(&hook));
    let rotated = team.put(&rotate, json!({"overlapMs": 60_000})).await.done();
    let second = text(&rotated, "secret");
    assert_ne!(first, second);
    let until = rotated["previousSecretUntil"].as_i64().unwrap();
    bureau.phone().await;
    let both = [second.as_str(), first.as_str()];
    assert_eq!(signed_with(&bureau.tell().await[0], &both), both);
    let tried = team.act(&format!("{}/test", path(&hook))).await.done();
    assert_eq!(
        (&tried["delivered"], &tried["statusCode"]),
        (&json!(true), &json!(200))
    );
    let test = &bureau.receiver.messages()[0];
    assert_eq!(signed_with(test, &both), both);
    assert_eq!(test.json()["type"], "webhook.test");

    team.installation.clock.advance(60_000);
    bureau.phone().await;
    assert_eq!(signed_with(&bureau.tell().await[0], &both), [&second]);
    let read = bureau.read(&hook).await;
    assert!(read.get("previousSecretUntil").is_none() && until > 0);

    let at_once = team.put(&rotate, json!({"overlapMs": 0})).await.done();
    let third = text(&at_once, "secret");
    bureau.phone().await;
    assert_eq!(
        signed_with(&bureau.tell().await[0], &[&third, &second]),
        [&third]
    );
}

#[tokio::test]
async fn a_secret_is_told_once_and_stands_nowhere() {
    let bureau = Bureau::open(Provider::start(|_| taken()).await).await;
    let team = &bureau.team;
    let hook = bureau.hook(&["*"], json!({})).await;
    let secret = text(&hook, "secret");
    let changed = json!({"config": hook["config"]});
    let put = team.put(&path(&hook), changed).await.done().to_string();
    let mut seen = vec![put];
    for path in [
        path(&hook),
        "/v2/webhooks".to_owned(),
        "/v2/audit-events".to_owned(),
    ] {
        seen.push(team.get(&path).await.done().to_string());
    }
    for text in seen {
        assert!(!text.contains("whsec_"), "{text}");
    }
    // Nor in a file.
    let bytes = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let mut looked = 0;
    for entry in std::fs::read_dir(team.installation.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let file = std::fs::read(&path).unwrap();
            let holds = |part: &[u8]| file.windows(part.len()).any(|window| window == part);
            assert!(
                !holds(&bytes) && !holds(secret.as_bytes()),
                "{}",
                path.display()
            );
            looked += 1;
        }
    }
    assert!(looked > 0);
}

#[tokio::test]
async fn who_may_not_change_webhooks_sees_them_and_no_more() {
    let bureau = Bureau::open(Provider::start(|_| taken()).await).await;
    let team = &bureau.team;
    let hook = bureau.hook(&["*"], json!({})).await;
    let (_, editor) = team.member(Role::Editor).await;
    let (_, analyst) = team.member(Role::Analyst).await;
    team.get_as(&editor, &path(&hook)).await.done();
    assert_eq!(
        team.get_as(&analyst, &path(&hook)).await.code(),
        "role_too_low"
    );
    let rotate = format!("{}/secret", path(&hook));
    let refused = team.send_as(&editor, "PUT", &rotate, &json!({})).await;
    assert_eq!(refused.code(), "role_too_low");
}

#[tokio::test]
async fn all_that_is_wrong_with_a_webhook_is_told() {
    let bureau = Bureau::open(Provider::start(|_| taken()).await).await;
    let body = json!({"config": {
        "url": "http://example.com/", "events": ["place.left", "place.*", "place.*"],
        "format": "XML", "appId": "IXa7Bl9oRo6c7zQ5aQIzlg", "enabled": 1,
    }});
    let refused = bureau.team.post("/v2/webhooks", body).await;
    let mut faults = crate::support::team::faults(&refused);
    faults.sort();
    let mut expected = crate::support::team::expected(&[
        ("/config/appId", "not_found"),
        ("/config/enabled", "wrong_type"),
        ("/config/events/0", "invalid_format"),
        ("/config/events/2", "not_unique"),
        ("/config/format", "unknown_value"),
        ("/config/name", "required"),
        ("/config/url", "invalid_format"),
    ]);
    expected.sort();
    assert_eq!(faults, expected);
    for url in [
        "https://user:pass@example.com/",
        "ftp://example.com/",
        "https://",
    ] {
        let body = json!({"config": {"name": "H", "url": url, "events": ["*"]}});
        let refused = bureau.team.post("/v2/webhooks", body).await;
        assert_eq!(crate::support::team::faults(&refused).len(), 1, "{url}");
    }
}

#[tokio::test]
async fn a_secret_is_changed_by_its_own_call_only() {
    let bureau = Bureau::open(Provider::start(|_| taken()).await).await;
    let hook = bureau.hook(&["instance.registered"], json!({})).await;
    let team = &bureau.team;
    let mut body = team.get(&path(&hook)).await.done();
    body["config"]["name"] = json!("Another name");
    body["secret"] = hook["secret"].clone();
    team.put(&path(&hook), body.clone()).await.done();
    body["secret"] = json!(format!("whsec_{}=", "A".repeat(43)));
    let refused = team.put(&path(&hook), body).await;
    assert_eq!(faults(&refused), expected(&[("/secret", "immutable")]));
    bureau.phone().await;
    let first = text(&hook, "secret");
    assert_eq!(signed_with(&bureau.tell().await[0], &[&first]), [&first]);
}
