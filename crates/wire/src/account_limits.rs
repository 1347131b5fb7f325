//! What an operator sets for an account.

use std::collections::BTreeMap;

use moca_core::{
    account::{self, AccountLimits},
    id::AccountId,
    limits::{QUOTA_MAX, RATE_MAX},
    quota::{self, Quotas},
    resource::Kind,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    fault::FaultCode,
    problem::Fault,
    read::{self, Fields},
    schema::{self, Described, Schema},
    values::{self, Complaint},
};

/// The limits of an account as the API answers them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Creation of the account, ms since 1970.
    pub created_at: i64,
    /// Last change of the account, ms since 1970.
    pub updated_at: i64,
    /// The account.
    pub account_id: AccountId,
    /// What an operator sets; what is absent is as the server has it.
    pub config: AccountLimits,
}

impl From<&account::Account> for Limits {
    fn from(account: &account::Account) -> Self {
        Self {
            created_at: account.frame.created_at,
            updated_at: account.frame.updated_at,
            account_id: AccountId(account.frame.id),
            config: account.limits.clone(),
        }
    }
}

impl Described for Limits {
    const NAME: &'static str = "AccountLimits";

    fn schema() -> Schema {
        schema::object([
            schema::owned("createdAt", schema::moment(), "When the account was made."),
            schema::owned("updatedAt", schema::moment(), "When it was last changed."),
            schema::account_id(),
            schema::required("config", config_schema(), "What an operator sets."),
        ])
    }

    fn example() -> Value {
        json!({
            "createdAt": 1_767_614_400_000_i64,
            "updatedAt": 1_767_614_400_000_i64,
            "accountId": "AZuN58uAcACAAAAAAAAAAQ",
            "config": {"tokenRequestsPerMinute": 1_200, "quotas": {"place": 50_000}},
        })
    }
}

fn config_schema() -> Schema {
    let rate = |name, whose: &str| {
        let note =
            format!("Requests a minute {whose}; 0 for no limit, the server's own if absent.");
        schema::optional(name, schema::integer(0, RATE_MAX), &note)
    };
    let quotas = schema::map(
        schema::words(&limited_kinds()),
        schema::integer(0, QUOTA_MAX),
        Kind::ALL.len(),
    );
    schema::object([
        rate("tokenRequestsPerMinute", "of a member's token"),
        rate("appRequestsPerMinute", "with an app's secret"),
        rate("deviceRequestsPerMinute", "of an instance"),
        schema::optional("quotas", quotas, "Objects of each kind at most."),
    ])
}

/// The kinds of object that have a quota.
pub(crate) fn limited_kinds() -> Vec<&'static str> {
    let all = Kind::ALL.into_iter();
    let limited = all.filter(|kind| quota::built_in(*kind).is_some());
    limited.map(Kind::word).collect()
}

/// Reads the body of a PUT.
pub fn read(value: &Value) -> Result<AccountLimits, Vec<Fault>> {
    read::body(value, &[], |fields| fields.object("config", read_config))
}

fn read_config(fields: &mut Fields<'_, '_>) -> Option<AccountLimits> {
    let rate = values::integer(0, RATE_MAX);
    Some(AccountLimits {
        token_requests_per_minute: fields.optional("tokenRequestsPerMinute", &rate),
        app_requests_per_minute: fields.optional("appRequestsPerMinute", &rate),
        device_requests_per_minute: fields.optional("deviceRequestsPerMinute", &rate),
        quotas: read_quotas(fields),
    })
}

fn read_quotas(fields: &mut Fields<'_, '_>) -> Quotas {
    let mut quotas = BTreeMap::new();
    let Some(entries) = fields.map("quotas", Kind::ALL.len()) else {
        return Quotas(quotas);
    };
    for (word, value) in entries {
        let kind = Kind::named(word).filter(|kind| quota::built_in(*kind).is_some());
        match (kind, values::integer(0, QUOTA_MAX)(value)) {
            (None, _) => fields.fault_inside("quotas", word, no_such_kind()),
            (_, Err(complaint)) => fields.fault_inside("quotas", word, complaint),
            (Some(kind), Ok(quota)) => {
                quotas.insert(kind, quota);
            }
        }
    }
    Quotas(quotas)
}

fn no_such_kind() -> Complaint {
    Complaint {
        code: FaultCode::UnknownField,
        detail: format!("expected one of {}", limited_kinds().join(", ")),
    }
}
