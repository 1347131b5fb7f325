//! Calendar time: IANA zones and the buckets of an analytics range.

/// An IANA time zone.
#[derive(Debug, Clone)]
pub struct Zone(pub jiff::tz::TimeZone);

impl Zone {
    /// The zone with this IANA name, from the data built into the program.
    pub fn named(_name: &str) -> Option<Self> {
        todo!()
    }
}

/// The width of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    /// Local clock hours.
    Hour,
    /// Local days.
    Day,
    /// Local weeks, from Monday (ISO 8601).
    Week,
    /// Local months.
    Month,
    /// One bucket for the whole range.
    None,
}

/// A half-open stretch of time, ms since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// First moment inside.
    pub from: i64,
    /// First moment after.
    pub to: i64,
}

/// A bucket of an analytics answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// The calendar boundary it starts at (may lie before the range).
    pub start: i64,
    /// The part of the range it covers.
    pub covers: Range,
}

/// The buckets of `range`, gapless and in order; `None` when they would be more than `max`.
pub fn buckets(
    _range: Range,
    _interval: Interval,
    _zone: &Zone,
    _max: usize,
) -> Option<Vec<Bucket>> {
    todo!()
}
