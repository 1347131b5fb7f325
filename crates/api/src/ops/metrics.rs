//! `GET /metrics`

use crate::{failure::Failure, reply::Reply, state::ApiState};

/// The text format of Prometheus.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics.
pub(crate) async fn text(state: &ApiState) -> Result<Reply, Failure> {
    let text = state
        .metrics
        .write()
        .map_err(|error| Failure::internal("the metrics cannot be written", error))?;
    Ok(Reply::raw(MEDIA_TYPE, text.into()))
}
