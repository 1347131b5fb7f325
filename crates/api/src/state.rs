//! What every call can reach.

use std::{ops::Deref, sync::Arc};

use moca_core::{
    clock::{Clock, Random},
    limits::{EXPORTS_AT_ONCE, REQUEST_ARRIVAL_MS_MAX, REQUEST_WORK_MS_MAX, UPLOADS_AT_ONCE},
};
use moca_engine::Engine;
use moca_storage::control::Control;

use tokio::sync::Semaphore;

use crate::{
    cors::Origins,
    door::Door,
    metrics::Metrics,
    rates::{Caller, Counters, Rates},
    seal::Sealer,
};

/// The stores, the engine and the sockets of time and randomness. Cheap to clone.
#[derive(Clone)]
pub struct ApiState(Arc<Parts>);

/// The parts of [`ApiState`].
pub struct Parts {
    /// The control store.
    pub control: Control,
    /// The event pipeline.
    pub engine: Engine,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes unpredictable bytes.
    pub random: Arc<dyn Random>,
    /// Encrypts secrets that are stored.
    pub sealer: Sealer,
    /// What an operator can set.
    pub settings: Settings,
    /// What the operations port tells of requests.
    pub metrics: Metrics,
    pub(crate) origins: Origins,
    pub(crate) requests: Counters<Caller>,
    pub(crate) door: Door,
    /// Turns of those who export.
    pub(crate) exports: Arc<Semaphore>,
    /// Turns of those who send files.
    pub(crate) uploads: Semaphore,
}

/// What an operator can set about the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Milliseconds a body may take to arrive; a file may take as long as it keeps coming.
    pub arrival_ms: u64,
    /// Milliseconds a call may take to be answered.
    pub work_ms: u64,
    /// Requests worked on at a time; more are answered 503.
    pub in_flight_max: usize,
    /// Origins whose pages may call every account: the console's.
    pub console_origins: Vec<String>,
    /// How often each caller may call.
    pub rates: Rates,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            arrival_ms: REQUEST_ARRIVAL_MS_MAX,
            work_ms: REQUEST_WORK_MS_MAX,
            in_flight_max: 4_096,
            console_origins: Vec::new(),
            rates: Rates::default(),
        }
    }
}

impl ApiState {
    /// Puts the parts together.
    pub fn new(
        control: Control,
        engine: Engine,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        sealer: Sealer,
        settings: Settings,
    ) -> Self {
        Self(Arc::new(Parts {
            metrics: Metrics::new(&engine),
            control,
            engine,
            clock,
            random,
            sealer,
            settings,
            origins: Origins::default(),
            requests: Counters::default(),
            door: Door::default(),
            exports: Arc::new(Semaphore::new(EXPORTS_AT_ONCE)),
            uploads: Semaphore::new(UPLOADS_AT_ONCE),
        }))
    }
}

impl Deref for ApiState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
