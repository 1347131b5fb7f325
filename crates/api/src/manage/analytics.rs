//! Analytics: exact distinct counts.

use moca_core::{
    experience::{Target, TargetKind},
    id::AppId,
    limits::{BUCKETS_MAX, GROUPS_MAX, RANGE_MS_MAX},
    metric::Metric,
    time::{Interval, Range, Zone, buckets},
};
use moca_engine::CountQuery;
use moca_wire::{
    analytics::{AnalyticsAnswer, BucketCount, GroupCount},
    problem::Code,
};

use super::decisions::require_app;
use crate::{call::Call, failure::Failure, query::Query, reply::Reply};

/// The words of `interval`.
pub(crate) const INTERVALS: &[&str] = &["hour", "day", "week", "month", "none"];
/// The words of `groupBy`.
pub(crate) const GROUPS: &[&str] = &["place", "zone", "beacon"];

/// `GET /v2/analytics/…`
pub(crate) async fn count(call: &Call, metric: Metric) -> Result<Reply, Failure> {
    let query = call.query();
    let app_id = require_app(call).await?;
    let range = range(query)?;
    let (time_zone, zone) = zone(call).await?;
    let word = query.text("interval").unwrap_or("day");
    let interval = interval(word);
    let cut = buckets(range, interval, &zone, BUCKETS_MAX).ok_or_else(|| {
        wrong(format!(
            "interval cuts the range into more than {BUCKETS_MAX} buckets: choose a wider one"
        ))
    })?;
    let asked = CountQuery {
        app_id,
        metric,
        target: target(query)?,
    };
    // The last of the ranges is the whole one: its count is no sum of the others.
    let mut ranges: Vec<Range> = cut.iter().map(|bucket| bucket.covers).collect();
    ranges.push(range);
    let mut counts = call.state().engine.count(&asked, &ranges).await?;
    let total = counts.pop().unwrap_or(0);
    let values = cut.iter().zip(counts);
    Reply::ok(&AnalyticsAnswer {
        metric: name(metric).to_owned(),
        interval: word.to_owned(),
        time_zone,
        from: range.from,
        to: range.to,
        total,
        buckets: values
            .map(|(bucket, value)| BucketCount {
                start: bucket.start,
                value,
            })
            .collect(),
        groups: groups(call, app_id, range).await?,
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
    let found = engine
        .visitors_by_target(app_id, kind, range, GROUPS_MAX)
        .await?;
    let groups = found.into_iter().map(|(target, value)| GroupCount {
        group: target.into(),
        value,
    });
    Ok(Some(groups.collect()))
}

const fn name(metric: Metric) -> &'static str {
    match metric {
        Metric::ActiveUsers => "active-users",
        Metric::NewUsers => "new-users",
        Metric::ReturningUsers => "returning-users",
        Metric::Visitors => "visitors",
    }
}

pub(super) fn interval(word: &str) -> Interval {
    match word {
        "hour" => Interval::Hour,
        "week" => Interval::Week,
        "month" => Interval::Month,
        "none" => Interval::None,
        _ => Interval::Day,
    }
}

pub(super) fn range(query: &Query) -> Result<Range, Failure> {
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
pub(super) async fn zone(call: &Call) -> Result<(String, Zone), Failure> {
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

fn target(query: &Query) -> Result<Option<Target>, Failure> {
    let targets: Vec<Target> = [
        query.id("placeId").map(Target::Place),
        query.id("zoneId").map(Target::Zone),
        query.id("beaconId").map(Target::Beacon),
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

pub(super) fn wrong(detail: String) -> Failure {
    Failure::new(Code::InvalidParameter, detail)
}
