//! Labels.

use moca_core::{
    id::{AccountId, LabelId},
    label::{self, LabelConfig},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    mention::Body,
    read::{self, Fields},
    resource::Resource,
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
