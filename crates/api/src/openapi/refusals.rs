//! The error answers a route can give.

use moca_wire::problem::Code;
use serde_json::{Map, Value, json};

use crate::{
    headers,
    route::{BodyKind, Endpoint, Route, Verb},
};

/// An error answer: a status with the codes it may carry.
struct Refusal {
    name: &'static str,
    status: u16,
    description: &'static str,
    codes: &'static [Code],
}

const BAD_REQUEST: Refusal = Refusal {
    name: "BadRequest",
    status: 400,
    description: "Something is wrong with the request.",
    codes: &[
        Code::MalformedRequest,
        Code::MalformedBody,
        Code::InvalidParameter,
        Code::InvalidHeader,
        Code::NotAcceptable,
        Code::UrlTooLong,
    ],
};
const BAD_QUESTION: Refusal = Refusal {
    name: "BadQuestion",
    status: 400,
    description: "Something is wrong with the request, or it asks about a sensitive place.",
    codes: &[
        Code::MalformedRequest,
        Code::MalformedBody,
        Code::InvalidParameter,
        Code::SensitivePlace,
        Code::InvalidHeader,
        Code::NotAcceptable,
        Code::UrlTooLong,
    ],
};
const BAD_BODY: Refusal = Refusal {
    name: "BadBody",
    status: 400,
    description: "Something is wrong with the request or its body.",
    codes: &[
        Code::MalformedRequest,
        Code::MalformedBody,
        Code::ValidationFailed,
        Code::BodyTooLarge,
        Code::InvalidParameter,
        Code::InvalidHeader,
        Code::NotAcceptable,
        Code::UrlTooLong,
    ],
};
const FORBIDDEN: Refusal = Refusal {
    name: "Forbidden",
    status: 403,
    description: "No valid credentials, a role that is too low, or scopes that are too narrow.",
    codes: &[
        Code::NotAuthenticated,
        Code::RoleTooLow,
        Code::InsufficientScope,
    ],
};
const UNKNOWN_CALLER: Refusal = Refusal {
    name: "UnknownCaller",
    status: 403,
    description: "No valid credentials.",
    codes: &[Code::NotAuthenticated],
};
const NOT_FOUND: Refusal = Refusal {
    name: "NotFound",
    status: 404,
    description: "There is none with this id in the account.",
    codes: &[Code::NotFound],
};
const TIMEOUT: Refusal = Refusal {
    name: "Timeout",
    status: 408,
    description: "The request did not arrive in time.",
    codes: &[Code::RequestTimeout],
};
const CANNOT_MAKE: Refusal = Refusal {
    name: "CannotMake",
    status: 409,
    description: "A value is taken, the state does not allow it, or the key was used before.",
    codes: &[
        Code::AlreadyExists,
        Code::StateConflict,
        Code::QuotaExceeded,
        Code::IdempotencyKeyReused,
        Code::IdempotencyKeyBusy,
    ],
};
const CANNOT_REPLACE: Refusal = Refusal {
    name: "CannotReplace",
    status: 409,
    description: "A newer version is there, a value is taken, or the state does not allow it.",
    codes: &[
        Code::StaleVersion,
        Code::AlreadyExists,
        Code::StateConflict,
        Code::QuotaExceeded,
    ],
};
const CANNOT_DELETE: Refusal = Refusal {
    name: "CannotDelete",
    status: 409,
    description: "A newer version is there, it is in use, or the state does not allow it.",
    codes: &[Code::StaleVersion, Code::InUse, Code::StateConflict],
};
const KEY_USED: Refusal = Refusal {
    name: "KeyUsed",
    status: 409,
    description: "The key was used before.",
    codes: &[Code::IdempotencyKeyReused, Code::IdempotencyKeyBusy],
};
const CANNOT_EXCHANGE: Refusal = Refusal {
    name: "CannotExchange",
    status: 409,
    description: "There is no room for another token, or the key was used before.",
    codes: &[
        Code::QuotaExceeded,
        Code::IdempotencyKeyReused,
        Code::IdempotencyKeyBusy,
    ],
};
const UNSUPPORTED: Refusal = Refusal {
    name: "Unsupported",
    status: 415,
    description: "The body has a media type or coding that is not taken.",
    codes: &[Code::UnsupportedMediaType],
};
const INTERNAL: Refusal = Refusal {
    name: "Internal",
    status: 500,
    description: "The fault is the server's.",
    codes: &[Code::Internal],
};
const UNAVAILABLE: Refusal = Refusal {
    name: "Unavailable",
    status: 503,
    description: "Repeat it after `Retry-After` seconds.",
    codes: &[Code::RateLimited, Code::Overloaded, Code::Unavailable],
};

const ALL: &[&Refusal] = &[
    &BAD_REQUEST,
    &BAD_QUESTION,
    &BAD_BODY,
    &FORBIDDEN,
    &UNKNOWN_CALLER,
    &NOT_FOUND,
    &TIMEOUT,
    &CANNOT_MAKE,
    &CANNOT_REPLACE,
    &CANNOT_DELETE,
    &KEY_USED,
    &UNSUPPORTED,
    &INTERNAL,
    &UNAVAILABLE,
];

/// Whether it answers numbers of people, which are not told of sensitive places.
fn asks_how_many(route: &Route) -> bool {
    route.path.starts_with("/v2/analytics/") || route.path == "/v2/decisions/summary"
}

/// Those of a route.
fn refusals(route: &Route) -> Vec<&'static Refusal> {
    let has_body = route.body != BodyKind::None;
    let managed = matches!(route.endpoint, Endpoint::Manage(..) | Endpoint::Ask(..));
    let names_something = route.path.contains('{')
        || route.query.iter().any(|parameter| parameter.required)
        || matches!(route.endpoint, Endpoint::Device(_));
    let mut all = vec![match has_body {
        true => &BAD_BODY,
        false if asks_how_many(route) => &BAD_QUESTION,
        false => &BAD_REQUEST,
    }];
    match route.endpoint {
        Endpoint::Manage(..) | Endpoint::Ask(..) | Endpoint::Gateway(..) => all.push(&FORBIDDEN),
        Endpoint::Device(_) | Endpoint::App(_) | Endpoint::OAuthClient(_) => {
            all.push(&UNKNOWN_CALLER);
        }
        Endpoint::Public(_) | Endpoint::Operations(_) => {}
    }
    if names_something {
        all.push(&NOT_FOUND);
    }
    all.push(&TIMEOUT);
    match route.verb {
        Verb::Get => {}
        Verb::Post if matches!(route.endpoint, Endpoint::Manage(..)) => all.push(&CANNOT_MAKE),
        Verb::Post if matches!(route.endpoint, Endpoint::OAuthClient(_)) => {
            all.push(&CANNOT_EXCHANGE);
        }
        Verb::Post => all.push(&KEY_USED),
        Verb::Put if managed => all.push(&CANNOT_REPLACE),
        Verb::Delete if managed => all.push(&CANNOT_DELETE),
        Verb::Put | Verb::Delete => {}
    }
    if has_body {
        all.push(&UNSUPPORTED);
    }
    all.extend([&INTERNAL, &UNAVAILABLE]);
    all
}

/// The error answers of a route, by status.
pub(super) fn of(route: &Route) -> Vec<(String, Value)> {
    let oauth = matches!(route.endpoint, Endpoint::OAuthClient(_));
    refusals(route)
        .into_iter()
        .map(|refusal| {
            let json = match oauth {
                true => written(refusal, "OAuthProblem"),
                false => json!({"$ref": format!("#/components/responses/{}", refusal.name)}),
            };
            (refusal.status.to_string(), json)
        })
        .collect()
}

/// The error answers that routes share.
pub(super) fn components() -> Map<String, Value> {
    ALL.iter()
        .map(|refusal| (refusal.name.to_owned(), written(refusal, "Problem")))
        .collect()
}

fn written(refusal: &Refusal, schema: &str) -> Value {
    let mut headers = super::operation::common_headers();
    if refusal.status == 503 {
        headers["Retry-After"] = json!({"$ref": "#/components/headers/Retry-After"});
    }
    let mut content = json!({"schema": {"$ref": format!("#/components/schemas/{schema}")}});
    if schema == "Problem" {
        let examples: Map<String, Value> = refusal
            .codes
            .iter()
            .map(|code| {
                let name = code.as_str();
                let example = json!({"$ref": format!("#/components/examples/{name}")});
                (name.to_owned(), example)
            })
            .collect();
        content["examples"] = examples.into();
    } else if let Some(code) = refusal.codes.first() {
        let mut example = code.example();
        example["error"] = headers::oauth_word(*code).into();
        example["error_description"] = example["detail"].clone();
        content["example"] = example;
    }
    json!({
        "description": refusal.description,
        "headers": headers,
        "content": {"application/problem+json": content},
        "x-codes": refusal.codes.iter().map(|code| code.as_str()).collect::<Vec<_>>(),
    })
}
