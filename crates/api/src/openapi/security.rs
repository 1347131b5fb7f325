//! Credentials: which there are, and which of them a route takes.

use moca_core::{
    account::Role,
    scope::{Access, Scope},
};
use serde_json::{Map, Value, json};

use crate::route::{Endpoint, Route};

/// All kinds of credentials.
pub(super) fn schemes() -> Value {
    let mut scopes: Map<String, Value> = Role::ALL
        .iter()
        .map(|role| {
            let may = format!("May do what the role {} may.", role.as_str());
            (role.as_str().to_owned(), may.into())
        })
        .collect();
    scopes.extend(Scope::WORDS.iter().filter_map(|word| {
        let scope: Scope = word.parse().ok()?;
        let family = scope.family.map_or("everything", |family| family.as_str());
        let may = match scope.access {
            Access::Read => "Reads",
            Access::Write => "Reads and changes",
        };
        let may = format!(
            "{may} {}, as far as the role goes.",
            family.replace('-', " ")
        );
        Some(((*word).to_owned(), may.into()))
    }));
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
pub(super) fn of(route: &Route) -> Value {
    match &route.endpoint {
        Endpoint::Manage(role, _) | Endpoint::Ask(role, _) => {
            json!([{"memberToken": []}, {"oauth2": words(*role, route)}])
        }
        Endpoint::Gateway(role, _) => {
            json!([{"app": []}, {"memberToken": []}, {"oauth2": words(*role, route)}])
        }
        Endpoint::OAuthClient(_) => json!([{"oauthClient": []}, {}]),
        Endpoint::App(_) => json!([{"app": []}]),
        Endpoint::Device(_) => json!([{"instanceToken": []}]),
        Endpoint::Public(_) | Endpoint::Operations(_) => json!([]),
    }
}

/// The role and the scopes that a token needs.
fn words(role: Role, route: &Route) -> Vec<String> {
    let role = role.as_str().to_owned();
    std::iter::once(role).chain(scopes(route)).collect()
}

/// The scopes that a token needs for a route, if it has any.
pub(super) fn scopes(route: &Route) -> Vec<String> {
    if role(&route.endpoint).is_none() {
        return Vec::new();
    }
    let access = route.access();
    let families = route.families();
    families
        .map(|family| Scope::of(family, access).to_string())
        .collect()
}

/// The role a route asks for.
pub(crate) const fn role(endpoint: &Endpoint) -> Option<Role> {
    match endpoint {
        Endpoint::Manage(role, _) | Endpoint::Ask(role, _) | Endpoint::Gateway(role, _) => {
            Some(*role)
        }
        _ => None,
    }
}
