use std::{fs, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Bytes, routing::any};
use axum_server::Handle;
use moca_wire::problem::Problem;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Tls, TlsAcceptor, http2, open};
use crate::{
    config::Config,
    http_limits,
    system::{SystemClock, SystemRandom},
};

/// A server whose handler answers with what it was sent.
struct Echo {
    address: SocketAddr,
    tls: Tls,
    directory: TempDir,
    handle: Handle<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
}

impl Echo {
    async fn start(head_time: Duration) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = Config {
            data_dir: directory.path().to_owned(),
            ..Config::default()
        };
        let tls = open(&config, &SystemClock).unwrap();
        let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
        let acceptor = TlsAcceptor::new(tls.certificate.clone(), clock, random);
        let handle = Handle::new();
        let mut server = axum_server::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .acceptor(acceptor.with_head_time(head_time))
            .handle(handle.clone());
        http_limits::apply(server.http_builder());
        let router = Router::new().fallback(any(|body: Bytes| async {
            ([("x-api-version", "2")], body)
        }));
        let task = tokio::spawn(server.serve(router.into_make_service()));
        let address = handle.listening().await.unwrap();
        Self {
            address,
            tls,
            directory,
            handle,
            task,
        }
    }

    /// Connects as a client that trusts the certificate file and nothing else.
    async fn connect(&self, name: &str) -> TlsStream<TcpStream> {
        self.connect_for(name, &[]).await
    }

    /// The same, asking for these protocols.
    async fn connect_for(&self, name: &str, protocols: &[&[u8]]) -> TlsStream<TcpStream> {
        let trust = self.tls.trust.as_ref().unwrap();
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(trust).unwrap())
            .unwrap();
        let mut config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|it| it.to_vec()).collect();
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, tcp)
            .await
            .unwrap()
    }

    /// Sends `request` over TLS and reads to the end of the connection.
    async fn exchange(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect("localhost").await;
        stream.write_all(request).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        Answer::read(&text)
    }
}

/// A refusal as it came over the wire.
#[derive(Debug)]
struct Answer {
    status: String,
    head: String,
    problem: Problem,
}

impl Answer {
    /// Reads a message, which must have all that every answer has.
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let head = head.to_ascii_lowercase();
        for field in [
            "content-type: application/problem+json",
            "connection: close",
            "server: moca",
            "x-api-version: 2",
            "x-server-timestamp: ",
            &format!("content-length: {}", body.len()),
        ] {
            assert!(head.contains(field), "{field} is missing in {head}");
        }
        let problem: Problem = serde_json::from_str(body).unwrap();
        let request_id = problem.request_id.to_ascii_lowercase();
        assert!(head.contains(&format!("x-request-id: {request_id}")));
        Self {
            status: text.split(' ').nth(1).unwrap().to_owned(),
            head,
            problem,
        }
    }
}

const PATIENT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn clear_text_gets_one_answer_and_the_connection_closes() {
    let echo = Echo::start(PATIENT).await;
    let mut stream = TcpStream::connect(echo.address).await.unwrap();
    let request = b"GET /v2/apps HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let answer = Answer::read(&text);
    assert_eq!(
        (&*answer.status, &*answer.problem.code),
        ("400", "tls_required")
    );
    assert!(answer.head.starts_with("http/1.1 400 bad request"));
}

#[tokio::test]
async fn the_certificate_is_all_a_client_has_to_trust() {
    let echo = Echo::start(PATIENT).await;
    for name in ["localhost", "127.0.0.1", "::1"] {
        echo.connect(name).await;
    }
}

#[tokio::test]
async fn what_is_not_http_gets_a_problem_body() {
    let echo = Echo::start(PATIENT).await;
    let long = "a".repeat(70_000);
    let longer = "a".repeat(200_000);
    let many: String = (0..200).map(|i| format!("x-{i}: 1\r\n")).collect();
    for (request, code) in [
        ("\u{1}\u{2}\r\n\r\n".to_owned(), "malformed_request"),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), "malformed_request"),
        (
            "GET / HTTP/1.1\r\nno colon\r\n\r\n".to_owned(),
            "malformed_request",
        ),
        (
            format!("GET /{long} HTTP/1.1\r\nhost: l\r\n\r\n"),
            "url_too_long",
        ),
        (
            format!("GET /{longer} HTTP/1.1\r\nhost: l\r\n\r\n"),
            "url_too_long",
        ),
        (
            format!("GET / HTTP/1.1\r\nhost: l\r\nx: {longer}\r\n\r\n"),
            "invalid_header",
        ),
        (
            format!("GET / HTTP/1.1\r\nhost: l\r\n{many}\r\n"),
            "invalid_header",
        ),
    ] {
        let answer = echo.exchange(request.as_bytes()).await;
        let start: String = request.chars().take(40).collect();
        assert_eq!(
            (&*answer.status, &*answer.problem.code),
            ("400", code),
            "{start}"
        );
    }
}

#[tokio::test]
async fn a_head_that_h2_does_not_read_gets_a_problem_body() {
    let echo = Echo::start(PATIENT).await;
    let stream = echo.connect_for("localhost", &[b"h2"]).await;
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let good = client.send_request(http::Request::new(()), true);
    let (response, _) = good.unwrap();
    assert_eq!(response.await.unwrap().status(), 200);
    let request = http::Request::get("https://localhost/")
        .header("x", "a".repeat(1_200_000))
        .body(())
        .unwrap();
    let (response, _) = client.send_request(request, true).unwrap();
    let response = response.await.unwrap();
    assert_eq!(response.status(), 400);
    assert_eq!(response.headers()["x-api-version"], "2");
    let body = response.into_body().data().await.unwrap().unwrap();
    let problem: Problem = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem.code, "invalid_header");
}

#[tokio::test]
async fn a_request_that_h2_would_reset_gets_a_problem_body() {
    for (path, code) in [
        (format!("/{}", "u".repeat(70_000)), "url_too_long"),
        ("/ /".to_owned(), "malformed_request"),
    ] {
        let echo = Echo::start(PATIENT).await;
        let mut stream = echo.connect_for("localhost", &[b"h2"]).await;
        let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        let request = [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            &settings[..],
            &http2::get(1, "localhost", &path),
        ];
        stream.write_all(&request.concat()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("\u{8}\u{3}400"), "{text}");
        let body = &text[text.find('{').unwrap()..=text.rfind('}').unwrap()];
        let problem: Problem = serde_json::from_str(body).unwrap();
        assert_eq!((problem.status, &*problem.code), (400, code));
    }
}

#[tokio::test]
async fn a_head_that_does_not_arrive_in_time_over_http_2_gets_408() {
    let echo = Echo::start(Duration::from_millis(50)).await;
    let mut stream = echo.connect_for("localhost", &[b"h2"]).await;
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .await
        .unwrap();
    // Empty settings; then `:method: GET` on stream 1, and no end of its header block.
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let headers = [0, 0, 1, 1, 1, 0, 0, 0, 1, 0x82];
    stream
        .write_all(&[&settings[..], &headers].concat())
        .await
        .unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("\u{8}\u{3}408"), "{text}");
    let body = &text[text.find('{').unwrap()..=text.rfind('}').unwrap()];
    let problem: Problem = serde_json::from_str(body).unwrap();
    assert_eq!(problem.code, "request_timeout");
    let go_away = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    assert!(bytes.ends_with(&go_away), "{bytes:?}");
}

#[tokio::test]
async fn an_unreadable_request_after_a_good_one_gets_its_own_answer() {
    let echo = Echo::start(PATIENT).await;
    let mut stream = echo.connect("localhost").await;
    let pipelined = b"POST / HTTP/1.1\r\nhost: l\r\ncontent-length: 4\r\n\r\ngood\x01\r\n\r\n";
    stream.write_all(pipelined).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (first, second) = text.split_once("good").unwrap();
    assert!(first.starts_with("HTTP/1.1 200 OK"), "{first}");
    assert_eq!(Answer::read(second).problem.code, "malformed_request");
}

#[tokio::test]
async fn a_head_that_does_not_arrive_in_time_gets_408() {
    let echo = Echo::start(Duration::from_millis(50)).await;
    let answer = echo.exchange(b"GET / HTTP/1.1\r\nhost: ").await;
    assert_eq!(
        (&*answer.status, &*answer.problem.code),
        ("408", "request_timeout")
    );
}

#[tokio::test]
async fn a_good_request_passes_unchanged_however_the_head_is_cut() {
    let echo = Echo::start(PATIENT).await;
    let mut stream = echo.connect("localhost").await;
    let request = b"POST / HTTP/1.1\r\nhost: l\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi";
    for byte in request {
        stream.write_all(&[*byte]).await.unwrap();
        stream.flush().await.unwrap();
    }
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(
        text.starts_with("HTTP/1.1 200 OK") && text.ends_with("\r\n\r\nhi"),
        "{text}"
    );
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_server_ends() {
    let echo = Echo::start(PATIENT).await;
    let mut idle = echo.connect("localhost").await;
    let mut stream = echo.connect("localhost").await;
    // The go-ahead proves that the handler is at work.
    let head = b"POST / HTTP/1.1\r\nhost: l\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let mut go_ahead = [0; 25];
    stream.read_exact(&mut go_ahead).await.unwrap();
    assert_eq!(&go_ahead, b"HTTP/1.1 100 Continue\r\n\r\n");
    echo.handle.graceful_shutdown(Some(PATIENT));
    // An idle connection ends at once, which also proves that the server is stopping.
    assert_eq!(idle.read(&mut [0]).await.unwrap_or(0), 0);
    stream.write_all(b"hi").await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(
        text.starts_with("HTTP/1.1 200 OK") && text.ends_with("hi"),
        "{text}"
    );
    echo.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn changed_files_come_into_force_and_broken_ones_do_not() {
    let echo = Echo::start(PATIENT).await;
    let shown =
        |stream: TlsStream<TcpStream>| stream.get_ref().1.peer_certificates().unwrap()[0].clone();
    let first = shown(echo.connect("localhost").await);
    fs::write(echo.directory.path().join("tls/key.pem"), "broken").unwrap();
    assert!(echo.tls.certificate.reload().is_err());
    assert_eq!(shown(echo.connect("localhost").await), first);
    let config = Config {
        data_dir: echo.directory.path().to_owned(),
        ..Config::default()
    };
    // A broken pair is made again.
    open(&config, &SystemClock).unwrap();
    echo.tls.certificate.reload().unwrap();
    assert_ne!(shown(echo.connect("localhost").await), first);
}
