//! What one device needs to decide by itself what fires, while the server cannot be reached.
//!
//! An [`Offer`] has all that the experiences of an app are about; out of it a [`Bundle`] is made for one
//! instance at one position: what may fire for it within [`BUNDLE_MS`](crate::limits::BUNDLE_MS), and
//! where it stands. A [`Device`] decides by a bundle as the server does by its log.

mod asking;
mod device;
mod offer;
pub mod regions;
mod state;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    beacon::{BeaconIdentity, Hex},
    campaign::{Recurrence, repeat::Repeat},
    event::Proximity,
    experience::{TagExpression, TargetKey, Trigger},
    geo::Geofence,
    id::{AppId, BeaconId, CampaignId, ExperienceId, InstanceId, PlaceId, ZoneId},
    presence::{PathStart, PresenceConfig},
};

pub use asking::Person;
pub use device::{Decided, Device};
pub use offer::{Offer, Parts};

/// All that one instance may have to know until it asks again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    /// The app.
    pub app_id: AppId,
    /// The instance that it is made for.
    pub instance_id: InstanceId,
    /// After this nothing fires by it any more, ms since 1970.
    pub expires_at: i64,
    /// The account's time zone, for places that have none of their own.
    pub time_zone: String,
    /// The device's own time zone, which goes before all others, if it told one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub device_time_zone: Option<String>,
    /// What the operating system is asked to watch, the nearest first.
    pub regions: Vec<Region>,
    /// The places that experiences are about, or in which their zones and beacons are.
    pub places: Vec<Place>,
    /// Their zones.
    pub zones: Vec<Zone>,
    /// The beacons of these, and those in no zone that experiences are about.
    pub beacons: Vec<Beacon>,
    /// The campaigns that may fire.
    pub campaigns: Vec<Campaign>,
    /// What they may fire, the oldest first.
    pub experiences: Vec<Experience>,
    /// Where the instance stands, as far as it told the server.
    pub state: State,
}

/// What a phone can watch while the app is not running.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Region {
    /// A circle around the geofence of a place or zone.
    Circle {
        /// Which one.
        #[serde(flatten)]
        target: TargetKey,
        /// Degrees north of its middle.
        latitude: f64,
        /// Degrees east of its middle.
        longitude: f64,
        /// Metres.
        radius: f64,
    },
    /// All iBeacons with a proximity UUID.
    #[serde(rename_all = "camelCase")]
    IBeacon {
        /// The UUID.
        proximity_uuid: uuid::Uuid,
    },
    /// All Eddystone beacons of a namespace.
    EddystoneUid {
        /// The namespace.
        namespace: Hex<10>,
    },
    /// A circle around the device: who leaves it needs other regions.
    Refresh {
        /// Degrees north of its middle.
        latitude: f64,
        /// Degrees east of its middle.
        longitude: f64,
        /// Metres.
        radius: f64,
    },
}

/// A place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// Id.
    pub place_id: PlaceId,
    /// Name.
    pub name: String,
    /// Where it is; absent for a place known by its beacons only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub geofence: Option<Geofence>,
    /// Its time zone, if it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub time_zone: Option<String>,
    /// How it, its zones and its beacons are entered and left; nothing is absent.
    pub presence: PresenceConfig,
}

/// A zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Zone {
    /// Id.
    pub zone_id: ZoneId,
    /// The place it is part of.
    pub place_id: PlaceId,
    /// Name.
    pub name: String,
    /// Floor.
    pub floor_number: i64,
    /// A shape of its own, besides its beacons.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub geofence: Option<Geofence>,
}

/// A beacon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Beacon {
    /// Id.
    pub beacon_id: BeaconId,
    /// The zone it is in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub zone_id: Option<ZoneId>,
    /// What it sends.
    #[serde(flatten)]
    pub identity: BeaconIdentity,
}

/// A campaign that may fire: the instance is in its segment and not in its control group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Campaign {
    /// Id.
    pub campaign_id: CampaignId,
    /// First moment it may fire, ms since 1970.
    pub start_at: i64,
    /// First moment it no longer may, ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub end_at: Option<i64>,
    /// Hours and days in which it may fire.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recurrence: Option<Recurrence>,
    /// How many experiences the instance may be shown at most.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub display_cap: Option<i64>,
    /// Milliseconds between two of them at least.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub display_wait_ms: Option<i64>,
    /// Of all that come true in one moment, only those of the highest priority fire.
    pub priority: i64,
    /// How many it was shown so far.
    pub shown: i64,
    /// When the last of them was, by event time, ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_shown_at: Option<i64>,
}

/// An experience that may fire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Experience {
    /// Id.
    pub experience_id: ExperienceId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// How soon it may fire again.
    pub repeat: Repeat,
    /// When it last fired, by event time, ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_fired_at: Option<i64>,
    /// When it fires.
    pub trigger: Trigger,
    /// What it does.
    pub action: Action,
}

/// What an experience does, written for the instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Action {
    /// The documented type, for example `ShowHtmlAction`.
    #[serde(rename = "@type")]
    pub kind: String,
    /// The documented content type, for example `text/html`.
    pub content_type: String,
    /// The locale that was chosen: `default` or a language tag.
    pub locale: String,
    /// Whether the texts are here. If not, only the server can write them (they tell of the event, for
    /// example): they are in the inbox once it has heard of what happened.
    pub is_written: bool,
    /// The text, under that locale; empty if it has none.
    pub content: BTreeMap<String, String>,
    /// The alert for an app in the background, likewise.
    pub bg_alert: BTreeMap<String, String>,
    /// The tag that the server changes when it hears of what happened.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub tag: Option<TagExpression>,
}

/// Where an instance stands: what the server's [`Presence`](crate::presence::Presence) says of what is in
/// the bundle.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// Time of the newest location or sighting, ms since 1970; 0 before the first.
    pub newest_at: i64,
    /// What it is in, by geofence or by beacon.
    pub inside: Vec<Inside>,
    /// Places and zones whose geofence holds it.
    pub fences: Vec<TargetKey>,
    /// Of whose geofence the last positions say otherwise, but none for sure.
    pub doubts: Vec<Doubt>,
    /// Beacons in range.
    pub in_range: Vec<InRange>,
    /// Stays that experiences wait for, the one due first in front.
    pub stays: Vec<Stay>,
    /// What it has left and not entered since, as far as composites wait for it.
    pub left: Vec<TargetKey>,
    /// Beacons that it is close to.
    pub close_to: Vec<CloseTo>,
    /// Where the next path begins, if a place looks at paths.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path_start: Option<PathBeginning>,
}

/// Something that the instance is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inside {
    /// What.
    #[serde(flatten)]
    pub target: TargetKey,
    /// When it entered, ms since 1970.
    pub entered_at: i64,
}

/// A geofence of which it is not sure any more that it holds the instance, or that it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Doubt {
    /// Of what.
    #[serde(flatten)]
    pub target: TargetKey,
    /// The first position that said otherwise, ms since 1970.
    pub since: i64,
}

/// A beacon in range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InRange {
    /// Which one.
    pub beacon_id: BeaconId,
    /// When it counts as left unless it is seen again, ms since 1970.
    pub left_at: i64,
}

/// A stay that is not complete yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stay {
    /// In what.
    #[serde(flatten)]
    pub target: TargetKey,
    /// When it began, ms since 1970.
    pub entered_at: i64,
    /// When it is complete, ms since 1970.
    pub due_at: i64,
}

/// A beacon that the instance counts as being close to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CloseTo {
    /// Which one.
    pub beacon_id: BeaconId,
    /// How close.
    pub proximity: Proximity,
    /// Until when, unless another sighting says so, ms since 1970.
    pub until: i64,
}

/// The position that the next path begins at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PathBeginning {
    /// When, ms since 1970.
    pub at: i64,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Metres that it may be wrong.
    pub accuracy: f64,
    /// Floor, when known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub floor: Option<i16>,
}

impl From<PathStart> for PathBeginning {
    fn from(start: PathStart) -> Self {
        Self {
            at: start.at_ms,
            latitude: start.at.latitude(),
            longitude: start.at.longitude(),
            accuracy: start.error_m,
            floor: start.floor,
        }
    }
}

#[cfg(test)]
mod tests;
