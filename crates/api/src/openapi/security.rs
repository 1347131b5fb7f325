//! Credentials: which there are, and which of them a route takes.

use moca_core::account::Role;
use serde_json::{Map, Value, json};

use crate::route::Endpoint;

/// All kinds of credentials.
pub(super) fn schemes() -> Value {
    let scopes: Map<String, Value> = Role::ALL
        .iter()
        .map(|role| {
            let may = format!("May do what the role {} may.", role.as_str());
            (role.as_str().to_owned(), may.into())
        })
        .collect();
    json!({
        "memberToken": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of a member, shaped like a UUID.",
        },
        "oauth2": {
            "type": "oauth2",
            "description": "A short-lived token of a member, from POST /oauth/token.",
            "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": scopes}},
        },
        "oauthClient": {
            "type": "http",
            "scheme": "basic",
            "description": "A token's `tokenId` and `accessToken`; or both in the form.",
        },
        "app": {
            "type": "http",
            "scheme": "basic",
            "description": "An app's `appId` and `appSecret`.",
        },
        "instanceToken": {
            "type": "http",
            "scheme": "bearer",
            "description": "The token of one instance, from POST /device/v1/instances.",
        },
    })
}

/// What a route takes: one of these.
pub(super) fn of(endpoint: &Endpoint) -> Value {
    match endpoint {
        Endpoint::Manage(role, _) | Endpoint::Ask(role, _) => {
            json!([{"memberToken": []}, {"oauth2": [role.as_str()]}])
        }
        Endpoint::OAuthClient(_) => json!([{"oauthClient": []}, {}]),
        Endpoint::App(_) => json!([{"app": []}]),
        Endpoint::Device(_) => json!([{"instanceToken": []}]),
        Endpoint::Public(_) | Endpoint::Operations(_) => json!([]),
    }
}

/// The role a route asks for.
pub(crate) const fn role(endpoint: &Endpoint) -> Option<Role> {
    match endpoint {
        Endpoint::Manage(role, _) | Endpoint::Ask(role, _) => Some(*role),
        _ => None,
    }
}
