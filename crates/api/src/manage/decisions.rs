//! Decisions: what became of every trigger that came true.

use moca_core::{
    app::App,
    campaign::Campaign,
    experience::Experience,
    id::{AppId, CampaignId, ExperienceId},
    resource::Kind,
    time::Range,
};
use moca_engine::DecisionQuery;
use moca_wire::{
    decisions::{Decision, DecisionSummary, Outcome},
    problem::Code,
};

use super::{explain, sensitive};
use crate::{call::Call, failure::Failure, reply::Reply};

/// `GET /v2/decisions`
pub(crate) async fn list(call: &Call) -> Result<Reply, Failure> {
    let apps = apps(call).await?;
    let asked = asked(call)?;
    let page = call.state().engine.decisions_of(apps, &asked).await?;
    let items: Vec<Decision> = page
        .items
        .iter()
        .map(|kept| Decision::new(kept.id, &kept.decision))
        .collect();
    Reply::page(asked.offset, asked.limit, page.total, &items)
}

/// `GET /v2/decisions/summary`
pub(crate) async fn summary(call: &Call) -> Result<Reply, Failure> {
    let apps = apps(call).await?;
    let asked = asked(call)?;
    if let Some(id) = asked.experience_id {
        for app_id in &apps {
            sensitive::refuse_experience(call, *app_id, id).await?;
        }
    }
    let counts = call.state().engine.decision_counts(apps, &asked).await?;
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

/// The app in `appId`, else that of what is asked about, else all of the account.
async fn apps(call: &Call) -> Result<Vec<AppId>, Failure> {
    let query = call.query();
    let account_id = call.principal.account_id;
    if let Some(id) = query.id::<AppId>("appId") {
        let mut tx = call.state().control.read().await?;
        let app = tx.get::<App>(account_id, id.0).await?;
        return Ok(app.iter().map(App::id).collect());
    }
    if let Some(id) = query.id("instanceId") {
        let found = call.state().engine.subjects(vec![id]).await?;
        let found = found.into_values();
        let mut apps = found.filter(|one| one.account_id == account_id);
        return Ok(apps.next().map(|one| one.app_id).into_iter().collect());
    }
    let mut tx = call.state().control.read().await?;
    let mut campaign_id: Option<CampaignId> = query.id("campaignId");
    if let (None, Some(id)) = (campaign_id, query.id::<ExperienceId>("experienceId")) {
        let experience: Option<Experience> = tx.get(account_id, id.0).await?;
        campaign_id = experience.map(|experience| experience.campaign_id);
    }
    if let Some(id) = campaign_id
        && let Some(campaign) = tx.get::<Campaign>(account_id, id.0).await?
    {
        return Ok(vec![campaign.app_id]);
    }
    // What was decided on a campaign that is gone is still there.
    let all = explain::all::<App>(&mut tx, account_id, Vec::new()).await?;
    Ok(all.iter().map(App::id).collect())
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
