//! Gets what was erased out of the files, and what everybody knows out of the change feed, from time to time.

use std::time::Duration;

use moca_core::limits::{SWEEP_LOOK_MS, SWEEP_PAUSE_MS};
use tokio::time::{MissedTickBehavior, interval};

use crate::{Engine, EngineError};

/// Looks from one sweep of the control store to the next.
const LOOKS: i64 = SWEEP_PAUSE_MS / SWEEP_LOOK_MS as i64;

/// Looks about once a minute whether a sweep is due, until the pipeline stops.
pub(crate) async fn run(engine: Engine) {
    let mut looks_left = LOOKS;
    let mut pause = interval(Duration::from_millis(SWEEP_LOOK_MS));
    pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // At the start there is better to do.
    pause.tick().await;
    loop {
        pause.tick().await;
        if let Err(error) = sweep(&engine).await {
            tracing::warn!(%error, "What was erased is still in files; the next look tries again");
        }
        // What is deleted there is not only of people who are erased.
        looks_left -= 1;
        if looks_left <= 0 {
            match engine.inner.control.forget_deleted().await {
                Ok(()) => looks_left = LOOKS,
                Err(error) => {
                    tracing::warn!(%error, "What was deleted is still beside the control store; the next look tries again");
                }
            }
        }
        if let Err(error) = engine.forget_changes().await {
            tracing::warn!(%error, "The change feed stays longer than it has to; the next look tries again");
        }
    }
}

async fn sweep(engine: &Engine) -> Result<(), EngineError> {
    if engine.is_sweep_due(SWEEP_PAUSE_MS).await? {
        engine.sweep().await?;
    }
    Ok(())
}
