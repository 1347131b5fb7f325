//! `export` and `import` of the kinds that come and go as lines.

use serde_json::{Value, json};

use super::{Desk, text};

/// One object of every kind that comes and goes as lines: its command, and the flags that make it.
fn fill(desk: &Desk) -> Vec<(&'static str, Value)> {
    let mut made = Vec::new();
    let mut make = |kind: &'static str, flags: &[&str]| {
        let object = desk.object(&[&[kind, "create"], flags].concat());
        made.push((kind, object.clone()));
        object
    };
    make(
        "members",
        &[
            "--name",
            "Ana",
            "--email",
            "ana@example.com",
            "--role",
            "editor",
        ],
    );
    let app = make("apps", &["--name", "Guide"]);
    let app = text(&app, "appId");
    make("labels", &["--name", "VIP"]);
    make("campaign-groups", &["--app", app, "--name", "Summer"]);
    make("tags", &["--app", app, "--name", "museum"]);
    let query = r#"{"lang":"es"}"#;
    make(
        "segments",
        &[
            "--app",
            app,
            "--name",
            "S",
            "--query",
            query,
            "--external-id",
            "s-1",
        ],
    );
    let from = [
        "--start-at",
        "2026-01-01T00:00:00Z",
        "--end-at",
        "2100-01-01T00:00:00Z",
    ];
    let campaign = make(
        "campaigns",
        &[&["--app", app, "--name", "C"][..], &from].concat(),
    );
    let campaign = text(&campaign, "campaignId");
    let trigger = r#"{"@type":"EventTrigger","verb":"buy"}"#;
    let action = r#"{"@type":"TagAction","tagName":"museum","tagValue":"+1"}"#;
    make(
        "experiences",
        &[
            "--campaign",
            campaign,
            "--name",
            "E",
            "--repeat",
            "NextDay",
            "--trigger",
            trigger,
            "--action",
            action,
        ],
    );
    let push = make(
        "campaigns",
        &[
            "--app",
            app,
            "--name",
            "P",
            "--type",
            "Push",
            "--start-at",
            "2026-01-01T00:00:00Z",
        ],
    );
    let push = text(&push, "campaignId");
    let action = r#"{"@type":"SendPushAction","body":{"default":"Open"}}"#;
    make(
        "notifications",
        &[
            "--campaign",
            push,
            "--name",
            "N",
            "--trigger",
            r#"{"@type":"ImmediateTrigger"}"#,
            "--audience",
            r#"{"@type":"AllAudience"}"#,
            "--action",
            action,
        ],
    );
    make(
        "webhooks",
        &[
            "--name",
            "W",
            "--url",
            "https://w.example",
            "--event",
            "place.*",
        ],
    );
    made
}

/// The lines of an export.
fn export(desk: &Desk, kind: &str) -> Vec<Value> {
    let file = format!("{kind}.ndjson");
    let done = desk.run(&[kind, "export", "-o", &file]);
    assert_eq!((done.code, done.out.as_str()), (0, ""), "{}", done.err);
    let text = std::fs::read_to_string(desk.home().join(file)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn import(desk: &Desk, kind: &str, lines: &[Value], more: &[&str]) -> super::Done {
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    desk.run_with(&[&[kind, "import", "-"], more].concat(), &lines.join("\n"))
}

/// What the last line says: new, changed, as they were, refused.
fn counts(done: &super::Done) -> Vec<u64> {
    let words = done.out.split(|c: char| !c.is_ascii_digit());
    words.filter_map(|word| word.parse().ok()).skip(1).collect()
}

#[test]
fn every_kind_goes_out_and_comes_back_changed_and_new() {
    let desk = Desk::new();
    for (kind, object) in fill(&desk) {
        let id_name = object.as_object().unwrap().keys();
        let lines = export(&desk, kind);
        let written: String = lines.iter().map(Value::to_string).collect();
        for secret in ["appSecret", "secret"].map(|name| &object[name]) {
            let shown = secret.as_str();
            assert!(
                shown.is_none_or(|secret| !written.contains(secret)),
                "{kind}"
            );
        }
        let total = lines.len() as u64;
        let again = import(&desk, kind, &lines, &[]);
        assert_eq!(
            (again.code, counts(&again)),
            (0, vec![0, 0, total, 0]),
            "{kind}: {}",
            again.err
        );

        // Changed under its id, and a second time as something new.
        let is_it = |line: &&Value| {
            id_name.clone().all(|key| {
                line.get(key)
                    .is_none_or(|id| !key.ends_with("Id") || *id == object[key])
            })
        };
        let mut changed = lines.iter().find(is_it).unwrap().clone();
        changed["config"]["description"] = json!("Written by hand");
        if ["members", "labels"].contains(&kind) {
            changed["config"]
                .as_object_mut()
                .unwrap()
                .remove("description");
            changed["config"]["name"] = json!("Written by hand");
        }
        let tried = import(&desk, kind, &[changed.clone()], &["--dry-run"]);
        assert_eq!(counts(&tried), [0, 1, 0, 0], "{kind}: {}", tried.err);
        assert_eq!(export(&desk, kind), lines, "only tried");
        let done = import(&desk, kind, &[changed.clone()], &[]);
        assert_eq!(
            (done.code, counts(&done)),
            (0, vec![0, 1, 0, 0]),
            "{kind}: {}",
            done.err
        );
        assert!(export(&desk, kind).contains(&changed), "{kind}");

        let own = match kind {
            "apps" => "appId".to_owned(),
            "campaign-groups" => "campaignGroupId".to_owned(),
            kind => format!("{}Id", kind.trim_end_matches('s')),
        };
        let mut new = changed.clone();
        new.as_object_mut().unwrap().remove(&own);
        new["config"]["name"] = json!("Another");
        if kind == "members" {
            new["config"]["email"] = json!("bob@example.com");
        }
        if kind == "segments" {
            new["config"]["externalId"] = json!("s-2");
        }
        if kind == "notifications" {
            new["options"]["draft"] = json!(false);
        }
        let done = import(&desk, kind, &[new], &[]);
        assert_eq!(
            (done.code, counts(&done)),
            (0, vec![1, 0, 0, 0]),
            "{kind}: {}",
            done.err
        );
        let made = export(&desk, kind);
        assert_eq!(made.len() as u64, total + 1, "{kind}");
        if kind == "notifications" {
            assert!(
                made.iter().all(|line| line["options"]["draft"] == true),
                "{made:?}"
            );
        }
    }
}

#[test]
fn a_bad_line_is_named_and_the_others_go_in() {
    let desk = Desk::new();
    let lines = "{\"config\":{\"name\":\"A\"}}\n\n{\"config\":{\"name\":\"B\",\"color\":\"red\"}}\nnonsense\n\
                 {\"config\":{\"name\":\"A\"}}\n{\"config\":{\"name\":\"C\"}}\n";
    let done = desk.run_with(&["labels", "import", "-"], lines);
    assert_eq!(
        (done.code, counts(&done)),
        (3, vec![2, 0, 0, 3]),
        "{}",
        done.err
    );
    for told in [
        "-: line 3: /config/color: ",
        "-: line 4: this is no JSON",
        "-: line 5: /config/name: ",
    ] {
        assert!(done.err.contains(told), "{}", done.err);
    }
    assert_eq!(desk.objects(&["labels", "list"]).len(), 2);
    let found = desk.run(&["labels", "export", "--search", "c"]);
    assert!(
        found.out.contains("\"C\"") && found.out.lines().count() == 1,
        "{}",
        found.out
    );

    // A segment is known by the id of yours, too.
    let app = desk.object(&["apps", "create", "--name", "App"]);
    let line = |name: &str| {
        json!({"appId": app["appId"], "config": {
            "name": name, "query": "{\"lang\":\"es\"}", "externalId": "s",
        }})
    };
    let done = import(&desk, "segments", &[line("A"), line("B")], &[]);
    assert_eq!(
        (done.code, counts(&done)),
        (0, vec![1, 1, 0, 0]),
        "{}",
        done.err
    );
    for (arguments, code) in [
        (&["labels", "import", "labels.csv"][..], 2),
        (&["labels", "export", "-o", "labels.csv"], 2),
        (&["labels", "import", "missing.ndjson"], 1),
    ] {
        let done = desk.run(arguments);
        assert_eq!((done.code, done.out.as_str()), (code, ""), "{}", done.err);
    }
    let nobody = desk
        .command()
        .env("MOCA_TOKEN", "x")
        .args(["labels", "export"])
        .output();
    assert_eq!(super::done(nobody.unwrap()).code, 6);
}

#[test]
fn a_notification_is_changed_by_flags() {
    let desk = Desk::new();
    let made = fill(&desk);
    let (_, notification) = made
        .iter()
        .find(|(kind, _)| *kind == "notifications")
        .unwrap();
    let id = text(notification, "notificationId");
    let changed = desk.object(&["notifications", "update", id, "--name", "New"]);
    assert_eq!(changed["config"]["name"], "New");
    for part in ["trigger", "audience", "action", "options"] {
        assert_eq!(changed[part], notification[part], "{part}");
    }
}
