//! The way of every request, in this order:
//!
//! 1. it gets an id; too many at a time are turned away (503)
//! 2. the URL is not too long (400)
//! 3. a CORS preflight is answered (200)
//! 4. the path is in the table (404), and has the method (400 with `Allow`)
//! 5. the caller is who they say (403) and may do this (403)
//! 6. the query parameters are those of the route (400)
//! 7. `Accept` admits the answer (400); `If-Match` and `Idempotency-Key` can be read (400)
//! 8. the body has a coding and media type of the route (415), arrives in time (408), is not too
//!    large, and can be read (400)
//! 9. a repeat of an earlier POST gets the earlier answer, or 409
//! 10. the handler works in time (503), in one transaction that lasts only if it answers well
//! 11. every outcome gets the common headers and is counted
//!
//! An OAuth client names itself in the body, so at `/oauth/token` 5 comes after 8.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use axum::{Router, body::Body as Incoming, response::Response};
use futures::FutureExt;
use http::{
    HeaderValue, Request as HttpRequest,
    header::{IF_MATCH, ORIGIN},
    request::Parts,
};
use moca_core::{clock::new_id, id::AccountId, limits::URL_BYTES_MAX};
use moca_storage::control::Tx;
use moca_wire::problem::Code;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};
use tower_http::compression::CompressionLayer;

use crate::{
    accept,
    auth::{self, Principal},
    body::{self, Taken},
    call::{Call, Request},
    content, cors,
    etag::IfMatch,
    failure::Failure,
    headers,
    idempotency::{self, Key},
    matching::Matcher,
    oauth,
    query::Query,
    reply::Reply,
    route::{Endpoint, ManageHandler, Pending, Route, Verb},
    routes,
    state::ApiState,
};

/// The public API: management, device and OAuth routes.
pub fn router(state: ApiState) -> Router {
    let server = Arc::new(Server {
        in_flight: Semaphore::new(state.settings.in_flight_max),
        matcher: Matcher::new(routes::routes()),
        state,
    });
    Router::new()
        .fallback(move |request| {
            let server = server.clone();
            async move { server.answer(request).await }
        })
        .layer(CompressionLayer::new())
}

struct Server {
    state: ApiState,
    matcher: Matcher,
    in_flight: Semaphore,
}

/// What is known of a request so far.
#[derive(Default)]
struct Exchange {
    request_id: String,
    now_ms: i64,
    route: Option<&'static Route>,
    account_id: Option<AccountId>,
    preflight: bool,
}

/// The path, query and condition of a request for a route, checked.
struct Checked {
    state: ApiState,
    request_id: String,
    now_ms: i64,
    path: Vec<(&'static str, String)>,
    query: Query,
    if_match: Option<IfMatch>,
    key: Option<String>,
    /// Path and query as they were sent.
    target: String,
}

impl Server {
    async fn answer(&self, request: HttpRequest<Incoming>) -> Response {
        let started = Instant::now();
        let now_ms = self.state.clock.now_ms();
        let mut exchange = Exchange {
            request_id: new_id(now_ms, self.state.random.as_ref()).to_string(),
            now_ms,
            ..Exchange::default()
        };
        let origin = request.headers().get(ORIGIN).cloned();
        self.state.metrics.in_flight.inc();
        let outcome = AssertUnwindSafe(self.serve(&mut exchange, request))
            .catch_unwind()
            .await
            .unwrap_or(Err(Failure::Panicked));
        self.state.metrics.in_flight.dec();
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
                headers::of_failure(&failure, &exchange.request_id, oauth)
            }
        };
        let now_ms = self.state.clock.now_ms();
        headers::finish(&mut response, &exchange.request_id, now_ms);
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
        let _permit = self.in_flight.try_acquire().map_err(|_| overloaded())?;
        let (parts, incoming) = request.into_parts();
        let url_bytes = parts.uri.path_and_query().map_or(0, |it| it.as_str().len());
        if url_bytes > URL_BYTES_MAX {
            return Err(Failure::new(
                Code::UrlTooLong,
                format!("Path and query together have at most {URL_BYTES_MAX} bytes."),
            ));
        }
        if cors::is_preflight(&parts.method, &parts.headers) {
            exchange.preflight = true;
            return Ok(Reply::done());
        }
        let found = self.matcher.find(parts.uri.path())?.ok_or_else(|| {
            Failure::new(
                Code::NotFound,
                "There is nothing at this path: see the API's list of paths.",
            )
        })?;
        let route = found.with_method(parts.method.as_str())?;
        exchange.route = Some(route);
        let prepared = Prepared {
            server: self,
            parts,
            incoming,
            path: found.variables,
            route,
        };
        prepared.run(exchange).await
    }
}

/// A request with its line of the table.
struct Prepared<'a> {
    server: &'a Server,
    parts: Parts,
    incoming: Incoming,
    path: Vec<(&'static str, String)>,
    route: &'static Route,
}

impl Prepared<'_> {
    async fn run(self, exchange: &mut Exchange) -> Result<Reply, Failure> {
        let state = &self.server.state;
        let now_ms = exchange.now_ms;
        let headers = &self.parts.headers;
        match self.route.endpoint {
            Endpoint::Manage(role, handler) => {
                let mut tx = state.control.read().await?;
                let principal = auth::member(&mut tx, headers, now_ms).await?;
                exchange.account_id = Some(principal.account_id);
                auth::require_role(&principal, role)?;
                // A GET goes on in the snapshot that proved the permission; a change waits for its
                // body first, and must not hold up others meanwhile.
                let tx = (self.route.verb == Verb::Get).then_some(tx);
                let (checked, taken) = self.take(exchange).await?;
                checked.manage(principal, taken, handler, tx).await
            }
            Endpoint::OAuthClient(handler) => {
                let basic = auth::basic(headers);
                let (checked, taken) = self.take(exchange).await?;
                let mut tx = checked.state.control.read().await?;
                let principal = oauth::client(&mut tx, basic, &taken.body, now_ms).await?;
                drop(tx);
                exchange.account_id = Some(principal.account_id);
                checked.manage(principal, taken, handler, None).await
            }
            Endpoint::Device(handler) => {
                let device = auth::device(state, headers).await?;
                let subject = device.subject;
                exchange.account_id = Some(subject.account_id);
                let (checked, taken) = self.take(exchange).await?;
                let caller = format!("instance {}", subject.instance_id);
                checked
                    .device(subject.account_id, caller, device, taken, handler)
                    .await
            }
            Endpoint::App(handler) => {
                let app = auth::app(state, headers).await?;
                let (account_id, app_id) = (app.account_id, app.app_id);
                exchange.account_id = Some(account_id);
                let (checked, taken) = self.take(exchange).await?;
                let caller = format!("app {app_id}");
                checked
                    .device(account_id, caller, app, taken, handler)
                    .await
            }
        }
    }

    /// Checks what is left to check, and takes in the body.
    async fn take(self, exchange: &Exchange) -> Result<(Checked, Taken), Failure> {
        let headers = &self.parts.headers;
        let raw_query = self.parts.uri.query().unwrap_or_default();
        let query = Query::read(raw_query, self.route.query)?;
        accept::check(headers)?;
        let (mut if_match, mut key) = (None, None);
        match self.route.verb {
            Verb::Get => {}
            Verb::Post => key = idempotency::read(headers)?.map(str::to_owned),
            Verb::Put | Verb::Delete => {
                if let Some(text) = content::single(headers, &IF_MATCH)? {
                    if_match = Some(IfMatch::read(text)?);
                }
            }
        }
        let arrival_ms = self.server.state.settings.arrival_ms;
        let taken = body::take(headers, self.incoming, self.route.body, arrival_ms).await?;
        let checked = Checked {
            state: self.server.state.clone(),
            request_id: exchange.request_id.clone(),
            now_ms: exchange.now_ms,
            path: self.path,
            query,
            if_match,
            key,
            target: self
                .parts
                .uri
                .path_and_query()
                .map_or_else(String::new, ToString::to_string),
        };
        Ok((checked, taken))
    }
}

impl Checked {
    fn key(&self, account_id: AccountId, caller: &str, taken: &Taken) -> Option<Key> {
        let key = self.key.as_ref()?;
        Some(Key {
            account_id,
            stored: format!("{caller} {key}"),
            request_hash: idempotency::request_hash(&self.target, &taken.bytes),
            role: None,
        })
    }

    fn into_call<P>(self, principal: P, taken: Taken) -> Call<P> {
        Call {
            principal,
            request: Request {
                state: self.state,
                request_id: self.request_id,
                now_ms: self.now_ms,
                path: self.path,
                query: self.query,
                body: taken.body,
                if_match: self.if_match,
                if_match_checked: AtomicBool::new(false),
            },
        }
    }

    /// Runs a handler of the management API in its transaction.
    async fn manage(
        self,
        principal: Principal,
        taken: Taken,
        handler: ManageHandler,
        snapshot: Option<Tx>,
    ) -> Result<Reply, Failure> {
        let mut key = self.key(principal.account_id, "member", &taken);
        if let Some(key) = &mut key {
            key.role = Some(principal.role);
        }
        let call = self.into_call(principal, taken);
        let state = call.state();
        in_time(state, async {
            if let Some(mut tx) = snapshot {
                return handler(&call, &mut tx).await;
            }
            let mut tx = state.control.write().await?;
            if let Some(key) = &key
                && let Some(reply) = idempotency::recall(state, &mut tx, key, call.now_ms()).await?
            {
                return Ok(reply);
            }
            let reply = handler(&call, &mut tx).await?;
            call.require_match_checked()?;
            if let Some(key) = &key {
                idempotency::keep(state, &mut tx, key, &reply, call.now_ms()).await?;
            }
            tx.commit().await?;
            Ok(reply)
        })
        .await
    }

    /// Runs a handler of the device API. What it appends lasts by itself; the answer is kept after.
    async fn device<P: Sync>(
        self,
        account_id: AccountId,
        caller: String,
        principal: P,
        taken: Taken,
        handler: for<'a> fn(&'a Call<P>) -> Pending<'a>,
    ) -> Result<Reply, Failure> {
        let key = self.key(account_id, &caller, &taken);
        let call = self.into_call(principal, taken);
        let state = call.state();
        in_time(state, async {
            let Some(key) = &key else {
                return handler(&call).await;
            };
            let mut tx = state.control.read().await?;
            if let Some(reply) = idempotency::recall(state, &mut tx, key, call.now_ms()).await? {
                return Ok(reply);
            }
            drop(tx);
            let reply = handler(&call).await?;
            let mut tx = state.control.write().await?;
            idempotency::keep(state, &mut tx, key, &reply, call.now_ms()).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
    }
}

async fn in_time(
    state: &ApiState,
    work: impl Future<Output = Result<Reply, Failure>>,
) -> Result<Reply, Failure> {
    timeout(Duration::from_millis(state.settings.work_ms), work)
        .await
        .unwrap_or_else(|_| Err(overloaded()))
}

fn overloaded() -> Failure {
    Failure::new(
        Code::Overloaded,
        "There is more to do than can be done in time: repeat after Retry-After seconds.",
    )
}
