//! Beacons.

use moca_core::{
    beacon::{self, BeaconIdentity},
    health::BeaconHealth,
    id::{AccountId, BeaconId, ZoneId},
    limits::{FLOOR_MAX, FLOOR_MIN, TX_POWER_DBM_MAX, TX_POWER_DBM_MIN},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    mention::Body,
    places::{label_ids_schema, position_schema, read_label_ids, read_position},
    properties,
    raw::RawObject,
    read::{self, Fields},
    resource::Resource,
    schema::{self, Described, Field, Schema},
    values,
};

/// A beacon as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Beacon {
    /// Creation, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// Id.
    pub beacon_id: BeaconId,
    /// The account.
    pub account_id: AccountId,
    /// What a client sets.
    pub config: BeaconConfig,
    /// What devices see of it; in answers to GET.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub health: Option<Health>,
}

/// What devices see of a beacon.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Event time of the newest sighting, ms since 1970; null when it was never seen.
    pub last_seen_at: Option<i64>,
    /// Median of the battery readings of the newest day that has some.
    pub battery_percent: Option<f64>,
    /// When the battery will be empty, ms since 1970; null until that can be told.
    pub battery_depleted_at: Option<i64>,
    /// Sightings in the last seven days, by whole hours of event time.
    #[serde(rename = "sightings7d")]
    pub sightings_7d: u64,
}

impl Health {
    /// What devices see of a beacon with this health, as of `now_ms`.
    pub fn at(health: &BeaconHealth, now_ms: i64) -> Self {
        Self {
            last_seen_at: health.last_seen_at(),
            battery_percent: health.battery_percent(),
            battery_depleted_at: health.battery_depleted_at(),
            sightings_7d: health.sightings_7d(now_ms),
        }
    }
}

/// Writes a beacon around its `config` as it is stored, as its answer would be written: its zone first
/// in that, and what devices see of it behind.
pub fn write_raw(
    beacon: &RawObject<'_>,
    zone_id: Option<&str>,
    health: &Health,
    json: &mut Vec<u8>,
) -> serde_json::Result<()> {
    beacon.open("beaconId", "accountId", json)?;
    let mut config = beacon.config;
    if let Some(zone_id) = zone_id {
        json.extend_from_slice(b"{\"zoneId\":");
        serde_json::to_writer(&mut *json, zone_id)?;
        json.push(b',');
        config = config.strip_prefix('{').unwrap_or(config);
    }
    json.extend_from_slice(config.as_bytes());
    json.extend_from_slice(b",\"health\":");
    serde_json::to_writer(&mut *json, health)?;
    json.push(b'}');
    Ok(())
}

/// What a client sets on a beacon: the zone with the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BeaconConfig {
    /// The zone it is assigned to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub zone_id: Option<ZoneId>,
    /// The rest.
    #[serde(flatten)]
    pub beacon: beacon::BeaconConfig,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BeaconInput {
    /// What it sets.
    pub config: BeaconConfig,
}

impl Resource for Beacon {
    const PATH: &'static str = "/v2/beacons";
    type Input = BeaconInput;
}

impl From<&beacon::Beacon> for Beacon {
    fn from(beacon: &beacon::Beacon) -> Self {
        Self {
            created_at: beacon.frame.created_at,
            updated_at: beacon.frame.updated_at,
            beacon_id: beacon.id(),
            account_id: beacon.frame.account_id,
            config: BeaconConfig {
                zone_id: beacon.zone_id,
                beacon: beacon.config.clone(),
            },
            health: None,
        }
    }
}

impl Described for Beacon {
    const NAME: &'static str = "Beacon";

    fn schema() -> Schema {
        let health = schema::owned_optional(
            "health",
            health_schema(),
            "What devices see of it; in answers to GET.",
        );
        let more = [schema::account_id(), health];
        schema::resource("beaconId", more, config_schema())
    }

    fn example() -> Value {
        json!({
            "createdAt": 1_767_614_400_000_i64,
            "updatedAt": 1_767_614_400_000_i64,
            "beaconId": "AZuN58uAcACAAAAAAAAAUQ",
            "accountId": "AZuN58uAcACAAAAAAAAAAQ",
            "config": {
                "zoneId": "AZuN58uAcACAAAAAAAAAQQ",
                "name": "Door of the tourist office",
                "type": "IBeacon",
                "proximityUuid": "f7826da6-4fa2-4e98-8024-bc5b71e0893e",
                "major": 1,
                "minor": 42,
                "location": {"latitude": 40.4154, "longitude": -3.7074},
                "floorNumber": 0,
                "txPowerDbm": -59,
                "externalId": "B-0042",
            },
            "health": {
                "lastSeenAt": 1_767_614_100_000_i64,
                "batteryPercent": 88.0,
                "batteryDepletedAt": null,
                "sightings7d": 412,
            },
        })
    }
}

fn config_schema() -> Schema {
    let common = [
        schema::optional("zoneId", schema::id(), "The zone it is assigned to."),
        schema::optional("name", schema::name(), "Name."),
        schema::optional(
            "provider",
            schema::code(),
            "Maker or operator of the device.",
        ),
        schema::optional("code", schema::code(), "Code handed to apps."),
        schema::optional("location", position_schema(), "Where it hangs."),
        schema::optional(
            "floorNumber",
            schema::integer(FLOOR_MIN, FLOOR_MAX),
            "Floor.",
        ),
        schema::optional(
            "txPowerDbm",
            schema::integer(TX_POWER_DBM_MIN, TX_POWER_DBM_MAX),
            "Calibrated power at one metre, dBm.",
        ),
        schema::optional(
            "externalId",
            schema::code(),
            "Your own id, unique among the beacons of the account.",
        ),
        schema::optional("labelIds", label_ids_schema(), "Labels."),
        schema::optional("properties", properties::schema(), "Free properties."),
    ];
    identity_schema(&common)
}

fn health_schema() -> Schema {
    schema::object([
        schema::required(
            "lastSeenAt",
            schema::maybe(schema::moment()),
            "The newest sighting; null when it was never seen.",
        ),
        schema::required(
            "batteryPercent",
            schema::maybe(schema::number(0.0, 100.0)),
            "Median of the readings of the newest day that has some.",
        ),
        schema::required(
            "batteryDepletedAt",
            schema::maybe(schema::moment()),
            "When the battery will be empty; null until that can be told.",
        ),
        schema::required(
            "sightings7d",
            schema::count(),
            "Sightings in the last seven days.",
        ),
    ])
    .titled("Health")
}

/// What a beacon sends, unique in the account, with the fields beside it.
pub(crate) fn identity_schema(common: &[Field]) -> Schema {
    let number = || schema::integer(0, u16::MAX.into());
    let kinds = [
        (
            "IBeacon",
            vec![
                schema::required("proximityUuid", schema::uuid(), "Proximity UUID."),
                schema::required("major", number(), "Most significant value."),
                schema::required("minor", number(), "Least significant value."),
            ],
        ),
        (
            "EddystoneUid",
            vec![
                schema::required("namespace", schema::hex(10), "10 bytes."),
                schema::required("instance", schema::hex(6), "6 bytes."),
            ],
        ),
    ];
    schema::tagged("type", kinds, common)
}

/// Reads the body of a POST or PUT.
pub fn read(value: &Value) -> Body<BeaconInput> {
    read_named(value, None)
}

/// Reads the body of a PUT to the `externalId` in its path.
pub fn read_external(value: &Value, external_id: &str) -> Body<BeaconInput> {
    read_named(value, Some(external_id))
}

fn read_named(value: &Value, external_id: Option<&str>) -> Body<BeaconInput> {
    read::managed(value, &["beaconId", "health"], |fields| {
        let config = fields.object("config", |fields| read_config(fields, external_id));
        Some(BeaconInput { config: config? })
    })
}

fn read_config(fields: &mut Fields<'_, '_>, external_id: Option<&str>) -> Option<BeaconConfig> {
    let zone_id = fields.reference("zoneId");
    let name = fields.optional("name", values::name);
    let identity = read_identity(fields);
    let provider = fields.optional("provider", values::code);
    let code = fields.optional("code", values::code);
    let location = fields.optional_object("location", read_position);
    let floor_number = fields.optional("floorNumber", values::integer(FLOOR_MIN, FLOOR_MAX));
    let tx_power_dbm = fields.optional(
        "txPowerDbm",
        values::integer(TX_POWER_DBM_MIN, TX_POWER_DBM_MAX),
    );
    let external_id = fields.external_id(external_id);
    let label_ids = read_label_ids(fields);
    let properties = properties::read(fields, "properties");
    Some(BeaconConfig {
        zone_id,
        beacon: beacon::BeaconConfig {
            name,
            identity: identity?,
            provider,
            code,
            location,
            floor_number,
            tx_power_dbm,
            external_id,
            label_ids,
            properties,
        },
    })
}

#[derive(Clone, Copy)]
enum Protocol {
    IBeacon,
    EddystoneUid,
}

impl Protocol {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "IBeacon" => Some(Self::IBeacon),
            "EddystoneUid" => Some(Self::EddystoneUid),
            _ => None,
        }
    }
}

/// What a beacon sends: `type` and the fields of that type.
pub(crate) fn read_identity(fields: &mut Fields<'_, '_>) -> Option<BeaconIdentity> {
    let words = ["IBeacon", "EddystoneUid"];
    match fields.required("type", values::word(&words, Protocol::parse)) {
        Some(Protocol::IBeacon) => {
            let proximity_uuid = fields.required("proximityUuid", values::uuid);
            let major = fields.required("major", values::unsigned_16);
            let minor = fields.required("minor", values::unsigned_16);
            Some(BeaconIdentity::IBeacon {
                proximity_uuid: proximity_uuid?,
                major: major?,
                minor: minor?,
            })
        }
        Some(Protocol::EddystoneUid) => {
            let namespace = fields.required("namespace", values::hex);
            let instance = fields.required("instance", values::hex);
            Some(BeaconIdentity::EddystoneUid {
                namespace: namespace?,
                instance: instance?,
            })
        }
        None => {
            // Without the type nobody can say which of these belong there.
            for key in ["proximityUuid", "major", "minor", "namespace", "instance"] {
                fields.take(key);
            }
            None
        }
    }
}
