//! What is counted, and how a range is cut into the stored sets.

use crate::time::Range;

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

/// Cuts a range into the fewest pieces.
pub fn pieces(_range: Range) -> Vec<Piece> {
    todo!()
}
