//! When an experience fires.
//!
//! Some triggers wait for something that lasts (being in a place, having left it, being near a beacon),
//! some for something that happens in a moment (an event). A composite waits until all of its parts
//! hold at once; it comes true when the last of them does.

use serde::{Deserialize, Serialize};

use super::{Direction, Target};
use crate::{
    event::Proximity,
    id::{BeaconId, PlaceId, ZoneId},
};

/// The verb of the event by which an app says that a condition of its own holds: its `item` is the
/// argument of the [`Trigger::Custom`] that waits for it.
pub const CUSTOM_VERB: &str = "custom_trigger";

/// Events that follow from where a device is. No app has to report them, so no [`Trigger::Event`] waits
/// for one; what does is the trigger behind it.
pub const DERIVED_VERBS: [(&str, &str); 6] = [
    ("enter_place", "EnterPlaceTrigger"),
    ("exit_place", "ExitPlaceTrigger"),
    ("enter_zone", "EnterZoneTrigger"),
    ("exit_zone", "ExitZoneTrigger"),
    ("enter_beacon", "EnterBeaconTrigger"),
    ("exit_beacon", "ExitBeaconTrigger"),
];

/// When an experience fires.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "@type")]
pub enum Trigger {
    /// The first sign of a device in the place.
    #[serde(rename = "EnterPlaceTrigger", rename_all = "camelCase")]
    EnterPlace {
        /// The place.
        place_id: PlaceId,
        /// See [`Trigger::delay_ms`].
        #[serde(skip_serializing_if = "Option::is_none", default)]
        delay_ms: Option<i64>,
    },
    /// A device that was in the place is no longer.
    #[serde(rename = "ExitPlaceTrigger", rename_all = "camelCase")]
    ExitPlace {
        /// The place.
        place_id: PlaceId,
    },
    /// The first sign of a device in the zone.
    #[serde(rename = "EnterZoneTrigger", rename_all = "camelCase")]
    EnterZone {
        /// The zone.
        zone_id: ZoneId,
        /// See [`Trigger::delay_ms`].
        #[serde(skip_serializing_if = "Option::is_none", default)]
        delay_ms: Option<i64>,
    },
    /// A device that was in the zone is no longer.
    #[serde(rename = "ExitZoneTrigger", rename_all = "camelCase")]
    ExitZone {
        /// The zone.
        zone_id: ZoneId,
    },
    /// A beacon is seen that was not in range.
    #[serde(rename = "EnterBeaconTrigger", rename_all = "camelCase")]
    EnterBeacon {
        /// The beacon.
        beacon_id: BeaconId,
        /// See [`Trigger::delay_ms`].
        #[serde(skip_serializing_if = "Option::is_none", default)]
        delay_ms: Option<i64>,
    },
    /// A beacon that was in range is no longer.
    #[serde(rename = "ExitBeaconTrigger", rename_all = "camelCase")]
    ExitBeacon {
        /// The beacon.
        beacon_id: BeaconId,
    },
    /// The device comes this close to one of the beacons of the zone.
    #[serde(rename = "ZoneProximityTrigger", rename_all = "camelCase")]
    ZoneProximity {
        /// The zone.
        zone_id: ZoneId,
        /// So close, or closer.
        proximity: Proximity,
    },
    /// The device comes this close to the beacon.
    #[serde(rename = "BeaconProximityTrigger", rename_all = "camelCase")]
    BeaconProximity {
        /// The beacon.
        beacon_id: BeaconId,
        /// So close, or closer.
        proximity: Proximity,
    },
    /// The app says that a condition of its own holds; see [`CUSTOM_VERB`].
    #[serde(rename = "CustomTrigger", rename_all = "camelCase")]
    Custom {
        /// What the app knows the condition by.
        custom_argument: String,
    },
    /// The app reports an event.
    #[serde(rename = "EventTrigger", rename_all = "camelCase")]
    Event {
        /// The action.
        verb: String,
        /// On what; on anything if it is not said.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        item: Option<String>,
        /// The category of that, likewise.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        category: Option<String>,
        /// A query that must hold for the event: JSON in a text, in the language of segments.
        #[serde(rename = "where", skip_serializing_if = "Option::is_none", default)]
        query: Option<String>,
    },
    /// All of these hold. None of them is a composite.
    #[serde(rename = "CompositeTrigger", rename_all = "camelCase")]
    Composite {
        /// The parts.
        list: Vec<Trigger>,
    },
}

impl Trigger {
    /// The trigger that waits for a crossing, or for a stay after it.
    pub fn of_crossing(direction: Direction, target: Target, delay_ms: i64) -> Self {
        let delay_ms = (delay_ms > 0).then_some(delay_ms);
        match (direction, target) {
            (Direction::Enter, Target::Place(place_id)) => Self::EnterPlace { place_id, delay_ms },
            (Direction::Exit, Target::Place(place_id)) => Self::ExitPlace { place_id },
            (Direction::Enter, Target::Zone(zone_id)) => Self::EnterZone { zone_id, delay_ms },
            (Direction::Exit, Target::Zone(zone_id)) => Self::ExitZone { zone_id },
            (Direction::Enter, Target::Beacon(beacon_id)) => Self::EnterBeacon {
                beacon_id,
                delay_ms,
            },
            (Direction::Exit, Target::Beacon(beacon_id)) => Self::ExitBeacon { beacon_id },
        }
    }

    /// Milliseconds the device has to stay before an enter trigger comes true; 0 for at once.
    pub fn delay_ms(&self) -> i64 {
        match self {
            Self::EnterPlace { delay_ms, .. }
            | Self::EnterZone { delay_ms, .. }
            | Self::EnterBeacon { delay_ms, .. } => delay_ms.unwrap_or(0),
            _ => 0,
        }
    }

    /// The crossing this trigger waits for, if it waits for one.
    pub const fn crossing(&self) -> Option<(Direction, Target)> {
        Some(match *self {
            Self::EnterPlace { place_id, .. } => (Direction::Enter, Target::Place(place_id)),
            Self::ExitPlace { place_id } => (Direction::Exit, Target::Place(place_id)),
            Self::EnterZone { zone_id, .. } => (Direction::Enter, Target::Zone(zone_id)),
            Self::ExitZone { zone_id } => (Direction::Exit, Target::Zone(zone_id)),
            Self::EnterBeacon { beacon_id, .. } => (Direction::Enter, Target::Beacon(beacon_id)),
            Self::ExitBeacon { beacon_id } => (Direction::Exit, Target::Beacon(beacon_id)),
            _ => return None,
        })
    }

    /// What the device must come close to, and how close, if that is what it waits for.
    pub const fn proximity(&self) -> Option<(Target, Proximity)> {
        match *self {
            Self::ZoneProximity { zone_id, proximity } => Some((Target::Zone(zone_id), proximity)),
            Self::BeaconProximity {
                beacon_id,
                proximity,
            } => Some((Target::Beacon(beacon_id), proximity)),
            _ => None,
        }
    }

    /// The verb of the event it waits for, if it waits for one: then it holds for a moment only.
    pub fn verb(&self) -> Option<&str> {
        match self {
            Self::Custom { .. } => Some(CUSTOM_VERB),
            Self::Event { verb, .. } => Some(verb),
            _ => None,
        }
    }

    /// What happens when it comes true, in one word: the verb of the event, or as segments and
    /// analytics call it.
    pub fn word(&self) -> &str {
        match self {
            Self::EnterPlace { .. } => "enter_place",
            Self::ExitPlace { .. } => "exit_place",
            Self::EnterZone { .. } => "enter_zone",
            Self::ExitZone { .. } => "exit_zone",
            Self::EnterBeacon { .. } => "enter_beacon",
            Self::ExitBeacon { .. } => "exit_beacon",
            Self::ZoneProximity { .. } | Self::BeaconProximity { .. } => "come_close",
            Self::Custom { .. } => CUSTOM_VERB,
            Self::Event { verb, .. } => verb,
            // It comes true in the moment of the event, if it waits for one.
            Self::Composite { list } => {
                let verb = list.iter().find_map(Self::verb);
                verb.unwrap_or("composite")
            }
        }
    }

    /// What it is about itself, its parts left out.
    pub fn target(&self) -> Option<Target> {
        let crossed = self.crossing().map(|(_, target)| target);
        crossed.or_else(|| self.proximity().map(|(target, _)| target))
    }

    /// The parts of a composite; of any other trigger itself.
    pub const fn parts(&self) -> &[Self] {
        match self {
            Self::Composite { list } => list.as_slice(),
            other => std::slice::from_ref(other),
        }
    }

    /// Whether it is put together of others.
    pub const fn is_composite(&self) -> bool {
        matches!(self, Self::Composite { .. })
    }

    /// All that it is about, in the order it stands there; some may stand there twice.
    pub fn targets(&self) -> impl Iterator<Item = Target> {
        self.parts().iter().filter_map(Self::target)
    }

    /// The query that an event must hold for, of itself or of its part that waits for one.
    pub fn query(&self) -> Option<&str> {
        self.parts().iter().find_map(|part| match part {
            Self::Event { query, .. } => query.as_deref(),
            _ => None,
        })
    }
}
