//! A small seeded generator, and points on the ground: the same seed plays the same day again.

use moca_core::geo::LatLon;

/// Metres of one degree of latitude, near enough to scatter people.
const DEGREE_M: f64 = 111_320.0;

/// SplitMix64 (Steele, Lea and Flood 2014). Good enough to move people about, not for secrets.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// A generator of its own for each use: streams of different `stream` do not meet.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut dice = Self(seed ^ stream.wrapping_mul(0xd134_2543_de82_ef95));
        dice.next();
        dice
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 1, without 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    /// From `from` to `to`, without `to`.
    pub(crate) fn between(&mut self, from: i64, to: i64) -> i64 {
        from + (self.fraction() * (to - from) as f64) as i64
    }

    /// One of several; `several` must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, several: &'a [T]) -> &'a T {
        &several[(self.fraction() * several.len() as f64) as usize]
    }

    /// From a normal distribution with mean 0 and deviation 1 (Box and Muller 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.fraction()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.fraction()).cos()
    }

    /// A time until something that comes once in `mean_ms` on average, and remembers nothing.
    pub(crate) fn wait(&mut self, mean_ms: f64) -> i64 {
        (-mean_ms * (1.0 - self.fraction()).ln()) as i64
    }

    /// Somewhere at this distance, in metres, from a point.
    pub(crate) fn around(&mut self, center: LatLon, from_m: f64, to_m: f64) -> LatLon {
        let bearing = self.fraction() * std::f64::consts::TAU;
        let degrees = (from_m + self.fraction() * (to_m - from_m)) / DEGREE_M;
        let latitude = (center.latitude() + degrees * bearing.cos()).clamp(-89.0, 89.0);
        let scale = latitude.to_radians().cos();
        let longitude = center.longitude() + degrees * bearing.sin() / scale;
        position(latitude, longitude, center)
    }

    /// Random bytes for the id of an event.
    pub(crate) fn bytes(&mut self) -> [u8; 16] {
        (u128::from(self.next()) << 64 | u128::from(self.next())).to_be_bytes()
    }
}

/// A position as a phone tells it: to the sixth decimal, about 10 cm. `otherwise` stands in for
/// numbers that are no position.
pub(crate) fn position(latitude: f64, longitude: f64, otherwise: LatLon) -> LatLon {
    let round = |degrees: f64| (degrees * 1e6).round() / 1e6;
    let wrapped = (longitude + 540.0).rem_euclid(360.0) - 180.0;
    let latitude = round(latitude.clamp(-90.0, 90.0));
    let longitude = round(wrapped).clamp(-180.0, 180.0);
    LatLon::new(latitude, longitude).unwrap_or(otherwise)
}

/// A point on the great circle of a sphere.
pub(crate) fn on_the_way(from: LatLon, to: LatLon, part: f64) -> LatLon {
    let vector = |at: LatLon| {
        let (lat, lon) = (at.latitude().to_radians(), at.longitude().to_radians());
        [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
    };
    let (a, b) = (vector(from), vector(to));
    let dot: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
    let angle = dot.clamp(-1.0, 1.0).acos();
    if angle < 1e-9 {
        return from;
    }
    // Antipodes have no one way; whichever comes out will do.
    let sine = angle.sin();
    let (left, right) = (
        ((1.0 - part) * angle).sin() / sine,
        (part * angle).sin() / sine,
    );
    let [x, y, z] = [0, 1, 2].map(|axis| left * a[axis] + right * b[axis]);
    let latitude = z.atan2(x.hypot(y)).to_degrees();
    position(latitude, y.atan2(x).to_degrees(), from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_between_two_points_lies_on_the_great_circle() {
        let at = |latitude, longitude| LatLon::new(latitude, longitude).unwrap();
        let middle = on_the_way(at(0.0, 170.0), at(0.0, -170.0), 0.5);
        assert!(
            (middle.longitude().abs() - 180.0).abs() < 1e-6,
            "{middle:?}"
        );
        let third = on_the_way(at(0.0, 10.0), at(60.0, 10.0), 1.0 / 3.0);
        assert!((third.latitude() - 20.0).abs() < 1e-5, "{third:?}");
        assert_eq!(on_the_way(at(1.0, 2.0), at(1.0, 2.0), 0.5), at(1.0, 2.0));
    }
}
