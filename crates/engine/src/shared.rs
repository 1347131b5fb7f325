//! What the stages and the engine have in common.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64},
};

use moca_core::clock::Clock;
use moca_storage::devices::Devices;
use tokio::sync::Notify;

use crate::{backlog::Backlog, bell::Bell, health::Health, metrics::Metrics};

/// The parts of a running pipeline that everyone in it uses. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Shared {
    /// The device store.
    pub(crate) devices: Arc<Devices>,
    /// The server's clock.
    pub(crate) clock: Arc<dyn Clock>,
    /// When the first timer is due, ms since 1970; `i64::MAX` for never.
    pub(crate) next_due: Arc<AtomicI64>,
    /// Whether a shutdown has begun.
    pub(crate) is_stopping: Arc<AtomicBool>,
    /// How much is on disk but not yet taken in.
    pub(crate) backlog: Arc<Backlog>,
    /// Wakes those who wait for messages.
    pub(crate) bell: Arc<Bell>,
    /// Wakes whoever tells webhooks.
    pub(crate) hook_bell: Arc<Notify>,
    /// Counters.
    pub(crate) metrics: Arc<Metrics>,
    /// Whether all stages still work.
    pub(crate) health: Arc<Health>,
}

impl Shared {
    /// The common parts of a pipeline that starts now.
    pub(crate) fn new(devices: Devices, clock: Arc<dyn Clock>) -> Self {
        Self {
            devices: Arc::new(devices),
            clock,
            next_due: Arc::new(AtomicI64::new(i64::MAX)),
            is_stopping: Arc::default(),
            backlog: Arc::default(),
            bell: Arc::default(),
            hook_bell: Arc::default(),
            metrics: Arc::default(),
            health: Arc::default(),
        }
    }
}
