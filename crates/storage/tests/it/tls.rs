//! `sslmode=require`: encrypted to the server that was named, or not at all.

use std::sync::Arc;

use moca_storage::{StorageError, control::Control};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// Why a server on this port is refused.
async fn refusal(port: u16) -> String {
    let url =
        format!("postgres://moca:secret@localhost:{port}/moca?hostaddr=127.0.0.1&sslmode=require");
    let Err(StorageError::Backend { source, .. }) = Control::open(&url).await else {
        panic!("opened, or refused before it was tried");
    };
    let mut sentences = source.to_string();
    let mut cause = source.source();
    while let Some(error) = cause {
        sentences.push_str(&format!(": {error}"));
        cause = error.source();
    }
    sentences
}

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Takes a connection and answers its wish for TLS.
async fn accept(listener: TcpListener, answer: u8) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    // SSLRequest: length 8, code 80877103.
    assert_eq!(stream.read_u64().await.unwrap(), (8 << 32) | 80_877_103);
    stream.write_all(&[answer]).await.unwrap();
    stream
}

#[tokio::test]
async fn a_server_without_tls_is_told_nothing() {
    let (listener, port) = listener().await;
    let server = tokio::spawn(async move {
        let mut told = Vec::new();
        let mut stream = accept(listener, b'N').await;
        stream.read_to_end(&mut told).await.unwrap();
        told
    });
    let sentences = refusal(port).await;
    assert!(sentences.contains("TLS"), "{sentences}");
    assert!(server.await.unwrap().is_empty());
}

#[tokio::test]
async fn a_server_with_a_certificate_that_nobody_trusts_is_told_nothing() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let (listener, port) = listener().await;
    let server = tokio::spawn(async move {
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        acceptor.accept(accept(listener, b'S').await).await.is_err()
    });
    let sentences = refusal(port).await;
    assert!(sentences.contains("certificate"), "{sentences}");
    assert!(server.await.unwrap(), "the handshake failed");
}
