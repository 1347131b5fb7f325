//! Places: physical locations.

use serde::{Deserialize, Serialize};

use crate::{
    geo::Geofence,
    id::{LabelId, PlaceId},
    presence::PresenceConfig,
    property::Properties,
    provider::{FloorPlanProvider, LocationProvider},
    resource::Frame,
};

/// A place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The frame.
    pub frame: Frame,
    /// What a client sets.
    pub config: PlaceConfig,
    /// The secret key of the location provider, sealed with the server's key. It is kept in one place
    /// only.
    #[serde(skip)]
    pub sealed_secret_key: Option<Vec<u8>>,
}

impl Place {
    /// The id of the place.
    pub fn id(&self) -> PlaceId {
        PlaceId(self.frame.id)
    }
}

/// What a client sets on a place. A place may have a geofence, zones with beacons, both or neither.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaceConfig {
    /// Name.
    pub name: String,
    /// Where it is; absent for a place known by its beacons only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub geofence: Option<Geofence>,
    /// Postal address.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub address: Option<String>,
    /// IANA time zone of the place.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub time_zone: Option<String>,
    /// Category.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub category: Option<String>,
    /// The customer's own id, unique among the places of the account.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub external_id: Option<String>,
    /// Who runs the place; `MOCA` when not said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provider: Option<String>,
    /// Labels.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub label_ids: Vec<LabelId>,
    /// Who finds positions inside.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub location_provider: Option<LocationProvider>,
    /// Who draws the floor plans.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub floor_plan_provider: Option<FloorPlanProvider>,
    /// How it is entered and left, where that is not as usual.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub presence: Option<PresenceConfig>,
    /// Whether what people do there is their own business: it never triggers marketing, and nothing is
    /// counted of it.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub sensitive: bool,
    /// Free properties.
    #[serde(skip_serializing_if = "Properties::is_empty", default)]
    pub properties: Properties,
}
