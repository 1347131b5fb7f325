//! A configuration that is not understood is refused by name before anything else happens.

use std::{fs, path::Path, process::Command};

use moca_client::Client;
use moca_server::serve;
use serde_json::json;

use crate::support::{binary::Binary, server::config};

/// Runs a server that must not start, and gives what it says.
fn refusal(mut command: Command, data_dir: &Path) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(output.stdout.is_empty());
    assert!(!data_dir.exists(), "it has begun its work: {said}");
    said
}

#[test]
fn wrong_keys_and_values_are_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let command = || Binary::command(&data_dir);
    let refused = |mut command: Command, words: &[&str]| {
        command.env("RUST_BACKTRACE", "1");
        let said = refusal(command, &data_dir);
        for word in words {
            assert!(said.contains(word), "{word} is missing in: {said}");
        }
    };

    let file = directory.path().join("moca.toml");
    let with_file = |text: &str| {
        fs::write(&file, text).unwrap();
        let mut command = command();
        command.arg("--config").arg(&file);
        command
    };
    refused(
        with_file("lisen = \"0.0.0.0:1\"\n"),
        &["moca.toml", "lisen"],
    );
    refused(
        with_file("shutdown_ms = \"soon\"\n"),
        &["moca.toml", "shutdown_ms"],
    );
    refused(
        with_file("shutdown_ms = [1]\n"),
        &["moca.toml", "shutdown_ms"],
    );
    refused(with_file("shutdown_ms = = 1\n"), &["moca.toml"]);
    let missing = directory.path().join("missing.toml");
    let mut with_missing = command();
    with_missing.arg("--config").arg(missing);
    refused(with_missing, &["missing.toml"]);

    let with_variable = |name: &str, value: &str| {
        let mut command = command();
        command.env(name, value);
        command
    };
    refused(with_variable("MOCA_LISEN", "0.0.0.0:1"), &["MOCA_LISEN"]);
    refused(
        with_variable("MOCA_IN_FLIGHT_MAX", "0"),
        &["MOCA_IN_FLIGHT_MAX"],
    );

    let with_flag = |flag: &str| {
        let mut command = command();
        command.arg(flag);
        command
    };
    refused(with_flag("--lisen=0.0.0.0:1"), &["--lisen"]);
    refused(with_flag("--log-format=xml"), &["--log-format"]);
    refused(with_flag("--tls-cert=chain.pem"), &["tls_cert", "tls_key"]);
    // All faults at once.
    let mut with_two = with_file("lisen = 1\n");
    with_two.arg("--shutdown-ms=soon");
    refused(with_two, &["lisen", "--shutdown-ms"]);
}

/// Starts a server and stops it again.
async fn start_once(data_dir: &Path) -> anyhow::Result<()> {
    serve::start(&config(data_dir)).await?.shutdown().await
}

#[tokio::test]
async fn a_key_that_opens_nothing_is_refused_until_the_right_one_is_back() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path();
    let key_file = data_dir.join("secret.key");
    start_once(data_dir).await.unwrap();
    let key = fs::read(&key_file).unwrap();
    fs::write(&key_file, [7; 32]).unwrap();
    let refusal = start_once(data_dir).await.unwrap_err().to_string();
    for word in ["secret.key is not the key", "restore", "--secret-key-file"] {
        assert!(refusal.contains(word), "{refusal}");
    }
    fs::write(&key_file, key).unwrap();
    start_once(data_dir).await.unwrap();
}

#[tokio::test]
async fn the_key_of_a_store_from_before_the_check_is_told_by_its_apps() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path();
    let key_file = data_dir.join("secret.key");
    let running = serve::start(&config(data_dir)).await.unwrap();
    let client = Client::builder(&running.base_url())
        .trust_pem(fs::read(running.trust.as_ref().unwrap()).unwrap())
        .token(running.first_token.as_ref().unwrap().secret.clone())
        .build()
        .unwrap();
    let app = json!({"config": {"name": "A"}});
    client.collection("/v2/apps").create(&app).await.unwrap();
    running.shutdown().await.unwrap();
    let store = rusqlite::Connection::open(data_dir.join("control.db")).unwrap();
    store.execute("DELETE FROM key_check", []).unwrap();
    drop(store);
    let key = fs::read(&key_file).unwrap();
    fs::write(&key_file, [7; 32]).unwrap();
    let refusal = start_once(data_dir).await.unwrap_err().to_string();
    assert!(refusal.contains("is not the key"), "{refusal}");
    fs::write(&key_file, key).unwrap();
    start_once(data_dir).await.unwrap();
    // Now it is kept.
    fs::write(&key_file, [7; 32]).unwrap();
    assert!(start_once(data_dir).await.is_err());
}
