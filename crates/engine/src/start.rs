//! Starting and stopping the pipeline.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering, mpsc},
    thread::JoinHandle,
};

use moca_core::{
    clock::{Clock, Random},
    limits::{INGEST_QUEUE_MAX, SEGMENT_SCANS_AT_ONCE},
};
use moca_storage::{
    StorageError,
    control::Control,
    devices::{Consumer, Devices},
    log::{LogEditor, LogReader, LogWriter},
};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, watch},
    task::{JoinError, spawn_blocking},
};

use crate::{
    bundle::Offers,
    engine::{Engine, Inner},
    error::EngineError,
    pipeline::{
        configuration::Configuration,
        count::Count,
        decide::Decide,
        ingest::{self, Ingest, Request},
        people::People,
        sweeper, thread, ticker,
    },
    push::PushBell,
    shared::Shared,
    workers::{
        imports::Desk,
        last_used::{self, LastUsed},
        replays::ReplayBell,
    },
};

/// File of the event log in the data directory.
const LOG_FILE: &str = "events.db";
/// Directory of the device store in the data directory.
const DEVICES_DIRECTORY: &str = "devices";

/// The stores, opened, with the directory caught up.
pub(crate) struct Stores {
    pub(crate) writer: LogWriter,
    pub(crate) decide_reader: LogReader,
    pub(crate) count_reader: LogReader,
    pub(crate) people_reader: LogReader,
    pub(crate) editor: LogEditor,
    log_path: PathBuf,
    pub(crate) devices: Devices,
    imports: Desk,
}

impl Stores {
    pub(crate) fn open(data_dir: &Path) -> Result<Self, StorageError> {
        let log_path = data_dir.join(LOG_FILE);
        let writer = LogWriter::open(&log_path)?;
        let devices = Devices::open(&data_dir.join(DEVICES_DIRECTORY))?;
        for consumer in Consumer::ALL {
            let offset = devices.offset(consumer)?;
            if offset > writer.last_seq() {
                return Err(StorageError::Configuration(format!(
                    "the device store has taken in row {offset} of the event log, which ends at row {}: \
                     {LOG_FILE} is older than {DEVICES_DIRECTORY}/. Bring back the newer log, or move \
                     {DEVICES_DIRECTORY}/ away to have it made again from this log",
                    writer.last_seq()
                )));
            }
        }
        let decide_reader = writer.reader()?;
        let count_reader = writer.reader()?;
        let people_reader = writer.reader()?;
        ingest::catch_up(&devices, &decide_reader, writer.last_seq())?;
        Ok(Self {
            editor: writer.editor()?,
            writer,
            decide_reader,
            count_reader,
            people_reader,
            log_path,
            devices,
            imports: Desk::open(data_dir).map_err(|error| StorageError::Backend {
                doing: "opening the directory of imports",
                source: error.into(),
            })?,
        })
    }
}

impl Engine {
    /// Opens the event log and the device store under `data_dir`, takes what the last run left into
    /// the directory, and starts the stages; they catch up by themselves, and reads wait for it.
    pub async fn start(
        data_dir: &Path,
        control: Control,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, EngineError> {
        let data_dir = data_dir.to_owned();
        let stores = joined(spawn_blocking(move || Stores::open(&data_dir)).await)?;
        let last_used = LastUsed::new(control.clone());
        let offers = Offers::new(control.clone());
        let configuration = Configuration::load(control.clone(), &stores.devices).await?;
        let runtime = Handle::current();
        let uses = Arc::clone(&last_used);
        let started = spawn_blocking(move || {
            start_stages(
                stores,
                configuration,
                control,
                (uses, offers),
                clock,
                random,
                &runtime,
            )
        });
        let engine = joined(started.await)?;
        lock(&engine.inner.helpers).extend([
            tokio::spawn(ticker::run(engine.clone())),
            tokio::spawn(sweeper::run(engine.clone())),
            tokio::spawn(last_used::run(last_used)),
        ]);
        Ok(engine)
    }

    /// Takes nothing new, works off what was acknowledged, and makes it last. The stores close when
    /// the last clone of the engine is dropped.
    pub async fn shutdown(&self) -> Result<(), EngineError> {
        self.inner.shared.is_stopping.store(true, Ordering::Relaxed);
        let helpers: Vec<_> = lock(&self.inner.helpers).drain(..).collect();
        for helper in helpers {
            helper.abort();
            // It answers that it was aborted.
            let _ = helper.await;
        }
        if let Err(error) = self.inner.last_used.flush().await {
            tracing::warn!(%error, "when tokens were last used is not written down");
        }
        let threads: Vec<JoinHandle<()>> = lock(&self.inner.threads).drain(..).collect();
        let queue = self.inner.queue.clone();
        let devices = Arc::clone(&self.inner.shared.devices);
        let stopped = spawn_blocking(move || {
            // Refused only if the stage has ended already.
            let _ = queue.send(Request::Stop);
            for thread in threads {
                // A panic is noted in the health.
                let _ = thread.join();
            }
            devices.sync()
        });
        joined(stopped.await)?;
        match self.inner.shared.health.failure() {
            Some(_) => Err(EngineError::Stopping),
            None => Ok(()),
        }
    }
}

fn start_stages(
    stores: Stores,
    configuration: Configuration,
    control: Control,
    (last_used, offers): (Arc<LastUsed>, Offers),
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    runtime: &Handle,
) -> Result<Engine, StorageError> {
    let shared = Shared::new(stores.devices, clock);
    let offset = |consumer| shared.devices.offset(consumer);
    let (queue, queued) = mpsc::sync_channel(INGEST_QUEUE_MAX);
    let (appended_sender, appended) = watch::channel(stores.writer.last_seq());
    let (decided_sender, decided) = watch::channel(offset(Consumer::Decide)?);
    let (counted_sender, counted) = watch::channel(offset(Consumer::Count)?);
    // It says how far it has come when it has finished what the last run was erasing.
    let (listed_sender, listed) = watch::channel(0);

    let ingest = Ingest {
        queue: queued,
        log: stores.writer,
        shared: shared.clone(),
        random,
    };
    let decide = Decide::new(stores.decide_reader, configuration, shared.clone())?;
    let count = Count::new(stores.count_reader, shared.clone())?;
    let people = People::new(stores.people_reader, stores.editor, shared.clone())?;

    let (decide_runtime, decide_appended) = (runtime.clone(), appended.clone());
    let (count_runtime, count_decided) = (runtime.clone(), decided.clone());
    let (people_runtime, people_counted) = (runtime.clone(), counted.clone());
    let noted = || shared.health.clone();
    let threads = vec![
        thread::spawn("ingest", noted(), appended_sender, move |appended| {
            ingest.run(appended)
        })?,
        thread::spawn("decide", noted(), decided_sender, move |decided| {
            decide.run(&decide_runtime, decide_appended, decided)
        })?,
        thread::spawn("count", noted(), counted_sender, move |counted| {
            count.run(&count_runtime, count_decided, counted)
        })?,
        thread::spawn("people", noted(), listed_sender, move |listed| {
            people.run(&people_runtime, people_counted, listed)
        })?,
    ];
    Ok(Engine {
        inner: Arc::new(Inner {
            queue,
            shared,
            appended,
            decided,
            counted,
            listed,
            threads: Mutex::new(threads),
            helpers: Mutex::default(),
            log_path: stores.log_path,
            lists: tokio::sync::Mutex::default(),
            control,
            offers,
            scans: Arc::new(Semaphore::new(SEGMENT_SCANS_AT_ONCE)),
            imports: Arc::new(stores.imports),
            last_used,
            pushes: PushBell::default(),
            replays: ReplayBell::default(),
        }),
    })
}

/// What a blocking task answered. One that panicked or was cancelled was part of a shutdown.
fn joined<T>(answer: Result<Result<T, StorageError>, JoinError>) -> Result<T, EngineError> {
    match answer {
        Ok(answer) => answer.map_err(EngineError::Storage),
        Err(_) => Err(EngineError::Stopping),
    }
}

/// The lock, poisoned or not: what it guards is only ever replaced as a whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
