//! Sends what the phones noticed, in the order of the day, as fast as the server takes it.

use std::collections::BTreeMap;

use anyhow::ensure;
use futures::{StreamExt, TryStreamExt, stream};
use moca_client::{Client, DeviceClient};
use moca_core::id::InstanceId;
use moca_wire::{
    consents::ConsentsInput,
    events::{EventInput, EventsAnswer},
    instances::Registration,
};

use super::{
    feed::Feed,
    scene::Scene,
    traveller::{Batch, Traveller},
    world::World,
};
use crate::screen::Screen;

/// Requests under way at a time.
pub(super) const AT_A_TIME: usize = 48;
/// The day is sent in slices of this length; all phones keep to the same slice.
const SLICE_MS: i64 = 15 * 60_000;

/// A registered phone.
pub(super) struct Phone {
    pub(super) instance_id: InstanceId,
    pub(super) token: String,
    pub(super) device: DeviceClient,
}

/// What the server said to all that was sent.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    pub(super) requests: u64,
}

/// Registers all travellers' phones, spread over the connections of `lanes`.
pub(super) async fn register(
    lanes: &[Client],
    world: &World,
    travellers: &[Traveller],
    screen: &Screen,
) -> anyhow::Result<Vec<Phone>> {
    let mut progress = screen.progress("Travellers", travellers.len());
    let registrations = travellers.iter().zip(lanes.iter().cycle());
    let registered = stream::iter(registrations).map(|(traveller, lane)| async move {
        let registration = Registration {
            device_key: Some(traveller.device_key.clone()),
            profile: traveller.profile.clone(),
            location_status: None,
            push: None,
            consents: ConsentsInput::default(),
        };
        let app = lane.app(world.app_id, world.app_secret.clone());
        app.register(&registration).await
    });
    let mut registered = registered.buffered(AT_A_TIME);
    let mut phones = Vec::with_capacity(travellers.len());
    while let Some((registered, device)) = registered.try_next().await? {
        progress.advance(1);
        phones.push(Phone {
            instance_id: registered.instance_id,
            token: registered.instance_token,
            device,
        });
    }
    Ok(phones)
}

/// A batch with its place in the day.
struct Sending<'a> {
    traveller: usize,
    batch: &'a Batch,
}

impl Scene {
    /// Plays the day and shows it.
    pub(super) async fn drive(&self, screen: &Screen) -> anyhow::Result<Tally> {
        let mut sendings: Vec<Sending<'_>> = Vec::new();
        for (traveller, plan) in self.travellers.iter().enumerate() {
            let batches = plan.batches.iter();
            sendings.extend(batches.map(|batch| Sending { traveller, batch }));
        }
        // Stable: the batches of one traveller stay in their order.
        sendings.sort_by_key(|sending| sending.batch.send_ms);
        let untold = first_untold(&sendings);
        let mut feed = Feed::new(self, screen);
        let mut sent = 0;
        let slices = sendings.chunk_by(|one, next| slice_of(one) == slice_of(next));
        for slice in slices {
            feed.tally += self.send_slice(slice).await?;
            sent += slice.len();
            let now_ms = (slice_of(&slice[0]) + 1) * SLICE_MS;
            feed.show(now_ms, untold[sent]).await?;
        }
        feed.conclude();
        Ok(feed.tally)
    }

    async fn send_slice(&self, slice: &[Sending<'_>]) -> anyhow::Result<Tally> {
        let mut by_traveller: BTreeMap<usize, Vec<&Batch>> = BTreeMap::new();
        for sending in slice {
            let batches = by_traveller.entry(sending.traveller).or_default();
            batches.push(sending.batch);
        }
        let sent = stream::iter(by_traveller)
            .map(|(traveller, batches)| self.send(&self.phones[traveller].device, batches))
            .buffer_unordered(AT_A_TIME);
        sent.try_fold(Tally::default(), |mut sum, tally| async move {
            sum += tally;
            Ok(sum)
        })
        .await
    }

    /// Sends the batches of one phone, one after the other.
    async fn send(&self, phone: &DeviceClient, batches: Vec<&Batch>) -> anyhow::Result<Tally> {
        let mut tally = Tally::default();
        for batch in batches {
            let moments = batch.moments.iter();
            let events: Vec<EventInput> = moments.map(|one| one.to_event(&self.layout)).collect();
            for _ in 0..1 + usize::from(batch.twice) {
                let answer = phone.events(&events).await?;
                ensure!(
                    answer.rejected.is_empty(),
                    "events were refused: {:?}",
                    answer.rejected
                );
                tally.add(&answer);
            }
        }
        Ok(tally)
    }
}

fn slice_of(sending: &Sending<'_>) -> i64 {
    sending.batch.send_ms.div_euclid(SLICE_MS)
}

/// For every number of batches sent, the time of the first event that was not: all that comes true
/// before it is known. What comes late makes nothing true.
fn first_untold(sendings: &[Sending<'_>]) -> Vec<i64> {
    let mut untold = vec![i64::MAX; sendings.len() + 1];
    for (index, sending) in sendings.iter().enumerate().rev() {
        let first = sending
            .batch
            .moments
            .first()
            .filter(|_| !sending.batch.late);
        let at_ms = first.map_or(i64::MAX, |moment| moment.at_ms);
        untold[index] = at_ms.min(untold[index + 1]);
    }
    untold
}

impl Tally {
    fn add(&mut self, answer: &EventsAnswer) {
        self.accepted += answer.accepted;
        self.duplicates += answer.duplicates;
        self.requests += 1;
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
        self.requests += other.requests;
    }
}
