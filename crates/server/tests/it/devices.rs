//! What a device does: tell of itself, send events, read its inbox; and what the account sees of it.

use moca_core::limits::{EVENT_BYTES_MAX, EVENTS_MAX, JSON_DEPTH_MAX};
use serde_json::{Value, json};

use crate::support::{Installation, NOON, objects::Objects, request::Answer};

async fn start() -> (Installation, Objects) {
    let installation = Installation::start().await;
    let tenant = installation.tenant(true).await;
    let objects = installation.objects(&tenant).await;
    (installation, objects)
}

async fn device(
    installation: &Installation,
    objects: &Objects,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Answer {
    let ask = installation
        .ask(method, path)
        .bearer(&objects.instance_token);
    match body {
        Some(body) => ask.json(&body).send().await,
        None => ask.send().await,
    }
}

fn event(n: u32, t: i64, rest: Value) -> Value {
    let mut event = json!({"id": format!("f7826da6-4fa2-4e98-8024-{n:012x}"), "t": t});
    for (key, value) in rest.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

#[tokio::test]
async fn good_events_are_taken_and_bad_ones_named() {
    let (installation, objects) = start().await;
    let good = |n| event(n, NOON, json!({"verb": "buy"}));
    let batch = json!([
        good(1),
        {"id": "nonsense", "t": NOON, "verb": "buy"},
        event(2, NOON, json!({"location": {"lat": 91, "lon": 0}})),
        good(2),
        good(1),
        7,
    ]);
    let path = "/device/v1/events";
    let answer = device(&installation, &objects, "POST", path, Some(batch.clone())).await;
    let answer = answer.done();
    assert_eq!(answer["accepted"], 2, "{answer}");
    assert_eq!(answer["duplicates"], 1, "{answer}");
    let rejected: Vec<&Value> = answer["rejected"].as_array().unwrap().iter().collect();
    let indexes: Vec<_> = rejected
        .iter()
        .map(|r| r["index"].as_u64().unwrap())
        .collect();
    assert_eq!(indexes, [1, 2, 5]);
    assert_eq!(rejected[1]["code"], "out_of_range");
    let again = device(&installation, &objects, "POST", path, Some(batch))
        .await
        .done();
    assert_eq!(
        (&again["accepted"], &again["duplicates"]),
        (&json!(0), &json!(3))
    );
}

#[tokio::test]
async fn an_instance_is_sent_back_as_it_is_or_refused() {
    let (installation, objects) = start().await;
    let path = "/device/v1/instance";
    let ask = |method, path, body| device(&installation, &objects, method, path, body);
    let properties = json!({"properties": {"plan": "gold", "age": 7}});
    ask("PUT", "/device/v1/instance/properties", Some(properties))
        .await
        .done();
    ask(
        "PUT",
        "/device/v1/instance/tags/museum",
        Some(json!({"value": 3})),
    )
    .await
    .done();
    let known = ask("GET", path, None).await.done();
    let mut again = known.clone();
    again["osVersion"] = json!("17");
    // As programs write it that know one kind of number.
    again["tags"]["museum"] = json!(3);
    again["properties"]["age"] = json!(7);
    let changed = ask("PUT", path, Some(again)).await.done();
    assert_eq!(changed["osVersion"], "17");
    assert_eq!(changed["tags"], known["tags"]);
    for (field, value, code) in [
        ("tags", json!("bad"), "immutable"),
        ("tags", json!({}), "immutable"),
        ("tags", json!({"museum": 4}), "immutable"),
        ("properties", json!({"plan": "gold"}), "immutable"),
        (
            "properties",
            json!({"plan": "gold", "age": "7"}),
            "immutable",
        ),
        (
            "properties",
            json!({"plan": "gold", "age": 7, "b": 1}),
            "immutable",
        ),
        ("appId", json!("x"), "immutable"),
        ("updatedAt", json!("x"), "unknown_field"),
        ("accountId", json!(5), "unknown_field"),
    ] {
        let answer = ask("PUT", path, Some(json!({field: value}))).await;
        assert_eq!(answer.code(), "validation_failed", "{field}: {value}");
        let errors = &answer.json()["errors"];
        assert_eq!(errors.as_array().map(Vec::len), Some(1), "{errors}");
        assert_eq!(errors[0]["pointer"], format!("/{field}"));
        assert_eq!(errors[0]["code"], code, "{errors}");
    }
    assert_eq!(ask("GET", path, None).await.done(), changed);
}

#[tokio::test]
async fn no_event_costs_its_neighbours_anything() {
    let (installation, objects) = start().await;
    let good = |n| event(n, NOON, json!({"verb": "buy"})).to_string();
    let nested = |levels: usize| {
        let deep = "[".repeat(levels) + &"]".repeat(levels);
        good(90).replace(r#""buy""#, &format!(r#""buy","properties":{{"a":{deep}}}"#))
    };
    let long = |bytes: usize| format!(r#"{{"verb":"{}"}}"#, "a".repeat(bytes));
    let bad = [
        nested(JSON_DEPTH_MAX + 6),
        nested(100_000),
        long(EVENT_BYTES_MAX),
        r#"{"id":1e999}"#.to_owned(),
        r#"{"verb":"\ud800"}"#.to_owned(),
        r#"{"verb":"a","verb":"b"}"#.to_owned(),
    ];
    let told = [
        "nested deeper than 64",
        "nested deeper than 64",
        "at most 262144 bytes",
        "number out of range",
        "hex escape",
        "stands twice",
    ];
    let mut n = 0;
    for is_array in [false, true] {
        let (mut items, mut expected) = (Vec::new(), Vec::new());
        for (bad, told) in bad.iter().zip(told) {
            n += 1;
            items.push(good(n).into_bytes());
            expected.push((items.len(), told));
            items.push(bad.clone().into_bytes());
        }
        if !is_array {
            expected.push((items.len(), "not UTF-8: see the byte at index 2"));
            items.push(b"{\"\xff\"}".to_vec());
            expected.push((items.len(), "not the JSON we read"));
            items.push(b"{broken".to_vec());
        }
        n += 1;
        items.push(good(n).into_bytes());
        let (media, body) = match is_array {
            false => ("application/x-ndjson", items.join(&b'\n')),
            true => (
                "application/json",
                [b"[", &items.join(&b',')[..], b"]"].concat(),
            ),
        };
        let answer = installation
            .ask("POST", "/device/v1/events")
            .bearer(&objects.instance_token)
            .header("content-type", media)
            .body(body)
            .send()
            .await
            .done();
        assert_eq!(answer["accepted"], bad.len() + 1, "{answer}");
        let rejected = answer["rejected"].as_array().unwrap();
        assert_eq!(rejected.len(), expected.len(), "{answer}");
        for (rejected, (index, told)) in rejected.iter().zip(expected) {
            assert_eq!(rejected["index"], index, "{answer}");
            let detail = rejected["detail"].as_str().unwrap();
            assert!(detail.contains(told), "{detail}, not {told}");
        }
    }
}

#[tokio::test]
async fn how_many_events_there_are_is_counted_and_not_kept() {
    let (installation, objects) = start().await;
    let answer = installation
        .ask("POST", "/device/v1/events")
        .bearer(&objects.instance_token)
        .header("content-type", "application/json")
        .body(format!("[{}]", vec!["0"; 1_000_000].join(",")))
        .send()
        .await;
    assert_eq!(answer.code(), "validation_failed");
    let detail = answer.json()["detail"].to_string();
    assert!(detail.contains("has 1000000"), "{detail}");
}

#[tokio::test]
async fn lines_are_separate_documents() {
    let (installation, objects) = start().await;
    let body = format!(
        "{}\n\n{{broken\n{}\r\n",
        event(1, NOON, json!({"verb": "buy"})),
        event(2, NOON, json!({"verb": "sell"}))
    );
    let answer = installation
        .ask("POST", "/device/v1/events")
        .bearer(&objects.instance_token)
        .header("content-type", "application/x-ndjson")
        .body(body)
        .send()
        .await
        .done();
    assert_eq!(answer["accepted"], 2, "{answer}");
    assert_eq!(answer["rejected"][0]["index"], 1, "{answer}");
}

#[tokio::test]
async fn a_request_carries_one_to_a_thousand_events() {
    let (installation, objects) = start().await;
    let path = "/device/v1/events";
    for (count, code) in [
        (0, "validation_failed"),
        (EVENTS_MAX, ""),
        (EVENTS_MAX + 1, "validation_failed"),
    ] {
        let events = (0..count).map(|n| event(n as u32, NOON, json!({"verb": "buy"})));
        let body = Value::Array(events.collect());
        let answer = device(&installation, &objects, "POST", path, Some(body)).await;
        assert_eq!(answer.code(), code, "{count}");
    }
    let answer = device(&installation, &objects, "POST", path, Some(json!({}))).await;
    assert_eq!(answer.code(), "malformed_body");
}

#[tokio::test]
async fn what_was_set_for_a_user_is_nothing_to_the_next_one() {
    let (installation, objects) = start().await;
    let tell = async |method: &str, path: &str, body: Value| {
        let path = format!("/device/v1/instance/{path}");
        let answer = device(&installation, &objects, method, &path, Some(body)).await;
        answer.done();
    };
    let log_out = async || {
        let path = "/device/v1/instance/user";
        device(&installation, &objects, "DELETE", path, None)
            .await
            .done();
    };
    let properties = async || {
        let path = "/device/v1/instance";
        let told = device(&installation, &objects, "GET", path, None).await;
        told.done()["properties"].clone()
    };
    let login = |user: &str, properties: Value| json!({"userId": user, "properties": properties});
    log_out().await;
    tell(
        "PUT",
        "properties",
        json!({"properties": {"theme": "dark", "tier": "none"}}),
    )
    .await;
    tell(
        "PUT",
        "user",
        login("ana", json!({"name": "Ana", "tier": "gold"})),
    )
    .await;
    tell(
        "PUT",
        "properties",
        json!({"properties": {"seat": 12, "height": 170}}),
    )
    .await;
    log_out().await;
    tell("PUT", "properties", json!({"properties": {"seat": 14}})).await;
    let all = json!({"theme": "dark", "name": "Ana", "tier": "gold", "seat": 14, "height": 170});
    assert_eq!(properties().await, all, "nobody else has come yet");
    tell("PUT", "user", login("ana", json!({}))).await;
    assert_eq!(properties().await, all, "it is still hers");
    log_out().await;
    tell("PUT", "user", login("bob", json!({"name": "Bob"}))).await;
    let his = json!({"theme": "dark", "name": "Bob", "seat": 14});
    assert_eq!(properties().await, his);
    // From one user to the next without logging out.
    tell("PUT", "user", login("eva", json!({}))).await;
    assert_eq!(properties().await, json!({"theme": "dark", "seat": 14}));
}

#[tokio::test]
async fn an_instance_is_what_it_told() {
    let (installation, objects) = start().await;
    let tell = async |method: &str, path: &str, body: Value| {
        device(&installation, &objects, method, path, Some(body))
            .await
            .done()
    };
    tell(
        "PUT",
        "/device/v1/instance",
        json!({"os": "iOS", "lang": "es"}),
    )
    .await;
    tell(
        "PUT",
        "/device/v1/instance/user",
        json!({"userId": "ana", "properties": {"vip": true}}),
    )
    .await;
    tell(
        "PUT",
        "/device/v1/instance/properties",
        json!({"properties": {"shoe": 39, "hat": "M"}}),
    )
    .await;
    tell(
        "PUT",
        "/device/v1/instance/properties",
        json!({"properties": {"hat": null}}),
    )
    .await;
    tell(
        "PUT",
        "/device/v1/instance/tags/visits%20paid",
        json!({"value": "+2"}),
    )
    .await;
    tell(
        "PUT",
        "/device/v1/instance/tags/visits%20paid",
        json!({"value": "-0.5"}),
    )
    .await;
    let instance = device(&installation, &objects, "GET", "/device/v1/instance", None)
        .await
        .done();
    assert_eq!(instance["os"], "iOS", "{instance}");
    assert_eq!(instance["userId"], "ana", "{instance}");
    assert_eq!(instance["properties"]["shoe"], 39, "{instance}");
    assert!(instance["properties"].get("hat").is_none(), "{instance}");
    assert_eq!(instance["tags"], json!({"visits paid": 1.5}), "{instance}");
    device(
        &installation,
        &objects,
        "DELETE",
        "/device/v1/instance/user",
        None,
    )
    .await
    .done();
    let instance = device(&installation, &objects, "GET", "/device/v1/instance", None)
        .await
        .done();
    assert!(instance.get("userId").is_none(), "{instance}");
}

#[tokio::test]
async fn who_enters_gets_the_message_and_is_counted() {
    let (installation, objects) = start().await;
    let manage =
        |method: &str, path: &str| installation.ask(method, path).bearer(&objects.tenant.token);
    let start = format!("/v2/campaigns/{}/start", objects.ids["campaignId"]);
    manage("PUT", &start).send().await.done();
    let batch = json!([
        event(
            2,
            NOON + 60_000,
            json!({"location": {"lat": 40.4, "lon": -3.7}})
        ),
        event(1, NOON, json!({"location": {"lat": 41.0, "lon": -3.7}})),
    ]);
    device(
        &installation,
        &objects,
        "POST",
        "/device/v1/events",
        Some(batch),
    )
    .await
    .done();
    let inbox = device(&installation, &objects, "GET", "/device/v1/messages", None)
        .await
        .done();
    assert_eq!(inbox["total"], 1, "{inbox}");
    assert_eq!(inbox["items"][0]["at"], NOON + 60_000, "{inbox}");
    assert_eq!(
        inbox["items"][0]["action"]["content"]["default"], "Hello",
        "{inbox}"
    );

    let app = &objects.ids["appId"];
    let decisions = manage("GET", &format!("/v2/decisions?appId={app}"))
        .send()
        .await
        .done();
    assert_eq!(decisions["items"][0]["outcome"], "Fired", "{decisions}");
    assert_eq!(
        decisions["items"][0]["instanceId"], objects.ids["instanceId"],
        "{decisions}"
    );
    analytics_agree(&installation, &objects).await;
}

/// One instance was active for the first time, and visited the place, on the day of `NOON`.
async fn analytics_agree(installation: &Installation, objects: &Objects) {
    let get = |path: &str| installation.ask("GET", path).bearer(&objects.tenant.token);
    let app = &objects.ids["appId"];
    let midnight = NOON - 12 * 3_600_000;
    let range = format!(
        "appId={app}&from={midnight}&to={}",
        midnight + 2 * 86_400_000
    );
    for (metric, expected) in [
        ("active-users", 1),
        ("new-users", 1),
        ("returning-users", 0),
        ("visitors", 1),
    ] {
        let asked = format!("/v2/analytics/{metric}?{range}");
        let answer = get(&asked).send().await.done();
        assert_eq!(answer["total"], expected, "{answer}");
        let buckets = json!([
            {"start": midnight, "value": expected},
            {"start": midnight + 86_400_000, "value": 0},
        ]);
        assert_eq!(answer["buckets"], buckets, "{answer}");
    }
    let asked = format!("/v2/analytics/visitors?{range}&groupBy=place&interval=none");
    let answer = get(&asked).send().await.done();
    let place = &objects.ids["placeId"];
    assert_eq!(
        answer["groups"],
        json!([{"placeId": place, "value": 1}]),
        "{answer}"
    );
}
