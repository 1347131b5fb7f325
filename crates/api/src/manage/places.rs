//! Places.

use moca_core::{place::Place, resource::Kind};
use moca_engine::estate;
use moca_storage::control::Tx;
use moca_wire::places;

use super::{
    common::{self, created},
    deletion,
};
use crate::{call::Call, failure::Failure, reply::Reply};

/// `GET /v2/places`
pub(crate) async fn list(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    common::list_raw::<Place, places::Place>(call, tx).await
}

/// `POST /v2/places`
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let body = places::read(call.json()?);
    let place: Place = estate::insert(tx, call.author(), body).await?;
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
    let body = places::read(call.json()?);
    answer(&estate::replace(tx, call.author(), &place, body).await?)
}

/// `PUT /v2/places/external/{externalId}`
pub(crate) async fn put_external(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    common::put_external(call, tx, |place: &Place| places::Place::from(place)).await
}

/// `DELETE /v2/places/{placeId}`
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let place = find(call, tx).await?;
    deletion::delete(call, tx, Kind::Place, &place.frame).await
}

async fn find(call: &Call, tx: &mut Tx) -> Result<Place, Failure> {
    common::find(call, tx, "placeId").await
}

fn answer(place: &Place) -> Result<Reply, Failure> {
    Reply::object(place.frame.revision, &places::Place::from(place))
}
