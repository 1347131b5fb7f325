//! Segments.

use moca_core::{
    id::{AppId, SegmentId},
    resource::{Frame, Kind},
    segment::{Segment, SegmentType},
};
use moca_engine::{MemberQuery, estate};
use moca_storage::control::Tx;
use moca_wire::{
    fault::FaultCode,
    instances::KnownInstance,
    mention::Body,
    problem::Fault,
    segments::{self, Estimate, Members, SegmentInput},
};

use super::{
    common::{self, accept, created},
    deletion,
    instances::known,
    sensitive,
};
use crate::{audit, call::Call, failure::Failure, reply::Reply};

/// `GET /v2/segments`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    common::list_raw::<Segment, segments::Segment>(call, tx).await
}

/// `POST /v2/segments`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    insert(call, tx, segments::read(call.json()?, None)).await
}

/// `GET /v2/segments/{segmentId}`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    answer(&find(call, tx).await?)
}

/// `PUT /v2/segments/{segmentId}`
pub(crate) async fn put(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let segment = find(call, tx).await?;
    call.check_match(Some(segment.frame.revision))?;
    let body = segments::read(call.json()?, Some(unchanging(&segment)));
    replace(call, tx, segment, body).await
}

/// `PUT /v2/segments/external/{externalId}`
pub(crate) async fn put_external(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let external_id = call.path_text("externalId")?;
    let current: Option<Segment> = tx
        .get_by_external_id(call.principal.account_id, external_id)
        .await?;
    call.check_match(current.as_ref().map(|segment| segment.frame.revision))?;
    let body = segments::read_external(call.json()?, current.as_ref().map(unchanging), external_id);
    match current {
        Some(segment) => replace(call, tx, segment, body).await,
        None => insert(call, tx, body).await,
    }
}

/// `DELETE /v2/segments/{segmentId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let segment = find(call, tx).await?;
    deletion::delete(call, tx, Kind::Segment, &segment.frame).await
}

/// `POST /v2/segments/estimate`
pub(crate) async fn estimate(call: &Call) -> Result<Reply, Failure> {
    let mut tx = call.state().control.read().await?;
    let input = accept(call, &mut tx, segments::read_estimate(call.json()?)).await?;
    let account_id = call.principal.account_id;
    let app_id = input.app_id;
    let asked = estate::question(&mut tx, account_id, app_id, &input.query, "/query").await?;
    drop(tx);
    let asked = MemberQuery {
        query: asked.0,
        segments: asked.1,
        offset: 0,
        limit: 0,
    };
    let found = call.state().engine.members(app_id, asked).await?;
    Reply::ok(&Estimate { count: found.total })
}

/// `GET /v2/segments/{segmentId}/instances`
pub(crate) async fn instances(call: &Call) -> Result<Reply, Failure> {
    let mut tx = call.state().control.read().await?;
    let segment = find(call, &mut tx).await?;
    let (offset, limit) = (call.query().offset(), call.query().limit());
    // A query that cannot be read holds for nobody, here as in a campaign.
    let Ok(query) = segment.query() else {
        return Reply::page(offset, limit, 0, &[] as &[KnownInstance]);
    };
    let segments = estate::segments_of(&mut tx, call.principal.account_id, segment.app_id).await?;
    drop(tx);
    let asked = MemberQuery {
        query,
        segments,
        offset,
        limit,
    };
    let mut page = call.state().engine.members(segment.app_id, asked).await?;
    sensitive::hide(call, &mut page.items).await?;
    let items: Vec<KnownInstance> = page.items.into_iter().map(known).collect();
    Reply::page(offset, limit, page.total, &items)
}

/// `PUT /v2/segments/{segmentId}/members`
pub(crate) async fn put_members(call: &Call) -> Result<Reply, Failure> {
    let mut tx = call.state().control.read().await?;
    let segment = find(call, &mut tx).await?;
    call.check_match(Some(segment.frame.revision))?;
    drop(tx);
    let body = segments::read_members(call.json()?);
    let named = body.so_far().cloned().unwrap_or_default();
    let (instances_at, instance_ids): (Vec<usize>, Vec<_>) = named.instances.into_iter().unzip();
    let (users_at, user_ids): (Vec<usize>, Vec<_>) = named.users.into_iter().unzip();
    let engine = &call.state().engine;
    let chosen = engine
        .choose(segment.app_id, instance_ids, user_ids)
        .await?;
    let unknown = |noun: &str, indexes: Vec<usize>, at: Vec<usize>| {
        let detail = format!("there is no {noun} with this id in the app of this segment");
        let at = indexes
            .into_iter()
            .filter_map(move |index| at.get(index).copied());
        let pointer = format!("/{noun}Ids");
        at.map(move |at| Fault::new(format!("{pointer}/{at}"), FaultCode::NotFound, &detail))
    };
    // All that is wrong with the body, at once.
    body.with(unknown("instance", chosen.unknown_instances, instances_at))
        .with(unknown("user", chosen.unknown_users, users_at))
        .in_account(call.principal.account_id)
        .by_itself()
        .map_err(Failure::invalid)?;
    if segment.config.kind != SegmentType::Static {
        let detail = "This segment holds whom its query says. Make one of type Static to choose its \
                      members.";
        return Err(Failure::conflict(detail));
    }
    audit::record_listing(call, segment.id(), chosen.subjects.len()).await?;
    let replaced = engine.replace_members(segment.app_id, segment.id(), chosen.subjects);
    let replaced = replaced.await?;
    Reply::ok(&Members {
        count: replaced.count as i64,
        added: replaced.added as i64,
        removed: replaced.removed as i64,
    })
}

async fn insert(call: &Call, tx: &mut Tx, body: Body<SegmentInput>) -> Result<Reply, Failure> {
    let segment = checked(call, tx, call.new_frame(), None, body).await?;
    tx.insert(&segment).await?;
    created(&segment.frame, &segments::Segment::from(&segment))
}

async fn replace(
    call: &Call,
    tx: &mut Tx,
    current: Segment,
    body: Body<SegmentInput>,
) -> Result<Reply, Failure> {
    let frame = call.next_frame(&current.frame);
    let body = body.of(Kind::Segment, &current.frame);
    let segment = checked(call, tx, frame, Some(current.id()), body).await?;
    tx.replace(&segment).await?;
    answer(&segment)
}

/// The segment that a body describes, if it fits among the others.
async fn checked(
    call: &Call,
    tx: &mut Tx,
    frame: Frame,
    own_id: Option<SegmentId>,
    body: Body<SegmentInput>,
) -> Result<Segment, Failure> {
    let input = accept(call, tx, body).await?;
    let account_id = call.principal.account_id;
    estate::check_segment(tx, account_id, input.app_id, own_id, &input.config).await?;
    Ok(Segment {
        frame,
        app_id: input.app_id,
        config: input.config,
    })
}

/// What a PUT cannot change of a segment.
const fn unchanging(segment: &Segment) -> (AppId, SegmentType) {
    (segment.app_id, segment.config.kind)
}

async fn find(call: &Call, tx: &mut Tx) -> Result<Segment, Failure> {
    common::find(call, tx, "segmentId").await
}

fn answer(segment: &Segment) -> Result<Reply, Failure> {
    Reply::object(segment.frame.revision, &segments::Segment::from(segment))
}
