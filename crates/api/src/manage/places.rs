//! Places.

use moca_core::{
    place::{Place, PlaceConfig},
    resource::Kind,
};
use moca_storage::control::Tx;
use moca_wire::places;

use super::{
    common::{self, Mention, adopt_external_id, created, require_existing},
    deletion,
};
use crate::{call::Call, failure::Failure, reply::Reply};

/// `GET /v2/places`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    common::list(call, tx, |place: &Place| places::Place::from(place)).await
}

/// `POST /v2/places`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let input = places::read(call.json()?)?;
    let place = insert(call, tx, input.config).await?;
    created(&place.frame, &places::Place::from(&place))
}

/// `GET /v2/places/{placeId}`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    answer(&find(call, tx).await?)
}

/// `PUT /v2/places/{placeId}`
pub(crate) async fn put(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let place = find(call, tx).await?;
    call.check_match(Some(place.frame.revision))?;
    let input = places::read(call.json()?)?;
    replace(call, tx, place, input.config).await
}

/// `PUT /v2/places/external/{externalId}`
pub(crate) async fn put_external(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let external_id = call.path_text("externalId")?;
    let place: Option<Place> = tx
        .get_by_external_id(call.principal.account_id, external_id)
        .await?;
    call.check_match(place.as_ref().map(|place| place.frame.revision))?;
    let mut config = places::read(call.json()?)?.config;
    adopt_external_id(&mut config.external_id, external_id)?;
    if let Some(place) = place {
        return replace(call, tx, place, config).await;
    }
    let place = insert(call, tx, config).await?;
    created(&place.frame, &places::Place::from(&place))
}

/// `DELETE /v2/places/{placeId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let place = find(call, tx).await?;
    deletion::delete(call, tx, Kind::Place, &place.frame).await
}

/// Makes a place of a checked configuration.
pub(super) async fn insert(
    call: &Call,
    tx: &mut Tx,
    config: PlaceConfig,
) -> Result<Place, Failure> {
    require_existing(call, tx, &Mention::labels(&config.label_ids)).await?;
    let frame = call.new_frame();
    let place = Place { frame, config };
    tx.insert(&place).await?;
    Ok(place)
}

async fn replace(
    call: &Call,
    tx: &mut Tx,
    mut place: Place,
    config: PlaceConfig,
) -> Result<Reply, Failure> {
    require_existing(call, tx, &Mention::labels(&config.label_ids)).await?;
    place.config = config;
    place.frame = call.next_frame(&place.frame);
    tx.replace(&place).await?;
    answer(&place)
}

async fn find(call: &Call, tx: &mut Tx) -> Result<Place, Failure> {
    common::find(call, tx, "placeId").await
}

fn answer(place: &Place) -> Result<Reply, Failure> {
    Reply::object(place.frame.revision, &places::Place::from(place))
}
