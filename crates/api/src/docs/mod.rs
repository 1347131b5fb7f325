//! The documentation, as the program itself serves it.

use crate::{auth::Anyone, call::Call, failure::Failure, openapi, reply::Reply};

/// `GET /v2/openapi.json`
pub(crate) async fn openapi(_: &Call<Anyone>) -> Result<Reply, Failure> {
    Ok(Reply::public("application/json", openapi::text()))
}
