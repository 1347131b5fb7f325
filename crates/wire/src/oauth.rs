//! The form and the answer of `POST /oauth/token` (RFC 6749 §5.1).

use moca_core::{account::Role, scope::Family};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::schema::{self, Described, Schema};

/// A token of limited life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    /// The secret to send as `Authorization: Bearer`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds it lives.
    pub expires_in: i64,
    /// The role it acts with and its scopes, if it has any, with a space between two.
    pub scope: String,
}

/// The form of a client that wants a token.
#[derive(Debug, Clone, Copy)]
pub struct TokenRequest;

impl Described for TokenRequest {
    const NAME: &'static str = "TokenRequestInput";

    fn schema() -> Schema {
        schema::object([
            schema::required(
                "grant_type",
                schema::words(&["client_credentials"]),
                "The only grant there is.",
            ),
            schema::optional(
                "client_id",
                schema::id(),
                "A token's `tokenId`, unless it stands in `Authorization`.",
            ),
            schema::optional(
                "client_secret",
                schema::uuid(),
                "That token's `accessToken`, unless it stands in `Authorization`.",
            ),
            schema::optional(
                "scope",
                // A parameter without a value is as good as none (RFC 6749 §3.2).
                schema::matching(&format!("^({})?$", spaced_pattern()))
                    .with_example("viewer places:read"),
                "A lower role than the token's own, scopes within its own, or both, with a space \
                 between two. What is left out is as the token has it.",
            ),
        ])
        .open()
    }

    fn example() -> Value {
        json!({
            "grant_type": "client_credentials",
            "client_id": "AZuN58uAcACAAAAAAAAAAw",
            "client_secret": "c0ffee00-7b1e-4d2a-8f3c-9a5b6c7d8e9f",
            "scope": "viewer places:read",
        })
    }
}

/// What stands in a scope of OAuth 2.0: roles and scopes with a space between two.
fn spaced_pattern() -> String {
    let families: Vec<&str> = Family::ALL.iter().map(|family| family.as_str()).collect();
    let word = format!(
        "({}|(\\*|{}):(read|write))",
        Role::ALL.map(Role::as_str).join("|"),
        families.join("|")
    );
    format!("{word}( {word})*")
}

impl Described for AccessToken {
    const NAME: &'static str = "AccessToken";

    fn schema() -> Schema {
        schema::object([
            schema::required(
                "access_token",
                schema::uuid(),
                "The secret to send as `Authorization: Bearer`.",
            ),
            schema::required("token_type", schema::words(&["Bearer"]), "Its kind."),
            schema::required("expires_in", schema::count(), "Seconds it lives."),
            schema::required(
                "scope",
                schema::matching(&format!("^{}$", spaced_pattern())),
                "The role it acts with, and its scopes if it has any.",
            ),
        ])
    }

    fn example() -> Value {
        json!({
            "access_token": "5e2b8c1d-46f7-4a90-b3d8-1c7e9f0a2b64",
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": "viewer places:read",
        })
    }
}

/// A problem with what RFC 6749 asks for besides.
#[derive(Debug, Clone, Copy)]
pub struct OAuthProblem;

impl Described for OAuthProblem {
    const NAME: &'static str = "OAuthProblem";

    fn schema() -> Schema {
        let errors = [
            "invalid_request",
            "invalid_client",
            "invalid_scope",
            "unsupported_grant_type",
            "server_error",
            "temporarily_unavailable",
        ];
        crate::problem::Problem::schema().and([
            schema::optional(
                "error",
                schema::words(&errors),
                "The error of RFC 6749; absent when the request was turned away unread.",
            ),
            schema::optional("error_description", schema::any_text(), "Equals `detail`."),
        ])
    }

    fn example() -> Value {
        let mut example = crate::problem::Code::NotAuthenticated.example();
        example["error"] = json!("invalid_client");
        example["error_description"] = example["detail"].clone();
        example
    }
}
