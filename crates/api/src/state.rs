//! What every call can reach.

use std::{ops::Deref, sync::Arc};

use moca_core::{
    clock::{Clock, Random},
    limits::{
        BODIES_MEMORY_BYTES_MAX, EXPORTS_AT_ONCE, MESSAGE_HEARTBEAT_MS, MESSAGE_STREAM_MS,
        REQUEST_ARRIVAL_MS_MAX, REQUEST_WORK_MS_MAX, UPLOADS_AT_ONCE, WAITING_MAX,
    },
};
use moca_engine::{Engine, webhooks::Sender};
use moca_storage::control::Control;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::{
    callers::Callers,
    cors::Origins,
    dispatch::overloaded,
    door::Door,
    failure::Failure,
    metrics::Metrics,
    rates::{Caller, Counters, Rates},
    room::Room,
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
    /// Makes the secrets of webhooks, and tries them out.
    pub sender: Arc<Sender>,
    /// What an operator can set.
    pub settings: Settings,
    /// What the operations port tells of requests.
    pub metrics: Metrics,
    pub(crate) origins: Origins,
    pub(crate) requests: Counters<Caller>,
    pub(crate) door: Door,
    pub(crate) callers: Callers,
    /// The memory for large bodies.
    pub(crate) room: Room,
    /// Turns of those who export.
    pub(crate) exports: Arc<Semaphore>,
    /// Turns of those who send files.
    pub(crate) uploads: Semaphore,
    /// Places for those who wait for messages.
    waiting: Arc<Semaphore>,
    is_stopping: watch::Sender<bool>,
}

/// A place among those who wait for messages, until it is dropped.
pub(crate) struct WaitingPlace {
    state: ApiState,
    _permit: OwnedSemaphorePermit,
}

impl Drop for WaitingPlace {
    fn drop(&mut self) {
        self.state.metrics.waiting.dec();
    }
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
    /// Devices that wait for messages at a time; more are answered 503.
    pub waiting_max: usize,
    /// Milliseconds without a message after which a stream shows that it is alive.
    pub heartbeat_ms: u64,
    /// Milliseconds after which a stream ends.
    pub stream_ms: u64,
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
            waiting_max: WAITING_MAX,
            heartbeat_ms: MESSAGE_HEARTBEAT_MS,
            stream_ms: MESSAGE_STREAM_MS,
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
        sender: Arc<Sender>,
        settings: Settings,
    ) -> Self {
        Self(Arc::new(Parts {
            metrics: Metrics::new(&engine),
            control,
            engine,
            clock,
            random,
            sealer,
            sender,
            room: Room::new(BODIES_MEMORY_BYTES_MAX),
            waiting: Arc::new(Semaphore::new(settings.waiting_max)),
            is_stopping: watch::Sender::new(false),
            settings,
            origins: Origins::default(),
            requests: Counters::default(),
            door: Door::default(),
            callers: Callers::default(),
            exports: Arc::new(Semaphore::new(EXPORTS_AT_ONCE)),
            uploads: Semaphore::new(UPLOADS_AT_ONCE),
        }))
    }

    /// Ends all waiting: those who wait for messages get what there is, and streams end. To be called
    /// before the listener waits for the requests that are under way.
    pub fn stop_waiting(&self) {
        self.is_stopping.send_replace(true);
    }

    /// Ends when there is nothing to wait for any more.
    pub(crate) async fn stopped(&self) {
        // An error would say that the sender is gone, which this state holds.
        let _ = self.is_stopping.subscribe().wait_for(|stop| *stop).await;
    }

    /// A place among those who wait for messages, if one is free.
    pub(crate) fn waiting_place(&self) -> Result<WaitingPlace, Failure> {
        let permit = Arc::clone(&self.waiting).try_acquire_owned();
        let permit = permit.map_err(|_| overloaded())?;
        self.metrics.waiting.inc();
        Ok(WaitingPlace {
            state: self.clone(),
            _permit: permit,
        })
    }
}

impl Deref for ApiState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
