//! To whom a notification goes.

use std::collections::HashMap;

use moca_core::{
    id::{AppId, SegmentId},
    locale,
    notification::{Audience, NotificationStatus, State},
    push::PushAddress,
    segment::Segments,
};
use moca_storage::{
    StorageError,
    devices::{Devices, InstanceState},
};

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
    /// That of the campaign.
    segment_id: Option<SegmentId>,
    segments: Segments,
}

impl Wanted {
    /// Whether a notification goes to an instance of the app.
    fn holds(&self, state: &InstanceState) -> bool {
        let of = traits(state);
        let own = self.audience.segment_id();
        state.push.is_some()
            && [self.segment_id, own]
                .into_iter()
                .flatten()
                .all(|id| self.segments.kept_out(id, &of).is_none())
    }

    /// Calls `each` for everybody it goes to; somebody may come twice.
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

/// An address and language that stand for all that are treated alike.
struct Sample {
    address: PushAddress,
    lang: Option<String>,
    count: i64,
}

impl Pusher {
    /// Takes the audience of a notification and lets it wait for its turn.
    pub(super) async fn take_audience(&mut self, job: &Job) -> Result<(), EngineError> {
        let id = job.notification.id();
        let wanted = self.wanted(job).await?;
        let take = move |devices: &Devices| {
            devices.begin_audience(id)?;
            let mut piece = Vec::with_capacity(PIECE);
            wanted.for_each(devices, |state| {
                piece.push(state.subject.instance_id);
                if piece.len() == PIECE {
                    devices.add_audience(id, &piece)?;
                    piece.clear();
                }
                Ok(())
            })?;
            devices.add_audience(id, &piece)?;
            devices.end_audience(id)
        };
        let tally = self.look(take).await?;
        let now_ms = self.clock.now_ms();
        let mut status = job
            .notification
            .status
            .clone()
            .moved(State::Enqueued, now_ms);
        status.targeted = tally.targeted;
        self.enter(&job.notification, status).await?;
        Ok(())
    }

    /// Finds out who would get a notification, and who could not.
    pub(super) async fn try_out(&mut self, job: &Job) -> Result<(), EngineError> {
        let notification = &job.notification;
        let wanted = self.wanted(job).await?;
        let action = notification.action.clone();
        let look = move |devices: &Devices| {
            let mut seen = std::collections::HashSet::new();
            let mut samples: HashMap<_, Sample> = HashMap::new();
            wanted.for_each(devices, |state| {
                if !seen.insert(state.subject.number) {
                    return Ok(());
                }
                let Some(address) = state.push else {
                    return Ok(());
                };
                let lang = state.profile.lang;
                let text =
                    |texts| locale::best(texts, lang.as_deref()).map(|(key, _)| key.to_owned());
                let alike = (address.provider(), text(&action.title), text(&action.body));
                let sample = samples.entry(alike).or_insert(Sample {
                    address,
                    lang,
                    count: 0,
                });
                sample.count += 1;
                Ok(())
            })?;
            Ok(samples.into_values().collect::<Vec<_>>())
        };
        let samples = self.look(look).await?;
        let now_ms = self.clock.now_ms();
        let senders = self.senders(&job.app, now_ms);
        let mut status = NotificationStatus {
            targeted: 0,
            sent: 0,
            accepted: 0,
            ..notification.status.clone().moved(State::Completed, now_ms)
        };
        for sample in samples {
            status.targeted += sample.count;
            let lang = sample.lang.as_deref();
            let failure = senders
                .check(notification, &sample.address, lang, now_ms)
                .await;
            if let Some(failure) = failure {
                *status.failed.entry(failure).or_default() += sample.count;
            }
        }
        self.enter(notification, status).await?;
        Ok(())
    }

    async fn wanted(&self, job: &Job) -> Result<Wanted, EngineError> {
        let (account, app_id) = (job.app.frame.account_id, job.app.id());
        let segment_id = job.campaign.config.segment_id;
        let audience = job.notification.audience.clone();
        let mut segments = Segments::default();
        if segment_id.or(audience.segment_id()).is_some() {
            let mut tx = self.control.read().await?;
            segments = estate::segments_of(&mut tx, account, app_id).await?;
        }
        Ok(Wanted {
            app_id,
            audience,
            segment_id,
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
