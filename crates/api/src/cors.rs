//! CORS: which pages of other origins may call, and telling browsers so.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::{
    HeaderMap, HeaderValue, Method,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
        ORIGIN, VARY,
    },
};
use moca_core::{
    account::Account,
    id::{AccountId, Id},
    resource::Kind,
};
use moca_storage::{StorageError, control::Tx};

use crate::state::ApiState;

const ALLOWED_METHODS: &str = "GET, POST, PUT, DELETE";
const ALLOWED_HEADERS: &str = "Authorization, Content-Type, Content-Encoding, Idempotency-Key, If-Match, If-None-Match, \
     Last-Event-ID";
const EXPOSED_HEADERS: &str = "X-Server-Timestamp, X-Api-Version, Server, X-Request-Id, ETag, Location, Retry-After, \
     RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-Bundle-Signature";
/// Seconds a browser may keep the answer to a preflight; short, for origins can be taken away.
const MAX_AGE_S: &str = "600";
/// Rows read at a time.
const PAGE: i64 = 1_000;

/// The origins that any account allows, as of a version of the control store.
#[derive(Default)]
pub(crate) struct Origins(Mutex<Option<Snapshot>>);

#[derive(Clone)]
struct Snapshot {
    version: i64,
    origins: Arc<HashSet<String>>,
}

/// Whether this is the question a browser asks before a call.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Adds what a browser needs to know: to any answer, and more to that of a preflight.
pub(crate) async fn answer(
    state: &ApiState,
    origin: Option<&HeaderValue>,
    account_id: Option<AccountId>,
    preflight: bool,
    headers: &mut HeaderMap,
) {
    headers.append(VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = origin else { return };
    let Ok(text) = origin.to_str() else { return };
    match allows(state, text, account_id).await {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the allowed origins cannot be read, so none is"
            );
            return;
        }
    }
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    let more: &[_] = if preflight {
        &[
            (ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS),
            (ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS),
            (ACCESS_CONTROL_MAX_AGE, MAX_AGE_S),
        ]
    } else {
        &[(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS)]
    };
    for (name, value) in more {
        headers.insert(name.clone(), HeaderValue::from_static(value));
    }
}

/// Whether the account allows the origin; any account, when nobody is authenticated.
async fn allows(
    state: &ApiState,
    origin: &str,
    account_id: Option<AccountId>,
) -> Result<bool, StorageError> {
    let console = &state.settings.console_origins;
    if console.iter().any(|known| known == origin) {
        return Ok(true);
    }
    let mut tx = state.control.read().await?;
    if let Some(id) = account_id {
        let account = tx.account(id).await?;
        return Ok(account.is_some_and(|account| {
            let known = &account.config.cors_origins;
            known.iter().any(|known| known == origin)
        }));
    }
    Ok(state.origins.current(&mut tx).await?.contains(origin))
}

impl Origins {
    /// The origins of all accounts, read again only when an account has changed.
    async fn current(&self, tx: &mut Tx) -> Result<Arc<HashSet<String>>, StorageError> {
        let known = self.lock().clone();
        let version = tx.config_version().await?;
        if let Some(known) = known
            && !account_changed(tx, known.version, version).await?
        {
            self.remember(version, known.origins.clone());
            return Ok(known.origins);
        }
        let mut origins = HashSet::new();
        let mut after: Option<Id> = None;
        loop {
            let page: Vec<Account> = tx.all(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.frame.id);
            origins.extend(page.into_iter().flat_map(|a| a.config.cors_origins));
        }
        let origins = Arc::new(origins);
        self.remember(version, origins.clone());
        Ok(origins)
    }

    fn remember(&self, version: i64, origins: Arc<HashSet<String>>) {
        *self.lock() = Some(Snapshot { version, origins });
    }

    fn lock(&self) -> MutexGuard<'_, Option<Snapshot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn account_changed(tx: &mut Tx, mut since: i64, until: i64) -> Result<bool, StorageError> {
    while since < until {
        let changes = match tx.changes_since(since, PAGE).await {
            Ok(changes) => changes,
            Err(StorageError::FeedTooShort) => return Ok(true),
            Err(error) => return Err(error),
        };
        let Some(last) = changes.last() else { break };
        since = last.version;
        if changes.iter().any(|change| change.kind == Kind::Account) {
            return Ok(true);
        }
    }
    Ok(false)
}
