//! Sends notifications.
//!
//! What there is to do stands in the control store: notifications that wait or are being sent. When one
//! is due, its audience is taken, once, and written down in the device store; then it is sent there a
//! chunk at a time. How far it has come is written down after each chunk, so it goes on where it was
//! however the server ended, and only the messages of the chunk that was under way may go out twice.
//! Those carry the same ids, by which push services and devices drop or replace a repeat.

mod apns;
mod audience;
mod deliver;
mod encrypt;
mod fcm;
mod http;
mod message;
mod senders;
mod token;
mod web;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use moca_core::{
    app::App,
    audit::Origin,
    campaign::{Campaign, Status},
    clock::{Clock, Random},
    id::{AppId, NotificationId},
    limits::{ADDRESSED_LOOK_MS, CONTROL_RETRY_MS, NOTIFICATIONS_AT_ONCE, PUSH_LOOK_MS},
    notification::{Notification, NotificationStatus, State, counts::Counted},
};
use moca_storage::{StorageError, control::Control, devices::Devices};
use reqwest::Client;
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use self::{
    deliver::Pause,
    senders::{Outside, Senders},
};
use crate::{Engine, EngineError, seal::Sealer};

pub use crate::outgoing::NoClient;

/// What an operator can set about push services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushSettings {
    /// Apple's service for apps from the store.
    pub apns_url: String,
    /// Apple's service for apps under development.
    pub apns_sandbox_url: String,
    /// Firebase Cloud Messaging.
    pub fcm_url: String,
    /// Where Google gives out tokens.
    pub fcm_token_url: String,
    /// Certificates (PEM) to be trusted besides those of the system.
    pub trusted_pem: Option<Vec<u8>>,
    /// Whether browsers may be reached at addresses of inner networks.
    pub allow_private: bool,
}

impl Default for PushSettings {
    fn default() -> Self {
        Self {
            apns_url: "https://api.push.apple.com".to_owned(),
            apns_sandbox_url: "https://api.sandbox.push.apple.com".to_owned(),
            fcm_url: "https://fcm.googleapis.com".to_owned(),
            fcm_token_url: "https://oauth2.googleapis.com/token".to_owned(),
            trusted_pem: None,
            allow_private: false,
        }
    }
}

/// Wakes whoever sends notifications.
#[derive(Default)]
pub struct PushBell(Notify);

impl PushBell {
    /// Says that there may be something to do. It is found within a second anyhow.
    pub fn ring(&self) {
        self.0.notify_one();
    }
}

/// Sends notifications. There is one in a server.
pub struct Pusher {
    engine: Engine,
    control: Control,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    sealer: Sealer,
    settings: PushSettings,
    http: Client,
    strangers: Client,
    /// The senders of apps, each with the revision of the app that they were made for.
    senders: HashMap<AppId, (i64, Arc<Senders>)>,
    /// The notifications that wait for a push service.
    pauses: HashMap<NotificationId, Pause>,
    /// When to look next for notifications that were deleted, ms since 1970.
    look_for_deleted_at: i64,
}

/// A notification with what it is part of.
pub(crate) struct Job {
    pub(crate) notification: Notification,
    pub(crate) campaign: Campaign,
    pub(crate) app: App,
}

impl Job {
    /// What is counted.
    fn counted(&self) -> Counted {
        Counted {
            app_id: self.app.id(),
            campaign_id: self.notification.campaign_id,
            notification_id: self.notification.id(),
        }
    }
}

impl Pusher {
    /// One that sends what is in the stores.
    pub fn new(
        engine: &Engine,
        control: Control,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        sealer: Sealer,
        settings: PushSettings,
    ) -> Result<Self, NoClient> {
        Ok(Self {
            engine: engine.clone(),
            control,
            clock,
            random,
            sealer,
            http: http::client(&settings)?,
            strangers: http::client_for_strangers(&settings)?,
            settings,
            senders: HashMap::new(),
            pauses: HashMap::new(),
            look_for_deleted_at: i64::MIN,
        })
    }

    /// Sends whatever comes, until it is dropped or the store is closed.
    pub async fn run(mut self) {
        let engine = self.engine.clone();
        loop {
            match self.round().await {
                Ok(true) => {}
                Ok(false) => {
                    // It may be the clock that makes something due.
                    let look = Duration::from_millis(PUSH_LOOK_MS);
                    let _ = timeout(look, engine.pushes().0.notified()).await;
                }
                Err(EngineError::Storage(StorageError::Closed) | EngineError::Stopping) => return,
                Err(error) => {
                    tracing::warn!(%error, "Notifications wait for a store");
                    sleep(Duration::from_millis(CONTROL_RETRY_MS)).await;
                }
            }
        }
    }

    /// Does all that can be done now.
    pub async fn work_off(&mut self) -> Result<(), EngineError> {
        while self.round().await? {}
        Ok(())
    }

    /// Does one step of each notification that one can be done of; false when there was none.
    pub async fn round(&mut self) -> Result<bool, EngineError> {
        let jobs = self.jobs().await?;
        self.tidy(&jobs).await?;
        self.forget_deleted().await?;
        let mut sending = jobs
            .iter()
            .filter(|job| job.notification.status.state == State::Sending)
            .count();
        let mut is_work = false;
        for job in jobs {
            let now_ms = self.clock.now_ms();
            let (status, _) = job.campaign.lifecycle.status(&job.campaign.config, now_ms);
            let is_running = status == Status::Running;
            let notification = &job.notification;
            is_work |= match notification.status.state {
                State::Pending if notification.options.dry_run => {
                    self.try_out(&job).await?;
                    true
                }
                State::Pending if is_running && now_ms >= notification.due_at() => {
                    self.take_audience(&job).await?;
                    true
                }
                State::Enqueued if is_running && sending < NOTIFICATIONS_AT_ONCE => {
                    sending += 1;
                    let status = notification.status.clone().moved(State::Sending, now_ms);
                    self.enter(notification, status).await?.is_some()
                }
                State::Sending if is_running && !self.is_paused(notification.id(), now_ms) => {
                    self.send_chunk(&job).await?
                }
                _ => false,
            };
        }
        Ok(is_work)
    }

    /// The notifications that are not done.
    async fn jobs(&self) -> Result<Vec<Job>, EngineError> {
        // Who rang the bell may commit only now; then it is found at the next look.
        let mut tx = self.control.read().await?;
        let mut jobs = Vec::new();
        for notification in tx.notifications_under_way().await? {
            let account = notification.frame.account_id;
            let campaign = tx
                .get::<Campaign>(account, notification.campaign_id.0)
                .await?;
            let Some(campaign) = campaign else {
                continue;
            };
            let Some(app) = tx.get::<App>(account, campaign.app_id.0).await? else {
                continue;
            };
            jobs.push(Job {
                notification,
                campaign,
                app,
            });
        }
        Ok(jobs)
    }

    /// Forgets what is kept of notifications that are done, cancelled or deleted.
    async fn tidy(&mut self, jobs: &[Job]) -> Result<(), EngineError> {
        let ids: HashSet<NotificationId> = jobs.iter().map(|job| job.notification.id()).collect();
        self.pauses.retain(|id, _| ids.contains(id));
        let apps: HashSet<AppId> = jobs.iter().map(|job| job.app.id()).collect();
        self.senders.retain(|id, _| apps.contains(id));
        let kept = move |devices: &Devices| {
            for id in devices.pushed()? {
                if !ids.contains(&id) {
                    devices.forget_audience(id)?;
                }
            }
            Ok(())
        };
        self.engine.read(kept).await
    }

    /// Forgets now and then whom notifications went to that were deleted.
    async fn forget_deleted(&mut self) -> Result<(), EngineError> {
        let now_ms = self.clock.now_ms();
        if now_ms < self.look_for_deleted_at {
            return Ok(());
        }
        let kept = self.engine.read(Devices::addressed).await?;
        let ids: Vec<NotificationId> = kept.into_iter().collect();
        let left = self.control.read().await?.notifications_left(&ids).await?;
        let forget = move |devices: &Devices| {
            let mut deleted = ids.iter().filter(|id| !left.contains(id));
            deleted.try_for_each(|id| devices.forget_addressed(*id))
        };
        self.engine.read(forget).await?;
        self.look_for_deleted_at = now_ms + ADDRESSED_LOOK_MS;
        Ok(())
    }

    /// Gives a notification another status; nothing if it is in another state by now, or gone.
    async fn enter(
        &self,
        notification: &Notification,
        status: NotificationStatus,
    ) -> Result<Option<Notification>, EngineError> {
        let mut tx = self.control.write().await?;
        let account = notification.frame.account_id;
        let current = tx
            .get::<Notification>(account, notification.frame.id)
            .await?;
        let before = notification.status.state;
        let Some(mut current) = current.filter(|current| current.status.state == before) else {
            return Ok(None);
        };
        tx.act_as(Origin::system(status.at));
        current.frame.updated_at = status.at.max(current.frame.updated_at);
        current.frame.revision += 1;
        current.status = status;
        tx.replace(&current).await?;
        tx.commit().await?;
        let (id, state) = (current.id(), current.status.state.as_str());
        tracing::info!(notification = %id, state, "a notification has another state");
        Ok(Some(current))
    }

    /// The senders of an app.
    fn senders(&mut self, app: &App, now_ms: i64) -> Arc<Senders> {
        let revision = app.frame.revision;
        if let Some((made_for, senders)) = self.senders.get(&app.id())
            && *made_for == revision
        {
            return Arc::clone(senders);
        }
        let outside = Outside {
            settings: &self.settings,
            http: &self.http,
            strangers: &self.strangers,
        };
        let senders = Arc::new(Senders::of(app, &self.sealer, &outside, now_ms));
        self.senders
            .insert(app.id(), (revision, Arc::clone(&senders)));
        senders
    }
}
