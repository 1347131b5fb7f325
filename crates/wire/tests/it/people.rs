//! Accounts, members and tokens.

use moca_core::{account::Role, id::MemberId};
use moca_wire::{accounts, members, tokens};
use serde_json::json;

use crate::support::{
    Change::{Remove, Set},
    ID, OTHER_ID, assert_faults, assert_optional, long,
};

#[test]
fn an_account_names_its_zone_and_origins() {
    let full = json!({"config": {
        "name": "ACME", "timeZone": "Europe/Madrid",
        "corsOrigins": ["https://console.example.com", "https://a.example.com:8443", "http://localhost:3000"]
    }});
    let input = accounts::read(&full).by_itself().unwrap();
    assert_eq!(serde_json::to_value(&input).unwrap(), full);
    let smallest = accounts::read(&json!({"config": {"name": "A"}}))
        .by_itself()
        .unwrap();
    assert_eq!(smallest.config.time_zone, "UTC");
    let origin = |text: &str| Set(json!([text]));
    let at = "/config/corsOrigins";
    let first = "/config/corsOrigins/0";
    assert_faults(
        &full,
        |body| accounts::read(body).by_itself(),
        &[
            ("/config/name", Remove, "/config/name", "required"),
            (
                "/config/timeZone",
                Set(json!("Mars/Base")),
                "/config/timeZone",
                "unknown_value",
            ),
            (at, Set(json!("https://a.com")), at, "wrong_type"),
            (at, origin("http://a.com"), first, "invalid_format"),
            (at, origin("https://a.com/path"), first, "invalid_format"),
            (at, origin("https://a.com?q"), first, "invalid_format"),
            (at, origin("https://me@a.com"), first, "invalid_format"),
            (at, origin("*"), first, "invalid_format"),
            (at, origin("https://*.a.com"), first, "invalid_format"),
            (at, origin("null"), first, "invalid_format"),
            // The same origin in two spellings.
            (
                at,
                Set(json!(["https://a.com", "https://A.com:443"])),
                "/config/corsOrigins/1",
                "not_unique",
            ),
        ],
    );
}

#[test]
fn a_member_has_a_role() {
    let full = json!({"config": {"name": "Ana", "email": "ana@example.com", "role": "editor"}});
    let input = members::read(&full).by_itself().unwrap();
    assert_eq!(serde_json::to_value(&input).unwrap(), full);
    assert_optional(
        &full,
        |body| members::read(body).by_itself(),
        &["/config/email"],
    );
    let (email, role) = ("/config/email", "/config/role");
    assert_faults(
        &full,
        |body| members::read(body).by_itself(),
        &[
            (role, Remove, role, "required"),
            (role, Set(json!("Editor")), role, "unknown_value"),
            (role, Set(json!(3)), role, "wrong_type"),
            (email, Set(json!("ana")), email, "invalid_format"),
            (email, Set(json!("@example.com")), email, "invalid_format"),
            (
                email,
                Set(json!("ana @example.com")),
                email,
                "invalid_format",
            ),
            (email, Set(long(255)), email, "too_long"),
        ],
    );
}

#[test]
fn a_token_expires_in_the_future_when_it_is_made() {
    let now_ms = 1_000;
    let full =
        json!({"memberId": ID, "config": {"name": "CI", "expiresAt": 1_001, "role": "viewer"}});
    let create = |body: &_| tokens::read_create(body, now_ms).by_itself();
    let input = create(&full).unwrap();
    assert_eq!(serde_json::to_value(&input).unwrap(), full);
    assert_eq!(input.config.role, Some(Role::Viewer));
    assert_optional(
        &full,
        create,
        &["/memberId", "/config/expiresAt", "/config/role"],
    );
    let expires_at = "/config/expiresAt";
    assert_faults(
        &full,
        create,
        &[
            ("/memberId", Set(json!("me")), "/memberId", "invalid_format"),
            (expires_at, Set(json!(1_000)), expires_at, "out_of_range"),
            (expires_at, Set(json!(1_001.5)), expires_at, "wrong_type"),
            (expires_at, Set(json!(u64::MAX)), expires_at, "out_of_range"),
            ("/secret", Set(json!("x")), "/secret", "unknown_field"),
        ],
    );
}

#[test]
fn a_token_keeps_its_member() {
    let member: MemberId = ID.parse().unwrap();
    let replace = |body: &_| tokens::read_replace(body, member).by_itself();
    let full = json!({"memberId": ID, "config": {"name": "CI", "expiresAt": 1}});
    assert_optional(&full, replace, &["/memberId", "/config/expiresAt"]);
    assert_faults(
        &full,
        replace,
        &[("/memberId", Set(json!(OTHER_ID)), "/memberId", "immutable")],
    );
}
