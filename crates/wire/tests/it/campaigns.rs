//! Campaigns.

use moca_core::id::AppId;
use moca_wire::campaigns;
use serde_json::{Value, json};

use crate::support::{
    Change::{Remove, Set},
    ID, OTHER_ID, assert_faults, assert_optional,
};

fn campaign() -> Value {
    json!({"appId": ID, "config": {
        "name": "HQ Office Welcome", "description": "Hello", "type": "Proximity",
        "startAt": 1_494_403_200_000_i64, "endAt": 1_494_489_600_000_i64,
        "groupId": OTHER_ID, "segmentId": OTHER_ID, "displayCap": 3, "displayWaitMs": 60_000,
        "recurrence": {"hoursOfDay": [1, 2], "daysOfWeek": [1, 7]},
        "priority": -5, "holdoutPercent": 10
    }})
}

#[test]
fn a_full_campaign_is_read_and_written_back() {
    let read = |body: &_| campaigns::read(body, None).by_itself();
    let input = read(&campaign()).unwrap();
    assert_eq!(serde_json::to_value(&input).unwrap(), campaign());
    assert_optional(
        &campaign(),
        read,
        &[
            "/config/description",
            "/config/groupId",
            "/config/displayCap",
            "/config/segmentId",
            "/config/displayWaitMs",
            "/config/recurrence",
            "/config/recurrence/hoursOfDay",
            "/config/recurrence/daysOfWeek",
            "/config/priority",
            "/config/holdoutPercent",
        ],
    );
}

#[test]
fn only_a_push_campaign_may_have_no_end() {
    let read = |body: &_| campaigns::read(body, None).by_itself();
    let mut push = campaign();
    push["config"]["type"] = json!("Push");
    // Notifications do not stand in each other's way.
    let priority = "/config/priority";
    let set = Set(json!(1));
    assert_faults(&push, read, &[(priority, set, priority, "unknown_field")]);
    push["config"].as_object_mut().unwrap().remove("priority");
    assert_optional(&push, read, &["/config/endAt"]);
    let end = "/config/endAt";
    let before = Set(json!(1_494_403_200_000_i64));
    assert_faults(&push, read, &[(end, before, end, "out_of_range")]);
}

#[test]
fn hours_and_days_are_kept_sorted() {
    let mut body = campaign();
    body["config"]["recurrence"] = json!({"hoursOfDay": [23, 0, 9]});
    let recurrence = campaigns::read(&body, None)
        .by_itself()
        .unwrap()
        .config
        .recurrence;
    assert_eq!(recurrence.unwrap().hours_of_day, [0, 9, 23]);
}

#[test]
fn an_answer_can_be_sent_back_but_not_move_to_another_app() {
    let app: AppId = ID.parse().unwrap();
    let read = |body: &_| campaigns::read(body, Some(app)).by_itself();
    let mut answer = campaign();
    answer["campaignId"] = json!(OTHER_ID);
    answer["status"] = json!("Running");
    answer["statusAt"] = json!(1);
    assert_eq!(read(&answer), read(&campaign()));
    assert_optional(&answer, read, &["/appId"]);
    assert_faults(
        &answer,
        read,
        &[("/appId", Set(json!(OTHER_ID)), "/appId", "immutable")],
    );
}

#[test]
fn each_fault_of_a_campaign_is_found_where_it_is() {
    let (start, end) = ("/config/startAt", "/config/endAt");
    let (cap, wait) = ("/config/displayCap", "/config/displayWaitMs");
    let (priority, holdout) = ("/config/priority", "/config/holdoutPercent");
    let hours = "/config/recurrence/hoursOfDay";
    let days = "/config/recurrence/daysOfWeek";
    assert_faults(
        &campaign(),
        |body| campaigns::read(body, None).by_itself(),
        &[
            ("/appId", Remove, "/appId", "required"),
            ("/config/name", Remove, "/config/name", "required"),
            ("/config/type", Remove, "/config/type", "required"),
            (
                "/config/type",
                Set(json!("Pull")),
                "/config/type",
                "unknown_value",
            ),
            (start, Remove, start, "required"),
            (start, Set(json!("2026-01-01")), start, "wrong_type"),
            (end, Remove, end, "required"),
            // Not after its start.
            (end, Set(json!(1_494_403_200_000_i64)), end, "out_of_range"),
            (end, Set(json!(1.5)), end, "wrong_type"),
            (cap, Set(json!(0)), cap, "out_of_range"),
            (cap, Set(json!(1_000_001)), cap, "out_of_range"),
            (wait, Set(json!(-1)), wait, "out_of_range"),
            (priority, Set(json!(1_001)), priority, "out_of_range"),
            (priority, Set(json!(-1_001)), priority, "out_of_range"),
            (holdout, Set(json!(101)), holdout, "out_of_range"),
            (holdout, Set(json!(0.5)), holdout, "wrong_type"),
            (
                "/config/recurrence",
                Set(json!("daily")),
                "/config/recurrence",
                "wrong_type",
            ),
            (
                hours,
                Set(json!([24])),
                "/config/recurrence/hoursOfDay/0",
                "out_of_range",
            ),
            (
                hours,
                Set(json!([1, 1])),
                "/config/recurrence/hoursOfDay/1",
                "not_unique",
            ),
            (
                days,
                Set(json!([0])),
                "/config/recurrence/daysOfWeek/0",
                "out_of_range",
            ),
            (
                days,
                Set(json!([8])),
                "/config/recurrence/daysOfWeek/0",
                "out_of_range",
            ),
            (days, Set(json!("Sunday")), days, "wrong_type"),
            (
                "/config/segmentId",
                Set(json!("x")),
                "/config/segmentId",
                "invalid_format",
            ),
        ],
    );
}
