//! Analytics: exact distinct counts.

use moca_core::{
    experience::{Target, TargetKind},
    id::AppId,
    limits::{BUCKETS_MAX, GROUPS_MAX, RANGE_MS_MAX},
    metric::Metric,
    time::{Bucket, Interval, Range, Zone, buckets},
};
use moca_engine::CountQuery;
use moca_wire::{
    analytics::{AnalyticsAnswer, BucketCount, GroupCount},
    problem::Code,
};

use super::{decisions::require_app, sensitive};
use crate::{call::Call, failure::Failure, query::Query, reply::Reply};

/// The words of `interval`.
pub(crate) const INTERVALS: &[&str] = &["hour", "day", "week", "month", "none"];
/// The words of `groupBy`.
pub(crate) const GROUPS: &[&str] = &["place", "zone", "beacon"];

/// `GET /v2/analytics/…`
pub(crate) async fn count(call: &Call, metric: Metric) -> Result<Reply, Failure> {
    let query = call.query();
    let app_id = require_app(call).await?;
    let cut = cut(call).await?;
    let target = target(query)?;
    if let Some((target, parameter)) = target {
        let account_id = call.principal.account_id;
        let mut tx = call.state().control.read().await?;
        if !sensitive::among(&mut tx, account_id, &[target])
            .await?
            .is_empty()
        {
            return Err(sensitive::refusal(parameter));
        }
    }
    let asked = CountQuery {
        app_id,
        metric,
        target: target.map(|(target, _)| target),
    };
    // The last of the ranges is the whole one: its count is no sum of the others.
    let mut ranges = cut.ranges();
    ranges.push(cut.range);
    let mut counts = call.state().engine.count(&asked, &ranges).await?;
    let total = counts.pop().unwrap_or(0);
    let values = cut.buckets.iter().zip(counts);
    Reply::ok(&AnalyticsAnswer {
        metric: name(metric).to_owned(),
        interval: cut.interval.to_owned(),
        time_zone: cut.time_zone,
        from: cut.range.from,
        to: cut.range.to,
        total,
        buckets: values
            .map(|(bucket, value)| BucketCount {
                start: bucket.start,
                value,
            })
            .collect(),
        groups: groups(call, app_id, cut.range).await?,
    })
}

async fn groups(
    call: &Call,
    app_id: AppId,
    range: Range,
) -> Result<Option<Vec<GroupCount>>, Failure> {
    let kind = match call.query().text("groupBy") {
        None => return Ok(None),
        Some("place") => TargetKind::Place,
        Some("zone") => TargetKind::Zone,
        Some(_) => TargetKind::Beacon,
    };
    let engine = &call.state().engine;
    let found = engine.visitors_by_target(app_id, kind, range).await?;
    let mut groups = Vec::new();
    let account_id = call.principal.account_id;
    let mut tx = call.state().control.read().await?;
    // Most accounts have few sensitive places: the first part is enough for them.
    for part in found.chunks(GROUPS_MAX) {
        let targets: Vec<Target> = part.iter().map(|(target, _)| *target).collect();
        let sensitive = sensitive::among(&mut tx, account_id, &targets).await?;
        let told = part.iter().filter(|(it, _)| !sensitive.contains(it));
        groups.extend(told.map(|(target, value)| GroupCount {
            group: (*target).into(),
            value: *value,
        }));
        if groups.len() >= GROUPS_MAX {
            groups.truncate(GROUPS_MAX);
            break;
        }
    }
    Ok(Some(groups))
}

const fn name(metric: Metric) -> &'static str {
    match metric {
        Metric::ActiveUsers => "active-users",
        Metric::NewUsers => "new-users",
        Metric::ReturningUsers => "returning-users",
        Metric::Visitors => "visitors",
    }
}

/// The range that is asked about, cut into buckets.
pub(super) struct Cut<'c> {
    pub(super) range: Range,
    /// The word for the length of a bucket.
    pub(super) interval: &'c str,
    /// The name of the zone whose calendar cuts.
    pub(super) time_zone: String,
    pub(super) buckets: Vec<Bucket>,
}

impl Cut<'_> {
    /// The part of the range that each bucket covers.
    pub(super) fn ranges(&self) -> Vec<Range> {
        self.buckets.iter().map(|bucket| bucket.covers).collect()
    }
}

/// Reads `from`, `to`, `interval` and `timeZone`.
pub(super) async fn cut(call: &Call) -> Result<Cut<'_>, Failure> {
    let query = call.query();
    let range = range(query)?;
    let (time_zone, zone) = zone(call).await?;
    let word = query.text("interval").unwrap_or("day");
    let buckets = buckets(range, interval(word), &zone, BUCKETS_MAX).ok_or_else(|| {
        wrong(format!(
            "interval cuts the range into more than {BUCKETS_MAX} buckets: choose a wider one"
        ))
    })?;
    Ok(Cut {
        range,
        interval: word,
        time_zone,
        buckets,
    })
}

fn interval(word: &str) -> Interval {
    match word {
        "hour" => Interval::Hour,
        "week" => Interval::Week,
        "month" => Interval::Month,
        "none" => Interval::None,
        _ => Interval::Day,
    }
}

fn range(query: &Query) -> Result<Range, Failure> {
    let (Some(from), Some(to)) = (query.integer("from"), query.integer("to")) else {
        return Err(wrong("from and to are required".into()));
    };
    if from >= to {
        return Err(wrong("to must be after from".into()));
    }
    if to - from > RANGE_MS_MAX {
        return Err(wrong(format!("to is at most {RANGE_MS_MAX} ms after from")));
    }
    Ok(Range { from, to })
}

/// The time zone asked for, else the account's.
async fn zone(call: &Call) -> Result<(String, Zone), Failure> {
    let name = match call.query().text("timeZone") {
        Some(name) => name.to_owned(),
        None => {
            let mut tx = call.state().control.read().await?;
            let account = tx.account(call.principal.account_id).await?;
            account.map_or_else(|| "UTC".to_owned(), |account| account.config.time_zone)
        }
    };
    match Zone::named(&name) {
        Some(zone) => Ok((name, zone)),
        None => Err(Failure::internal("a stored time zone is unknown", name)),
    }
}

/// What to count at, with the parameter that says so.
fn target(query: &Query) -> Result<Option<(Target, &'static str)>, Failure> {
    let (place, zone, beacon) = ("placeId", "zoneId", "beaconId");
    let targets: Vec<(Target, &str)> = [
        query.id(place).map(|id| (Target::Place(id), place)),
        query.id(zone).map(|id| (Target::Zone(id), zone)),
        query.id(beacon).map(|id| (Target::Beacon(id), beacon)),
    ]
    .into_iter()
    .flatten()
    .collect();
    match (targets.as_slice(), query.text("groupBy")) {
        ([], _) => Ok(None),
        ([target], None) => Ok(Some(*target)),
        _ => Err(wrong(
            "placeId, zoneId, beaconId and groupBy exclude each other: give one of them".into(),
        )),
    }
}

fn wrong(detail: String) -> Failure {
    Failure::new(Code::InvalidParameter, detail)
}
