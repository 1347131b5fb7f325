//! One chunk of a notification to push services.

use futures::{StreamExt as _, stream};
use moca_core::{
    event::{Change, Subject},
    id::NotificationId,
    limits::{PUSH_AT_ONCE, PUSH_ATTEMPTS_MAX, PUSH_CHUNK_MAX, PUSH_PAUSE_MS, PUSH_PAUSE_MS_MAX},
    notification::{Failure, NotificationStatus, State, counts::Counts},
    push::PushAddress,
};
use moca_storage::devices::{Devices, InstanceState, PushTally, Waiting};
use roaring::RoaringBitmap;

use super::{
    Job, Pusher,
    audience::agreed,
    http::Outcome,
    senders::{Recipient, Senders},
};
use crate::EngineError;

/// A notification whose push service was busy or away.
pub(super) struct Pause {
    /// Not before, ms since 1970.
    until: i64,
    /// Chunks in a row that had to be tried again.
    count: u32,
}

/// Somebody whose turn it is.
struct Turn {
    waiting: Waiting,
    /// The number of the instance, if there still is one.
    number: Option<u32>,
    /// Where to, and in which language; or why not.
    to: Result<(Subject, PushAddress, Option<String>), Failure>,
}

impl Pusher {
    pub(super) fn is_paused(&self, id: NotificationId, now_ms: i64) -> bool {
        self.pauses
            .get(&id)
            .is_some_and(|pause| now_ms < pause.until)
    }

    /// Sends the next chunk; false if there is nothing more to do now.
    pub(super) async fn send_chunk(&mut self, job: &Job) -> Result<bool, EngineError> {
        let id = job.notification.id();
        let requires_consent = self.requires_consent(job).await?;
        let next = move |devices: &Devices| {
            let Some(tally) = devices.push_tally(id)?.filter(|tally| tally.is_whole) else {
                return Ok(None);
            };
            let mut turns = Vec::new();
            for waiting in devices.next_waiting(id, PUSH_CHUNK_MAX)? {
                let state = devices.state(waiting.instance_id)?;
                let number = state.as_ref().map(|state| state.subject.number);
                let to = match state {
                    Some(state) if requires_consent && !agreed(&state) => Err(Failure::NoConsent),
                    Some(InstanceState {
                        subject,
                        push: Some(address),
                        profile,
                        ..
                    }) => Ok((subject, address, profile.lang)),
                    _ => Err(Failure::Gone),
                };
                turns.push(Turn {
                    waiting,
                    number,
                    to,
                });
            }
            Ok(Some((tally, turns)))
        };
        // Who was erased, or took an address or a consent back, before now is not sent to: the log is ahead of the states.
        self.engine.wait(&self.engine.inner.decided).await?;
        let now_ms = self.clock.now_ms();
        let Some((mut tally, turns)) = self.engine.read(next).await? else {
            tracing::error!(notification = %id, "the list of those a notification goes to was lost with the device store");
            let status = job
                .notification
                .status
                .clone()
                .moved(State::Cancelled, now_ms);
            return Ok(self.enter(&job.notification, status).await?.is_some());
        };
        if turns.is_empty() {
            let status = job
                .notification
                .status
                .clone()
                .moved(State::Completed, now_ms);
            let settled = tally.accepted + tally.failed.values().sum::<i64>();
            if settled < tally.targeted {
                // Who was erased meanwhile is on no list any more.
                let erased = tally.targeted - settled;
                *tally.failed.entry(Failure::Gone).or_default() += erased;
                let mut grown = Counts::default();
                grown.failed.insert(Failure::Gone, erased as u64);
                let (of, tally) = (job.counted(), tally.clone());
                let settle = move |devices: &Devices| {
                    let nobody = (&[][..], &[][..], &RoaringBitmap::new());
                    devices.settle(&of, nobody, &tally, (now_ms, &grown))
                };
                self.engine.read(settle).await?;
            }
            let done = with(status, &tally);
            return Ok(self.enter(&job.notification, done).await?.is_some());
        }
        let mut grown = Counts::default();
        let senders = self.senders(&job.app, now_ms);
        let outcomes = self.hand_over(job, &senders, turns, now_ms).await;
        let (mut served, mut again, mut ended) = (Vec::new(), Vec::new(), Vec::new());
        let mut unreached = RoaringBitmap::new();
        let mut pause_ms = None;
        for (turn, outcome) in outcomes {
            let outcome = match outcome {
                Outcome::Again(failure, after) => {
                    pause_ms = pause_ms.max(Some(after.unwrap_or(0)));
                    if turn.waiting.attempts + 1 < PUSH_ATTEMPTS_MAX {
                        again.push(turn.waiting);
                        continue;
                    }
                    Outcome::Failed(failure)
                }
                outcome => outcome,
            };
            count(&mut grown, outcome);
            let label = [("outcome", word(outcome))];
            let metrics = self.engine.metrics();
            metrics.pushes.get_or_create(&label).inc();
            served.push(turn.waiting);
            if !may_have_arrived(outcome) {
                unreached.extend(turn.number);
            }
            let is_ended = matches!(
                outcome,
                Outcome::Failed(Failure::Unregistered) | Outcome::NotSent(Failure::Unregistered)
            );
            if let (true, Ok((subject, address, _))) = (is_ended, turn.to) {
                ended.push((subject, address));
            }
        }
        self.pause(id, pause_ms, now_ms);
        grow(&mut tally, &grown);
        let status = with(job.notification.status.clone(), &tally);
        let of = job.counted();
        let settle = move |devices: &Devices| {
            devices.settle(&of, (&served, &again, &unreached), &tally, (now_ms, &grown))
        };
        self.engine.read(settle).await?;
        self.save(job, status, now_ms).await?;
        // Last: a message is not sent again because this fails, and the next one finds the same out.
        for (subject, address) in ended {
            match self
                .engine
                .change(subject, Change::PushEnded(Box::new(address)))
                .await
            {
                Ok(()) | Err(EngineError::Erased) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Hands a message for each over to its push service.
    async fn hand_over(
        &self,
        job: &Job,
        senders: &Senders,
        turns: Vec<Turn>,
        now_ms: i64,
    ) -> Vec<(Turn, Outcome)> {
        let sent = stream::iter(turns).map(async |turn| {
            let outcome = match &turn.to {
                Err(failure) => Outcome::NotSent(*failure),
                Ok((subject, address, lang)) => {
                    let to = Recipient {
                        instance_id: subject.instance_id,
                        address,
                        lang: lang.as_deref(),
                    };
                    let random = self.random.as_ref();
                    senders.send(&job.notification, to, random, now_ms).await
                }
            };
            (turn, outcome)
        });
        sent.buffer_unordered(PUSH_AT_ONCE).collect().await
    }

    /// Lets a notification wait if a push service asked for it, or did not answer.
    fn pause(&mut self, id: NotificationId, asked_ms: Option<i64>, now_ms: i64) {
        let Some(asked_ms) = asked_ms else {
            self.pauses.remove(&id);
            return;
        };
        let count = self.pauses.get(&id).map_or(0, |pause| pause.count);
        let doubled = PUSH_PAUSE_MS.saturating_mul(1 << count.min(20));
        let pause_ms = doubled.max(asked_ms).min(PUSH_PAUSE_MS_MAX);
        let pause = Pause {
            until: now_ms + pause_ms,
            count: count + 1,
        };
        self.pauses.insert(id, pause);
    }

    /// Shows how far a notification has come.
    async fn save(
        &self,
        job: &Job,
        status: NotificationStatus,
        now_ms: i64,
    ) -> Result<(), EngineError> {
        let mut notification = job.notification.clone();
        notification.status = status;
        notification.frame.updated_at = now_ms.max(notification.frame.updated_at);
        let mut tx = self.control.write().await?;
        // One that was cancelled meanwhile keeps its state; the next round forgets the rest of it.
        tx.save_progress(&notification).await?;
        Ok(tx.commit().await?)
    }
}

/// A status with these counts.
fn with(status: NotificationStatus, tally: &PushTally) -> NotificationStatus {
    NotificationStatus {
        targeted: tally.targeted,
        sent: tally.sent,
        accepted: tally.accepted,
        failed: tally.failed.clone(),
        ..status
    }
}

/// The word for what became of a message in the end.
const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "Accepted",
        Outcome::Failed(failure) | Outcome::NotSent(failure) | Outcome::Again(failure, _) => {
            failure.as_str()
        }
    }
}

/// Whether a device may have got a message: nobody knows of one that was not answered.
const fn may_have_arrived(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Accepted
            | Outcome::Again(..)
            | Outcome::Failed(Failure::Overloaded | Failure::Unreachable)
    )
}

/// Counts what became of a message in the end.
fn count(counts: &mut Counts, outcome: Outcome) {
    match outcome {
        Outcome::Accepted => {
            counts.sent += 1;
            counts.accepted += 1;
        }
        Outcome::NotSent(failure) => *counts.failed.entry(failure).or_default() += 1,
        Outcome::Failed(failure) | Outcome::Again(failure, _) => {
            counts.sent += 1;
            *counts.failed.entry(failure).or_default() += 1;
        }
    }
}

/// Adds what became of a chunk.
fn grow(tally: &mut PushTally, grown: &Counts) {
    tally.sent += grown.sent as i64;
    tally.accepted += grown.accepted as i64;
    for (failure, count) in &grown.failed {
        *tally.failed.entry(*failure).or_default() += *count as i64;
    }
}
