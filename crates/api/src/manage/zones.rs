//! Zones.

use moca_core::{resource::Kind, zone::Zone};
use moca_engine::estate;
use moca_storage::control::Tx;
use moca_wire::zones::{self, ZoneBeacons};

use super::{
    common::{self, accept, created},
    deletion,
};
use crate::{call::Call, failure::Failure, reply::Reply};

/// `GET /v2/zones`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    common::list_raw::<Zone, zones::Zone>(call, tx).await
}

/// `POST /v2/zones`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let body = zones::read(call.json()?, None);
    let zone: Zone = estate::insert(tx, call.author(), body).await?;
    created(&zone.frame, &zones::Zone::from(&zone))
}

/// `GET /v2/zones/{zoneId}`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    answer(&find(call, tx).await?)
}

/// `PUT /v2/zones/{zoneId}`
pub(crate) async fn put(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let zone = find(call, tx).await?;
    call.check_match(Some(zone.frame.revision))?;
    let body = zones::read(call.json()?, Some(zone.place_id));
    answer(&estate::replace(tx, call.author(), &zone, body).await?)
}

/// `PUT /v2/zones/external/{externalId}`
pub(crate) async fn put_external(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    common::put_external(call, tx, |zone: &Zone| zones::Zone::from(zone)).await
}

/// `DELETE /v2/zones/{zoneId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let zone = find(call, tx).await?;
    deletion::delete(call, tx, Kind::Zone, &zone.frame).await
}

/// `GET /v2/zones/{zoneId}/beacons`
pub(crate) async fn get_beacons(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let zone = find(call, tx).await?;
    let beacon_ids = tx
        .beacons_of_zone(call.principal.account_id, zone.id())
        .await?;
    Reply::ok(&ZoneBeacons { beacon_ids })
}

/// `PUT /v2/zones/{zoneId}/beacons`
pub(crate) async fn put_beacons(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let zone = find(call, tx).await?;
    call.check_match(Some(zone.frame.revision))?;
    let input = accept(call, tx, zones::read_beacons(call.json()?)).await?;
    let account_id = call.principal.account_id;
    tx.set_zone_beacons(account_id, zone.id(), &input.beacon_ids, call.now_ms())
        .await?;
    Reply::ok(&input)
}

async fn find(call: &Call, tx: &mut Tx) -> Result<Zone, Failure> {
    common::find(call, tx, "zoneId").await
}

fn answer(zone: &Zone) -> Result<Reply, Failure> {
    Reply::object(zone.frame.revision, &zones::Zone::from(zone))
}
