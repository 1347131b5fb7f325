//! What became of what was told.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde::Serialize;

/// Times until an answer are counted in classes, each so many times as long as the one before.
const CLASS_RATIO: f64 = 1.02;
/// The first class ends here.
const FIRST_CLASS: Duration = Duration::from_micros(50);
/// Up to nearly an hour.
const CLASSES: usize = 912;

/// Counts of all connections together.
#[derive(Debug)]
pub(super) struct Tally {
    began: Instant,
    counts: Mutex<Counts>,
}

#[derive(Debug, Clone)]
struct Counts {
    accepted: u64,
    duplicates: u64,
    rejected: u64,
    requests: u64,
    failed: u64,
    told_ms: i64,
    latencies: Vec<u64>,
}

/// The end of a fleet.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Devices that took part.
    pub devices: u64,
    /// Events the server took.
    pub accepted: u64,
    /// Events it knew already.
    pub duplicates: u64,
    /// Events it refused; each is a fault of the server or of the fleet.
    pub rejected: u64,
    /// Events that were not told in the end.
    pub untold: u64,
    /// Requests that were answered.
    pub requests: u64,
    /// Requests that were not, after all repeats; their events were told later.
    pub failed: u64,
    /// Seconds it took.
    pub seconds: f64,
    /// Events a second.
    pub events_per_second: f64,
    /// Milliseconds until the answer, half of the requests.
    pub p50_ms: f64,
    /// The same for 99 of 100.
    pub p99_ms: f64,
}

/// One answer.
pub(super) struct Told {
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    pub(super) rejected: u64,
    /// The moment that was told last, ms since 1970.
    pub(super) at_ms: i64,
    pub(super) latency: Duration,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            counts: Mutex::new(Counts {
                accepted: 0,
                duplicates: 0,
                rejected: 0,
                requests: 0,
                failed: 0,
                told_ms: i64::MIN,
                latencies: vec![0; CLASSES],
            }),
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, told: &Told) {
        let mut counts = self.counts();
        counts.accepted += told.accepted;
        counts.duplicates += told.duplicates;
        counts.rejected += told.rejected;
        counts.requests += 1;
        counts.told_ms = counts.told_ms.max(told.at_ms);
        counts.latencies[class(told.latency)] += 1;
    }

    pub(super) fn add_failure(&self) {
        self.counts().failed += 1;
    }

    /// The newest moment that was told.
    pub(super) fn told_ms(&self) -> Option<i64> {
        let told_ms = self.counts().told_ms;
        (told_ms > i64::MIN).then_some(told_ms)
    }

    pub(super) fn summary(&self, devices: usize, untold: usize) -> Summary {
        let counts = self.counts().clone();
        let seconds = self.began.elapsed().as_secs_f64();
        let events = counts.accepted + counts.duplicates;
        Summary {
            devices: devices as u64,
            accepted: counts.accepted,
            duplicates: counts.duplicates,
            rejected: counts.rejected,
            untold: untold as u64,
            requests: counts.requests,
            failed: counts.failed,
            seconds,
            events_per_second: events as f64 / seconds.max(0.001),
            p50_ms: quantile(&counts.latencies, 0.5),
            p99_ms: quantile(&counts.latencies, 0.99),
        }
    }
}

fn class(latency: Duration) -> usize {
    let times = latency.as_secs_f64() / FIRST_CLASS.as_secs_f64();
    let class = times.max(1.0).ln() / CLASS_RATIO.ln();
    (class.ceil() as usize).min(CLASSES - 1)
}

/// The end of the class below which this share lies, ms.
fn quantile(latencies: &[u64], share: f64) -> f64 {
    let total: u64 = latencies.iter().sum();
    let wanted = (total as f64 * share).ceil() as u64;
    let mut below = 0;
    let class = latencies.iter().position(|count| {
        below += count;
        below >= wanted
    });
    if total == 0 {
        return 0.0;
    }
    let first_ms = FIRST_CLASS.as_secs_f64() * 1_000.0;
    first_ms * CLASS_RATIO.powi(class.unwrap_or(0) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_a_class() {
        let mut latencies = vec![0; CLASSES];
        for ms in 1..=1_000 {
            latencies[class(Duration::from_millis(ms))] += 1;
        }
        for (share, exact) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1_000.0)] {
            let told = quantile(&latencies, share);
            assert!((exact..=exact * CLASS_RATIO).contains(&told), "{told}");
        }
        assert_eq!(quantile(&vec![0; CLASSES], 0.5), 0.0);
    }
}
