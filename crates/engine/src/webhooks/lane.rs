//! The deliveries of one webhook, so many at a time.

use std::{collections::HashSet, sync::Arc};

use futures::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use moca_core::{
    clock::Random,
    id::{DeliveryId, WebhookId},
    limits::{
        WEBHOOK_AT_ONCE, WEBHOOK_FAILING_MS_MAX, WEBHOOK_FAILURES_MAX, WEBHOOK_PAUSE_MS,
        WEBHOOK_PAUSE_MS_MAX,
    },
    webhook::{Delivery, DisabledReason, Format, Occasion, State, Webhook},
};
use moca_storage::devices::{Devices, Identified};

use super::{Office, body, body::Names, send::Sent};
use crate::EngineError;

/// How a receiver has fared so far.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Failures since the last success.
    failures: u32,
    /// Pauses since the last success.
    pauses: u32,
    /// Nothing is sent before, ms since 1970.
    paused_until: i64,
}

/// A delivery with its body.
struct Letter {
    id: DeliveryId,
    delivery: Delivery,
    body: Vec<u8>,
}

impl Lane {
    pub(super) const fn is_paused(&self, now_ms: i64) -> bool {
        now_ms < self.paused_until
    }

    /// How many requests may be under way: one that fails is asked once until it answers.
    const fn width(&self) -> usize {
        match self.pauses > 0 || self.failures >= WEBHOOK_FAILURES_MAX {
            true => 1,
            false => WEBHOOK_AT_ONCE,
        }
    }

    /// Takes in what came of a request.
    fn note(&mut self, sent: &Sent, now_ms: i64) {
        let outcome = sent.attempt.outcome;
        if outcome.is_success() {
            *self = Self::default();
            return;
        }
        self.failures = self.failures.saturating_add(1);
        let is_asked = outcome.is_overload() && sent.not_before.is_some();
        if self.is_paused(now_ms) || !(is_asked || self.failures >= WEBHOOK_FAILURES_MAX) {
            return;
        }
        let doubled = WEBHOOK_PAUSE_MS.saturating_mul(1 << self.pauses.min(20));
        let until = now_ms + doubled.min(WEBHOOK_PAUSE_MS_MAX);
        self.paused_until = until.max(sent.not_before.unwrap_or(until));
        self.pauses = self.pauses.saturating_add(1);
    }
}

/// Sends all that is due to one receiver, until it needs a pause or is to be sent to no more.
pub(super) async fn work_off(
    office: &Office,
    webhook_id: WebhookId,
    lane: &mut Lane,
) -> Result<(), EngineError> {
    let mut under_way = HashSet::new();
    let mut sending = FuturesUnordered::new();
    loop {
        let now_ms = office.clock.now_ms();
        let room = lane.width().saturating_sub(sending.len());
        let webhook = office.active(webhook_id);
        if let Some(webhook) = webhook.filter(|_| room > 0 && !lane.is_paused(now_ms)) {
            let known = under_way.clone();
            let next =
                move |devices: &Devices| devices.next_deliveries(webhook_id, now_ms, room, &known);
            let next = office.engine.read(next).await?;
            let (stale, next): (Vec<_>, Vec<_>) = next
                .into_iter()
                .partition(|(_, delivery)| delivery.is_stale(now_ms));
            if !stale.is_empty() {
                give_up(office, webhook_id, stale).await?;
                continue;
            }
            let count = next.len();
            let next = without_erased(office, webhook_id, next).await?;
            if next.len() < count && next.is_empty() {
                continue;
            }
            for letter in letters(office, &webhook, next).await? {
                under_way.insert(letter.id);
                let webhook = Arc::clone(&webhook);
                sending.push(async move {
                    let Letter { id, delivery, body } = letter;
                    let is_cloud_hook = webhook.config.format == Format::CloudHook;
                    let app = is_cloud_hook.then_some(delivery.event.app_id);
                    let sent = office.sender.send(&webhook, id, app, body).await;
                    (id, delivery, sent)
                });
            }
        }
        // What happens while the receiver takes its time is sent beside.
        let news = office.news.notified();
        let first = tokio::select! {
            biased;
            first = sending.next() => match first {
                Some(first) => first,
                None => return Ok(()),
            },
            () = news => continue,
        };
        // What came in meanwhile is written down with it.
        let mut answered = vec![first];
        while let Some(Some(next)) = sending.next().now_or_never() {
            answered.push(next);
        }
        let now_ms = office.clock.now_ms();
        let mut done = Vec::with_capacity(answered.len());
        let mut is_gone = false;
        for (id, mut delivery, sent) in answered {
            under_way.remove(&id);
            lane.note(&sent, now_ms);
            is_gone |= sent.attempt.outcome.is_gone();
            let before = delivery.state;
            let jitter = jitter(office.random.as_ref());
            delivery.tried(sent.attempt, jitter, sent.not_before);
            let word = match sent.attempt.outcome.error() {
                None => "Delivered",
                Some(word) => word,
            };
            let metrics = office.engine.metrics();
            metrics.webhooks.get_or_create(&[("outcome", word)]).inc();
            done.push((before, id, delivery));
        }
        let settle = move |devices: &Devices| devices.settle_deliveries(webhook_id, &done, now_ms);
        let tally = office.engine.read(settle).await?;
        // Who changes it, perhaps to mend it, gets all that time anew.
        let changed_at = office.active(webhook_id).map(|it| it.frame.updated_at);
        let is_failing = tally
            .failing_since
            .max(changed_at.filter(|_| tally.failing_since.is_some()))
            .is_some_and(|since| now_ms - since > WEBHOOK_FAILING_MS_MAX);
        if is_gone {
            office
                .disable(webhook_id, DisabledReason::Gone, now_ms)
                .await?;
        } else if is_failing {
            let reason = DisabledReason::Failing;
            office.disable(webhook_id, reason, now_ms).await?;
        }
    }
}

/// Gives up what waited too long.
pub(super) async fn give_up(
    office: &Office,
    webhook_id: WebhookId,
    stale: Vec<Identified>,
) -> Result<(), EngineError> {
    let now_ms = office.clock.now_ms();
    let given_up = |(id, mut delivery): Identified| -> (State, DeliveryId, Delivery) {
        let before = delivery.state;
        delivery.give_up(now_ms);
        (before, id, delivery)
    };
    let done: Vec<_> = stale.into_iter().map(given_up).collect();
    let settle = move |devices: &Devices| devices.settle_deliveries(webhook_id, &done, now_ms);
    office.engine.read(settle).await.map(drop)
}

/// What is left of deliveries without those of instances that were erased: that is acknowledged before
/// all is removed.
async fn without_erased(
    office: &Office,
    webhook_id: WebhookId,
    deliveries: Vec<Identified>,
) -> Result<Vec<Identified>, EngineError> {
    let sort = move |devices: &Devices| {
        let (mut left, mut erased) = (Vec::new(), Vec::new());
        for (id, delivery) in deliveries {
            let event = &delivery.event;
            let is_known = event.occasion == Occasion::Erased
                || devices.directory_entry(event.instance_id)?.is_some();
            match is_known {
                true => left.push((id, delivery)),
                false => erased.push(id),
            }
        }
        if !erased.is_empty() {
            devices.drop_deliveries(webhook_id, &erased)?;
        }
        Ok(left)
    };
    office.engine.read(sort).await
}

/// Writes the bodies.
async fn letters(
    office: &Office,
    webhook: &Webhook,
    deliveries: Vec<Identified>,
) -> Result<Vec<Letter>, EngineError> {
    if deliveries.is_empty() {
        return Ok(Vec::new());
    }
    let mut tx = office.control.read().await?;
    let names = Names::of(&mut tx, webhook, &deliveries).await?;
    drop(tx);
    let mut states = Vec::new();
    if webhook.config.format == Format::CloudHook {
        let instances: Vec<_> = deliveries
            .iter()
            .map(|(_, delivery)| delivery.event.instance_id)
            .collect();
        let read = move |devices: &Devices| {
            let states = instances.into_iter().map(|id| devices.state(id));
            states.collect::<Result<Vec<_>, _>>()
        };
        states = office.engine.read(read).await?;
    }
    states.resize_with(deliveries.len(), || None);
    let both = deliveries.into_iter().zip(states);
    Ok(both
        .map(|((id, delivery), state)| Letter {
            body: body::write(webhook, id, &delivery.event, &names, state.as_ref()),
            id,
            delivery,
        })
        .collect())
}

fn jitter(random: &dyn Random) -> u8 {
    let mut byte = [0];
    random.fill(&mut byte);
    byte[0]
}
