//! Requests to an installation, and answers that are checked for what every answer must be.

use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt;
use moca_api::Remote;
use moca_wire::problem::Code;
use serde_json::Value;
use tower::ServiceExt;

use super::{API_URL, Installation, description};

/// The only statuses there are.
const STATUSES: [u16; 10] = [200, 201, 400, 403, 404, 408, 409, 415, 500, 503];

/// A request being put together.
pub(crate) struct Ask<'a> {
    installation: &'a Installation,
    request: Request<Body>,
    operations: bool,
}

/// An answer that obeyed the rules for all answers.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Installation {
    pub(crate) fn ask(&self, method: &str, target: &str) -> Ask<'_> {
        let request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(target)
            .body(Body::empty())
            .unwrap();
        Ask {
            installation: self,
            request,
            operations: false,
        }
    }
}

impl Ask<'_> {
    /// To the operations port.
    pub(crate) fn operations(mut self) -> Self {
        self.operations = true;
        self
    }

    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        let value = HeaderValue::from_bytes(value.as_ref()).unwrap();
        self.request.headers_mut().append(name, value);
        self
    }

    /// From this address.
    pub(crate) fn from(mut self, address: &str) -> Self {
        let remote = Remote(address.parse().unwrap());
        self.request.extensions_mut().insert(remote);
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    pub(crate) fn basic(self, user: &str, password: &str) -> Self {
        let credentials = STANDARD.encode(format!("{user}:{password}"));
        self.header("authorization", format!("Basic {credentials}"))
    }

    pub(crate) fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string())
    }

    pub(crate) async fn send(self) -> Answer {
        let operations = self.operations;
        let method = self.request.method().to_string();
        let target = self.request.uri().to_string();
        let (mut answer, body) = self.open().await;
        answer.body = body.collect().await.unwrap().to_bytes();
        answer.obey(&format!("{method} {target}"));
        // A preflight is answered before anybody looks at the path.
        if !operations && method != "OPTIONS" {
            description::check(&method, &target, &answer);
        }
        answer
    }

    /// The head of the answer, and its body as it is sent.
    pub(crate) async fn open(self) -> (Answer, Body) {
        let router = if self.operations {
            &self.installation.operations
        } else {
            &self.installation.router
        };
        let asked = format!("{} {}", self.request.method(), self.request.uri());
        let response = router.clone().oneshot(self.request).await.unwrap();
        let (parts, body) = response.into_parts();
        let answer = Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: Bytes::new(),
        };
        answer.obey(&asked);
        (answer, body)
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The code of a problem; empty for a success.
    pub(crate) fn code(&self) -> String {
        if self.status < 400 {
            return String::new();
        }
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The body of a success.
    pub(crate) fn done(self) -> Value {
        assert!(self.status < 300, "{}: {}", self.status, self.json());
        self.json()
    }

    /// What must be so whatever was asked.
    fn obey(&self, asked: &str) {
        // The contract's, and one of the device API.
        let is_known = self.status == 304 && asked.contains(" /device/v1/");
        assert!(
            is_known || STATUSES.contains(&self.status),
            "{asked}: {}",
            self.status
        );
        for name in [
            "x-server-timestamp",
            "x-api-version",
            "server",
            "x-request-id",
        ] {
            let values = self.headers.get_all(name).iter().count();
            assert_eq!(values, 1, "{asked}: {name}");
        }
        assert_eq!(self.header("x-api-version"), Some("2"), "{asked}");
        let stamp = self.header("x-server-timestamp").unwrap();
        assert!(stamp.parse::<i64>().is_ok(), "{asked}: {stamp}");
        assert_ne!(self.status, 500, "{asked}: {}", self.json());
        let encoded = self.headers.contains_key("content-encoding");
        if self.status >= 400 && !encoded && !self.body.is_empty() {
            self.obey_as_problem(asked);
        }
    }

    fn obey_as_problem(&self, asked: &str) {
        let kind = self.header("content-type");
        assert_eq!(kind, Some("application/problem+json"), "{asked}");
        let problem = self.json();
        let code = problem["code"].as_str().unwrap_or_default();
        let known = Code::ALL.iter().find(|known| known.as_str() == code);
        let known = known.unwrap_or_else(|| panic!("{asked}: unknown code {problem}"));
        assert_eq!(known.status(), self.status, "{asked}");
        assert_eq!(problem["status"], self.status, "{asked}");
        assert_eq!(problem["title"], known.title(), "{asked}");
        // On the operations port it leads to the API, where the pages are.
        let page = problem["type"].as_str().unwrap_or_default();
        let path = page.strip_prefix(API_URL).unwrap_or(page);
        assert_eq!(path, format!("/docs/errors/{code}"), "{asked}");
        assert_ne!(problem["detail"], "", "{asked}");
        let request_id = self.header("x-request-id");
        assert_eq!(problem["requestId"].as_str(), request_id, "{asked}");
        if self.status == StatusCode::SERVICE_UNAVAILABLE.as_u16() {
            assert!(self.headers.contains_key("retry-after"), "{asked}");
        }
        assert_eq!(
            *known == Code::MethodNotAllowed,
            self.headers.contains_key("allow"),
            "{asked}"
        );
    }
}
