//! What is managed: all airports, and places made up.

use serde::Deserialize;

use crate::dice::Dice;

/// The file with the airports.
const AIRPORTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/airports.csv");

/// A place to be made.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Place {
    pub(crate) name: String,
    #[serde(rename = "lat")]
    pub(crate) latitude: f64,
    #[serde(rename = "lon")]
    pub(crate) longitude: f64,
    #[serde(rename = "tz")]
    pub(crate) time_zone: String,
}

impl Place {
    /// All airports.
    pub(crate) fn airports() -> Vec<Self> {
        let mut file = csv::Reader::from_path(AIRPORTS).unwrap();
        file.deserialize().collect::<Result<_, _>>().unwrap()
    }

    /// Any place.
    pub(crate) fn random(dice: &mut Dice) -> Self {
        Self {
            name: format!("Place {}", dice.uuid()),
            latitude: dice.below(120) as f64 - 60.0,
            longitude: dice.below(360) as f64 - 180.0,
            time_zone: "Europe/Madrid".to_owned(),
        }
    }
}
