//! All places, zones or beacons as one file.

use axum::body::Body;
use futures::stream;
use moca_core::bulk::{BulkKind, FileFormat};
use moca_engine::workers::exports::{Export, export};

use crate::{call::Call, dispatch::overloaded, failure::Failure, reply::Reply};

/// `GET /v2/exports/places.csv` and its like.
pub(crate) async fn file(
    call: &Call,
    kind: BulkKind,
    format: FileFormat,
) -> Result<Reply, Failure> {
    let state = call.state();
    let turn = state.exports.clone().try_acquire_owned();
    let turn = turn.map_err(|_| overloaded())?;
    let wanted = Export {
        account_id: call.principal.account_id,
        kind,
        format,
        query: call.query().list(),
    };
    let mut pieces = export(&state.control, wanted, turn).await?;
    let body = stream::poll_fn(move |context| pieces.poll_recv(context));
    Ok(Reply::stream(media_type(format), Body::from_stream(body)))
}

/// The media type of a file.
pub(crate) const fn media_type(format: FileFormat) -> &'static str {
    match format {
        FileFormat::Csv => "text/csv; charset=utf-8; header=present",
        other => other.media_type(),
    }
}
