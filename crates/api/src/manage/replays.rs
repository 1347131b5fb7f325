//! Campaigns over recorded history.

use moca_core::{
    beacon::Beacon,
    campaign::{
        Campaign, CampaignType, Status,
        status::{Lifecycle, Phase, Refusal},
    },
    experience::{Experience, Target},
    history::Taken,
    id::ReplayId,
    job::{Job as _, JobStatus},
    limits::{REPLAYS_KEPT_MAX, REPLAYS_UNFINISHED_MAX},
    place::Place,
    replay::{Replay, ReplayProgress},
    segment::Segment,
    time::Range,
    zone::Zone,
};
use moca_engine::DecisionQuery;
use moca_storage::control::{Filter, Tx};
use moca_wire::{
    decisions::{Decision, Outcome},
    fault::FaultCode,
    problem::{Code, Fault},
    replays,
};

use super::{
    common::{accept, created, find},
    explain::all,
};
use crate::{call::Call, failure::Failure, reply::Reply};

/// `POST /v2/campaigns/{campaignId}/replay`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let campaign: Campaign = find(call, tx, "campaignId").await?;
    let range = accept(call, tx, replays::read(call.json()?)).await?;
    let account_id = call.principal.account_id;
    if campaign.config.kind == CampaignType::Push {
        return Err(Failure::conflict(
            "A Push campaign has no experiences, and so no decisions to make again: ask for a campaign of \
             type Proximity.",
        ));
    }
    let of_campaign = vec![(Filter::CampaignId, campaign.id().to_string())];
    let experiences = all::<Experience>(tx, account_id, of_campaign).await?;
    let (status, _) = campaign.lifecycle.status(&campaign.config, call.now_ms());
    let draft = match status {
        Status::Draft if experiences.is_empty() => {
            return Err(Failure::conflict(format!(
                "The campaign cannot be replayed: {}.",
                Refusal::NoExperience
            )));
        }
        Status::Draft => Some(world_of(call, tx, &campaign, experiences, range).await?),
        _ => None,
    };
    tx.forget_jobs::<Replay>(account_id, i64::MIN, REPLAYS_KEPT_MAX)
        .await?;
    let unfinished = tx.count_unfinished_jobs::<Replay>(account_id).await?;
    if unfinished >= REPLAYS_UNFINISHED_MAX {
        return Err(Failure::conflict(format!(
            "{unfinished} replays of this account wait or are under way, and there are at most \
             {REPLAYS_UNFINISHED_MAX}: repeat this when one is done, or cancel one."
        )));
    }
    let replay = Replay {
        frame: call.new_frame(),
        app_id: campaign.app_id,
        campaign_id: campaign.id(),
        range,
        draft,
        status: JobStatus::Pending,
        progress: ReplayProgress::default(),
    };
    tx.insert_replay(&replay).await?;
    call.state().engine.replays().ring();
    created(&replay.frame, &replays::Replay::from(&replay))
}

/// A draft as it would run in the range, with what it is about: history has not known these from its
/// beginning, and where it does, it says how they were.
async fn world_of(
    call: &Call,
    tx: &mut Tx,
    campaign: &Campaign,
    experiences: Vec<Experience>,
    range: Range,
) -> Result<Vec<Taken>, Failure> {
    let account_id = call.principal.account_id;
    let mut running = campaign.clone();
    running.lifecycle = Lifecycle {
        phase: Phase::Started,
        since_ms: range.from,
    };
    running.config.start_at = range.from;
    running.config.end_at = Some(range.to);
    let mut taken = Vec::new();
    for target in experiences.iter().flat_map(|one| one.trigger.targets()) {
        let (mut zone_id, mut place_id) = (None, None);
        match target {
            Target::Beacon(id) => {
                let beacon: Option<Beacon> = tx.get(account_id, id.0).await?;
                zone_id = beacon.as_ref().and_then(|beacon| beacon.zone_id);
                taken.extend(beacon.map(|one| Taken::Beacon(Box::new(one))));
            }
            Target::Zone(id) => zone_id = Some(id),
            Target::Place(id) => place_id = Some(id),
        }
        if let Some(id) = zone_id {
            let zone: Option<Zone> = tx.get(account_id, id.0).await?;
            place_id = zone.as_ref().map(|zone| zone.place_id);
            taken.extend(zone.map(|one| Taken::Zone(Box::new(one))));
        }
        if let Some(id) = place_id {
            let place: Option<Place> = tx.get(account_id, id.0).await?;
            taken.extend(place.map(|one| Taken::Place(Box::new(one))));
        }
    }
    if running.config.segment_id.is_some() {
        let of_app = vec![(Filter::AppId, campaign.app_id.to_string())];
        let segments = all::<Segment>(tx, account_id, of_app).await?.into_iter();
        taken.extend(segments.map(|one| Taken::Segment(Box::new(one))));
    }
    taken.push(Taken::Campaign(Box::new(running)));
    let experiences = experiences.into_iter();
    taken.extend(experiences.map(|one| Taken::Experience(Box::new(one))));
    Ok(taken)
}

/// `GET /v2/replays`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let query = call.query().list();
    let page = tx.jobs::<Replay>(call.principal.account_id, &query).await?;
    let items: Vec<replays::Replay> = page.items.iter().map(replays::Replay::from).collect();
    Reply::list(&query, page.total, &items)
}

/// `GET /v2/replays/{replayId}`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    answer(&find_replay(call, tx).await?)
}

/// `PUT /v2/replays/{replayId}/cancel`
pub(crate) async fn cancel(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let replay = find_replay(call, tx).await?;
    call.check_match(Some(replay.frame.revision))?;
    if replay.status.is_final() {
        let status = replay.status.as_str();
        let fault = Fault::new(
            "/status",
            FaultCode::WrongStatus,
            format!("the replay is {status} already"),
        );
        return Err(
            Failure::conflict("The replay cannot be cancelled: it has ended.")
                .with_errors(vec![fault]),
        );
    }
    let now_ms = call.now_ms();
    let replay = replay.ended(JobStatus::Cancelled, now_ms).changed(now_ms);
    tx.save_job(&replay).await?;
    call.state().engine.replays().ring();
    answer(&replay)
}

/// `DELETE /v2/replays/{replayId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let replay = find_replay(call, tx).await?;
    call.check_match(Some(replay.frame.revision))?;
    tx.delete_job(&replay).await?;
    call.state().engine.replays().ring();
    Ok(Reply::done())
}

/// `GET /v2/replays/{replayId}/decisions`
pub(crate) async fn decisions(call: &Call) -> Result<Reply, Failure> {
    let mut tx = call.state().control.read().await?;
    let replay = find_replay(call, &mut tx).await?;
    drop(tx);
    let query = call.query();
    let (offset, limit) = (query.offset(), query.limit());
    let asked = DecisionQuery {
        outcome: query.text("outcome").and_then(Outcome::named),
        experience_id: query.id("experienceId"),
        offset,
        limit,
        ..DecisionQuery::default()
    };
    let page = call.state().engine.replayed(replay.id(), asked).await?;
    let items: Vec<Decision> = page
        .items
        .iter()
        .map(|kept| Decision::new(kept.id, &kept.decision))
        .collect();
    Reply::page(offset, limit, page.total, &items)
}

async fn find_replay(call: &Call, tx: &mut Tx) -> Result<Replay, Failure> {
    let id: ReplayId = call.id("replayId")?;
    let replay = tx.job(call.principal.account_id, id.0).await?;
    replay.ok_or_else(|| {
        Failure::new(
            Code::NotFound,
            "There is no replay with this id in this account: old ones are forgotten when new ones are \
             asked for.",
        )
    })
}

fn answer(replay: &Replay) -> Result<Reply, Failure> {
    Reply::object(replay.frame.revision, &replays::Replay::from(replay))
}
