//! Calendar time: IANA zones and the buckets of an analytics range.

use std::sync::LazyLock;

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Weekday},
    tz::{TimeZone, TimeZoneDatabase},
};

const HOUR_MS: i64 = 3_600_000;

/// The IANA data built into the program: every installation answers alike.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// An IANA time zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone with this IANA name, spelled as IANA spells it.
    pub fn named(name: &str) -> Option<Self> {
        let zone = DATABASE.get(name).ok()?;
        (zone.iana_name() == Some(name)).then_some(Self(zone))
    }

    /// Coordinated Universal Time.
    pub const fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The local hour, 0..=23, and day, Sunday 1 to Saturday 7, of an instant.
    pub fn hour_and_day(&self, at_ms: i64) -> (i64, i64) {
        let local = self.0.to_datetime(timestamp(at_ms));
        let day = i64::from(local.weekday().to_sunday_one_offset());
        (i64::from(local.hour()), day)
    }

    /// The local date and time of an instant, as people write it down.
    pub fn written(&self, at_ms: i64) -> String {
        let local = self.0.to_datetime(timestamp(at_ms));
        local.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// First instant after `at_ms` at which a local day, week (Monday) or month begins.
    pub fn next_start(&self, at_ms: i64, interval: Interval) -> i64 {
        self.following(self.floor(at_ms, interval), interval)
    }

    /// The start of the calendar unit that holds an instant; the instant itself for `None`.
    fn floor(&self, at_ms: i64, interval: Interval) -> i64 {
        match interval {
            Interval::None => at_ms,
            Interval::Hour => {
                let start = at_ms - (at_ms + self.offset_ms(at_ms)).rem_euclid(HOUR_MS);
                // A change of offset within the hour starts a bucket of its own.
                let changed = self.0.preceding(timestamp(at_ms + 1)).next();
                changed.map_or(start, |change| {
                    start.max(change.timestamp().as_millisecond())
                })
            }
            Interval::Day | Interval::Week | Interval::Month => {
                // Around a change of offset at midnight the local date can be one ahead or behind.
                let mut date = first_of(self.0.to_datetime(timestamp(at_ms)).date(), interval);
                while self.start_of(date) > at_ms {
                    date = first_of(date.saturating_sub(1.day()), interval);
                }
                let mut start = self.start_of(date);
                loop {
                    let next = self.start_of(next_of(date, interval));
                    if next > at_ms || next <= start {
                        return start;
                    }
                    (date, start) = (next_of(date, interval), next);
                }
            }
        }
    }

    /// The start of the unit after the one that starts at `start`.
    fn following(&self, start: i64, interval: Interval) -> i64 {
        match interval {
            Interval::None => i64::MAX,
            Interval::Hour => {
                let into_hour = (start + self.offset_ms(start)).rem_euclid(HOUR_MS);
                let next = start + HOUR_MS - into_hour;
                let change = self.0.following(timestamp(start)).next();
                change.map_or(next, |change| next.min(change.timestamp().as_millisecond()))
            }
            Interval::Day | Interval::Week | Interval::Month => {
                let mut date = first_of(self.0.to_datetime(timestamp(start)).date(), interval);
                loop {
                    date = next_of(date, interval);
                    // A day that a zone skipped altogether has no bucket.
                    let next = self.start_of(date);
                    if next > start || date == Date::MAX {
                        return next;
                    }
                }
            }
        }
    }

    fn offset_ms(&self, at_ms: i64) -> i64 {
        i64::from(self.0.to_offset(timestamp(at_ms)).seconds()) * 1_000
    }

    /// First instant of a local date.
    fn start_of(&self, date: Date) -> i64 {
        date.to_zoned_datetime(self.0.clone())
            .and_then(|midnight| midnight.start_of_day())
            .map_or(i64::MAX, |start| start.timestamp().as_millisecond())
    }
}

fn timestamp(at_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at_ms).unwrap_or(if at_ms < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// The first date of the unit that holds `date`.
fn first_of(date: Date, interval: Interval) -> Date {
    match interval {
        Interval::Week => {
            let days = date.weekday().since(Weekday::Monday);
            date.saturating_sub(i64::from(days).days())
        }
        Interval::Month => date.first_of_month(),
        Interval::Hour | Interval::Day | Interval::None => date,
    }
}

/// The first date of the next unit.
fn next_of(first: Date, interval: Interval) -> Date {
    match interval {
        Interval::Week => first.saturating_add(7.days()),
        Interval::Month => first.saturating_add(1.month()),
        Interval::Hour | Interval::Day | Interval::None => first.saturating_add(1.day()),
    }
}

/// The width of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    /// Hours of the local clock. An hour that the clock goes through twice is two buckets.
    Hour,
    /// Local days, of 23 or 25 hours when the offset changes.
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

/// A moment as RFC 3339 writes it in UTC, to the millisecond.
pub fn rfc3339(at_ms: i64) -> String {
    let written = timestamp(at_ms).strftime("%Y-%m-%dT%H:%M:%S.%3fZ");
    written.to_string()
}

/// The moment that a date of HTTP names, such as `Mon, 05 Jan 2026 12:00:00 GMT`; ms since 1970.
pub fn http_date(text: &str) -> Option<i64> {
    let parser = jiff::fmt::rfc2822::DateTimeParser::new();
    let at = parser.parse_timestamp(text.trim()).ok()?;
    Some(at.as_millisecond())
}

/// The buckets of `range`, gapless and in order; `None` when they would be more than `max`.
pub fn buckets(range: Range, interval: Interval, zone: &Zone, max: usize) -> Option<Vec<Bucket>> {
    let mut buckets = Vec::new();
    let mut start = zone.floor(range.from, interval);
    while start < range.to {
        if buckets.len() == max {
            return None;
        }
        let end = zone.following(start, interval);
        let covers = Range {
            from: start.max(range.from),
            to: end.min(range.to),
        };
        buckets.push(Bucket { start, covers });
        start = end;
    }
    Some(buckets)
}

#[cfg(test)]
mod tests;
