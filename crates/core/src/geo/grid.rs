//! A grid of cells over the whole globe, in several levels of fineness.
//!
//! A level is a number of rows of equal height from pole to pole; a row is divided into as many cells
//! as leaves them about as wide as high, so a cell near a pole is not a sliver.

use super::{Circle, LatLon, Path, distance::METRES_PER_CHORD_MIN};

/// Powers of two of the rows of each level, from cells of 311 km to cells of 300 m.
const ROWS_LOG2: [u32; LEVELS] = [6, 8, 10, 12, 14, 16];

/// The number of levels.
pub(super) const LEVELS: usize = 6;

/// How many radii a cell is high at least: a lower number means more cells for a fence, but fewer
/// fences in a cell. With 2 a fence is in 1.8 cells on average, with 1 in 5.4, which take more memory than
/// lookups have in their caches.
const CELL_RADII_MIN: f64 = 2.0;

/// Degrees added to each side of a circle, so that rounding never leaves out a cell it touches.
const MARGIN_DEGREES: f64 = 1e-9;

/// The number of one cell, unique over all levels.
pub(super) type CellId = u64;

/// The finest level whose cells are at least as high as the circle, so that it touches few of them.
pub(super) fn level_of(circle: &Circle) -> usize {
    let fits = |level: &usize| CELL_RADII_MIN * circle.radius_m <= cell_height_m(*level);
    (0..LEVELS).rev().find(fits).unwrap_or(0)
}

/// How high a cell of a level is.
fn cell_height_m(level: usize) -> f64 {
    METRES_PER_CHORD_MIN * std::f64::consts::PI / f64::from(1 << ROWS_LOG2[level])
}

/// The cell of a level that a point is in.
pub(super) fn cell_at(level: usize, at: LatLon) -> CellId {
    let row = row_of(level, at.latitude);
    let columns = columns_of(level, row);
    cell_id(level, row, column_of(columns, at.longitude), columns)
}

/// Calls `visit` once for every cell of a level that holds a point of the circle (and for a few more).
pub(super) fn for_each_cell(level: usize, circle: &Circle, mut visit: impl FnMut(CellId)) {
    let (latitudes, longitudes) = around(circle.center, circle.radius_m);
    for_each_cell_between(level, latitudes, longitudes, |cell| {
        visit(cell);
        true
    });
}

/// Calls `visit` for every cell of a level that a path goes through (and for a few more), for some of
/// them several times.
pub(super) fn for_each_cell_along(level: usize, path: &Path, mut visit: impl FnMut(CellId)) {
    // Pieces no longer than a cell is high, so that the box around each has few cells.
    let pieces = (path.length_m() / cell_height_m(level)).ceil().max(1.0);
    let reach_m = path.length_m() / pieces / 2.0;
    for piece in 0..pieces as u64 {
        let middle = path.at((piece as f64 + 0.5) / pieces);
        let (latitudes, longitudes) = around(middle, reach_m);
        for_each_cell_between(level, latitudes, longitudes, |cell| {
            visit(cell);
            true
        });
    }
}

/// Latitudes and longitudes, which may be beyond +-180 degrees, between which lies all that is at most
/// so many metres from a point.
pub(super) fn around(at: LatLon, metres: f64) -> ([f64; 2], [f64; 2]) {
    let LatLon {
        latitude,
        longitude,
    } = at;
    // On the sphere of `distance::contains` all that lies within this angle of the point.
    let reach = metres / METRES_PER_CHORD_MIN;
    let reach_degrees = reach.to_degrees() + MARGIN_DEGREES;
    let half_width_degrees = if latitude.abs() + reach_degrees >= 90.0 {
        180.0
    } else {
        // The meridians that touch a cap of angle `reach` (sine rule in the triangle with the pole).
        (reach.sin() / latitude.to_radians().cos())
            .min(1.0)
            .asin()
            .to_degrees()
            + MARGIN_DEGREES
    };
    (
        [latitude - reach_degrees, latitude + reach_degrees],
        [
            longitude - half_width_degrees,
            longitude + half_width_degrees,
        ],
    )
}

/// Calls `visit` once for every cell of a level that has a point between two latitudes and two
/// longitudes, which may be beyond +-180 degrees; until it answers false, which is answered then.
pub(super) fn for_each_cell_between(
    level: usize,
    [south, north]: [f64; 2],
    [west, east]: [f64; 2],
    mut visit: impl FnMut(CellId) -> bool,
) -> bool {
    for row in row_of(level, south)..=row_of(level, north) {
        let columns = columns_of(level, row);
        let first = column_of(columns, west);
        let last = column_of(columns, east);
        // Around the whole row each cell comes once, not the first again.
        for column in first..=last.min(first + columns - 1) {
            if !visit(cell_id(level, row, column, columns)) {
                return false;
            }
        }
    }
    true
}

/// The row of a latitude; beyond a pole it is the last one.
fn row_of(level: usize, latitude: f64) -> i64 {
    let rows = 1_i64 << ROWS_LOG2[level];
    let row = ((latitude + 90.0) / 180.0 * rows as f64).floor() as i64;
    row.clamp(0, rows - 1)
}

/// How many cells a row has: as many as fit at its edge nearer to a pole.
fn columns_of(level: usize, row: i64) -> i64 {
    let rows = 1_i64 << ROWS_LOG2[level];
    let rows_from_pole = row.min(rows - 1 - row);
    let edge = std::f64::consts::PI * rows_from_pole as f64 / rows as f64;
    // The sine of the angle from the pole is the cosine of the latitude.
    ((2 * rows) as f64 * edge.sin()).floor().max(1.0) as i64
}

/// The column of a longitude; below 0 or beyond the last when the longitude is beyond +-180 degrees.
fn column_of(columns: i64, longitude: f64) -> i64 {
    ((longitude + 180.0) / 360.0 * columns as f64).floor() as i64
}

fn cell_id(level: usize, row: i64, column: i64, columns: i64) -> CellId {
    // Rows and columns take 17 bits at most; the antimeridian is column 0 from either side.
    (level as u64) << 56 | (row as u64) << 28 | column.rem_euclid(columns) as u64
}
