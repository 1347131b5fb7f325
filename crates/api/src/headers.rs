//! Turns an outcome into a response with the headers that every response has.

use std::{error::Error, sync::PoisonError};

use axum::{body::Body, response::Response};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{
        ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, LOCATION,
        REFERRER_POLICY, RETRY_AFTER, SERVER, X_CONTENT_TYPE_OPTIONS,
    },
};
use moca_core::rate::Standing;
use moca_wire::problem::{Code, Problem};
use serde::Serialize;

use crate::{etag, failure::Failure, reply::Reply};

const X_SERVER_TIMESTAMP: HeaderName = HeaderName::from_static("x-server-timestamp");
const X_API_VERSION: HeaderName = HeaderName::from_static("x-api-version");
const X_BUNDLE_SIGNATURE: HeaderName = HeaderName::from_static("x-bundle-signature");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const RATE_REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RATE_RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
/// The documentation changes with the program only; minutes are enough to spare a reader's clicks.
const PUBLIC_CACHE: &str = "public, max-age=300";
/// A page loads what this server has and nothing else, and stands in no other page.
const PUBLIC_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                             base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Seconds after which a client may try again: an overload passes quickly, a restart takes longer.
const RETRY_OVERLOADED_S: &str = "1";
const RETRY_UNAVAILABLE_S: &str = "5";

/// A problem body with what RFC 6749 asks for besides.
#[derive(Serialize)]
struct OAuthProblem<'a> {
    #[serde(flatten)]
    problem: &'a Problem,
    error: &'a str,
    error_description: &'a str,
}

/// The response to a call that was done.
pub(crate) fn of_reply(reply: Reply) -> Response {
    let body = match reply.stream {
        Some(stream) => stream.into_inner().unwrap_or_else(PoisonError::into_inner),
        None => Body::from(reply.body),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    if reply.status != 304 {
        set(CONTENT_TYPE, &reply.content_type);
    }
    if let Some(revision) = reply.revision {
        set(ETAG, &etag::of(revision));
    }
    if let Some(tag) = &reply.tag {
        set(ETAG, tag);
    }
    if let Some(signature) = &reply.signature {
        set(X_BUNDLE_SIGNATURE, signature);
    }
    if let Some(location) = &reply.location {
        set(LOCATION, location);
    }
    if let Some(tag) = reply.public {
        set(ETAG, &format!("\"{tag}\""));
        set(CACHE_CONTROL, PUBLIC_CACHE);
        set(X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(CONTENT_SECURITY_POLICY, PUBLIC_POLICY);
        set(REFERRER_POLICY, "no-referrer");
    }
    if reply.no_store {
        set(CACHE_CONTROL, "no-store");
    }
    response
}

/// The response to a call that was not done. At an OAuth route it says so in OAuth's words too. The
/// pages that explain codes are under `docs_url`.
pub(crate) fn of_failure(
    failure: &Failure,
    request_id: &str,
    oauth: bool,
    docs_url: &str,
) -> Response {
    let code = failure.code();
    let (allow, oauth_error) = match failure {
        Failure::Refused {
            allow, oauth_error, ..
        } => (allow.as_deref(), *oauth_error),
        Failure::Internal { .. } | Failure::Panicked => (None, None),
    };
    let mut problem = failure.problem(request_id);
    problem.type_uri.insert_str(0, docs_url);
    let written = if oauth {
        serde_json::to_vec(&OAuthProblem {
            error: oauth_error.unwrap_or_else(|| oauth_word(code)),
            error_description: &problem.detail,
            problem: &problem,
        })
    } else {
        serde_json::to_vec(&problem)
    };
    let mut response = Response::new(Body::from(written.unwrap_or_default()));
    *response.status_mut() =
        StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    if let Some(value) = allow.and_then(|verbs| HeaderValue::from_str(verbs).ok()) {
        headers.insert(ALLOW, value);
    }
    match code {
        Code::Overloaded => {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_OVERLOADED_S));
        }
        Code::Unavailable => {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_UNAVAILABLE_S));
        }
        _ => {}
    }
    if oauth {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// The `error` of RFC 6749 §5.2 nearest to a code of ours.
pub(crate) fn oauth_word(code: Code) -> &'static str {
    match code.status() {
        403 => "invalid_client",
        500 => "server_error",
        503 => "temporarily_unavailable",
        _ => "invalid_request",
    }
}

/// Adds what every response has, also one that is given before there is a request.
pub fn set_standard_headers(headers: &mut HeaderMap, request_id: &str, now_ms: i64) {
    headers.insert(X_SERVER_TIMESTAMP, HeaderValue::from(now_ms));
    headers.insert(X_API_VERSION, HeaderValue::from_static("2"));
    headers.insert(SERVER, HeaderValue::from_static("moca"));
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(X_REQUEST_ID, value);
    }
}

/// Tells a caller how much they may still do, and one who may not, when they may again.
pub(crate) fn set_rate_limit(headers: &mut HeaderMap, standing: Standing) {
    headers.insert(RATE_LIMIT, HeaderValue::from(standing.limit));
    headers.insert(RATE_REMAINING, HeaderValue::from(standing.remaining));
    headers.insert(RATE_RESET, HeaderValue::from(standing.reset_s));
    if standing.is_refused() {
        headers.insert(RETRY_AFTER, HeaderValue::from(standing.retry_s));
    }
}

/// Logs a fault of ours, once, with its causes.
pub(crate) fn log(failure: &Failure, request_id: &str, route: &str) {
    if failure.code() != Code::Internal {
        return;
    }
    let mut causes = failure.to_string();
    let mut cause = failure.source();
    while let Some(error) = cause {
        causes.push_str(": ");
        causes.push_str(&error.to_string());
        cause = error.source();
    }
    tracing::error!(request_id, route, causes, "a request failed");
}
