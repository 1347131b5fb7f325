//! The pipeline from outside: a real control store, a real log, a clock turned by hand.
#![expect(
    clippy::unwrap_used,
    reason = "tests, whose helpers clippy does not know as such"
)]

mod bundle;
mod campaign_replay;
mod counts;
mod devices;
mod erasure;
mod experiences;
mod flow;
mod replay;
mod support;
mod timers;
