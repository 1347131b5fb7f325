//! One event, read fast when it is as usual and thoroughly when it is not.
//!
//! Nearly all events are plain: a location or sightings, ASCII, no faults. [`read`] takes those in
//! without copying a string or building a tree. Whatever it does not recognise goes to
//! [`event_reader`], which alone defines what an event is; a test holds the two to each other.

use std::borrow::Cow;

use moca_core::{
    beacon::{BeaconIdentity, Hex},
    event::{Event, EventBody, Fix, Proximity, Sighting},
    geo::LatLon,
    id::InstanceId,
    limits::{
        ACCURACY_M_MAX, CODE_CHARS_MAX, EVENT_AHEAD_MS_MAX, EVENT_AT_MIN, FLOOR_MAX, FLOOR_MIN,
        SIGHTINGS_MAX, SPEED_M_S_MAX,
    },
    property::Properties,
};
use moca_wire::{json::nfc, problem::Fault};
use serde::Deserialize;
use uuid::Uuid;

use super::event_reader;

/// Characters of a UUID with its hyphens.
const UUID_CHARS: usize = 36;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainEvent<'a> {
    #[serde(rename = "instanceId")]
    instance_id: Option<&'a str>,
    id: &'a str,
    t: i64,
    verb: Option<&'a str>,
    item: Option<&'a str>,
    category: Option<&'a str>,
    value: Option<f64>,
    location: Option<PlainFix>,
    #[serde(borrow)]
    sightings: Option<Vec<PlainSighting<'a>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainFix {
    #[serde(alias = "latitude")]
    lat: f64,
    #[serde(alias = "longitude")]
    lon: f64,
    accuracy: Option<f64>,
    speed: Option<f64>,
    floor: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PlainSighting<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    proximity_uuid: Option<&'a str>,
    major: Option<u16>,
    minor: Option<u16>,
    namespace: Option<&'a str>,
    instance: Option<&'a str>,
    rssi: Option<i8>,
    proximity: Option<&'a str>,
    battery: Option<u8>,
}

/// The event in a JSON text, or what is wrong with it first.
pub(super) fn read(line: &str, now_ms: i64) -> Result<Event, Fault> {
    match read_plain(line, now_ms) {
        Some((event, None)) => Ok(event),
        _ => event_reader::read(line, now_ms),
    }
}

/// The same of an event that names its instance.
pub(super) fn read_addressed(line: &str, now_ms: i64) -> Result<(InstanceId, Event), Fault> {
    match read_plain(line, now_ms) {
        Some((event, Some(instance_id))) => Ok((instance_id, event)),
        _ => event_reader::read_addressed(line, now_ms),
    }
}

fn read_plain(line: &str, now_ms: i64) -> Option<(Event, Option<InstanceId>)> {
    let plain: PlainEvent<'_> = serde_json::from_str(line).ok()?;
    let instance_id = match plain.instance_id {
        Some(id) => Some(id.parse().ok()?),
        None => None,
    };
    if !(EVENT_AT_MIN..=now_ms + EVENT_AHEAD_MS_MAX).contains(&plain.t) {
        return None;
    }
    let event = Event {
        id: uuid(plain.id)?.into_bytes(),
        at_ms: plain.t,
        body: body(plain)?,
    };
    Some((event, instance_id))
}

fn body(plain: PlainEvent<'_>) -> Option<EventBody> {
    let beside_a_verb = plain.item.is_some() || plain.category.is_some() || plain.value.is_some();
    match (plain.location, plain.sightings, plain.verb) {
        (Some(location), None, None) if !beside_a_verb => fix(&location).map(EventBody::Location),
        (None, Some(sightings), None) if !beside_a_verb => {
            if sightings.is_empty() || sightings.len() > SIGHTINGS_MAX {
                return None;
            }
            let sightings: Option<Vec<Sighting>> = sightings.iter().map(sighting).collect();
            sightings.map(EventBody::Sightings)
        }
        (None, None, Some(verb)) => Some(EventBody::Custom {
            verb: short(verb)?,
            item: optional(plain.item)?,
            category: optional(plain.category)?,
            value: plain.value,
            properties: Properties::new(),
        }),
        _ => None,
    }
}

fn fix(plain: &PlainFix) -> Option<Fix> {
    Some(Fix {
        at: LatLon::new(plain.lat, plain.lon).ok()?,
        accuracy_m: within(plain.accuracy, ACCURACY_M_MAX)?,
        speed_m_s: within(plain.speed, SPEED_M_S_MAX)?,
        floor: match plain.floor {
            None => None,
            Some(floor) if (FLOOR_MIN..=FLOOR_MAX).contains(&floor) => Some(floor as i16),
            Some(_) => return None,
        },
    })
}

/// `Some(None)` for absent, `None` for out of range.
fn within(number: Option<f64>, max: f64) -> Option<Option<f32>> {
    match number {
        None => Some(None),
        Some(number) if (0.0..=max).contains(&number) => Some(Some(number as f32)),
        Some(_) => None,
    }
}

fn sighting(plain: &PlainSighting<'_>) -> Option<Sighting> {
    let identity = match (plain.kind, plain.namespace, plain.instance) {
        ("IBeacon", None, None) => BeaconIdentity::IBeacon {
            proximity_uuid: uuid(plain.proximity_uuid?)?,
            major: plain.major?,
            minor: plain.minor?,
        },
        ("EddystoneUid", Some(namespace), Some(instance))
            if plain.proximity_uuid.is_none() && plain.major.is_none() && plain.minor.is_none() =>
        {
            BeaconIdentity::EddystoneUid {
                namespace: Hex::parse(namespace)?,
                instance: Hex::parse(instance)?,
            }
        }
        _ => return None,
    };
    Some(Sighting {
        identity,
        rssi_dbm: plain.rssi,
        proximity: match plain.proximity {
            None => None,
            Some(word) => Some(proximity(word)?),
        },
        battery_percent: match plain.battery {
            Some(percent) if percent > 100 => return None,
            other => other,
        },
    })
}

/// The device's estimate with this word.
pub(super) fn proximity(word: &str) -> Option<Proximity> {
    match word {
        "Immediate" => Some(Proximity::Immediate),
        "Near" => Some(Proximity::Near),
        "Far" => Some(Proximity::Far),
        _ => None,
    }
}

fn uuid(text: &str) -> Option<Uuid> {
    // The parser also reads braces, URNs and bare digits; one form is enough.
    (text.len() == UUID_CHARS)
        .then(|| Uuid::try_parse(text).ok())
        .flatten()
}

fn optional(text: Option<&str>) -> Option<Option<String>> {
    match text {
        None => Some(None),
        Some(text) => short(text).map(Some),
    }
}

/// A short text that is surely right: the thorough reader counts characters and knows more kinds
/// of blank.
fn short(text: &str) -> Option<String> {
    let right = text.len() <= CODE_CHARS_MAX
        && text.chars().any(|c| !c.is_whitespace())
        && !text.chars().any(char::is_control);
    match nfc(text) {
        Cow::Borrowed(text) if right => Some(text.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
#[path = "event_line_tests.rs"]
mod tests;
