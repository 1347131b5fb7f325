//! What is told of people, counts and limits, and files of one kind.

use std::fs;

use moca_wire::instances::{Login, Registration};
use serde_json::{Value, json};

use super::{Desk, text};

const RANGE: [&str; 4] = [
    "--from",
    "2026-01-01T00:00:00Z",
    "--to",
    "2036-01-01T00:00:00Z",
];

/// An app with an instance on which a user is logged in; the ids of both.
fn somebody(desk: &Desk) -> (String, String) {
    let app = desk.object(&["apps", "create", "--name", "Guide"]);
    let app_id = text(&app, "appId").to_owned();
    let apps = desk
        .server
        .client()
        .app(app_id.parse().unwrap(), text(&app, "appSecret"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let instance = runtime.block_on(async {
        let (registered, device) = apps.register(&Registration::default()).await.unwrap();
        let login = Login {
            user_id: "u/7 ñ".into(),
            ..Login::default()
        };
        device.log_in(&login).await.unwrap();
        registered.instance_id.to_string()
    });
    (app_id, instance)
}

#[test]
fn people_are_given_out_as_a_document() {
    let desk = Desk::new();
    let (app, instance) = somebody(&desk);
    let told = desk.run(&["instances", "export", &instance]);
    assert_eq!(told.code, 0, "{}", told.err);
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(told["instance"]["instanceId"], instance.as_str());
    let user = ["users", "export", "--app", &app, "u/7 ñ", "-o", "user.json"];
    let done = desk.run(&user);
    assert_eq!((done.code, done.out.as_str()), (0, ""), "{}", done.err);
    let told: Value =
        serde_json::from_str(&fs::read_to_string(desk.home().join("user.json")).unwrap()).unwrap();
    assert_eq!(told["user"]["userId"], "u/7 ñ");
    let nobody = desk.run(&["users", "export", "--app", &app, "nobody"]);
    assert_eq!(
        (nobody.code, nobody.out.as_str()),
        (3, ""),
        "{}",
        nobody.err
    );
    let wrong = desk.run(&["instances", "export", "x"]);
    assert_eq!(wrong.code, 2, "{}", wrong.err);
}

#[test]
fn counts_are_tables_and_answers() {
    let desk = Desk::new();
    let (app, instance) = somebody(&desk);
    let ask = |metric: &str, more: &[&str]| {
        let start = ["analytics", metric, "--app", &app];
        let done = desk.run(&[&start[..], &RANGE, more].concat());
        assert_eq!(done.code, 0, "{}", done.err);
        done.out
    };
    let whole = ["--interval", "none"];
    let table = ask("experiences", &[&whole[..], &["-o", "csv"]].concat());
    let zeros = "startAt,triggers,fired,notFired,shown,clicked,dismissed\n\
                 1767225600000,0,0,0,0,0,0\n";
    assert_eq!(table, zeros);
    let table = ask("notifications", &[&whole[..], &["-o", "csv"]].concat());
    let zeros = "startAt,targeted,sent,accepted,failed,opened\n1767225600000,0,0,0,0,0\n";
    assert_eq!(table, zeros);
    let table = ask("active-users", &[&whole[..], &["-o", "table"]].concat());
    assert_eq!(
        table,
        "STARTAT               COUNT\n2026-01-01T00:00:00Z  0\n"
    );
    let grouped = ask(
        "visitors",
        &["--interval", "none", "--group-by", "place", "-o", "csv"],
    );
    assert_eq!(grouped, "placeId,count\n");
    let answer: Value = serde_json::from_str(&ask("new-users", &whole)).unwrap();
    assert_eq!(answer["metric"], "new-users");

    let summary = [
        "decisions",
        "summary",
        "--app",
        &app,
        "--instance",
        &instance,
    ];
    let nothing = json!({"total": 0, "outcomes": {}, "instances": {}});
    assert_eq!(desk.object(&summary), nothing);
    let table = desk.run(&[&summary[..], &["-o", "csv"]].concat());
    assert_eq!(table.out, "outcome,count\n");
    let wrong = desk.run(&[
        "analytics",
        "visitors",
        "--app",
        &app,
        "--from",
        "soon",
        "--to",
        "1",
    ]);
    assert_eq!(wrong.code, 2, "{}", wrong.err);
}

#[test]
fn limits_are_shown_set_and_unset() {
    let desk = Desk::new();
    let account = desk.object(&["accounts", "list"]);
    let limits = ["accounts", "limits", text(&account, "accountId")];
    let run = |more: &[&str]| desk.object(&[&limits[..], more].concat())["config"].clone();
    assert_eq!(run(&[]), json!({}));
    let set = [
        "--quota",
        "place=7",
        "--quota",
        "beacon=0",
        "--token-rate",
        "0",
    ];
    let expected = json!({"tokenRequestsPerMinute": 0, "quotas": {"place": 7, "beacon": 0}});
    let shown = desk.run(&[&limits[..], &set, &["--dry-run"]].concat());
    assert!(
        shown.out.starts_with("PUT ") && shown.out.contains("\"place\": 7"),
        "{}",
        shown.out
    );
    assert_eq!(run(&[]), json!({}));
    assert_eq!(run(&set), expected);
    let left = json!({"quotas": {"place": 8}});
    assert_eq!(
        run(&[
            "--unset",
            "beacon",
            "--unset",
            "token-rate",
            "--quota",
            "place=8"
        ]),
        left
    );
    assert_eq!(run(&[]), left);
    for (wrong, code) in [("place", 2), ("place=x", 2), ("car=1", 5)] {
        let done = desk.run(&[&limits[..], &["--quota", wrong]].concat());
        assert_eq!(done.code, code, "{wrong}: {}", done.err);
    }
    assert_eq!(run(&["--unset", "place"]), json!({}));
}

#[test]
fn files_of_one_kind_come_and_go_beside_its_other_commands() {
    let desk = Desk::new();
    for (kind, more) in [("places", ""), ("zones", ",placeExternalId")] {
        let rows = if more.is_empty() { "" } else { ",1" };
        desk.write(
            "file.csv",
            &format!("name,externalId{more}\nA,a{rows}\nB,1{rows}\n"),
        );
        let done = desk.run(&[kind, "import", "file.csv"]);
        assert_eq!(done.code, 0, "{}", done.err);
        let done = desk.run(&[kind, "export", "-o", "out.ndjson"]);
        assert_eq!(done.code, 0, "{}", done.err);
        let file = fs::read_to_string(desk.home().join("out.ndjson")).unwrap();
        assert_eq!(file.lines().count(), 2, "{file}");
        let again = desk.run(&["export", kind, "--format", "ndjson"]);
        assert_eq!(again.out, file);
    }
    let none = desk.run(&["places", "import", "nothing.csv"]);
    assert_eq!(none.code, 1, "{}", none.err);
    let none = desk.run(&["labels", "import", "file.csv"]);
    assert_eq!(none.code, 2);
}
