//! What a device told, as the event log keeps it and as an export gives it out.

use std::collections::BTreeMap;

use moca_core::{
    event::{self, Change, EventBody, Fix, Profile, Sighting, TagChange},
    property::Property,
};
use serde::Serialize;
use uuid::Uuid;

use crate::events::{EventInput, LocationInput, SightingInput};

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
    /// An event.
    Event {
        /// As it was sent.
        event: EventInput,
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
            Change::Event(event) => Told::Event {
                event: as_sent(event),
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
