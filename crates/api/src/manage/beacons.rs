//! Beacons.

use moca_core::{beacon::Beacon, resource::Kind};
use moca_engine::estate;
use moca_storage::control::Tx;
use moca_wire::beacons;

use super::{
    common::{self, created},
    deletion,
};
use crate::{call::Call, failure::Failure, reply::Reply};

/// `GET /v2/beacons`
pub(crate) async fn list(call: &Call) -> Result<Reply, Failure> {
    let query = call.query().list();
    let mut tx = call.state().control.read().await?;
    let account_id = call.principal.account_id;
    let page = tx.list::<Beacon>(account_id, &query).await?;
    drop(tx);
    let items = with_health(call, &page.items).await?;
    Reply::list(&query, page.total, &items)
}

/// `POST /v2/beacons`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let body = beacons::read(call.json()?);
    let beacon: Beacon = estate::insert(tx, call.author(), body).await?;
    created(&beacon.frame, &beacons::Beacon::from(&beacon))
}

/// `GET /v2/beacons/{beaconId}`
pub(crate) async fn get(call: &Call) -> Result<Reply, Failure> {
    let mut tx = call.state().control.read().await?;
    let beacon = find(call, &mut tx).await?;
    drop(tx);
    let revision = beacon.frame.revision;
    let shown = with_health(call, &[beacon]).await?;
    Reply::object(revision, &shown[0])
}

/// `PUT /v2/beacons/{beaconId}`
pub(crate) async fn put(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let beacon = find(call, tx).await?;
    call.check_match(Some(beacon.frame.revision))?;
    let body = beacons::read(call.json()?);
    answer(&estate::replace(tx, call.author(), &beacon, body).await?)
}

/// `PUT /v2/beacons/external/{externalId}`
pub(crate) async fn put_external(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    common::put_external(call, tx, |beacon: &Beacon| beacons::Beacon::from(beacon)).await
}

/// `DELETE /v2/beacons/{beaconId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let beacon = find(call, tx).await?;
    deletion::delete(call, tx, Kind::Beacon, &beacon.frame).await
}

/// Beacons as they are answered, with what devices see of them. Asked without a transaction: the
/// pipeline, which may have to catch up first, needs one itself.
async fn with_health(call: &Call, stored: &[Beacon]) -> Result<Vec<beacons::Beacon>, Failure> {
    let ids = stored.iter().map(Beacon::id).collect();
    let healths = call.state().engine.beacon_healths(ids).await?;
    let both = stored.iter().zip(&healths);
    Ok(both
        .map(|(beacon, health)| beacons::Beacon::from(beacon).with_health(health, call.now_ms()))
        .collect())
}

async fn find(call: &Call, tx: &mut Tx) -> Result<Beacon, Failure> {
    common::find(call, tx, "beaconId").await
}

fn answer(beacon: &Beacon) -> Result<Reply, Failure> {
    Reply::object(beacon.frame.revision, &beacons::Beacon::from(beacon))
}
