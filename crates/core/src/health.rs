//! The health of a beacon, from what devices see of it: when it was seen last, how often in a week,
//! and when its battery will be empty.
//!
//! All of it follows event time. Sightings are counted by the hour, so that a rolling week is exact to
//! the hour. Batteries are told in whole percent by devices that do not agree with each other, so each
//! day counts by the median of what was told on it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Hours of the rolling week, the one at hand included.
const WEEK_HOURS: i64 = 7 * 24;
/// Days of which readings are kept: a battery lasts for months.
const DAYS_KEPT: i64 = 180;
/// Days with readings, and days between the first and the last, that a forecast takes.
const FORECAST_DAYS: usize = 7;
/// Percent that the battery must have lost: less is within what readings differ by.
const FORECAST_LOSS: f64 = 3.0;
/// Percent by which a battery that was changed is fuller than it was.
const CHANGED_PERCENT: f64 = 20.0;
/// Days ahead beyond which a forecast says nothing: no battery of a beacon lasts that long.
const FORECAST_DAYS_MAX: f64 = 3_650.0;

/// What is kept of the sightings of one beacon.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeaconHealth {
    /// Event time of the newest sighting, ms since 1970; 0 before the first.
    newest_at: i64,
    /// Sightings by the hour since 1970, for the week before the newest.
    hours: BTreeMap<i64, u64>,
    /// Battery readings by the day since 1970 (UTC): how often each percentage was told.
    days: BTreeMap<i64, BTreeMap<u8, u64>>,
}

impl BeaconHealth {
    /// Takes in a sighting.
    pub fn sight(&mut self, at_ms: i64, battery_percent: Option<u8>) {
        self.newest_at = self.newest_at.max(at_ms);
        *self.hours.entry(at_ms.div_euclid(HOUR_MS)).or_default() += 1;
        if let Some(percent) = battery_percent {
            let day = self.days.entry(at_ms.div_euclid(DAY_MS)).or_default();
            *day.entry(percent).or_default() += 1;
        }
        // Old ones that came late go at once.
        let oldest_hour = self.newest_at.div_euclid(HOUR_MS) - WEEK_HOURS + 1;
        forget_before(&mut self.hours, oldest_hour);
        let oldest_day = self.newest_at.div_euclid(DAY_MS) - DAYS_KEPT + 1;
        forget_before(&mut self.days, oldest_day);
    }

    /// Event time of the newest sighting, ms since 1970.
    pub fn last_seen_at(&self) -> Option<i64> {
        (self.newest_at > 0).then_some(self.newest_at)
    }

    /// Sightings in the seven days before `now_ms`, by whole hours, the one at hand included.
    pub fn sightings_7d(&self, now_ms: i64) -> u64 {
        let now = now_ms.div_euclid(HOUR_MS);
        let week = self.hours.range(now - WEEK_HOURS + 1..=now);
        week.map(|(_, count)| count).sum()
    }

    /// The median of the battery readings of the newest day that has some.
    pub fn battery_percent(&self) -> Option<f64> {
        self.days.values().next_back().map(median_of_counts)
    }

    /// When the battery will be empty, ms since 1970: where a line through the medians of the days
    /// reaches 0. The line is that of Theil and Sen, the median of the slopes between all pairs of
    /// days: up to a quarter of the days may be wrong by any amount without moving it far. `None`
    /// until there are seven days with readings, a week apart, and a loss of three percent.
    pub fn battery_depleted_at(&self) -> Option<i64> {
        let points = self.since_changed();
        let (first, last) = (points.first()?, points.last()?);
        let days_between = last.0 - first.0;
        if points.len() < FORECAST_DAYS || days_between < (FORECAST_DAYS - 1) as f64 {
            return None;
        }
        let slope = slope(&points)?;
        if -slope * days_between < FORECAST_LOSS {
            return None;
        }
        let mut heights: Vec<f64> = points.iter().map(|(x, y)| y - slope * x).collect();
        let empty = -median(&mut heights)? / slope;
        if empty - last.0 > FORECAST_DAYS_MAX {
            return None;
        }
        // A beacon that was seen on a day was not empty before.
        Some((empty.max(last.0) * DAY_MS as f64) as i64)
    }

    /// Day and median of the days since the battery was last changed. A day counts at its noon.
    fn since_changed(&self) -> Vec<(f64, f64)> {
        let days = self.days.iter();
        let points: Vec<(f64, f64)> = days
            .map(|(day, readings)| (*day as f64 + 0.5, median_of_counts(readings)))
            .collect();
        let changed = (1..points.len()).rev().find(|at| is_changed(&points, *at));
        points[changed.unwrap_or(0)..].to_vec()
    }
}

fn forget_before<T>(kept: &mut BTreeMap<i64, T>, oldest: i64) {
    while kept
        .first_key_value()
        .is_some_and(|(index, _)| *index < oldest)
    {
        kept.pop_first();
    }
}

/// Whether the battery is a fuller one from this day on: three days are compared with the three
/// before, so that one wrong day is no change.
fn is_changed(points: &[(f64, f64)], at: usize) -> bool {
    let level = |points: &[(f64, f64)]| {
        let mut percents: Vec<f64> = points.iter().map(|(_, percent)| *percent).collect();
        median(&mut percents)
    };
    let before = level(&points[at.saturating_sub(3)..at]);
    let after = points.get(at..at + 3).and_then(level);
    matches!((before, after), (Some(before), Some(after)) if after - before >= CHANGED_PERCENT)
}

/// The median of the slopes between all pairs of points.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let mut slopes = Vec::with_capacity(points.len() * points.len() / 2);
    for (index, (x1, y1)) in points.iter().enumerate() {
        slopes.extend(
            points[index + 1..]
                .iter()
                .map(|(x2, y2)| (y2 - y1) / (x2 - x1)),
        );
    }
    median(&mut slopes)
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = *values.get((values.len() - 1) / 2)?;
    Some((lower + upper) / 2.0)
}

/// The median of values that occur so often.
fn median_of_counts(counts: &BTreeMap<u8, u64>) -> f64 {
    let total: u64 = counts.values().sum();
    let at = |index: u64| {
        let mut passed = 0;
        for (value, count) in counts {
            passed += count;
            if passed > index {
                return f64::from(*value);
            }
        }
        0.0
    };
    (at(total.saturating_sub(1) / 2) + at(total / 2)) / 2.0
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
