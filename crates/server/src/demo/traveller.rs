//! The travellers: who they are, and everything their phones will send.

use moca_core::{
    event::{Profile, Proximity},
    geo::LatLon,
};
use moca_wire::events::{EventInput, LocationInput, SightingInput};
use uuid::{Builder, Uuid};

use super::{journey, layout::Layout};
use crate::dice::Dice;

/// One in so many batches is sent a second time, as after a lost answer.
const SENT_TWICE: f64 = 0.03;
/// Languages of phones, with the makers' models that carry them.
const LANGUAGES: [Option<&str>; 12] = [
    Some("en-US"),
    Some("en-GB"),
    Some("es-ES"),
    Some("es-MX"),
    Some("es-AR"),
    Some("de-AT"),
    Some("fr-FR"),
    Some("pt-BR"),
    Some("pt-PT"),
    Some("ja-JP"),
    Some("zh-Hant-TW"),
    None,
];
const PHONES: [(&str, &str, &str); 4] = [
    ("iPhone 15", "iOS", "17.4"),
    ("iPhone 17 Pro", "iOS", "26.1"),
    ("Pixel 9", "Android", "15"),
    ("Galaxy S25", "Android", "16"),
];

/// The day that is played, ms since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day {
    /// A full hour.
    pub(super) from_ms: i64,
    /// Nothing happens at or after this: a moment ago.
    pub(super) last_ms: i64,
    /// The full hour 24 hours after the first.
    pub(super) to_ms: i64,
}

/// Something a phone notices.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub(super) at_ms: i64,
    pub(super) what: What,
    /// The id of the event.
    pub(super) id: Uuid,
}

/// What it notices.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// Where it is.
    Fix(LatLon),
    /// Beacons, by index.
    Sees(Vec<usize>),
    /// What its owner does in the app.
    Does(&'static str, Option<&'static str>),
}

/// What is sent in one request.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    /// In order of time.
    pub(super) moments: Vec<Moment>,
    /// When it is sent, in the time of the day that is played.
    pub(super) send_ms: i64,
    /// Whether it tells of a time before what was sent already.
    pub(super) late: bool,
    /// Whether it is sent again.
    pub(super) twice: bool,
}

/// One traveller.
pub(super) struct Traveller {
    /// What the app knows the phone by.
    pub(super) device_key: String,
    pub(super) profile: Profile,
    /// In the order in which they are sent.
    pub(super) batches: Vec<Batch>,
}

impl Traveller {
    /// The traveller of this number, with a journey.
    pub(super) fn new(layout: &Layout, day: Day, seed: u64, number: usize) -> Self {
        let mut dice = Dice::new(seed, number as u64);
        let (home_airport, mut batches) = journey::plan(layout, day, &mut dice);
        for batch in &mut batches {
            batch.twice = dice.chance(SENT_TWICE);
        }
        let (model, os, os_version) = *dice.pick(&PHONES);
        let home_zone = &layout.airports[home_airport].time_zone;
        Self {
            device_key: format!("demo-{seed}-{number}"),
            profile: Profile {
                device_model: Some(model.to_owned()),
                os: Some(os.to_owned()),
                os_version: Some(os_version.to_owned()),
                lang: dice.pick(&LANGUAGES).map(str::to_owned),
                // Some phones do not say; then the time of the place counts.
                time_zone: dice.chance(0.8).then(|| home_zone.clone()),
                app_version: Some("4.2".to_owned()),
                ..Profile::default()
            },
            batches,
        }
    }
}

impl Moment {
    pub(super) fn new(dice: &mut Dice, at_ms: i64, what: What) -> Self {
        let id = Builder::from_random_bytes(dice.bytes()).into_uuid();
        Self { at_ms, what, id }
    }

    /// The event as it is sent.
    pub(super) fn to_event(&self, layout: &Layout) -> EventInput {
        let mut event = EventInput {
            id: self.id,
            t: self.at_ms,
            ..EventInput::default()
        };
        match &self.what {
            What::Fix(at) => {
                event.location = Some(LocationInput {
                    lat: at.latitude(),
                    lon: at.longitude(),
                    accuracy: Some(12.0),
                    ..LocationInput::default()
                });
            }
            What::Sees(beacons) => {
                event.sightings = beacons
                    .iter()
                    .map(|beacon| SightingInput {
                        identity: layout.beacons[*beacon].identity,
                        rssi: Some(-67),
                        proximity: Some(Proximity::Near),
                        battery: None,
                    })
                    .collect();
            }
            What::Does(verb, item) => {
                event.verb = Some((*verb).to_owned());
                event.item = item.map(str::to_owned);
            }
        }
        event
    }
}
