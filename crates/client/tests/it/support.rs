//! A scripted server and a clock that does not pass by itself.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use moca_client::{Builder, Client, ClientError, Pace};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// What the server does with the next request.
pub(crate) enum Step {
    /// Answers it.
    Answer(u16, &'static [(&'static str, &'static str)], String),
    /// Takes it and breaks the connection.
    Break,
    /// Takes it and says nothing.
    Hang,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A server that works off a script, and the clock of its clients.
pub(crate) struct Scripted {
    pub(crate) url: String,
    pub(crate) pem: String,
    pub(crate) pace: Arc<ManualPace>,
    script: Arc<Mutex<VecDeque<Step>>>,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Scripted {
    pub(crate) async fn start(script: impl IntoIterator<Item = Step>) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let provider = tokio_rustls::rustls::crypto::ring::default_provider();
        let config = ServerConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], PrivateKeyDer::Pkcs8(key))
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let scripted = Self {
            url: format!("https://localhost:{port}"),
            pem: cert.pem(),
            pace: Arc::default(),
            script: Arc::new(Mutex::new(script.into_iter().collect())),
            got: Arc::default(),
        };
        let (script, got) = (scripted.script.clone(), scripted.got.clone());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                let (script, got) = (script.clone(), got.clone());
                tokio::spawn(async move {
                    // A client that trusts nobody ends it here.
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    serve(BufReader::new(stream), &script, &got).await;
                });
            }
        });
        scripted
    }

    /// A builder for this server, on the clock that is turned by hand.
    pub(crate) fn builder(&self) -> Builder {
        Client::builder(&self.url)
            .trust_pem(self.pem.clone())
            .pace(self.pace.clone())
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().token("t").build().unwrap()
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: BufReader<impl AsyncReadExt + AsyncWriteExt + Unpin>,
    script: &Mutex<VecDeque<Step>>,
    got: &Mutex<Vec<Got>>,
) {
    let request = read(&mut stream).await;
    let line = request.line.clone();
    got.lock().unwrap().push(request);
    let step = script.lock().unwrap().pop_front();
    match step.unwrap_or_else(|| panic!("{line} was not expected")) {
        Step::Answer(status, headers, body) => {
            let mut head = format!(
                "HTTP/1.1 {status} Status\r\nconnection: close\r\ncontent-length: {}\r\n",
                body.len()
            );
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            let answer = format!("{head}\r\n{body}");
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
        Step::Break => {}
        Step::Hang => std::future::pending().await,
    }
}

async fn read(stream: &mut (impl AsyncBufReadExt + Unpin)) -> Got {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let headers: Vec<(String, String)> = lines[1..]
        .iter()
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut got = Got {
        line: lines[0].trim_end_matches(" HTTP/1.1").to_owned(),
        headers,
        body: String::new(),
    };
    let body = match got.header("transfer-encoding") {
        Some(_) => chunks(stream).await,
        None => {
            let length = got.header("content-length").unwrap_or("0");
            exactly(stream, length.parse().unwrap()).await
        }
    };
    got.body = String::from_utf8(body).unwrap();
    got
}

async fn exactly(stream: &mut (impl AsyncBufReadExt + Unpin), length: usize) -> Vec<u8> {
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    body
}

/// A body whose length is not told before (RFC 9112 §7.1).
async fn chunks(stream: &mut (impl AsyncBufReadExt + Unpin)) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        let length = usize::from_str_radix(line.trim_end(), 16).unwrap();
        body.extend(exactly(stream, length).await);
        assert_eq!(exactly(stream, 2).await, b"\r\n");
        if length == 0 {
            return body;
        }
    }
}

/// A problem body with this code.
pub(crate) fn problem(status: u16, code: &str) -> String {
    format!(
        r#"{{"type":"t","title":"T","status":{status},"detail":"D.","code":"{code}","requestId":"r-1"}}"#
    )
}

/// A refusal in the documented form.
pub(crate) fn refuse(status: u16, code: &str) -> Step {
    Step::Answer(status, &[], problem(status, code))
}

/// A clock that moves when somebody waits, at once, and chance that is always the greatest.
#[derive(Default)]
pub(crate) struct ManualPace {
    elapsed: Mutex<Duration>,
    waits: Mutex<Vec<Duration>>,
    counter: AtomicU8,
}

impl ManualPace {
    pub(crate) fn advance(&self, time: Duration) {
        *self.elapsed.lock().unwrap() += time;
    }

    /// The waits so far, in milliseconds.
    pub(crate) fn waits_ms(&self) -> Vec<u128> {
        let waits = self.waits.lock().unwrap();
        waits.iter().map(Duration::as_millis).collect()
    }
}

impl Pace for ManualPace {
    fn elapsed(&self) -> Duration {
        *self.elapsed.lock().unwrap()
    }

    fn wait(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.waits.lock().unwrap().push(time);
        self.advance(time);
        Box::pin(std::future::ready(()))
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), ClientError> {
        // The greatest chance for a wait; for a key something else each time.
        bytes.fill(0xff);
        if bytes.len() > 4 {
            bytes[0] = self.counter.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }
}
