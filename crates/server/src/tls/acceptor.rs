//! What a connection goes through before HTTP: clear text or TLS, handshake, guard.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body, response::Response};
use axum_server::accept::Accept;
use futures::{FutureExt, future::BoxFuture};
use http::{
    HeaderMap, HeaderValue, Request, Version,
    header::{HOST, TRANSFER_ENCODING},
};
use hyper::body::Incoming;
use moca_api::Remote;
use moca_core::{
    clock::{Clock, Random},
    limits::REQUEST_ARRIVAL_MS_MAX,
};
use tokio::{net::TcpStream, time::timeout};
use tower::Service;

use super::{
    Certificate, cleartext,
    guard::{GuardedStream, UnderWay},
    refusal::Refusal,
    server_config,
};

/// Time for the first byte and the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Accepts connections of the API.
#[derive(Clone)]
pub(crate) struct TlsAcceptor {
    tls: tokio_rustls::TlsAcceptor,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    head_time: Duration,
}

impl TlsAcceptor {
    /// An acceptor that shows this certificate.
    pub(crate) fn new(
        certificate: Arc<Certificate>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            tls: Arc::new(server_config(certificate)).into(),
            clock,
            random,
            head_time: Duration::from_millis(REQUEST_ARRIVAL_MS_MAX),
        }
    }

    /// The same with another time for a request head to arrive.
    #[cfg(test)]
    pub(super) fn with_head_time(mut self, head_time: Duration) -> Self {
        self.head_time = head_time;
        self
    }

    async fn secure(
        self,
        stream: TcpStream,
        router: Router,
    ) -> io::Result<(GuardedStream, Guarded)> {
        stream.set_nodelay(true)?;
        let remote = Remote(stream.peer_addr()?.ip());
        let speaks_tls = timeout(HANDSHAKE, cleartext::speaks_tls(&stream)).await??;
        if !speaks_tls {
            cleartext::refuse(stream, self.clock.as_ref(), self.random.as_ref()).await;
            return Err(io::Error::other("clear text on the TLS port"));
        }
        let tls = timeout(HANDSHAKE, self.tls.accept(stream)).await??;
        let under_way = Arc::new(UnderWay::default());
        let service = Guarded {
            router,
            remote,
            under_way: under_way.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
        };
        let stream = GuardedStream::new(tls, under_way, self.clock, self.random, self.head_time);
        Ok((stream, service))
    }
}

impl Accept<TcpStream, Router> for TlsAcceptor {
    type Stream = GuardedStream;
    type Service = Guarded;
    type Future = BoxFuture<'static, io::Result<(GuardedStream, Guarded)>>;

    fn accept(&self, stream: TcpStream, router: Router) -> Self::Future {
        self.clone().secure(stream, router).boxed()
    }
}

/// The API on one connection, told apart from the time the connection waits for a request.
#[derive(Clone)]
pub(crate) struct Guarded {
    router: Router,
    remote: Remote,
    under_way: Arc<UnderWay>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Service<Request<Incoming>> for Guarded {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<Body>>::poll_ready(&mut self.router, cx)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let ticket = self.under_way.begin();
        if request.version() == Version::HTTP_11
            && let Err(refusal) = check_http1(request.headers())
        {
            let response = refusal.response(self.clock.as_ref(), self.random.as_ref());
            return std::future::ready(Ok(response.map(Body::from))).boxed();
        }
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(self.remote);
        let response = self.router.call(request);
        async move {
            let response = response.await;
            drop(ticket);
            response
        }
        .boxed()
    }
}

/// What RFC 9112 refuses and hyper lets through: anything but one `Host` (§3.2), and transfer codings
/// besides `chunked` that would have to be undone (§6.1).
fn check_http1(headers: &HeaderMap) -> Result<(), Refusal<'static>> {
    if headers.get_all(HOST).iter().count() != 1 {
        return Err(Refusal::NoHost);
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let chunked = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(coding), None) if chunked(coding) => Ok(()),
        _ => Err(Refusal::TransferCoding),
    }
}
