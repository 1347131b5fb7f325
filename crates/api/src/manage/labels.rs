//! Labels: the example of a resource.

use moca_core::{
    label::Label,
    limits::FAULTS_MAX,
    resource::{Frame, Kind},
};
use moca_storage::control::Tx;
use moca_wire::{labels, resource::Resource};

use crate::{call::Call, failure::Failure, reply::Reply};

/// `GET /v2/labels`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let query = call.query().list();
    let page = tx.list::<Label>(call.principal.account_id, &query).await?;
    let items: Vec<labels::Label> = page.items.iter().map(Into::into).collect();
    Reply::list(&query, page.total, &items)
}

/// `POST /v2/labels`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let input = labels::read(call.json()?)?;
    let label = Label {
        frame: call.new_frame(),
        config: input.config,
    };
    tx.insert(&label).await?;
    let location = format!("{}/{}", labels::Label::PATH, label.frame.id);
    Reply::created(location, label.frame.revision, &labels::Label::from(&label))
}

/// `GET /v2/labels/{labelId}`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let label = find(call, tx).await?;
    answer(&label)
}

/// `PUT /v2/labels/{labelId}`
pub(crate) async fn put(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let label = find(call, tx).await?;
    call.check_match(Some(label.frame.revision))?;
    let input = labels::read(call.json()?)?;
    let label = Label {
        frame: call.next_frame(&label.frame),
        config: input.config,
    };
    tx.replace(&label).await?;
    answer(&label)
}

/// `DELETE /v2/labels/{labelId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let Frame {
        account_id,
        id,
        revision,
        ..
    } = find(call, tx).await?.frame;
    call.check_match(Some(revision))?;
    let users = tx
        .references(account_id, Kind::Label, id, FAULTS_MAX as i64)
        .await?;
    if !users.is_empty() {
        return Err(Failure::in_use(Kind::Label, &users));
    }
    tx.delete::<Label>(account_id, id).await?;
    Ok(Reply::done())
}

async fn find(call: &Call, tx: &mut Tx) -> Result<Label, Failure> {
    tx.get(call.principal.account_id, call.id("labelId")?)
        .await?
        .ok_or_else(|| Failure::not_found(Kind::Label))
}

fn answer(label: &Label) -> Result<Reply, Failure> {
    Reply::object(label.frame.revision, &labels::Label::from(label))
}
