//! Replays: a campaign over what devices told, by the code that decides as it happens.
//!
//! The log is read from its first row, as what an instance was shown depends on all of it. To keep
//! memory level, some of the instances are looked at at a time: the log is read once for each fifty
//! thousand. What is decided is kept under the same keys whenever a row is read again, so a server
//! that was killed goes on with the pass it was in. One replay runs at a time, and after each piece it
//! rests for as long as that took.

pub(crate) mod pass;

use std::{sync::Arc, time::Duration};

use moca_core::{
    clock::Clock,
    job::{Job as _, JobStatus},
    limits::{
        CONTROL_RETRY_MS, REPLAY_DECISIONS_MAX, REPLAY_INSTANCES_AT_ONCE, REPLAY_REST_MS_MAX,
    },
    replay::Replay,
};
use moca_storage::{StorageError, control::Control, devices::Devices};
use tokio::{sync::Notify, task::spawn_blocking, time::sleep};

use self::pass::Pass;
use crate::{Engine, EngineError};

/// Wakes whoever runs replays.
#[derive(Default)]
pub struct ReplayBell(Notify);

impl ReplayBell {
    /// Says that there is something to do, or no longer.
    pub fn ring(&self) {
        self.0.notify_one();
    }
}

/// Runs replays. There is one in a server.
pub struct Replayer {
    engine: Engine,
    control: Control,
    clock: Arc<dyn Clock>,
    /// The pass at hand.
    open: Option<Pass>,
}

impl Replayer {
    /// One that has done nothing yet.
    pub fn new(engine: &Engine, control: Control, clock: Arc<dyn Clock>) -> Self {
        Self {
            engine: engine.clone(),
            control,
            clock,
            open: None,
        }
    }

    /// Runs whatever comes, until it is dropped or the stores are closed.
    pub async fn run(mut self) {
        loop {
            let begun = self.clock.now_ms();
            match self.round().await {
                // Live events come first.
                Ok(true) => {
                    let worked_ms = self.clock.now_ms().saturating_sub(begun);
                    let rest_ms = worked_ms.clamp(0, REPLAY_REST_MS_MAX);
                    sleep(Duration::from_millis(rest_ms.unsigned_abs())).await;
                }
                Ok(false) => self.engine.inner.replays.0.notified().await,
                Err(EngineError::Storage(StorageError::Closed) | EngineError::Stopping) => return,
                Err(error) => {
                    tracing::warn!(%error, "A replay cannot go on; it is tried again");
                    self.open = None;
                    sleep(Duration::from_millis(CONTROL_RETRY_MS)).await;
                }
            }
        }
    }

    /// Runs all that is there now.
    pub async fn work_off(&mut self) -> Result<(), EngineError> {
        while self.round().await? {}
        Ok(())
    }

    /// Does a piece of the oldest replay; false when there is nothing to do.
    pub async fn round(&mut self) -> Result<bool, EngineError> {
        // A turn to write although it only reads: who rings does so before its transaction ends, and this one
        // begins after that.
        let mut tx = self.control.write().await?;
        let unfinished = tx.unfinished_jobs::<Replay>().await?;
        let Some(replay) = unfinished.into_iter().next() else {
            let known = tx.replay_ids().await?;
            drop(tx);
            self.open = None;
            let forget = move |devices: &Devices| {
                let kept = devices.kept_replays()?.into_iter();
                let mut unknown = kept.filter(|id| !known.contains(id));
                unknown.try_for_each(|id| devices.forget_replay(id))
            };
            self.engine.read(forget).await?;
            return Ok(false);
        };
        drop(tx);
        match self.step(replay).await {
            // It was cancelled or deleted meanwhile.
            Err(EngineError::Storage(StorageError::Stale)) => self.open = None,
            done => done?,
        }
        Ok(true)
    }

    async fn step(&mut self, mut replay: Replay) -> Result<(), EngineError> {
        if replay.status == JobStatus::Pending {
            return self.start(replay).await;
        }
        let is_open = |pass: &Pass| pass.is_of(&replay);
        let pass = match self.open.take().filter(is_open) {
            Some(pass) => pass,
            None => self.begin(&replay).await?,
        };
        let worked = spawn_blocking(move || pass.work()).await;
        let mut pass = worked.map_err(|_| EngineError::Stopping)??;
        let progress = &mut replay.progress;
        if progress.decisions + pass.kept() > REPLAY_DECISIONS_MAX {
            let failure =
                format!("it makes more than {REPLAY_DECISIONS_MAX} decisions: ask for less time");
            progress.failure = Some(failure);
            return self.end(replay, JobStatus::Failed).await;
        }
        progress.rows_done = pass.rows_done();
        if !pass.is_done() {
            pass.moved();
            self.open = Some(pass);
            return self.save(replay).await;
        }
        progress.decisions += pass.kept();
        // Who was erased meanwhile is in nothing that is kept from here on.
        let pass = self.engine.read(move |_| pass.forget_erased()).await?;
        progress.passes_done += 1;
        progress.rows_done = 0;
        if progress.passes_done < progress.passes {
            return self.save(replay).await;
        }
        let sums = self.engine.read(move |_| pass.sums()).await?;
        (replay.progress.outcomes, replay.progress.instances) = sums;
        self.end(replay, JobStatus::Completed).await
    }

    /// Says how much there is to do.
    async fn start(&self, mut replay: Replay) -> Result<(), EngineError> {
        let app_id = replay.app_id;
        let instances = self
            .engine
            .read(move |devices| devices.people_reader().instances(app_id, 0, 1))
            .await?;
        replay.status = JobStatus::Running;
        replay.progress.started_at = Some(self.clock.now_ms());
        replay.progress.last_row = *self.engine.inner.appended.borrow();
        replay.progress.passes = instances.total.div_ceil(REPLAY_INSTANCES_AT_ONCE).max(1);
        self.save(replay).await
    }

    /// Prepares the next pass.
    async fn begin(&self, replay: &Replay) -> Result<Pass, EngineError> {
        let inner = &self.engine.inner;
        // What was decided then is there to be found, and what was taken in is in the history.
        self.engine.wait(&inner.decided).await?;
        let devices = Arc::clone(&inner.shared.devices);
        Ok(Pass::new(devices, &inner.log_path, replay))
    }

    async fn save(&self, replay: Replay) -> Result<(), EngineError> {
        let replay = replay.changed(self.clock.now_ms());
        let mut tx = self.control.write().await?;
        tx.save_job(&replay).await?;
        Ok(tx.commit().await?)
    }

    async fn end(&self, replay: Replay, status: JobStatus) -> Result<(), EngineError> {
        let now_ms = self.clock.now_ms();
        tracing::info!(replay = %replay.id(), status = status.as_str(), "a replay ended");
        self.save(replay.ended(status, now_ms)).await
    }
}
