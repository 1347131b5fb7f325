//! Erasing people, and getting their bytes out of the files.

use std::collections::BTreeSet;

use moca_core::{
    event::Subject,
    id::{AppId, InstanceId},
    limits::{CHANGES_AT_ONCE, CHANGES_KEPT, ERASED_AT_ONCE},
};
use moca_storage::{StorageError, devices::Devices, log::forget_replaced};

use crate::{Engine, EngineError, pipeline::ingest::Request, read::people};

impl Engine {
    /// Erases instances of an app. Their tokens are refused and nothing is read of them any more when
    /// this returns, through a crash too; the log and the lists follow, and the files after a sweep.
    pub async fn erase(&self, subjects: Vec<Subject>) -> Result<(), EngineError> {
        self.erase_addressed(&subjects, None).await
    }

    /// Erases a user with all instances that the user is or was logged in on.
    pub async fn erase_user(&self, app_id: AppId, user_id: &str) -> Result<(), EngineError> {
        loop {
            let some = self.some_to_erase(app_id, Some(user_id)).await?;
            if some.is_empty() {
                return Ok(());
            }
            self.erase_addressed(&some, Some(user_id)).await?;
        }
    }

    /// Erases all instances of an app, and with them its users. Notifications of the app are left as they
    /// are: they go with it.
    pub async fn erase_app(&self, app_id: AppId) -> Result<(), EngineError> {
        loop {
            let some = self.some_to_erase(app_id, None).await?;
            if some.is_empty() {
                return Ok(());
            }
            self.note_erasure(some).await?;
        }
    }

    /// Instances of an app, or of one of its users.
    async fn some_to_erase(
        &self,
        app_id: AppId,
        user_id: Option<&str>,
    ) -> Result<Vec<Subject>, EngineError> {
        self.wait(&self.inner.listed).await?;
        let user_id = user_id.map(str::to_owned);
        self.read(move |devices| {
            people::subjects(devices, app_id, user_id.as_deref(), ERASED_AT_ONCE)
        })
        .await
    }

    async fn note_erasure(&self, subjects: Vec<Subject>) -> Result<(), EngineError> {
        self.submit(|answer| Request::Erase(subjects, answer)).await
    }

    /// Takes instances of one app, and the users who are erased with them, off the audiences of
    /// notifications and erases them: in this order, so that who was told that it is done finds it done.
    async fn erase_addressed(
        &self,
        subjects: &[Subject],
        user_id: Option<&str>,
    ) -> Result<(), EngineError> {
        let Some(first) = subjects.first() else {
            return Ok(());
        };
        let (account, app) = (first.account_id, first.app_id);
        let instances: Vec<InstanceId> = subjects.iter().map(|one| one.instance_id).collect();
        self.wait(&self.inner.listed).await?;
        let erased = instances.clone();
        let users = self.read(move |devices| users_without(devices, app, &erased));
        let mut users = users.await?;
        users.extend(user_id.map(str::to_owned));
        let control = &self.inner.control;
        let mut tx = control.read().await?;
        let named = tx.notifications_to((account, app), &instances, &users);
        let named = named.await?;
        drop(tx);
        if !named.is_empty() {
            let mut tx = control.write().await?;
            let now_ms = self.inner.shared.clock.now_ms();
            for id in named {
                tx.take_off_audience(account, id, (&instances, &users), now_ms)
                    .await?;
            }
            tx.commit().await?;
        }
        self.note_erasure(subjects.to_vec()).await
    }

    /// Whether something was erased whose bytes are still in files, and the last sweep is `pause_ms`
    /// ago.
    pub async fn is_sweep_due(&self, pause_ms: i64) -> Result<bool, EngineError> {
        let now_ms = self.inner.shared.clock.now_ms();
        self.read(move |devices| devices.is_sweep_due(now_ms, pause_ms))
            .await
    }

    /// Gets the bytes of what was erased out of all files. The engine does this by itself once a day
    /// if something was erased; it takes as long as copying the device store.
    pub async fn sweep(&self) -> Result<(), EngineError> {
        // First: it is due again if this fails.
        self.inner.control.forget_deleted().await?;
        let now_ms = self.inner.shared.clock.now_ms();
        let log_path = self.inner.log_path.clone();
        self.read(move |devices| {
            forget_replaced(&log_path)?;
            devices.sweep(now_ms)
        })
        .await
    }

    /// Removes the lines of the change feed that the stages have taken in, but for the newest. The engine
    /// does this by itself once a minute.
    pub async fn forget_changes(&self) -> Result<(), EngineError> {
        let control = &self.inner.control;
        let Some(taken) = self.read(Devices::history_version).await? else {
            return Ok(());
        };
        let newest = control.read().await?.config_version().await?;
        let version = taken.min(newest - CHANGES_KEPT);
        let mut is_more = version > 0;
        while is_more {
            let mut tx = control.write().await?;
            is_more = tx.forget_changes(version, CHANGES_AT_ONCE).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// The users of these instances who have no others.
fn users_without(
    devices: &Devices,
    app: AppId,
    instances: &[InstanceId],
) -> Result<Vec<String>, StorageError> {
    let reader = devices.people_reader();
    let mut users = BTreeSet::new();
    for instance in instances {
        users.extend(reader.users_of(*instance)?);
    }
    let erased: BTreeSet<InstanceId> = instances.iter().copied().collect();
    let mut gone = Vec::new();
    for user_id in users {
        let listed = reader.instances_of_user(app, &user_id, 0, erased.len() + 1)?;
        if listed.items.iter().all(|one| erased.contains(one)) {
            gone.push(user_id);
        }
    }
    Ok(gone)
}
