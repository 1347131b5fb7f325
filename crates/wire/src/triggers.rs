//! The triggers of experiences.

use moca_core::{
    event::Proximity,
    experience::{CUSTOM_VERB, DERIVED_VERBS, Direction, Trigger},
    limits::{COMPOSITE_PARTS_MAX, DELAY_MS_MAX},
    segment::EventQuery,
};
use serde_json::{Value, json};

use crate::{
    experiences::type_of,
    fault::FaultCode,
    read::Fields,
    schema::{self, Field, Schema},
    segments,
    values::{self, Complaint, Reading},
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    EnterPlace,
    ExitPlace,
    EnterZone,
    ExitZone,
    EnterBeacon,
    ExitBeacon,
    ZoneProximity,
    BeaconProximity,
    Custom,
    Event,
    Composite,
}

/// The kinds of trigger; the last one is made of the others.
const KINDS: [(&str, Kind); 11] = [
    ("EnterPlaceTrigger", Kind::EnterPlace),
    ("ExitPlaceTrigger", Kind::ExitPlace),
    ("EnterZoneTrigger", Kind::EnterZone),
    ("ExitZoneTrigger", Kind::ExitZone),
    ("EnterBeaconTrigger", Kind::EnterBeacon),
    ("ExitBeaconTrigger", Kind::ExitBeacon),
    ("ZoneProximityTrigger", Kind::ZoneProximity),
    ("BeaconProximityTrigger", Kind::BeaconProximity),
    ("CustomTrigger", Kind::Custom),
    ("EventTrigger", Kind::Event),
    ("CompositeTrigger", Kind::Composite),
];

/// When an experience fires.
pub(crate) fn schema() -> Schema {
    schema::tagged(
        "@type",
        KINDS.map(|(word, kind)| (word, fields_of(kind))),
        &[],
    )
}

/// One part of a composite.
fn part_schema() -> Schema {
    let parts = KINDS.iter().filter(|(_, kind)| *kind != Kind::Composite);
    schema::tagged(
        "@type",
        parts.map(|(word, kind)| (*word, fields_of(*kind))),
        &[],
    )
    .titled("Part of a composite")
}

fn fields_of(kind: Kind) -> Vec<Field> {
    let target = |name, note| schema::required(name, schema::id(), note);
    let delay = || {
        let note = "Milliseconds the device has to stay before it fires.";
        schema::optional("delayMs", schema::integer(0, DELAY_MS_MAX), note)
    };
    let proximity = || {
        let words = Proximity::ALL.map(Proximity::as_str);
        schema::required("proximity", schema::words(&words), "So close, or closer.")
    };
    match kind {
        Kind::EnterPlace => vec![target("placeId", "The place."), delay()],
        Kind::ExitPlace => vec![target("placeId", "The place.")],
        Kind::EnterZone => vec![target("zoneId", "The zone."), delay()],
        Kind::ExitZone => vec![target("zoneId", "The zone.")],
        Kind::EnterBeacon => vec![target("beaconId", "The beacon."), delay()],
        Kind::ExitBeacon => vec![target("beaconId", "The beacon.")],
        Kind::ZoneProximity => vec![
            target("zoneId", "The zone: the closest of its beacons counts."),
            proximity(),
        ],
        Kind::BeaconProximity => vec![target("beaconId", "The beacon."), proximity()],
        Kind::Custom => {
            let note = format!(
                "What the app knows its condition by: it fires with an event whose `verb` is `{CUSTOM_VERB}` and \
                 whose `item` is this."
            );
            let argument = schema::code().with_example("queue-is-short");
            vec![schema::required("customArgument", argument, &note)]
        }
        Kind::Event => vec![
            schema::required(
                "verb",
                schema::code()
                    .formatted("event-verb")
                    .with_example("purchase"),
                "The verb of an event that apps report: none that follows from where devices are, such as \
                 `enter_place`.",
            ),
            schema::optional("item", schema::code(), "Its item; any if not said."),
            schema::optional("category", schema::code(), "Its category; any if not said."),
            schema::optional("where", where_schema(), "What must hold for it besides."),
        ],
        Kind::Composite => {
            let note = "The parts, all of which must hold: at most one `EventTrigger` or `CustomTrigger`, and no \
                        entry and exit of the same place, zone or beacon.";
            let list =
                schema::list(part_schema(), 1, COMPOSITE_PARTS_MAX).formatted("trigger-parts");
            vec![schema::required("list", list, note)]
        }
    }
}

/// A query over an event: JSON in a text, as it is answered, or the object itself.
fn where_schema() -> Schema {
    segments::query_schema_of(
        "event-query-text",
        "event-query",
        "A query: see the page on segments. Its fields are `verb`, `item`, `category`, `value` and \
         `property.<name>`. It is answered as a text.",
        &json!({"value": {"$gte": 20}}),
    )
}

/// Reads a trigger.
pub(crate) fn read(fields: &mut Fields<'_, '_>) -> Option<Trigger> {
    let Some(kind) = fields.required("@type", type_of(&KINDS)) else {
        return pass_over(fields);
    };
    if kind != Kind::Composite {
        return read_part(fields, kind);
    }
    let expected = format!("expected a list of 1 to {COMPOSITE_PARTS_MAX} triggers");
    fields.require("list", &expected);
    if fields.take("list") == Some(&json!([])) {
        fields.fault("list", FaultCode::TooShort, expected);
    }
    let list = fields.objects("list", COMPOSITE_PARTS_MAX, |part| {
        match part.required("@type", |value| {
            type_of(&KINDS)(value).and_then(refuse_nested)
        }) {
            Some(kind) => read_part(part, kind),
            None => pass_over(part),
        }
    })?;
    let momentary = list.iter().filter(|part| part.verb().is_some()).count();
    if momentary > 1 {
        let detail = "expected at most one EventTrigger or CustomTrigger among the parts: they hold for \
                      the moment of their event, and two events have no moment in common";
        fields.fault("list", FaultCode::Mismatch, detail);
        return None;
    }
    refuse_contradictions(fields, &list);
    Some(Trigger::Composite { list })
}

/// Nobody is in a place and has left it.
fn refuse_contradictions(fields: &mut Fields<'_, '_>, list: &[Trigger]) {
    for (index, part) in list.iter().enumerate() {
        let Some((Direction::Exit, target)) = part.crossing() else {
            continue;
        };
        let enters = Some((Direction::Enter, target));
        if let Some(other) = list.iter().position(|other| other.crossing() == enters) {
            let complaint = Complaint {
                code: FaultCode::Mismatch,
                detail: format!(
                    "expected something else than what the part with index {other} waits for to be entered: \
                     nobody is inside and has left at once. Remove one of the two"
                ),
            };
            fields.fault_inside("list", &index.to_string(), complaint);
        }
    }
}

fn event_verb(value: &Value) -> Reading<String> {
    let verb = values::code(value)?;
    match DERIVED_VERBS.iter().find(|(derived, _)| *derived == verb) {
        None => Ok(verb),
        Some((_, trigger)) => values::complain(
            FaultCode::UnknownValue,
            format!(
                "expected the verb of an event that apps report: {verb} follows from where devices are, and \
                 {trigger} waits for it"
            ),
        ),
    }
}

fn refuse_nested(kind: Kind) -> Reading<Kind> {
    if kind != Kind::Composite {
        return Ok(kind);
    }
    values::complain(
        FaultCode::UnknownValue,
        "a composite cannot be a part of another: put all parts into one list, which says the same",
    )
}

/// Without the type nobody can say which of these belong there.
fn pass_over(fields: &mut Fields<'_, '_>) -> Option<Trigger> {
    for key in [
        "placeId",
        "zoneId",
        "beaconId",
        "delayMs",
        "proximity",
        "customArgument",
        "verb",
        "item",
        "category",
        "where",
        "list",
    ] {
        fields.take(key);
    }
    None
}

fn read_part(fields: &mut Fields<'_, '_>, kind: Kind) -> Option<Trigger> {
    Some(match kind {
        Kind::EnterPlace => {
            let (place_id, delay_ms) = (fields.required_reference("placeId"), read_delay(fields));
            Trigger::EnterPlace {
                place_id: place_id?,
                delay_ms,
            }
        }
        Kind::ExitPlace => Trigger::ExitPlace {
            place_id: fields.required_reference("placeId")?,
        },
        Kind::EnterZone => {
            let (zone_id, delay_ms) = (fields.required_reference("zoneId"), read_delay(fields));
            Trigger::EnterZone {
                zone_id: zone_id?,
                delay_ms,
            }
        }
        Kind::ExitZone => Trigger::ExitZone {
            zone_id: fields.required_reference("zoneId")?,
        },
        Kind::EnterBeacon => {
            let (beacon_id, delay_ms) = (fields.required_reference("beaconId"), read_delay(fields));
            Trigger::EnterBeacon {
                beacon_id: beacon_id?,
                delay_ms,
            }
        }
        Kind::ExitBeacon => Trigger::ExitBeacon {
            beacon_id: fields.required_reference("beaconId")?,
        },
        Kind::ZoneProximity => {
            let zone_id = fields.required_reference("zoneId");
            let proximity = read_proximity(fields);
            Trigger::ZoneProximity {
                zone_id: zone_id?,
                proximity: proximity?,
            }
        }
        Kind::BeaconProximity => {
            let beacon_id = fields.required_reference("beaconId");
            let proximity = read_proximity(fields);
            Trigger::BeaconProximity {
                beacon_id: beacon_id?,
                proximity: proximity?,
            }
        }
        Kind::Custom => Trigger::Custom {
            custom_argument: fields.required("customArgument", values::code)?,
        },
        Kind::Event => {
            let verb = fields.required("verb", event_verb);
            let item = fields.optional("item", values::code);
            let category = fields.optional("category", values::code);
            let query = match fields.take("where") {
                Some(_) => Some(segments::read_query_with(fields, "where", |text| {
                    EventQuery::read(text).map(|_| ())
                })?),
                None => None,
            };
            Trigger::Event {
                verb: verb?,
                item,
                category,
                query,
            }
        }
        // What reads the list has refused it.
        Kind::Composite => return None,
    })
}

fn read_delay(fields: &mut Fields<'_, '_>) -> Option<i64> {
    fields.optional("delayMs", values::integer(0, DELAY_MS_MAX))
}

fn read_proximity(fields: &mut Fields<'_, '_>) -> Option<Proximity> {
    let words = Proximity::ALL.map(Proximity::as_str);
    fields.required("proximity", values::word(&words, Proximity::named))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_derived_verb_is_the_word_of_the_trigger_that_waits_for_it() {
        let id = Value::from("IXa7Bl9oRo6c7zQ5aQIzlg");
        for (verb, kind) in DERIVED_VERBS {
            let all = json!({"@type": kind, "placeId": id, "zoneId": id, "beaconId": id});
            let trigger: Trigger = serde_json::from_value(all).unwrap();
            assert_eq!(trigger.word(), verb);
        }
    }

    #[test]
    fn every_kind_has_the_name_that_it_is_written_with() {
        let id = Value::from("IXa7Bl9oRo6c7zQ5aQIzlg");
        for (word, _) in KINDS {
            let all = json!({
                "@type": word, "placeId": id, "zoneId": id, "beaconId": id, "proximity": "Near",
                "customArgument": "a", "verb": "v", "list": []
            });
            let trigger: Trigger = serde_json::from_value(all).unwrap();
            assert_eq!(serde_json::to_value(trigger).unwrap()["@type"], word);
        }
    }
}
