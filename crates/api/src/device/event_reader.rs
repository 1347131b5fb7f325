//! What an event is, and what is wrong with one that is not.

use std::iter;

use moca_core::{
    beacon::BeaconIdentity,
    event::{Event, EventBody, Fix, Sighting},
    geo::LatLon,
    id::InstanceId,
    limits::{
        ACCURACY_M_MAX, EVENT_AHEAD_MS_MAX, EVENT_AT_MIN, FLOOR_MAX, FLOOR_MIN, SIGHTINGS_MAX,
        SPEED_M_S_MAX,
    },
};
use moca_wire::{
    fault::FaultCode,
    json,
    problem::Fault,
    properties,
    read::{self, Fields},
    values::{self, Complaint},
};

use super::event_line::proximity;

/// Fields that only mean something beside a verb.
const VERB_FIELDS: [&str; 4] = ["item", "category", "value", "properties"];

/// The event in a JSON text, or the first thing that is wrong with it.
pub(super) fn read(line: &str, now_ms: i64) -> Result<Event, Fault> {
    read_line(line, |fields| read_event(fields, now_ms))
}

/// The same of an event that names its instance.
pub(super) fn read_addressed(line: &str, now_ms: i64) -> Result<(InstanceId, Event), Fault> {
    read_line(line, |fields| {
        let instance_id = fields.required("instanceId", values::id);
        let event = read_event(fields, now_ms);
        Some((instance_id?, event?))
    })
}

fn read_line<T>(
    line: &str,
    fields: impl FnOnce(&mut Fields<'_, '_>) -> Option<T>,
) -> Result<T, Fault> {
    let value = json::read(line).map_err(|error| {
        // Its line is that of this text, which is the whole body to the library only.
        let full = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let what = full.strip_suffix(&place).unwrap_or(&full);
        let detail = format!("the event is not the JSON we read: {what}");
        Fault::new("", FaultCode::InvalidFormat, detail)
    })?;
    read::part(&value, "", fields).map_err(first)
}

fn read_event(fields: &mut Fields<'_, '_>, now_ms: i64) -> Option<Event> {
    let id = fields.required("id", values::uuid);
    let latest = now_ms + EVENT_AHEAD_MS_MAX;
    let at_ms = fields.required("t", values::integer(EVENT_AT_MIN, latest));
    let body = read_body(fields);
    Some(Event {
        id: id?.into_bytes(),
        at_ms: at_ms?,
        body: body?,
    })
}

fn first(faults: Vec<Fault>) -> Fault {
    let mut faults = faults;
    match faults.is_empty() {
        true => Fault::new("", FaultCode::InvalidFormat, "expected an event"),
        false => {
            let fault = faults.swap_remove(0);
            let detail = format!("{}: {}", fault.pointer, fault.detail);
            Fault { detail, ..fault }
        }
    }
}

fn read_body(fields: &mut Fields<'_, '_>) -> Option<EventBody> {
    let has_verb = fields.take("verb").is_some();
    let has_location = fields.take("location").is_some();
    let has_sightings = fields.take("sightings").is_some();
    let mut beside_a_verb = None;
    for key in VERB_FIELDS {
        if fields.take(key).is_some() {
            beside_a_verb = beside_a_verb.or(Some(key));
        }
    }
    if !has_verb && let Some(key) = beside_a_verb {
        let detail = "stands beside a verb only";
        fields.fault(key, FaultCode::UnknownField, detail);
    }
    match (has_verb, has_location, has_sightings) {
        (true, false, false) => read_verb(fields),
        (false, true, false) => fields.object("location", read_fix).map(EventBody::Location),
        (false, false, true) => read_sightings(fields).map(EventBody::Sightings),
        (false, false, false) => {
            let detail = "an event has a verb, a location or sightings";
            fields.fault("verb", FaultCode::Required, detail);
            None
        }
        _ => {
            let second = if has_sightings {
                "sightings"
            } else {
                "location"
            };
            let detail = "an event has only one of verb, location and sightings";
            fields.fault(second, FaultCode::UnknownField, detail);
            None
        }
    }
}

fn read_verb(fields: &mut Fields<'_, '_>) -> Option<EventBody> {
    let verb = fields.required("verb", values::code);
    let item = fields.optional("item", values::code);
    let category = fields.optional("category", values::code);
    let value = fields.optional("value", values::number(f64::MIN, f64::MAX));
    let properties = properties::read(fields, "properties");
    Some(EventBody::Custom {
        verb: verb?,
        item,
        category,
        value,
        properties,
    })
}

fn read_fix(fields: &mut Fields<'_, '_>) -> Option<Fix> {
    let latitude = degrees(fields, "lat", "latitude", 90.0);
    let longitude = degrees(fields, "lon", "longitude", 180.0);
    let accuracy = fields.optional("accuracy", values::number(0.0, ACCURACY_M_MAX));
    let speed = fields.optional("speed", values::number(0.0, SPEED_M_S_MAX));
    let floor = fields.optional("floor", values::integer(FLOOR_MIN, FLOOR_MAX));
    Some(Fix {
        at: LatLon::new(latitude?, longitude?).ok()?,
        accuracy_m: accuracy.map(|metres| metres as f32),
        speed_m_s: speed.map(|speed| speed as f32),
        floor: floor.map(|floor| floor as i16),
    })
}

fn degrees(
    fields: &mut Fields<'_, '_>,
    short: &'static str,
    long: &'static str,
    max: f64,
) -> Option<f64> {
    let read = values::number(-max, max);
    match (fields.take(short).is_some(), fields.take(long).is_some()) {
        (true, true) => {
            let detail = format!("is the same as {short}: send one of them");
            fields.fault(long, FaultCode::NotUnique, detail);
            None
        }
        (false, true) => fields.required(long, read),
        (_, false) => fields.required(short, read),
    }
}

fn read_sightings(fields: &mut Fields<'_, '_>) -> Option<Vec<Sighting>> {
    let items = fields.list("sightings", SIGHTINGS_MAX)?;
    if items.is_empty() {
        let detail = format!("expected a list of 1 to {SIGHTINGS_MAX} sightings");
        fields.fault("sightings", FaultCode::TooShort, detail);
    }
    let mut sightings = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        match read::part(item, "", read_sighting) {
            Ok(sighting) => sightings.push(sighting),
            Err(faults) => {
                for fault in faults {
                    let code = code_of(&fault);
                    let inner = fault.pointer.split('/').skip(1);
                    let inner = inner.map(|key| key.replace("~1", "/").replace("~0", "~"));
                    let path: Vec<String> = iter::once(index.to_string()).chain(inner).collect();
                    let path: Vec<&str> = path.iter().map(String::as_str).collect();
                    let detail = fault.detail;
                    fields.fault_deep("sightings", &path, Complaint { code, detail });
                }
            }
        }
    }
    Some(sightings)
}

/// The code whose text stands in a fault.
fn code_of(fault: &Fault) -> FaultCode {
    FaultCode::ALL
        .iter()
        .copied()
        .find(|code| code.as_str() == fault.code)
        .unwrap_or(FaultCode::InvalidFormat)
}

fn read_sighting(fields: &mut Fields<'_, '_>) -> Option<Sighting> {
    let kinds = ["IBeacon", "EddystoneUid"];
    let known = |word: &str| kinds.into_iter().find(|kind| *kind == word);
    let kind = fields.required("type", values::word(&kinds, known));
    let identity = match kind {
        Some("IBeacon") => read_i_beacon(fields),
        Some(_) => read_eddystone(fields),
        None => {
            // Not known which of them belong here: none is called unknown.
            for key in ["proximityUuid", "major", "minor", "namespace", "instance"] {
                fields.take(key);
            }
            None
        }
    };
    let rssi = fields.optional("rssi", values::integer(i8::MIN.into(), i8::MAX.into()));
    let words = values::word(&["Immediate", "Near", "Far"], proximity);
    let proximity = fields.optional("proximity", words);
    let battery = fields.optional("battery", values::integer(0, 100));
    Some(Sighting {
        identity: identity?,
        rssi_dbm: rssi.map(|dbm| dbm as i8),
        proximity,
        battery_percent: battery.map(|percent| percent as u8),
    })
}

fn read_i_beacon(fields: &mut Fields<'_, '_>) -> Option<BeaconIdentity> {
    let proximity_uuid = fields.required("proximityUuid", values::uuid);
    let major = fields.required("major", values::unsigned_16);
    let minor = fields.required("minor", values::unsigned_16);
    Some(BeaconIdentity::IBeacon {
        proximity_uuid: proximity_uuid?,
        major: major?,
        minor: minor?,
    })
}

fn read_eddystone(fields: &mut Fields<'_, '_>) -> Option<BeaconIdentity> {
    let namespace = fields.required("namespace", values::hex);
    let instance = fields.required("instance", values::hex);
    Some(BeaconIdentity::EddystoneUid {
        namespace: namespace?,
        instance: instance?,
    })
}
