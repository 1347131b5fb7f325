//! Campaign groups: campaigns of an app that belong together.

use serde::{Deserialize, Serialize};

use crate::{
    id::{AppId, CampaignGroupId},
    resource::Frame,
};

/// A group of campaigns. It changes nothing about when they fire.
#[derive(Debug, Clone, PartialEq)]
pub struct CampaignGroup {
    /// The frame.
    pub frame: Frame,
    /// The app.
    pub app_id: AppId,
    /// What a client sets.
    pub config: CampaignGroupConfig,
}

impl CampaignGroup {
    /// The id of the group.
    pub fn id(&self) -> CampaignGroupId {
        CampaignGroupId(self.frame.id)
    }
}

/// What a client sets on a campaign group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CampaignGroupConfig {
    /// Name.
    pub name: String,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
}
