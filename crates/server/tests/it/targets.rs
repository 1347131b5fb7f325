//! Push credentials of apps.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use moca_api::seal;
use moca_core::{
    app::App,
    id::Id,
    target::{KeptTarget, TargetSecrets},
};
use rcgen::PublicKeyData as _;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{
    NOON,
    keys::{APNS, RSA_FINGERPRINT, RSA_KEY, apns, p256, service_account, vapid},
    request::Answer,
    team::{Team, expected, faults},
};

const YEAR_MS: i64 = 365 * 86_400_000;

fn apns_key(private_key: &str) -> Value {
    json!({
        "@type": "ApnsKeyTarget", "keyId": "ABC123DEFG", "teamId": "DEF123GHIJ",
        "topic": "com.example.guide", "environment": "Sandbox", "privateKey": private_key,
    })
}

fn certificate(certificate: &str, private_key: &str) -> Value {
    json!({
        "@type": "ApnsCertificateTarget", "environment": "Production",
        "certificate": certificate, "privateKey": private_key,
    })
}

fn fcm() -> Value {
    json!({"@type": "FcmTarget", "serviceAccount": service_account()})
}

fn web_push() -> Value {
    json!({"@type": "WebPushTarget", "subject": "mailto:push@example.com"})
}

fn body(targets: &[Value]) -> Value {
    json!({"config": {"name": "A"}, "targets": targets})
}

/// The targets in an answer, which has no secret in it.
fn targets(answer: Answer) -> Vec<Value> {
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    for secret in [
        "PRIVATE",
        "privateKey\"",
        "private_key",
        "serviceAccount",
        "CERTIFICATE",
    ] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    answer.done()["targets"].as_array().unwrap().clone()
}

impl Team {
    async fn stored_app(&self, id: &str) -> App {
        let id: Id = id.parse().unwrap();
        let mut tx = self.installation.state.control.read().await.unwrap();
        tx.get(self.tenant.account_id, id).await.unwrap().unwrap()
    }

    /// The secrets of a target of the app with this id.
    fn open(&self, app: Id, kept: &KeptTarget) -> TargetSecrets {
        let field = format!("/targets/{}", kept.target.target_id);
        let context = seal::context(self.tenant.account_id, app, &field);
        let plain = self.installation.state.sealer.open(&context, &kept.sealed);
        serde_json::from_slice(&plain.unwrap()).unwrap()
    }
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn each_kind_is_understood_and_shown_without_its_secrets() {
    let team = Team::start().await;
    let key = p256();
    let (public, private) = vapid();
    let mut pair = web_push();
    pair["publicKey"] = json!(public);
    pair["privateKey"] = json!(private);
    // What openssl makes of a .p12 has both in one text.
    let both = format!("{}{}", APNS.certificate, APNS.key);
    let sent = [
        apns_key(&key.serialize_pem()),
        certificate(&both, &both),
        fcm(),
        pair,
    ];
    let made = team.post("/v2/apps", body(&sent)).await;
    let id = made.json()["appId"].as_str().unwrap().to_owned();
    let mut shown = targets(made);
    assert_eq!(targets(team.get(&format!("/v2/apps/{id}")).await), shown);
    for target in &mut shown {
        let target = target.as_object_mut().unwrap();
        assert_eq!(
            target.remove("targetId").unwrap().as_str().unwrap().len(),
            22
        );
        assert_eq!(target.remove("updatedAt"), Some(json!(NOON)));
    }
    let expires_at = 1_893_456_001_000_i64;
    assert_eq!(
        shown,
        [
            json!({
                "@type": "ApnsKeyTarget", "keyId": "ABC123DEFG", "teamId": "DEF123GHIJ",
                "topic": "com.example.guide", "environment": "Sandbox",
                "keyFingerprint": sha256(&key.subject_public_key_info()),
            }),
            json!({
                "@type": "ApnsCertificateTarget", "environment": "Production",
                "topic": "com.example.guide", "expiresAt": expires_at,
                "certificateFingerprint": sha256(&APNS.der),
            }),
            json!({
                "@type": "FcmTarget", "projectId": "city-guide", "privateKeyId": "0123456789abcdef",
                "clientEmail": "push@city-guide.iam.gserviceaccount.com",
                "keyFingerprint": RSA_FINGERPRINT,
            }),
            json!({
                "@type": "WebPushTarget", "subject": "mailto:push@example.com", "publicKey": public,
            }),
        ]
    );
    let app = team.stored_app(&id).await;
    let secrets: Vec<TargetSecrets> = app
        .targets
        .iter()
        .map(|kept| team.open(app.frame.id, kept))
        .collect();
    assert_eq!(secrets[0].private_key, key.serialize_der());
    assert_eq!(secrets[1].certificate, APNS.der);
    assert_eq!(
        secrets[3].private_key,
        URL_SAFE_NO_PAD.decode(private).unwrap()
    );
    // A secret opens for its own target only.
    let other = seal::context(team.tenant.account_id, app.frame.id, "/targets/other");
    assert!(
        team.installation
            .state
            .sealer
            .open(&other, &app.targets[0].sealed)
            .is_err()
    );
}

#[tokio::test]
async fn what_is_sent_back_keeps_its_secrets() {
    let team = Team::start().await;
    let key = p256().serialize_pem();
    let sent = [
        apns_key(&key),
        certificate(&APNS.certificate, &APNS.key),
        fcm(),
        web_push(),
    ];
    let id = team.create("/v2/apps", "appId", body(&sent)).await;
    let path = format!("/v2/apps/{id}");
    let before = team.stored_app(&id).await.targets;
    assert_ne!(before[3].sealed.len(), 0, "a pair was made");
    team.installation.clock.advance(1);
    let mut app = team.get(&path).await.done();
    app["targets"][0]["topic"] = json!("com.example.other");
    let put = targets(team.put(&path, app.clone()).await);
    assert_eq!(put[0]["topic"], "com.example.other");
    assert_eq!(put[0]["updatedAt"], json!(NOON + 1));
    assert_eq!(put[1..], app["targets"].as_array().unwrap()[1..]);
    let after = team.stored_app(&id).await.targets;
    let sealed = |kept: &[KeptTarget]| {
        kept.iter()
            .map(|kept| kept.sealed.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(sealed(&after), sealed(&before));

    // Even when its certificate has ended meanwhile.
    team.installation.clock.advance(5 * YEAR_MS);
    targets(team.put(&path, app.clone()).await);
    // Left out altogether, all stay; a new key takes the place of the old one.
    let bare = json!({"config": {"name": "B"}});
    assert_eq!(targets(team.put(&path, bare).await).len(), 4);
    let new = p256();
    app["targets"][0]["privateKey"] = json!(new.serialize_pem());
    let put = targets(team.put(&path, app.clone()).await);
    assert_eq!(put[0]["targetId"], app["targets"][0]["targetId"]);
    assert_eq!(
        put[0]["keyFingerprint"],
        sha256(&new.subject_public_key_info())
    );
    // What is not in the list goes.
    app["targets"] = json!([put[3]]);
    assert_eq!(
        targets(team.put(&path, app.clone()).await),
        [put[3].clone()]
    );
    app["targets"] = json!([]);
    assert_eq!(targets(team.put(&path, app).await), [] as [Value; 0]);
}

#[tokio::test]
async fn the_audit_log_shows_what_changed_and_no_secret() {
    let team = Team::start().await;
    let key = p256().serialize_pem();
    let sent = [apns_key(&key), fcm()];
    let id = team.create("/v2/apps", "appId", body(&sent)).await;
    let path = format!("/v2/apps/{id}");
    let mut app = team.get(&path).await.done();
    let mut before = app["targets"].clone();
    let changes: [fn(&mut Value); 2] = [
        |targets| targets[0]["topic"] = json!("com.example.other"),
        |targets| *targets = json!([]),
    ];
    for change in changes {
        change(&mut app["targets"]);
        let after = json!(targets(team.put(&path, app.clone()).await));
        let stored = team.get("/v2/audit-events?kind=app&limit=1").await.done();
        let event = &stored["items"][0];
        assert_eq!(event["before"]["targets"], before);
        assert_eq!(event["after"]["targets"], after);
        before = after;
    }
    let log = team.get("/v2/audit-events?kind=app").await.done();
    let text = log.to_string();
    assert!(
        !text.contains("sealed") && !text.contains("rivateKey\""),
        "{text}"
    );
}

#[tokio::test]
async fn what_does_not_work_is_refused_where_it_is_wrong() {
    let team = Team::start().await;
    let key = p256().serialize_pem();
    let sandbox = apns(Some("com.example.guide"), &[1]);
    let nameless = apns(None, &[]);
    let (public, private) = vapid();
    let mut wrong_account = fcm();
    wrong_account["serviceAccount"]["private_key"] = json!(key);
    wrong_account["serviceAccount"]["type"] = json!("user");
    let web = |more: Value| {
        let mut target = web_push();
        target
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        target
    };
    let mut unknown = web_push();
    unknown["targetId"] = json!("IXa7Bl9oRo6c7zQ5aQIzlg");
    let sent = [
        apns_key("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        apns_key(RSA_KEY),
        certificate(&APNS.certificate, &key),
        certificate(&sandbox.certificate, &sandbox.key),
        certificate(&nameless.certificate, &nameless.key),
        json!({"@type": "ApnsCertificateTarget", "environment": "Sandbox"}),
        wrong_account,
        json!({"@type": "FcmTarget"}),
        web(json!({"publicKey": public, "privateKey": vapid().1})),
        web(json!({"publicKey": public})),
        web(json!({"privateKey": private})),
        web(json!({"subject": "http://example.com"})),
        unknown,
        json!({"@type": "HuaweiTarget"}),
    ];
    let reasons = [
        ("/targets/0/privateKey", "invalid_format"),
        ("/targets/1/privateKey", "invalid_format"),
        ("/targets/2/privateKey", "mismatch"),
        ("/targets/3/environment", "mismatch"),
        ("/targets/4/certificate", "invalid_format"),
        ("/targets/5/certificate", "required"),
        ("/targets/5/privateKey", "required"),
        ("/targets/6/serviceAccount/type", "unknown_value"),
        ("/targets/6/serviceAccount/private_key", "invalid_format"),
        ("/targets/7/serviceAccount", "required"),
        ("/targets/8/privateKey", "mismatch"),
        ("/targets/9/privateKey", "required"),
        ("/targets/10/publicKey", "required"),
        ("/targets/11/subject", "invalid_format"),
        ("/targets/12/targetId", "not_found"),
        ("/targets/13/@type", "unknown_value"),
    ];
    let refused = team.post("/v2/apps", body(&sent)).await;
    assert_eq!(faults(&refused), expected(&reasons), "{}", refused.json());

    let good = certificate(&APNS.certificate, &APNS.key);
    team.installation.clock.advance(5 * YEAR_MS);
    let refused = team.post("/v2/apps", body(&[good])).await;
    assert_eq!(
        faults(&refused),
        expected(&[("/targets/0/certificate", "expired")])
    );
}

#[tokio::test]
async fn targets_are_of_one_app_and_each_once() {
    let team = Team::start().await;
    let mine = team.post("/v2/apps", body(&[web_push()])).await.done();
    let other = team.create("/v2/apps", "appId", body(&[])).await;
    let taken = body(&[mine["targets"][0].clone()]);
    let refused = team.put(&format!("/v2/apps/{other}"), taken).await;
    assert_eq!(
        faults(&refused)[0],
        ("/targets/0/targetId".into(), "not_found".into())
    );
    let path = format!("/v2/apps/{}", mine["appId"].as_str().unwrap());
    let twice = body(&[mine["targets"][0].clone(), mine["targets"][0].clone()]);
    let refused = team.put(&path, twice).await;
    assert_eq!(
        faults(&refused),
        expected(&[("/targets/1/targetId", "not_unique")])
    );
    // Another type is another secret.
    let mut changed = apns_key("");
    changed["targetId"] = mine["targets"][0]["targetId"].clone();
    changed.as_object_mut().unwrap().remove("privateKey");
    let refused = team.put(&path, body(&[changed])).await;
    assert_eq!(
        faults(&refused),
        expected(&[("/targets/0/privateKey", "required")])
    );
    let many = vec![web_push(); 21];
    let refused = team.put(&path, body(&many)).await;
    assert_eq!(faults(&refused), expected(&[("/targets", "too_long")]));
}
