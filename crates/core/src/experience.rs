//! Experiences: a trigger plus an action inside a campaign.

mod texts;
mod trigger;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    campaign::repeat::Repeat,
    id::{BeaconId, CampaignId, ExperienceId, Id, PlaceId, ZoneId},
    limits::{ACTION_CONTENT_BYTES_MAX, LINK_CHARS_MAX},
    resource::Frame,
    template::Medium,
};

pub use texts::Texts;
pub use trigger::{CUSTOM_VERB, DERIVED_VERBS, Trigger};

/// An experience.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Experience {
    /// The frame.
    pub frame: Frame,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// What a client sets.
    pub config: ExperienceConfig,
    /// When it fires.
    pub trigger: Trigger,
    /// What it does.
    pub action: Action,
}

impl Experience {
    /// The id of the experience.
    pub fn id(&self) -> ExperienceId {
        ExperienceId(self.frame.id)
    }
}

/// What a client sets on an experience besides trigger and action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExperienceConfig {
    /// Name.
    pub name: String,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// How soon it may fire again for one instance.
    pub repeat: Repeat,
    /// Whether it may fire at all; true by default.
    pub enabled: bool,
}

/// In or out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Direction {
    /// Was not there, now is.
    Enter,
    /// Was there, now is not.
    Exit,
}

/// Something a device can be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Target {
    /// A place.
    Place(PlaceId),
    /// A zone.
    Zone(ZoneId),
    /// The range of a beacon.
    Beacon(BeaconId),
}

/// A target as it stands in JSON: `{"placeId":…}`, `{"zoneId":…}` or `{"beaconId":…}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TargetKey {
    /// A place.
    PlaceId(PlaceId),
    /// A zone.
    ZoneId(ZoneId),
    /// A beacon.
    BeaconId(BeaconId),
}

impl From<Target> for TargetKey {
    fn from(target: Target) -> Self {
        match target {
            Target::Place(id) => Self::PlaceId(id),
            Target::Zone(id) => Self::ZoneId(id),
            Target::Beacon(id) => Self::BeaconId(id),
        }
    }
}

impl From<TargetKey> for Target {
    fn from(key: TargetKey) -> Self {
        match key {
            TargetKey::PlaceId(id) => Self::Place(id),
            TargetKey::ZoneId(id) => Self::Zone(id),
            TargetKey::BeaconId(id) => Self::Beacon(id),
        }
    }
}

/// What kind of thing a [`Target`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TargetKind {
    /// A place.
    Place,
    /// A zone.
    Zone,
    /// The range of a beacon.
    Beacon,
}

impl TargetKind {
    /// The target of this kind with this id.
    pub fn with_id(self, id: Id) -> Target {
        match self {
            Self::Place => Target::Place(PlaceId(id)),
            Self::Zone => Target::Zone(ZoneId(id)),
            Self::Beacon => Target::Beacon(BeaconId(id)),
        }
    }
}

impl Target {
    /// What kind of thing it is.
    pub fn kind(self) -> TargetKind {
        match self {
            Self::Place(_) => TargetKind::Place,
            Self::Zone(_) => TargetKind::Zone,
            Self::Beacon(_) => TargetKind::Beacon,
        }
    }

    /// The bare id.
    pub fn id(self) -> Id {
        match self {
            Self::Place(id) => id.0,
            Self::Zone(id) => id.0,
            Self::Beacon(id) => id.0,
        }
    }
}

/// What an experience does. Texts are by locale, with `default`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "@type", rename_all = "camelCase")]
pub enum Action {
    /// Shows a text.
    #[serde(rename = "SendLocalMessageAction")]
    SendLocalMessage(Content),
    /// Shows HTML.
    #[serde(rename = "ShowHtmlAction")]
    ShowHtml(Content),
    /// Opens a URL or deep link.
    #[serde(rename = "OpenUrlAction")]
    OpenUrl(Content),
    /// Plays the video at a web address.
    #[serde(rename = "PlayVideoAction")]
    PlayVideo(Content),
    /// Shows the picture at a web address.
    #[serde(rename = "ShowImageAction")]
    ShowImage(Content),
    /// Adds the pass at a web address to the wallet of the device.
    #[serde(rename = "AddPassAction")]
    AddPass(Content),
    /// Plays a sound of the app, or the `default` one of the device.
    #[serde(rename = "PlaySoundAction")]
    PlaySound(Content),
    /// Hands a text to the app, which knows what to do.
    #[serde(rename = "CustomAction")]
    Custom(Content),
    /// Changes the number of a tag of the instance.
    #[serde(rename = "TagAction")]
    Tag(TagExpression),
}

/// The texts of an action.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// Locale → text; has `default`.
    pub content: BTreeMap<String, String>,
    /// Shown as a notification when the app is not in the foreground; empty, or has `default`.
    #[serde(default)]
    pub bg_alert: BTreeMap<String, String>,
}

/// How the number of a tag is to be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TagExpression {
    /// The tag.
    pub tag_name: String,
    /// An expression that [`TagChange::parse`](crate::event::TagChange::parse) reads.
    pub tag_value: String,
}

impl Action {
    /// The documented `@type`.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::SendLocalMessage(_) => "SendLocalMessageAction",
            Self::ShowHtml(_) => "ShowHtmlAction",
            Self::OpenUrl(_) => "OpenUrlAction",
            Self::PlayVideo(_) => "PlayVideoAction",
            Self::ShowImage(_) => "ShowImageAction",
            Self::AddPass(_) => "AddPassAction",
            Self::PlaySound(_) => "PlaySoundAction",
            Self::Custom(_) => "CustomAction",
            Self::Tag(_) => "TagAction",
        }
    }

    /// The `contentType`, which follows from the `@type`.
    pub const fn content_type(&self) -> &'static str {
        match self {
            Self::ShowHtml(_) => "text/html",
            Self::OpenUrl(_) | Self::PlayVideo(_) | Self::ShowImage(_) | Self::AddPass(_) => {
                "text/x-url"
            }
            Self::Tag(_) => "text/x-tag",
            Self::SendLocalMessage(_) | Self::PlaySound(_) | Self::Custom(_) => "text/plain",
        }
    }

    /// The texts, if it has some.
    pub const fn content(&self) -> Option<&Content> {
        match self {
            Self::SendLocalMessage(content)
            | Self::ShowHtml(content)
            | Self::OpenUrl(content)
            | Self::PlayVideo(content)
            | Self::ShowImage(content)
            | Self::AddPass(content)
            | Self::PlaySound(content)
            | Self::Custom(content) => Some(content),
            Self::Tag(_) => None,
        }
    }

    /// The tag that it changes, if it does.
    pub const fn tag(&self) -> Option<&TagExpression> {
        match self {
            Self::Tag(expression) => Some(expression),
            _ => None,
        }
    }

    /// What the values of fields are put into, and how long its content may be then, in bytes.
    pub const fn medium(&self) -> (Medium, usize) {
        match self {
            Self::ShowHtml(_) => (Medium::Html, ACTION_CONTENT_BYTES_MAX),
            Self::OpenUrl(_) | Self::PlayVideo(_) | Self::ShowImage(_) | Self::AddPass(_) => {
                (Medium::Url, LINK_CHARS_MAX)
            }
            Self::SendLocalMessage(_) | Self::PlaySound(_) | Self::Custom(_) | Self::Tag(_) => {
                (Medium::Text, ACTION_CONTENT_BYTES_MAX)
            }
        }
    }
}
