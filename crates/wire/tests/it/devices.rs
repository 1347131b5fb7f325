//! What devices send besides events, and the shapes of what is answered.

use moca_core::event::TagChange;
use moca_wire::{analytics, instances};
use serde_json::{Value, json};

use crate::support::{
    Change::{Remove, Set},
    ID, assert_faults, assert_optional,
};

fn registration() -> Value {
    json!({
        "deviceKey": "k-1", "deviceModel": "Pixel 9", "deviceType": "Phone", "os": "Android",
        "osVersion": "16", "lang": "es-MX", "country": "ES", "timeZone": "Europe/Madrid",
        "carrier": "Movistar", "appVersion": "1.2", "sdkVersion": "3.0",
        "locationStatus": "always", "push": {"provider": "APNs", "token": "00aa".repeat(16)},
        "consents": {
            "analytics": {"granted": false, "version": "1"},
            "profiling": {"granted": true, "version": "2", "at": 946_684_800_000_i64}
        }
    })
}

#[test]
fn a_full_registration_is_read_and_written_back() {
    let input = instances::read_registration(&registration()).unwrap();
    assert_eq!(serde_json::to_value(&input).unwrap(), registration());
    assert!(instances::read_registration(&json!({})).is_ok());
    assert_optional(
        &registration(),
        instances::read_registration,
        &[
            "/lang",
            "/locationStatus",
            "/deviceKey",
            "/consents",
            "/consents/analytics",
            "/consents/profiling/at",
        ],
    );
    assert_faults(
        &registration(),
        instances::read_registration,
        &[
            ("/deviceKey", Set(json!("")), "/deviceKey", "too_short"),
            ("/lang", Set(json!("Spanish!")), "/lang", "invalid_format"),
            ("/country", Set(json!("ESP")), "/country", "invalid_format"),
            (
                "/timeZone",
                Set(json!("Here")),
                "/timeZone",
                "unknown_value",
            ),
            ("/os", Set(json!(7)), "/os", "wrong_type"),
            (
                "/locationStatus",
                Set(json!(" ")),
                "/locationStatus",
                "too_short",
            ),
            ("/consents", Set(json!([])), "/consents", "wrong_type"),
            (
                "/consents/analytics/granted",
                Remove,
                "/consents/analytics/granted",
                "required",
            ),
            (
                "/consents/profiling/at",
                Set(json!(946_684_799_999_i64)),
                "/consents/profiling/at",
                "out_of_range",
            ),
            (
                "/instanceId",
                Set(json!(ID)),
                "/instanceId",
                "unknown_field",
            ),
        ],
    );
}

#[test]
fn what_phones_send_is_read() {
    let told = |key: &str, sent: Value| {
        let read = instances::read_registration(&json!({key: sent}))?;
        let written = serde_json::to_value(&read).unwrap();
        Ok::<Value, Vec<moca_wire::problem::Fault>>(written[key].clone())
    };
    // No SIM, no region: the system gives an empty text.
    for key in [
        "deviceModel",
        "deviceType",
        "os",
        "osVersion",
        "lang",
        "country",
        "timeZone",
        "carrier",
        "appVersion",
        "sdkVersion",
        "locationStatus",
    ] {
        assert_eq!(told(key, json!("")).unwrap(), Value::Null, "{key}");
        assert!(told(key, json!(" ")).is_err(), "{key}");
    }
    for (key, sent, kept) in [
        ("lang", "es_ES", "es-ES"),
        ("lang", "zh_Hans_CN", "zh-Hans-CN"),
        ("lang", "es-419", "es-419"),
        ("timeZone", "GMT+02:00", "Etc/GMT-2"),
        ("timeZone", "GMT+0200", "Etc/GMT-2"),
        ("timeZone", "GMT+2", "Etc/GMT-2"),
        ("timeZone", "UTC-12:00", "Etc/GMT+12"),
        ("timeZone", "GMT+14:00", "Etc/GMT-14"),
        ("timeZone", "GMT-00:00", "Etc/GMT"),
        ("timeZone", "GMT", "GMT"),
        ("timeZone", "Etc/GMT-2", "Etc/GMT-2"),
    ] {
        assert_eq!(told(key, json!(sent)).unwrap(), kept, "{sent}");
    }
    for (key, sent) in [
        ("lang", "_ES"),
        ("lang", "es__ES"),
        ("timeZone", "GMT+05:30"),
        ("timeZone", "GMT+15:00"),
        ("timeZone", "GMT-13"),
        ("timeZone", "GMT+2:00:00"),
        ("timeZone", "GMT+"),
        ("timeZone", "+02:00"),
        ("timeZone", "GMT\u{b1}2"),
    ] {
        let faults = told(key, json!(sent)).unwrap_err();
        assert_eq!(faults[0].pointer, format!("/{key}"), "{sent}");
        let says_how = faults[0].detail.contains("GMT+02:00");
        assert_eq!(says_how, key == "timeZone", "{sent}");
    }
}

#[test]
fn an_offset_is_the_zone_that_is_always_there() {
    for hours in -12_i64..=14 {
        let sent = format!("GMT{hours:+03}:00");
        let read = instances::read_registration(&json!({"timeZone": sent})).unwrap();
        let name = read.profile.time_zone.unwrap();
        let zone = moca_core::time::Zone::named(&name).unwrap();
        // In winter and in summer.
        for at_ms in [1_767_614_400_000, 1_783_252_800_000] {
            let hour = (at_ms / 3_600_000 + hours).rem_euclid(24);
            assert_eq!(zone.hour_and_day(at_ms).0, hour, "{sent} is {name}");
        }
    }
}

#[test]
fn an_instance_can_be_sent_back_as_its_profile() {
    let answer = json!({
        "createdAt": 1, "instanceId": ID, "appId": ID, "userId": "u", "properties": {}, "tags": {"a": 1.0},
        "pushEnabled": true, "push": {"provider": "FCM", "token": "a:b"}, "lang": "es",
        "consents": {"marketing": {"granted": true, "version": "1", "at": 946_684_800_003_i64}},
        "locationStatus": "whenInUse"
    });
    let instance: instances::Instance = serde_json::from_value(answer.clone()).unwrap();
    assert_eq!(serde_json::to_value(&instance).unwrap(), answer);
    let told = instances::read_profile(&answer).by_itself().unwrap();
    assert_eq!((told.profile, told.push), (instance.profile, instance.push));
    assert_eq!(told.location_status.as_deref(), Some("whenInUse"));
}

#[test]
fn a_push_address_is_that_of_its_provider() {
    let point = format!("B{}", "A".repeat(86));
    let browser = json!({
        "provider": "WebPush",
        "endpoint": "https://push.example.com/send/1",
        "expirationTime": null,
        "keys": {"p256dh": point, "auth": ID}
    });
    let registration = |push: &Value| instances::read_registration(&json!({"push": push}));
    for (sent, kept) in [
        (
            json!({"provider": "APNsSandbox", "token": "00AAbbCCddEEff11"}),
            json!({"provider": "APNsSandbox", "token": "00aabbccddeeff11"}),
        ),
        (browser.clone(), {
            let mut kept = browser.clone();
            kept.as_object_mut().unwrap().remove("expirationTime");
            kept
        }),
    ] {
        let read = registration(&sent).unwrap();
        assert_eq!(serde_json::to_value(&read.push).unwrap(), kept);
        let shown = format!("{read:?}");
        assert!(
            !shown.contains("aabb") && !shown.contains("send"),
            "{shown}"
        );
    }
    let read = |push: &Value| registration(push).map(drop);
    let faults = |sent: &Value, changes: &[_]| assert_faults(sent, read, changes);
    faults(
        &browser,
        &[
            (
                "/provider",
                Set(json!("HMS")),
                "/push/provider",
                "unknown_value",
            ),
            (
                "/endpoint",
                Set(json!("http://a.example/")),
                "/push/endpoint",
                "invalid_format",
            ),
            (
                "/endpoint",
                Set(json!("https://u@a.example/")),
                "/push/endpoint",
                "invalid_format",
            ),
            (
                "/keys/auth",
                Set(json!("AA")),
                "/push/keys/auth",
                "invalid_format",
            ),
            ("/keys/auth", Remove, "/push/keys/auth", "required"),
            (
                "/keys/p256dh",
                Set(json!(format!("C{}", "A".repeat(86)))),
                "/push/keys/p256dh",
                "invalid_format",
            ),
            ("/token", Set(json!("a")), "/push/token", "unknown_field"),
        ],
    );
    let phone = json!({"provider": "APNs", "token": "00".repeat(32)});
    faults(
        &phone,
        &[
            ("/token", Set(json!("0")), "/push/token", "invalid_format"),
            (
                "/token",
                Set(json!("xy".repeat(32))),
                "/push/token",
                "invalid_format",
            ),
            (
                "/token",
                Set(json!("00".repeat(101))),
                "/push/token",
                "invalid_format",
            ),
        ],
    );
    let android = json!({"provider": "FCM", "token": "a:b-c_d.e"});
    faults(
        &android,
        &[
            ("/token", Set(json!("")), "/push/token", "invalid_format"),
            ("/token", Set(json!("a b")), "/push/token", "invalid_format"),
            (
                "/token",
                Set(json!("a".repeat(4097))),
                "/push/token",
                "too_long",
            ),
        ],
    );
}

#[test]
fn a_login_names_the_user() {
    let full = json!({"userId": "u-7", "properties": {"gender": "f", "birth_year": null}});
    let input = instances::read_login(&full).unwrap();
    assert_eq!(serde_json::to_value(&input).unwrap(), full);
    assert_optional(&full, instances::read_login, &["/properties"]);
    assert_faults(
        &full,
        instances::read_login,
        &[
            ("/userId", Remove, "/userId", "required"),
            ("/userId", Set(json!(7)), "/userId", "wrong_type"),
            (
                "/properties/x",
                Set(json!({})),
                "/properties/x",
                "wrong_type",
            ),
        ],
    );
}

#[test]
fn properties_are_required_and_may_be_null_one_by_one() {
    let full = json!({"properties": {"a": 1, "b": null}});
    let input = instances::read_properties(&full).unwrap();
    assert_eq!(input.properties["b"], None);
    assert_faults(
        &full,
        instances::read_properties,
        &[("/properties", Remove, "/properties", "required")],
    );
}

#[test]
fn a_tag_is_changed_by_an_expression() {
    let read = |value: Value| instances::read_tag(&json!({ "value": value }));
    assert_eq!(read(json!("+1")), Ok(TagChange::Add(1.0)));
    assert_eq!(read(json!("=3.5")), Ok(TagChange::Set(3.5)));
    assert_eq!(read(json!(4)), Ok(TagChange::Set(4.0)));
    assert_faults(
        &json!({"value": "+1"}),
        instances::read_tag,
        &[
            ("/value", Remove, "/value", "required"),
            ("/value", Set(json!("many")), "/value", "invalid_format"),
            ("/value", Set(json!(-1)), "/value", "out_of_range"),
            ("/value", Set(json!(true)), "/value", "wrong_type"),
        ],
    );
}

#[test]
fn a_group_names_its_kind() {
    let group = json!({"placeId": ID, "value": 7});
    let read: analytics::GroupCount = serde_json::from_value(group.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), group);
}
