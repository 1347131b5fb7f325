//! Members: the people who operate an account.

use moca_core::{
    account::{self, MemberConfig, Role},
    id::{AccountId, MemberId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    links,
    mention::Body,
    raw::Plain,
    read::{self, Fields},
    resource::Resource,
    schema::{self, Described, Schema},
    values::{self, Reading},
};

/// A member as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Creation, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// Id.
    pub member_id: MemberId,
    /// The account.
    pub account_id: AccountId,
    /// What a client sets.
    pub config: MemberConfig,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MemberInput {
    /// What it sets.
    pub config: MemberConfig,
}

impl Resource for Member {
    const PATH: &'static str = "/v2/members";
    type Input = MemberInput;
}

impl Plain for Member {
    const ID: &'static str = "memberId";
    const OWNER_ID: &'static str = "accountId";
}

impl From<&account::Member> for Member {
    fn from(member: &account::Member) -> Self {
        Self {
            created_at: member.frame.created_at,
            updated_at: member.frame.updated_at,
            member_id: MemberId(member.frame.id),
            account_id: member.frame.account_id,
            config: member.config.clone(),
        }
    }
}

impl Described for Member {
    const NAME: &'static str = "Member";

    fn schema() -> Schema {
        schema::resource("memberId", [schema::account_id()], config_schema())
    }

    fn example() -> Value {
        json!({
            "createdAt": 1_767_614_400_000_i64,
            "updatedAt": 1_767_614_400_000_i64,
            "memberId": "AZuN58uAcACAAAAAAAAAAg",
            "accountId": "AZuN58uAcACAAAAAAAAAAQ",
            "config": {"name": "Ada Marin", "email": "ada@example.com", "role": "editor"},
        })
    }
}

fn config_schema() -> Schema {
    schema::object([
        schema::required("name", schema::name(), "Name."),
        schema::optional("email", schema::email(), "Unique in the account."),
        schema::required("role", role_schema(), "What the member may do."),
    ])
}

/// A role, the lowest first.
pub(crate) fn role_schema() -> Schema {
    schema::words(&Role::ALL.map(Role::as_str))
}

/// Reads the body of a POST or PUT.
pub fn read(value: &Value) -> Body<MemberInput> {
    read::managed(value, &["memberId"], |fields| {
        let config = fields.object("config", read_config);
        Some(MemberInput { config: config? })
    })
}

fn read_config(fields: &mut Fields<'_, '_>) -> Option<MemberConfig> {
    let name = fields.required("name", values::name);
    let email = fields.optional("email", links::email);
    let role = fields.required("role", role);
    Some(MemberConfig {
        name: name?,
        email,
        role: role?,
    })
}

/// A role by its word.
pub(crate) fn role(value: &Value) -> Reading<Role> {
    values::word(&Role::ALL.map(Role::as_str), Role::parse)(value)
}
