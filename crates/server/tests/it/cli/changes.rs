//! `create`, `get`, `update`, `delete`, and the actions.

use serde_json::json;

use super::{Desk, text};

#[test]
fn an_object_is_made_shown_changed_and_deleted_by_flags() {
    let desk = Desk::new();
    let label = desk.object(&["labels", "create", "--name", "VIP"]);
    let place = desk.object(&[
        "places",
        "create",
        "--name",
        "Plaza",
        "--latitude",
        "40.4154",
        "--longitude",
        "-3.7074",
        "--radius",
        "150",
        "--category",
        "square",
        "--label",
        text(&label, "labelId"),
        "--property",
        "floor=2",
        "--property",
        "gate=north",
    ]);
    let geofence = json!({
        "type": "Circle", "latitude": 40.4154, "longitude": -3.7074, "radius": 150.0,
    });
    assert_eq!(place["config"]["geofence"], geofence);
    assert_eq!(place["config"]["labelIds"], json!([label["labelId"]]));
    let properties = json!({"floor": 2, "gate": "north"});
    assert_eq!(place["config"]["properties"], properties);
    let id = text(&place, "placeId");
    assert_eq!(desk.object(&["places", "get", id]), place);

    let changed = desk.object(&[
        "places", "update", id, "--name", "New", "--unset", "category",
    ]);
    let mut expected = place["config"].clone();
    expected["name"] = json!("New");
    expected.as_object_mut().unwrap().remove("category");
    assert_eq!(changed["config"], expected, "the rest stays as it was");
    let bare = desk.object(&["places", "update", id, "--unset", "radius"]);
    assert_eq!(bare["config"].get("geofence"), None);

    let deleted = desk.run(&["places", "delete", id]);
    assert_eq!((deleted.code, deleted.out.as_str()), (0, ""));
    assert!(deleted.err.contains(id));
    assert_eq!(desk.run(&["places", "get", id]).code, 3);
}

#[test]
fn files_hold_one_or_more_objects_in_json_or_yaml() {
    let desk = Desk::new();
    desk.write(
        "labels.yaml",
        "- config: {name: A}\n- config: {name: B}\n---\nconfig:\n  name: C\n",
    );
    let made = desk.objects(&["labels", "create", "-f", "labels.yaml"]);
    assert_eq!(made.len(), 3);
    let id = text(&made[0], "labelId");
    let body = r##"{"config": {"name": "A2", "color": "#2a9d8f"}}"##;
    let replaced = desk.run_with(&["labels", "update", id, "-f", "-"], body);
    assert_eq!(replaced.code, 0, "{}", replaced.err);
    let label = desk.object(&["labels", "get", id]);
    assert_eq!(label["config"], json!({"name": "A2", "color": "#2a9d8f"}));
    desk.write("broken.yaml", "config:\n  name: [A\n");
    let broken = desk.run(&["labels", "create", "-f", "broken.yaml"]);
    assert_eq!(broken.code, 2);
    assert!(broken.err.contains("broken.yaml line "), "{}", broken.err);
}

#[test]
fn a_version_that_is_not_the_current_one_is_not_overwritten() {
    let desk = Desk::new();
    let label = desk.object(&["labels", "create", "--name", "A"]);
    let id = text(&label, "labelId");
    let etag = desk.run(&["labels", "get", id, "--etag"]).out;
    let etag = etag.trim();
    desk.object(&["labels", "update", id, "--name", "B", "--if-match", etag]);
    let stale = desk.run(&["labels", "update", id, "--name", "C", "--if-match", etag]);
    assert_eq!(stale.code, 4);
    assert!(stale.err.contains("look at it again"), "{}", stale.err);
    assert_eq!(
        desk.run(&["labels", "delete", id, "--if-match", etag]).code,
        4
    );
    assert_eq!(desk.object(&["labels", "get", id])["config"]["name"], "B");
}

#[test]
fn a_dry_run_shows_the_request_and_changes_nothing() {
    let desk = Desk::new();
    let shown = desk.run(&["labels", "create", "--name", "A", "--dry-run"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    let url = format!("POST {}/v2/labels\n", desk.server.base_url());
    assert!(shown.out.starts_with(&url), "{}", shown.out);
    assert!(shown.out.contains("\"name\": \"A\""), "{}", shown.out);
    assert!(!shown.out.contains(&desk.server.token()));
    assert!(desk.objects(&["labels", "list"]).is_empty());

    let app = desk.object(&["apps", "create", "--name", "Guide"]);
    let id = text(&app, "appId");
    let shown = desk.run(&["apps", "update", id, "--name", "B", "--dry-run"]);
    assert!(shown.out.contains("If-Match: \"1\""), "{}", shown.out);
    assert!(
        !shown.out.contains(text(&app, "appSecret")),
        "{}",
        shown.out
    );
    let shown = desk.run(&["apps", "delete", id, "--cascade", "--dry-run"]);
    let line = format!(
        "DELETE {}/v2/apps/{id}?cascade=true\n",
        desk.server.base_url()
    );
    assert!(shown.out.starts_with(&line), "{}", shown.out);
    assert_eq!(desk.object(&["apps", "get", id])["config"]["name"], "Guide");
}

#[test]
fn a_campaign_is_started_stopped_and_put_away() {
    let desk = Desk::new();
    let app = desk.object(&["apps", "create", "--name", "Guide"]);
    let place = desk.object(&["places", "create", "--name", "Plaza"]);
    let campaign = desk.object(&[
        "campaigns",
        "create",
        "--app",
        text(&app, "appId"),
        "--name",
        "Welcome",
        "--start-at",
        "2026-01-01T00:00:00Z",
        "--end-at",
        "4102444800000",
    ]);
    assert_eq!(campaign["config"]["startAt"], 1_767_225_600_000_i64);
    let id = text(&campaign, "campaignId");
    let refused = desk.run(&["campaigns", "start", id]);
    assert_eq!(refused.code, 4, "it has nothing to fire: {}", refused.err);
    let trigger = format!(
        r#"{{"@type": "EnterPlaceTrigger", "placeId": "{}"}}"#,
        text(&place, "placeId")
    );
    desk.object(&[
        "experiences",
        "create",
        "--campaign",
        id,
        "--name",
        "Hello",
        "--repeat",
        "NextDay",
        "--trigger",
        &trigger,
        "--action",
        r#"{"@type": "SendLocalMessageAction", "content": {"default": "Hello"}, "bgAlert": {}}"#,
    ]);
    for (action, status) in [
        ("start", "Running"),
        ("stop", "Stopped"),
        ("archive", "Archived"),
    ] {
        assert_eq!(desk.object(&["campaigns", action, id])["status"], status);
    }
}

#[test]
fn what_went_wrong_is_told_with_what_to_do_and_a_code() {
    let desk = Desk::new();
    let wrong = desk.run(&["places", "create", "--name", " ", "--radius", "5"]);
    assert_eq!(wrong.code, 5);
    for pointer in [
        "/config/name",
        "/config/geofence/latitude",
        "/config/geofence/longitude",
    ] {
        assert!(wrong.err.contains(pointer), "{}", wrong.err);
    }
    for arguments in [
        &["places", "create", "--radius", "wide"][..],
        &["places", "create"],
        &["places", "update", "x"],
        &["places", "list", "--all", "--limit", "5"],
        &["gadgets", "list"],
        &["users", "list"],
    ] {
        assert_eq!(desk.run(arguments).code, 2, "{arguments:?}");
    }
    let label = desk.object(&["labels", "create", "--name", "A"]);
    let taken = desk.run(&["labels", "create", "--name", "A"]);
    assert_eq!(taken.code, 4, "{label} {}", taken.err);
    let with = |name, value: &str| {
        let mut command = desk.command();
        let output = command.env(name, value).args(["labels", "list"]).output();
        super::done(output.unwrap())
    };
    let stranger = with("MOCA_TOKEN", "00000000-0000-4000-8000-000000000000");
    assert_eq!(stranger.code, 6);
    assert!(stranger.err.contains("MOCA_TOKEN"), "{}", stranger.err);
    let nowhere = with("MOCA_URL", "https://moca.invalid");
    assert_eq!(nowhere.code, 7);
    assert!(nowhere.err.contains("MOCA_URL"), "{}", nowhere.err);
    let untrusted = with("MOCA_CA_CERT", "");
    assert_eq!(untrusted.code, 7);
    assert!(untrusted.err.contains("--ca FILE"), "{}", untrusted.err);
    assert_eq!(with("MOCA_URL", "http://localhost").code, 2);
}
