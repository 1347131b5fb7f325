//! A connection that shows the bytes: HTTP/1.1 over TLS without a client library in between. A
//! library would repeat calls by itself, and could not send what is not HTTP.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    path::Path,
    str,
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Whom a client trusts.
pub(crate) type Trust = Arc<ClientConfig>;

/// Trust in one certificate and no other.
pub(crate) fn trust(certificate: &Path) -> Trust {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(certificate).unwrap();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// A TLS connection to `localhost` at this address.
pub(crate) async fn secure(address: SocketAddr, trust: &Trust) -> io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(address).await?;
    tcp.set_nodelay(true)?;
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    TlsConnector::from(trust.clone()).connect(name, tcp).await
}

/// The value of `Authorization` for a user and a password.
pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// A kept connection.
pub(crate) struct Wire {
    stream: TlsStream<TcpStream>,
    /// What was read and not yet handed out.
    unread: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: u16,
    /// Status line and fields, as sent.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Wire {
    /// Connects to `localhost` at this address.
    pub(crate) async fn connect(address: SocketAddr, trust: &Trust) -> io::Result<Self> {
        Ok(Self {
            stream: secure(address, trust).await?,
            unread: Vec::new(),
        })
    }

    /// Sends a request with a JSON body, empty for none, and reads the answer.
    pub(crate) async fn call(
        &mut self,
        method: &str,
        target: &str,
        authorization: &str,
        body: &str,
    ) -> io::Result<Reply> {
        let mut request = format!(
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: {authorization}\r\n"
        );
        if !body.is_empty() {
            request.push_str("content-type: application/json\r\n");
        }
        request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        self.send(request.as_bytes()).await?;
        self.reply().await
    }

    /// Sends bytes as they are.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Reads the next answer.
    pub(crate) async fn reply(&mut self) -> io::Result<Reply> {
        let head_bytes = loop {
            if let Some(end) = find(&self.unread, b"\r\n\r\n") {
                break end + 4;
            }
            self.read_more().await?;
        };
        let head: Vec<u8> = self.unread.drain(..head_bytes).collect();
        let head = String::from_utf8(head).map_err(io::Error::other)?;
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("no status line"))?;
        let body_bytes = match status {
            100..200 => 0,
            _ => content_length(&head).ok_or_else(|| io::Error::other("no content-length"))?,
        };
        while self.unread.len() < body_bytes {
            self.read_more().await?;
        }
        let body = self.unread.drain(..body_bytes).collect();
        Ok(Reply { status, head, body })
    }

    /// The certificate that the server showed.
    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        let shown = self.stream.get_ref().1.peer_certificates();
        shown.unwrap()[0].clone().into_owned()
    }

    async fn read_more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.unread).await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

impl Reply {
    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

fn content_length(head: &str) -> Option<usize> {
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(key, _)| key.eq_ignore_ascii_case("content-length"))?;
    value.trim().parse().ok()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
