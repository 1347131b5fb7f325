//! The status life of a campaign.

use serde::{Deserialize, Serialize};

/// What start, stop and archive left behind, with the moment they did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// The last of the four.
    pub phase: Phase,
    /// When, ms since 1970.
    pub since_ms: i64,
}

/// The stored part of the status; `Started` becomes Scheduled, Running or Finished by the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Never started.
    Draft,
    /// Started.
    Started,
    /// Stopped by hand.
    Stopped,
    /// Its end passed; kept so that a later extension does not run it again by itself.
    Finished,
    /// Put away.
    Archived,
}

/// The status as the API shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Never started.
    Draft,
    /// Started, before `startAt`.
    Scheduled,
    /// Started, between `startAt` and `endAt`.
    Running,
    /// Started, after `endAt`.
    Finished,
    /// Stopped by hand.
    Stopped,
    /// Put away.
    Archived,
}
