//! Labels.

use moca_core::{
    id::{AccountId, LabelId},
    label::{self, LabelConfig},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    mention::Body,
    raw::Plain,
    read::{self, Fields},
    resource::Resource,
    schema::{self, Described, Schema},
    values,
};

/// A label as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Label {
    /// Creation, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// Id.
    pub label_id: LabelId,
    /// The account.
    pub account_id: AccountId,
    /// What a client sets.
    pub config: LabelConfig,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelInput {
    /// What it sets.
    pub config: LabelConfig,
}

impl Resource for Label {
    const PATH: &'static str = "/v2/labels";
    type Input = LabelInput;
}

impl Plain for Label {
    const ID: &'static str = "labelId";
    const OWNER_ID: &'static str = "accountId";
}

impl From<&label::Label> for Label {
    fn from(label: &label::Label) -> Self {
        Self {
            created_at: label.frame.created_at,
            updated_at: label.frame.updated_at,
            label_id: LabelId(label.frame.id),
            account_id: label.frame.account_id,
            config: label.config.clone(),
        }
    }
}

impl Described for Label {
    const NAME: &'static str = "Label";

    fn schema() -> Schema {
        schema::resource("labelId", [schema::account_id()], config_schema())
    }

    fn example() -> Value {
        json!({
            "createdAt": 1_767_614_400_000_i64,
            "updatedAt": 1_767_614_400_000_i64,
            "labelId": "AZuN58uAcACAAAAAAAAAIQ",
            "accountId": "AZuN58uAcACAAAAAAAAAAQ",
            "config": {"name": "Museums", "color": "#1e90ff"},
        })
    }
}

fn config_schema() -> Schema {
    schema::object([
        schema::required("name", schema::name(), "Name, unique in the account."),
        schema::optional("color", schema::color(), "Colour, answered in lower case."),
    ])
}

/// Reads the body of a POST or PUT.
pub fn read(value: &Value) -> Body<LabelInput> {
    read::managed(value, &["labelId"], |fields| {
        let config = fields.object("config", read_config);
        Some(LabelInput { config: config? })
    })
}

fn read_config(fields: &mut Fields<'_, '_>) -> Option<LabelConfig> {
    let name = fields.required("name", values::name);
    let color = fields.optional("color", values::color);
    Some(LabelConfig { name: name?, color })
}
