//! Zones.

use moca_core::{
    resource::Kind,
    zone::{Zone, ZoneConfig},
};
use moca_storage::control::Tx;
use moca_wire::zones::{self, ZoneBeacons, ZoneInput};

use super::{
    common::{self, Mention, adopt_external_id, created, require_existing},
    deletion,
};
use crate::{call::Call, failure::Failure, reply::Reply};

/// `GET /v2/zones`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    common::list(call, tx, |zone: &Zone| zones::Zone::from(zone)).await
}

/// `POST /v2/zones`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let input = zones::read(call.json()?, None)?;
    insert(call, tx, input).await
}

/// `GET /v2/zones/{zoneId}`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    answer(&find(call, tx).await?)
}

/// `PUT /v2/zones/{zoneId}`
pub(crate) async fn put(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let zone = find(call, tx).await?;
    call.check_match(Some(zone.frame.revision))?;
    let input = zones::read(call.json()?, Some(zone.place_id))?;
    replace(call, tx, zone, input.config).await
}

/// `PUT /v2/zones/external/{externalId}`
pub(crate) async fn put_external(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let external_id = call.path_text("externalId")?;
    let zone: Option<Zone> = tx
        .get_by_external_id(call.principal.account_id, external_id)
        .await?;
    call.check_match(zone.as_ref().map(|zone| zone.frame.revision))?;
    let mut input = zones::read(call.json()?, zone.as_ref().map(|zone| zone.place_id))?;
    adopt_external_id(&mut input.config.external_id, external_id)?;
    match zone {
        Some(zone) => replace(call, tx, zone, input.config).await,
        None => insert(call, tx, input).await,
    }
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
    let input = zones::read_beacons(call.json()?)?;
    let mentions: Vec<Mention> = input
        .beacon_ids
        .iter()
        .enumerate()
        .map(|(index, id)| Mention::new(Kind::Beacon, *id, &format!("/beaconIds/{index}")))
        .collect();
    require_existing(call, tx, &mentions).await?;
    let account_id = call.principal.account_id;
    tx.set_zone_beacons(account_id, zone.id(), &input.beacon_ids, call.now_ms())
        .await?;
    Reply::ok(&input)
}

async fn insert(call: &Call, tx: &mut Tx, input: ZoneInput) -> Result<Reply, Failure> {
    let mut mentions = Mention::labels(&input.config.label_ids);
    mentions.push(Mention::new(Kind::Place, input.place_id, "/placeId"));
    require_existing(call, tx, &mentions).await?;
    let zone = Zone {
        frame: call.new_frame(),
        place_id: input.place_id,
        config: input.config,
    };
    tx.insert(&zone).await?;
    created(&zone.frame, &zones::Zone::from(&zone))
}

async fn replace(
    call: &Call,
    tx: &mut Tx,
    mut zone: Zone,
    config: ZoneConfig,
) -> Result<Reply, Failure> {
    require_existing(call, tx, &Mention::labels(&config.label_ids)).await?;
    zone.config = config;
    zone.frame = call.next_frame(&zone.frame);
    tx.replace(&zone).await?;
    answer(&zone)
}

async fn find(call: &Call, tx: &mut Tx) -> Result<Zone, Failure> {
    common::find(call, tx, "zoneId").await
}

fn answer(zone: &Zone) -> Result<Reply, Failure> {
    Reply::object(zone.frame.revision, &zones::Zone::from(zone))
}
