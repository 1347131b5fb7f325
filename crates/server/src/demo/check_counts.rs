//! Holds what analytics count to the books.

use moca_client::{AnalyticsQuery, Asked};
use moca_core::{experience::Target, limits::GROUPS_MAX};
use moca_wire::analytics::{AnalyticsAnswer, Group};

use super::{
    books::Count, checks::Checks, clock_text, drive::Tally, layout::Spot, scene::Scene,
    traveller::Day,
};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// A zone whose hours begin at half past those of UTC, which the demo's day does not fit into.
const HALF_PAST: (&str, i64) = ("Asia/Kolkata", HOUR_MS / 2);
const UTC: (&str, i64) = ("UTC", 0);

/// What was counted, as the API answers it.
pub(super) struct Counted {
    /// Active, new and returning users and visitors by the hour.
    pub(super) metrics: Vec<AnalyticsAnswer>,
    /// The visitors of the places, the most visited first.
    pub(super) places: Vec<(Spot, u64)>,
}

impl Scene {
    /// What the server said of the events it was sent.
    pub(super) fn check_tally(&self, tally: Tally, checks: &mut Checks) {
        let batches = || {
            self.travellers
                .iter()
                .flat_map(|traveller| &traveller.batches)
        };
        let events: usize = batches().map(|batch| batch.moments.len()).sum();
        let repeats = batches().filter(|batch| batch.twice);
        let repeats: usize = repeats.map(|batch| batch.moments.len()).sum();
        let what = || "events accepted".to_owned();
        checks.same(what, &(events as u64), &tally.accepted);
        let what = || "events known already".to_owned();
        checks.same(what, &(repeats as u64), &tally.duplicates);
    }

    /// Every count that analytics gives for the day.
    pub(super) async fn check_counts(&self, checks: &mut Checks) -> anyhow::Result<Counted> {
        let all = [
            ("active-users", Count::Active),
            ("new-users", Count::New),
            ("returning-users", Count::Returning),
            ("visitors", Count::Visitors(None)),
        ];
        let mut metrics = Vec::new();
        for (metric, count) in all {
            let answer = self.by_hour(metric, count, UTC, checks).await?;
            metrics.push(answer);
            self.by_hour(metric, count, HALF_PAST, checks).await?;
            self.two_days(metric, count, checks).await?;
        }
        for hub in &self.layout.hubs {
            let count = Count::Visitors(Some(Spot::Place(hub.airport)));
            self.by_hour("visitors", count, UTC, checks).await?;
        }
        let places = self.groups("place", checks).await?;
        self.groups("zone", checks).await?;
        self.groups("beacon", checks).await?;
        Ok(Counted { metrics, places })
    }

    fn query(&self, metric: &'static str) -> AnalyticsQuery {
        AnalyticsQuery {
            metric,
            asked: Asked {
                app_id: self.world.app_id,
                from: self.day.from_ms,
                to: self.day.to_ms,
                interval: "none",
                time_zone: None,
                group_by: None,
            },
            target: None,
        }
    }

    async fn by_hour(
        &self,
        metric: &'static str,
        count: Count,
        (zone, offset_ms): (&str, i64),
        checks: &mut Checks,
    ) -> anyhow::Result<AnalyticsAnswer> {
        let target = match count {
            Count::Visitors(Some(spot)) => Some(self.group(spot)),
            _ => None,
        };
        let mut query = self.query(metric);
        query.asked.interval = "hour";
        query.asked.time_zone = Some(zone.to_owned());
        query.target = target;
        let answer = self.client.analytics(&query).await?;
        let Day { from_ms, to_ms, .. } = self.day;
        let name = || match count {
            Count::Visitors(Some(spot)) => format!("{metric} of {}", self.name(spot)),
            _ => metric.to_owned(),
        };
        let total = self.books.count(count, from_ms, to_ms);
        checks.same(|| format!("{} of the day", name()), &total, &answer.total);
        let mut buckets = answer.buckets.iter();
        let mut start = from_ms - offset_ms;
        while start < to_ms {
            let end = start + HOUR_MS;
            let value = self.books.count(count, start.max(from_ms), end.min(to_ms));
            let answered = buckets.next().map(|bucket| (bucket.start, bucket.value));
            let what = || format!("{} of the hour from {}", name(), clock_text(start));
            checks.same(what, &Some((start, value)), &answered);
            start = end;
        }
        let what = || format!("hours of {} beyond the day", name());
        checks.same(what, &0, &buckets.count());
        Ok(answer)
    }

    /// The day and the one before it, as one.
    async fn two_days(
        &self,
        metric: &'static str,
        count: Count,
        checks: &mut Checks,
    ) -> anyhow::Result<()> {
        let (from, to) = (self.day.from_ms - DAY_MS, self.day.to_ms);
        let mut query = self.query(metric);
        query.asked.from = from;
        let answer = self.client.analytics(&query).await?;
        let expected = self.books.count(count, from, to);
        let what = || format!("{metric} of two days");
        checks.same(what, &expected, &answer.total);
        Ok(())
    }

    /// The visitors of each place, zone or beacon.
    async fn groups(
        &self,
        kind: &'static str,
        checks: &mut Checks,
    ) -> anyhow::Result<Vec<(Spot, u64)>> {
        let mut query = self.query("visitors");
        query.asked.group_by = Some(kind);
        let answer = self.client.analytics(&query).await?;
        let mut expected = self.books.visitors(self.day.from_ms, self.day.to_ms);
        expected.retain(|spot, _| kind_of(*spot) == kind);
        let mut visitors = Vec::new();
        let mut least = u64::MAX;
        for group in answer.groups.iter().flatten() {
            let Some(spot) = self.spot(group.group) else {
                let what = || format!("visitors by {kind}");
                checks.same(what, &None, &Some(group.group));
                continue;
            };
            let value = expected.remove(&spot).unwrap_or(0);
            checks.same(
                || format!("visitors of {}", self.name(spot)),
                &value,
                &group.value,
            );
            let what = || format!("{} comes after less visited ones", self.name(spot));
            checks.same(what, &true, &(group.value <= least));
            least = group.value;
            visitors.push((spot, group.value));
        }
        let cut_off = answer
            .groups
            .is_some_and(|groups| groups.len() >= GROUPS_MAX);
        for (spot, value) in expected {
            // Only the most visited are answered; the others must not have more.
            let answered = if cut_off && value <= least { value } else { 0 };
            checks.same(
                || format!("visitors of {}", self.name(spot)),
                &value,
                &answered,
            );
        }
        Ok(visitors)
    }

    fn group(&self, spot: Spot) -> Group {
        match spot {
            Spot::Place(index) => Target::Place(self.world.places[index]).into(),
            Spot::Zone(index) => Target::Zone(self.world.zones[index]).into(),
            Spot::Beacon(index) => Target::Beacon(self.world.beacons[index]).into(),
        }
    }

    fn spot(&self, group: Group) -> Option<Spot> {
        let world = &self.world;
        match group {
            Group::Place(id) => world
                .places
                .iter()
                .position(|one| *one == id)
                .map(Spot::Place),
            Group::Zone(id) => world
                .zones
                .iter()
                .position(|one| *one == id)
                .map(Spot::Zone),
            Group::Beacon(id) => world
                .beacons
                .iter()
                .position(|one| *one == id)
                .map(Spot::Beacon),
        }
    }

    fn name(&self, spot: Spot) -> String {
        let airport = &self.layout.airports[self.layout.airport_of(spot)];
        match spot {
            Spot::Place(_) => airport.name.clone(),
            Spot::Zone(zone) => format!("{}, {}", self.layout.zones[zone].name, airport.name),
            Spot::Beacon(beacon) => self.layout.beacons[beacon].name.clone(),
        }
    }
}

fn kind_of(spot: Spot) -> &'static str {
    match spot {
        Spot::Place(_) => "place",
        Spot::Zone(_) => "zone",
        Spot::Beacon(_) => "beacon",
    }
}
