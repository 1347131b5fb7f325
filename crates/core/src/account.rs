//! Accounts (tenants), the members who operate them and the tokens they use.

use serde::{Deserialize, Serialize};

use crate::{
    id::{MemberId, TokenId},
    privacy::Privacy,
    quota::Quotas,
    resource::Frame,
    scope::Scope,
};

/// A tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The frame; its `account_id` and `id` are the same.
    pub frame: Frame,
    /// Members of this account with role `owner` may create and list accounts.
    /// True only for the account made on the first start.
    pub operator: bool,
    /// What a client sets.
    pub config: AccountConfig,
    /// What an operator sets.
    pub limits: AccountLimits,
}

/// What a client sets on an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountConfig {
    /// Name.
    pub name: String,
    /// IANA time zone: the last resort for recurrences. `UTC` by default.
    pub time_zone: String,
    /// Origins (`https://host[:port]`) whose pages may call the API.
    pub cors_origins: Vec<String>,
    /// How it protects people, where a campaign or place does not say.
    #[serde(skip_serializing_if = "Privacy::is_usual", default)]
    pub privacy: Privacy,
}

/// What an operator sets for an account; what is absent is as the server's configuration has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccountLimits {
    /// Requests a minute of each member's token; 0 for no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_requests_per_minute: Option<i64>,
    /// Requests a minute with each app's secret; 0 for no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_requests_per_minute: Option<i64>,
    /// Requests a minute of each instance; 0 for no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_requests_per_minute: Option<i64>,
    /// Objects of a kind.
    #[serde(skip_serializing_if = "Quotas::is_empty")]
    pub quotas: Quotas,
}

/// A person who operates the account.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The frame.
    pub frame: Frame,
    /// What a client sets.
    pub config: MemberConfig,
}

/// What a client sets on a member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberConfig {
    /// Name.
    pub name: String,
    /// E-mail address, unique in the account.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub email: Option<String>,
    /// What the member may do.
    pub role: Role,
}

/// What a member may do; each role may do all that the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Read configuration.
    Viewer,
    /// Read analytics and decisions too.
    Analyst,
    /// Change places, beacons, campaigns and so on.
    Editor,
    /// Change apps, members below owner, and tokens.
    Admin,
    /// Everything, owners and the account included.
    Owner,
}

impl Role {
    /// All roles, the lowest first.
    pub const ALL: [Self; 5] = [
        Self::Viewer,
        Self::Analyst,
        Self::Editor,
        Self::Admin,
        Self::Owner,
    ];

    /// The word used in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Editor => "editor",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The role with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// A credential of a member. The secret itself is kept only as a hash.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// The frame.
    pub frame: Frame,
    /// Whom the token stands for.
    pub member_id: MemberId,
    /// SHA-256 of the secret's text form.
    pub secret_hash: [u8; 32],
    /// The token this one was exchanged for at `/oauth/token`: revoking that one revokes this one.
    pub parent_id: Option<TokenId>,
    /// When it was last used, to about a minute, ms since 1970. Not part of the revision.
    pub last_used_at: Option<i64>,
    /// What a client sets.
    pub config: TokenConfig,
}

/// What a client sets on a token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenConfig {
    /// Name.
    pub name: String,
    /// When it stops working, ms since 1970; never if absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<i64>,
    /// Upper bound of what the token may do; the member's own role if absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub role: Option<Role>,
    /// All that it may do; whatever the role may if absent. An empty list is nothing at all.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scopes: Option<Vec<Scope>>,
}
