//! Campaigns: when their experiences may fire.

pub mod caps;
pub mod decide;
pub mod group;
pub mod holdout;
pub mod moment;
pub mod repeat;
pub mod scene;
pub mod status;

use serde::{Deserialize, Serialize};

use crate::{
    id::{AppId, CampaignGroupId, CampaignId, InstanceId, SegmentId},
    resource::Frame,
};

pub use status::Status;

/// A campaign inside an app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Campaign {
    /// The frame.
    pub frame: Frame,
    /// The app.
    pub app_id: AppId,
    /// What start, stop and archive left; the status shown follows from it and the time.
    pub lifecycle: status::Lifecycle,
    /// What a client sets.
    pub config: CampaignConfig,
}

impl Campaign {
    /// The id of the campaign.
    pub fn id(&self) -> CampaignId {
        CampaignId(self.frame.id)
    }
}

/// What a client sets on a campaign (the documented fields).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CampaignConfig {
    /// Name.
    pub name: String,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// What it sends.
    #[serde(rename = "type")]
    pub kind: CampaignType,
    /// The segment it is for; everybody when absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub segment_id: Option<SegmentId>,
    /// First moment it may fire, ms since 1970.
    pub start_at: i64,
    /// First moment it no longer may, ms since 1970; after `start_at`. Only a `Push` campaign may be
    /// without one: it has no end then.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub end_at: Option<i64>,
    /// The group it belongs to, of the same app.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group_id: Option<CampaignGroupId>,
    /// How many experiences an instance may be shown at most.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub display_cap: Option<i64>,
    /// Milliseconds between two experiences for one instance at least.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub display_wait_ms: Option<i64>,
    /// Whether it is only for those who agreed to marketing; as the account has it, if absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub require_marketing_consent: Option<bool>,
    /// Hours and days in which it may fire.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recurrence: Option<Recurrence>,
    /// When experiences of several campaigns would fire in the same moment for an instance, only those
    /// of the highest priority do; see [`Self::priority`]. A `Push` campaign has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub priority: Option<i64>,
    /// How many of a hundred instances get nothing of it, see [`holdout`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub holdout_percent: Option<i64>,
}

impl CampaignConfig {
    /// The priority: 0 unless it says another.
    pub fn priority(&self) -> i64 {
        self.priority.unwrap_or(0)
    }

    /// Whether an instance is in the control group, which gets nothing of the campaign of this id.
    pub fn holds_out(&self, id: CampaignId, instance: InstanceId) -> bool {
        self.holdout_percent
            .is_some_and(|percent| holdout::bucket(id, instance) < percent)
    }
}

/// What a campaign sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CampaignType {
    /// Experiences that fire where people are.
    Proximity,
    /// Notifications, which go out by themselves.
    Push,
}

impl CampaignType {
    /// The word used in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proximity => "Proximity",
            Self::Push => "Push",
        }
    }

    /// What a campaign of the type is made of, as sentences use it.
    pub const fn parts(self) -> &'static str {
        match self {
            Self::Proximity => "experiences",
            Self::Push => "notifications",
        }
    }
}

/// Hours and days in which a campaign may fire, in the local time of the device.
/// An empty list does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recurrence {
    /// Hours 0..=23; `[1, 2]` means 01:00 to 02:59. Sorted, each once.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub hours_of_day: Vec<i64>,
    /// Days, Sunday 1 to Saturday 7. Sorted, each once.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub days_of_week: Vec<i64>,
}

impl Recurrence {
    /// Whether it admits a local hour, 0..=23, and day, Sunday 1 to Saturday 7.
    pub fn admits(&self, hour: i64, day: i64) -> bool {
        (self.hours_of_day.is_empty() || self.hours_of_day.contains(&hour))
            && (self.days_of_week.is_empty() || self.days_of_week.contains(&day))
    }
}
