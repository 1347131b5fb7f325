//! Segments.

use moca_core::{
    id::SegmentId,
    resource::{Frame, Kind},
    segment::Segment,
};
use moca_engine::estate;
use moca_storage::control::Tx;
use moca_wire::{
    mention::Body,
    segments::{self, SegmentInput},
};

use super::{
    common::{self, accept, created},
    deletion,
};
use crate::{call::Call, failure::Failure, reply::Reply};

/// `GET /v2/segments`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    common::list(call, tx, |segment: &Segment| {
        segments::Segment::from(segment)
    })
    .await
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
    let body = segments::read(call.json()?, Some(segment.app_id));
    replace(call, tx, segment, body).await
}

/// `PUT /v2/segments/external/{externalId}`
pub(crate) async fn put_external(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let external_id = call.path_text("externalId")?;
    let current: Option<Segment> = tx
        .get_by_external_id(call.principal.account_id, external_id)
        .await?;
    call.check_match(current.as_ref().map(|segment| segment.frame.revision))?;
    let app_id = current.as_ref().map(|segment| segment.app_id);
    let body = segments::read_external(call.json()?, app_id, external_id);
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

async fn find(call: &Call, tx: &mut Tx) -> Result<Segment, Failure> {
    common::find(call, tx, "segmentId").await
}

fn answer(segment: &Segment) -> Result<Reply, Failure> {
    Reply::object(segment.frame.revision, &segments::Segment::from(segment))
}
