//! Every command of the guides works as it stands.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

use super::{Desk, Done, done};
use crate::support::binary::Binary;

/// The blocks of a page in this language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("```{language}\n");
    let blocks = page.split(start.as_str()).skip(1);
    blocks
        .map(|rest| rest.split_once("```").unwrap().0)
        .collect()
}

/// Runs the blocks of a page from top to bottom, on a server that nobody has used.
fn type_in(page: &str) -> Done {
    let blocks = blocks(page, "sh");
    assert!(blocks.len() > 5, "the blocks were not found");
    type_in_script(&Desk::new(), &blocks.join("\n"))
}

/// Runs the blocks of a page whose reader has done this before.
fn type_in_after(before: &str, page: &str) -> (Desk, Done) {
    let blocks = blocks(page, "sh");
    assert!(!blocks.is_empty(), "the blocks were not found");
    let desk = Desk::new();
    let done = type_in_script(&desk, &format!("{before}\n{}", blocks.join("\n")));
    (desk, done)
}

fn type_in_script(desk: &Desk, script: &str) -> Done {
    let bin = desk.home().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(env!("CARGO_BIN_EXE_moca"), bin.join("moca")).unwrap();
    // Where a server keeps everything that was started here.
    symlink(desk.server.data_dir(), desk.home().join("moca-data")).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    symlink(root.join("docs"), desk.home().join("docs")).unwrap();
    let script = script.replace("https://localhost:8443", &desk.server.base_url());
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new("bash");
    // What a command of the desk is given, and what is kept from it.
    for (name, value) in desk.bare().get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(desk.home())
        .env("PATH", format!("{}:{path}", bin.display()))
        .env("SERVER", desk.server.base_url())
        .env("DATA", desk.server.data_dir())
        .output()
        .unwrap();
    let done = done(output);
    assert_eq!(done.code, 0, "{}\n{}", done.out, done.err);
    assert!(!done.out.contains(&desk.server.token()));
    done
}

/// What the reader of a page has from the guides.
const READER: &str = r#"
export MOCA_URL="$SERVER" TOKEN=$(cat moca-data/first-token)
field() { grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4; }
call() { curl --silent --show-error --fail --cacert moca-data/tls/cert.pem "$@"; }
made=$(moca apps create --name Guide)
app=$(echo "$made" | field appId)
device=$(call -u "$app:$(echo "$made" | field appSecret)" -H 'Content-Type: application/json' "$SERVER/device/v1/instances" -d '{"lang": "es"}')
instance=$(echo "$device" | field instanceId)
call -X PUT -H "Authorization: Bearer $(echo "$device" | field instanceToken)" -H 'Content-Type: application/json' \
  "$SERVER/device/v1/instance/user" -d '{"userId": "u-7"}' > /dev/null
"#;

#[test]
fn the_page_of_the_command_line_can_be_typed() {
    type_in(include_str!("../../../../../docs/cli.md"));
}

#[test]
fn a_first_app_greets_somebody() {
    let done = type_in(include_str!("../../../../../docs/first-app.md"));
    assert!(done.out.contains("¡Bienvenido a la plaza!"), "{}", done.out);
    assert!(done.out.ends_with("Fired\n"), "{}", done.out);
}

#[test]
fn every_action_reaches_a_device() {
    let done = type_in(include_str!("../../../../../docs/campaigns.md"));
    assert!(done.out.contains("there is no field name"), "{}", done.out);
    assert!(done.out.ends_with("\"visits\":1\n"), "{}", done.out);
}

#[test]
fn a_device_gets_what_it_needs_to_decide_offline() {
    let page = include_str!("../../../../../docs/bundle.md");
    let (_desk, done) = type_in_after("", page);
    assert!(done.out.contains("\n304\n"), "{}", done.out);
    assert!(done.out.ends_with("repeat NextDay\n"), "{}", done.out);
}

#[test]
fn a_fleet_of_beacons_is_made_moved_and_heard_of() {
    let done = type_in(include_str!("../../../../../docs/beacons.md"));
    assert!(done.out.contains("3 \"status\":201"), "{}", done.out);
    let ending = "\"batteryPercent\":81\n";
    assert!(done.out.ends_with(ending), "{}", done.out);
}

#[test]
fn a_token_is_narrowed_changed_and_exchanged() {
    let done = type_in(include_str!("../../../../../docs/tokens.md"));
    assert!(done.out.contains("role_too_low"), "{}", done.out);
    assert!(done.out.contains("not_authenticated"), "{}", done.out);
    let missing = "needs the scope campaigns:read";
    assert!(done.out.contains(missing), "{}", done.out);
    let granted = "\"scope\":\"viewer places:read\"\n";
    assert!(done.out.ends_with(granted), "{}", done.out);
}

#[test]
fn segments_are_made_as_their_page_says() {
    let page = include_str!("../../../../../docs/segments.md");
    let (desk, done) = type_in_after(READER, page);
    let last = done.out.lines().last().unwrap();
    assert_eq!(last, r#"{"added":1,"count":1,"removed":0}"#, "{}", done.out);
    assert_eq!(desk.objects(&["segments", "list"]).len(), 2);
}

#[test]
fn files_go_in_and_out_as_their_page_says() {
    let before = format!(
        "{READER}\nLABEL_ID=$(moca labels create --name VIP | field labelId)\n\
         printf 'name,externalId\\nOne,1\\nTwo,2\\n' > stores.csv\n"
    );
    let (desk, done) = type_in_after(&before, include_str!("../../../../../docs/bulk.md"));
    assert!(done.out.contains("\"importId\""), "{}", done.out);
    let exported = fs::read_to_string(desk.home().join("places.csv")).unwrap();
    assert_eq!(exported.lines().count(), 1, "{exported}");
    // Nothing of the samples is refused.
    assert_eq!(
        done.out.matches(" 0 rows were refused").count(),
        3,
        "{}",
        done.out
    );
}

#[test]
fn a_notification_is_made_as_its_page_says() {
    let before = format!(
        "{READER}\n\
         CAMPAIGN=$(moca campaigns create --app $app --name News --type Push --start-at 0 | field campaignId)\n\
         SEGMENT=$(moca segments create --app $app --name All --query '{{\"lang\":{{\"$ne\":\"x\"}}}}' | field segmentId)\n"
    );
    let (_, done) = type_in_after(&before, include_str!("../../../../../docs/push.md"));
    assert!(done.out.contains("\"notificationId\""), "{}", done.out);
    assert!(
        done.out.contains("\"metric\":\"notifications\""),
        "{}",
        done.out
    );
}

#[test]
fn people_are_protected_as_their_page_says() {
    let before = format!(
        "{READER}\n\
         instance_token=$(echo \"$device\" | field instanceToken)\n\
         account=$(call -H \"Authorization: Bearer $TOKEN\" \"$SERVER/v2/accounts\" | field accountId)\n"
    );
    let page = include_str!("../../../../../docs/privacy.md");
    let (_, done) = type_in_after(&before, page);
    for told in [
        "\"version\":\"2026-03\"",
        "\"sensitive\":true",
        "place of worship",
    ] {
        assert!(done.out.contains(told), "{told}: {}", done.out);
    }
}

#[test]
fn a_webhook_is_made_as_its_page_says() {
    let page = include_str!("../../../../../docs/webhooks.md");
    let (_, done) = type_in_after(READER, page);
    assert!(done.out.contains("\"secret\":\"whsec_"), "{}", done.out);
}

#[test]
fn the_audit_log_is_read_and_verified_as_its_page_says() {
    let page = include_str!("../../../../../docs/audit.md");
    let (desk, done) = type_in_after(READER, page);
    assert!(done.out.contains("the last has the hash"), "{}", done.out);
    let [program] = blocks(page, "python")[..] else {
        panic!("the page has one program");
    };
    let verify = |store: &Path| {
        let key = desk.server.data_dir().join("secret.key");
        let mut python = Command::new("/usr/bin/python3");
        python.args(["-c", program]).arg(store).arg(key);
        python.output().unwrap()
    };
    let store = desk.server.data_dir().join("control.db");
    let verified = verify(&store);
    assert!(verified.status.success(), "{verified:?}");
    // It finds what was changed.
    let copy = desk.home().join("changed.db");
    let connection = rusqlite::Connection::open(&store).unwrap();
    let into = format!("VACUUM INTO '{}'", copy.display());
    connection.execute(&into, []).unwrap();
    let change = "UPDATE audit_events SET at = at + 1 WHERE sequence = 2";
    let changed = rusqlite::Connection::open(&copy).unwrap();
    assert_eq!(changed.execute(change, []).unwrap(), 1);
    let told = verify(&copy);
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(told.contains("event 2 does not fit"), "{told}");
}

#[test]
fn a_server_is_started_and_filled_as_its_page_says() {
    let page = include_str!("../../../../../docs/operations.md");
    let [serve, import] = blocks(page, "sh")[..] else {
        panic!("the page has two blocks");
    };
    let data = tempfile::tempdir().unwrap();
    let directory = data.path().join("moca");
    let serve = serve
        .trim()
        .replace("/var/lib/moca", directory.to_str().unwrap())
        .replace("0.0.0.0:8443", "127.0.0.1:0")
        .replace(
            "moca serve",
            concat!("exec ", env!("CARGO_BIN_EXE_moca"), " serve"),
        );
    let child = Command::new("bash")
        .args(["-c", &format!("{serve} --ops-listen 127.0.0.1:0")])
        .stdout(Stdio::piped())
        .spawn();
    let started = Binary::of(child.unwrap(), &directory);
    assert!(!started.token().is_empty());
    started.stop();

    let before = "printf 'name\\nOne\\n' > stores.csv";
    let done = type_in_script(&Desk::new(), &format!("{before}\n{import}"));
    assert!(done.out.starts_with("1 places are in"), "{}", done.out);
}

#[test]
fn a_place_says_how_it_is_entered_as_its_page_says() {
    let page = include_str!("../../../../../docs/presence.md");
    let [config] = blocks(page, "json")[..] else {
        panic!("the page has one example");
    };
    let desk = Desk::new();
    desk.write("place.json", &format!("{{\"config\": {config}}}"));
    let made = desk.object(&["places", "create", "-f", "place.json"]);
    assert_eq!(made["config"]["presence"]["exitMarginM"], 100.0);
}
