//! `list`, and the forms of what is printed.

use std::process::Stdio;

use moca_api::{route::Verb, routes::routes};
use moca_core::event::Profile;
use moca_wire::instances::Registration;

use super::{Desk, text};

#[test]
fn lists_are_filtered_ordered_and_cut() {
    let desk = Desk::new();
    let label = desk.object(&["labels", "create", "--name", "VIP"]);
    let label = text(&label, "labelId");
    desk.object(&["places", "create", "--name", "Alpha", "--label", label]);
    desk.object(&["places", "create", "--name", "Beta", "--external-id", "b"]);
    desk.object(&["places", "create", "--name", "Gamma"]);
    let names = |arguments: &[&str]| -> Vec<String> {
        let objects = desk.objects(&[&["places", "list"], arguments].concat());
        let names = objects
            .iter()
            .map(|place| text(&place["config"], "name").to_owned());
        names.collect()
    };
    assert_eq!(names(&[]), ["Alpha", "Beta", "Gamma"]);
    assert_eq!(
        names(&["--sort", "-name", "--limit", "2"]),
        ["Gamma", "Beta"]
    );
    assert_eq!(names(&["--offset", "2"]), ["Gamma"]);
    assert_eq!(names(&["--label", label]), ["Alpha"]);
    assert_eq!(names(&["--external-id", "b"]), ["Beta"]);
    assert_eq!(names(&["--search", "amm"]), ["Gamma"]);
    assert_eq!(
        names(&["--all", "--sort", "-createdAt"]),
        ["Gamma", "Beta", "Alpha"]
    );
}

#[test]
fn programs_get_json_lines_or_csv_and_people_a_table() {
    let desk = Desk::new();
    desk.object(&["labels", "create", "--name", "=VIP()", "--color", "#2a9d8f"]);
    let columns = ["--columns", "config.name,config.color"];
    let list = |format: &str| {
        let done = desk.run(&[&["labels", "list", "-o", format][..], &columns].concat());
        assert_eq!(done.code, 0, "{}", done.err);
        done.out
    };
    assert_eq!(list("csv"), "config.name,config.color\n'=VIP(),#2a9d8f\n");
    assert_eq!(list("table"), "NAME    COLOR\n=VIP()  #2a9d8f\n");
    assert!(list("json").starts_with('{') && list("json").ends_with("}\n"));
    assert_eq!(list("json").lines().count(), 1);
    let empty = desk.run(&["apps", "list", "--all", "-o", "csv"]);
    assert_eq!(empty.out, "appId,config.name,config.production\n");
    let one = desk.run(&["members", "list", "-o", "table", "--columns", "config.role"]);
    assert_eq!(one.out, "ROLE\nowner\n");
}

#[test]
fn an_object_as_a_table_has_a_row_for_each_field() {
    let desk = Desk::new();
    let label = desk.object(&["labels", "create", "--name", "VIP"]);
    let shown = desk.run(&["labels", "get", text(&label, "labelId"), "-o", "table"]);
    let rows: Vec<Vec<&str>> = shown
        .out
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert!(rows.contains(&vec!["config.name", "VIP"]), "{}", shown.out);
    let created = rows.iter().find(|row| row[0] == "createdAt").unwrap();
    assert!(created[1].ends_with('Z'), "{}", shown.out);
}

#[test]
fn everything_is_listed_page_by_page() {
    let desk = Desk::new();
    let many: String = (0..1_203)
        .map(|number| format!("{{\"config\": {{\"name\": \"P{number}\"}}}}\n---\n"))
        .collect();
    let items: Vec<&str> = many
        .split("---\n")
        .filter(|text| !text.is_empty())
        .collect();
    for part in items.chunks(1_000) {
        let body = format!("[{}]", part.join(","));
        let items: serde_json::Value = serde_json::from_str(&body).unwrap();
        batch(&desk, &items);
    }
    assert_eq!(desk.objects(&["places", "list"]).len(), 50);
    assert_eq!(desk.objects(&["places", "list", "--all"]).len(), 1_203);
}

fn batch(desk: &Desk, items: &serde_json::Value) {
    let client = desk.server.client();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let call = moca_client::Call::new(moca_client::Method::POST, "/v2/places")
        .segment("batch")
        .query("atomic", true)
        .json(items)
        .unwrap();
    runtime.block_on(client.send(&call)).unwrap();
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let desk = Desk::new();
    for arguments in [
        &["members", "list"][..],
        &["config"],
        &["completion", "bash"],
        &["members", "list", "--all", "-o", "csv"],
    ] {
        let mut child = desk
            .command()
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let done = super::done(child.wait_with_output().unwrap());
        assert_eq!((done.code, done.err.as_str()), (0, ""), "{arguments:?}");
    }
}

/// `externalId` is `--external-id`, `placeId` is `--place`, `q` is `--search`.
fn flag_of(parameter: &str) -> String {
    match parameter {
        "q" => "search".to_owned(),
        "externalId" => "external-id".to_owned(),
        name => name
            .strip_suffix("Id")
            .unwrap_or(name)
            .chars()
            .flat_map(|c| {
                let dash = c.is_ascii_uppercase().then_some('-');
                dash.into_iter().chain([c.to_ascii_lowercase()])
            })
            .collect(),
    }
}

#[test]
fn every_list_of_the_api_is_a_command_and_every_parameter_a_flag() {
    let moca = moca_server::cli::command();
    let mut lists = 0;
    for route in routes() {
        let Some(plural) = route.path.strip_prefix("/v2/") else {
            continue;
        };
        let pages = route
            .query
            .iter()
            .any(|parameter| parameter.name == "offset");
        if route.verb != Verb::Get || !pages {
            continue;
        }
        lists += 1;
        let (kind, below) = plural.split_once('/').unwrap_or((plural, "list"));
        let (of_one, name) = match below.rsplit_once('/') {
            Some((_, name)) => (true, name),
            None => (false, below),
        };
        let list = moca
            .find_subcommand(kind)
            .and_then(|kind| kind.find_subcommand(name))
            .unwrap_or_else(|| {
                panic!("add a row for {plural} to server/src/cli/kinds.rs or resources/below.rs")
            });
        assert_eq!(
            list.get_positionals().count(),
            usize::from(of_one),
            "{plural}"
        );
        for parameter in route.query {
            let flag = flag_of(parameter.name);
            assert!(
                list.get_arguments()
                    .any(|arg| arg.get_id() == flag.as_str()),
                "add {} as --{flag} to the row of {plural} in server/src/cli/",
                parameter.name
            );
        }
    }
    assert!(lists > 10);
}

#[test]
fn what_is_below_a_kind_is_a_command_too() {
    let desk = Desk::new();
    let app = desk.object(&["apps", "create", "--name", "App"]);
    let app_id = text(&app, "appId");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let apps = desk
        .server
        .client()
        .app(app_id.parse().unwrap(), text(&app, "appSecret"));
    runtime.block_on(async {
        for lang in ["es", "es-MX", "de"] {
            let registration = Registration {
                profile: Profile {
                    lang: Some(lang.into()),
                    ..Profile::default()
                },
                ..Registration::default()
            };
            let (_, device) = apps.register(&registration).await.unwrap();
            device.tag("museum", "+1").await.unwrap();
        }
    });
    let query = r#"{"lang":{"$startsWith":"es"}}"#;
    let estimate = ["segments", "estimate", "--app", app_id, "--query"];
    let counted = desk.object(&[&estimate[..], &[query]].concat());
    assert_eq!(counted["count"], 2);
    let wrong = desk.run(&[&estimate[..], &[r#"{"lang":{"$lk":"es"}}"#]].concat());
    assert_eq!(wrong.code, 5, "{}", wrong.err);

    let create = ["segments", "create", "--app", app_id, "--name", "Spanish"];
    let segment = desk.object(&[&create[..], &["--query", query]].concat());
    let instances = ["segments", "instances", text(&segment, "segmentId")];
    assert_eq!(desk.objects(&instances).len(), 2);
    let second = desk.object(&[&instances[..], &["--offset", "1"]].concat());
    assert_eq!(second["lang"], "es-MX");

    let seen = desk.object(&["tags", "seen", "--app", app_id]);
    assert_eq!(
        (text(&seen, "name"), &seen["instanceCount"]),
        ("museum", &3.into())
    );
    let none = desk.objects(&["tags", "seen", "--app", app_id, "--search", "x"]);
    assert!(none.is_empty());

    desk.write("places.csv", "name,radius\nOne,\n,\n");
    desk.run(&["import", "places", "places.csv"]);
    let import = desk.object(&["imports", "list"]);
    let refused = desk.object(&["imports", "refused", text(&import, "importId")]);
    assert_eq!(
        (&refused["line"], text(&refused, "field")),
        (&3.into(), "name")
    );
}

#[test]
fn explain_asks_for_ids_and_a_time() {
    let desk = Desk::new();
    let nobody = "AAAAAAAAAAAAAAAAAAAAAA";
    let run = |instance: &str, more: &[&str]| {
        let arguments = ["explain", instance, "--experience", nobody];
        desk.run(&[&arguments[..], more].concat())
    };
    let done = run("nonsense", &[]);
    assert_eq!(done.code, 2, "{}", done.err);
    let done = run(nobody, &["--at", "soon"]);
    assert_eq!(done.code, 2, "{}", done.err);
    assert!(done.err.contains("a time such as"), "{}", done.err);
    let done = run(nobody, &["--at", "2026-12-01T09:00:00Z"]);
    assert_eq!(done.code, 3, "{}", done.err);
}
