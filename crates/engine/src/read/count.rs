//! Distinct counts: the union of whole sets, and of the moments where a range cuts a quarter.

use std::collections::HashMap;

use moca_core::{
    experience::{Target, TargetKind},
    id::AppId,
    metric::{Level, Metric, Piece, pieces},
    time::Range,
};
use moca_storage::{
    StorageError,
    devices::{Devices, Moment, SetKey, SetKind, SetReader},
};
use roaring::RoaringBitmap;

use crate::query::CountQuery;

/// Distinct instances in each range.
pub(crate) fn count(
    devices: &Devices,
    query: &CountQuery,
    ranges: &[Range],
) -> Result<Vec<u64>, StorageError> {
    let reader = devices.set_reader();
    ranges
        .iter()
        .map(|range| count_range(&reader, query, *range))
        .collect()
}

fn count_range(
    reader: &SetReader<'_>,
    query: &CountQuery,
    range: Range,
) -> Result<u64, StorageError> {
    let members = |kind| members(reader, query, kind, range);
    Ok(match query.metric {
        Metric::ActiveUsers => members(SetKind::Active)?.len(),
        Metric::NewUsers => members(SetKind::First)?.len(),
        Metric::ReturningUsers => (members(SetKind::Active)? - members(SetKind::First)?).len(),
        Metric::Visitors => members(SetKind::Entered)?.len(),
    })
}

/// The numbers of the instances that did something within a range.
fn members(
    reader: &SetReader<'_>,
    query: &CountQuery,
    kind: SetKind,
    range: Range,
) -> Result<RoaringBitmap, StorageError> {
    let target = query.target.filter(|_| kind == SetKind::Entered);
    let whole = |level, index| SetKey {
        app_id: query.app_id,
        kind,
        level,
        index,
        target,
    };
    let mut members = RoaringBitmap::new();
    for piece in pieces(range) {
        match piece {
            Piece::Whole(level, index) => {
                reader.union_into(&whole(level, index), &mut members)?;
            }
            // There is one first event an instance, so the set is small and needs no moments.
            Piece::Part { quarter, range } if kind == SetKind::First => {
                let mut firsts = RoaringBitmap::new();
                reader.union_into(&whole(Level::Quarter, quarter), &mut firsts)?;
                for number in firsts {
                    let first_at = reader.first_event_at(query.app_id, number)?;
                    if first_at.is_some_and(|at| range.from <= at && at < range.to) {
                        members.insert(number);
                    }
                }
            }
            Piece::Part { quarter, range } => {
                reader.for_each_moment(query.app_id, kind, quarter, |moment| {
                    if is_within(moment, quarter, range)
                        && (target.is_none() || moment.target == target)
                    {
                        members.insert(moment.number);
                    }
                })?;
            }
        }
    }
    Ok(members)
}

/// Visitors by target of one kind, most visited first, then by id.
pub(crate) fn visitors_by_target(
    devices: &Devices,
    app_id: AppId,
    kind: TargetKind,
    range: Range,
) -> Result<Vec<(Target, u64)>, StorageError> {
    let reader = devices.set_reader();
    let mut visitors: HashMap<Target, RoaringBitmap> = HashMap::new();
    for piece in pieces(range) {
        match piece {
            Piece::Whole(level, index) => {
                reader.for_each_entered(app_id, kind, level, index, |target, members| {
                    *visitors.entry(target).or_default() |= members;
                })?;
            }
            Piece::Part { quarter, range } => {
                reader.for_each_moment(app_id, SetKind::Entered, quarter, |moment| {
                    if let Some(target) = moment.target.filter(|target| target.kind() == kind)
                        && is_within(moment, quarter, range)
                    {
                        visitors.entry(target).or_default().insert(moment.number);
                    }
                })?;
            }
        }
    }
    let mut counts: Vec<(Target, u64)> = visitors
        .into_iter()
        .map(|(target, members)| (target, members.len()))
        .collect();
    counts.sort_by_key(|(target, count)| (std::cmp::Reverse(*count), *target));
    Ok(counts)
}

fn is_within(moment: &Moment, quarter: i64, range: Range) -> bool {
    let at = quarter * Level::Quarter.width_ms() + i64::from(moment.offset_ms);
    range.from <= at && at < range.to
}
