//! Time and chance, as the back-off and the login need them.

use std::{
    pin::Pin,
    sync::OnceLock,
    time::{Duration, Instant},
};

use crate::error::ClientError;

/// What a client knows of time and chance. [`SystemPace`] is the machine's; a test plugs in one
/// that it turns by hand, so that a back-off of minutes takes no time.
pub trait Pace: Send + Sync + 'static {
    /// Time since any fixed moment.
    fn elapsed(&self) -> Duration;
    /// Ends when that much time has passed.
    fn wait(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
    /// Unpredictable bytes: keys of repeats and the jitter of waits are made of them.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), ClientError>;
}

/// The machine's clock, tokio's timer and the operating system's random bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemPace;

impl Pace for SystemPace {
    fn elapsed(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }

    fn wait(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(time))
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), ClientError> {
        getrandom::fill(bytes).map_err(|error| {
            ClientError::Configuration(format!("the system gives no random bytes: {error}"))
        })
    }
}

/// An even number from 0 to 1.
pub(crate) fn fraction(pace: &dyn Pace) -> Result<f64, ClientError> {
    let mut bytes = [0; 4];
    pace.fill(&mut bytes)?;
    Ok(f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
}

/// 16 random bytes in hexadecimal: an `Idempotency-Key` that nobody else makes.
pub(crate) fn fresh_key(pace: &dyn Pace) -> Result<String, ClientError> {
    let mut bytes = [0; 16];
    pace.fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
