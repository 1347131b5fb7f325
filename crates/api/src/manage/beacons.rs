//! Beacons.

use moca_core::{beacon::Beacon, resource::Kind};
use moca_storage::control::Tx;
use moca_wire::beacons::{self, BeaconConfig};

use super::{
    common::{self, Mention, adopt_external_id, created, require_existing},
    deletion,
};
use crate::{call::Call, failure::Failure, reply::Reply};

/// `GET /v2/beacons`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    common::list(call, tx, |beacon: &Beacon| beacons::Beacon::from(beacon)).await
}

/// `POST /v2/beacons`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let input = beacons::read(call.json()?)?;
    insert(call, tx, input.config).await
}

/// `GET /v2/beacons/{beaconId}`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    answer(&find(call, tx).await?)
}

/// `PUT /v2/beacons/{beaconId}`
pub(crate) async fn put(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let beacon = find(call, tx).await?;
    call.check_match(Some(beacon.frame.revision))?;
    let input = beacons::read(call.json()?)?;
    replace(call, tx, beacon, input.config).await
}

/// `PUT /v2/beacons/external/{externalId}`
pub(crate) async fn put_external(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let external_id = call.path_text("externalId")?;
    let beacon: Option<Beacon> = tx
        .get_by_external_id(call.principal.account_id, external_id)
        .await?;
    call.check_match(beacon.as_ref().map(|beacon| beacon.frame.revision))?;
    let mut config = beacons::read(call.json()?)?.config;
    adopt_external_id(&mut config.beacon.external_id, external_id)?;
    match beacon {
        Some(beacon) => replace(call, tx, beacon, config).await,
        None => insert(call, tx, config).await,
    }
}

/// `DELETE /v2/beacons/{beaconId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let beacon = find(call, tx).await?;
    deletion::delete(call, tx, Kind::Beacon, &beacon.frame).await
}

async fn insert(call: &Call, tx: &mut Tx, config: BeaconConfig) -> Result<Reply, Failure> {
    require_existing(call, tx, &mentions(&config)).await?;
    let beacon = Beacon {
        frame: call.new_frame(),
        zone_id: config.zone_id,
        config: config.beacon,
    };
    tx.insert(&beacon).await?;
    created(&beacon.frame, &beacons::Beacon::from(&beacon))
}

async fn replace(
    call: &Call,
    tx: &mut Tx,
    beacon: Beacon,
    config: BeaconConfig,
) -> Result<Reply, Failure> {
    require_existing(call, tx, &mentions(&config)).await?;
    let beacon = Beacon {
        frame: call.next_frame(&beacon.frame),
        zone_id: config.zone_id,
        config: config.beacon,
    };
    tx.replace(&beacon).await?;
    answer(&beacon)
}

fn mentions(config: &BeaconConfig) -> Vec<Mention> {
    let mut mentions = Mention::labels(&config.beacon.label_ids);
    let zone = config.zone_id;
    mentions.extend(zone.map(|id| Mention::new(Kind::Zone, id, "/config/zoneId")));
    mentions
}

async fn find(call: &Call, tx: &mut Tx) -> Result<Beacon, Failure> {
    common::find(call, tx, "beaconId").await
}

fn answer(beacon: &Beacon) -> Result<Reply, Failure> {
    Reply::object(beacon.frame.revision, &beacons::Beacon::from(beacon))
}
