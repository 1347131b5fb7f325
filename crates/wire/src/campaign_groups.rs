//! Campaign groups.

use moca_core::{
    campaign::group::{self, CampaignGroupConfig},
    id::{AppId, CampaignGroupId},
    limits::TEXT_CHARS_MAX,
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

/// A campaign group as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CampaignGroup {
    /// Creation, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// Id.
    pub campaign_group_id: CampaignGroupId,
    /// The app.
    pub app_id: AppId,
    /// What a client sets.
    pub config: CampaignGroupConfig,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CampaignGroupInput {
    /// The app.
    pub app_id: AppId,
    /// What it sets.
    pub config: CampaignGroupConfig,
}

impl Resource for CampaignGroup {
    const PATH: &'static str = "/v2/campaign-groups";
    type Input = CampaignGroupInput;
}

impl Plain for CampaignGroup {
    const ID: &'static str = "campaignGroupId";
    const OWNER_ID: &'static str = "appId";
}

impl From<&group::CampaignGroup> for CampaignGroup {
    fn from(group: &group::CampaignGroup) -> Self {
        Self {
            created_at: group.frame.created_at,
            updated_at: group.frame.updated_at,
            campaign_group_id: group.id(),
            app_id: group.app_id,
            config: group.config.clone(),
        }
    }
}

impl Described for CampaignGroup {
    const NAME: &'static str = "CampaignGroup";

    fn schema() -> Schema {
        let more = [schema::parent("appId", "The app.")];
        schema::resource("campaignGroupId", more, config_schema())
    }

    fn example() -> Value {
        json!({
            "createdAt": 1_767_614_400_000_i64,
            "updatedAt": 1_767_614_400_000_i64,
            "campaignGroupId": "AZuN58uAcACAAAAAAAAAWQ",
            "appId": "AZuN58uAcACAAAAAAAAAEQ",
            "config": {"name": "Summer", "description": "All that runs from June to August."},
        })
    }
}

fn config_schema() -> Schema {
    schema::object([
        schema::required("name", schema::name(), "Name."),
        schema::optional("description", schema::text(TEXT_CHARS_MAX), "Description."),
    ])
}

/// Reads the body of a POST, or of a PUT on a group of `app`, which cannot change.
pub fn read(value: &Value, app: Option<AppId>) -> Body<CampaignGroupInput> {
    read::managed(value, &["campaignGroupId"], |fields| {
        let app_id = fields.parent("appId", app);
        let config = fields.object("config", read_config);
        Some(CampaignGroupInput {
            app_id: app_id?,
            config: config?,
        })
    })
}

fn read_config(fields: &mut Fields<'_, '_>) -> Option<CampaignGroupConfig> {
    let name = fields.required("name", values::name);
    let description = fields.optional("description", values::description);
    Some(CampaignGroupConfig {
        name: name?,
        description,
    })
}
