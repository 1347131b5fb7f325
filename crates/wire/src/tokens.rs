//! Tokens of members.

use moca_core::{
    account::{self, TokenConfig},
    id::{MemberId, TokenId},
    scope::Scope,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    fault::FaultCode,
    members::{role, role_schema},
    mention::Body,
    read::{self, Fields},
    resource::Resource,
    schema::{self, Described, Schema},
    values::{self, Reading},
};

/// A token as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// Creation, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// Id; the `client_id` at `/oauth/token`.
    pub token_id: TokenId,
    /// Whom it stands for.
    pub member_id: MemberId,
    /// The token it was exchanged for at `/oauth/token`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parent_id: Option<TokenId>,
    /// When it was last used, to about a minute, ms since 1970; not if it never was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_used_at: Option<i64>,
    /// The secret; only in the answer that creates it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub access_token: Option<String>,
    /// What a client sets.
    pub config: TokenConfig,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenInput {
    /// Whom it stands for; the caller when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_id: Option<MemberId>,
    /// What it sets.
    pub config: TokenConfig,
}

impl Resource for Token {
    const PATH: &'static str = "/v2/tokens";
    type Input = TokenInput;
}

impl Token {
    /// The answer for a token; `access_token` only when it has just been made.
    pub fn new(token: &account::Token, access_token: Option<String>) -> Self {
        Self {
            created_at: token.frame.created_at,
            updated_at: token.frame.updated_at,
            token_id: TokenId(token.frame.id),
            member_id: token.member_id,
            parent_id: token.parent_id,
            last_used_at: token.last_used_at,
            access_token,
            config: token.config.clone(),
        }
    }
}

impl Described for Token {
    const NAME: &'static str = "Token";

    fn schema() -> Schema {
        let more = [
            schema::defaulted(
                "memberId",
                schema::id(),
                json!(null),
                "Whom it stands for; the caller when absent. It cannot change.",
            ),
            schema::owned_optional(
                "parentId",
                schema::id(),
                "The token it was exchanged for at `/oauth/token`.",
            ),
            schema::owned_optional(
                "lastUsedAt",
                schema::moment(),
                "When it was last used, to about a minute; absent if it never was.",
            ),
            schema::owned_optional(
                "accessToken",
                schema::uuid(),
                "The secret; only in the answer that creates it.",
            ),
        ];
        schema::resource("tokenId", more, config_schema())
    }

    fn example() -> Value {
        json!({
            "createdAt": 1_767_614_400_000_i64,
            "updatedAt": 1_767_614_400_000_i64,
            "tokenId": "AZuN58uAcACAAAAAAAAAAw",
            "memberId": "AZuN58uAcACAAAAAAAAAAg",
            "accessToken": "c0ffee00-7b1e-4d2a-8f3c-9a5b6c7d8e9f",
            "config": {"name": "Nightly import", "expiresAt": 4_102_444_800_000_i64, "role": "editor",
                "scopes": ["imports:write", "labels:write", "places:write"]},
        })
    }
}

fn config_schema() -> Schema {
    schema::object([
        schema::required("name", schema::name(), "Name."),
        schema::optional(
            "expiresAt",
            schema::moment(),
            "When it stops working, never if absent. In the future when it is made.",
        ),
        schema::optional(
            "role",
            role_schema(),
            "The most that the token may do; the member's own role if absent.",
        ),
        schema::optional(
            "scopes",
            schema::filled_set(schema::words(Scope::WORDS), Scope::WORDS.len()),
            "All that the token may do, within its role; whatever the role may if absent. Writing \
             includes reading, and `*` stands for every family.",
        ),
    ])
}

const SERVER_OWNED: &[&str] = &["tokenId", "parentId", "lastUsedAt", "accessToken"];

/// Reads the body of a POST at time `now_ms`.
pub fn read_create(value: &Value, now_ms: i64) -> Body<TokenInput> {
    read::managed(value, SERVER_OWNED, |fields| {
        let member_id = fields.reference("memberId");
        let config = fields.object("config", |fields| read_config(fields, Some(now_ms)));
        Some(TokenInput {
            member_id,
            config: config?,
        })
    })
}

/// Reads the body of a PUT on a token of `member`, who cannot change. Any `expiresAt` will do: one
/// that has passed ends the token, and an ended one can be sent back as it is.
pub fn read_replace(value: &Value, member: MemberId) -> Body<TokenInput> {
    read::managed(value, SERVER_OWNED, |fields| {
        let member_id = fields.parent("memberId", Some(member));
        let config = fields.object("config", |fields| read_config(fields, None));
        Some(TokenInput {
            member_id,
            config: config?,
        })
    })
}

/// `after` is the moment that `expiresAt` must lie behind.
fn read_config(fields: &mut Fields<'_, '_>, after: Option<i64>) -> Option<TokenConfig> {
    let name = fields.required("name", values::name);
    let expires_at = fields.optional("expiresAt", values::moment);
    if let (Some(after), Some(at)) = (after, expires_at)
        && at <= after
    {
        fields.fault(
            "expiresAt",
            FaultCode::OutOfRange,
            format!("expected a moment after now ({after})"),
        );
    }
    let role = fields.optional("role", role);
    let scopes = fields.optional_set("scopes", Scope::WORDS.len(), scope);
    Some(TokenConfig {
        name: name?,
        expires_at,
        role,
        scopes,
    })
}

/// A scope by its word.
fn scope(value: &Value) -> Reading<Scope> {
    match values::string(value, "a scope such as places:read")?.parse() {
        Ok(scope) => Ok(scope),
        Err(_) => values::complain(
            FaultCode::UnknownValue,
            format!("expected a scope, one of {}", Scope::WORDS.join(", ")),
        ),
    }
}
