//! What is counted, and how a range is cut into the stored sets.

use crate::time::Range;

const QUARTER_MS: i64 = 900_000;

/// The distinct counts of analytics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Instances with at least one event.
    ActiveUsers,
    /// Instances whose first ever event falls in the bucket.
    NewUsers,
    /// Active and not new.
    ReturningUsers,
    /// Instances that entered the place, zone or beacon.
    Visitors,
}

/// The widths of stored sets, the widest first; each a multiple of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// 24 hours of UTC.
    Day,
    /// An hour.
    Hour,
    /// 15 minutes: every time zone of today has an offset that is a multiple of it.
    Quarter,
}

impl Level {
    /// All levels, the widest first.
    pub const ALL: [Self; 3] = [Self::Day, Self::Hour, Self::Quarter];

    /// Milliseconds of one set.
    pub const fn width_ms(self) -> i64 {
        match self {
            Self::Day => 96 * QUARTER_MS,
            Self::Hour => 4 * QUARTER_MS,
            Self::Quarter => QUARTER_MS,
        }
    }

    /// The index, counted from 1970, of the set that holds an instant.
    pub const fn index_of(self, at_ms: i64) -> i64 {
        at_ms.div_euclid(self.width_ms())
    }
}

/// A piece of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// One whole stored set, by its index since 1970.
    Whole(Level, i64),
    /// A part of a quarter hour, to be answered from the moments themselves.
    Part {
        /// The quarter.
        quarter: i64,
        /// The part of it.
        range: Range,
    },
}

impl Piece {
    /// The stretch of time it stands for.
    pub const fn range(&self) -> Range {
        match *self {
            Self::Whole(level, index) => Range {
                from: index * level.width_ms(),
                to: (index + 1) * level.width_ms(),
            },
            Self::Part { range, .. } => range,
        }
    }
}

/// Cuts a range into the fewest pieces, in order.
pub fn pieces(range: Range) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut from = range.from;
    while from < range.to {
        let piece = widest_at(from, range.to);
        from = piece.range().to;
        pieces.push(piece);
    }
    pieces
}

/// The widest piece that starts at `from` and ends at or before `to`.
fn widest_at(from: i64, to: i64) -> Piece {
    for level in Level::ALL {
        let width_ms = level.width_ms();
        if from % width_ms == 0 && to - from >= width_ms {
            return Piece::Whole(level, level.index_of(from));
        }
    }
    let quarter = Level::Quarter.index_of(from);
    let end = (quarter + 1) * QUARTER_MS;
    Piece::Part {
        quarter,
        range: Range {
            from,
            to: end.min(to),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_whole_day_of_utc_is_one_piece() {
        let day = Level::Day.width_ms();
        assert_eq!(
            pieces(Range {
                from: 3 * day,
                to: 4 * day
            }),
            [Piece::Whole(Level::Day, 3)]
        );
        assert_eq!(pieces(Range { from: day, to: day }), []);
    }

    proptest! {
        #[test]
        fn pieces_tile_the_range_and_are_few(
            from in -1_000_000_000i64..1_900_000_000_000,
            length in 1i64..40_000_000_000,
        ) {
            let range = Range { from, to: from + length };
            let pieces = pieces(range);
            let mut at = from;
            let mut parts = 0;
            for piece in &pieces {
                prop_assert_eq!(piece.range().from, at);
                at = piece.range().to;
                parts += usize::from(matches!(piece, Piece::Part { .. }));
            }
            prop_assert_eq!(at, range.to);
            prop_assert!(parts <= 2);
            let days = usize::try_from(length / Level::Day.width_ms()).unwrap();
            prop_assert!(pieces.len() <= days + 2 * (23 + 3) + 2, "{} pieces", pieces.len());
        }
    }
}
