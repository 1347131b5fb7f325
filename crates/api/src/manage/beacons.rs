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
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    common::list(call, tx, |beacon: &Beacon| beacons::Beacon::from(beacon)).await
}

/// `POST /v2/beacons`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let body = beacons::read(call.json()?);
    let beacon: Beacon = estate::insert(tx, call.author(), body).await?;
    created(&beacon.frame, &beacons::Beacon::from(&beacon))
}

/// `GET /v2/beacons/{beaconId}`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    answer(&find(call, tx).await?)
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

async fn find(call: &Call, tx: &mut Tx) -> Result<Beacon, Failure> {
    common::find(call, tx, "beaconId").await
}

fn answer(beacon: &Beacon) -> Result<Reply, Failure> {
    Reply::object(beacon.frame.revision, &beacons::Beacon::from(beacon))
}
