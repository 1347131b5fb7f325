//! What a device needs to decide offline.

use moca_core::{
    bundle::Bundle,
    event::Proximity,
    limits::{FLOOR_MAX, FLOOR_MIN},
};
use serde_json::{Value, json};

use crate::{
    beacons, campaigns, experiences, geofence, places, presence,
    schema::{self, Described, Field, Schema},
    triggers,
};

impl Described for Bundle {
    const NAME: &'static str = "Bundle";

    fn schema() -> Schema {
        schema::object([
            schema::required("appId", schema::id(), "The app."),
            schema::required(
                "instanceId",
                schema::id(),
                "The instance that it is made for.",
            ),
            schema::required(
                "expiresAt",
                schema::moment(),
                "After this nothing fires by it any more.",
            ),
            schema::required(
                "timeZone",
                schema::time_zone(),
                "The account's, for places that have none of their own.",
            ),
            schema::optional(
                "deviceTimeZone",
                schema::time_zone(),
                "What the device told, if it did: it goes before all others.",
            ),
            schema::required(
                "regions",
                schema::items(region_schema()),
                "What the operating system is asked to watch: the nearest first, `Refresh` last.",
            ),
            schema::required(
                "places",
                schema::items(place_schema()),
                "Those that experiences are about, or that their zones and beacons are in.",
            ),
            schema::required("zones", schema::items(zone_schema()), "Likewise."),
            schema::required("beacons", schema::items(beacon_schema()), "Likewise."),
            schema::required(
                "campaigns",
                schema::items(campaign_schema()),
                "Those that may fire: the instance is in their segments, and in no control group.",
            ),
            schema::required(
                "experiences",
                schema::items(experience_schema()),
                "What may fire before it expires, the oldest first.",
            ),
            schema::required(
                "state",
                state_schema(),
                "Where the instance stands, as far as it told the server.",
            ),
        ])
    }

    fn example() -> Value {
        json!({
            "appId": "AZuN58uAcACAAAAAAAAAEQ",
            "instanceId": "AZuN58uAcACAAAAAAAAAoQ",
            "expiresAt": 1_767_678_400_000_i64,
            "timeZone": "Europe/Madrid",
            "deviceTimeZone": "Atlantic/Canary",
            "regions": [
                {
                    "type": "Circle", "placeId": "AZuN58uAcACAAAAAAAAAMQ",
                    "latitude": 40.4154, "longitude": -3.7074, "radius": 120.0,
                },
                {"type": "IBeacon", "proximityUuid": "f7826da6-4fa2-4e98-8024-bc5b71e0893e"},
                {"type": "Refresh", "latitude": 40.416, "longitude": -3.703, "radius": 5_200.0},
            ],
            "places": [{
                "placeId": "AZuN58uAcACAAAAAAAAAMQ",
                "name": "Plaza Mayor",
                "geofence": {"type": "Circle", "latitude": 40.4154, "longitude": -3.7074, "radius": 120.0},
                "presence": {
                    "exitMarginM": 20.0, "confirmMs": 10_000, "accuracyMaxM": 200.0,
                    "beaconExitMs": 30_000, "pathCrossingMs": 0,
                },
            }],
            "zones": [{
                "zoneId": "AZuN58uAcACAAAAAAAAAQQ",
                "placeId": "AZuN58uAcACAAAAAAAAAMQ",
                "name": "Bandstand",
                "floorNumber": 0,
            }],
            "beacons": [{
                "beaconId": "AZuN58uAcACAAAAAAAAAUQ",
                "zoneId": "AZuN58uAcACAAAAAAAAAQQ",
                "type": "IBeacon",
                "proximityUuid": "f7826da6-4fa2-4e98-8024-bc5b71e0893e",
                "major": 1,
                "minor": 7,
            }],
            "campaigns": [{
                "campaignId": "AZuN58uAcACAAAAAAAAAYQ",
                "startAt": 1_767_225_600_000_i64,
                "endAt": 1_769_904_000_000_i64,
                "recurrence": {"hoursOfDay": [10, 11, 12]},
                "displayCap": 3,
                "priority": 0,
                "shown": 1,
                "lastShownAt": 1_767_600_000_000_i64,
            }],
            "experiences": [{
                "experienceId": "AZuN58uAcACAAAAAAAAAcQ",
                "campaignId": "AZuN58uAcACAAAAAAAAAYQ",
                "repeat": "NextDay",
                "trigger": {"@type": "EnterPlaceTrigger", "placeId": "AZuN58uAcACAAAAAAAAAMQ"},
                "action": {
                    "@type": "SendLocalMessageAction",
                    "contentType": "text/plain",
                    "locale": "es",
                    "isWritten": true,
                    "content": {"es": "¡Bienvenida a la plaza!"},
                    "bgAlert": {},
                },
            }],
            "state": {
                "newestAt": 1_767_614_400_000_i64,
                "inside": [{"placeId": "AZuN58uAcACAAAAAAAAAMQ", "enteredAt": 1_767_614_100_000_i64}],
                "fences": [{"placeId": "AZuN58uAcACAAAAAAAAAMQ"}],
                "doubts": [],
                "inRange": [],
                "stays": [],
                "left": [],
                "closeTo": [],
            },
        })
    }
}

/// A circle of any size.
fn disc_fields() -> Vec<Field> {
    let mut fields = places::position_fields().to_vec();
    let radius = schema::number(0.0, f64::MAX);
    fields.push(schema::required("radius", radius, "Metres."));
    fields
}

fn region_schema() -> Schema {
    let circle = |id, note| {
        let mut fields = vec![
            schema::required("type", schema::words(&["Circle"]), "The kind."),
            schema::required(id, schema::id(), note),
        ];
        fields.extend(disc_fields());
        schema::object(fields).titled("Circle")
    };
    let refresh = disc_fields().into_iter().chain([schema::required(
        "type",
        schema::words(&["Refresh"]),
        "The kind.",
    )]);
    schema::one_of([
        circle("placeId", "The place around whose geofence it is."),
        circle("zoneId", "The zone around whose geofence it is."),
        schema::object([
            schema::required("type", schema::words(&["IBeacon"]), "The kind."),
            schema::required("proximityUuid", schema::uuid(), "Of all these beacons."),
        ])
        .titled("IBeacon"),
        schema::object([
            schema::required("type", schema::words(&["EddystoneUid"]), "The kind."),
            schema::required("namespace", schema::hex(10), "Of all these beacons."),
        ])
        .titled("EddystoneUid"),
        schema::object(refresh)
            .titled("Refresh")
            .noted("Whoever leaves it needs other regions. Absent if these are all."),
    ])
}

fn place_schema() -> Schema {
    schema::object([
        schema::required("placeId", schema::id(), "Its id."),
        schema::required("name", schema::name(), "Name."),
        schema::optional(
            "geofence",
            geofence::schema(),
            "Where it is, if it has one.",
        ),
        schema::optional("timeZone", schema::time_zone(), "Its own, if it has one."),
        schema::required(
            "presence",
            presence::schema(),
            "How it, its zones and its beacons are entered and left; nothing is absent.",
        ),
    ])
}

fn zone_schema() -> Schema {
    schema::object([
        schema::required("zoneId", schema::id(), "Its id."),
        schema::required("placeId", schema::id(), "The place it is part of."),
        schema::required("name", schema::name(), "Name."),
        schema::required(
            "floorNumber",
            schema::integer(FLOOR_MIN, FLOOR_MAX),
            "Its floor.",
        ),
        schema::optional(
            "geofence",
            geofence::schema(),
            "Where it is, if it has one.",
        ),
    ])
}

fn beacon_schema() -> Schema {
    beacons::identity_schema(&[
        schema::required("beaconId", schema::id(), "Its id."),
        schema::optional("zoneId", schema::id(), "The zone it is in."),
    ])
}

fn campaign_schema() -> Schema {
    schema::object([
        schema::required("campaignId", schema::id(), "Its id."),
        schema::required("startAt", schema::moment(), "First moment it may fire."),
        schema::optional("endAt", schema::moment(), "First moment it no longer may."),
        schema::optional(
            "recurrence",
            campaigns::recurrence_schema(),
            "Hours and days in which it may.",
        ),
        schema::optional(
            "displayCap",
            schema::count(),
            "How many experiences the instance may be shown at most.",
        ),
        schema::optional(
            "displayWaitMs",
            schema::count(),
            "Milliseconds between two of them at least.",
        ),
        schema::required(
            "priority",
            campaigns::priority_schema(),
            "Of all that come true in one moment, only those of the highest fire.",
        ),
        schema::required("shown", schema::count(), "How many it was shown so far."),
        schema::optional(
            "lastShownAt",
            schema::moment(),
            "When the last of them was.",
        ),
    ])
}

fn experience_schema() -> Schema {
    schema::object([
        schema::required("experienceId", schema::id(), "Its id."),
        schema::required("campaignId", schema::id(), "The campaign."),
        schema::required(
            "repeat",
            experiences::repeat_schema(),
            "How soon it may fire again.",
        ),
        schema::optional("lastFiredAt", schema::moment(), "When it last fired."),
        schema::required("trigger", triggers::schema(), "When it fires."),
        schema::required("action", action_schema(), "What it does."),
    ])
}

fn action_schema() -> Schema {
    let texts = || schema::map(schema::locale(), schema::any_text(), 1);
    schema::object([
        schema::required("@type", schema::any_text(), "For example `ShowHtmlAction`."),
        schema::required("contentType", schema::any_text(), "For example `text/html`."),
        schema::required("locale", schema::locale(), "The locale that was chosen."),
        schema::required(
            "isWritten",
            schema::boolean(),
            "Whether the texts are here. If not, they are in the inbox once the server has heard of \
             what happened.",
        ),
        schema::required("content", texts(), "The text, under that locale."),
        schema::required("bgAlert", texts(), "The notification, likewise; may be empty."),
        schema::optional(
            "tagName",
            schema::name(),
            "The tag of a `TagAction`. The server changes it when it hears of what happened.",
        ),
        schema::optional("tagValue", schema::tag_expression(), "How."),
    ])
    .titled("Offered action")
}

/// A place, zone or beacon, with more fields.
fn about(beacons_too: bool, more: &[Field]) -> Schema {
    let mut kinds = vec![("placeId", "The place."), ("zoneId", "The zone.")];
    if beacons_too {
        kinds.push(("beaconId", "The beacon."));
    }
    schema::one_of(kinds.into_iter().map(|(id, note)| {
        let id = schema::required(id, schema::id(), note);
        schema::object([id].into_iter().chain(more.iter().cloned()))
    }))
}

fn state_schema() -> Schema {
    let moment = |name, note| schema::required(name, schema::moment(), note);
    let beacon = || schema::required("beaconId", schema::id(), "The beacon.");
    let in_range = schema::object([
        beacon(),
        moment("leftAt", "When it counts as left unless it is seen again."),
    ]);
    let words = Proximity::ALL.map(Proximity::as_str);
    let close_to = schema::object([
        beacon(),
        schema::required("proximity", schema::words(&words), "So close, or closer."),
        moment("until", "Unless another sighting says so."),
    ]);
    let path_start = schema::object(places::position_fields().into_iter().chain([
        moment("at", "When."),
        schema::required(
            "accuracy",
            schema::number(0.0, f64::MAX),
            "Metres that it may be wrong.",
        ),
        schema::optional("floor", schema::integer(FLOOR_MIN, FLOOR_MAX), "Its floor."),
    ]));
    let doubts = [moment("since", "The first position that said otherwise.")];
    let stays = [
        moment("enteredAt", "When it began."),
        moment("dueAt", "When it is complete."),
    ];
    schema::object([
        schema::required(
            "newestAt",
            schema::integer(0, i64::MAX),
            "Time of the newest position or sighting; 0 before the first.",
        ),
        schema::required(
            "inside",
            schema::items(about(true, &[moment("enteredAt", "When it entered.")])),
            "What it is in, by geofence or by beacon.",
        ),
        schema::required(
            "fences",
            schema::items(about(false, &[])),
            "Whose geofence holds it.",
        ),
        schema::required(
            "doubts",
            schema::items(about(false, &doubts)),
            "Of whose geofence the last positions say otherwise, but none for sure.",
        ),
        schema::required("inRange", schema::items(in_range), "Beacons in range."),
        schema::required(
            "stays",
            schema::items(about(true, &stays)),
            "Stays that experiences wait for.",
        ),
        schema::required(
            "left",
            schema::items(about(true, &[])),
            "What it has left and not entered since, as far as composites wait for it.",
        ),
        schema::required(
            "closeTo",
            schema::items(close_to),
            "Beacons that it is close to.",
        ),
        schema::optional(
            "pathStart",
            path_start,
            "Where the next path begins, if a place looks at paths.",
        ),
    ])
    .titled("State")
}
