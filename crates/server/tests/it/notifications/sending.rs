//! What push services get, and what their answers lead to.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Version;
use moca_core::limits::{PUSH_ATTEMPTS_MAX, PUSH_PAUSE_MS_MAX};
use serde_json::{Value, json};

use super::{
    Newsroom, apns, fcm,
    provider::{Answer, Got, Provider, taken},
    to_all,
};
use crate::support::{
    NOON,
    keys::{APNS, vapid},
};

/// Head and claims of a token.
fn token(header: &str) -> (Value, Value) {
    let (_, token) = header.split_once(' ').unwrap();
    let parts: Vec<&str> = token.trim_end_matches(',').split('.').collect();
    assert_eq!(parts.len(), 3, "{header}");
    let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    (read(parts[0]), read(parts[1]))
}

#[tokio::test]
async fn each_push_service_gets_the_message_as_it_wants_it() {
    let provider = Provider::start(|_| taken()).await;
    let room = Newsroom::open(provider.settings()).await;
    let (p256dh, _) = vapid();
    let auth = URL_SAFE_NO_PAD.encode([7; 16]);
    let web = json!({
        "provider": "WebPush", "endpoint": format!("{}/browser", provider.url),
        "keys": {"p256dh": p256dh, "auth": auth},
    });
    let phone = room.phone(apns(1)).await;
    phone
        .put("", json!({"lang": "es-MX", "push": apns(1)}))
        .await;
    room.phone(json!({"provider": "APNsSandbox", "token": "02".repeat(32)}))
        .await;
    room.phone(fcm("android")).await;
    room.phone(web).await;
    // Without an address there is no way.
    room.phone(json!(null)).await;
    let mut body = to_all(&room.campaign);
    body["action"] = json!({
        "@type": "SendPushAction",
        "title": {"default": "Tonight", "es": "Esta noche"},
        "body": {"default": "Open until ten", "es": "Abierto hasta las diez"},
        "link": "guide://tonight", "image": "https://example.com/a.jpg",
        "sound": "bell.caf", "badge": 3, "data": {"room": "7"},
    });
    let path = room.notify(body).await;
    let notification = path.rsplit('/').next().unwrap();
    room.start().await;
    room.work().await;
    let status = room.status(&path).await;
    assert_eq!(
        (
            &status["state"],
            &status["targeted"],
            &status["sent"],
            &status["accepted"]
        ),
        (&json!("Completed"), &json!(4), &json!(4), &json!(4)),
        "{status}"
    );
    assert_eq!(status["failed"], json!({}));

    let mut got: BTreeMap<String, Got> = BTreeMap::new();
    for one in provider.messages() {
        got.insert(one.path.clone(), one);
    }
    assert_eq!(got.len(), 4);
    let about = json!({
        "notificationId": notification, "campaignId": room.campaign,
        "link": "guide://tonight", "image": "https://example.com/a.jpg",
    });

    let apple = &got[&format!("/3/device/{}", "01".repeat(32))];
    assert_eq!(apple.version, Version::HTTP_2);
    assert_eq!(
        apple.json(),
        json!({
            "aps": {
                "alert": {"title": "Esta noche", "body": "Abierto hasta las diez"},
                "sound": "bell.caf", "badge": 3, "mutable-content": 1,
            },
            "moca": about, "room": "7",
        })
    );
    for (name, value) in [
        ("apns-topic", "com.example.guide"),
        ("apns-push-type", "alert"),
        ("apns-priority", "10"),
        ("apns-collapse-id", notification),
    ] {
        assert_eq!(apple.header(name), value, "{name}");
    }
    assert_eq!(apple.header("apns-id").len(), 36);
    let (head, claims) = token(apple.header("authorization"));
    assert_eq!(
        head,
        json!({"alg": "ES256", "typ": "JWT", "kid": "ABC123DEFG"})
    );
    assert_eq!(claims, json!({"iss": "DEF123GHIJ", "iat": NOON / 1_000}));
    let sandbox = &got[&format!("/sandbox/3/device/{}", "02".repeat(32))];
    assert_eq!(sandbox.json()["aps"]["alert"]["title"], "Tonight");
    assert_ne!(sandbox.header("apns-id"), apple.header("apns-id"));

    let google = &got["/v1/projects/city-guide/messages:send"];
    assert_eq!(google.header("authorization"), "Bearer google");
    let message = &google.json()["message"];
    assert_eq!(message["token"], "android");
    assert_eq!(
        message["notification"],
        json!({
            "title": "Tonight", "body": "Open until ten", "image": "https://example.com/a.jpg",
        })
    );
    assert_eq!(message["android"]["notification"]["tag"], notification);
    assert_eq!(message["data"]["room"], "7");
    let said: Value = serde_json::from_str(message["data"]["moca"].as_str().unwrap()).unwrap();
    assert_eq!(said, about);

    let browser = &got["/browser"];
    assert_eq!(browser.header("topic"), notification);
    assert_eq!(browser.header("content-encoding"), "aes128gcm");
    // Nobody but the browser can read it.
    assert!(!browser.body.windows(4).any(|window| window == b"Open"));
    let (head, claims) = token(
        browser
            .header("authorization")
            .split_once('=')
            .map(|(_, it)| it)
            .map(|it| format!("t {it}"))
            .unwrap()
            .split(" k=")
            .next()
            .unwrap(),
    );
    assert_eq!(head, json!({"alg": "ES256", "typ": "JWT"}));
    assert_eq!(claims["aud"], provider.url);
    assert_eq!(claims["sub"], "mailto:push@example.com");
}

#[tokio::test]
async fn answers_are_counted_by_reason_and_ended_addresses_forgotten() {
    let provider = Provider::start(|got| {
        let reason = |status, reason: &str| Answer::Reply(status, None, json!({"reason": reason}));
        match got.device().as_str() {
            device if device == "01".repeat(32) => reason(410, "Unregistered"),
            device if device == "02".repeat(32) => reason(400, "BadDeviceToken"),
            device if device == "03".repeat(32) => reason(403, "InvalidProviderToken"),
            device if device == "04".repeat(32) => reason(413, "PayloadTooLarge"),
            device if device == "05".repeat(32) => reason(400, "BadCollapseId"),
            "gone" => Answer::Reply(404, None, json!({"error": {
                "details": [{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "UNREGISTERED"}],
            }})),
            _ => taken(),
        }
    })
    .await;
    let room = Newsroom::open(provider.settings()).await;
    let mut phones = Vec::new();
    for byte in 1..=6 {
        phones.push(room.phone(apns(byte)).await);
    }
    phones.push(room.phone(fcm("gone")).await);
    phones.push(room.phone(fcm("here")).await);
    let status = room.send_to_all().await;
    assert_eq!(
        status["failed"],
        json!({
            "Unregistered": 3, "CredentialRefused": 1, "TooLarge": 1, "Refused": 1,
        })
    );
    assert_eq!(
        (&status["sent"], &status["accepted"]),
        (&json!(8), &json!(2)),
        "{status}"
    );
    for (index, phone) in phones.iter().enumerate() {
        let is_gone = [0, 1, 6].contains(&index);
        assert_eq!(room.is_reachable(phone).await, !is_gone, "{index}");
    }
    // It was not the device that said so.
    let path = format!("/v2/instances/{}/export", phones[0].instance_id);
    let export = room.team.get(&path).await.done();
    let log = export["log"].as_array().unwrap();
    assert_eq!(log.last().unwrap()["kind"], "pushEnded", "{export}");
}

#[tokio::test]
async fn a_busy_service_is_asked_again_after_a_pause() {
    let answers = std::sync::Mutex::new(vec![
        Answer::Reply(429, Some("30"), json!({"reason": "TooManyRequests"})),
        Answer::Reply(503, None, json!({})),
    ]);
    let provider = Provider::start(move |_| {
        let mut answers = answers.lock().unwrap();
        match answers.is_empty() {
            true => taken(),
            false => answers.remove(0),
        }
    })
    .await;
    let room = Newsroom::open(provider.settings()).await;
    room.phone(apns(1)).await;
    let path = room.notify(to_all(&room.campaign)).await;
    room.start().await;
    room.work().await;
    let mut ids = Vec::new();
    // 30 seconds as it asks for, then two of our own: the second pause in a row is twice the first.
    for (wait_ms, state) in [(30_000, "Sending"), (2_000, "Sending"), (0, "Completed")] {
        let got = provider.messages();
        assert_eq!(got.len(), 1);
        ids.push(got[0].header("apns-id").to_owned());
        let status = room.status(&path).await;
        assert_eq!(status["state"], state, "{status}");
        if wait_ms > 0 {
            room.team.installation.clock.advance(wait_ms - 1);
            room.work().await;
            assert!(provider.messages().is_empty());
            room.team.installation.clock.advance(1);
            room.work().await;
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "a repeat has the id of the first");
    assert_eq!(room.status(&path).await["accepted"], 1);
}

#[tokio::test]
async fn who_could_not_be_served_in_eight_attempts_is_given_up() {
    let provider = Provider::start(|_| Answer::Reply(500, None, json!({}))).await;
    let room = Newsroom::open(provider.settings()).await;
    let phone = room.phone(apns(1)).await;
    let path = room.notify(to_all(&room.campaign)).await;
    room.start().await;
    for _ in 0..8 {
        room.work().await;
        room.team.installation.clock.advance(300_000);
    }
    room.work().await;
    let status = room.status(&path).await;
    assert_eq!(status["state"], "Completed", "{status}");
    assert_eq!(status["failed"], json!({"Overloaded": 1}), "{status}");
    assert_eq!(provider.messages().len(), 8);
    assert!(room.is_reachable(&phone).await);
}

#[tokio::test]
async fn browsers_lead_into_no_inner_network() {
    let provider = Provider::start(|_| taken()).await;
    let mut settings = provider.settings();
    settings.allow_private = false;
    let room = Newsroom::open(settings).await;
    let (p256dh, _) = vapid();
    for host in ["127.0.0.1", "localhost"] {
        let endpoint = provider.url.replace("localhost", host);
        let keys = json!({"p256dh": p256dh, "auth": URL_SAFE_NO_PAD.encode([7; 16])});
        room.phone(json!({"provider": "WebPush", "endpoint": endpoint, "keys": keys}))
            .await;
    }
    let status = room.send_to_all().await;
    assert_eq!(status["failed"], json!({"Refused": 1}), "{status}");
    // A name may lead elsewhere the next time.
    assert_eq!(status["state"], "Sending", "{status}");
    assert!(provider.messages().is_empty());
}

#[tokio::test]
async fn a_certificate_says_who_sends_to_apple() {
    let provider = Provider::start(|_| taken()).await;
    let targets = json!([{
        "@type": "ApnsCertificateTarget", "environment": "Production",
        "certificate": APNS.certificate, "privateKey": APNS.key,
    }]);
    let room = Newsroom::open_with(provider.settings(), targets).await;
    room.phone(apns(1)).await;
    let status = room.send_to_all().await;
    assert_eq!(status["accepted"], 1, "{status}");
    let [got] = &provider.messages()[..] else {
        panic!("one message");
    };
    assert_eq!(got.certificate.as_deref(), Some(&APNS.der[..]));
    assert_eq!(got.header("authorization"), "");
    assert_eq!(got.header("apns-topic"), "com.example.guide");
    assert_eq!(got.version, Version::HTTP_2);
}

#[tokio::test]
async fn who_is_sent_elsewhere_in_the_middle_is_served_once_and_nobody_is_left_out() {
    let count = AtomicUsize::new(0);
    let provider = Provider::start(move |_| match count.fetch_add(1, Ordering::SeqCst) % 7 {
        6 => Answer::GoAway,
        _ => taken(),
    })
    .await;
    let room = Newsroom::open(provider.settings()).await;
    for byte in 0..60 {
        room.phone(apns(byte)).await;
    }
    let path = room.notify(to_all(&room.campaign)).await;
    room.start().await;
    for _ in 0..PUSH_ATTEMPTS_MAX {
        room.work().await;
        room.team.installation.clock.advance(PUSH_PAUSE_MS_MAX);
    }
    let status = room.status(&path).await;
    assert_eq!(
        (&status["state"], &status["accepted"]),
        (&json!("Completed"), &json!(60)),
        "{status}"
    );
    let mut devices: Vec<String> = provider.messages().iter().map(Got::device).collect();
    devices.sort();
    let expected: Vec<String> = (0..60)
        .map(|byte| format!("{byte:02x}").repeat(32))
        .collect();
    assert_eq!(devices, expected);
}
