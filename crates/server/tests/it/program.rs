//! The program as a whole: what it refuses, what its first start leaves, and its operations port.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Command, Output, Stdio},
};

use moca_server::{config::KEYS, serve};
use moca_wire::{
    apps::App,
    labels::{self, Label},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    binary::Binary,
    server::{TestServer, config},
};

fn moca(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_moca"))
        .args(arguments)
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn wrong_keys_and_values_are_refused_by_name_before_anything_is_made() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let data_dir = data_dir.to_str().unwrap();
    let output = moca(
        &["serve", "--data-dir", data_dir, "--log-format", "xml"],
        &[("MOCA_LISTN", "127.0.0.1:1"), ("MOCA_LISTEN", "8443")],
    );
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stderr);
    for named in ["MOCA_LISTN", "MOCA_LISTEN", "--log-format"] {
        assert!(told.contains(named), "{named} is not named in {told}");
    }
    assert!(!fs::exists(data_dir).unwrap());
}

#[test]
fn what_is_no_name_and_no_origin_is_refused_by_name() {
    for (flag, wrong) in [
        ("--public-names", "moca.example,bad name"),
        (
            "--console-origins",
            "https://console.example,console.example",
        ),
        ("--console-origins", "https://*.example"),
    ] {
        let output = moca(&["serve", flag, wrong], &[]);
        assert_eq!(output.status.code(), Some(2), "{flag} {wrong}");
        assert!(text(&output.stderr).contains(flag));
    }
}

/// Whoever read the log may have gone, as with `moca serve 2>&1 | head`.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_log_and_greeting_nobody_reads_serves() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_moca"))
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--ops-listen",
            "127.0.0.1:0",
        ])
        .arg("--data-dir")
        .arg(directory.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    let server = Binary::of(child, directory.path());
    let client = server.client();
    let label = labels::read(&json!({"config": {"name": "Here"}}))
        .by_itself()
        .unwrap();
    client.create::<Label>(&label).await.unwrap();
    server.stop();
}

#[test]
fn an_unknown_flag_is_refused_by_name() {
    let output = moca(&["serve", "--lissen", "x"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--lissen"));
}

#[test]
fn the_help_lists_every_key_with_its_variable_and_default() {
    let output = moca(&["serve", "--help"], &[]);
    assert_eq!(output.status.code(), Some(0));
    // The help is wrapped to the width of the terminal.
    let help = text(&output.stdout);
    let words: Vec<&str> = help.split_whitespace().collect();
    let help = words.join(" ");
    for key in KEYS {
        let default = match key.default {
            "" => "none",
            default => default,
        };
        for part in [
            format!("--{} <{}>", key.flag(), key.value_name),
            format!("[env: {}] [default: {default}]", key.variable()),
        ] {
            assert!(help.contains(&part), "{part} is missing");
        }
    }
}

#[tokio::test]
async fn the_first_start_leaves_a_token_and_later_ones_keep_everything() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(directory.path());
    let first = serve::start(&config).await.unwrap();
    let token = first.first_token.clone().unwrap();
    for private in [
        "first-token",
        "secret.key",
        "tls/key.pem",
        "control.db",
        "control.db-wal",
        "events.db",
        "events.db-wal",
    ] {
        let path = directory.path().join(private);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{private}");
    }
    let devices = fs::metadata(directory.path().join("devices")).unwrap();
    assert_eq!(devices.permissions().mode() & 0o777, 0o700);
    assert_eq!(
        fs::read_to_string(&token.path).unwrap().trim(),
        token.secret
    );
    first.shutdown().await.unwrap();

    let second = serve::start(&config).await.unwrap();
    assert!(second.first_token.is_none());
    let client = moca_client::Client::builder(&second.base_url())
        .trust_pem(fs::read(second.trust.as_ref().unwrap()).unwrap())
        .token(token.secret)
        .build()
        .unwrap();
    client.list::<App>(&Default::default()).await.unwrap();
    second.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_second_server_on_the_same_directory_is_refused() {
    let server = TestServer::start().await;
    let refusal = serve::start(&config(server.data_dir())).await.err();
    let refusal = format!("{:#}", refusal.unwrap());
    assert!(refusal.contains("another server"), "{refusal}");
}

#[tokio::test]
async fn a_lost_key_of_secrets_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(directory.path());
    let first = serve::start(&config).await.unwrap();
    first.shutdown().await.unwrap();
    fs::remove_file(directory.path().join("secret.key")).unwrap();
    let refusal = serve::start(&config).await.err();
    let refusal = format!("{:#}", refusal.unwrap());
    assert!(refusal.contains("secret.key"), "{refusal}");
}

#[tokio::test]
async fn the_operations_port_answers_in_clear_text() {
    let server = TestServer::start().await;
    let address = server.running.ops_address.unwrap();
    for (path, part) in [("/health", "\"ready\""), ("/metrics", "moca_http_requests")] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: l\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert!(answer.contains(part), "{answer}");
    }
}
