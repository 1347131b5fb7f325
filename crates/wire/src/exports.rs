//! What a device told, as the event log keeps it and as an export gives it out.

use std::collections::BTreeMap;

use moca_core::{
    consent::Consents,
    event::{self, Change, EventBody, Fix, Profile, Sighting, TagChange},
    id::{MessageId, NotificationId, SegmentId},
    property::Property,
    receipt::ReceiptKind,
};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    consents,
    decisions::Decision,
    events::{EventInput, LocationInput, SightingInput},
    instances::{KnownInstance, told_profile_schema},
    messages::Message,
    properties,
    schema::{self, Described, Field, Schema},
    users::User,
};

/// One thing an instance did.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// When the server took it, ms since 1970.
    pub received_at: i64,
    /// What.
    #[serde(flatten)]
    pub told: Told,
}

/// What an instance told. Hashes of its token and device key are kept too; they are no data of its
/// user and stay here.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Told {
    /// It registered, or did so again.
    Registered {
        /// The device.
        profile: Box<Profile>,
    },
    /// It told its profile anew.
    Profile {
        /// The device.
        profile: Box<Profile>,
    },
    /// A user logged in.
    Login {
        /// Who.
        user_id: String,
        /// Properties that were set; null removes.
        properties: BTreeMap<String, Option<Property>>,
    },
    /// The user logged out.
    Logout,
    /// Properties were set.
    Properties {
        /// Null removes.
        properties: BTreeMap<String, Option<Property>>,
    },
    /// A tag's number changed.
    Tag {
        /// Which tag.
        name: String,
        /// As a tag expression.
        value: String,
    },
    /// It told where it can be pushed to. The address is its own secret, like its token.
    Push {
        /// At which service.
        provider: String,
    },
    /// Its push service did not know it any more.
    PushEnded {
        /// Which service.
        provider: String,
    },
    /// What the person agreed to, and what not.
    Consents {
        /// By purpose.
        consents: Consents,
    },
    /// An event that told where the device was, which was not kept.
    Withheld {
        /// Its id.
        id: Uuid,
        /// When it happened, ms since 1970.
        t: i64,
    },
    /// An event.
    Event {
        /// As it was sent.
        event: EventInput,
    },
    /// What became of a message.
    Receipt {
        /// Which message.
        message_id: MessageId,
        /// What was done with it.
        receipt: ReceiptKind,
        /// When, by the device's clock, ms since 1970.
        at: i64,
    },
    /// It told whether the app may know where the device is.
    LocationStatus {
        /// As its system calls that.
        status: String,
    },
    /// A notification was opened.
    Opened {
        /// Which one.
        notification_id: NotificationId,
        /// When, by the device's clock, ms since 1970.
        at: i64,
    },
    /// It was put into a static segment, or taken out of it.
    List {
        /// Which segment.
        segment_id: SegmentId,
        /// Whether it belongs to it since.
        is_member: bool,
    },
}

impl LogEntry {
    /// The entry for a change that the server took at a moment.
    pub fn new(received_at: i64, change: Change) -> Self {
        let told = match change {
            Change::Registered { profile, .. } => Told::Registered { profile },
            Change::ProfileReplaced(profile) => Told::Profile { profile },
            Change::LoggedIn {
                user_id,
                properties,
            } => Told::Login {
                user_id,
                properties: properties.into_iter().collect(),
            },
            Change::LoggedOut => Told::Logout,
            Change::PropertiesSet(properties) => Told::Properties {
                properties: properties.into_iter().collect(),
            },
            Change::Tagged { name, change } => Told::Tag {
                name,
                value: expression(change),
            },
            Change::PushSet(address) => Told::Push {
                provider: address.provider().to_owned(),
            },
            Change::PushEnded(address) => Told::PushEnded {
                provider: address.provider().to_owned(),
            },
            Change::ConsentsSet(consents) => Told::Consents { consents },
            Change::Event(event::Event {
                id,
                at_ms,
                body: EventBody::Withheld,
            }) => Told::Withheld {
                id: Uuid::from_bytes(id),
                t: at_ms,
            },
            Change::Event(event) => Told::Event {
                event: as_sent(event),
            },
            Change::Receipt(receipt) => Told::Receipt {
                message_id: receipt.message_id,
                receipt: receipt.kind,
                at: receipt.at_ms,
            },
            Change::LocationStatusSet(status) => Told::LocationStatus { status },
            Change::Opened(opening) => Told::Opened {
                notification_id: opening.notification_id,
                at: opening.at_ms,
            },
            Change::Listed {
                segment_id,
                is_member,
            } => Told::List {
                segment_id,
                is_member,
            },
        };
        Self { received_at, told }
    }
}

fn expression(change: TagChange) -> String {
    match change {
        TagChange::Add(number) => format!("{number:+}"),
        TagChange::Set(number) => format!("={number}"),
    }
}

fn as_sent(event: event::Event) -> EventInput {
    let sent = EventInput {
        id: Uuid::from_bytes(event.id),
        t: event.at_ms,
        ..EventInput::default()
    };
    match event.body {
        EventBody::Location(fix) => EventInput {
            location: Some(location(&fix)),
            ..sent
        },
        EventBody::Withheld => sent,
        EventBody::Sightings(sightings) => EventInput {
            sightings: sightings.iter().map(sighting).collect(),
            ..sent
        },
        EventBody::Custom {
            verb,
            item,
            category,
            value,
            properties,
        } => EventInput {
            verb: Some(verb),
            item,
            category,
            value,
            properties,
            ..sent
        },
    }
}

fn location(fix: &Fix) -> LocationInput {
    LocationInput {
        lat: fix.at.latitude(),
        lon: fix.at.longitude(),
        accuracy: fix.accuracy_m.map(f64::from),
        speed: fix.speed_m_s.map(f64::from),
        floor: fix.floor.map(i64::from),
    }
}

fn sighting(sighting: &Sighting) -> SightingInput {
    SightingInput {
        identity: sighting.identity,
        rssi: sighting.rssi_dbm.map(i64::from),
        proximity: sighting.proximity,
        battery: sighting.battery_percent.map(i64::from),
    }
}

impl Described for LogEntry {
    const NAME: &'static str = "LogEntry";

    fn schema() -> Schema {
        let profile = || schema::required("profile", told_profile_schema(), "The device.");
        let set = |note| schema::required("properties", properties::schema(), note);
        let kinds: [(&str, Vec<Field>); 15] = [
            ("registered", vec![profile()]),
            ("profile", vec![profile()]),
            (
                "login",
                vec![
                    schema::required("userId", schema::any_text(), "Who."),
                    set("What was set with it; null removes."),
                ],
            ),
            ("logout", vec![]),
            ("properties", vec![set("What was set; null removes.")]),
            (
                "tag",
                vec![
                    schema::required("name", schema::any_text(), "Which tag."),
                    schema::required("value", schema::any_text(), "As a tag expression."),
                ],
            ),
            (
                "push",
                vec![schema::required(
                    "provider",
                    schema::any_text(),
                    "At which service it can be pushed to.",
                )],
            ),
            (
                "pushEnded",
                vec![schema::required(
                    "provider",
                    schema::any_text(),
                    "Which push service did not know it any more.",
                )],
            ),
            (
                "consents",
                vec![schema::required(
                    "consents",
                    consents::known_schema(),
                    "What the person agreed to, and what not.",
                )],
            ),
            (
                "withheld",
                vec![
                    schema::required("id", schema::uuid(), "Which event."),
                    schema::required("t", schema::moment(), "When it happened."),
                ],
            ),
            (
                "event",
                vec![schema::required(
                    "event",
                    schema::reference::<EventInput>(),
                    "As it was sent.",
                )],
            ),
            (
                "receipt",
                vec![
                    schema::required("messageId", schema::id(), "Of which message."),
                    schema::required(
                        "receipt",
                        schema::words(&ReceiptKind::ALL.map(ReceiptKind::as_str)),
                        "What was done with it.",
                    ),
                    schema::required("at", schema::moment(), "When, by the device's clock."),
                ],
            ),
            (
                "locationStatus",
                vec![schema::required(
                    "status",
                    schema::any_text(),
                    "Whether the app may know where the device is, as its system calls that.",
                )],
            ),
            (
                "opened",
                vec![
                    schema::required("notificationId", schema::id(), "Which notification."),
                    schema::required("at", schema::moment(), "When, by the device's clock."),
                ],
            ),
            (
                "list",
                vec![
                    schema::required("segmentId", schema::id(), "Which static segment."),
                    schema::required(
                        "isMember",
                        schema::boolean(),
                        "Whether it belongs to it since.",
                    ),
                ],
            ),
        ];
        let received = schema::required("receivedAt", schema::moment(), "When the server took it.");
        schema::tagged("kind", kinds, &[received])
    }

    fn example() -> Value {
        json!({
            "receivedAt": 1_767_614_400_000_i64,
            "kind": "event",
            "event": EventInput::example(),
        })
    }
}

/// The answer of `GET /v2/instances/{instanceId}/export`.
#[derive(Debug, Clone, Copy)]
pub struct InstanceExport;

impl Described for InstanceExport {
    const NAME: &'static str = "InstanceExport";

    fn schema() -> Schema {
        let counted = schema::object([
            schema::required("number", schema::count(), "Its bit in the exact sets."),
            schema::required(
                "firstEventAt",
                schema::maybe(schema::moment()),
                "Its first event.",
            ),
        ]);
        let users = schema::items(schema::any_text());
        schema::object([
            schema::required(
                "instance",
                schema::reference::<KnownInstance>(),
                "What it is.",
            ),
            schema::required("userIds", users, "Who was logged in on it."),
            schema::required("counted", counted.titled("Counted"), "How it is counted."),
            schema::required(
                "messages",
                schema::items(schema::reference::<Message>()),
                "Its inbox.",
            ),
            schema::required(
                "decisions",
                schema::items(schema::reference::<Decision>()),
                "What was decided.",
            ),
            schema::required(
                "log",
                schema::items(schema::reference::<LogEntry>()),
                "All that it told, in order.",
            ),
        ])
    }

    fn example() -> Value {
        json!({
            "instance": KnownInstance::example(),
            "userIds": ["user-7"],
            "counted": {"number": 0, "firstEventAt": 1_767_614_400_000_i64},
            "messages": [Message::example()],
            "decisions": [Decision::example()],
            "log": [LogEntry::example()],
        })
    }
}

/// The answer of `GET /v2/users/{userId}/export`.
#[derive(Debug, Clone, Copy)]
pub struct UserExport;

impl Described for UserExport {
    const NAME: &'static str = "UserExport";

    fn schema() -> Schema {
        let instances = schema::items(schema::reference::<InstanceExport>());
        schema::object([
            schema::required("user", schema::reference::<User>(), "Who."),
            schema::required("instances", instances, "Each of their instances."),
        ])
    }

    fn example() -> Value {
        json!({"user": User::example(), "instances": [InstanceExport::example()]})
    }
}
