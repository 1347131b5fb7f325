//! What a connection to the running program meets before and around HTTP.

use std::{fs, path::Path, process::Command, sync::Arc, time::Duration};

use http::Request;
use moca_wire::problem::Problem;
use rcgen::generate_simple_self_signed;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    binary::Binary,
    wire::{self, Reply, Wire},
};

/// The documented statuses of refusals.
const REFUSALS: [u16; 8] = [400, 403, 404, 408, 409, 415, 500, 503];
/// Time in which new certificate files must be in force.
const RENEWAL: Duration = Duration::from_secs(30);

/// Checks a refusal as curl or a socket got it: head, then problem body.
fn problem(answer: &str) -> Problem {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    let problem: Problem = serde_json::from_str(body).unwrap();
    for field in [
        "content-type: application/problem+json",
        "server: moca",
        "x-api-version: 2",
        "x-server-timestamp: ",
        &format!("x-request-id: {}", problem.request_id.to_ascii_lowercase()),
    ] {
        assert!(head.contains(field), "{field} is missing in {head}");
    }
    let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
    assert!(REFUSALS.contains(&status), "{head}");
    assert_eq!(problem.status, status);
    problem
}

/// What curl gets from this server, head and body.
fn curl(binary: &Binary, arguments: &[&str]) -> String {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--include", "--cacert"])
        .arg(binary.ca_path())
        .args(arguments)
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaints}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn clear_text_is_answered_once_and_the_connection_closes() {
    let directory = tempfile::tempdir().unwrap();
    let binary = Binary::start(directory.path());
    let mut stream = TcpStream::connect(binary.address()).await.unwrap();
    let two = b"GET /v2/apps HTTP/1.1\r\nhost: l\r\n\r\nGET /v2/apps HTTP/1.1\r\nhost: l\r\n\r\n";
    stream.write_all(two).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer.matches("HTTP/1.1 400 Bad Request\r\n").count(), 1);
    assert_eq!(problem(&answer).code, "tls_required");

    let url = format!("http://{}/v2/apps", binary.address());
    let answer = curl(&binary, &[&url]);
    let problem = problem(&answer);
    assert_eq!(problem.code, "tls_required");
    // The page it names is where it can be read.
    let page = format!("https://{}/docs/errors/tls_required", binary.address());
    assert_eq!(problem.type_uri, page);
    assert!(curl(&binary, &[&page]).contains("<h1"));
    binary.stop();
}

#[test]
fn both_versions_of_http_work() {
    let directory = tempfile::tempdir().unwrap();
    let binary = Binary::start(directory.path());
    let url = format!("{}/v2/apps", binary.base_url());
    let authorization = format!("Authorization: Bearer {}", binary.token());
    for (flag, version) in [("--http1.1", "HTTP/1.1 200"), ("--http2", "HTTP/2 200")] {
        let answer = curl(&binary, &[flag, "-H", &authorization, &url]);
        assert!(answer.starts_with(version), "{answer}");
        assert!(answer.ends_with("\"items\":[]}"), "{answer}");
    }
    binary.stop();
}

#[tokio::test]
async fn what_http_would_refuse_by_itself_gets_a_problem_body() {
    let directory = tempfile::tempdir().unwrap();
    let binary = Binary::start(directory.path());
    let trust = wire::trust(&binary.ca_path());
    let (long_url, long_field) = ("u".repeat(70_000), "f".repeat(100_000));
    let endless_url = "u".repeat(2_000_000);
    for (request, code) in [
        ("GET\r\n\r\n".to_owned(), "malformed_request"),
        ("GET / HTTP/7\r\n\r\n".to_owned(), "malformed_request"),
        (
            format!("GET / HTTP/1.1\r\nhost: l\r\nx-long: {long_field}\r\n\r\n"),
            "invalid_header",
        ),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "malformed_request"),
        (
            "GET / HTTP/1.1\r\nhost: l\r\nhost: m\r\n\r\n".to_owned(),
            "malformed_request",
        ),
        (
            "POST / HTTP/1.1\r\nhost: l\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
                .to_owned(),
            "malformed_request",
        ),
        (
            format!("GET /{endless_url} HTTP/1.1\r\nhost: l\r\n\r\n"),
            "url_too_long",
        ),
        (
            format!("GET /{long_url} HTTP/1.1\r\nhost: l\r\n\r\n"),
            "url_too_long",
        ),
    ] {
        let start: String = request.chars().take(30).collect();
        let mut wire = Wire::connect(binary.address(), &trust).await.unwrap();
        wire.send(request.as_bytes()).await.unwrap();
        let Reply { head, body, .. } = wire.reply().await.unwrap();
        let problem = problem(&(head + str::from_utf8(&body).unwrap()));
        assert_eq!((problem.status, &*problem.code), (400, code), "{start}");
    }

    binary.stop();
}

#[tokio::test]
async fn the_same_over_http_2() {
    let directory = tempfile::tempdir().unwrap();
    let binary = Binary::start(directory.path());
    let mut trust = (*wire::trust(&binary.ca_path())).clone();
    trust.alpn_protocols = vec![b"h2".to_vec()];
    let stream = wire::secure(binary.address(), &Arc::new(trust)).await;
    let (mut client, connection) = h2::client::handshake(stream.unwrap()).await.unwrap();
    let connection = tokio::spawn(connection);
    let long_url = format!("https://localhost/{}", "u".repeat(20_000));
    let long_field = "f".repeat(100_000);
    for (url, field, code) in [
        (&*long_url, "short", "url_too_long"),
        ("https://localhost/", &*long_field, "invalid_header"),
    ] {
        let request = Request::get(url).header("x-field", field).body(());
        let (answer, _) = client.send_request(request.unwrap(), true).unwrap();
        let (head, mut body) = answer.await.unwrap().into_parts();
        let mut text = format!("{:?} {}\r\n", head.version, head.status);
        for (name, value) in &head.headers {
            text.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
        }
        text.push_str("\r\n");
        while let Some(data) = body.data().await {
            text.push_str(str::from_utf8(&data.unwrap()).unwrap());
        }
        let problem = problem(&text);
        assert_eq!((problem.status, &*problem.code), (400, code));
    }
    drop(client);
    connection.await.unwrap().unwrap();
    binary.stop();
}

#[tokio::test]
async fn http_2_has_the_limits_of_a_head_too() {
    let directory = tempfile::tempdir().unwrap();
    let binary = Binary::start(directory.path());
    let url = format!("https://localhost:{}/", binary.address().port());
    let fields: Vec<String> = (0..101).map(|n| format!("x-{n}: 1")).collect();
    let mut arguments = vec!["--http2", &*url];
    arguments.extend(fields.iter().flat_map(|field| ["-H", field]));
    let problem = problem(&curl(&binary, &arguments));
    assert_eq!((problem.status, &*problem.code), (400, "invalid_header"));
    binary.stop();
}

/// Writes a new pair for `localhost` and gives the certificate.
fn new_pair(certificate: &Path, key: &Path) -> CertificateDer<'static> {
    let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(certificate, made.cert.pem()).unwrap();
    fs::write(key, made.signing_key.serialize_pem()).unwrap();
    CertificateDer::from_pem_file(certificate).unwrap()
}

#[tokio::test]
async fn given_certificate_files_are_read_again_when_they_change() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let (certificate, key) = (path("chain.pem"), path("key.pem"));
    let first = new_pair(&certificate, &key);
    let trust_first = wire::trust(&certificate);
    let flags = [
        format!("--tls-cert={}", certificate.display()),
        format!("--tls-key={}", key.display()),
    ];
    let data_dir = path("data");
    let binary = Binary::start_with(&data_dir, &[&flags[0], &flags[1]]);
    assert!(!data_dir.join("tls").exists(), "no certificate of its own");
    let mut kept = Wire::connect(binary.address(), &trust_first).await.unwrap();
    assert_eq!(kept.certificate(), first);

    new_pair(&certificate, &key);
    let trust_second = wire::trust(&certificate);
    // A client that trusts only the new certificate gets in once that is in force.
    let renewed = async {
        while Wire::connect(binary.address(), &trust_second)
            .await
            .is_err()
        {}
    };
    tokio::time::timeout(RENEWAL, renewed).await.unwrap();
    assert!(Wire::connect(binary.address(), &trust_first).await.is_err());
    let bearer = format!("Bearer {}", binary.token());
    let reply = kept.call("GET", "/v2/apps", &bearer, "").await.unwrap();
    assert_eq!(reply.status, 200, "a connection outlives its certificate");
    binary.stop();
}
