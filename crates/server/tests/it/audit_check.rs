//! `moca check audit`, as an operator runs it.

use std::{env, fs, path::Path, process::Command};

use moca_core::label::LabelConfig;
use moca_wire::labels::{Label, LabelInput};

use crate::{
    cli::{Done, done},
    support::binary::Binary,
};

/// Checks the log of the server on this directory.
pub(crate) fn check(data_dir: &Path, more: &[&str]) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_moca"));
    for (name, _) in env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"MOCA_") {
            command.env_remove(name);
        }
    }
    command.args(["check", "audit", "--data-dir"]).arg(data_dir);
    done(command.args(more).output().unwrap())
}

/// Writes the same number of other bytes over some, wherever they stand in a file.
fn overwrite(path: &Path, from: &[u8], to: &[u8]) -> usize {
    assert_eq!(from.len(), to.len());
    let mut bytes = fs::read(path).unwrap();
    let at: Vec<usize> = bytes
        .windows(from.len())
        .enumerate()
        .filter_map(|(at, window)| (window == from).then_some(at))
        .collect();
    for &at in &at {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    fs::write(path, bytes).unwrap();
    at.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_checked_beside_a_server_and_a_change_in_its_file_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path();
    let server = Binary::start(data_dir);
    let client = server.client();
    for name in ["Museum", "Square"] {
        let config = LabelConfig {
            name: name.into(),
            color: None,
        };
        client
            .create::<Label>(&LabelInput { config })
            .await
            .unwrap();
    }
    let newest = client.audit_events().page().await.unwrap().items.remove(0);
    assert_eq!(
        client.audit_event(newest.audit_event_id).await.unwrap(),
        newest
    );
    assert_eq!(newest.address.as_deref(), Some("127.0.0.1"));
    // The first start made three objects.
    let expected = format!(
        "account {}: 5 events, the last has the hash {}\n",
        newest.account_id, newest.hash
    );
    let checked = check(data_dir, &[]);
    assert_eq!(
        (checked.code, &checked.out),
        (0, &expected),
        "{}",
        checked.err
    );
    server.stop();
    let checked = check(data_dir, &[]);
    assert_eq!(
        (checked.code, &checked.out),
        (0, &expected),
        "{}",
        checked.err
    );

    let other = data_dir.join("other.key");
    fs::write(&other, [1; 32]).unwrap();
    let checked = check(data_dir, &["--secret-key-file", other.to_str().unwrap()]);
    assert_eq!(checked.code, 1);
    assert!(
        checked.out.contains("the secret key is another one"),
        "{}",
        checked.out
    );

    // In the log an object is shown so. SQLite may leave copies of a row in its pages.
    let shown = |name: &str| format!(r#"{{"config":{{"name":"{name}""#);
    let control = data_dir.join("control.db");
    let found = overwrite(
        &control,
        shown("Museum").as_bytes(),
        shown("Mausol").as_bytes(),
    );
    assert_ne!(found, 0, "the file has no copy of it");
    let checked = check(data_dir, &[]);
    assert_eq!(checked.code, 1, "{}", checked.out);
    assert!(
        checked.out.contains("event 4 is not what was written"),
        "{}",
        checked.out
    );
    assert!(
        checked.err.contains("not as it was written"),
        "{}",
        checked.err
    );
}

#[test]
fn without_a_store_or_its_key_there_is_nothing_to_check() {
    let directory = tempfile::tempdir().unwrap();
    let checked = check(directory.path(), &[]);
    assert_eq!(checked.code, 1);
    assert!(
        checked.err.contains("there is no control store"),
        "{}",
        checked.err
    );
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    let checked = check(directory.path(), &["--listen", "127.0.0.1:0"]);
    assert_eq!(checked.code, 2, "{}", checked.err);

    let server = Binary::start(directory.path());
    server.stop();
    fs::remove_file(directory.path().join("secret.key")).unwrap();
    let checked = check(directory.path(), &[]);
    assert_eq!(checked.code, 1);
    assert!(
        checked.err.contains("secret.key is missing"),
        "{}",
        checked.err
    );
}
