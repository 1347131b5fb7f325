//! The README's block for newcomers works as it stands.

use std::process::Command;

use serde_json::{Deserializer, Value};

use crate::support::binary::Binary;

const README: &str = include_str!("../../../../README.md");
/// What comes right before the block.
const MARK: &str = "BASE and DATA set for the test's server -->\n```sh\n";

#[test]
fn the_whole_job_can_be_done_with_curl() {
    let directory = tempfile::tempdir().unwrap();
    walk_through(&Binary::start(directory.path()));
}

/// Runs the block against a server that nobody has used yet, and checks what it prints.
pub(crate) fn walk_through(binary: &Binary) {
    let (_, rest) = README.split_once(MARK).unwrap();
    let (script, _) = rest.split_once("\n```").unwrap();
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", script])
        .env("BASE", binary.base_url())
        .env("DATA", binary.data_dir())
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{complaints}");
    assert_eq!(complaints, "", "{printed}");

    // The block ends with three answers: the inbox, the visitors, the decisions.
    let answers = Deserializer::from_str(&printed).into_iter::<Value>();
    let answers: Vec<Value> = answers.map(Result::unwrap).collect();
    let [.., inbox, visitors, decisions] = &answers[..] else {
        panic!("{printed}");
    };
    assert_eq!(inbox["total"], 1, "{inbox}");
    let action = &inbox["items"][0]["action"];
    assert_eq!(
        action["content"]["es"], "¡Bienvenido a la plaza!",
        "{inbox}"
    );
    assert_eq!(visitors["metric"], "visitors", "{visitors}");
    assert_eq!(visitors["total"], 1, "{visitors}");
    assert_eq!(decisions["total"], 1, "{decisions}");
    assert_eq!(decisions["items"][0]["outcome"], "Fired", "{decisions}");
}
