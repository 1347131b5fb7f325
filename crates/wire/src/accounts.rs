//! Accounts.

use std::collections::BTreeMap;

use moca_core::{
    account::{self, AccountConfig},
    id::{AccountId, MemberId},
    limits::CORS_ORIGINS_MAX,
    quota::Usage,
    resource::Kind,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    links,
    mention::Body,
    read::{self, Fields},
    resource::Resource,
    values,
};

/// The time zone of an account that does not name one.
const TIME_ZONE_DEFAULT: &str = "UTC";

/// An account as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Creation, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// Id.
    pub account_id: AccountId,
    /// What a client sets.
    pub config: AccountConfig,
    /// What it has of each kind of object and may have; not in lists.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub quotas: Option<BTreeMap<Kind, Usage>>,
    /// How often its callers may call; not in lists.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rate_limits: Option<RateLimits>,
}

/// Requests a minute of each caller of an account; 0 for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimits {
    /// Of a member's token, those exchanged for it included.
    pub token_requests_per_minute: i64,
    /// With an app's secret.
    pub app_requests_per_minute: i64,
    /// Of an instance.
    pub device_requests_per_minute: i64,
}

/// A new account with what its owner needs to get in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewAccount {
    /// The account.
    #[serde(flatten)]
    pub account: Account,
    /// Its first member, with role `owner`.
    pub owner: MemberId,
    /// A token of that member; shown this once.
    pub first_token: String,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccountInput {
    /// What it sets.
    pub config: AccountConfig,
}

impl Resource for Account {
    const PATH: &'static str = "/v2/accounts";
    type Input = AccountInput;
}

impl From<&account::Account> for Account {
    fn from(account: &account::Account) -> Self {
        Self {
            created_at: account.frame.created_at,
            updated_at: account.frame.updated_at,
            account_id: account.frame.account_id,
            config: account.config.clone(),
            quotas: None,
            rate_limits: None,
        }
    }
}

/// Reads the body of a POST or PUT.
pub fn read(value: &Value) -> Body<AccountInput> {
    read::managed(value, &["accountId", "quotas", "rateLimits"], |fields| {
        let config = fields.object("config", read_config);
        Some(AccountInput { config: config? })
    })
}

fn read_config(fields: &mut Fields<'_, '_>) -> Option<AccountConfig> {
    let name = fields.required("name", values::name);
    let time_zone = fields.optional("timeZone", values::time_zone);
    let cors_origins = fields.set("corsOrigins", CORS_ORIGINS_MAX, links::origin);
    Some(AccountConfig {
        name: name?,
        time_zone: time_zone.unwrap_or_else(|| TIME_ZONE_DEFAULT.to_owned()),
        cors_origins,
    })
}
