//! Notifications: what a campaign of type `Push` sends to devices by itself.

pub mod counts;
pub mod status;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    id::{CampaignId, InstanceId, NotificationId, SegmentId},
    resource::Frame,
};

pub use status::{Failure, NotificationStatus, State};

/// A notification.
#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    /// The frame.
    pub frame: Frame,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// What a client sets besides the parts below.
    pub config: NotificationConfig,
    /// When it is sent.
    pub trigger: Trigger,
    /// To whom.
    pub audience: Audience,
    /// What is sent.
    pub action: PushAction,
    /// How.
    pub options: Options,
    /// Where it stands.
    pub status: NotificationStatus,
}

impl Notification {
    /// The id.
    pub fn id(&self) -> NotificationId {
        NotificationId(self.frame.id)
    }

    /// Whether it can be given other parts: a draft, and what was only tried.
    pub fn is_editable(&self) -> bool {
        match self.status.state {
            State::Draft => true,
            State::Completed => self.options.dry_run,
            State::Pending | State::Enqueued | State::Sending | State::Cancelled => false,
        }
    }

    /// The first moment it may be sent, ms since 1970.
    pub const fn due_at(&self) -> i64 {
        match self.trigger {
            Trigger::Immediate {} => i64::MIN,
            Trigger::Scheduled { at } => at,
        }
    }
}

/// What a client sets on a notification besides its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationConfig {
    /// Name.
    pub name: String,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
}

/// When a notification is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "@type")]
pub enum Trigger {
    /// As soon as it is ready and its campaign runs.
    #[serde(rename = "ImmediateTrigger")]
    Immediate {},
    /// Not before a moment.
    #[serde(rename = "ScheduledTrigger")]
    Scheduled {
        /// The moment, ms since 1970.
        at: i64,
    },
}

/// To whom a notification is sent: of these, those that can be pushed to and belong to the campaign's
/// segment, if it has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "@type", rename_all_fields = "camelCase")]
pub enum Audience {
    /// All instances of the app.
    #[serde(rename = "AllAudience")]
    All {},
    /// Those of a segment.
    #[serde(rename = "SegmentAudience")]
    Segment {
        /// Which one.
        segment_id: SegmentId,
    },
    /// These.
    #[serde(rename = "InstancesAudience")]
    Instances {
        /// Which ones.
        instance_ids: Vec<InstanceId>,
    },
    /// Those that these users are logged in on.
    #[serde(rename = "UsersAudience")]
    Users {
        /// The app's own ids of them.
        user_ids: Vec<String>,
    },
}

impl Audience {
    /// The segment it names.
    pub const fn segment_id(&self) -> Option<SegmentId> {
        match self {
            Self::Segment { segment_id } => Some(*segment_id),
            Self::All {} | Self::Instances { .. } | Self::Users { .. } => None,
        }
    }
}

/// What is sent. Texts are by locale, with `default`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "@type", rename = "SendPushAction", rename_all = "camelCase")]
pub struct PushAction {
    /// The first line; may be empty.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub title: BTreeMap<String, String>,
    /// The text.
    pub body: BTreeMap<String, String>,
    /// What a tap opens.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub link: Option<String>,
    /// A picture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub image: Option<String>,
    /// The name of a sound in the app, or `default`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sound: Option<String>,
    /// The number on the icon of the app.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub badge: Option<i64>,
    /// For the app.
    #[serde(default)]
    pub data: BTreeMap<String, String>,
}

/// How a notification is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// Whether it is not ready yet.
    pub draft: bool,
    /// Whether it is only found out who would get it.
    pub dry_run: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            draft: true,
            dry_run: false,
        }
    }
}
