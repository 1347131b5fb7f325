//! Writes the clock into the log when a silent device is due.

use std::time::Duration;

use moca_core::limits::TICK_MS;
use tokio::time::{MissedTickBehavior, interval};

use crate::{Engine, EngineError};

/// Looks at the timers about once a second until the pipeline stops.
pub(crate) async fn run(engine: Engine) {
    let mut pause = interval(Duration::from_millis(TICK_MS));
    pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pause.tick().await;
        match engine.tick().await {
            // Too busy to look now: silent devices leave a little later, at the same event time.
            Ok(()) | Err(EngineError::Overloaded) => {}
            Err(EngineError::Stopping | EngineError::Storage(_) | EngineError::Erased) => return,
        }
    }
}
