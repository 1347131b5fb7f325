//! Zones: parts of a place, groups of beacons.

use serde::{Deserialize, Serialize};

use crate::{
    geo::Geofence,
    id::{LabelId, PlaceId, ZoneId},
    resource::Frame,
};

/// A zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Zone {
    /// The frame.
    pub frame: Frame,
    /// The place it is part of.
    pub place_id: PlaceId,
    /// What a client sets.
    pub config: ZoneConfig,
}

impl Zone {
    /// The id of the zone.
    pub fn id(&self) -> ZoneId {
        ZoneId(self.frame.id)
    }
}

/// What a client sets on a zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ZoneConfig {
    /// Name.
    pub name: String,
    /// Short code, unique in the place and floor.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub short_id: Option<String>,
    /// Floor, 0 by default.
    pub floor_number: i64,
    /// Category.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub category: Option<String>,
    /// Provider.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provider: Option<String>,
    /// The customer's own id, unique among the zones of the account.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub external_id: Option<String>,
    /// A shape of its own, besides its beacons.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub geofence: Option<Geofence>,
    /// Labels.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub label_ids: Vec<LabelId>,
}
