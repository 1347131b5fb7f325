//! Calendar buckets through changes of offset.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

const ZONES: [&str; 10] = [
    "UTC",
    "Europe/Madrid",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Havana",
    "Africa/Cairo",
    "Pacific/Chatham",
    "America/Sao_Paulo",
];

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap()
}

fn ms(zone: &str, year: i16, month: i8, day: i8, hour: i8) -> i64 {
    let local = date(year, month, day).at(hour, 0, 0, 0);
    local
        .to_zoned_datetime(self::zone(zone).0)
        .unwrap()
        .timestamp()
        .as_millisecond()
}

fn hours(range: Range, interval: Interval, zone: &Zone) -> Vec<i64> {
    let buckets = buckets(range, interval, zone, 1_000).unwrap();
    buckets
        .iter()
        .map(|bucket| (bucket.covers.to - bucket.covers.from) / HOUR_MS)
        .collect()
}

#[test]
fn zones_are_known_by_their_iana_names_only() {
    assert!(Zone::named("Europe/Madrid").is_some());
    assert!(Zone::named("UTC").is_some());
    for unknown in ["", "europe/madrid", "Mars/Olympus", "+02:00", "CEST"] {
        assert_eq!(Zone::named(unknown), None, "{unknown:?}");
    }
}

#[test]
fn days_have_23_and_25_hours_when_the_clock_changes() {
    let madrid = zone("Europe/Madrid");
    let spring = Range {
        from: ms("Europe/Madrid", 2026, 3, 28, 0),
        to: ms("Europe/Madrid", 2026, 3, 31, 0),
    };
    assert_eq!(hours(spring, Interval::Day, &madrid), [24, 23, 24]);
    let autumn = Range {
        from: ms("Europe/Madrid", 2026, 10, 24, 0),
        to: ms("Europe/Madrid", 2026, 10, 27, 0),
    };
    assert_eq!(hours(autumn, Interval::Day, &madrid), [24, 25, 24]);
    // The hour that comes twice is two buckets.
    assert_eq!(hours(autumn, Interval::Hour, &madrid), [1; 73]);
}

#[test]
fn a_skipped_day_has_no_bucket() {
    // Samoa went from 29 to 31 December 2011.
    let apia = zone("Pacific/Apia");
    let range = Range {
        from: ms("Pacific/Apia", 2011, 12, 28, 0),
        to: ms("Pacific/Apia", 2012, 1, 1, 0),
    };
    assert_eq!(hours(range, Interval::Day, &apia), [24, 24, 24]);
}

#[test]
fn a_change_by_half_an_hour_makes_a_short_hour() {
    // Lord Howe goes back from 02:00 to 01:30.
    let howe = zone("Australia/Lord_Howe");
    let range = Range {
        from: ms("Australia/Lord_Howe", 2026, 4, 5, 0),
        to: ms("Australia/Lord_Howe", 2026, 4, 5, 3),
    };
    let minutes: Vec<i64> = buckets(range, Interval::Hour, &howe, 10)
        .unwrap()
        .iter()
        .map(|bucket| (bucket.covers.to - bucket.covers.from) / 60_000)
        .collect();
    assert_eq!(minutes, [60, 60, 30, 60]);
}

#[test]
fn weeks_begin_on_monday_and_the_first_bucket_may_start_before_the_range() {
    let range = Range {
        from: ms("UTC", 2026, 11, 25, 7),
        to: ms("UTC", 2026, 12, 2, 0),
    };
    let buckets = buckets(range, Interval::Week, &Zone::utc(), 10).unwrap();
    assert_eq!(buckets[0].start, ms("UTC", 2026, 11, 23, 0));
    assert_eq!(buckets[0].covers.from, range.from);
    assert_eq!(buckets[1].start, ms("UTC", 2026, 11, 30, 0));
    assert_eq!(buckets.len(), 2);
}

#[test]
fn the_local_hour_and_day_of_an_instant() {
    let instant = ms("UTC", 2026, 11, 22, 23);
    assert_eq!(Zone::utc().hour_and_day(instant), (23, 1));
    assert_eq!(zone("Europe/Madrid").hour_and_day(instant), (0, 2));
}

#[test]
fn more_buckets_than_asked_for_are_not_made() {
    let range = Range {
        from: 0,
        to: i64::MAX / 2,
    };
    assert_eq!(buckets(range, Interval::Hour, &Zone::utc(), 1_000), None);
}

proptest! {
    #[test]
    fn buckets_tile_the_range(
        name in prop::sample::select(&ZONES[..]),
        from in 1_000_000_000_000i64..1_900_000_000_000,
        length in 1i64..(120 * 24 * HOUR_MS),
        interval in prop::sample::select(&[Interval::Hour, Interval::Day, Interval::Week, Interval::Month, Interval::None][..]),
    ) {
        let range = Range { from, to: from + length };
        let zone = zone(name);
        let buckets = buckets(range, interval, &zone, 100_000).unwrap();
        prop_assert!(buckets[0].start <= from);
        prop_assert_eq!(buckets[0].covers.from, from);
        prop_assert_eq!(buckets[buckets.len() - 1].covers.to, range.to);
        for pair in buckets.windows(2) {
            prop_assert_eq!(pair[0].covers.to, pair[1].covers.from);
            prop_assert_eq!(pair[1].start, pair[1].covers.from);
            prop_assert!(pair[0].covers.from < pair[0].covers.to);
        }
    }

    #[test]
    fn an_instant_lies_in_the_day_its_local_date_names(
        name in prop::sample::select(&ZONES[..]),
        at in 1_000_000_000_000i64..1_900_000_000_000,
    ) {
        let zone = zone(name);
        let start = zone.floor(at, Interval::Day);
        let end = zone.following(start, Interval::Day);
        prop_assert!(start <= at && at < end);
        let local = |at| zone.0.to_datetime(timestamp(at)).date();
        prop_assert_eq!(local(start), local(at));
    }
}
