//! One call over HTTPS: credentials, repeats and the reading of answers.

use std::time::Duration;

use bytes::Bytes;
use moca_wire::problem::Problem;
use reqwest::{
    Method, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use serde::{Serialize, de::DeserializeOwned};
use url::Url;

use crate::error::ClientError;

/// Attempts at a call that may be repeated.
const ATTEMPTS_MAX: u32 = 5;
/// The first wait between two attempts; each one after is twice as long.
const BACK_OFF: Duration = Duration::from_millis(100);
/// The longest wait, whatever the server asks for.
const BACK_OFF_MAX: Duration = Duration::from_secs(30);
/// Characters of an answer that is not a problem body kept in the error.
const DETAIL_CHARS_MAX: usize = 200;

/// The connections to one server. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    http: reqwest::Client,
    base: Url,
}

/// What proves who calls.
#[derive(Clone)]
pub(crate) enum Credentials {
    None,
    Bearer(String),
    Basic { user: String, password: String },
}

/// One call.
pub(crate) struct Request<'a> {
    method: Method,
    url: Url,
    credentials: &'a Credentials,
    content_type: &'static str,
    body: Option<Bytes>,
    repeatable: bool,
}

impl<'a> Request<'a> {
    /// The same with a JSON body.
    pub(crate) fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Result<Self, ClientError> {
        let bytes = serde_json::to_vec(body).map_err(ClientError::Body)?;
        self.body = Some(bytes.into());
        Ok(self)
    }

    /// The same with a form as its body.
    pub(crate) fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.content_type = "application/x-www-form-urlencoded";
        self.body = Some(form.into());
        self
    }

    /// The same with query parameters.
    pub(crate) fn query(mut self, parameters: &[(&str, String)]) -> Self {
        if !parameters.is_empty() {
            self.url.query_pairs_mut().extend_pairs(parameters);
        }
        self
    }

    /// The same, saying whether doing it twice is as good as once.
    pub(crate) const fn repeatable(mut self, repeatable: bool) -> Self {
        self.repeatable = repeatable;
        self
    }
}

impl Transport {
    pub(crate) const fn new(http: reqwest::Client, base: Url) -> Self {
        Self { http, base }
    }

    /// A call of `method` on `path`, with more `segments` that need not be plain.
    pub(crate) fn request<'a>(
        &self,
        method: Method,
        path: &str,
        segments: &[&str],
        credentials: &'a Credentials,
    ) -> Request<'a> {
        let mut url = self.base.clone();
        url.set_path(path);
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.extend(segments);
        }
        let repeatable = method != Method::POST;
        Request {
            method,
            url,
            credentials,
            content_type: "application/json",
            body: None,
            repeatable,
        }
    }

    /// Does a call and reads its answer.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        request: Request<'_>,
    ) -> Result<T, ClientError> {
        let body = self.send_raw(&request).await?;
        serde_json::from_slice(&body).map_err(ClientError::Body)
    }

    /// Does a call whose answer says nothing.
    pub(crate) async fn send_only(&self, request: Request<'_>) -> Result<(), ClientError> {
        self.send_raw(&request).await.map(|_| ())
    }

    async fn send_raw(&self, request: &Request<'_>) -> Result<Bytes, ClientError> {
        let mut attempt = 1;
        loop {
            let error = match self.attempt(request).await {
                Ok(body) => return Ok(body),
                Err(error) => error,
            };
            if !request.repeatable || attempt == ATTEMPTS_MAX {
                return Err(error);
            }
            let Some(wait) = wait_before_repeat(&error, attempt) else {
                return Err(error);
            };
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, request: &Request<'_>) -> Result<Bytes, ClientError> {
        let mut call = self
            .http
            .request(request.method.clone(), request.url.clone());
        call = match request.credentials {
            Credentials::None => call,
            Credentials::Bearer(token) => call.bearer_auth(token),
            Credentials::Basic { user, password } => call.basic_auth(user, Some(password)),
        };
        call = match &request.body {
            Some(body) => call
                .header(CONTENT_TYPE, request.content_type)
                .body(body.clone()),
            // An action must say that it has no body.
            None if request.method == Method::PUT => call.header("content-length", "0"),
            None => call,
        };
        let answer = call.send().await.map_err(ClientError::Network)?;
        let status = answer.status();
        let retry_after_s = answer
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        let body = answer.bytes().await.map_err(ClientError::Network)?;
        if status.is_success() {
            return Ok(body);
        }
        Err(refusal(status, retry_after_s, &body))
    }
}

/// How long to wait before a call is repeated; `None` if repeating it would not help.
fn wait_before_repeat(error: &ClientError, attempt: u32) -> Option<Duration> {
    let back_off = BACK_OFF * 2_u32.pow(attempt - 1);
    match error {
        ClientError::Unavailable { retry_after_s, .. } => {
            let asked = Duration::from_secs(retry_after_s.unwrap_or(0));
            Some(asked.max(back_off).min(BACK_OFF_MAX))
        }
        ClientError::Network(error) if !error.is_builder() => Some(back_off),
        _ => None,
    }
}

fn refusal(status: StatusCode, retry_after_s: Option<u64>, body: &[u8]) -> ClientError {
    let Ok(problem) = serde_json::from_slice::<Problem>(body) else {
        let text = String::from_utf8_lossy(body);
        return ClientError::Server {
            status: status.as_u16(),
            detail: text.chars().take(DETAIL_CHARS_MAX).collect(),
        };
    };
    let problem = Box::new(problem);
    match status.as_u16() {
        400 | 415 => ClientError::InvalidRequest { problem },
        403 => ClientError::Authentication { problem },
        404 => ClientError::NotFound { problem },
        409 => ClientError::Conflict { problem },
        408 | 503 => ClientError::Unavailable {
            retry_after_s,
            problem,
        },
        status => ClientError::Server {
            status,
            detail: format!("{} (request {})", problem.title, problem.request_id),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem_body(code: &str) -> Vec<u8> {
        format!(
            r#"{{"type":"t","title":"t","status":0,"detail":"d","code":"{code}","requestId":"r"}}"#
        )
        .into_bytes()
    }

    #[test]
    fn an_answer_becomes_the_error_that_says_what_to_do() {
        let refuse = |status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            refusal(status, Some(7), &problem_body("c"))
        };
        assert!(matches!(refuse(400), ClientError::InvalidRequest { .. }));
        assert!(matches!(refuse(403), ClientError::Authentication { .. }));
        assert!(matches!(refuse(404), ClientError::NotFound { .. }));
        assert!(matches!(refuse(409), ClientError::Conflict { .. }));
        assert!(matches!(refuse(500), ClientError::Server { .. }));
        assert!(matches!(
            refuse(503),
            ClientError::Unavailable {
                retry_after_s: Some(7),
                ..
            }
        ));
        let page = refusal(StatusCode::BAD_GATEWAY, None, b"<html>");
        assert!(matches!(page, ClientError::Server { status: 502, .. }));
    }

    #[test]
    fn waits_grow_and_honour_the_server_within_a_bound() {
        let unavailable = |retry_after_s| {
            refusal(
                StatusCode::SERVICE_UNAVAILABLE,
                retry_after_s,
                &problem_body("overloaded"),
            )
        };
        let wait = |seconds, attempt| wait_before_repeat(&unavailable(seconds), attempt);
        assert_eq!(wait(None, 1), Some(BACK_OFF));
        assert_eq!(wait(None, 3), Some(BACK_OFF * 4));
        assert_eq!(wait(Some(2), 1), Some(Duration::from_secs(2)));
        assert_eq!(wait(Some(86_400), 1), Some(BACK_OFF_MAX));
        let conflict = refusal(StatusCode::CONFLICT, None, &problem_body("in_use"));
        assert_eq!(wait_before_repeat(&conflict, 1), None);
    }
}
