//! The straight way from one point to another, and how it goes through a geofence.

use geographiclib_rs::{DirectGeodesic, InverseGeodesic};

use super::{LatLon, distance::WGS84, near::Fence};

/// How often a path is halved to find out what becomes of a piece of it: its 4096th part is 7 metres of
/// 30 kilometres. What is shorter may be overlooked.
const HALVINGS: u32 = 12;

/// The geodesic between two points: the shortest way on the ellipsoid.
#[derive(Debug, Clone, Copy)]
pub struct Path {
    from: LatLon,
    /// Degrees from north at which it begins.
    azimuth: f64,
    length_m: f64,
}

impl Path {
    /// The way from one point to another.
    pub fn between(from: LatLon, to: LatLon) -> Self {
        let (length_m, azimuth, _, _): (f64, f64, f64, f64) =
            WGS84.inverse(from.latitude, from.longitude, to.latitude, to.longitude);
        Self {
            from,
            azimuth,
            length_m,
        }
    }

    /// Metres.
    pub fn length_m(&self) -> f64 {
        self.length_m
    }

    /// The point at which a share of the way, 0..=1, is done.
    pub fn at(&self, share: f64) -> LatLon {
        let (latitude, longitude): (f64, f64) = WGS84.direct(
            self.from.latitude,
            self.from.longitude,
            self.azimuth,
            share * self.length_m,
        );
        LatLon {
            latitude: latitude.clamp(-90.0, 90.0),
            longitude: longitude.clamp(-180.0, 180.0),
        }
    }
}

/// The part of a path that lies in a geofence, in shares of the whole path, 0..=1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Passage {
    /// Where it comes in: 0 if it begins inside.
    pub enters: f64,
    /// Where it goes out: 1 if it ends inside.
    pub leaves: f64,
}

impl Fence<'_> {
    /// How a path goes through the fence, if it surely does: some point of it is in the fence with the
    /// whole circle of its error. The error is told in metres for both ends, and in between it changes
    /// evenly: that of a mean is not more than the mean of both, whatever they have to do with each other.
    pub fn passage(self, path: &Path, errors_m: [f64; 2]) -> Option<Passage> {
        let inside = self.sure_point(path, errors_m)?;
        Some(Passage {
            enters: self.border(path, inside, 0.0).unwrap_or(0.0),
            leaves: self.border(path, inside, 1.0).unwrap_or(1.0),
        })
    }

    /// The share of the way to a point that is surely inside.
    fn sure_point(self, path: &Path, [first, last]: [f64; 2]) -> Option<f64> {
        let error_m = |share: f64| first + share * (last - first);
        let mut pieces = vec![(0.0, 1.0, 0)];
        while let Some((from, to, halvings)) = pieces.pop() {
            let middle = f64::midpoint(from, to);
            let at = path.at(middle);
            if self.holds_circle(error_m(middle), at) {
                return Some(middle);
            }
            // No point of the piece is further from its middle, and none has a smaller error.
            let reach_m = path.length_m * (to - from) / 2.0;
            let least_m = error_m(from).min(error_m(to));
            let may_be = if least_m > reach_m {
                self.holds_circle(least_m - reach_m, at)
            } else {
                self.is_within(reach_m - least_m, at)
            };
            if may_be && halvings < HALVINGS {
                pieces.push((middle, to, halvings + 1));
                pieces.push((from, middle, halvings + 1));
            }
        }
        None
    }

    /// Where the way from a point of the path inside to an end of it goes over the border.
    fn border(self, path: &Path, inside: f64, end: f64) -> Option<f64> {
        let found = self.first_out(path, inside, end, 0)?;
        let piece = (end - inside) / f64::from(1 << HALVINGS);
        let (mut last_in, mut first_out) = (found - piece, found + piece);
        let is_in = |share: f64| self.is_within(0.0, path.at(share));
        if !is_in(last_in) || is_in(first_out) {
            // It goes along the border.
            return Some(found);
        }
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(last_in, first_out);
            if is_in(middle) {
                last_in = middle;
            } else {
                first_out = middle;
            }
        }
        Some(last_in.clamp(0.0, 1.0))
    }

    /// The first point outside on the way from a point of the path inside to another one.
    fn first_out(self, path: &Path, from: f64, to: f64, halvings: u32) -> Option<f64> {
        let middle = f64::midpoint(from, to);
        let at = path.at(middle);
        let reach_m = path.length_m * (to - from).abs() / 2.0;
        if self.holds_circle(reach_m, at) {
            return None;
        }
        if !self.is_within(reach_m, at) {
            return Some(from);
        }
        if halvings == HALVINGS {
            return (!self.is_within(0.0, at)).then_some(middle);
        }
        self.first_out(path, from, middle, halvings + 1)
            .or_else(|| self.first_out(path, middle, to, halvings + 1))
    }

    /// Whether a circle around a point is inside; one without a radius is on the border too.
    fn holds_circle(self, radius_m: f64, at: LatLon) -> bool {
        if radius_m == 0.0 {
            self.is_within(0.0, at)
        } else {
            self.holds_all_within(radius_m, at)
        }
    }
}

#[cfg(test)]
mod tests;
