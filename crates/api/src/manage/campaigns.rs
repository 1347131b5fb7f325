//! Campaigns.

use moca_core::{
    campaign::{
        Campaign, CampaignType, Status,
        status::{Lifecycle, Parts, Refusal},
    },
    experience::Experience,
    resource::Kind,
};
use moca_engine::estate;
use moca_storage::control::{Filter, ListQuery, Tx};
use moca_wire::{campaigns, fault::FaultCode, problem::Fault};

use super::{
    common::{self, accept, created},
    deletion,
};
use crate::{call::Call, failure::Failure, reply::Reply};

/// `GET /v2/campaigns`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let mut query = call.query().list();
    let status = call.query().text("status").and_then(Status::named);
    query.status = status.map(|status| (status, call.now_ms()));
    common::list_of(call, tx, &query, |campaign: &Campaign| {
        shown(call, campaign)
    })
    .await
}

/// `POST /v2/campaigns`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let input = accept(call, tx, campaigns::read(call.json()?, None)).await?;
    let campaign = Campaign {
        frame: call.new_frame(),
        app_id: input.app_id,
        lifecycle: Lifecycle::draft(call.now_ms()),
        config: input.config,
    };
    tx.insert(&campaign).await?;
    created(&campaign.frame, &shown(call, &campaign))
}

/// `GET /v2/campaigns/{campaignId}`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    answer(call, &find(call, tx).await?)
}

/// `PUT /v2/campaigns/{campaignId}`
pub(crate) async fn put(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let mut campaign = find(call, tx).await?;
    call.check_match(Some(campaign.frame.revision))?;
    let since = campaign.frame.updated_at..=call.now_ms();
    let statuses = campaign.lifecycle.statuses(&campaign.config, since);
    let how = "changes by PUT of the campaign's /start, /stop and /archive only: leave it out";
    let body = campaigns::read(call.json()?, Some(campaign.app_id))
        .of(Kind::Campaign, &campaign.frame)
        .one_of("status", &statuses, how);
    let input = accept(call, tx, body).await?;
    let n_parts = n_parts(call, tx, &campaign).await?;
    campaign
        .lifecycle
        .change_type(&campaign.config, input.config.kind, n_parts, call.now_ms())
        .map_err(|refusals| refused("given another type", &refusals))?;
    let before = std::mem::replace(&mut campaign.config, input.config);
    campaign.lifecycle = campaign.lifecycle.after_edit(&before, call.now_ms());
    replace(call, tx, campaign).await
}

/// `PUT /v2/campaigns/{campaignId}/start`
pub(crate) async fn start(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let mut campaign = find(call, tx).await?;
    call.check_match(Some(campaign.frame.revision))?;
    let parts = match n_parts(call, tx, &campaign).await? {
        0 => Parts::None,
        _ if campaign.config.kind == CampaignType::Push => Parts::Some,
        _ if has_enabled(call, tx, &campaign).await? => Parts::Some,
        _ => Parts::Disabled,
    };
    let segment_fits = match campaign.config.segment_id {
        None => true,
        Some(id) => estate::segment_fits(tx, call.principal.account_id, id).await?,
    };
    campaign.lifecycle = campaign
        .lifecycle
        .start(&campaign.config, parts, segment_fits, call.now_ms())
        .map_err(|refusals| refused("started", &refusals))?;
    call.state().engine.pushes().ring();
    replace(call, tx, campaign).await
}

/// `PUT /v2/campaigns/{campaignId}/stop`
pub(crate) async fn stop(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let mut campaign = find(call, tx).await?;
    call.check_match(Some(campaign.frame.revision))?;
    campaign.lifecycle = campaign
        .lifecycle
        .stop(&campaign.config, call.now_ms())
        .map_err(|refusals| refused("stopped", &refusals))?;
    replace(call, tx, campaign).await
}

/// `PUT /v2/campaigns/{campaignId}/archive`
pub(crate) async fn archive(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let mut campaign = find(call, tx).await?;
    call.check_match(Some(campaign.frame.revision))?;
    campaign.lifecycle = campaign
        .lifecycle
        .archive(&campaign.config, call.now_ms())
        .map_err(|refusals| refused("archived", &refusals))?;
    replace(call, tx, campaign).await
}

/// `DELETE /v2/campaigns/{campaignId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let campaign = find(call, tx).await?;
    deletion::delete(call, tx, Kind::Campaign, &campaign.frame).await
}

/// One if it has any: more need not be counted.
async fn n_parts(call: &Call, tx: &mut Tx, campaign: &Campaign) -> Result<usize, Failure> {
    let (account_id, id) = (call.principal.account_id, campaign.frame.id);
    let users = tx.references(account_id, Kind::Campaign, id, 1).await?;
    Ok(users.len())
}

/// Whether an experience of the campaign is enabled.
async fn has_enabled(call: &Call, tx: &mut Tx, campaign: &Campaign) -> Result<bool, Failure> {
    let of_campaign = campaign.frame.id.to_string();
    let query = ListQuery {
        offset: 0,
        limit: 1,
        sort: Vec::new(),
        filters: vec![
            (Filter::CampaignId, of_campaign),
            (Filter::Enabled, true.to_string()),
        ],
        q: None,
        regions: Vec::new(),
        status: None,
    };
    let page = tx.list::<Experience>(call.principal.account_id, &query);
    Ok(page.await?.total > 0)
}

async fn replace(call: &Call, tx: &mut Tx, mut campaign: Campaign) -> Result<Reply, Failure> {
    campaign.frame = call.next_frame(&campaign.frame);
    tx.replace(&campaign).await?;
    answer(call, &campaign)
}

/// 409 with every reason.
fn refused(done: &str, refusals: &[Refusal]) -> Failure {
    let fault = |refusal: &Refusal| {
        let (pointer, code) = match refusal {
            Refusal::NoExperience | Refusal::NoneEnabled => ("", FaultCode::NoExperience),
            Refusal::NothingToSend => ("", FaultCode::NothingToSend),
            Refusal::HasParts(_) => ("/config/type", FaultCode::WrongCampaignType),
            Refusal::SegmentUnfit => ("/config/segmentId", FaultCode::SegmentUnfit),
            Refusal::EndPassed => ("/config/endAt", FaultCode::Ended),
            Refusal::AlreadyStarted(_)
            | Refusal::NotStarted(_)
            | Refusal::StillStarted(_)
            | Refusal::AlreadyArchived => ("/status", FaultCode::WrongStatus),
        };
        Fault::new(pointer, code, refusal.to_string())
    };
    Failure::conflict(format!(
        "The campaign cannot be {done}: errors lists every reason."
    ))
    .with_errors(refusals.iter().map(fault).collect())
}

async fn find(call: &Call, tx: &mut Tx) -> Result<Campaign, Failure> {
    common::find(call, tx, "campaignId").await
}

/// The campaign with its status at the time of the call.
fn shown(call: &Call, campaign: &Campaign) -> campaigns::Campaign {
    let (status, status_at) = campaign.lifecycle.status(&campaign.config, call.now_ms());
    campaigns::Campaign::new(campaign, status, status_at)
}

fn answer(call: &Call, campaign: &Campaign) -> Result<Reply, Failure> {
    Reply::object(campaign.frame.revision, &shown(call, campaign))
}
