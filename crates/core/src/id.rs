//! Identifiers: 16 bytes, written as 22 characters of unpadded base64url.
//!
//! Any 16 bytes are accepted from a client; the ones made by the server are UUIDs of version 7
//! (RFC 9562 §5.7), so they sort by creation time.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Characters in the text form of an id.
pub const ID_CHARS: usize = 22;

/// An identifier of any kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub [u8; 16]);

/// A text that is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 22 characters of unpadded base64url (A-Z a-z 0-9 - _)")]
pub struct IdError;

impl Id {
    /// A UUID of version 7 from a time in milliseconds and ten random bytes.
    ///
    /// Only 74 of the 80 random bits are used: the others hold version and variant.
    pub fn from_parts(at_ms: i64, random: [u8; 10]) -> Self {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&at_ms.max(0).to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&random);
        bytes[6] = (bytes[6] & 0x0f) | 0x70;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Self(bytes)
    }

    /// The time in an id that [`Id::from_parts`] made, ms since 1970.
    pub fn time_ms(self) -> i64 {
        let mut bytes = [0; 8];
        bytes[2..].copy_from_slice(&self.0[..6]);
        i64::from_be_bytes(bytes)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; ID_CHARS];
        let written = URL_SAFE_NO_PAD
            .encode_slice(self.0, &mut text)
            .map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&text[..written]).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != ID_CHARS {
            return Err(IdError);
        }
        let mut bytes = [0; 16];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(16) => Ok(Self(bytes)),
            _ => Err(IdError),
        }
    }
}

// Text where people read it (JSON), 16 bytes where only the program does.
impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            <[u8; 16]>::deserialize(deserializer).map(Self)
        }
    }
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Id);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                text.parse().map(Self)
            }
        }

        impl From<Id> for $name {
            fn from(id: Id) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Id {
            fn from(id: $name) -> Id {
                id.0
            }
        }
    )*};
}

typed_ids! {
    /// A tenant: everything else belongs to one account.
    AccountId;
    /// A person who operates an account.
    MemberId;
    /// A credential of a member.
    TokenId;
    /// A mobile app.
    AppId;
    /// A push credential of an app.
    TargetId;
    /// A label on places, zones and beacons.
    LabelId;
    /// A physical location.
    PlaceId;
    /// A part of a place.
    ZoneId;
    /// A beacon of the fleet.
    BeaconId;
    /// A declared tag of an app.
    TagId;
    /// A part of an app's audience.
    SegmentId;
    /// A group of campaigns of an app.
    CampaignGroupId;
    /// A campaign of an app.
    CampaignId;
    /// A trigger with its action in a campaign.
    ExperienceId;
    /// What a campaign sends to devices by itself.
    NotificationId;
    /// An address of somebody else's that is told what happens.
    WebhookId;
    /// An event that webhooks are told of.
    DeliveryId;
    /// One installation of an app on one device.
    InstanceId;
    /// An action in a device's inbox.
    MessageId;
    /// A file that is taken in.
    ImportId;
    /// A replay.
    ReplayId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_sample_reads_and_writes_back() {
        let text = "IXa7Bl9oRo6c7zQ5aQIzlg";
        assert_eq!(text.parse::<Id>().map(|id| id.to_string()), Ok(text.into()));
    }

    #[test]
    fn only_22_characters_of_base64url_are_an_id() {
        for bad in [
            "",
            "IXa7Bl9oRo6c7zQ5aQIzl",
            "IXa7Bl9oRo6c7zQ5aQIzlg=",
            "IXa7Bl9oRo6c7zQ5aQIz+g",
        ] {
            assert_eq!(bad.parse::<Id>(), Err(IdError), "{bad}");
        }
        // The last character carries two bits only; the others must be zero or two texts would be one id.
        assert_eq!("IXa7Bl9oRo6c7zQ5aQIzlh".parse::<Id>(), Err(IdError));
    }

    #[test]
    fn ids_made_by_us_are_version_7_and_sort_by_time() {
        let early = Id::from_parts(1_700_000_000_000, [0xff; 10]);
        let late = Id::from_parts(1_700_000_000_001, [0; 10]);
        assert!(early < late);
        assert_eq!(early.0[6] >> 4, 7);
        assert_eq!(early.0[8] >> 6, 0b10);
    }
}
