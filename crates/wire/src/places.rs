//! Places, and the positions and labels that they share with zones and beacons.

use moca_core::{
    geo::LatLon,
    id::{AccountId, LabelId, PlaceId},
    limits::{LABELS_MAX, TEXT_CHARS_MAX},
    place::{self, PlaceConfig},
};
use serde::{Deserialize, Serialize, Serializer, ser::Error as _};
use serde_json::{Value, json};

use crate::{
    geofence,
    mention::Body,
    presence, properties, providers,
    raw::Plain,
    read::{self, Fields},
    resource::Resource,
    schema::{self, Described, Schema},
    secret::SecretInput,
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
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceInput {
    /// What it sets.
    pub config: PlaceConfig,
    /// The `secretKey` of the location provider, which stands apart because it is not kept with it.
    pub secret_key: SecretInput,
}

impl From<PlaceConfig> for PlaceInput {
    fn from(config: PlaceConfig) -> Self {
        Self {
            config,
            secret_key: SecretInput::Keep,
        }
    }
}

impl Serialize for PlaceInput {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let config = serde_json::to_value(&self.config).map_err(S::Error::custom)?;
        let mut body = json!({ "config": config });
        let provider = body.pointer_mut("/config/locationProvider");
        if let Some(provider) = provider.and_then(Value::as_object_mut) {
            provider.remove("hasSecretKey");
            let secret = match &self.secret_key {
                SecretInput::Keep => None,
                SecretInput::Remove => Some(Value::Null),
                SecretInput::Set(secret) => Some(secret.expose().into()),
            };
            provider.extend(secret.map(|secret| ("secretKey".to_owned(), secret)));
        }
        body.serialize(serializer)
    }
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

impl Plain for Place {
    const ID: &'static str = "placeId";
    const OWNER_ID: &'static str = "accountId";
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

impl Described for Place {
    const NAME: &'static str = "Place";

    fn schema() -> Schema {
        schema::resource("placeId", [schema::account_id()], config_schema())
    }

    fn example() -> Value {
        json!({
            "createdAt": 1_767_614_400_000_i64,
            "updatedAt": 1_767_614_400_000_i64,
            "placeId": "AZuN58uAcACAAAAAAAAAMQ",
            "accountId": "AZuN58uAcACAAAAAAAAAAQ",
            "config": {
                "name": "Plaza Mayor",
                "geofence": {
                    "type": "Circle",
                    "latitude": 40.4154,
                    "longitude": -3.7074,
                    "radius": 150.0,
                },
                "address": "Plaza Mayor, 28012 Madrid",
                "timeZone": "Europe/Madrid",
                "category": "Square",
                "externalId": "ES-28-0001",
                "locationProvider": {
                    "enabled": true,
                    "locationType": "WIFI",
                    "siteId": "plaza-mayor",
                    "accessKey": "AK-77",
                    "hasSecretKey": true,
                },
                "floorPlanProvider": {
                    "providerName": "Plans & Co.",
                    "mapID": "7",
                    "title": "The square and its arcades",
                    "url": "https://plans.example/7",
                    "numFloors": 1,
                    "areaM2": 12_126,
                },
                "presence": {"exitMarginM": 50, "beaconExitMs": 60_000},
                "properties": {"openAir": true, "languages": ["es", "en"]},
            },
        })
    }
}

fn config_schema() -> Schema {
    schema::object([
        schema::required("name", schema::name(), "Name."),
        schema::optional(
            "geofence",
            geofence::schema(),
            "Where it is; absent for a place known by its beacons only.",
        ),
        schema::optional("address", schema::text(TEXT_CHARS_MAX), "Postal address."),
        schema::optional("timeZone", schema::time_zone(), "Where its clocks stand."),
        schema::optional("category", schema::code(), "Category."),
        schema::optional(
            "externalId",
            schema::code(),
            "Your own id, unique among the places of the account.",
        ),
        schema::optional("provider", schema::code(), "Who runs the place."),
        schema::optional("labelIds", label_ids_schema(), "Labels."),
        schema::optional(
            "locationProvider",
            providers::location_schema(),
            "Who finds positions inside.",
        ),
        schema::optional(
            "floorPlanProvider",
            providers::floor_plan_schema(),
            "Who draws the floor plans.",
        ),
        schema::optional(
            "presence",
            presence::schema(),
            "How it, its zones and its beacons are entered and left, where that is not as usual.",
        ),
        schema::optional(
            "sensitive",
            schema::boolean(),
            "Whether what people do there is their own business: it never triggers anything, and nothing \
             is counted of it, its zones and its beacons. Not answered when it is false; a place of a \
             category that the account declares sensitive is so whatever this says.",
        ),
        schema::optional("properties", properties::schema(), "Free properties."),
    ])
}

/// The labels of an object.
pub(crate) fn label_ids_schema() -> Schema {
    schema::set(schema::id(), LABELS_MAX)
}

/// A position.
pub(crate) fn position_schema() -> Schema {
    schema::object(position_fields()).titled("Position")
}

/// The fields of a position.
pub(crate) fn position_fields() -> [schema::Field; 2] {
    [
        schema::required("latitude", schema::number(-90.0, 90.0), "Degrees north."),
        schema::required("longitude", schema::number(-180.0, 180.0), "Degrees east."),
    ]
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
        let (config, secret_key) = config?;
        Some(PlaceInput { config, secret_key })
    })
}

fn read_config(
    fields: &mut Fields<'_, '_>,
    external_id: Option<&str>,
) -> Option<(PlaceConfig, SecretInput)> {
    let name = fields.required("name", values::name);
    let geofence = fields.optional_object("geofence", geofence::read_fields);
    let address = fields.optional("address", values::description);
    let time_zone = fields.optional("timeZone", values::time_zone);
    let category = fields.optional("category", values::code);
    let external_id = fields.external_id(external_id);
    let provider = fields.optional("provider", values::code);
    let label_ids = read_label_ids(fields);
    let location = fields.optional_object("locationProvider", providers::read_location);
    let (location_provider, secret_key) = location.unzip();
    let floor_plan_provider =
        fields.optional_object("floorPlanProvider", providers::read_floor_plan);
    let presence = fields.optional_object("presence", presence::read);
    let sensitive = fields.optional("sensitive", values::boolean);
    let properties = properties::read(fields, "properties");
    let config = PlaceConfig {
        name: name?,
        geofence,
        address,
        time_zone,
        category,
        external_id,
        provider,
        label_ids,
        location_provider,
        floor_plan_provider,
        presence,
        sensitive: sensitive.unwrap_or(false),
        properties,
    };
    Some((config, secret_key.unwrap_or_default()))
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
