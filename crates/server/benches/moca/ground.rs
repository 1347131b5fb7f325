//! The circles that places are: all airports, or very many small ones about them.

use std::{f64::consts::TAU, fmt, fs::File};

use moca_client::ImportRequest;
use moca_core::bulk::{BulkKind, ImportFormat};
use moca_server::import::{airports, import};
use serde::Deserialize;

use crate::{binary::Binary, dice::Dice, rows::Rows, table::grouped};

/// The file with the airports.
const AIRPORTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/airports.csv");
/// Metres of one degree of latitude.
const DEGREE_M: f64 = 111_000.0;
/// Radius of an airport in metres.
pub(crate) const AIRPORT_M: f64 = 5_000.0;
/// Metres from an airport within which the small circles lie: a town.
const TOWN_M: f64 = 20_000.0;

/// Circles of one radius.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    /// Latitude and longitude of each.
    pub(crate) centers: Vec<(f64, f64)>,
    /// Metres.
    pub(crate) radius_m: f64,
}

#[derive(Deserialize)]
struct Airport {
    lat: f64,
    lon: f64,
}

impl Ground {
    /// All airports.
    pub(crate) fn airports() -> Self {
        let mut file = csv::Reader::from_path(AIRPORTS).unwrap();
        let centers = file
            .deserialize::<Airport>()
            .map(|row| row.map(|airport| (airport.lat, airport.lon)).unwrap());
        Self {
            centers: centers.collect(),
            radius_m: AIRPORT_M,
        }
    }

    /// So many circles, each about a random airport.
    pub(crate) fn towns(count: usize, radius_m: f64) -> Self {
        let airports = Self::airports().centers;
        let mut dice = Dice::new(count as u64);
        let center = |_| {
            let airport = airports[dice.below(airports.len())];
            somewhere_near(airport, TOWN_M, &mut dice)
        };
        Self {
            centers: (0..count).map(center).collect(),
            radius_m,
        }
    }

    /// Takes them into a server.
    pub(crate) async fn import(&self, server: &Binary) {
        let client = server.client();
        let done = if self.radius_m == AIRPORT_M {
            let file = || File::open(AIRPORTS).ok();
            import(&client, &airports(), file, |_| ()).await
        } else {
            let request = ImportRequest::new(BulkKind::Places, ImportFormat::Csv);
            let rows = || Some(Rows::places(self.centers.clone(), self.radius_m));
            import(&client, &request, rows, |_| ()).await
        };
        assert_eq!(done.unwrap().created as usize, self.centers.len());
    }

    /// A point within two radii of some centre: one in four is inside it.
    pub(crate) fn point(&self, dice: &mut Dice) -> (f64, f64) {
        let center = self.centers[dice.below(self.centers.len())];
        somewhere_near(center, 2.0 * self.radius_m, dice)
    }
}

impl fmt::Display for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = grouped(self.centers.len() as f64);
        write!(f, "{count} circles of {} m", self.radius_m)
    }
}

/// A point so far away at most.
fn somewhere_near(center: (f64, f64), most_m: f64, dice: &mut Dice) -> (f64, f64) {
    let distance_m = most_m * fraction(dice).sqrt();
    moved(center, distance_m, TAU * fraction(dice))
}

/// The point so far away in this direction; good enough for a load.
pub(crate) fn moved((lat, lon): (f64, f64), distance_m: f64, heading: f64) -> (f64, f64) {
    let north = distance_m * heading.cos() / DEGREE_M;
    let east = distance_m * heading.sin() / DEGREE_M / lat.to_radians().cos().max(0.01);
    let lon = (lon + east + 540.0).rem_euclid(360.0) - 180.0;
    ((lat + north).clamp(-90.0, 90.0), lon)
}

/// A number from 0 to 1, without 1.
pub(crate) fn fraction(dice: &mut Dice) -> f64 {
    (dice.roll() >> 11) as f64 / (1_u64 << 53) as f64
}
