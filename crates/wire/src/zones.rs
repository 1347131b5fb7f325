//! Zones of places.

use moca_core::{
    id::{BeaconId, PlaceId, ZoneId},
    limits::{FLOOR_MAX, FLOOR_MIN, ZONE_BEACONS_MAX},
    zone::{self, ZoneConfig},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    geofence,
    mention::Body,
    places::{label_ids_schema, read_label_ids},
    raw::Plain,
    read::{self, Fields},
    resource::Resource,
    schema::{self, Described, Schema},
    values,
};

/// A zone as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Zone {
    /// Creation, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// Id.
    pub zone_id: ZoneId,
    /// The place it is part of.
    pub place_id: PlaceId,
    /// What a client sets.
    pub config: ZoneConfig,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ZoneInput {
    /// The place it is part of.
    pub place_id: PlaceId,
    /// What it sets.
    pub config: ZoneConfig,
}

/// All beacons of a zone, as `PUT /v2/zones/{zoneId}/beacons` takes and answers them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ZoneBeacons {
    /// The beacons.
    pub beacon_ids: Vec<BeaconId>,
}

impl Resource for Zone {
    const PATH: &'static str = "/v2/zones";
    type Input = ZoneInput;
}

impl Plain for Zone {
    const ID: &'static str = "zoneId";
    const OWNER_ID: &'static str = "placeId";
}

impl From<&zone::Zone> for Zone {
    fn from(zone: &zone::Zone) -> Self {
        Self {
            created_at: zone.frame.created_at,
            updated_at: zone.frame.updated_at,
            zone_id: zone.id(),
            place_id: zone.place_id,
            config: zone.config.clone(),
        }
    }
}

impl Described for Zone {
    const NAME: &'static str = "Zone";

    fn schema() -> Schema {
        let more = [schema::parent("placeId", "The place it is part of.")];
        schema::resource("zoneId", more, config_schema())
    }

    fn example() -> Value {
        json!({
            "createdAt": 1_767_614_400_000_i64,
            "updatedAt": 1_767_614_400_000_i64,
            "zoneId": "AZuN58uAcACAAAAAAAAAQQ",
            "placeId": "AZuN58uAcACAAAAAAAAAMQ",
            "config": {
                "name": "Tourist office",
                "shortId": "T1",
                "floorNumber": 0,
                "category": "Service",
                "externalId": "ES-28-0001-T1",
            },
        })
    }
}

impl Described for ZoneBeacons {
    const NAME: &'static str = "ZoneBeacons";

    fn schema() -> Schema {
        let ids = schema::set(schema::id(), ZONE_BEACONS_MAX);
        schema::object([schema::required("beaconIds", ids, "The beacons.")])
    }

    fn example() -> Value {
        json!({"beaconIds": ["AZuN58uAcACAAAAAAAAAUQ"]})
    }
}

fn config_schema() -> Schema {
    schema::object([
        schema::required("name", schema::name(), "Name."),
        schema::optional(
            "shortId",
            schema::code(),
            "Short code, unique in the place and floor.",
        ),
        schema::defaulted(
            "floorNumber",
            schema::integer(FLOOR_MIN, FLOOR_MAX),
            0,
            "Floor.",
        ),
        schema::optional("category", schema::code(), "Category."),
        schema::optional("provider", schema::code(), "Provider."),
        schema::optional(
            "externalId",
            schema::code(),
            "Your own id, unique among the zones of the account.",
        ),
        schema::optional(
            "geofence",
            geofence::schema(),
            "A shape of its own, besides its beacons.",
        ),
        schema::optional("labelIds", label_ids_schema(), "Labels."),
    ])
}

/// Reads the body of a POST, or of a PUT on a zone of `place`, which cannot change.
pub fn read(value: &Value, place: Option<PlaceId>) -> Body<ZoneInput> {
    read_named(value, place, None)
}

/// The same for a PUT to the `externalId` in its path.
pub fn read_external(value: &Value, place: Option<PlaceId>, external_id: &str) -> Body<ZoneInput> {
    read_named(value, place, Some(external_id))
}

fn read_named(value: &Value, place: Option<PlaceId>, external_id: Option<&str>) -> Body<ZoneInput> {
    read::managed(value, &["zoneId"], |fields| {
        let place_id = fields.parent("placeId", place);
        let config = fields.object("config", |fields| read_config(fields, external_id));
        Some(ZoneInput {
            place_id: place_id?,
            config: config?,
        })
    })
}

fn read_config(fields: &mut Fields<'_, '_>, external_id: Option<&str>) -> Option<ZoneConfig> {
    let name = fields.required("name", values::name);
    let short_id = fields.optional("shortId", values::code);
    let floor_number = fields.optional("floorNumber", values::integer(FLOOR_MIN, FLOOR_MAX));
    let category = fields.optional("category", values::code);
    let provider = fields.optional("provider", values::code);
    let external_id = fields.external_id(external_id);
    let geofence = fields.optional_object("geofence", geofence::read_fields);
    let label_ids = read_label_ids(fields);
    Some(ZoneConfig {
        name: name?,
        short_id,
        floor_number: floor_number.unwrap_or(0),
        category,
        provider,
        external_id,
        geofence,
        label_ids,
    })
}

/// Reads the body of `PUT /v2/zones/{zoneId}/beacons`.
pub fn read_beacons(value: &Value) -> Body<ZoneBeacons> {
    read::managed(value, &[], |fields| {
        fields.require("beaconIds", "expected a list of ids of beacons");
        let beacon_ids = fields.references("beaconIds", ZONE_BEACONS_MAX);
        Some(ZoneBeacons { beacon_ids })
    })
}
