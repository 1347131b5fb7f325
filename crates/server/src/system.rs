//! The machine's clock and random numbers, plugged into the sockets of the core.

use std::time::{SystemTime, UNIX_EPOCH};

use moca_core::clock::{Clock, Random};

/// The clock of the machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the program asks the machine for the time"
    )]
    fn now_ms(&self) -> i64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .and_then(|since| i64::try_from(since.as_millis()).ok())
            .unwrap_or(0)
    }
}

/// Random bytes of the operating system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // Secrets must not be made without it, and nothing else can be done.
            tracing::error!(%error, "the operating system gives no random bytes");
            std::process::abort();
        }
    }
}
