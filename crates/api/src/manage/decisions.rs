//! Decisions: what became of every trigger that came true.

use moca_core::{app::App, id::AppId, resource::Kind, time::Range};
use moca_engine::DecisionQuery;
use moca_wire::{
    decisions::{Decision, DecisionSummary, Outcome},
    problem::Code,
};

use super::{explain, sensitive};
use crate::{call::Call, failure::Failure, reply::Reply};

/// `GET /v2/decisions`
pub(crate) async fn list(call: &Call) -> Result<Reply, Failure> {
    let app_id = require_app(call).await?;
    let asked = asked(call)?;
    let page = call.state().engine.decisions(app_id, &asked).await?;
    let items: Vec<Decision> = page
        .items
        .iter()
        .map(|kept| Decision::new(kept.id, &kept.decision))
        .collect();
    Reply::page(asked.offset, asked.limit, page.total, &items)
}

/// `GET /v2/decisions/summary`
pub(crate) async fn summary(call: &Call) -> Result<Reply, Failure> {
    let app_id = require_app(call).await?;
    let asked = asked(call)?;
    let counts = call.state().engine.decision_counts(app_id, &asked).await?;
    Reply::ok(&DecisionSummary {
        total: counts.outcomes.values().sum(),
        outcomes: counts.outcomes,
        instances: counts.instances,
    })
}

fn asked(call: &Call) -> Result<DecisionQuery, Failure> {
    let query = call.query();
    Ok(DecisionQuery {
        instance_id: query.id("instanceId"),
        campaign_id: query.id("campaignId"),
        experience_id: query.id("experienceId"),
        outcome: query.text("outcome").and_then(Outcome::named),
        range: range(call)?,
        offset: query.offset(),
        limit: query.limit(),
    })
}

/// The app in `appId`, when it is one of the account.
pub(super) async fn require_app(call: &Call) -> Result<AppId, Failure> {
    let missing = || Failure::not_found(Kind::App);
    let app_id: AppId = call.query().id("appId").ok_or_else(missing)?;
    let mut tx = call.state().control.read().await?;
    tx.get::<App>(call.principal.account_id, app_id.0)
        .await?
        .ok_or_else(missing)?;
    Ok(app_id)
}

fn range(call: &Call) -> Result<Option<Range>, Failure> {
    let (from, to) = (call.query().integer("from"), call.query().integer("to"));
    if from.is_none() && to.is_none() {
        return Ok(None);
    }
    let range = Range {
        from: from.unwrap_or(i64::MIN),
        to: to.unwrap_or(i64::MAX),
    };
    if range.from < range.to {
        return Ok(Some(range));
    }
    Err(Failure::new(
        Code::InvalidParameter,
        "from must be before to.",
    ))
}
