//! The inbox of a device.

use std::collections::BTreeMap;

use moca_core::id::{CampaignId, ExperienceId, MessageId};
use serde::{Deserialize, Serialize};

/// A fired action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Id.
    pub message_id: MessageId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The experience.
    pub experience_id: ExperienceId,
    /// Event time of the trigger, ms since 1970.
    pub at: i64,
    /// What to do.
    pub action: MessageAction,
}

/// An action with its texts in the language of the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageAction {
    /// The documented type, for example `ShowHtmlAction`.
    #[serde(rename = "@type")]
    pub kind: String,
    /// The documented content type, for example `text/html`.
    pub content_type: String,
    /// The locale that was chosen: `default` or a language tag.
    pub locale: String,
    /// The text, under that locale: the shape that an experience has.
    pub content: BTreeMap<String, String>,
    /// The alert for an app in the background, likewise; may be empty.
    pub bg_alert: BTreeMap<String, String>,
}
