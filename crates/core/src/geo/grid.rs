//! Cells of a latitude/longitude grid at several sizes, and which of them a circle touches.

use super::{Circle, LatLon};

/// Cell sizes in degrees, the finest first.
pub(super) const CELL_DEGREES: [f64; 5] = [0.005, 0.04, 0.32, 2.56, 20.48];
/// A circle goes to the finest level on which it touches no more cells than this, so that neither
/// a large fence fills thousands of cells nor small ones share a large cell.
const CELLS_PER_FENCE_MAX: i64 = 12;
/// Smallest length in metres of a degree of latitude on WGS-84 (at the equator).
const DEGREE_M_MIN: f64 = 110_574.0;
/// Smallest radius of curvature of WGS-84 in metres: boxes made with it are never too small.
const CURVATURE_M_MIN: f64 = 6_335_439.0;

/// One cell: row and column, packed.
pub(super) type Cell = u64;

/// The cell of a level that holds a point.
pub(super) fn cell_at(level: usize, at: LatLon) -> Cell {
    let size = CELL_DEGREES[level];
    pack(row(size, at.latitude()), column(size, at.longitude()))
}

/// The level a circle belongs to and all cells of it that the circle may touch.
pub(super) fn cells_of(circle: &Circle) -> (usize, Vec<Cell>) {
    let bounds = Bounds::of(circle);
    let last = CELL_DEGREES.len() - 1;
    let level = (0..last)
        .find(|&level| bounds.cells(CELL_DEGREES[level]) <= CELLS_PER_FENCE_MAX)
        .unwrap_or(last);
    (level, bounds.list(CELL_DEGREES[level]))
}

fn pack(row: i64, column: i64) -> Cell {
    ((row as u64) << 32) | column as u64
}

fn row(size: f64, latitude: f64) -> i64 {
    ((latitude + 90.0) / size).floor() as i64
}

/// 180° east is 180° west: both are column 0.
fn column(size: f64, longitude: f64) -> i64 {
    let east = if longitude >= 180.0 {
        longitude - 360.0
    } else {
        longitude
    };
    ((east + 180.0) / size).floor() as i64
}

/// A box around a circle, in degrees; never too small.
struct Bounds {
    south: f64,
    north: f64,
    /// May lie below -180.
    west: f64,
    /// May lie above 180; 360 or more from `west` when the circle holds a pole.
    east: f64,
}

impl Bounds {
    fn of(circle: &Circle) -> Self {
        let center = circle.center();
        let half_height = circle.radius_m() / DEGREE_M_MIN * 1.001 + 1e-9;
        let (south, north) = (
            center.latitude() - half_height,
            center.latitude() + half_height,
        );
        let half_width = if south <= -90.0 || north >= 90.0 {
            180.0
        } else {
            let angle = circle.radius_m() / CURVATURE_M_MIN;
            let sine = angle.sin() / center.latitude().to_radians().cos();
            if sine >= 1.0 {
                180.0
            } else {
                sine.asin().to_degrees() * 1.01 + 1e-9
            }
        };
        Self {
            south: south.max(-90.0),
            north: north.min(90.0),
            west: center.longitude() - half_width,
            east: center.longitude() + half_width,
        }
    }

    fn cells(&self, size: f64) -> i64 {
        let rows = row(size, self.north) - row(size, self.south) + 1;
        let columns = ((self.east - self.west) / size) as i64 + 2;
        rows * columns
    }

    fn list(&self, size: f64) -> Vec<Cell> {
        let mut columns: Vec<i64> = Vec::new();
        for (west, east) in self.unwrapped() {
            columns.extend(column(size, west)..=column(size, east));
        }
        columns.sort_unstable();
        columns.dedup();
        let mut cells = Vec::new();
        for row in row(size, self.south)..=row(size, self.north) {
            cells.extend(columns.iter().map(|&column| pack(row, column)));
        }
        cells
    }

    /// The stretch of longitude in pieces within -180..180.
    fn unwrapped(&self) -> Vec<(f64, f64)> {
        const EAST_END: f64 = 180.0 - 1e-12;
        if self.east - self.west >= 360.0 {
            return vec![(-180.0, EAST_END)];
        }
        if self.west < -180.0 {
            return vec![(-180.0, self.east), (self.west + 360.0, EAST_END)];
        }
        if self.east >= 180.0 {
            return vec![(self.west, EAST_END), (-180.0, self.east - 360.0)];
        }
        vec![(self.west, self.east)]
    }
}
