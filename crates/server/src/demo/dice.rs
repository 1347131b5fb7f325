//! A small seeded generator: the same seed plays the same day again.

use moca_core::geo::LatLon;

/// Metres of one degree of latitude, near enough to scatter people.
const DEGREE_M: f64 = 111_320.0;

/// SplitMix64 (Steele, Lea and Flood 2014). Good enough to move people about, not for secrets.
pub(super) struct Dice(u64);

impl Dice {
    /// A generator of its own for each use: streams of different `stream` do not meet.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut dice = Self(seed ^ stream.wrapping_mul(0xd134_2543_de82_ef95));
        dice.next();
        dice
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 1, without 1.
    pub(super) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    /// From `from` to `to`, without `to`.
    pub(super) fn between(&mut self, from: i64, to: i64) -> i64 {
        from + (self.fraction() * (to - from) as f64) as i64
    }

    /// One of several; `several` must not be empty.
    pub(super) fn pick<'a, T>(&mut self, several: &'a [T]) -> &'a T {
        &several[(self.fraction() * several.len() as f64) as usize]
    }

    /// Somewhere at this distance, in metres, from a point.
    pub(super) fn around(&mut self, center: LatLon, from_m: f64, to_m: f64) -> LatLon {
        let bearing = self.fraction() * std::f64::consts::TAU;
        let degrees = (from_m + self.fraction() * (to_m - from_m)) / DEGREE_M;
        let latitude = (center.latitude() + degrees * bearing.cos()).clamp(-89.0, 89.0);
        let scale = latitude.to_radians().cos();
        let longitude = center.longitude() + degrees * bearing.sin() / scale;
        position(latitude, longitude, center)
    }

    /// Random bytes for the id of an event.
    pub(super) fn bytes(&mut self) -> [u8; 16] {
        (u128::from(self.next()) << 64 | u128::from(self.next())).to_be_bytes()
    }
}

/// A position as a phone tells it: to the sixth decimal, about 10 cm. `otherwise` stands in for
/// numbers that are no position.
pub(super) fn position(latitude: f64, longitude: f64, otherwise: LatLon) -> LatLon {
    let round = |degrees: f64| (degrees * 1e6).round() / 1e6;
    let wrapped = (longitude + 540.0).rem_euclid(360.0) - 180.0;
    let latitude = round(latitude.clamp(-90.0, 90.0));
    let longitude = round(wrapped).clamp(-180.0, 180.0);
    LatLon::new(latitude, longitude).unwrap_or(otherwise)
}
