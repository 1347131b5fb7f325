//! The pipeline as the API sees it.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    path::PathBuf,
    sync::{Arc, Mutex, atomic::Ordering, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use moca_core::{
    event::{Change, Event, Profile, Subject},
    experience::{Target, TargetKind},
    id::{AccountId, AppId, ExperienceId, InstanceId, ReplayId},
    limits::READ_WAIT_MS_MAX,
    time::Range,
};
use moca_storage::{StorageError, control::Control, devices::Devices};
use sha2::{Digest, Sha256};
use tokio::{
    sync::{Semaphore, oneshot, watch},
    task::spawn_blocking,
    time::timeout,
};

use crate::{
    bundle::Offers,
    error::EngineError,
    metrics::Metrics,
    pipeline::ingest::{Registration, Request},
    push::PushBell,
    query::{
        Appended, CountQuery, CountedExperience, DecisionCounts, DecisionQuery, ExperienceCounts,
        ExperiencesQuery, InstanceView, KeptDecision, Page, Progress, Registered,
    },
    read::{self, people::view},
    shared::Shared,
    workers::{imports::Desk, last_used::LastUsed, replays::ReplayBell},
};

/// The running pipeline. Cheap to clone; dropping it does not stop it, [`Engine::shutdown`] does.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) queue: mpsc::SyncSender<Request>,
    pub(crate) shared: Shared,
    pub(crate) appended: watch::Receiver<u64>,
    pub(crate) decided: watch::Receiver<u64>,
    pub(crate) counted: watch::Receiver<u64>,
    pub(crate) listed: watch::Receiver<u64>,
    pub(crate) threads: Mutex<Vec<JoinHandle<()>>>,
    pub(crate) helpers: Mutex<Vec<tokio::task::JoinHandle<()>>>,
    pub(crate) log_path: PathBuf,
    /// Turns for questions that look at every instance of an app.
    pub(crate) scans: Arc<Semaphore>,
    /// The turn of who replaces the members of a static segment.
    pub(crate) lists: tokio::sync::Mutex<()>,
    pub(crate) control: Control,
    pub(crate) offers: Offers,
    pub(crate) imports: Arc<Desk>,
    pub(crate) last_used: Arc<LastUsed>,
    pub(crate) pushes: PushBell,
    pub(crate) replays: ReplayBell,
}

impl Engine {
    /// `Err` with the reason once a stage has failed; the pipeline then takes nothing more.
    pub fn healthy(&self) -> Result<(), String> {
        match self.inner.shared.health.failure() {
            Some(reason) => Err(reason.to_owned()),
            None => Ok(()),
        }
    }

    /// How far the stages have come.
    pub fn progress(&self) -> Progress {
        Progress {
            last_seq: *self.inner.appended.borrow(),
            decided_seq: *self.inner.decided.borrow(),
            counted_seq: *self.inner.counted.borrow(),
            listed_seq: *self.inner.listed.borrow(),
        }
    }

    /// What the pipeline tells of itself.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.shared.metrics
    }

    /// Where files wait that are imported.
    pub fn imports(&self) -> &Arc<Desk> {
        &self.inner.imports
    }

    /// When tokens were last used.
    pub fn last_used(&self) -> &LastUsed {
        &self.inner.last_used
    }

    /// Wakes whoever runs replays.
    pub fn replays(&self) -> &ReplayBell {
        &self.inner.replays
    }

    /// Wakes whoever sends notifications.
    pub fn pushes(&self) -> &PushBell {
        &self.inner.pushes
    }

    /// Registers an instance, or registers it again, and takes in what `more` it tells of itself, all or
    /// nothing; durable when it returns.
    pub async fn register(
        &self,
        account_id: AccountId,
        app_id: AppId,
        device_key: Option<&str>,
        token_hash: [u8; 32],
        profile: Profile,
        more: Vec<Change>,
    ) -> Result<Registered, EngineError> {
        let registration = Registration {
            account_id,
            app_id,
            device_key_hash: device_key.map(|key| Sha256::digest(key).into()),
            token_hash,
            profile,
            more,
        };
        self.submit(|answer| Request::Register(Box::new(registration), answer))
            .await
    }

    /// The instance this token belongs to. Two short reads that memory mostly answers, so they are
    /// done in place: handing them to another thread would cost more than they do.
    pub async fn authenticate(
        &self,
        token_hash: &[u8; 32],
    ) -> Result<Option<Subject>, EngineError> {
        let devices = &self.inner.shared.devices;
        let Some(instance) = devices.instance_by_token(token_hash)? else {
            return Ok(None);
        };
        Ok(devices
            .directory_entry(instance)?
            .map(|entry| entry.subject))
    }

    /// Appends a change other than an event; durable when it returns.
    pub async fn change(&self, subject: Subject, change: Change) -> Result<(), EngineError> {
        self.changes(subject, vec![change]).await
    }

    /// Appends several changes, all or none; durable when it returns.
    pub async fn changes(&self, subject: Subject, changes: Vec<Change>) -> Result<(), EngineError> {
        self.submit(|answer| Request::Change(subject, changes, answer))
            .await?
            .ok_or(EngineError::Erased)
    }

    /// Appends the events that are new; durable when it returns.
    pub async fn events(
        &self,
        subject: Subject,
        events: Vec<Event>,
    ) -> Result<Appended, EngineError> {
        self.submit(|answer| Request::Events(subject, events, answer))
            .await?
            .ok_or(EngineError::Erased)
    }

    /// The instances with these ids that are there.
    pub async fn subjects(
        &self,
        ids: Vec<InstanceId>,
    ) -> Result<HashMap<InstanceId, Subject>, EngineError> {
        self.read(move |devices| {
            let mut found = HashMap::with_capacity(ids.len());
            for id in ids {
                let entry = devices.directory_entry(id)?;
                found.extend(entry.map(|entry| (id, entry.subject)));
            }
            Ok(found)
        })
        .await
    }

    /// Appends the events of several instances that are new, all together; durable when it returns. For each
    /// instance, in order, what came of its events; none for one that was erased.
    pub async fn gathered(
        &self,
        told: Vec<(Subject, Vec<Event>)>,
    ) -> Result<Vec<Option<Appended>>, EngineError> {
        self.submit(|answer| Request::Gathered(told, answer)).await
    }

    /// Appends a clock record if a timer of a silent device is due. The engine does this by itself
    /// about once a second; tests, whose clocks stand still, call it.
    pub async fn tick(&self) -> Result<(), EngineError> {
        // What is on its way may move the timers; and no second tick before the first was heard.
        self.wait(&self.inner.decided).await?;
        if self.inner.shared.clock.now_ms() < self.inner.shared.next_due.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.submit(Request::Tick).await
    }

    /// The instance with all changes acknowledged before this call.
    pub async fn instance(&self, subject: Subject) -> Result<Option<InstanceView>, EngineError> {
        self.wait(&self.inner.decided).await?;
        let state = self
            .read(move |devices| devices.state(subject.instance_id))
            .await?;
        Ok(state.map(view))
    }

    /// Decisions of an app, with all events acknowledged before this call decided.
    pub async fn decisions(
        &self,
        app_id: AppId,
        query: &DecisionQuery,
    ) -> Result<Page<KeptDecision>, EngineError> {
        self.decisions_of(vec![app_id], query).await
    }

    /// The same of several apps, one after the other.
    pub async fn decisions_of(
        &self,
        apps: Vec<AppId>,
        query: &DecisionQuery,
    ) -> Result<Page<KeptDecision>, EngineError> {
        self.wait(&self.inner.decided).await?;
        let query = query.clone();
        self.read(move |devices| read::decisions::decisions(devices, &apps, &query))
            .await
    }

    /// How many decisions of apps have which outcome, with all events acknowledged before this call
    /// decided.
    pub async fn decision_counts(
        &self,
        apps: Vec<AppId>,
        query: &DecisionQuery,
    ) -> Result<DecisionCounts, EngineError> {
        self.wait(&self.inner.decided).await?;
        let query = query.clone();
        self.read(move |devices| read::decisions::summary(devices, &apps, &query))
            .await
    }

    /// What a replay has decided so far, of what a query asks for.
    pub async fn replayed(
        &self,
        id: ReplayId,
        query: DecisionQuery,
    ) -> Result<Page<KeptDecision>, EngineError> {
        self.read(move |devices| read::decisions::replayed(devices, id, &query))
            .await
    }

    /// The experiences to which anything happened in a range, with all that was acknowledged before
    /// this call decided.
    pub async fn counted_experiences(
        &self,
        query: &ExperiencesQuery,
        range: Range,
    ) -> Result<Vec<CountedExperience>, EngineError> {
        self.wait(&self.inner.decided).await?;
        let query = query.clone();
        self.read(move |devices| read::experiences::counted(devices, &query, range))
            .await
    }

    /// What happened to some experiences of an app in each range, with all that was acknowledged before
    /// this call decided.
    pub async fn experiences(
        &self,
        app_id: AppId,
        asked: HashSet<ExperienceId>,
        ranges: &[Range],
    ) -> Result<ExperienceCounts, EngineError> {
        self.wait(&self.inner.decided).await?;
        let ranges = ranges.to_vec();
        self.read(move |devices| read::experiences::experiences(devices, app_id, &asked, &ranges))
            .await
    }

    /// All that an experience was about whenever something was decided about it, with all that was
    /// acknowledged before this call decided.
    pub async fn experience_about(
        &self,
        app_id: AppId,
        experience_id: ExperienceId,
    ) -> Result<BTreeSet<Target>, EngineError> {
        self.wait(&self.inner.decided).await?;
        self.read(move |devices| devices.about(app_id, experience_id))
            .await
    }

    /// Distinct instances in each range, with all events acknowledged before this call counted.
    pub async fn count(
        &self,
        query: &CountQuery,
        ranges: &[Range],
    ) -> Result<Vec<u64>, EngineError> {
        self.wait(&self.inner.counted).await?;
        let (query, ranges) = (query.clone(), ranges.to_vec());
        self.read(move |devices| read::count::count(devices, &query, &ranges))
            .await
    }

    /// Visitors by place, zone or beacon over a range, most visited first.
    pub async fn visitors_by_target(
        &self,
        app_id: AppId,
        kind: TargetKind,
        range: Range,
    ) -> Result<Vec<(Target, u64)>, EngineError> {
        self.wait(&self.inner.counted).await?;
        self.read(move |devices| read::count::visitors_by_target(devices, app_id, kind, range))
            .await
    }

    /// Puts a request into the queue and waits for its answer.
    pub(crate) async fn submit<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> Request,
    ) -> Result<T, EngineError> {
        let shared = &self.inner.shared;
        if shared.is_stopping.load(Ordering::Relaxed) || shared.health.failure().is_some() {
            return Err(EngineError::Stopping);
        }
        if shared.backlog.is_full() {
            return Err(EngineError::Overloaded);
        }
        let (answer, answered) = oneshot::channel();
        match self.inner.queue.try_send(request(answer)) {
            Ok(()) => answered.await.map_err(|_| EngineError::Stopping),
            Err(mpsc::TrySendError::Full(_)) => Err(EngineError::Overloaded),
            Err(mpsc::TrySendError::Disconnected(_)) => Err(EngineError::Stopping),
        }
    }

    /// Waits until a stage has taken in all that was acknowledged before this call.
    pub(crate) async fn wait(&self, stage: &watch::Receiver<u64>) -> Result<(), EngineError> {
        let acknowledged = *self.inner.appended.borrow();
        let mut stage = stage.clone();
        let reached = stage.wait_for(|seq| *seq >= acknowledged);
        match timeout(Duration::from_millis(READ_WAIT_MS_MAX), reached).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(EngineError::Stopping),
            Err(_) => Err(EngineError::Overloaded),
        }
    }

    /// Reads from the device store on a thread where it may take its time.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Devices) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let devices = Arc::clone(&self.inner.shared.devices);
        spawn_blocking(move || read(&devices))
            .await
            .map_err(|_| EngineError::Stopping)?
            .map_err(EngineError::Storage)
    }
}
