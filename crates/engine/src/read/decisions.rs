//! Lists of decisions.

use std::collections::HashSet;

use moca_core::{
    campaign::decide::Decision,
    id::{AppId, ReplayId},
    tally::add,
};
use moca_storage::{
    StorageError,
    devices::{DecisionScope, Devices},
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
    let mut total = 0;
    let mut items = Vec::new();
    for scope in scopes(apps, query) {
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
    }
    Ok(Page { total, items })
}

fn scopes(apps: &[AppId], query: &DecisionQuery) -> impl Iterator<Item = DecisionScope> {
    apps.iter().map(|app_id| DecisionScope {
        app_id: *app_id,
        instance_id: query.instance_id,
        range: query.range,
    })
}

/// What a replay has decided, of what is asked for.
pub(crate) fn replayed(
    devices: &Devices,
    id: ReplayId,
    is_asked_for: impl Fn(&Decision) -> bool,
    offset: i64,
    limit: i64,
) -> Result<Page<KeptDecision>, StorageError> {
    let mut total = 0;
    let mut items = Vec::new();
    devices.for_each_replayed(id, |key, decision| {
        if is_asked_for(&decision) {
            if total >= offset && (items.len() as i64) < limit {
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
    for scope in scopes(apps, query) {
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
