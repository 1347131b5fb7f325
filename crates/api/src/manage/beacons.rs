//! Beacons.

use moca_core::{
    beacon::Beacon,
    id::{BeaconId, IdError},
    resource::Kind,
};
use moca_engine::estate;
use moca_storage::control::Tx;
use moca_wire::beacons::{self, Health};

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
    let page = tx.list_raw::<Beacon>(account_id, &query).await?;
    drop(tx);
    let ids = page.items.iter().map(|beacon| beacon.id.parse());
    let ids: Result<Vec<BeaconId>, IdError> = ids.collect();
    let ids = ids.map_err(|error| Failure::internal("the id of a beacon cannot be read", error))?;
    let healths = healths(call, ids).await?;
    let items: Vec<_> = page.items.into_iter().zip(healths).collect();
    let account_id = account_id.to_string();
    Reply::list_written(&query, page.total, &items, |(beacon, health), json| {
        let zone_id = beacon.parent_id.as_deref();
        beacons::write_raw(&common::raw(beacon, &account_id), zone_id, health, json)
    })
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
    let mut shown = beacons::Beacon::from(&beacon);
    shown.health = healths(call, vec![beacon.id()]).await?.pop();
    Reply::object(beacon.frame.revision, &shown)
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

/// What devices see of each of these. Asked without a transaction: the pipeline, which may have to catch
/// up first, needs one itself.
async fn healths(call: &Call, ids: Vec<BeaconId>) -> Result<Vec<Health>, Failure> {
    let healths = call.state().engine.beacon_healths(ids).await?;
    let at = |health| Health::at(health, call.now_ms());
    Ok(healths.iter().map(at).collect())
}

async fn find(call: &Call, tx: &mut Tx) -> Result<Beacon, Failure> {
    common::find(call, tx, "beaconId").await
}

fn answer(beacon: &Beacon) -> Result<Reply, Failure> {
    Reply::object(beacon.frame.revision, &beacons::Beacon::from(beacon))
}
