//! A refusal reaches a client that is still sending: curl, as people use it, and one that sends all
//! before it listens.

use std::{fs, process::Command};

use moca_core::limits::BODY_BYTES_MAX;

use crate::support::{
    server::TestServer,
    wire::{Wire, trust},
};

/// What curl prints for a POST of the file: the answer, then its status and HTTP version.
async fn curl(server: &TestServer, version: &str, path: &str, file: &str) -> String {
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--show-error", version, "--cacert"])
        .arg(server.running.trust.as_ref().unwrap())
        .args(["--header", "Content-Type: application/json"])
        .args(["--data-binary", &format!("@{file}")])
        .args(["--write-out", "\n%{http_code} %{http_version}"])
        .arg(format!("{}{path}", server.running.base_url()));
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output = output.unwrap().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{version} {path}: {} {told}",
        String::from_utf8_lossy(&output.stderr)
    );
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_sees_why_a_large_body_was_refused() {
    let server = TestServer::start().await;
    let body = server.data_dir().join("body");
    fs::write(&body, vec![b' '; BODY_BYTES_MAX * 2]).unwrap();
    let body = body.to_str().unwrap();
    for (version, number) in [("--http1.1", "1.1"), ("--http2", "2")] {
        let told = curl(&server, version, "/v2/apps", body).await;
        assert!(told.contains("not_authenticated"), "{told}");
        assert!(told.ends_with(&format!("\n403 {number}")), "{told}");
        let told = curl(&server, version, "/nothing/here", body).await;
        assert!(told.ends_with(&format!("\n404 {number}")), "{told}");
        let told = curl(&server, version, "/oauth/token", body).await;
        assert!(told.contains("unsupported_media_type"), "{told}");
    }
    server.running.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_all_before_it_listens_gets_the_refusal() {
    let server = TestServer::start().await;
    let trust = trust(server.running.trust.as_ref().unwrap());
    let owner = server.running.first_token.as_ref().unwrap();
    let owner = format!("Bearer {}", owner.secret);
    let body = " ".repeat(BODY_BYTES_MAX * 4);
    for (path, authorization, code) in [
        ("/v2/apps", owner.as_str(), "body_too_large"),
        ("/v2/apps", "none", "not_authenticated"),
        ("/nothing/here", "none", "not_found"),
    ] {
        let mut wire = Wire::connect(server.running.address, &trust).await.unwrap();
        let reply = wire.call("POST", path, authorization, &body).await.unwrap();
        assert_eq!(reply.json()["code"], code, "{path}");
        // The connection is good for more.
        let reply = wire.call("GET", "/v2/apps", authorization, "").await;
        assert!(matches!(reply.unwrap().status, 200 | 403), "{path}");
    }
    server.running.shutdown().await.unwrap();
}
