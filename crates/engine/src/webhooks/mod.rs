//! Tells webhooks what happened.
//!
//! What there is to tell was put into the device store by the decide stage, together with what it follows
//! from. Each receiver has a lane of its own, so a slow one holds up nobody else: its lane sends so many
//! requests at a time and writes down what came of each. Nothing but those under way is in memory. A server
//! that is killed goes on with what was not written down, under the same ids.

mod body;
mod lane;
mod send;
mod sign;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use moca_core::{
    audit::Origin,
    clock::{Clock, Random},
    id::{DeliveryId, WebhookId},
    limits::{CONTROL_RETRY_MS, WEBHOOK_LOOK_MS},
    webhook::{Delivery, DisabledReason, State, Webhook, WebhookState},
};
use moca_storage::{
    StorageError,
    control::Control,
    devices::{Devices, HookHealth, Identified},
};
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{sleep, timeout},
};

use self::lane::Lane;
use crate::{Engine, EngineError, Page};

pub use self::send::{NewSecret, Sender, WebhookSettings};

/// Webhooks read at a time.
const PAGE_ROWS: i64 = 1_000;
/// Deliveries given up at a time.
const GIVEN_UP_AT_ONCE: usize = 100;
/// Milliseconds between two looks at what is kept too long.
const TIDY_MS: i64 = 3_600_000;

/// What all lanes use.
pub(crate) struct Office {
    pub(crate) engine: Engine,
    pub(crate) control: Control,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) sender: Arc<Sender>,
    /// Says to lanes at work that there may be more.
    news: Notify,
    webhooks: RwLock<HashMap<WebhookId, Arc<Webhook>>>,
}

/// Tells webhooks what happened. There is one in a server.
pub struct Teller {
    office: Arc<Office>,
    /// The lanes that nobody works off now.
    lanes: HashMap<WebhookId, Lane>,
    working: JoinSet<(WebhookId, Lane, Result<(), EngineError>)>,
    busy: HashSet<WebhookId>,
    /// The version of the control store that the webhooks are of.
    version: Option<i64>,
    tidied_at: i64,
}

impl Office {
    /// The webhook, if it is to be sent to.
    fn active(&self, id: WebhookId) -> Option<Arc<Webhook>> {
        let webhooks = self.webhooks.read().unwrap_or_else(PoisonError::into_inner);
        let webhook = webhooks.get(&id)?;
        (webhook.status.state == WebhookState::Active).then(|| Arc::clone(webhook))
    }

    fn all(&self) -> Vec<Arc<Webhook>> {
        let webhooks = self.webhooks.read().unwrap_or_else(PoisonError::into_inner);
        webhooks.values().map(Arc::clone).collect()
    }

    fn put(&self, webhooks: HashMap<WebhookId, Arc<Webhook>>) {
        let mut known = self
            .webhooks
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *known = webhooks;
    }

    /// Sends nothing more to a webhook until somebody enables it again.
    async fn disable(
        &self,
        id: WebhookId,
        reason: DisabledReason,
        now_ms: i64,
    ) -> Result<(), EngineError> {
        let Some(known) = self.active(id) else {
            return Ok(());
        };
        let mut tx = self.control.write().await?;
        let account = known.frame.account_id;
        let current = tx.get::<Webhook>(account, known.frame.id).await?;
        // Who changed it meanwhile may have mended it.
        let unchanged = |it: &Webhook| it.frame.revision == known.frame.revision;
        let Some(current) = current.filter(unchanged) else {
            return Ok(());
        };
        tx.act_as(Origin::system(now_ms));
        let mut webhook = current.disabled(reason, now_ms);
        webhook.frame.updated_at = now_ms.max(webhook.frame.updated_at);
        webhook.frame.revision += 1;
        tx.replace(&webhook).await?;
        tx.commit().await?;
        tracing::warn!(webhook = %id, ?reason, "a webhook is disabled");
        let mut webhooks = self
            .webhooks
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        webhooks.insert(id, Arc::new(webhook));
        Ok(())
    }
}

impl Teller {
    /// One that tells what is in the stores.
    pub fn new(
        engine: &Engine,
        control: Control,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        sender: Arc<Sender>,
    ) -> Self {
        let office = Office {
            engine: engine.clone(),
            control,
            clock,
            random,
            sender,
            news: Notify::new(),
            webhooks: RwLock::default(),
        };
        Self {
            office: Arc::new(office),
            lanes: HashMap::new(),
            working: JoinSet::new(),
            busy: HashSet::new(),
            version: None,
            tidied_at: i64::MIN,
        }
    }

    /// Tells whatever comes, until it is dropped or the store is closed.
    pub async fn run(mut self) {
        let bell = Arc::clone(&self.office.engine.inner.shared.hook_bell);
        loop {
            let done = match self.look().await {
                Ok(()) => {
                    let look = Duration::from_millis(WEBHOOK_LOOK_MS);
                    tokio::select! {
                        // It may be the clock that makes something due, or somebody who changes a webhook.
                        _ = timeout(look, bell.notified()) => Ok(()),
                        Some(done) = self.working.join_next() => match done {
                            Ok(done) => self.take_back(done),
                            Err(_) => return,
                        },
                    }
                }
                Err(error) => Err(error),
            };
            match done {
                Ok(()) => {}
                Err(EngineError::Storage(StorageError::Closed) | EngineError::Stopping) => return,
                Err(error) => {
                    tracing::warn!(%error, "Webhooks wait for a store");
                    sleep(Duration::from_millis(CONTROL_RETRY_MS)).await;
                }
            }
        }
    }

    /// Does all that can be done now.
    pub async fn work_off(&mut self) -> Result<(), EngineError> {
        self.office
            .engine
            .wait(&self.office.engine.inner.decided)
            .await?;
        loop {
            self.look().await?;
            match self.working.join_next().await {
                None => return Ok(()),
                Some(Ok(done)) => self.take_back(done)?,
                Some(Err(_)) => return Err(EngineError::Stopping),
            }
        }
    }

    fn take_back(
        &mut self,
        (id, lane, done): (WebhookId, Lane, Result<(), EngineError>),
    ) -> Result<(), EngineError> {
        self.busy.remove(&id);
        self.lanes.insert(id, lane);
        done
    }

    /// Has the lanes worked off in which something is due.
    async fn look(&mut self) -> Result<(), EngineError> {
        self.refresh().await?;
        self.office.news.notify_waiters();
        let now_ms = self.office.clock.now_ms();
        if now_ms >= self.tidied_at.saturating_add(TIDY_MS) {
            self.tidy().await?;
            self.tidied_at = now_ms;
        }
        let mut asked = Vec::new();
        for webhook in self.office.all() {
            let id = webhook.id();
            let is_paused = self.lanes.get(&id).is_some_and(|it| it.is_paused(now_ms));
            let is_on = webhook.status.state == WebhookState::Active;
            if is_on && !is_paused && !self.busy.contains(&id) {
                asked.push(id);
            }
        }
        if asked.is_empty() {
            return Ok(());
        }
        let due = move |devices: &Devices| {
            let mut due = Vec::new();
            for id in asked {
                if devices.next_delivery_at(id)?.is_some_and(|at| at <= now_ms) {
                    due.push(id);
                }
            }
            Ok(due)
        };
        for id in self.office.engine.read(due).await? {
            let mut lane = self.lanes.remove(&id).unwrap_or_default();
            let office = Arc::clone(&self.office);
            self.busy.insert(id);
            self.working.spawn(async move {
                let done = lane::work_off(&office, id, &mut lane).await;
                (id, lane, done)
            });
        }
        Ok(())
    }

    /// Brings the webhooks up to date.
    async fn refresh(&mut self) -> Result<(), EngineError> {
        let mut tx = self.office.control.read().await?;
        let version = tx.config_version().await?;
        if self.version == Some(version) {
            return Ok(());
        }
        let mut webhooks = HashMap::new();
        let mut after = None;
        loop {
            let page = tx.all::<Webhook>(after, PAGE_ROWS).await?;
            let Some(last) = page.last() else {
                break;
            };
            after = Some(last.frame.id);
            for webhook in page {
                webhooks.insert(webhook.id(), Arc::new(webhook));
            }
        }
        drop(tx);
        let known = self.office.all();
        let mut gone = false;
        for before in &known {
            let now = webhooks.get(&before.id());
            gone |= now.is_none();
            // A receiver that was changed may fare better.
            if now.is_none_or(|now| now.frame.revision != before.frame.revision) {
                self.lanes.remove(&before.id());
            }
        }
        let is_first = self.version.is_none();
        self.office.put(webhooks);
        self.version = Some(version);
        if is_first || gone {
            self.forget().await?;
        }
        Ok(())
    }

    /// Forgets what is kept of webhooks that were deleted.
    async fn forget(&self) -> Result<(), EngineError> {
        let told = self.office.engine.read(Devices::told_webhooks).await?;
        // Read after that: one that was made just now has been told nothing before it was there.
        let mut tx = self.office.control.read().await?;
        let mut known = HashSet::new();
        let mut after = None;
        loop {
            let page = tx.all::<Webhook>(after, PAGE_ROWS).await?;
            let Some(last) = page.last() else {
                break;
            };
            after = Some(last.frame.id);
            known.extend(page.iter().map(Webhook::id));
        }
        drop(tx);
        for id in told {
            if !known.contains(&id) && !self.busy.contains(&id) {
                let forget = move |devices: &Devices| devices.forget_webhook(id);
                self.office.engine.read(forget).await?;
            }
        }
        Ok(())
    }

    /// Drops what is kept too long, and gives up what waits too long for a webhook that is disabled.
    async fn tidy(&self) -> Result<(), EngineError> {
        self.forget().await?;
        let now_ms = self.office.clock.now_ms();
        for webhook in self.office.all() {
            let id = webhook.id();
            if self.busy.contains(&id) {
                continue;
            }
            let tidy = move |devices: &Devices| devices.tidy_deliveries(id, now_ms);
            self.office.engine.read(tidy).await?;
            loop {
                let next = move |devices: &Devices| {
                    devices.next_deliveries(id, now_ms, GIVEN_UP_AT_ONCE, &HashSet::new())
                };
                let mut next = self.office.engine.read(next).await?;
                next.retain(|(_, delivery)| delivery.is_stale(now_ms));
                if next.is_empty() {
                    break;
                }
                lane::give_up(&self.office, id, next).await?;
            }
        }
        Ok(())
    }
}

impl Engine {
    /// Deliveries of a webhook, all or those like `state`, the newest first, with all that was acknowledged
    /// before this call.
    pub async fn deliveries(
        &self,
        webhook: WebhookId,
        state: Option<State>,
        offset: i64,
        limit: i64,
    ) -> Result<Page<Identified>, EngineError> {
        self.wait(&self.inner.decided).await?;
        // Nor is there anything of those who were erased before it.
        self.wait(&self.inner.listed).await?;
        let (offset, limit) = (offset.max(0) as usize, limit.max(0) as usize);
        let read = move |devices: &Devices| devices.deliveries(webhook, state, offset, limit);
        let (total, items) = self.read(read).await?;
        Ok(Page { total, items })
    }

    /// Lets a delivery of a webhook begin anew; nothing if there is none with this id.
    pub async fn redeliver(
        &self,
        webhook: WebhookId,
        id: DeliveryId,
    ) -> Result<Option<Delivery>, EngineError> {
        self.wait(&self.inner.decided).await?;
        let now_ms = self.inner.shared.clock.now_ms();
        let redeliver = move |devices: &Devices| devices.redeliver(webhook, id, now_ms);
        let delivery = self.read(redeliver).await?;
        self.inner.shared.hook_bell.notify_one();
        Ok(delivery)
    }

    /// What is known of the deliveries of webhooks, with all that was acknowledged before this call.
    pub async fn hook_healths(
        &self,
        webhooks: Vec<WebhookId>,
    ) -> Result<Vec<HookHealth>, EngineError> {
        self.wait(&self.inner.decided).await?;
        self.read(move |devices| {
            let healths = webhooks.into_iter().map(|id| devices.hook_health(id));
            healths.collect()
        })
        .await
    }
}
