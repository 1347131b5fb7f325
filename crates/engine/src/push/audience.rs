//! To whom a notification goes.

use std::collections::{HashMap, HashSet};

use moca_core::{
    campaign::CampaignConfig,
    consent::Purpose,
    id::{AppId, CampaignId},
    locale,
    notification::{Audience, Failure, NotificationStatus, State},
    push::PushAddress,
    segment::Segments,
};
use moca_storage::{
    StorageError,
    devices::{Devices, InstanceState},
};
use roaring::RoaringBitmap;

use super::{Job, Pusher};
use crate::{EngineError, estate, pipeline::instance::traits};

/// Instances written down at a time.
const PIECE: usize = 1_000;
/// Instances of one user that are looked at.
const USER_INSTANCES_MAX: usize = 10_000;

/// Whom to look for.
struct Wanted {
    app_id: AppId,
    audience: Audience,
    campaign_id: CampaignId,
    campaign: CampaignConfig,
    segments: Segments,
}

impl Wanted {
    /// Whether a notification goes to an instance of the app.
    fn holds(&self, state: &InstanceState) -> bool {
        let of = traits(state);
        let own = self.audience.segment_id();
        state.push.is_some()
            && [self.campaign.segment_id, own]
                .into_iter()
                .flatten()
                .all(|id| self.segments.kept_out(id, &of).is_none())
    }

    /// Whether an instance that it would go to is left out for the control group.
    fn holds_out(&self, state: &InstanceState) -> bool {
        let instance = state.subject.instance_id;
        self.campaign.holds_out(self.campaign_id, instance)
    }

    /// Calls `each` for everybody it goes to, and those it would go to but for the control group;
    /// somebody may come twice.
    fn for_each(
        &self,
        devices: &Devices,
        mut each: impl FnMut(InstanceState) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let mut found = |state: InstanceState| match self.holds(&state) {
            true => each(state),
            false => Ok(()),
        };
        match &self.audience {
            Audience::All {} | Audience::Segment { .. } => {
                let mut result = Ok(());
                devices
                    .people_reader()
                    .for_each_state(self.app_id, |state| {
                        result = found(state);
                        result.is_ok()
                    })?;
                result
            }
            Audience::Instances { instance_ids } => {
                for id in instance_ids {
                    let state = devices.state(*id)?;
                    if let Some(state) = state.filter(|one| one.subject.app_id == self.app_id) {
                        found(state)?;
                    }
                }
                Ok(())
            }
            Audience::Users { user_ids } => {
                let reader = devices.people_reader();
                for user_id in user_ids {
                    let listed =
                        reader.instances_of_user(self.app_id, user_id, 0, USER_INSTANCES_MAX)?;
                    for id in listed.items {
                        let state = devices.state(id)?;
                        let is_logged_in =
                            |one: &InstanceState| one.user_id.as_ref() == Some(user_id);
                        if let Some(state) = state.filter(is_logged_in) {
                            found(state)?;
                        }
                    }
                }
                Ok(())
            }
        }
    }
}

/// Whether somebody agreed to marketing.
pub(super) fn agreed(state: &InstanceState) -> bool {
    let marketing = state.consents.get(&Purpose::Marketing);
    marketing.is_some_and(|consent| consent.granted)
}

/// An address and language that stand for all that are treated alike.
struct Sample {
    may_be_told: bool,
    address: PushAddress,
    lang: Option<String>,
    count: i64,
}

impl Pusher {
    /// Takes the audience of a notification and lets it wait for its turn.
    pub(super) async fn take_audience(&mut self, job: &Job) -> Result<(), EngineError> {
        let id = job.notification.id();
        let (of, now_ms) = (job.counted(), self.clock.now_ms());
        let wanted = self.wanted(job).await?;
        let take = move |devices: &Devices| {
            devices.begin_audience(id)?;
            let mut piece = Vec::with_capacity(PIECE);
            let mut held_out = HashSet::new();
            let mut numbers = RoaringBitmap::new();
            wanted.for_each(devices, |state| {
                if wanted.holds_out(&state) {
                    held_out.insert(state.subject.number);
                    return Ok(());
                }
                numbers.insert(state.subject.number);
                piece.push(state.subject.instance_id);
                if piece.len() == PIECE {
                    devices.add_audience(id, &piece)?;
                    piece.clear();
                }
                Ok(())
            })?;
            devices.add_audience(id, &piece)?;
            let tally = devices.end_audience(&of, now_ms, &numbers)?;
            Ok((tally, held_out.len() as i64))
        };
        let (tally, held_out) = self.look(take).await?;
        let mut status = job
            .notification
            .status
            .clone()
            .moved(State::Enqueued, now_ms);
        status.targeted = tally.targeted;
        status.held_out = held_out;
        self.enter(&job.notification, status).await?;
        Ok(())
    }

    /// Finds out who would get a notification, and who could not.
    pub(super) async fn try_out(&mut self, job: &Job) -> Result<(), EngineError> {
        let notification = &job.notification;
        let wanted = self.wanted(job).await?;
        let requires_consent = self.requires_consent(job).await?;
        let action = notification.action.clone();
        let look = move |devices: &Devices| {
            let mut seen = HashSet::new();
            let mut held_out = 0;
            let mut samples: HashMap<_, Sample> = HashMap::new();
            wanted.for_each(devices, |state| {
                if !seen.insert(state.subject.number) {
                    return Ok(());
                }
                if wanted.holds_out(&state) {
                    held_out += 1;
                    return Ok(());
                }
                let may_be_told = !requires_consent || agreed(&state);
                let Some(address) = state.push else {
                    return Ok(());
                };
                let lang = state.profile.lang;
                let text =
                    |texts| locale::best(texts, lang.as_deref()).map(|(key, _)| key.to_owned());
                let (title, body) = (text(&action.title), text(&action.body));
                let alike = (may_be_told, address.provider(), title, body);
                let sample = samples.entry(alike).or_insert(Sample {
                    may_be_told,
                    address,
                    lang,
                    count: 0,
                });
                sample.count += 1;
                Ok(())
            })?;
            Ok((samples.into_values().collect::<Vec<_>>(), held_out))
        };
        let (samples, held_out) = self.look(look).await?;
        let now_ms = self.clock.now_ms();
        let senders = self.senders(&job.app, now_ms);
        let mut status = NotificationStatus {
            targeted: 0,
            held_out,
            sent: 0,
            accepted: 0,
            ..notification.status.clone().moved(State::Completed, now_ms)
        };
        for sample in samples {
            status.targeted += sample.count;
            let lang = sample.lang.as_deref();
            let failure = match sample.may_be_told {
                true => {
                    let check = senders.check(notification, &sample.address, lang, now_ms);
                    check.await
                }
                false => Some(Failure::NoConsent),
            };
            if let Some(failure) = failure {
                *status.failed.entry(failure).or_default() += sample.count;
            }
        }
        self.enter(notification, status).await?;
        Ok(())
    }

    /// Whether the campaign of a notification is only for those who agreed to marketing.
    pub(super) async fn requires_consent(&self, job: &Job) -> Result<bool, EngineError> {
        let mut tx = self.control.read().await?;
        let account = tx.account(job.app.frame.account_id).await?;
        let privacy = account.map(|account| account.config.privacy);
        let config = &job.campaign.config;
        Ok(privacy
            .unwrap_or_default()
            .requires_marketing_consent(config))
    }

    async fn wanted(&self, job: &Job) -> Result<Wanted, EngineError> {
        let (account, app_id) = (job.app.frame.account_id, job.app.id());
        let campaign = job.campaign.config.clone();
        let audience = job.notification.audience.clone();
        let mut segments = Segments::default();
        if campaign.segment_id.or(audience.segment_id()).is_some() {
            let mut tx = self.control.read().await?;
            segments = estate::segments_of(&mut tx, account, app_id).await?;
        }
        Ok(Wanted {
            app_id,
            audience,
            campaign_id: job.campaign.id(),
            campaign,
            segments,
        })
    }

    /// Looks at many instances, in turn with others who do, once all that was acknowledged is known.
    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Devices) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let inner = &self.engine.inner;
        let turn = inner.scans.clone().acquire_owned().await;
        let turn = turn.map_err(|_| EngineError::Stopping)?;
        self.engine.wait(&inner.listed).await?;
        self.engine
            .read(move |devices| {
                let _turn = turn;
                look(devices)
            })
            .await
    }
}
