//! Events as devices send them, and the answer. The server reads them with a parser of its own
//! (`moca-api`), which borrows from the request; these types are for those who send.

use moca_core::{beacon::BeaconIdentity, event::Proximity, property::Properties};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
