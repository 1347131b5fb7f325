//! All devices, and the connections that tell what they notice.
//!
//! Each connection has devices of its own and tells of them one after the other, so that what one
//! device tells stays in order.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream};
use moca_client::{AppClient, ClientError, DeviceClient};
use moca_wire::{consents::ConsentsInput, events::EventInput, instances::Registration};
use tokio::{task::JoinSet, time};

use super::{
    Options, clock_text,
    phone::Phone,
    tally::{Summary, Tally, Told},
    world::World,
};
use crate::screen::{Live, Screen, grouped};

/// How often the screen is told.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// Requests in a row that fail before a connection gives up: the client has repeated each before.
const FAILURES_MAX: u32 = 5;
/// Time until what failed is told again.
const BREATH: Duration = Duration::from_secs(1);

/// Registered devices.
pub(super) struct Fleet {
    devices: Vec<(Phone, DeviceClient)>,
    shared: Shared,
}

/// What all connections know.
struct Shared {
    world: World,
    options: Options,
    begin_ms: i64,
    tally: Tally,
    /// Events that no device could tell.
    untold: AtomicU64,
    /// Connections at work.
    at_work: AtomicU64,
}

impl Fleet {
    /// Makes the devices and registers them. A seed has the same devices each time.
    pub(super) async fn register(
        app: &AppClient,
        world: World,
        options: Options,
        begin_ms: i64,
        screen: &Screen,
    ) -> anyhow::Result<Self> {
        let (seed, phones) = (options.seed, options.phones);
        let counts = options.devices.iter();
        let habits = counts.flat_map(|(habit, count)| std::iter::repeat_n(*habit, *count));
        let habits: Vec<_> = habits.collect();
        let mut progress = screen.progress("Devices", habits.len());
        let registered = stream::iter(0..habits.len()).map(|number| async move {
            let registration = Registration {
                device_key: Some(format!("simulate-{seed}-{number}")),
                profile: Phone::profile(seed, number),
                location_status: None,
                push: None,
                consents: ConsentsInput::default(),
            };
            app.register(&registration).await
        });
        let mut registered = registered.buffered(options.connections);
        let mut devices = Vec::with_capacity(habits.len());
        while let Some((_, client)) = registered.try_next().await? {
            let number = devices.len();
            let phone = Phone::new(&world, habits[number], phones, seed, number, begin_ms);
            devices.push((phone, client));
            progress.advance(1);
        }
        drop(progress);
        Ok(Self {
            devices,
            shared: Shared {
                world,
                options,
                begin_ms,
                tally: Tally::new(),
                untold: AtomicU64::new(0),
                at_work: AtomicU64::new(0),
            },
        })
    }

    /// Tells the whole history, or as much of it as there is time for until `stop`.
    pub(super) async fn drive(
        self,
        stop: &Arc<AtomicBool>,
        screen: &Screen,
    ) -> anyhow::Result<Summary> {
        let Self {
            devices,
            mut shared,
        } = self;
        let n_devices = devices.len();
        let n_lanes = shared.options.connections.min(n_devices).max(1);
        shared.tally = Tally::new();
        shared.at_work = AtomicU64::new(n_lanes as u64);
        let shared = Arc::new(shared);
        let mut lanes: Vec<Lane> = (0..n_lanes).map(|_| Lane::new(&shared, n_lanes)).collect();
        for (index, device) in devices.into_iter().enumerate() {
            lanes[index % n_lanes].take(device);
        }
        let mut tasks = JoinSet::new();
        for lane in lanes {
            let stop = stop.clone();
            tasks.spawn(lane.drive(stop));
        }
        let mut live = screen.live(1);
        let mut moments = time::interval(TELL_EVERY);
        while shared.at_work.load(Ordering::Relaxed) > 0 {
            moments.tick().await;
            shared.show(&mut live, n_devices);
        }
        drop(live);
        let mut outcome = Ok(());
        while let Some(ended) = tasks.join_next().await {
            outcome = outcome.and(ended.context("a connection of the fleet panicked")?);
        }
        let untold = shared.untold.load(Ordering::Relaxed);
        outcome?;
        Ok(shared.tally.summary(n_devices, untold as usize))
    }
}

impl Shared {
    fn end_ms(&self) -> i64 {
        self.begin_ms + self.options.duration_ms
    }

    fn show(&self, live: &mut Live<'_>, n_devices: usize) {
        let Some(told_ms) = self.tally.told_ms() else {
            return;
        };
        let now = self.tally.summary(n_devices, 0);
        let line = format!(
            "{}  {} events, {} a second; answers in {:.1} ms, 99 of 100 in {:.1} ms{}",
            clock_text(told_ms),
            grouped(now.accepted + now.duplicates),
            grouped(now.events_per_second as u64),
            now.p50_ms,
            now.p99_ms,
            if now.failed > 0 {
                format!("; {} requests failed", grouped(now.failed))
            } else {
                String::new()
            }
        );
        live.show(&[line]);
    }
}

/// One connection with its devices.
struct Lane {
    shared: Arc<Shared>,
    devices: Vec<(Phone, DeviceClient)>,
    /// Devices by their next report.
    due: BinaryHeap<Reverse<(i64, usize)>>,
    began: Instant,
    /// Before this, the rate does not allow another event.
    free_at: Instant,
    /// Time an event takes up of the rate.
    pause: Duration,
}

/// Counts a connection out when it ends, however it does.
struct AtWork(Arc<Shared>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.at_work.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lane {
    fn new(shared: &Arc<Shared>, n_lanes: usize) -> Self {
        let rate = shared.options.rate;
        let pause = rate.map_or(0.0, |rate| n_lanes as f64 / rate);
        let now = Instant::now();
        Self {
            shared: shared.clone(),
            devices: Vec::new(),
            due: BinaryHeap::new(),
            began: now,
            free_at: now,
            pause: Duration::from_secs_f64(pause),
        }
    }

    fn take(&mut self, device: (Phone, DeviceClient)) {
        let next_ms = device.0.next_report_ms();
        self.due.push(Reverse((next_ms, self.devices.len())));
        self.devices.push(device);
    }

    async fn drive(mut self, stop: Arc<AtomicBool>) -> anyhow::Result<()> {
        let _at_work = AtWork(self.shared.clone());
        let outcome = self.tell_all(&stop).await;
        let untold: usize = self.devices.iter().map(|(phone, _)| phone.n_untold()).sum();
        self.shared
            .untold
            .fetch_add(untold as u64, Ordering::Relaxed);
        outcome
    }

    async fn tell_all(&mut self, stop: &AtomicBool) -> anyhow::Result<()> {
        let end_ms = self.shared.end_ms();
        let mut failures = 0;
        while let Some(Reverse((report_ms, index))) = self.due.pop() {
            let is_last = report_ms >= end_ms;
            self.wait_for(report_ms.min(end_ms)).await;
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            let world = &self.shared.world;
            let (phone, _) = &mut self.devices[index];
            // At the end there is a network, so that all is told.
            if phone.live(world, end_ms) || is_last {
                self.tell(index, is_last, &mut failures).await?;
            }
            if !is_last {
                let next_ms = self.devices[index].0.next_report_ms();
                self.due.push(Reverse((next_ms, index)));
            }
        }
        Ok(())
    }

    /// Tells all that a device has noticed. What cannot be told waits for the device's next report;
    /// after the last one it is told again at once.
    async fn tell(
        &mut self,
        index: usize,
        is_last: bool,
        failures: &mut u32,
    ) -> anyhow::Result<()> {
        loop {
            let (phone, client) = &mut self.devices[index];
            let events = phone.untold();
            let Some(last) = events.last() else {
                return Ok(());
            };
            let at_ms = last.t;
            let client = client.clone();
            self.wait_for_rate(events.len()).await;
            match send(&client, &events, at_ms).await {
                Ok(told) => {
                    *failures = 0;
                    self.shared.tally.add(&told);
                }
                Err(error) => {
                    self.shared.tally.add_failure();
                    self.devices[index].0.keep(events);
                    *failures += 1;
                    if *failures > FAILURES_MAX || !is_passing(&error) {
                        return Err(error.into());
                    }
                    time::sleep(BREATH).await;
                    if !is_last {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Waits until life, at the speed asked for, has come to this moment.
    async fn wait_for(&self, at_ms: i64) {
        let speed = self.shared.options.speed;
        if speed.is_finite() {
            let seconds = (at_ms - self.shared.begin_ms) as f64 / 1_000.0 / speed;
            let due = self.began + Duration::from_secs_f64(seconds.max(0.0));
            time::sleep_until(due.into()).await;
        }
    }

    async fn wait_for_rate(&mut self, n_events: usize) {
        if self.pause.is_zero() {
            return;
        }
        time::sleep_until(self.free_at.into()).await;
        // What was not used is lost: a rate is not caught up with.
        let from = self.free_at.max(Instant::now());
        self.free_at = from + self.pause * u32::try_from(n_events).unwrap_or(u32::MAX);
    }
}

async fn send(
    client: &DeviceClient,
    events: &[EventInput],
    at_ms: i64,
) -> Result<Told, ClientError> {
    let sent = Instant::now();
    let answer = client.events(events).await?;
    if let Some(first) = answer.rejected.first() {
        tracing::warn!(
            code = first.code,
            detail = first.detail,
            "an event was refused"
        );
    }
    Ok(Told {
        accepted: answer.accepted,
        duplicates: answer.duplicates,
        rejected: answer.rejected.len() as u64,
        at_ms,
        latency: sent.elapsed(),
    })
}

/// Whether the same may work later.
fn is_passing(error: &ClientError) -> bool {
    matches!(
        error,
        ClientError::Network { .. }
            | ClientError::Server { .. }
            | ClientError::Unavailable { .. }
            | ClientError::RateLimited { .. }
    )
}
