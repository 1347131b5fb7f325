//! The airports of the world: the places of the demo.

use anyhow::Context;
use moca_core::geo::{LatLon, distance_m};
use serde::Deserialize;

/// Radius of the circle around every airport.
pub(super) const RADIUS_M: f64 = 5_000.0;

/// <https://github.com/mborsetti/airportsdata>; the licence lies beside it.
pub(super) const FILE: &[u8] = include_bytes!("../../../../data/airports.csv");

/// An airport.
#[derive(Debug, Clone)]
pub(super) struct Airport {
    /// Four characters: the `externalId` of its place.
    pub(super) icao: String,
    /// Three letters, for those with tickets; else empty.
    pub(super) iata: String,
    /// Name.
    pub(super) name: String,
    /// Where it is.
    pub(super) at: LatLon,
    /// IANA time zone.
    pub(super) time_zone: String,
}

#[derive(Deserialize)]
struct Row {
    icao: String,
    iata: String,
    name: String,
    lat: f64,
    lon: f64,
    tz: String,
}

/// All airports, from south to north.
pub(super) fn read() -> anyhow::Result<Vec<Airport>> {
    let mut airports = Vec::new();
    for row in csv::Reader::from_reader(FILE).deserialize() {
        let row: Row = row.context("the list of airports cannot be read")?;
        airports.push(Airport {
            icao: row.icao,
            iata: row.iata,
            name: row.name,
            at: LatLon::new(row.lat, row.lon)?,
            time_zone: row.tz,
        });
    }
    airports.sort_by(|a, b| a.at.latitude().total_cmp(&b.at.latitude()));
    Ok(airports)
}

/// The airports, by index, whose circle holds a point. It looks at all in the band of latitude: an
/// answer to hold the server's index to must not come from an index.
pub(super) fn around(airports: &[Airport], at: LatLon) -> Vec<usize> {
    within(airports, at, RADIUS_M)
}

/// The airports, by index, that are at most so many metres from a point.
pub(super) fn within(airports: &[Airport], at: LatLon, metres: f64) -> Vec<usize> {
    // A degree of latitude has 110.5 km at least.
    let reach = metres / 110_000.0;
    let south = at.latitude() - reach;
    let north = at.latitude() + reach;
    let first = airports.partition_point(|airport| airport.at.latitude() < south);
    let scale = north.abs().max(south.abs()).min(89.9).to_radians().cos();
    let in_band = airports[first..]
        .iter()
        .enumerate()
        .take_while(|(_, airport)| airport.at.latitude() <= north);
    in_band
        .filter(|(_, airport)| {
            let east = (airport.at.longitude() - at.longitude() + 540.0).rem_euclid(360.0) - 180.0;
            // The geodesic is dear; whoever is clearly too far east or west is spared it.
            east.abs() * scale <= reach && distance_m(airport.at, at) <= metres
        })
        .map(|(index, _)| first + index)
        .collect()
}
