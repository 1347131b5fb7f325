//! Places, and the positions and labels that they share with zones and beacons.

use moca_core::{
    geo::LatLon,
    id::{AccountId, LabelId, PlaceId},
    limits::LABELS_MAX,
    place::{self, PlaceConfig},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    geofence,
    mention::Body,
    properties,
    read::{self, Fields},
    resource::Resource,
    values,
};

/// A place as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// Creation, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// Id.
    pub place_id: PlaceId,
    /// The account.
    pub account_id: AccountId,
    /// What a client sets.
    pub config: PlaceConfig,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlaceInput {
    /// What it sets.
    pub config: PlaceConfig,
}

/// The id of a place on its own, as a batch answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaceKey {
    /// Id.
    pub place_id: PlaceId,
}

impl Resource for Place {
    const PATH: &'static str = "/v2/places";
    type Input = PlaceInput;
}

impl From<&place::Place> for Place {
    fn from(place: &place::Place) -> Self {
        Self {
            created_at: place.frame.created_at,
            updated_at: place.frame.updated_at,
            place_id: place.id(),
            account_id: place.frame.account_id,
            config: place.config.clone(),
        }
    }
}

/// Reads the body of a POST or PUT.
pub fn read(value: &Value) -> Body<PlaceInput> {
    read_named(value, None)
}

/// Reads the body of a PUT to the `externalId` in its path.
pub fn read_external(value: &Value, external_id: &str) -> Body<PlaceInput> {
    read_named(value, Some(external_id))
}

fn read_named(value: &Value, external_id: Option<&str>) -> Body<PlaceInput> {
    read::managed(value, &["placeId"], |fields| {
        let config = fields.object("config", |fields| read_config(fields, external_id));
        Some(PlaceInput { config: config? })
    })
}

fn read_config(fields: &mut Fields<'_, '_>, external_id: Option<&str>) -> Option<PlaceConfig> {
    let name = fields.required("name", values::name);
    let geofence = fields.optional_object("geofence", geofence::read_fields);
    let address = fields.optional("address", values::description);
    let time_zone = fields.optional("timeZone", values::time_zone);
    let category = fields.optional("category", values::code);
    let external_id = fields.external_id(external_id);
    let provider = fields.optional("provider", values::code);
    let label_ids = read_label_ids(fields);
    let properties = properties::read(fields, "properties");
    Some(PlaceConfig {
        name: name?,
        geofence,
        address,
        time_zone,
        category,
        external_id,
        provider,
        label_ids,
        properties,
    })
}

/// The labels in `labelIds`.
pub(crate) fn read_label_ids(fields: &mut Fields<'_, '_>) -> Vec<LabelId> {
    fields.references("labelIds", LABELS_MAX)
}

/// A position: `latitude` and `longitude`.
pub(crate) fn read_position(fields: &mut Fields<'_, '_>) -> Option<LatLon> {
    let latitude = fields.required("latitude", values::number(-90.0, 90.0));
    let longitude = fields.required("longitude", values::number(-180.0, 180.0));
    LatLon::new(latitude?, longitude?).ok()
}
