//! What people agree to: an answer for each purpose, with the text they were shown and the moment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What personal data may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// Being counted.
    Analytics,
    /// Telling where the device is.
    Location,
    /// Being told of offers.
    Marketing,
    /// Being put into groups by what is known of the person.
    Profiling,
}

impl Purpose {
    /// All of them, by their words.
    pub const ALL: [Self; 4] = [
        Self::Analytics,
        Self::Location,
        Self::Marketing,
        Self::Profiling,
    ];

    /// The word used in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Analytics => "analytics",
            Self::Location => "location",
            Self::Marketing => "marketing",
            Self::Profiling => "profiling",
        }
    }
}

/// An answer of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Yes or no.
    pub granted: bool,
    /// Which text they were shown, as the app calls it.
    pub version: String,
    /// When they answered, ms since 1970.
    #[serde(rename = "at")]
    pub at_ms: i64,
}

/// The newest answer for each purpose that a person was asked about.
pub type Consents = BTreeMap<Purpose, Consent>;

/// Whether the person said no to a purpose; who was not asked has not.
pub fn is_refused(consents: &Consents, purpose: Purpose) -> bool {
    consents
        .get(&purpose)
        .is_some_and(|consent| !consent.granted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_json() {
        for purpose in Purpose::ALL {
            assert_eq!(serde_json::to_value(purpose).unwrap(), purpose.as_str());
        }
    }
}
