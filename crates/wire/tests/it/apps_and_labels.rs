//! Apps and labels.

use moca_wire::{
    apps::{self, AppInput},
    labels,
    mention::Body,
    targets::Against,
};
use serde_json::{Value, json};

use crate::support::{
    Change::{Remove, Set},
    ID, assert_faults, assert_optional, found, long,
};

fn read_app(body: &Value) -> Body<AppInput> {
    apps::read(body, Against::default())
}

fn app() -> Value {
    json!({"config": {
        "name": "TestApp", "description": "Two\nlines", "appUrl": "https://example.com/app",
        "version": "1.0", "category": "Utilities", "iconUrl": "http://example.com/i.png",
        "approxAppSize": "<2500", "production": true
    }})
}

#[test]
fn a_full_app_is_read_and_written_back() {
    let input = read_app(&app()).by_itself().unwrap();
    assert_eq!(serde_json::to_value(&input).unwrap(), app());
}

#[test]
fn an_answer_can_be_sent_back() {
    let mut answer = app();
    for (key, value) in [
        ("createdAt", json!(1)),
        ("updatedAt", json!(2)),
        ("appId", json!(ID)),
        ("accountId", json!(ID)),
        ("appSecret", json!("secret")),
    ] {
        answer[key] = value;
    }
    assert_eq!(read_app(&answer).by_itself(), read_app(&app()).by_itself());
}

#[test]
fn the_smallest_app_has_a_name() {
    let input = read_app(&json!({"config": {"name": "A"}}))
        .by_itself()
        .unwrap();
    assert!(!input.config.production);
    assert_optional(
        &app(),
        |body| read_app(body).by_itself(),
        &[
            "/config/description",
            "/config/appUrl",
            "/config/version",
            "/config/category",
            "/config/iconUrl",
            "/config/approxAppSize",
            "/config/production",
        ],
    );
}

#[test]
fn each_fault_of_an_app_is_found_where_it_is() {
    let name = "/config/name";
    assert_faults(
        &app(),
        |body| read_app(body).by_itself(),
        &[
            ("/config", Remove, "/config", "required"),
            ("/config", Set(json!([])), "/config", "wrong_type"),
            (name, Remove, name, "required"),
            (name, Set(Value::Null), name, "required"),
            (name, Set(json!(1)), name, "wrong_type"),
            (name, Set(json!("")), name, "too_short"),
            (name, Set(json!(" \u{3000}")), name, "too_short"),
            (name, Set(long(201)), name, "too_long"),
            (name, Set(json!("a\u{7}b")), name, "invalid_format"),
            (name, Set(json!("a\nb")), name, "invalid_format"),
            (
                "/config/description",
                Set(long(2_001)),
                "/config/description",
                "too_long",
            ),
            (
                "/config/appUrl",
                Set(json!("example.com")),
                "/config/appUrl",
                "invalid_format",
            ),
            (
                "/config/appUrl",
                Set(json!("ftp://e.com")),
                "/config/appUrl",
                "invalid_format",
            ),
            (
                "/config/iconUrl",
                Set(json!(7)),
                "/config/iconUrl",
                "wrong_type",
            ),
            (
                "/config/iconUrl",
                Set(json!("https://e.com/a b")),
                "/config/iconUrl",
                "invalid_format",
            ),
            (
                "/config/version",
                Set(long(256)),
                "/config/version",
                "too_long",
            ),
            (
                "/config/production",
                Set(json!("true")),
                "/config/production",
                "wrong_type",
            ),
            (
                "/config/colour",
                Set(json!("red")),
                "/config/colour",
                "unknown_field",
            ),
            ("/target", Set(json!([])), "/target", "unknown_field"),
        ],
    );
}

#[test]
fn limits_count_characters_not_bytes() {
    assert!(
        read_app(&json!({"config": {"name": "\u{e9}".repeat(200)}}))
            .by_itself()
            .is_ok()
    );
    assert!(
        read_app(&json!({"config": {"name": "\u{e9}".repeat(201)}}))
            .by_itself()
            .is_err()
    );
}

#[test]
fn all_faults_of_a_body_are_found_at_once() {
    let body = json!({
        "confg": {},
        "a/b~c": 1,
        "config": {"name": " ", "appUrl": "nowhere", "production": 1, "nom": "x"}
    });
    assert_eq!(
        found(&read_app(&body).by_itself().unwrap_err()),
        [
            ("/config/name", "too_short"),
            ("/config/appUrl", "invalid_format"),
            ("/config/production", "wrong_type"),
            ("/config/nom", "unknown_field"),
            ("/a~1b~0c", "unknown_field"),
            ("/confg", "unknown_field"),
        ]
    );
}

#[test]
fn what_is_no_object_is_one_fault_at_the_root() {
    for body in [json!(null), json!([]), json!("text"), json!(1)] {
        let faults = read_app(&body).by_itself().unwrap_err();
        assert_eq!(found(&faults), [("", "wrong_type")], "{body}");
    }
}

#[test]
fn faults_are_bounded() {
    let many: serde_json::Map<String, Value> =
        (0..500).map(|i| (format!("k{i}"), json!(i))).collect();
    let faults = read_app(&Value::Object(many)).by_itself().unwrap_err();
    assert_eq!(faults.len(), moca_core::limits::FAULTS_MAX);
}

#[test]
fn a_label_has_a_name_and_a_colour_in_lower_case() {
    let full = json!({"config": {"name": "VIP", "color": "#1E90ff"}});
    let input = labels::read(&full).by_itself().unwrap();
    assert_eq!(input.config.color.as_deref(), Some("#1e90ff"));
    assert_optional(
        &full,
        |body| labels::read(body).by_itself(),
        &["/config/color"],
    );
    let color = "/config/color";
    assert_faults(
        &full,
        |body| labels::read(body).by_itself(),
        &[
            ("/config/name", Remove, "/config/name", "required"),
            (color, Set(json!("blue")), color, "invalid_format"),
            (color, Set(json!("#12345")), color, "invalid_format"),
            (color, Set(json!("#12345g")), color, "invalid_format"),
            (color, Set(json!(0)), color, "wrong_type"),
        ],
    );
}
