//! Time and randomness come from outside; these are the sockets they are plugged into.

use crate::id::Id;

/// Tells the time. The binary plugs in the system clock, tests a clock they turn by hand.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> i64;
}

/// Makes unpredictable bytes. The binary plugs in the operating system, tests a seeded generator.
pub trait Random: Send + Sync + 'static {
    /// Overwrites all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// A new id for something made at `at_ms`.
pub fn new_id(at_ms: i64, random: &dyn Random) -> Id {
    let mut bytes = [0; 10];
    random.fill(&mut bytes);
    Id::from_parts(at_ms, bytes)
}
