//! Lists of decisions.

use std::collections::HashSet;

use moca_core::{
    campaign::decide::Decision,
    id::{AppId, ReplayId},
    tally::add,
};
use moca_storage::{
    StorageError,
    devices::{DecisionFilter, DecisionKey, DecisionList, DecisionScope, Devices},
};
use moca_wire::decisions::Outcome;

use crate::{
    pipeline::fire::decision_id,
    query::{DecisionCounts, DecisionQuery, KeptDecision, Page},
};

/// The decisions of apps that a query asks for, those of one app after those of another.
pub(crate) fn decisions(
    devices: &Devices,
    apps: &[AppId],
    query: &DecisionQuery,
) -> Result<Page<KeptDecision>, StorageError> {
    let mut all = Page {
        total: 0,
        items: Vec::new(),
    };
    for app_id in apps {
        let rest = DecisionQuery {
            offset: (query.offset - all.total).max(0),
            limit: query.limit - all.items.len() as i64,
            ..query.clone()
        };
        let of_app = match query.instance_id {
            Some(_) => of_instance(devices, *app_id, &rest)?,
            None => page(devices, DecisionList::App(*app_id), &rest)?,
        };
        all.total += of_app.total;
        all.items.extend(of_app.items);
    }
    Ok(all)
}

/// What a replay has decided, of what is asked for.
pub(crate) fn replayed(
    devices: &Devices,
    id: ReplayId,
    query: &DecisionQuery,
) -> Result<Page<KeptDecision>, StorageError> {
    page(devices, DecisionList::Replay(id), query)
}

fn page(
    devices: &Devices,
    list: DecisionList,
    query: &DecisionQuery,
) -> Result<Page<KeptDecision>, StorageError> {
    let filter = DecisionFilter {
        campaign_id: query.campaign_id,
        experience_id: query.experience_id,
        verdict: query.outcome.map(Outcome::number),
    };
    let offset = query.offset.unsigned_abs();
    let limit = usize::try_from(query.limit).unwrap_or(0);
    let (total, found) = devices.decision_page(list, &filter, query.range, offset, limit)?;
    let kept = |(key, decision): (DecisionKey, Decision)| KeptDecision {
        id: decision_id(decision.at_ms, key),
        decision,
    };
    Ok(Page {
        total: i64::try_from(total).unwrap_or(i64::MAX),
        items: found.into_iter().map(kept).collect(),
    })
}

/// Those of one instance, which are few: all of them are read.
fn of_instance(
    devices: &Devices,
    app_id: AppId,
    query: &DecisionQuery,
) -> Result<Page<KeptDecision>, StorageError> {
    let scope = DecisionScope {
        app_id,
        instance_id: query.instance_id,
        range: query.range,
    };
    let mut total = 0;
    let mut items = Vec::new();
    devices.for_each_decision(&scope, |key, decision| {
        if matches(&decision, query) {
            if total >= query.offset && (items.len() as i64) < query.limit {
                items.push(KeptDecision {
                    id: decision_id(decision.at_ms, key),
                    decision,
                });
            }
            total += 1;
        }
        true
    })?;
    Ok(Page { total, items })
}

/// How many of the decisions that a query asks for have which outcome, and how many instances had it.
pub(crate) fn summary(
    devices: &Devices,
    apps: &[AppId],
    query: &DecisionQuery,
) -> Result<DecisionCounts, StorageError> {
    let mut counts = DecisionCounts::default();
    let mut seen = HashSet::new();
    for app_id in apps {
        let scope = DecisionScope {
            app_id: *app_id,
            instance_id: query.instance_id,
            range: query.range,
        };
        devices.for_each_decision(&scope, |_, decision| {
            if matches(&decision, query) {
                let outcome = Outcome::of(&decision.verdict);
                add(&mut counts.outcomes, outcome.as_str(), 1);
                if seen.insert((outcome, decision.instance_id)) {
                    add(&mut counts.instances, outcome.as_str(), 1);
                }
            }
            true
        })?;
    }
    Ok(counts)
}

fn matches(decision: &Decision, query: &DecisionQuery) -> bool {
    query
        .campaign_id
        .is_none_or(|wanted| decision.campaign_id == wanted)
        && query
            .experience_id
            .is_none_or(|wanted| decision.experience_id == wanted)
        && query
            .outcome
            .is_none_or(|wanted| Outcome::of(&decision.verdict) == wanted)
}
