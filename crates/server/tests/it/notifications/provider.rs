//! A push service of our own, over TLS, that answers as the real ones do.

use std::{
    pin::pin,
    sync::{Arc, Mutex},
};

use axum::{
    Extension, Router,
    body::{Body, Bytes, to_bytes},
    extract::Request,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, StatusCode, Version};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use moca_engine::{push::PushSettings, webhooks::WebhookSettings};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Notify};
use tokio_rustls::TlsAcceptor;

/// A request as it came.
#[derive(Clone)]
pub(crate) struct Got {
    pub(crate) path: String,
    pub(crate) version: Version,
    headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The certificate that the client showed.
    pub(crate) certificate: Option<Vec<u8>>,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Which device it is for: the one whose token it names.
    pub(crate) fn device(&self) -> String {
        match self.json()["message"]["token"].as_str() {
            Some(token) => token.to_owned(),
            None => self.path.rsplit('/').next().unwrap_or_default().to_owned(),
        }
    }
}

/// What is done with a request.
pub(crate) enum Answer {
    /// This status, header `Retry-After` and body.
    Reply(u16, Option<&'static str>, Value),
    /// Nothing, ever.
    Hang,
    /// That it was taken, and that the connection ends: what comes behind on it is not looked at, as
    /// when Apple moves its clients elsewhere (GOAWAY).
    GoAway,
}

/// That the message was taken.
pub(crate) fn taken() -> Answer {
    Answer::Reply(200, None, json!({}))
}

type Script = dyn Fn(&Got) -> Answer + Send + Sync;

/// A push service. Tokens of Google are at `/token`.
pub(crate) struct Provider {
    pub(crate) url: String,
    pem: String,
    got: Arc<Mutex<Vec<Got>>>,
    /// Rings for each request that gets no answer.
    pub(crate) hung: Arc<Notify>,
}

impl Provider {
    /// One that answers every message with what `script` says.
    pub(crate) async fn start(script: impl Fn(&Got) -> Answer + Send + Sync + 'static) -> Self {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let provider = Arc::new(ring::default_provider());
        let mut tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(Arc::new(Anybody))
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let this = Self {
            url: format!("https://localhost:{port}"),
            pem: cert.pem(),
            got: Arc::default(),
            hung: Arc::default(),
        };
        let (got, hung) = (Arc::clone(&this.got), Arc::clone(&this.hung));
        let script: Arc<Script> = Arc::new(script);
        let router = Router::new().fallback(move |request: Request| {
            answer(
                request,
                Arc::clone(&got),
                Arc::clone(&hung),
                Arc::clone(&script),
            )
        });
        tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(tls)), router));
        this
    }

    /// Settings with which this is every push service.
    pub(crate) fn settings(&self) -> PushSettings {
        PushSettings {
            apns_url: self.url.clone(),
            apns_sandbox_url: format!("{}/sandbox", self.url),
            fcm_url: self.url.clone(),
            fcm_token_url: format!("{}/token", self.url),
            trusted_pem: Some(self.pem.clone().into_bytes()),
            allow_private: true,
        }
    }

    /// Settings with which webhooks may be sent here.
    pub(crate) fn webhooks(&self) -> WebhookSettings {
        WebhookSettings {
            trusted_pem: Some(self.pem.clone().into_bytes()),
            allow_private: true,
        }
    }

    /// The certificate to be trusted.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// The messages that came since this was asked last; those for tokens of Google are none.
    pub(crate) fn messages(&self) -> Vec<Got> {
        let all = std::mem::take(&mut *self.got.lock().unwrap());
        all.into_iter().filter(|got| got.path != "/token").collect()
    }
}

async fn answer(
    request: Request,
    got: Arc<Mutex<Vec<Got>>>,
    hung: Arc<Notify>,
    script: Arc<Script>,
) -> Response {
    let (parts, body) = request.into_parts();
    let request = Got {
        path: parts.uri.path().to_owned(),
        version: parts.version,
        headers: parts.headers,
        body: to_bytes(body, usize::MAX).await.unwrap(),
        certificate: parts.extensions.get::<Shown>().cloned().flatten(),
    };
    let leave = parts.extensions.get::<Leave>().cloned();
    got.lock().unwrap().push(request.clone());
    let answer = match request.path.as_str() {
        "/token" => Answer::Reply(
            200,
            None,
            json!({"access_token": "google", "expires_in": 3600}),
        ),
        _ => script(&request),
    };
    match answer {
        Answer::Reply(status, retry_after, body) => {
            let mut response = Body::from(body.to_string()).into_response();
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            if let Some(retry_after) = retry_after {
                let value = retry_after.parse().unwrap();
                response.headers_mut().insert("retry-after", value);
            }
            response
        }
        Answer::GoAway => {
            leave.unwrap().0.notify_one();
            Body::from("{}").into_response()
        }
        Answer::Hang => {
            hung.notify_one();
            std::future::pending().await
        }
    }
}

/// Whoever shows a certificate may come in with it, and who does not, without.
#[derive(Debug)]
struct Anybody;

impl ClientCertVerifier for Anybody {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = ring::default_provider().signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, &known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = ring::default_provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, &known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let known = ring::default_provider().signature_verification_algorithms;
        known.supported_schemes()
    }
}

/// The certificate of a connection.
type Shown = Option<Vec<u8>>;

/// Ends a connection in order.
#[derive(Clone)]
struct Leave(Arc<Notify>);

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, router: Router) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let (_, tls) = stream.get_ref();
            let shown = tls.peer_certificates().and_then(|all| all.first());
            let shown: Shown = shown.map(|der| der.to_vec());
            let leave = Leave(Arc::default());
            let router = router
                .layer(Extension(shown))
                .layer(Extension(leave.clone()));
            let service = TowerToHyperService::new(router);
            let builder = auto::Builder::new(TokioExecutor::new());
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            let mut connection = pin!(connection);
            loop {
                tokio::select! {
                    // A client that goes away is no fault of the test.
                    _ = connection.as_mut() => return,
                    () = leave.0.notified() => connection.as_mut().graceful_shutdown(),
                }
            }
        });
    }
}
