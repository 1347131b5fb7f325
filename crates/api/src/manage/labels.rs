//! Labels.

use moca_core::{label::Label, resource::Kind};
use moca_storage::control::Tx;
use moca_wire::labels;

use super::{
    common::{self, accept, created},
    deletion,
};
use crate::{call::Call, failure::Failure, reply::Reply};

/// `GET /v2/labels`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    common::list_raw::<Label, labels::Label>(call, tx).await
}

/// `POST /v2/labels`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let input = accept(call, tx, labels::read(call.json()?)).await?;
    let label = Label {
        frame: call.new_frame(),
        config: input.config,
    };
    tx.insert(&label).await?;
    created(&label.frame, &labels::Label::from(&label))
}

/// `GET /v2/labels/{labelId}`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    answer(&find(call, tx).await?)
}

/// `PUT /v2/labels/{labelId}`
pub(crate) async fn put(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let mut label = find(call, tx).await?;
    call.check_match(Some(label.frame.revision))?;
    let body = labels::read(call.json()?).of(Kind::Label, &label.frame);
    label.config = accept(call, tx, body).await?.config;
    label.frame = call.next_frame(&label.frame);
    tx.replace(&label).await?;
    answer(&label)
}

/// `DELETE /v2/labels/{labelId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let label = find(call, tx).await?;
    deletion::delete(call, tx, Kind::Label, &label.frame).await
}

async fn find(call: &Call, tx: &mut Tx) -> Result<Label, Failure> {
    common::find(call, tx, "labelId").await
}

fn answer(label: &Label) -> Result<Reply, Failure> {
    Reply::object(label.frame.revision, &labels::Label::from(label))
}
