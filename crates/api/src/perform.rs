//! Does what a line of the route table asks for: proof, parameters, body, handler, transaction.

use std::{
    net::IpAddr,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use axum::body::{Body as Incoming, HttpBody};
use futures::FutureExt;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, IF_MATCH, IF_NONE_MATCH},
    request::Parts,
};
use moca_core::{
    account::{AccountLimits, Role},
    id::AccountId,
    scope::Reach,
};
use moca_storage::control::Tx;
use tokio::time::timeout;

use crate::{
    accept, audit,
    auth::{self, Anyone, AppClient, Gateway, Principal},
    body::{self, Taken},
    call::{Call, Request},
    content,
    dispatch::{Exchange, overloaded},
    door::{self, For},
    etag::{IfMatch, IfNoneMatch},
    failure::Failure,
    idempotency::{self, Key},
    oauth,
    query::Query,
    rates::{self, Caller},
    reply::Reply,
    route::{BodyKind, Endpoint, ManageHandler, Pending, Route, Verb},
    state::ApiState,
    turn::Turn,
    upload,
};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// A request with its line of the table.
pub(crate) struct Prepared<'a> {
    pub(crate) state: &'a ApiState,
    pub(crate) parts: Parts,
    pub(crate) incoming: Incoming,
    pub(crate) path: Vec<(&'static str, String)>,
    pub(crate) route: &'static Route,
    pub(crate) turn: Arc<Turn>,
}

/// The path, query and condition of a request for a route, checked.
struct Checked {
    state: ApiState,
    request_id: String,
    now_ms: i64,
    path: Vec<(&'static str, String)>,
    query: Query,
    if_match: Option<IfMatch>,
    if_none_match: Option<IfNoneMatch>,
    key: Option<String>,
    /// Path and query as they were sent.
    target: String,
    route: &'static Route,
    remote: Option<IpAddr>,
    /// Whether a stream of events is to be answered.
    wants_events: bool,
    /// The id of the last event that the client has of such a stream.
    last_event_id: Option<String>,
    turn: Arc<Turn>,
}

impl Prepared<'_> {
    pub(crate) async fn run(self, exchange: &mut Exchange) -> Result<Reply, Failure> {
        let state = self.state;
        let now_ms = exchange.now_ms;
        let headers = &self.parts.headers;
        // Who sends several is refused without a look at any.
        let mut all = headers.get_all(AUTHORIZATION).iter();
        let credentials = all.next().filter(|_| all.next().is_none());
        let credentials = credentials.map(HeaderValue::as_bytes);
        match self.route.endpoint {
            Endpoint::Manage(role, handler) => {
                let mut tx = state.control.read().await?;
                let asks = (role, self.route);
                let principal =
                    member(state, exchange, &mut tx, headers, credentials, asks).await?;
                // A GET goes on in the snapshot that proved the permission. Who has a body to wait
                // for gives it back first: there are few, and others need them meanwhile.
                let is_get = self.route.verb == Verb::Get;
                let snapshot = (is_get && self.incoming.is_end_stream()).then_some(tx);
                let (checked, taken) = self.take(exchange).await?;
                let snapshot = match snapshot {
                    None if is_get => Some(state.control.read().await?),
                    snapshot => snapshot,
                };
                checked.manage(principal, taken, handler, snapshot).await
            }
            Endpoint::Ask(role, handler) => {
                let mut tx = state.control.read().await?;
                let asks = (role, self.route);
                let principal =
                    member(state, exchange, &mut tx, headers, credentials, asks).await?;
                drop(tx);
                let (checked, taken) = self.take(exchange).await?;
                let key = checked.key_of_member(&principal, &taken);
                let call = checked.into_call(principal, taken);
                in_time(call.state(), async {
                    let reply = once(&call, key, handler).await?;
                    call.require_match_checked()?;
                    audit::record_read(&call).await?;
                    Ok(reply)
                })
                .await
            }
            Endpoint::Public(handler) => {
                let (checked, taken) = self.take(exchange).await?;
                let call = checked.into_call(Anyone, taken);
                in_time(call.state(), handler(&call)).await
            }
            Endpoint::Operations(handler) => {
                let (_, _) = self.take(exchange).await?;
                in_time(state, handler(state)).await
            }
            Endpoint::OAuthClient(handler) => {
                let basic = auth::basic(headers);
                let credentials = credentials.map(<[u8]>::to_vec);
                let (checked, taken) = self.take(exchange).await?;
                let mut tx = checked.state.control.read().await?;
                // Credentials may stand in the header or in the form.
                let credentials = credentials.unwrap_or_else(|| taken.bytes.to_vec());
                let proof = oauth::client(&mut tx, basic, &taken.body, now_ms);
                let principal =
                    door::pass(state, exchange, For::Client, Some(&credentials), proof).await?;
                drop(tx);
                admit(state, exchange, &principal)?;
                checked.manage(principal, taken, handler, None).await
            }
            Endpoint::Device(handler) => {
                let proof = auth::device(state, headers);
                let device = door::pass(state, exchange, For::Device, credentials, proof).await?;
                let subject = device.subject;
                exchange.account_id = Some(subject.account_id);
                let caller = Caller::Device(subject.instance_id);
                count(state, exchange, caller, &device.limits)?;
                let (checked, taken) = self.take(exchange).await?;
                let caller = format!("instance {}", subject.instance_id);
                let key = checked.key(subject.account_id, &caller, &taken);
                checked.device(key, device, taken, handler).await
            }
            Endpoint::App(handler) => {
                let app = app(state, exchange, headers, credentials).await?;
                let (checked, taken) = self.take(exchange).await?;
                let key = checked.key_of_app(&app, &taken);
                checked.device(key, app, taken, handler).await
            }
            Endpoint::Gateway(_, handler) if auth::basic(headers).is_some() => {
                let app = app(state, exchange, headers, credentials).await?;
                let (checked, taken) = self.take(exchange).await?;
                let key = checked.key_of_app(&app, &taken);
                let gateway = Gateway::from(&app);
                checked.device(key, gateway, taken, handler).await
            }
            Endpoint::Gateway(role, handler) => {
                let mut tx = state.control.read().await?;
                let asks = (role, self.route);
                let principal =
                    member(state, exchange, &mut tx, headers, credentials, asks).await?;
                drop(tx);
                let (checked, taken) = self.take(exchange).await?;
                let key = checked.key_of_member(&principal, &taken);
                let gateway = Gateway::from(&principal);
                checked.device(key, gateway, taken, handler).await
            }
        }
    }

    /// Checks what is left to check, and takes in the body.
    async fn take(self, exchange: &Exchange) -> Result<(Checked, Taken), Failure> {
        let headers = &self.parts.headers;
        let raw_query = self.parts.uri.query().unwrap_or_default();
        let query = Query::read(raw_query, self.route.query)?;
        let wants_events = self.route.events && accept::prefers_events(headers)?;
        if !wants_events && !matches!(self.route.endpoint, Endpoint::Operations(_)) {
            accept::check(headers, self.route.answers)?;
        }
        let last_event_id = match wants_events {
            true => content::single(headers, &LAST_EVENT_ID)?.map(str::to_owned),
            false => None,
        };
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
        let if_none_match = match self.route.conditional {
            true => content::single(headers, &IF_NONE_MATCH)?,
            false => None,
        };
        let if_none_match = if_none_match.map(IfNoneMatch::read).transpose()?;
        let taken = match self.route.body {
            BodyKind::File => {
                upload::take(self.state, headers, self.incoming, exchange.now_ms).await?
            }
            _ => {
                body::take(
                    self.state,
                    headers,
                    self.incoming,
                    self.route,
                    key.is_some(),
                )
                .await?
            }
        };
        let checked = Checked {
            state: self.state.clone(),
            request_id: exchange.request_id.clone(),
            now_ms: exchange.now_ms,
            path: self.path,
            query,
            if_match,
            if_none_match,
            key,
            target: self
                .parts
                .uri
                .path_and_query()
                .map_or_else(String::new, ToString::to_string),
            route: self.route,
            remote: exchange.remote,
            wants_events,
            last_event_id,
            turn: self.turn,
        };
        Ok((checked, taken))
    }
}

impl Checked {
    fn key(&self, account_id: AccountId, caller: &str, taken: &Taken) -> Option<Key> {
        let key = self.key.as_ref()?;
        Some(Key {
            account_id,
            // Hashed, as the caller may be a device, whose id must not stay behind when it is erased.
            stored: idempotency::stored_key(caller, key),
            request_hash: idempotency::request_hash(&self.target, &taken.bytes),
            role: None,
            reach: Reach::ALL,
        })
    }

    fn key_of_member(&self, principal: &Principal, taken: &Taken) -> Option<Key> {
        let key = self.key(principal.account_id, "member", taken)?;
        Some(Key {
            role: Some(principal.role),
            reach: principal.reach,
            ..key
        })
    }

    fn key_of_app(&self, app: &AppClient, taken: &Taken) -> Option<Key> {
        self.key(app.account_id, &format!("app {}", app.app_id), taken)
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
                _share: taken.share,
                if_match: self.if_match,
                if_none_match: self.if_none_match,
                if_match_checked: AtomicBool::new(false),
                route: self.route,
                remote: self.remote,
                wants_events: self.wants_events,
                last_event_id: self.last_event_id,
                turn: self.turn,
                recorded: AtomicBool::new(false),
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
        let key = self.key_of_member(&principal, &taken);
        let call = self.into_call(principal, taken);
        let state = call.state();
        in_time(state, async {
            if let Some(mut tx) = snapshot {
                return handler(&call, &mut tx).await;
            }
            let around = call.request.route.around;
            if let Some(around) = around {
                (around.before)(&call).await?;
            }
            let mut tx = state.control.write().await?;
            tx.act_as(audit::origin(&call));
            if let Some(key) = &key
                && let Some(reply) = idempotency::recall(state, &mut tx, key, call.now_ms()).await?
            {
                // What it tells of may not be on disk yet.
                tx.commit().await?;
                return Ok(reply);
            }
            let reply = handler(&call, &mut tx).await?;
            call.require_match_checked()?;
            if let Some(key) = &key {
                idempotency::keep(state, &mut tx, key, &reply, call.now_ms()).await?;
            }
            tx.commit().await?;
            if let Some(around) = around {
                (around.after)(&call).await?;
            }
            Ok(reply)
        })
        .await
    }

    /// Runs a handler of the device API. What it appends lasts by itself; the answer is kept after.
    async fn device<P: Sync>(
        self,
        key: Option<Key>,
        principal: P,
        taken: Taken,
        handler: for<'a> fn(&'a Call<P>) -> Pending<'a>,
    ) -> Result<Reply, Failure> {
        let call = self.into_call(principal, taken);
        // What the client asked to wait is no work.
        let ms = call.state().settings.work_ms + call.wait_ms();
        within(ms, once(&call, key, handler)).await
    }
}

/// Runs a handler that is given no transaction, unless the request repeats an earlier one.
async fn once<P: Sync>(
    call: &Call<P>,
    key: Option<Key>,
    handler: for<'a> fn(&'a Call<P>) -> Pending<'a>,
) -> Result<Reply, Failure> {
    let Some(key) = &key else {
        return handler(call).await;
    };
    let state = call.state();
    let mut tx = state.control.read().await?;
    if let Some(reply) = idempotency::recall(state, &mut tx, key, call.now_ms()).await? {
        return Ok(reply);
    }
    drop(tx);
    let reply = handler(call).await?;
    let mut tx = state.control.write().await?;
    idempotency::keep(state, &mut tx, key, &reply, call.now_ms()).await?;
    tx.commit().await?;
    Ok(reply)
}

/// The member that calls, if they may call a route of this role.
async fn member(
    state: &ApiState,
    exchange: &mut Exchange,
    tx: &mut Tx,
    headers: &HeaderMap,
    credentials: Option<&[u8]>,
    (role, route): (Role, &Route),
) -> Result<Principal, Failure> {
    let proof = auth::member(state, tx, headers, exchange.now_ms);
    let principal = door::pass(state, exchange, For::Member, credentials, proof).await?;
    admit(state, exchange, &principal)?;
    auth::require_role(&principal, role)?;
    require_scopes(&principal, route)?;
    Ok(principal)
}

/// The app that calls.
async fn app(
    state: &ApiState,
    exchange: &mut Exchange,
    headers: &HeaderMap,
    credentials: Option<&[u8]>,
) -> Result<AppClient, Failure> {
    let proof = auth::app(state, headers, exchange.now_ms);
    let app = door::pass(state, exchange, For::App, credentials, proof).await?;
    exchange.account_id = Some(app.account_id);
    count(state, exchange, Caller::App(app.app_id), &app.limits)?;
    Ok(app)
}

/// Notes who calls, and counts it.
fn admit(state: &ApiState, exchange: &mut Exchange, principal: &Principal) -> Result<(), Failure> {
    exchange.account_id = Some(principal.account_id);
    let caller = Caller::Token(principal.counted_as);
    count(state, exchange, caller, &principal.limits)?;
    let last_used = state.engine.last_used();
    let (account, token) = (principal.account_id, principal.token_id);
    last_used.note(account, token, &principal.last_use, exchange.now_ms);
    Ok(())
}

/// Refuses a member whose token's scopes leave out a family that the route reads or changes.
fn require_scopes(principal: &Principal, route: &Route) -> Result<(), Failure> {
    if principal.reach == Reach::ALL {
        return Ok(());
    }
    if route.families().next().is_none() {
        return Err(Failure::internal("a route has no scope", route.path));
    }
    for family in route.families() {
        auth::require_scope(principal, family, route.access())?;
    }
    Ok(())
}

/// Counts a request, unless its caller has made too many.
fn count(
    state: &ApiState,
    exchange: &mut Exchange,
    caller: Caller,
    limits: &AccountLimits,
) -> Result<(), Failure> {
    let rates = &state.settings.rates;
    let counted = state
        .requests
        .request(caller, limits, rates, exchange.now_ms);
    exchange.standing = counted;
    counted.map_or(Ok(()), |standing| rates::refuse(standing, "requests"))
}

fn in_time(
    state: &ApiState,
    work: impl Future<Output = Result<Reply, Failure>>,
) -> impl Future<Output = Result<Reply, Failure>> {
    within(state.settings.work_ms, work)
}

/// No `async fn`: that would keep the work twice, once as it came and once as it is waited for.
fn within(
    ms: u64,
    work: impl Future<Output = Result<Reply, Failure>>,
) -> impl Future<Output = Result<Reply, Failure>> {
    timeout(Duration::from_millis(ms), work)
        .map(|outcome| outcome.unwrap_or_else(|_| Err(overloaded())))
}
