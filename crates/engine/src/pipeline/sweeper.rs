//! Gets what was erased out of the files, from time to time.

use std::time::Duration;

use moca_core::limits::{SWEEP_LOOK_MS, SWEEP_PAUSE_MS};
use tokio::time::{MissedTickBehavior, interval};

use crate::Engine;

/// Looks about once a minute whether a sweep is due, until the pipeline stops.
pub(crate) async fn run(engine: Engine) {
    let mut pause = interval(Duration::from_millis(SWEEP_LOOK_MS));
    pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // At the start there is better to do.
    pause.tick().await;
    loop {
        pause.tick().await;
        let done = match engine.is_sweep_due(SWEEP_PAUSE_MS).await {
            Ok(true) => engine.sweep().await,
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            tracing::warn!(%error, "What was erased is still in files; the next look tries again");
        }
    }
}
