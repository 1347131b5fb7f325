//! The API described by its own code, as OpenAPI 3.1.
//!
//! Paths, verbs, credentials, roles, parameters and statuses come from the route table; bodies from
//! the schemas that stand beside their readers in `moca-wire`. What a route is for, and which bodies
//! it takes and answers, says [`management`] or [`device`]; a route they forget fails a test.

pub(crate) mod device;
pub(crate) mod group;
pub(crate) mod management;
mod operation;
mod parameters;
mod refusals;
mod security;

use std::sync::LazyLock;

use bytes::Bytes;
use moca_wire::{
    problem::{Code, Fault, Problem},
    schema::Usage,
};
use serde_json::{Map, Value, json};

use self::group::{Body, Group};

static DOCUMENT: LazyLock<Value> = LazyLock::new(write);
static TEXT: LazyLock<Bytes> = LazyLock::new(|| {
    let mut text = serde_json::to_vec_pretty(&*DOCUMENT).unwrap_or_default();
    text.push(b'\n');
    text.into()
});

/// The description as a JSON document.
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// The same as it is served and checked in.
pub fn text() -> Bytes {
    TEXT.clone()
}

/// All operations, by the resource they are about.
pub(crate) fn groups() -> Vec<Group> {
    let mut groups = management::groups();
    groups.extend(device::groups());
    groups
}

fn write() -> Value {
    let groups = groups();
    let mut paths: Map<String, Value> = Map::new();
    let mut bodies: Vec<Body> = vec![
        Body::of::<Problem>(Usage::Answer),
        Body::of::<Fault>(Usage::Answer),
    ];
    for group in &groups {
        for operation in &group.operations {
            let path = paths
                .entry(operation.route.path)
                .or_insert_with(|| json!({}));
            let verb = operation.route.verb.as_str().to_ascii_lowercase();
            path[verb] = operation::describe(group, operation);
            bodies.extend(operation.bodies().cloned());
        }
    }
    let schemas: Map<String, Value> = bodies
        .iter()
        .filter(|body| body.is_component)
        .map(|body| (body.name.clone(), body.schema.json(body.usage)))
        .collect();
    let tags: Vec<Value> = groups
        .iter()
        .map(|group| json!({"name": group.title, "description": group.note}))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "MOCA",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Who is where, and what should happen now.",
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The server that sent this document."}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": refusals::components(),
            "examples": examples(),
            "headers": operation::headers(),
            "securitySchemes": security::schemes(),
        },
    })
}

/// An example of a problem for every code.
fn examples() -> Map<String, Value> {
    Code::ALL
        .iter()
        .map(|code| {
            let example = json!({
                "summary": code.title(),
                "description": code.meaning().trim(),
                "value": code.example(),
            });
            (code.as_str().to_owned(), example)
        })
        .collect()
}

const DESCRIPTION: &str = "\
The management API under `/v2`, for people and their systems, and the device API under `/device/v1`. \
Times are milliseconds since 1970-01-01T00:00:00Z. Answers carry `X-Server-Timestamp`, \
`X-Api-Version`, `Server` and `X-Request-Id`. Texts are stored in Unicode NFC, and their lengths are \
counted in it. A `null` in a request is as good as a field left out. Only the statuses 200, 201, 400, \
403, 404, 408, 409, 415, 500 and 503 are sent, and 304 where `If-None-Match` is taken; `/docs/errors` explains every error code. A verb that a \
path does not have is answered with 400 `method_not_allowed` and `Allow`; a request in clear text with \
400 `tls_required`.";
