//! What devices tell: events, profiles, and the records of the event log that carry them.

use serde::{Deserialize, Serialize};

use crate::{
    beacon::BeaconIdentity,
    consent::Consents,
    experience::Target,
    geo::LatLon,
    id::{AccountId, AppId, InstanceId, SegmentId},
    notification::counts::Opening,
    property::{Properties, Property},
    push::PushAddress,
    receipt::Receipt,
    tally::Happenings,
};

/// One event of one instance, checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Chosen by the device; a repeat within seven days is ignored.
    pub id: [u8; 16],
    /// When it happened, ms since 1970.
    pub at_ms: i64,
    /// What happened.
    pub body: EventBody,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum EventBody {
    /// A position fix.
    Location(Fix),
    /// Beacons in range.
    Sightings(Vec<Sighting>),
    /// Anything an app reports.
    Custom {
        /// The action.
        verb: String,
        /// On what.
        item: Option<String>,
        /// Category of the item.
        category: Option<String>,
        /// A number.
        value: Option<f64>,
        /// Free properties.
        properties: Properties,
    },
    /// A position or beacons that were not kept, because the person refused to tell where they are.
    Withheld,
}

impl EventBody {
    /// Whether it tells where the device is.
    pub const fn is_location(&self) -> bool {
        match self {
            Self::Location(_) | Self::Sightings(_) => true,
            Self::Custom { .. } | Self::Withheld => false,
        }
    }

    /// The action, of what an app reports.
    pub fn verb(&self) -> Option<&str> {
        match self {
            Self::Custom { verb, .. } => Some(verb),
            Self::Location(_) | Self::Sightings(_) | Self::Withheld => None,
        }
    }
}

/// A position fix.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fix {
    /// Where.
    pub at: LatLon,
    /// Radius of the error circle in metres, when known.
    pub accuracy_m: Option<f32>,
    /// Metres a second, when known.
    pub speed_m_s: Option<f32>,
    /// Floor, when known.
    pub floor: Option<i16>,
}

/// A beacon in range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// What it sent.
    pub identity: BeaconIdentity,
    /// Signal strength, dBm.
    pub rssi_dbm: Option<i8>,
    /// The device's estimate.
    pub proximity: Option<Proximity>,
    /// Percent.
    pub battery_percent: Option<u8>,
}

/// How close a beacon is, by the device's estimate (documented codes 1, 2, 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Proximity {
    /// Within half a metre or so.
    Immediate,
    /// A few metres.
    Near,
    /// Farther.
    Far,
}

impl Proximity {
    /// All of them, the closest first.
    pub const ALL: [Self; 3] = [Self::Immediate, Self::Near, Self::Far];

    /// The word used in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Immediate => "Immediate",
            Self::Near => "Near",
            Self::Far => "Far",
        }
    }

    /// The one with this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// What an instance tells of its device when it registers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Profile {
    /// For example `iPhone 11`.
    pub device_model: Option<String>,
    /// For example `iPhone`.
    pub device_type: Option<String>,
    /// For example `iOS`.
    pub os: Option<String>,
    /// For example `14.6`.
    pub os_version: Option<String>,
    /// BCP-47 language tag.
    pub lang: Option<String>,
    /// ISO 3166 country.
    pub country: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// Mobile network.
    pub carrier: Option<String>,
    /// Version of the app.
    pub app_version: Option<String>,
    /// Version of the SDK.
    pub sdk_version: Option<String>,
}

/// How a tag's number changes: `+1`, `-2`, `3`, `=3`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum TagChange {
    /// Adds (or, below zero, subtracts).
    Add(f64),
    /// Assigns.
    Set(f64),
}

impl TagChange {
    /// Reads the documented expression: an optional sign (`=`, `+`, `-`) before a decimal number.
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, make): (&str, fn(f64) -> Self) = match text.as_bytes().first()? {
            b'+' => (&text[1..], Self::Add),
            b'-' => (&text[1..], |number| Self::Add(-number)),
            b'=' => (&text[1..], Self::Set),
            _ => (text, Self::Set),
        };
        // Only plain decimals: Rust would also read "inf", "nan" and a second sign.
        if !digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return None;
        }
        digits
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map(make)
    }

    /// The tag's number after the change; an absent tag counts as 0. It stays finite: JSON has no word
    /// for infinity.
    pub fn apply(self, before: Option<f64>) -> f64 {
        match self {
            Self::Add(number) => (before.unwrap_or(0.0) + number).clamp(f64::MIN, f64::MAX),
            Self::Set(number) => number,
        }
    }
}

/// One line of the event log: something one instance did, or the clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// Something an instance did.
    Instance {
        /// Who.
        subject: Subject,
        /// When the server took it, ms since 1970.
        received_at: i64,
        /// What.
        change: Change,
    },
    /// The server's clock, so that timers of silent devices run, and run the same in a replay.
    Tick {
        /// Server time, ms since 1970.
        at_ms: i64,
    },
    /// An instance is to be erased: what tells of it is taken out of the rows before this one, and at
    /// last this record too.
    Erase {
        /// Who.
        subject: Subject,
        /// When the server took it, ms since 1970.
        received_at: i64,
    },
    /// What is left of an instance that was erased.
    Counted(Counted),
    /// What is left of what was decided for it.
    Happened(Happenings),
}

/// What was counted of an instance in one row of the log, by its number, which leads to nobody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    /// The app.
    pub app_id: AppId,
    /// The number the instance had; it is not given again.
    pub number: u32,
    /// When it was active, by event time, ms since 1970.
    pub active: Vec<i64>,
    /// What it entered, and when.
    pub entered: Vec<(Target, i64)>,
}

/// The instance a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// The tenant.
    pub account_id: AccountId,
    /// The app.
    pub app_id: AppId,
    /// The instance.
    pub instance_id: InstanceId,
    /// Dense number of the instance in its app, from 0: its bit in the exact sets.
    pub number: u32,
}

/// What an instance did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Change {
    /// Registered, or registered again with the same device key. It has no push address and no location
    /// status then, unless [`Change::PushSet`] and [`Change::LocationStatusSet`] come next.
    Registered {
        /// Hash of the key the device is known by in its app, when it gave one.
        device_key_hash: Option<[u8; 32]>,
        /// SHA-256 of the instance token.
        token_hash: [u8; 32],
        /// The device.
        profile: Box<Profile>,
    },
    /// Told its device's profile anew. What it did not tell again it does not have then, likewise.
    ProfileReplaced(Box<Profile>),
    /// An identified user logged in.
    LoggedIn {
        /// The app's own id of the user.
        user_id: String,
        /// Properties of the user to set; a `None` removes.
        properties: Vec<(String, Option<Property>)>,
    },
    /// The user logged out.
    LoggedOut,
    /// Properties set; a `None` removes.
    PropertiesSet(Vec<(String, Option<Property>)>),
    /// A tag's number changed.
    Tagged {
        /// The tag.
        name: String,
        /// How.
        change: TagChange,
    },
    /// An event.
    Event(Event),
    /// Told where it can be pushed to.
    PushSet(Box<PushAddress>),
    /// What became of a message.
    Receipt(Receipt),
    /// A push service does not know this address any more. It is not the device that says so.
    PushEnded(Box<PushAddress>),
    /// Was put into a static segment, or taken out of it. It is not the device that says so.
    Listed {
        /// The segment.
        segment_id: SegmentId,
        /// Whether it belongs to it now.
        is_member: bool,
    },
    /// Told what the person agrees to and what not; what is not named stays as it was answered before.
    ConsentsSet(Consents),
    /// Opened a notification.
    Opened(Opening),
    /// Told whether the app may know where the device is, as its system calls that.
    LocationStatusSet(String),
}

#[cfg(test)]
mod tests {
    use super::TagChange::{self, Add, Set};

    #[test]
    fn a_tag_stays_finite() {
        for (before, expected) in [(f64::MAX, f64::MAX), (f64::MIN, f64::MIN)] {
            assert_eq!(Add(before).apply(Some(before)), expected);
            assert_eq!(Add(-before).apply(Some(before)), 0.0);
        }
    }

    #[test]
    fn tag_expressions_read_as_documented() {
        for (text, expected) in [
            ("+1", Some(Add(1.0))),
            ("-2", Some(Add(-2.0))),
            ("3", Some(Set(3.0))),
            ("=3", Some(Set(3.0))),
            ("=3.5", Some(Set(3.5))),
            ("", None),
            ("+", None),
            ("+-1", None),
            ("inf", None),
            ("1e3", None),
            ("=", None),
        ] {
            assert_eq!(TagChange::parse(text), expected, "{text:?}");
        }
    }
}
