//! Error answers: RFC 9457 problem bodies and the public table of codes.

use moca_core::{id::Id, resource::Kind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    fault::FaultCode,
    schema::{self, Described, Schema},
};

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal, $status:literal, $title:literal;)*) => {
        /// The stable codes of error answers; one public table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])* $name,)* }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as it stands in the body.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What it means, in a sentence or two.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*),)* }
            }

            /// The HTTP status it is sent with.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The `title`: what went wrong, without the particulars.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    /// The body is not JSON, or not UTF-8, or nested too deeply.
    MalformedBody = "malformed_body", 400, "The body cannot be read";
    /// One or more fields of the body are wrong; `errors` lists all of them.
    ValidationFailed = "validation_failed", 400, "The body has invalid fields";
    /// A query parameter is unknown, repeated or unreadable.
    InvalidParameter = "invalid_parameter", 400, "A query parameter is wrong";
    /// What is asked for is counted of no one, because the place is a sensitive one.
    SensitivePlace = "sensitive_place", 400, "The place is sensitive";
    /// A header is unreadable or outside its limits.
    InvalidHeader = "invalid_header", 400, "A header is wrong";
    /// The HTTP message itself is broken.
    MalformedRequest = "malformed_request", 400, "The request cannot be read";
    /// The path exists, but not with this verb; `Allow` lists the ones it has.
    MethodNotAllowed = "method_not_allowed", 400, "The verb is not supported here";
    /// `Accept` admits nothing this server can answer.
    NotAcceptable = "not_acceptable", 400, "The answer cannot be given in an accepted media type";
    /// The body is larger than the limit.
    BodyTooLarge = "body_too_large", 400, "The body is too large";
    /// The URL is longer than the limit.
    UrlTooLong = "url_too_long", 400, "The URL is too long";
    /// A request in clear text reached the TLS port.
    TlsRequired = "tls_required", 400, "This port speaks TLS only";
    /// No credentials, or wrong, expired or revoked ones.
    NotAuthenticated = "not_authenticated", 403, "No valid credentials";
    /// The role of the token is too low for this call.
    RoleTooLow = "role_too_low", 403, "The token may not do this";
    /// The scopes of the token do not include the one that the call needs.
    InsufficientScope = "insufficient_scope", 403, "The token's scopes do not include this";
    /// There is no such resource, or it belongs to another account.
    NotFound = "not_found", 404, "No such resource";
    /// The request did not arrive in time; it may be repeated unchanged.
    RequestTimeout = "request_timeout", 408, "The request did not arrive in time";
    /// A value that must be unique is taken.
    AlreadyExists = "already_exists", 409, "A unique value is taken";
    /// `If-Match` names another version than the current one.
    StaleVersion = "stale_version", 409, "The resource has changed";
    /// The state of the resource does not allow this.
    StateConflict = "state_conflict", 409, "The state does not allow this";
    /// Other resources still refer to this one; `errors` names them, the first 100 if there are more, and
    /// `usersTotal` counts them.
    InUse = "in_use", 409, "The resource is in use";
    /// The `Idempotency-Key` was used with another request.
    IdempotencyKeyReused = "idempotency_key_reused", 409, "The Idempotency-Key was used for another request";
    /// The first request with this `Idempotency-Key` is still being worked on.
    IdempotencyKeyBusy = "idempotency_key_busy", 409, "The first request with this Idempotency-Key is not finished";
    /// The account has as many objects of this kind as it may.
    QuotaExceeded = "quota_exceeded", 409, "The quota is used up";
    /// The media type or content coding of the body is not supported.
    UnsupportedMediaType = "unsupported_media_type", 415, "The media type of the body is not supported";
    /// A fault of the server; the log has the rest under the request id.
    Internal = "internal", 500, "Internal server error";
    /// Too much work at this moment; repeat after `Retry-After` seconds.
    Overloaded = "overloaded", 503, "The server is overloaded";
    /// This caller has called too often; repeat after `Retry-After` seconds.
    RateLimited = "rate_limited", 503, "Too many requests";
    /// The server is stopping or starting; repeat after `Retry-After` seconds.
    Unavailable = "unavailable", 503, "The server is not available";
}

/// An error answer, `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// A page of the documentation on this code.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// What went wrong, without the particulars.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A sentence that says what to do.
    pub detail: String,
    /// The stable code.
    pub code: String,
    /// The id of the request in the server's log; equals `X-Request-Id`.
    pub request_id: String,
    /// All faults of the body, or users of the resource: the first 100 if there are more.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub errors: Vec<Fault>,
    /// How many users the resource has in all, where it is in use.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub users_total: Option<i64>,
}

impl Problem {
    /// A problem without faults.
    pub fn new(code: Code, detail: String, request_id: &str) -> Self {
        Self {
            type_uri: code.page(),
            title: code.title().to_owned(),
            status: code.status(),
            detail,
            code: code.as_str().to_owned(),
            request_id: request_id.to_owned(),
            errors: Vec::new(),
            users_total: None,
        }
    }
}

/// One fault of a body, or one user of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// JSON pointer (RFC 6901) to the value; empty for the whole body.
    pub pointer: String,
    /// Stable code of the fault, for example `required`.
    pub code: String,
    /// A sentence that says what was expected.
    pub detail: String,
    /// The user of the resource, where it is in use.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object: Option<Named>,
}

/// An object that an answer names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
}

impl Code {
    /// The page of the documentation on this code, on the server that sent it.
    pub fn page(self) -> String {
        format!("/docs/errors/{}", self.as_str())
    }

    /// A problem with this code, as the documentation shows it.
    pub fn example(self) -> Value {
        let detail = self.meaning().trim().replace('`', "");
        let mut problem = json!({
            "type": self.page(),
            "title": self.title(),
            "status": self.status(),
            "detail": detail,
            "code": self.as_str(),
            "requestId": "AZuN58uAcACAAAAAAAAAgQ",
        });
        if self == Self::ValidationFailed {
            problem["errors"] = json!([Fault::example()]);
        }
        if self == Self::InUse {
            let named =
                json!({"kind": "campaign", "id": "AZuN58uAcACAAAAAAAAAYQ", "name": "Welcome"});
            problem["errors"] = json!([{
                "pointer": "",
                "code": "in_use",
                "detail": "campaign AZuN58uAcACAAAAAAAAAYQ (Welcome)",
                "object": named,
            }]);
            problem["usersTotal"] = json!(1);
        }
        problem
    }
}

impl Described for Problem {
    const NAME: &'static str = "Problem";

    fn schema() -> Schema {
        let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let faults = schema::items(schema::reference::<Fault>());
        schema::object([
            schema::required(
                "type",
                schema::line(400),
                "The page on this code; without a host it is on this server.",
            ),
            schema::required(
                "title",
                schema::line(200),
                "What went wrong, without the particulars.",
            ),
            schema::required("status", schema::integer(400, 503), "The HTTP status."),
            schema::required(
                "detail",
                schema::any_text(),
                "A sentence that says what to do.",
            ),
            schema::required("code", schema::words(&codes), "The stable code."),
            schema::required(
                "requestId",
                schema::id(),
                "The id of the request in the server's log; equals `X-Request-Id`.",
            ),
            schema::optional(
                "errors",
                faults,
                "All faults of the body, or users of the resource: the first 100 if there are more.",
            ),
            schema::optional(
                "usersTotal",
                schema::count(),
                "How many users the resource has in all, where it is in use.",
            ),
        ])
    }

    fn example() -> Value {
        Code::ValidationFailed.example()
    }
}

impl Described for Fault {
    const NAME: &'static str = "Fault";

    fn schema() -> Schema {
        let codes: Vec<&str> = FaultCode::ALL.iter().map(|code| code.as_str()).collect();
        schema::object([
            schema::required(
                "pointer",
                schema::any_text(),
                "JSON pointer (RFC 6901) to the value; empty for the whole body.",
            ),
            schema::required(
                "code",
                schema::words(&codes),
                "The stable code of the fault.",
            ),
            schema::required(
                "detail",
                schema::any_text(),
                "A sentence that says what was expected.",
            ),
            schema::optional(
                "object",
                named_schema(),
                "The user of the resource, where it is in use.",
            ),
        ])
    }

    fn example() -> Value {
        json!({
            "pointer": "/config/name",
            "code": "required",
            "detail": "expected a text of 1 to 200 characters, without control characters",
        })
    }
}

fn named_schema() -> Schema {
    let kinds = Kind::ALL.map(Kind::word);
    schema::object([
        schema::required("kind", schema::words(&kinds), "Its kind."),
        schema::required("id", schema::id(), "Its id."),
        schema::required("name", schema::any_text(), "Its name."),
    ])
    .titled("Named object")
}
