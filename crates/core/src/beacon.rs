//! Beacons: the fleet, and what a beacon says of itself over the air.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    geo::LatLon,
    id::{BeaconId, LabelId, ZoneId},
    property::Properties,
    resource::Frame,
};

/// A beacon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Beacon {
    /// The frame.
    pub frame: Frame,
    /// The zone it is assigned to.
    pub zone_id: Option<ZoneId>,
    /// What a client sets.
    pub config: BeaconConfig,
}

impl Beacon {
    /// The id of the beacon.
    pub fn id(&self) -> BeaconId {
        BeaconId(self.frame.id)
    }
}

/// What a client sets on a beacon; `zoneId` is kept beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BeaconConfig {
    /// Name, may be unassigned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// What it sends, unique in the account.
    #[serde(flatten)]
    pub identity: BeaconIdentity,
    /// Maker or operator of the device.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provider: Option<String>,
    /// Code handed to apps.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
    /// Where it hangs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub location: Option<LatLon>,
    /// Floor.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub floor_number: Option<i64>,
    /// Calibrated power at one metre, dBm.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tx_power_dbm: Option<i64>,
    /// The customer's own id, unique among the beacons of the account.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub external_id: Option<String>,
    /// Labels.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub label_ids: Vec<LabelId>,
    /// Free properties.
    #[serde(skip_serializing_if = "Properties::is_empty", default)]
    pub properties: Properties,
}

/// What a beacon sends over the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BeaconIdentity {
    /// Apple iBeacon.
    IBeacon {
        /// Proximity UUID.
        proximity_uuid: uuid::Uuid,
        /// Most significant value.
        major: u16,
        /// Least significant value.
        minor: u16,
    },
    /// Eddystone-UID.
    EddystoneUid {
        /// Namespace.
        namespace: Hex<10>,
        /// Instance.
        instance: Hex<6>,
    },
}

impl BeaconIdentity {
    /// What the keys of identities of this `type` begin with, if there is such a type.
    pub fn key_prefix(kind: &str) -> Option<&'static str> {
        match kind {
            "IBeacon" => Some("ibeacon:"),
            "EddystoneUid" => Some("eddystone:"),
            _ => None,
        }
    }

    /// One text for one identity: the unique key in the store.
    pub fn key(&self) -> String {
        match self {
            Self::IBeacon {
                proximity_uuid,
                major,
                minor,
            } => {
                format!("ibeacon:{}:{major}:{minor}", proximity_uuid.as_hyphenated())
            }
            Self::EddystoneUid {
                namespace,
                instance,
            } => format!("eddystone:{namespace}:{instance}"),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type")]
enum TaggedIdentity {
    #[serde(rename_all = "camelCase")]
    IBeacon {
        proximity_uuid: uuid::Uuid,
        major: u16,
        minor: u16,
    },
    EddystoneUid {
        namespace: Hex<10>,
        instance: Hex<6>,
    },
}

/// The identity where only the program reads it: two numbers of 16 bytes at most.
#[derive(Serialize, Deserialize)]
enum CompactIdentity {
    IBeacon([u8; 16], u16, u16),
    EddystoneUid([u8; 10], [u8; 6]),
}

// Tagged by `type` in JSON; compact in formats that do not describe themselves.
impl Serialize for BeaconIdentity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let human = serializer.is_human_readable();
        match *self {
            Self::IBeacon {
                proximity_uuid,
                major,
                minor,
            } if human => TaggedIdentity::IBeacon {
                proximity_uuid,
                major,
                minor,
            }
            .serialize(serializer),
            Self::EddystoneUid {
                namespace,
                instance,
            } if human => TaggedIdentity::EddystoneUid {
                namespace,
                instance,
            }
            .serialize(serializer),
            Self::IBeacon {
                proximity_uuid,
                major,
                minor,
            } => CompactIdentity::IBeacon(proximity_uuid.into_bytes(), major, minor)
                .serialize(serializer),
            Self::EddystoneUid {
                namespace,
                instance,
            } => CompactIdentity::EddystoneUid(namespace.0, instance.0).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for BeaconIdentity {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            TaggedIdentity::deserialize(deserializer).map(|tagged| match tagged {
                TaggedIdentity::IBeacon {
                    proximity_uuid,
                    major,
                    minor,
                } => Self::IBeacon {
                    proximity_uuid,
                    major,
                    minor,
                },
                TaggedIdentity::EddystoneUid {
                    namespace,
                    instance,
                } => Self::EddystoneUid {
                    namespace,
                    instance,
                },
            })
        } else {
            CompactIdentity::deserialize(deserializer).map(|compact| match compact {
                CompactIdentity::IBeacon(uuid, major, minor) => Self::IBeacon {
                    proximity_uuid: uuid::Uuid::from_bytes(uuid),
                    major,
                    minor,
                },
                CompactIdentity::EddystoneUid(namespace, instance) => Self::EddystoneUid {
                    namespace: Hex(namespace),
                    instance: Hex(instance),
                },
            })
        }
    }
}

/// `N` bytes, written as lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hex<const N: usize>(pub [u8; N]);

impl<const N: usize> Hex<N> {
    /// Reads `2 * N` hexadecimal digits of either case.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 2 * N || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0; N];
        for (i, byte) in bytes.iter_mut().enumerate() {
            let digits = &text[2 * i..2 * i + 2];
            if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                return None;
            }
            *byte = u8::from_str_radix(digits, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("not hexadecimal of the right length"))
    }
}
