//! How soon an experience may fire again.

use serde::{Deserialize, Serialize};

use crate::time::{Interval, Zone};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

macro_rules! repeats {
    ($($name:ident,)*) => {
        /// The 21 documented values of `config.repeat`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "the names are the documentation")]
        pub enum Repeat { $($name,)* }

        impl Repeat {
            /// All values, as documented.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word used in the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
    };
}

repeats! {
    Immediately,
    Never,
    After1Min,
    After3Min,
    After5Min,
    After15Min,
    After30Min,
    After1Hour,
    After2Hours,
    After4Hours,
    After8Hours,
    After12Hours,
    After24Hours,
    NextDay,
    After2Days,
    After3Days,
    After5Days,
    NextWeek,
    After2Weeks,
    NextMonth,
    After2Months,
}

impl Repeat {
    /// The value with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|repeat| repeat.as_str() == word)
    }

    /// Whether it goes by the local calendar, and so by where the device is.
    pub const fn goes_by_calendar(self) -> bool {
        matches!(self, Self::NextDay | Self::NextWeek | Self::NextMonth)
    }

    /// The first instant at which an experience that fired at `last_at` may fire again; `None` for
    /// never.
    ///
    /// `After…` are rolling lengths of time, a month being 30 days. `NextDay`, `NextWeek` (Monday)
    /// and `NextMonth` are the next boundary of the local calendar.
    pub fn next_at(self, last_at: i64, zone: &Zone) -> Option<i64> {
        let wait_ms = match self {
            Self::Never => return None,
            Self::NextDay => return Some(zone.next_start(last_at, Interval::Day)),
            Self::NextWeek => return Some(zone.next_start(last_at, Interval::Week)),
            Self::NextMonth => return Some(zone.next_start(last_at, Interval::Month)),
            Self::Immediately => 0,
            Self::After1Min => MINUTE_MS,
            Self::After3Min => 3 * MINUTE_MS,
            Self::After5Min => 5 * MINUTE_MS,
            Self::After15Min => 15 * MINUTE_MS,
            Self::After30Min => 30 * MINUTE_MS,
            Self::After1Hour => HOUR_MS,
            Self::After2Hours => 2 * HOUR_MS,
            Self::After4Hours => 4 * HOUR_MS,
            Self::After8Hours => 8 * HOUR_MS,
            Self::After12Hours => 12 * HOUR_MS,
            Self::After24Hours => DAY_MS,
            Self::After2Days => 2 * DAY_MS,
            Self::After3Days => 3 * DAY_MS,
            Self::After5Days => 5 * DAY_MS,
            Self::After2Weeks => 14 * DAY_MS,
            Self::After2Months => 60 * DAY_MS,
        };
        Some(last_at + wait_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_21_values_and_each_reads_back() {
        assert_eq!(Repeat::ALL.len(), 21);
        for repeat in Repeat::ALL {
            assert_eq!(Repeat::parse(repeat.as_str()), Some(*repeat));
        }
        assert_eq!(Repeat::parse("Sometimes"), None);
    }

    #[test]
    fn calendar_values_go_by_the_local_calendar() {
        // Thursday 26 November 2026, 23:30 in Madrid, is 22:30 UTC.
        let last_at = 1_795_732_200_000;
        let madrid = Zone::named("Europe/Madrid").unwrap();
        let half_hour = 30 * MINUTE_MS;
        assert_eq!(
            Repeat::NextDay.next_at(last_at, &madrid),
            Some(last_at + half_hour)
        );
        assert_eq!(
            Repeat::NextWeek.next_at(last_at, &madrid),
            Some(last_at + half_hour + 3 * DAY_MS)
        );
        assert_eq!(
            Repeat::NextMonth.next_at(last_at, &madrid),
            Some(last_at + half_hour + 4 * DAY_MS)
        );
        assert_eq!(
            Repeat::NextDay.next_at(last_at, &Zone::utc()),
            Some(last_at + half_hour + HOUR_MS)
        );
    }

    #[test]
    fn rolling_values_wait_their_length_and_never_never_ends() {
        let zone = Zone::utc();
        assert_eq!(Repeat::Immediately.next_at(5, &zone), Some(5));
        assert_eq!(Repeat::After24Hours.next_at(5, &zone), Some(5 + DAY_MS));
        assert_eq!(
            Repeat::After2Months.next_at(5, &zone),
            Some(5 + 60 * DAY_MS)
        );
        assert_eq!(Repeat::Never.next_at(5, &zone), None);
    }
}
