//! An area made ready for many questions whether a point is in it.

use super::{
    Area, Position,
    check::turn,
    planar::{Polygon, TURN},
};
use crate::geo::LatLon;

/// Edges listed in all bands together, for each edge there is, at most: bounds the memory of areas
/// with many tall edges.
const LISTED_PER_EDGE_MAX: usize = 4;

/// The edges of an area, listed by latitude.
///
/// A point is inside if the edges east of it that cross its parallel are an odd number: holes lie in
/// shells and polygons beside each other, so this holds for all rings together. An edge is in the
/// list of each band of latitude that it reaches into, so only the edges of one band are looked at.
#[derive(Debug, Clone)]
pub struct Prepared {
    edges: Vec<[Position; 2]>,
    /// Where the list of each band begins in `listed`; one more at the end.
    bands: Vec<u32>,
    listed: Vec<u32>,
    west: f64,
    east: f64,
    south: f64,
    north: f64,
    bands_per_degree: f64,
}

impl Prepared {
    pub(crate) fn of(area: &Area) -> Self {
        Self::of_polygons(&area.planar())
    }

    pub(crate) fn of_polygons(polygons: &[Polygon]) -> Self {
        let corners = polygons.iter().flat_map(|polygon| &polygon.rings);
        let mut edges = Vec::with_capacity(corners.clone().map(|ring| ring.at.len()).sum());
        for ring in corners {
            let next = ring.at.iter().cycle().skip(1);
            edges.extend(ring.at.iter().zip(next).map(|(from, to)| [*from, *to]));
        }
        let widest = |side: fn(&Polygon) -> f64, pick: fn(f64, f64) -> f64| {
            let sides = polygons.iter().map(side);
            sides.reduce(pick).unwrap_or_default()
        };
        let mut prepared = Self {
            edges,
            bands: Vec::new(),
            listed: Vec::new(),
            west: widest(|polygon| polygon.west, f64::min),
            east: widest(|polygon| polygon.east, f64::max),
            south: widest(|polygon| polygon.south, f64::min),
            north: widest(|polygon| polygon.north, f64::max),
            bands_per_degree: 0.0,
        };
        prepared.list_edges();
        prepared
    }

    /// The edges that reach between two latitudes (and a few more, and some of them several times).
    pub(crate) fn edges_between(
        &self,
        [south, north]: [f64; 2],
    ) -> impl Iterator<Item = &[Position; 2]> {
        let last_band = self.band_count() - 1;
        let listed = if south <= self.north && north >= self.south {
            let [first, last] = [south, north].map(|y| self.band_of(y, last_band + 1));
            self.bands[first] as usize..self.bands[last + 1] as usize
        } else {
            0..0
        };
        self.listed[listed]
            .iter()
            .map(|edge| &self.edges[*edge as usize])
    }

    /// Whether a point is inside or on the border.
    pub(crate) fn contains(&self, at: LatLon) -> bool {
        let (x, y) = (at.longitude() + 0.0, at.latitude() + 0.0);
        if y < self.south || y > self.north {
            return false;
        }
        if y.abs() == 90.0 {
            // All longitudes are one point there, and the area reaches it.
            return true;
        }
        let edges = self.edges_at(y);
        // The same point may be meant by a longitude that is a turn further on.
        [x, x + TURN, x - TURN]
            .into_iter()
            .filter(|x| (self.west..=self.east).contains(x))
            .any(|x| self.holds([x, y], edges))
    }

    fn holds(&self, point: Position, edges: &[u32]) -> bool {
        let mut is_inside = false;
        for edge in edges {
            match pass(self.edges[*edge as usize], point) {
                Pass::Border => return true,
                Pass::East => is_inside = !is_inside,
                Pass::Elsewhere => {}
            }
        }
        is_inside
    }

    fn band_count(&self) -> usize {
        self.bands.len().saturating_sub(1)
    }

    fn band_of(&self, latitude: f64, bands: usize) -> usize {
        let band = ((latitude - self.south) * self.bands_per_degree) as usize;
        band.min(bands - 1)
    }

    fn edges_at(&self, latitude: f64) -> &[u32] {
        let band = self.band_of(latitude, self.band_count());
        &self.listed[self.bands[band] as usize..self.bands[band + 1] as usize]
    }

    /// Chooses the number of bands and fills them.
    fn list_edges(&mut self) {
        let mut bands = (self.edges.len() / 2).max(1);
        loop {
            self.bands_per_degree = bands as f64 / (self.north - self.south).max(f64::MIN_POSITIVE);
            if !self.bands_per_degree.is_finite() {
                self.bands_per_degree = 0.0;
            }
            let listed: usize = self
                .reaches(bands)
                .map(|(first, last)| last - first + 1)
                .sum();
            if bands == 1 || listed <= LISTED_PER_EDGE_MAX * self.edges.len() {
                break;
            }
            bands = bands.div_ceil(2);
        }
        let mut counts = vec![0_u32; bands + 1];
        for (first, last) in self.reaches(bands) {
            for band in first..=last {
                counts[band + 1] += 1;
            }
        }
        for band in 0..bands {
            counts[band + 1] += counts[band];
        }
        let mut next = counts.clone();
        let mut listed = vec![0; counts[bands] as usize];
        for (edge, (first, last)) in self.reaches(bands).enumerate() {
            for next in &mut next[first..=last] {
                // There are fewer edges than fit into 32 bits: see the limits.
                listed[*next as usize] = edge as u32;
                *next += 1;
            }
        }
        (self.bands, self.listed) = (counts, listed);
    }

    /// The first and the last band of each edge.
    fn reaches(&self, bands: usize) -> impl Iterator<Item = (usize, usize)> {
        self.edges.iter().map(move |[from, to]| {
            let (low, high) = (from[1].min(to[1]), from[1].max(to[1]));
            (self.band_of(low, bands), self.band_of(high, bands))
        })
    }
}

/// How an edge lies to a point.
enum Pass {
    /// The point is on it.
    Border,
    /// It crosses the point's parallel east of it.
    East,
    /// Neither.
    Elsewhere,
}

fn pass([from, to]: [Position; 2], point: Position) -> Pass {
    let [x, y] = point;
    let (low, high) = if from[1] <= to[1] {
        (from, to)
    } else {
        (to, from)
    };
    if y < low[1] || y > high[1] {
        return Pass::Elsewhere;
    }
    if x > low[0].max(high[0]) {
        return Pass::Elsewhere;
    }
    if low[1] == high[1] {
        // Along the parallel: its ends belong to the border, and it crosses nothing.
        return if x >= low[0].min(high[0]) {
            Pass::Border
        } else {
            Pass::Elsewhere
        };
    }
    if x < low[0].min(high[0]) {
        return if y < high[1] {
            Pass::East
        } else {
            Pass::Elsewhere
        };
    }
    let side = turn(low, high, point);
    if side == 0.0 {
        return Pass::Border;
    }
    // The lower end counts as crossed, the upper one does not: a corner is crossed once or twice.
    if side > 0.0 && y < high[1] {
        return Pass::East;
    }
    Pass::Elsewhere
}
