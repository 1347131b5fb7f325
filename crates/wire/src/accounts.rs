//! Accounts.

use std::collections::BTreeMap;

use moca_core::{
    account::{self, AccountConfig},
    id::{AccountId, MemberId},
    limits::{CORS_ORIGINS_MAX, SENSITIVE_CATEGORIES_MAX},
    privacy::Privacy,
    quota::Usage,
    resource::Kind,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    account_limits::limited_kinds,
    links,
    mention::Body,
    read::{self, Fields},
    resource::Resource,
    schema::{self, Described, Schema},
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

impl Described for Account {
    const NAME: &'static str = "Account";

    fn schema() -> Schema {
        let usage = schema::object([
            schema::required("limit", schema::count(), "At most."),
            schema::required("used", schema::count(), "Now."),
        ]);
        let quotas = schema::map(
            schema::words(&limited_kinds()),
            usage.titled("Quota"),
            Kind::ALL.len(),
        );
        let more = [
            schema::owned_optional(
                "quotas",
                quotas,
                "What it has of each kind of object and may have; not in lists.",
            ),
            schema::owned_optional(
                "rateLimits",
                rate_limits_schema(),
                "How often its callers may call; not in lists.",
            ),
        ];
        schema::resource("accountId", more, config_schema())
    }

    fn example() -> Value {
        json!({
            "createdAt": 1_767_614_400_000_i64,
            "updatedAt": 1_767_614_400_000_i64,
            "accountId": "AZuN58uAcACAAAAAAAAAAQ",
            "config": {
                "name": "City of Madrid",
                "timeZone": "Europe/Madrid",
                "corsOrigins": ["https://console.example.com"],
                "privacy": {
                    "requireMarketingConsent": true,
                    "sensitiveCategories": ["clinic", "place of worship"],
                },
            },
        })
    }
}

fn rate_limits_schema() -> Schema {
    let rate = |name, whose: &str| {
        let note = format!("Requests a minute {whose}; 0 for no limit.");
        schema::required(name, schema::count(), &note)
    };
    schema::object([
        rate("tokenRequestsPerMinute", "of a member's token"),
        rate("appRequestsPerMinute", "with an app's secret"),
        rate("deviceRequestsPerMinute", "of an instance"),
    ])
    .titled("Rate limits")
}

impl Described for NewAccount {
    const NAME: &'static str = "NewAccount";

    fn schema() -> Schema {
        Account::schema().and([
            schema::owned(
                "owner",
                schema::id(),
                "Its first member, with role `owner`.",
            ),
            schema::owned(
                "firstToken",
                schema::uuid(),
                "A token of that member; shown this once.",
            ),
        ])
    }

    fn example() -> Value {
        let mut example = Account::example();
        example["owner"] = json!("AZuN58uAcACAAAAAAAAAAg");
        example["firstToken"] = json!("8a6b4f0e-2c1d-4b7a-9e3f-5d6c7b8a9f01");
        example
    }
}

fn config_schema() -> Schema {
    let origins = schema::set(schema::origin(), CORS_ORIGINS_MAX);
    schema::object([
        schema::required("name", schema::name(), "Name."),
        schema::defaulted(
            "timeZone",
            schema::time_zone(),
            TIME_ZONE_DEFAULT,
            "For hours and days where nothing nearer names a zone.",
        ),
        schema::defaulted(
            "corsOrigins",
            origins,
            json!([]),
            "Origins whose pages may call the API.",
        ),
        schema::optional(
            "privacy",
            privacy_schema(),
            "How it protects people, where a campaign or place does not say.",
        ),
    ])
}

fn privacy_schema() -> Schema {
    let categories = schema::set(schema::code(), SENSITIVE_CATEGORIES_MAX);
    schema::object([
        schema::optional(
            "requireMarketingConsent",
            schema::boolean(),
            "Whether campaigns that do not say are only for those who agreed to marketing. Not answered \
             when it is false.",
        ),
        schema::optional(
            "sensitiveCategories",
            categories,
            "The categories of places that are sensitive without being marked, whatever their case.",
        ),
    ])
    .titled("Privacy")
}

/// Reads the body of a POST or PUT.
pub fn read(value: &Value) -> Body<AccountInput> {
    read::managed(value, &["quotas", "rateLimits"], |fields| {
        let config = fields.object("config", read_config);
        Some(AccountInput { config: config? })
    })
}

fn read_config(fields: &mut Fields<'_, '_>) -> Option<AccountConfig> {
    let name = fields.required("name", values::name);
    let time_zone = fields.optional("timeZone", values::time_zone);
    let cors_origins = fields.set("corsOrigins", CORS_ORIGINS_MAX, links::origin);
    let privacy = fields.optional_object("privacy", |fields| {
        let require_marketing_consent = fields.optional("requireMarketingConsent", values::boolean);
        let max = SENSITIVE_CATEGORIES_MAX;
        Some(Privacy {
            require_marketing_consent: require_marketing_consent.unwrap_or(false),
            sensitive_categories: fields.set("sensitiveCategories", max, values::code),
        })
    });
    Some(AccountConfig {
        name: name?,
        time_zone: time_zone.unwrap_or_else(|| TIME_ZONE_DEFAULT.to_owned()),
        cors_origins,
        privacy: privacy.unwrap_or_default(),
    })
}
