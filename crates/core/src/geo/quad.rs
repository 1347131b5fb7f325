//! Cells for finding geofences by a search index that knows order only, such as a database's.
//!
//! The map of longitude and latitude is divided into 2^n by 2^n cells, on several levels n. A geofence
//! is in one cell: that of the middle of its bounds, on the finest level where a cell is as wide and
//! high as they are. So it reaches out of its cell by half a cell at most, and whoever looks half a
//! cell beyond a box on each level finds all that meets it. Cells of a level are numbered along a Z
//! curve, on which every cell of a coarser level is an interval.

use super::Bounds;

/// The levels, from one cell for all to cells of 600 m.
const LEVELS: [u32; 6] = [0, 3, 6, 9, 12, 15];

/// Rows and columns of the cells that cover a box on one level: more would be fewer geofences looked at
/// in vain, and more intervals.
const COVER_MAX: i64 = 3;

/// Looked further than half a cell, so that rounding never leaves one out.
const MARGIN: f64 = 1e-9;

/// The number of a geofence's cell.
pub fn cell_of(bounds: &Bounds) -> i64 {
    let (width, height) = (
        bounds.width() / 360.0,
        (bounds.north() - bounds.south()) / 180.0,
    );
    let fits = |level: &usize| width.max(height) <= size_of(LEVELS[*level]);
    let level = (0..LEVELS.len()).rev().find(fits).unwrap_or(0);
    let count = 1_i64 << LEVELS[level];
    let x = (bounds.west() + 180.0) / 360.0 + width / 2.0;
    let y = (bounds.south() + 90.0) / 180.0 + height / 2.0;
    let column = index_of(x, count).rem_euclid(count);
    number(level, column, index_of(y, count).clamp(0, count - 1))
}

/// Intervals of cells, both ends included, that hold every geofence whose bounds meet the box (and
/// others). They do not overlap.
pub fn intervals(bounds: &Bounds) -> Vec<[i64; 2]> {
    let mut intervals = Vec::new();
    for (level, fine) in LEVELS.into_iter().enumerate() {
        let beyond = size_of(fine) / 2.0 + MARGIN;
        let west = (bounds.west() + 180.0) / 360.0 - beyond;
        let east = west + bounds.width() / 360.0 + 2.0 * beyond;
        let south = (bounds.south() + 90.0) / 180.0 - beyond;
        let north = (bounds.north() + 90.0) / 180.0 + beyond;
        cover(level, [west, east], [south, north], &mut intervals);
    }
    intervals.sort_unstable();
    intervals.dedup_by(|next, before| {
        let follows = before[1] + 1 >= next[0];
        if follows {
            before[1] = before[1].max(next[1]);
        }
        follows
    });
    intervals
}

/// Covers a box with few cells of one level or a coarser one.
fn cover(level: usize, xs: [f64; 2], ys: [f64; 2], intervals: &mut Vec<[i64; 2]>) {
    let span = |coarse: u32| {
        let count = 1_i64 << coarse;
        let [first, last] = xs.map(|x| index_of(x, count));
        let [bottom, top] = ys.map(|y| index_of(y, count).clamp(0, count - 1));
        // Around the whole map each column comes once.
        (first..=last.min(first + count - 1), bottom..=top)
    };
    let few = |coarse: &u32| {
        let (columns, rows) = span(*coarse);
        columns.end() - columns.start() < COVER_MAX && rows.end() - rows.start() < COVER_MAX
    };
    let fine = LEVELS[level];
    let coarse = (0..=fine).rev().find(few).unwrap_or(0);
    let (columns, rows) = span(coarse);
    for column in columns {
        let column = column.rem_euclid(1 << coarse);
        for row in rows.clone() {
            let shift = fine - coarse;
            let first = number(level, column << shift, row << shift);
            intervals.push([first, first + (1 << (2 * shift)) - 1]);
        }
    }
}

fn size_of(level: u32) -> f64 {
    1.0 / f64::from(1_u32 << level)
}

fn index_of(share: f64, count: i64) -> i64 {
    (share * count as f64).floor() as i64
}

fn number(level: usize, column: i64, row: i64) -> i64 {
    ((level as i64) << 32) | spread(column) | (spread(row) << 1)
}

/// The bits of a number of 16 bits, a zero between each.
fn spread(number: i64) -> i64 {
    let mut bits = number;
    bits = (bits | (bits << 8)) & 0x00ff_00ff;
    bits = (bits | (bits << 4)) & 0x0f0f_0f0f;
    bits = (bits | (bits << 2)) & 0x3333_3333;
    (bits | (bits << 1)) & 0x5555_5555
}

#[cfg(test)]
mod tests;
