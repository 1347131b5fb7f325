//! Whether the process lives, and whether it can do its work.

use moca_storage::StorageError;
use moca_wire::problem::Code;
use serde::Serialize;

use crate::{failure::Failure, reply::Reply, state::ApiState};

/// The answer of `GET /health`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    status: &'static str,
    version: &'static str,
    last_seq: u64,
    decided_seq: u64,
    counted_seq: u64,
    listed_seq: u64,
}

/// `GET /health/live`: answering is the proof.
pub(crate) async fn live(_state: &ApiState) -> Result<Reply, Failure> {
    Reply::ok(&serde_json::json!({"status": "live"}))
}

/// `GET /health/ready`: 503 while a part that every call needs does not work.
pub(crate) async fn ready(state: &ApiState) -> Result<Reply, Failure> {
    check(state).await?;
    Reply::ok(&serde_json::json!({"status": "ready"}))
}

/// `GET /health`: the same, and how far the pipeline has come.
pub(crate) async fn summary(state: &ApiState) -> Result<Reply, Failure> {
    check(state).await?;
    let progress = state.engine.progress();
    Reply::ok(&Health {
        status: "ready",
        version: env!("CARGO_PKG_VERSION"),
        last_seq: progress.last_seq,
        decided_seq: progress.decided_seq,
        counted_seq: progress.counted_seq,
        listed_seq: progress.listed_seq,
    })
}

async fn check(state: &ApiState) -> Result<(), Failure> {
    if let Err(reason) = state.engine.healthy() {
        return Err(Failure::new(
            Code::Unavailable,
            format!("The event pipeline does not work: {reason}."),
        ));
    }
    reach_control_store(state).await.map_err(|error| {
        Failure::new(
            Code::Unavailable,
            format!("The control store does not answer: {error}."),
        )
    })
}

async fn reach_control_store(state: &ApiState) -> Result<(), StorageError> {
    state.control.read().await?.config_version().await?;
    state.control.require_whole()
}
