//! What a server answered, and which error a refusal is.

use bytes::Bytes;
use moca_wire::problem::{Code, Problem};
use reqwest::{
    Response, StatusCode,
    header::{ETAG, HeaderMap, RETRY_AFTER},
};
use serde::de::DeserializeOwned;

use crate::error::ClientError;

/// Characters of an answer that cannot be read which are kept in the error.
const KEPT_CHARS_MAX: usize = 300;

/// An answer of status 200 or 201, or 304 to a call that asks for something newer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The version of the object in the body.
    pub etag: Option<String>,
    /// The id of the request in the server's log.
    pub request_id: Option<String>,
    /// The signature of the body, if it is a bundle.
    pub(crate) signature: Option<String>,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The body, read as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        Self::json_of(&self.body, self.request_id.as_deref())
    }

    /// The body of the answer to a request, read as JSON.
    pub(crate) fn json_of<T: DeserializeOwned>(
        body: &[u8],
        request_id: Option<&str>,
    ) -> Result<T, ClientError> {
        serde_json::from_slice(body).map_err(|source| ClientError::Unreadable {
            request_id: request_id.map(str::to_owned),
            body: shortened(body),
            source,
        })
    }

    /// The answer in a response, or the error that it is.
    pub(crate) async fn read(response: Response) -> Result<Self, ClientError> {
        let status = response.status();
        // What nobody asked for under a condition is never unchanged.
        if !status.is_success() && status != StatusCode::NOT_MODIFIED {
            return Err(Self::refused(response).await);
        }
        let headers = response.headers().clone();
        let body = response.bytes().await.map_err(ClientError::network)?;
        Ok(Self {
            status: status.as_u16(),
            etag: text(&headers, ETAG.as_str()),
            request_id: text(&headers, "x-request-id"),
            signature: text(&headers, "x-bundle-signature"),
            body,
        })
    }

    /// The error that a response is.
    pub(crate) async fn refused(response: Response) -> ClientError {
        let status = response.status();
        let headers = response.headers().clone();
        match response.bytes().await {
            Ok(body) => refusal(status, &headers, &body),
            Err(error) => ClientError::network(error),
        }
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn shortened(body: &[u8]) -> String {
    String::from_utf8_lossy(body)
        .chars()
        .take(KEPT_CHARS_MAX)
        .collect()
}

fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ClientError {
    let status = status.as_u16();
    let retry_after_s = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let problem = serde_json::from_slice::<Problem>(body).ok().map(Box::new);
    let limited = headers
        .keys()
        .any(|name| name.as_str().starts_with("ratelimit"));
    if status == 429 || (status == 503 && limited) {
        return ClientError::RateLimited {
            retry_after_s,
            problem,
        };
    }
    let Some(problem) = problem else {
        return ClientError::Server {
            status,
            request_id: text(headers, "x-request-id"),
            detail: shortened(body),
        };
    };
    match status {
        400 | 415 => ClientError::InvalidRequest { problem },
        403 if problem.code == Code::NotAuthenticated.as_str() => {
            ClientError::Authentication { problem }
        }
        403 => ClientError::Permission { problem },
        404 => ClientError::NotFound { problem },
        409 => ClientError::Conflict { problem },
        408 | 503 => ClientError::Unavailable {
            retry_after_s,
            problem,
        },
        status => ClientError::Server {
            status,
            request_id: Some(problem.request_id),
            detail: problem.title,
        },
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn refuse(status: u16, code: &str, headers: &[(&'static str, &'static str)]) -> ClientError {
        let body = format!(
            r#"{{"type":"t","title":"t","status":0,"detail":"d","code":"{code}","requestId":"r"}}"#
        );
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .collect();
        refusal(
            StatusCode::from_u16(status).unwrap(),
            &headers,
            body.as_bytes(),
        )
    }

    #[test]
    fn an_answer_becomes_the_error_that_says_what_to_do() {
        let plain = |status, code| refuse(status, code, &[]);
        assert!(matches!(
            plain(400, "c"),
            ClientError::InvalidRequest { .. }
        ));
        assert!(matches!(
            plain(415, "c"),
            ClientError::InvalidRequest { .. }
        ));
        let unknown = plain(403, "not_authenticated");
        assert!(matches!(unknown, ClientError::Authentication { .. }));
        let low = plain(403, "role_too_low");
        assert!(matches!(low, ClientError::Permission { .. }));
        assert!(matches!(plain(404, "c"), ClientError::NotFound { .. }));
        assert!(matches!(plain(409, "c"), ClientError::Conflict { .. }));
        assert!(matches!(plain(408, "c"), ClientError::Unavailable { .. }));
        let failed = plain(500, "internal");
        assert!(matches!(failed, ClientError::Server { status: 500, .. }));
        assert_eq!(failed.request_id(), Some("r"));
    }

    #[test]
    fn a_limit_of_calls_is_told_from_an_overload() {
        let overload = refuse(503, "overloaded", &[("retry-after", "7")]);
        assert!(matches!(
            overload,
            ClientError::Unavailable {
                retry_after_s: Some(7),
                ..
            }
        ));
        let headers = [("retry-after", "9"), ("ratelimit-remaining", "0")];
        let limited = refuse(503, "rate_limited", &headers);
        assert!(matches!(
            limited,
            ClientError::RateLimited {
                retry_after_s: Some(9),
                problem: Some(_)
            }
        ));
        let proxy = refusal(
            StatusCode::TOO_MANY_REQUESTS,
            &HeaderMap::new(),
            b"slow down",
        );
        assert!(matches!(proxy, ClientError::RateLimited { .. }));
    }

    #[test]
    fn a_page_of_a_proxy_is_kept_and_not_swallowed() {
        let page = refusal(
            StatusCode::BAD_GATEWAY,
            &HeaderMap::new(),
            b"<html>no upstream",
        );
        let ClientError::Server { status, detail, .. } = page else {
            panic!("{page:?}");
        };
        assert_eq!((status, detail.as_str()), (502, "<html>no upstream"));
    }
}
