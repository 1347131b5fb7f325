use proptest::prelude::*;

use super::*;
use crate::samples::MONDAY;

/// Readings of days one after the other from [`MONDAY`], at noon.
fn read_daily(percents: impl IntoIterator<Item = u8>) -> BeaconHealth {
    let mut health = BeaconHealth::default();
    for (day, percent) in percents.into_iter().enumerate() {
        health.sight(MONDAY + day as i64 * DAY_MS + DAY_MS / 2, Some(percent));
    }
    health
}

fn days_from_monday(health: &BeaconHealth) -> Option<f64> {
    let at = health.battery_depleted_at()?;
    Some((at - MONDAY) as f64 / DAY_MS as f64)
}

#[test]
fn a_steady_decline_is_continued() {
    // 100 % at noon of day 0, 1 % less a day: empty at noon of day 100.
    let health = read_daily((0..30).map(|day| 100 - day));
    assert_eq!(days_from_monday(&health), Some(100.5));
    assert_eq!(health.battery_percent(), Some(71.0));
}

#[test]
fn a_few_wrong_days_do_not_move_the_forecast_far() {
    let wrong = [(3, 0), (11, 12), (17, 3), (20, 55), (26, 0)];
    let health = read_daily((0..30).map(|day| {
        let other = wrong.iter().find(|(wrong, _)| *wrong == day);
        other.map_or(100 - day, |(_, percent)| *percent)
    }));
    let forecast = days_from_monday(&health).unwrap();
    assert!((forecast - 100.5).abs() < 8.0, "{forecast}");
    let health = read_daily((0..30).map(|day| if day % 6 == 5 { 90 - day } else { 100 - day }));
    let forecast = days_from_monday(&health).unwrap();
    assert!((forecast - 100.5).abs() < 5.0, "{forecast}");
}

#[test]
fn nothing_is_forecast_without_enough_of_a_decline() {
    for percents in [
        vec![],
        vec![100],
        vec![100, 90, 80, 70, 60, 50],
        vec![80; 60],
        vec![80, 80, 80, 80, 79, 79, 78],
        vec![50, 51, 53, 55, 57, 60, 61, 64],
    ] {
        let health = read_daily(percents.clone());
        assert_eq!(health.battery_depleted_at(), None, "{percents:?}");
    }
    assert!(
        read_daily([80, 80, 79, 79, 78, 77, 77, 76])
            .battery_depleted_at()
            .is_some()
    );
}

#[test]
fn a_new_battery_begins_anew() {
    let mut percents: Vec<u8> = (0..40).map(|day| 60 - day).collect();
    percents.extend((0..20).map(|day| 100 - day));
    let health = read_daily(percents);
    assert_eq!(days_from_monday(&health), Some(140.5));
}

#[test]
fn a_battery_that_should_be_empty_but_is_not_is_so_now() {
    let mut percents: Vec<u8> = (0..20).map(|day| 100 - 5 * day).collect();
    percents.extend([1, 1, 1]);
    let health = read_daily(percents);
    assert!(days_from_monday(&health).unwrap() >= 22.5);
}

#[test]
fn a_day_counts_by_the_median_of_its_readings() {
    let mut health = BeaconHealth::default();
    for percent in [90, 90, 91, 12] {
        health.sight(MONDAY, Some(percent));
    }
    assert_eq!(health.battery_percent(), Some(90.0));
    health.sight(MONDAY + 1, Some(92));
    health.sight(MONDAY + 2, Some(92));
    assert_eq!(health.battery_percent(), Some(90.5));
    // A sighting without a reading, and an older day that comes late, change nothing.
    health.sight(MONDAY + DAY_MS, None);
    health.sight(MONDAY - DAY_MS, Some(5));
    assert_eq!(health.battery_percent(), Some(90.5));
}

proptest! {
    #[test]
    fn a_week_of_sightings_is_counted_by_the_hour(
        offsets in prop::collection::vec(0i64..20 * 24 * 60, 0..200),
        later in 0i64..10 * 24 * 60,
    ) {
        let minute = 60_000;
        let mut health = BeaconHealth::default();
        for offset in &offsets {
            health.sight(MONDAY + offset * minute, None);
        }
        let now = health.last_seen_at().unwrap_or(MONDAY) + later * minute;
        let hour = |at: i64| at.div_euclid(HOUR_MS);
        let expected = offsets.iter().filter(|offset| {
            let ago = hour(now) - hour(MONDAY + **offset * minute);
            (0..WEEK_HOURS).contains(&ago)
        });
        prop_assert_eq!(health.sightings_7d(now), expected.count() as u64);
    }
}
