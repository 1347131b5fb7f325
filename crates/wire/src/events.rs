//! Events as devices send them, and the answer. The server reads them with a parser of its own
//! (`moca-api`), which borrows from the request; these types are for those who send.

use moca_core::{
    beacon::BeaconIdentity,
    event::Proximity,
    id::InstanceId,
    limits::{
        ACCURACY_M_MAX, EVENT_AHEAD_MS_MAX, EVENT_AT_MIN, EVENTS_MAX, FLOOR_MAX, FLOOR_MIN,
        SIGHTINGS_MAX, SPEED_M_S_MAX,
    },
    property::Properties,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    beacons::identity_schema,
    properties,
    schema::{self, Described, Field, Schema},
};

/// One event: a location, sightings of beacons, or a verb.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct EventInput {
    /// Chosen by the device; a repeat is ignored.
    pub id: Uuid,
    /// When it happened, ms since 1970.
    pub t: i64,
    /// A position fix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationInput>,
    /// Beacons in range.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sightings: Vec<SightingInput>,
    /// The action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verb: Option<String>,
    /// On what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Category of the item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// A number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Free properties.
    #[serde(skip_serializing_if = "Properties::is_empty")]
    pub properties: Properties,
}

/// A position fix.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct LocationInput {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Radius of the error circle in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// Metres a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// Floor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<i64>,
}

/// A beacon in range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SightingInput {
    /// What it sent.
    #[serde(flatten)]
    pub identity: BeaconIdentity,
    /// Signal strength, dBm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rssi: Option<i64>,
    /// The device's estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proximity: Option<Proximity>,
    /// Percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub battery: Option<i64>,
}

/// The answer, given when the accepted events are on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsAnswer {
    /// Taken.
    pub accepted: u64,
    /// Known by their id already.
    pub duplicates: u64,
    /// Refused, with the reason.
    pub rejected: Vec<RejectedEvent>,
}

/// An event that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedEvent {
    /// Its index in the request.
    pub index: usize,
    /// A code of [`crate::fault::FaultCode`].
    pub code: String,
    /// A sentence that says what was expected, and where.
    pub detail: String,
}

/// What a device sends: a list of events.
#[derive(Debug, Clone, Copy)]
pub struct Events;

impl Described for Events {
    const NAME: &'static str = "EventsInput";

    fn schema() -> Schema {
        schema::list(schema::reference::<EventInput>(), 1, EVENTS_MAX)
            .noted("Those that cannot be read are listed in the answer; the others are taken.")
    }

    fn example() -> Value {
        json!([
            EventInput::example(),
            {
                "id": "0190163d-8694-739b-aea5-966c26f8ad92",
                "t": 1_767_614_400_000_i64,
                "sightings": [{
                    "type": "IBeacon",
                    "proximityUuid": "f7826da6-4fa2-4e98-8024-bc5b71e0893e",
                    "major": 1,
                    "minor": 42,
                    "rssi": -67,
                    "proximity": "Near",
                    "battery": 88,
                }],
            },
            {
                "id": "0190163d-8694-739b-aea5-966c26f8ad93",
                "t": 1_767_614_400_000_i64,
                "verb": "purchase",
                "item": "map",
                "category": "souvenir",
                "value": 4.5,
                "properties": {"currency": "EUR"},
            },
        ])
    }
}

/// An event of one of many instances, as a gateway tells it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayEvent {
    /// The instance.
    pub instance_id: InstanceId,
    /// What it told.
    #[serde(flatten)]
    pub event: EventInput,
}

/// What a gateway sends: a list of events of many instances.
#[derive(Debug, Clone, Copy)]
pub struct GatewayEvents;

impl Described for GatewayEvents {
    const NAME: &'static str = "GatewayEventsInput";

    fn schema() -> Schema {
        schema::list(schema::reference::<GatewayEvent>(), 1, EVENTS_MAX).noted(
            "Those that cannot be read, or whose instance is not there, are listed in the answer; the others \
             are taken.",
        )
    }

    fn example() -> Value {
        json!([GatewayEvent::example()])
    }
}

impl Described for GatewayEvent {
    const NAME: &'static str = "GatewayEventInput";

    fn schema() -> Schema {
        event_schema(Some(schema::required(
            "instanceId",
            schema::id(),
            "The instance that it happened to.",
        )))
    }

    fn example() -> Value {
        let mut event = EventInput::example();
        event["instanceId"] = "AZuN58uAcACAAAAAAAAAoQ".into();
        event
    }
}

/// One event, with another field or without.
fn event_schema(more: Option<Field>) -> Schema {
    let late = format!(
        "At most {} minutes ahead of the server's clock.",
        EVENT_AHEAD_MS_MAX / 60_000
    );
    let common = || {
        more.clone().into_iter().chain([
            schema::required(
                "id",
                schema::uuid(),
                "Chosen by the device; a repeat within seven days is ignored.",
            ),
            schema::required(
                "t",
                schema::integer(EVENT_AT_MIN, i64::MAX)
                    .noted(&late)
                    .with_example(1_767_614_400_000_i64),
                "When it happened, milliseconds since 1970.",
            ),
        ])
    };
    let sightings = schema::list(sighting_schema(), 1, SIGHTINGS_MAX);
    schema::one_of([
        schema::object(common())
            .and([schema::required(
                "location",
                location_schema(),
                "A position fix.",
            )])
            .titled("Location event"),
        schema::object(common())
            .and([schema::required(
                "sightings",
                sightings,
                "Beacons in range.",
            )])
            .titled("Sightings event"),
        schema::object(common())
            .and(verb_fields())
            .titled("Verb event"),
    ])
}

impl Described for EventInput {
    const NAME: &'static str = "EventInput";

    fn schema() -> Schema {
        event_schema(None)
    }

    fn example() -> Value {
        json!({
            "id": "0190163d-8694-739b-aea5-966c26f8ad91",
            "t": 1_767_614_400_000_i64,
            "location": {"lat": 40.4155, "lon": -3.7074, "accuracy": 8.0},
        })
    }
}

fn verb_fields() -> [Field; 5] {
    [
        schema::required("verb", schema::code(), "The action."),
        schema::optional("item", schema::code(), "On what."),
        schema::optional("category", schema::code(), "Category of the item."),
        schema::optional("value", schema::number(f64::MIN, f64::MAX), "A number."),
        schema::optional("properties", properties::schema(), "Free properties."),
    ]
}

/// A fix, with short names or with long ones.
fn location_schema() -> Schema {
    let fix = |lat, lon| {
        schema::object([
            schema::required(lat, schema::number(-90.0, 90.0), "Degrees north."),
            schema::required(lon, schema::number(-180.0, 180.0), "Degrees east."),
            schema::optional(
                "accuracy",
                schema::number(0.0, ACCURACY_M_MAX),
                "Radius of the error circle in metres.",
            ),
            schema::optional(
                "speed",
                schema::number(0.0, SPEED_M_S_MAX),
                "Metres a second.",
            ),
            schema::optional("floor", schema::integer(FLOOR_MIN, FLOOR_MAX), "Floor."),
        ])
    };
    schema::one_of([
        fix("lat", "lon").titled("Location"),
        fix("latitude", "longitude").titled("Location with long names"),
        fix("lat", "longitude").titled("Location with a long longitude"),
        fix("latitude", "lon").titled("Location with a long latitude"),
    ])
}

fn sighting_schema() -> Schema {
    identity_schema(&[
        schema::optional(
            "rssi",
            schema::integer(i8::MIN.into(), i8::MAX.into()),
            "Signal strength, dBm.",
        ),
        schema::optional(
            "proximity",
            schema::words(&["Immediate", "Near", "Far"]),
            "The device's estimate.",
        ),
        schema::optional("battery", schema::integer(0, 100), "Percent."),
    ])
}

impl Described for EventsAnswer {
    const NAME: &'static str = "EventsAnswer";

    fn schema() -> Schema {
        let codes: Vec<&str> = crate::fault::FaultCode::ALL
            .iter()
            .map(|code| code.as_str())
            .collect();
        let rejected = schema::object([
            schema::required("index", schema::count(), "Its index in the request."),
            schema::required(
                "code",
                schema::words(&codes),
                "The stable code of its fault.",
            ),
            schema::required(
                "detail",
                schema::any_text(),
                "A sentence that says what was expected, and where.",
            ),
        ]);
        schema::object([
            schema::required("accepted", schema::count(), "Taken."),
            schema::required("duplicates", schema::count(), "Known by their id already."),
            schema::required(
                "rejected",
                schema::items(rejected.titled("Rejected event")),
                "Refused, with the reason.",
            ),
        ])
    }

    fn example() -> Value {
        json!({
            "accepted": 2,
            "duplicates": 0,
            "rejected": [{
                "index": 2,
                "code": "out_of_range",
                "detail": "/location/lat: expected a number from -90 to 90",
            }],
        })
    }
}
