//! The way of every request, in this order:
//!
//! 1. it gets an id; too many at a time are turned away (503)
//! 2. the head is not too large, the URL not too long (400)
//! 3. a CORS preflight is answered (200)
//! 4. the path is in the table (404), and has the method (400 with `Allow`)
//! 5. the caller is who they say (403), does not call too often (503) and may do this (403)
//! 6. the query parameters are those of the route (400)
//! 7. `Accept` admits the answer (400); `If-Match` and `Idempotency-Key` can be read (400)
//! 8. the body has a coding and media type of the route (415), arrives in time (408; a file as long as
//!    it keeps coming), is not too large, and can be read (400)
//! 9. a repeat of an earlier POST gets the earlier answer, or 409
//! 10. the handler works in time (503), in one transaction that lasts only if it answers well
//! 11. every outcome gets the common headers and is counted
//!
//! An OAuth client names itself in the body, so at `/oauth/token` 5 comes after 8.

use std::{net::IpAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{Router, body::Body as Incoming, middleware::map_request, response::Response};
use futures::FutureExt;
use http::{HeaderValue, Request as HttpRequest, header::ORIGIN};
use moca_core::{clock::new_id, id::AccountId, rate::Standing};
use moca_wire::problem::Code;
use tokio::{sync::Semaphore, time::Instant};
use tower_http::compression::CompressionLayer;

use crate::{
    accept_encoding, cors,
    door::Remote,
    failure::Failure,
    head, headers, leftover,
    matching::Matcher,
    perform::Prepared,
    reply::Reply,
    route::{Endpoint, Route},
    routes,
    state::ApiState,
    turn::Turn,
};

/// The public API: management, device and OAuth routes.
pub fn router(state: ApiState) -> Router {
    service(state, routes::routes(), String::new())
}

/// Health and metrics, for a port that only operators reach. The pages of the documentation are not
/// there but on the API, whose URL this takes.
pub fn ops_router(state: ApiState, api_url: String) -> Router {
    service(state, routes::operations(), api_url)
}

fn service(state: ApiState, table: &'static [Route], docs_url: String) -> Router {
    let server = Arc::new(Server {
        in_flight: Arc::new(Semaphore::new(state.settings.in_flight_max)),
        matcher: Matcher::new(table),
        state,
        docs_url,
    });
    Router::new()
        .fallback(move |request| {
            let server = server.clone();
            async move { server.answer(request).await }
        })
        .layer(CompressionLayer::new())
        .layer(map_request(accept_encoding::admit_uncoded))
}

struct Server {
    state: ApiState,
    matcher: Matcher,
    in_flight: Arc<Semaphore>,
    /// Where the documentation is, if not here.
    docs_url: String,
}

/// What is known of a request so far.
#[derive(Default)]
pub(crate) struct Exchange {
    pub(crate) request_id: String,
    pub(crate) now_ms: i64,
    pub(crate) account_id: Option<AccountId>,
    /// Where the request comes from, as far as the listener knows.
    pub(crate) remote: Option<IpAddr>,
    /// What the caller may still do.
    pub(crate) standing: Option<Standing>,
    route: Option<&'static Route>,
    preflight: bool,
}

impl Server {
    async fn answer(&self, request: HttpRequest<Incoming>) -> Response {
        let started = Instant::now();
        let now_ms = self.state.clock.now_ms();
        let mut exchange = Exchange {
            request_id: new_id(now_ms, self.state.random.as_ref()).to_string(),
            now_ms,
            remote: request.extensions().get::<Remote>().map(|remote| remote.0),
            ..Exchange::default()
        };
        let origin = request.headers().get(ORIGIN).cloned();
        let (request, leftover) = leftover::watch(request);
        // Given back too when the client goes away and this future is dropped.
        let in_flight = self.state.metrics.enter();
        let outcome = AssertUnwindSafe(self.serve(&mut exchange, request))
            .catch_unwind()
            .await
            .unwrap_or(Err(Failure::Panicked));
        drop(in_flight);
        // What did not arrive in the time of a whole request is not waited for any longer.
        let arrival = Duration::from_millis(self.state.settings.arrival_ms);
        let time_left = arrival.saturating_sub(started.elapsed());
        leftover.discard(time_left).await;
        // Last, for it tells the time.
        let response = self.respond(&exchange, origin, outcome).await;
        let (method, path) = exchange.route.map_or(("other", "other"), |route| {
            (route.verb.as_str(), route.path)
        });
        let seconds = started.elapsed().as_secs_f64();
        let status = response.status().as_u16();
        self.state.metrics.record(method, path, status, seconds);
        tracing::debug!(
            request_id = exchange.request_id,
            method,
            path,
            status,
            seconds,
            "request answered"
        );
        response
    }

    async fn respond(
        &self,
        exchange: &Exchange,
        origin: Option<HeaderValue>,
        outcome: Result<Reply, Failure>,
    ) -> Response {
        let mut response = match outcome {
            Ok(reply) => headers::of_reply(reply),
            Err(failure) => {
                let path = exchange.route.map_or("other", |route| route.path);
                headers::log(&failure, &exchange.request_id, path);
                let oauth = exchange
                    .route
                    .is_some_and(|route| matches!(route.endpoint, Endpoint::OAuthClient(_)));
                headers::of_failure(&failure, &exchange.request_id, oauth, &self.docs_url)
            }
        };
        let now_ms = self.state.clock.now_ms();
        headers::set_standard_headers(response.headers_mut(), &exchange.request_id, now_ms);
        if let Some(standing) = exchange.standing {
            headers::set_rate_limit(response.headers_mut(), standing);
        }
        cors::answer(
            &self.state,
            origin.as_ref(),
            exchange.account_id,
            exchange.preflight,
            response.headers_mut(),
        )
        .await;
        response
    }

    async fn serve(
        &self,
        exchange: &mut Exchange,
        request: HttpRequest<Incoming>,
    ) -> Result<Reply, Failure> {
        let turn = Arc::new(Turn::take(&self.in_flight)?);
        let (parts, incoming) = request.into_parts();
        head::check(&parts)?;
        if cors::is_preflight(&parts.method, &parts.headers) {
            exchange.preflight = true;
            return Ok(Reply::done());
        }
        let found = self.matcher.find(parts.uri.path())?.ok_or_else(|| {
            Failure::new(
                Code::NotFound,
                "There is nothing at this path: /docs has the documentation, /v2/openapi.json all paths.",
            )
        })?;
        let route = found.with_method(parts.method.as_str())?;
        exchange.route = Some(route);
        let prepared = Prepared {
            state: &self.state,
            parts,
            incoming,
            path: found.variables,
            route,
            turn,
        };
        prepared.run(exchange).await
    }
}

pub(crate) fn overloaded() -> Failure {
    Failure::new(
        Code::Overloaded,
        "There is more to do than can be done in time: repeat after Retry-After seconds.",
    )
}

#[cfg(test)]
#[path = "dispatch_tests.rs"]
mod tests;
