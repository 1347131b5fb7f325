//! Hands what happens to those webhooks that want to be told of it, in the batch that it happens in.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use moca_core::{
    clock::Clock,
    event::{Event, EventBody, Fix, Subject},
    experience::Direction,
    id::{AccountId, DeliveryId, Id, WebhookId},
    limits::{WEBHOOK_WAIT_MS_MAX, WEBHOOK_WAITING_MAX},
    presence::Crossing,
    webhook::{Delivery, Format, HookEvent, Occasion, event::Position},
    world::World,
};
use moca_storage::{
    StorageError,
    devices::{Batch, Devices, InstanceState, Queued},
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::configuration::Configuration;

/// What one row of the log made happen, by account.
#[derive(Default)]
pub(crate) struct Told(Vec<(AccountId, HookEvent)>);

/// When something happened and, if webhooks are to hear it, where.
pub(crate) struct Moment {
    /// Event time, ms since 1970.
    pub(crate) at_ms: i64,
    /// When the server took it in, ms since 1970.
    pub(crate) received_at: i64,
    pub(crate) position: Option<Position>,
}

impl Moment {
    /// Of what the server did itself.
    pub(crate) const fn of(received_at: i64) -> Self {
        Self::told(received_at, received_at)
    }

    /// Of what it was told.
    pub(crate) const fn told(at_ms: i64, received_at: i64) -> Self {
        Self {
            at_ms,
            received_at,
            position: None,
        }
    }
}

impl Told {
    /// Notes that something happened to an instance.
    pub(crate) fn note(
        &mut self,
        world: &World,
        state: &InstanceState,
        moment: Moment,
        occasion: Occasion,
    ) {
        let who = (state.subject, state.user_id.clone());
        self.note_of(world, who, moment, occasion);
    }

    /// The same where it is known only who it was.
    pub(crate) fn note_of(
        &mut self,
        world: &World,
        (subject, user_id): (Subject, Option<String>),
        moment: Moment,
        occasion: Occasion,
    ) {
        // Most accounts have no webhook.
        if world.has_webhooks() {
            let event = HookEvent {
                app_id: subject.app_id,
                instance_id: subject.instance_id,
                user_id,
                at_ms: moment.at_ms,
                received_at: moment.received_at,
                position: moment.position,
                occasion,
            };
            self.0.push((subject.account_id, event));
        }
    }

    /// Notes that a border was crossed, and where if it was that position.
    pub(crate) fn note_crossing(
        &mut self,
        world: &World,
        state: &InstanceState,
        received_at: i64,
        crossing: &Crossing,
        fix: Option<(i64, &Fix)>,
    ) {
        let dwell_ms = crossing.at_ms - crossing.entered_at;
        let occasion = Occasion::Crossed {
            direction: crossing.direction,
            target: crossing.target,
            dwell_ms: (crossing.direction == Direction::Exit).then_some(dwell_ms),
        };
        // What was due before the event happened elsewhere.
        let fix = fix.filter(|(at_ms, _)| *at_ms == crossing.at_ms);
        let moment = Moment {
            at_ms: crossing.at_ms,
            received_at,
            position: fix.map(|(_, fix)| Position {
                latitude: fix.at.latitude(),
                longitude: fix.at.longitude(),
                accuracy_m: fix.accuracy_m,
            }),
        };
        self.note(world, state, moment, occasion);
    }

    /// Notes what an app reported.
    pub(crate) fn note_reported(
        &mut self,
        world: &World,
        state: &InstanceState,
        received_at: i64,
        event: &Event,
    ) {
        let EventBody::Custom {
            verb,
            item,
            category,
            value,
            properties,
        } = &event.body
        else {
            return;
        };
        if !world.has_webhooks() {
            return;
        }
        let occasion = Occasion::Custom {
            event_id: event.id,
            verb: verb.clone(),
            item: item.clone(),
            category: category.clone(),
            value: *value,
            properties: properties.clone(),
        };
        let moment = Moment::told(event.at_ms, received_at);
        self.note(world, state, moment, occasion);
    }
}

/// The position in an event with its time, if it is one.
pub(crate) const fn fix_of(event: &Event) -> Option<(i64, &Fix)> {
    match &event.body {
        EventBody::Location(fix) => Some((event.at_ms, fix)),
        EventBody::Sightings(_) | EventBody::Custom { .. } | EventBody::Withheld => None,
    }
}

/// What webhooks are to be told.
pub(crate) struct Hooks {
    devices: Arc<Devices>,
    clock: Arc<dyn Clock>,
    /// What each had so far, with how many deliveries more may wait in this step.
    queued: BTreeMap<WebhookId, (Queued, i64)>,
}

impl Hooks {
    pub(crate) fn new(devices: Arc<Devices>, clock: Arc<dyn Clock>) -> Self {
        Self {
            devices,
            clock,
            queued: BTreeMap::new(),
        }
    }

    /// Adds what a row made happen to the batch.
    pub(crate) fn take_in(
        &mut self,
        seq: u64,
        told: Told,
        configuration: &mut Configuration,
        batch: &mut Batch<'_>,
    ) -> Result<(), StorageError> {
        if told.0.is_empty() {
            return Ok(());
        }
        let now_ms = self.clock.now_ms();
        let mut ids = HashSet::new();
        for ((account, event), index) in told.0.into_iter().zip(0..) {
            // A log that is folded again tells of what was told long ago.
            if event.received_at < now_ms.saturating_sub(WEBHOOK_WAIT_MS_MAX) {
                continue;
            }
            let id = id_of(seq, &event, &mut ids);
            for webhook in configuration
                .world(account)
                .webhooks()
                .filter(|it| it.wants(&event))
            {
                let (queued, room) = self.entry(webhook.id())?;
                if *room <= 0 {
                    queued.dropped += 1;
                    queued.dropped_at = Some(event.received_at);
                    continue;
                }
                *room -= 1;
                queued.count += 1;
                let mut event = event.clone();
                // Only this body tells where.
                if webhook.config.format != Format::CloudHook {
                    event.position = None;
                }
                let delivery = Delivery::new(event, seq, index);
                batch.put_delivery(webhook.id(), id, &delivery)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, webhook: WebhookId) -> Result<&mut (Queued, i64), StorageError> {
        use std::collections::btree_map::Entry::{Occupied, Vacant};
        Ok(match self.queued.entry(webhook) {
            Occupied(entry) => entry.into_mut(),
            Vacant(entry) => {
                let health = self.devices.hook_health(webhook)?;
                entry.insert((health.queued, WEBHOOK_WAITING_MAX - health.waiting))
            }
        })
    }

    /// Hands what webhooks had so far to the batch.
    pub(crate) fn put(&self, batch: &mut Batch<'_>) -> Result<(), StorageError> {
        for (webhook, (queued, _)) in &self.queued {
            batch.put_queued(*webhook, queued)?;
        }
        Ok(())
    }

    /// Notes that the batch was written; whether there was something for a webhook in it.
    pub(crate) fn written(&mut self) -> bool {
        !std::mem::take(&mut self.queued).is_empty()
    }
}

/// The id of what webhooks are told of something: the same whenever its row is folded again, even if
/// what else happens in the row is decided differently then.
fn id_of(seq: u64, event: &HookEvent, ids: &mut HashSet<Id>) -> DeliveryId {
    let what = json!([seq, event]).to_string();
    let mut hash: [u8; 32] = Sha256::digest(what).into();
    loop {
        let mut parts = [0; 10];
        parts.copy_from_slice(&hash[..10]);
        let id = Id::from_parts(event.received_at, parts);
        if ids.insert(id) {
            return DeliveryId(id);
        }
        // The same thing twice in one row.
        hash = Sha256::digest(hash).into();
    }
}
