//! The second fold of the log: states, inboxes, decisions and crossings.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use moca_core::{
    consent::{Purpose, is_refused},
    event::{Change, Event, EventBody, Fix, Record, Subject},
    health::BeaconHealth,
    id::{AppId, BeaconId, InstanceId, MessageId},
    limits::{CONFIGURATION_REFRESH_MS, CONTROL_RETRY_MS, STEP_BYTES_MAX, STEP_RECORDS_MAX},
    notification::counts::{Counted, Opening},
    presence::Occurrence,
    receipt::{self, Receipt, ReceiptKind, Receipts},
    tally::Happening,
    webhook::Occasion,
    world::World,
};
use moca_storage::{
    StorageError,
    devices::{Batch, Consumer, Devices, InstanceCrossing, InstanceState},
    log::{LogReader, Row},
};
use tokio::{
    runtime::Handle,
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    cache::Cache,
    configuration::Configuration,
    fire::{Firing, RowDecisions},
    hooks::{Hooks, Moment, Told, fix_of},
    instance, person,
    tallies::Tallies,
    timers::Timers,
};
use crate::shared::Shared;

/// States kept in memory between steps; some 500 bytes each.
const STATES_MAX: usize = 50_000;
/// Healths of beacons kept in memory between steps; a few kilobytes each.
const HEALTH_MAX: usize = 10_000;

/// Receipts kept in memory between steps; some 100 bytes each.
const RECEIPTS_MAX: usize = 10_000;

/// The second stage.
pub(crate) struct Decide {
    log: LogReader,
    shared: Shared,
    configuration: Configuration,
    states: Cache<InstanceId, InstanceState>,
    health: Cache<BeaconId, BeaconHealth>,
    receipts: Cache<(InstanceId, MessageId), Receipts>,
    tallies: Tallies,
    hooks: Hooks,
    timers: Timers,
    /// Whom those who wait for messages hear of when the step is written.
    news: Vec<InstanceId>,
    offset: u64,
}

impl Drop for Decide {
    fn drop(&mut self) {
        self.shared.bell.close();
    }
}

impl Decide {
    /// Prepares the stage to go on where its last run ended.
    pub(crate) fn new(
        log: LogReader,
        configuration: Configuration,
        shared: Shared,
    ) -> Result<Self, StorageError> {
        let mut timers = Timers::default();
        shared
            .devices
            .for_each_state(|state| timers.update(&state))?;
        let offset = shared.devices.offset(Consumer::Decide)?;
        let stage = Self {
            tallies: Tallies::new(Arc::clone(&shared.devices)),
            hooks: Hooks::new(Arc::clone(&shared.devices), Arc::clone(&shared.clock)),
            log,
            shared,
            configuration,
            states: Cache::new(STATES_MAX),
            health: Cache::new(HEALTH_MAX),
            receipts: Cache::new(RECEIPTS_MAX),
            timers,
            news: Vec::new(),
            offset,
        };
        stage.publish_next_due();
        Ok(stage)
    }

    /// Works until the stage before has ended and nothing is left to do.
    pub(crate) fn run(
        mut self,
        runtime: &Handle,
        mut appended: watch::Receiver<u64>,
        decided: &watch::Sender<u64>,
    ) -> Result<(), StorageError> {
        let pause = Duration::from_millis(CONFIGURATION_REFRESH_MS);
        loop {
            let offset = self.offset;
            let next = runtime.block_on(async {
                let next = appended.wait_for(|seq| *seq > offset);
                timeout(pause, next).await.map(|next| next.map(|seq| *seq))
            });
            let last = match next {
                Ok(Ok(last)) => last,
                Ok(Err(_)) => return Ok(()),
                Err(_) => {
                    self.refresh_idly(runtime);
                    continue;
                }
            };
            self.step(runtime, last)?;
            self.shared
                .metrics
                .decide_lag_rows
                .set((last - self.offset) as i64);
            decided.send_replace(self.offset);
        }
    }

    /// Takes in what was configured while no event came: a million places that were imported would
    /// keep the next event waiting.
    fn refresh_idly(&mut self, runtime: &Handle) {
        if let Err(error) = runtime.block_on(
            self.configuration
                .refresh(&self.shared.devices, self.offset),
        ) {
            // The next event asks again, and waits for it.
            tracing::debug!(%error, "The configuration could not be brought up to date");
        }
    }

    /// Takes in some of the rows up to `last`. The configuration is refreshed after they were read:
    /// what was committed before an event was sent applies to it.
    pub(crate) fn step(&mut self, runtime: &Handle, last: u64) -> Result<(), StorageError> {
        let rows = self
            .log
            .read(self.offset, last, STEP_RECORDS_MAX, STEP_BYTES_MAX)?;
        runtime.block_on(self.refresh())?;
        let devices = Arc::clone(&self.shared.devices);
        let mut batch = devices.batch();
        for row in &rows {
            self.take_in_row(row, &mut batch)?;
        }
        let Some(newest) = rows.last() else {
            return Ok(());
        };
        for (_, state) in self.states.changed() {
            batch.put_state(state)?;
        }
        for (beacon, health) in self.health.changed() {
            batch.put_beacon_health(beacon, health)?;
        }
        for ((instance, message), receipts) in self.receipts.changed() {
            batch.put_receipts(instance, message, receipts)?;
        }
        self.tallies.put(&mut batch)?;
        self.hooks.put(&mut batch)?;
        batch.commit(Consumer::Decide, newest.seq)?;
        if self.hooks.written() {
            self.shared.hook_bell.notify_one();
        }
        self.receipts.written();
        self.tallies.written();
        self.states.written();
        self.health.written();
        self.offset = newest.seq;
        self.shared.bell.ring(&self.news);
        self.news.clear();
        self.publish_next_due();
        Ok(())
    }

    /// Brings the configuration up to date. The control store may be a server that is away for a
    /// while: events are on disk, so they wait for it, until the pipeline is told to stop.
    async fn refresh(&mut self) -> Result<(), StorageError> {
        loop {
            match self
                .configuration
                .refresh(&self.shared.devices, self.offset)
                .await
            {
                Err(error @ StorageError::Backend { .. })
                    if !self.shared.is_stopping.load(Ordering::Relaxed) =>
                {
                    tracing::warn!(%error, "The control store does not answer; decisions wait");
                    sleep(Duration::from_millis(CONTROL_RETRY_MS)).await;
                }
                result => return result,
            }
        }
    }

    fn take_in_row(&mut self, row: &Row, batch: &mut Batch<'_>) -> Result<(), StorageError> {
        let mut output = RowOutput {
            decisions: RowDecisions::new(row.seq),
            crossings: Vec::new(),
            opened: BTreeMap::new(),
            told: Told::default(),
        };
        for (index, record) in row.records.iter().enumerate() {
            match record {
                Record::Instance {
                    subject,
                    received_at,
                    change,
                } => {
                    output.decisions.begin_record(index, *received_at);
                    self.take_in_change(*subject, *received_at, change, &mut output, batch)?;
                }
                Record::Tick { at_ms } => {
                    output.decisions.begin_record(index, *at_ms);
                    self.run_timers(*at_ms, &mut output, batch)?;
                }
                Record::Erase {
                    subject,
                    received_at,
                } => {
                    let world = self.configuration.world(subject.account_id);
                    let who = (*subject, None);
                    let moment = Moment::of(*received_at);
                    output.told.note_of(world, who, moment, Occasion::Erased);
                    self.states.forget(subject.instance_id);
                    self.timers.forget(subject.instance_id);
                    batch.remove_state(subject.instance_id);
                    self.news.push(subject.instance_id);
                }
                Record::Counted(_) => {}
                Record::Happened(left) => {
                    for happening in &left.happenings {
                        self.tallies.note(left.app_id, happening.clone())?;
                    }
                }
            }
        }
        for (app, happening) in std::mem::take(&mut output.decisions.happened) {
            self.tallies.note(app, happening)?;
        }
        for (of, target) in std::mem::take(&mut output.decisions.about) {
            self.tallies.note_about(of, target)?;
        }
        self.tallies.end_row(row.seq, batch)?;
        for ((of, at_ms), opened) in &output.opened {
            batch.put_opened(of, *at_ms, row.seq, *opened)?;
        }
        if !output.decisions.tagged.is_empty() {
            batch.put_tagged(row.seq, &output.decisions.tagged)?;
        }
        self.hooks
            .take_in(row.seq, output.told, &mut self.configuration, batch)?;
        if !output.crossings.is_empty() {
            self.shared
                .metrics
                .crossings
                .inc_by(output.crossings.len() as u64);
            batch.put_crossings(row.seq, &output.crossings)?;
        }
        Ok(())
    }

    fn take_in_change(
        &mut self,
        subject: Subject,
        received_at: i64,
        change: &Change,
        output: &mut RowOutput,
        batch: &mut Batch<'_>,
    ) -> Result<(), StorageError> {
        let state = self.states.get_mut(subject.instance_id, || {
            let stored = self.shared.devices.state(subject.instance_id)?;
            Ok::<_, StorageError>(stored.unwrap_or_else(|| instance::unknown(subject, received_at)))
        })?;
        let messages_before = state.message_count;
        let world = self.configuration.world(subject.account_id);
        if let Change::Event(event) = change {
            take_sightings(&mut self.health, &self.shared.devices, world, event)?;
            if person::is_late(event, state) {
                self.shared.metrics.events_late.inc();
            }
        }
        let user_before = state.user_id.clone();
        let mut firing = Firing::new(&mut output.decisions, batch, &self.shared.metrics);
        let occurred = person::take_in(state, world, received_at, change, &mut firing)?;
        if let Change::Event(event) = change {
            output.tell_crossings(world, state, received_at, &occurred, fix_of(event));
            let told = &mut output.told;
            told.note_reported(world, state, received_at, event);
        }
        if let Change::Receipt(receipt) = change {
            let happened = &mut output.decisions.happened;
            let (all, devices) = (&mut self.receipts, &self.shared.devices);
            if take_receipt(all, devices, subject, receipt, happened)? {
                let occasion = occasion_of(receipt);
                let moment = Moment::told(receipt.at_ms, received_at);
                output.told.note(world, state, moment, occasion);
            }
        }
        if let Change::Opened(opening) = change {
            let (all, devices) = (&mut self.receipts, &self.shared.devices);
            take_opening(all, devices, subject, opening, &mut output.opened)?;
        }
        output.tell_fired(world, state, received_at);
        let registered = Occasion::Registered {
            first_at: state.created_at,
        };
        let (occasion, user_id) = match change {
            Change::Registered { .. } => (Some(registered), state.user_id.clone()),
            Change::LoggedIn { .. } => (Some(Occasion::LoggedIn), state.user_id.clone()),
            Change::LoggedOut => (Some(Occasion::LoggedOut), user_before),
            _ => (None, None),
        };
        if let Some(occasion) = occasion {
            let who = (subject, user_id);
            let moment = Moment::of(received_at);
            output.told.note_of(world, who, moment, occasion);
        }
        self.timers.update(state);
        // One that registers again has another token: who waits with the old one is to go.
        if state.message_count > messages_before || matches!(change, Change::Registered { .. }) {
            self.news.push(subject.instance_id);
        }
        Ok(())
    }

    /// Lets the silent devices whose time has come leave what they were in.
    fn run_timers(
        &mut self,
        now_ms: i64,
        output: &mut RowOutput,
        batch: &mut Batch<'_>,
    ) -> Result<(), StorageError> {
        for instance_id in self.timers.due(now_ms) {
            let state = self.states.get_mut(instance_id, || {
                self.shared
                    .devices
                    .state(instance_id)?
                    .ok_or(StorageError::Inconsistent {
                        table: "states",
                        column: "timer",
                        id: instance_id.to_string(),
                    })
            })?;
            let messages_before = state.message_count;
            let world = self.configuration.world(state.subject.account_id);
            let mut firing = Firing::new(&mut output.decisions, batch, &self.shared.metrics);
            let occurred = person::tick(state, world, now_ms, &mut firing)?;
            output.tell_crossings(world, state, now_ms, &occurred, None);
            output.tell_fired(world, state, now_ms);
            if state.message_count > messages_before {
                self.news.push(instance_id);
            }
            self.timers.update(state);
        }
        Ok(())
    }

    fn publish_next_due(&self) {
        let next = self.timers.next().unwrap_or(i64::MAX);
        self.shared.next_due.store(next, Ordering::Relaxed);
    }
}

/// Takes in what an event tells of the account's beacons, however late it came.
fn take_sightings(
    healths: &mut Cache<BeaconId, BeaconHealth>,
    devices: &Devices,
    world: &World,
    event: &Event,
) -> Result<(), StorageError> {
    let EventBody::Sightings(sightings) = &event.body else {
        return Ok(());
    };
    for sighting in sightings {
        let Some(beacon) = world.beacon(&sighting.identity) else {
            continue;
        };
        let load = || Ok::<_, StorageError>(devices.beacon_health(beacon)?.unwrap_or_default());
        let health = healths.get_mut(beacon, load)?;
        health.sight(event.at_ms, sighting.battery_percent);
    }
    Ok(())
}

/// What webhooks are told of a receipt.
const fn occasion_of(receipt: &Receipt) -> Occasion {
    Occasion::Receipt {
        kind: receipt.kind,
        campaign_id: receipt.campaign_id,
        experience_id: receipt.experience_id,
        message_id: receipt.message_id,
    }
}

/// Takes in what became of a message. Only the first receipt of a kind counts: true if it is one.
fn take_receipt(
    all: &mut Cache<(InstanceId, MessageId), Receipts>,
    devices: &Devices,
    subject: Subject,
    receipt: &Receipt,
    happened: &mut Vec<(AppId, Happening)>,
) -> Result<bool, StorageError> {
    let key = (subject.instance_id, receipt.message_id);
    let load = || devices.receipts(key.0, key.1);
    let is_first = all.get_mut(key, load)?.note(receipt.kind, receipt.at_ms);
    if is_first {
        let happening = Happening {
            campaign_id: receipt.campaign_id,
            experience_id: receipt.experience_id,
            word: receipt.kind.as_str().to_owned(),
            at_ms: receipt.at_ms,
        };
        happened.push((subject.app_id, happening));
    }
    Ok(is_first)
}

/// Takes in that a notification was opened, which counts once. It is kept as a receipt: the notification is
/// the message.
fn take_opening(
    all: &mut Cache<(InstanceId, MessageId), Receipts>,
    devices: &Devices,
    subject: Subject,
    opening: &Opening,
    opened: &mut BTreeMap<(Counted, i64), u64>,
) -> Result<(), StorageError> {
    let key = (
        subject.instance_id,
        receipt::of_notification(opening.notification_id),
    );
    let load = || devices.receipts(key.0, key.1);
    let receipts = all.get_mut(key, load)?;
    if receipts.note(ReceiptKind::Clicked, opening.at_ms) {
        let of = Counted {
            app_id: subject.app_id,
            campaign_id: opening.campaign_id,
            notification_id: opening.notification_id,
        };
        *opened.entry((of, opening.at_ms)).or_default() += 1;
    }
    Ok(())
}

/// What one row caused so far.
struct RowOutput {
    decisions: RowDecisions,
    crossings: Vec<InstanceCrossing>,
    /// On how many instances which notifications were opened, and when.
    opened: BTreeMap<(Counted, i64), u64>,
    told: Told,
}

impl RowOutput {
    /// Tells webhooks what fired since this was called last.
    fn tell_fired(&mut self, world: &World, state: &InstanceState, received_at: i64) {
        for (at_ms, occasion) in self.decisions.fired.drain(..) {
            let moment = Moment::told(at_ms, received_at);
            self.told.note(world, state, moment, occasion);
        }
    }

    /// Tells webhooks and the stage that counts of what was crossed. Nobody is told who was in a
    /// sensitive place, and nobody counts them, nor anybody who refused that.
    fn tell_crossings(
        &mut self,
        world: &World,
        state: &InstanceState,
        received_at: i64,
        occurred: &[Occurrence],
        fix: Option<(i64, &Fix)>,
    ) {
        for occurrence in occurred {
            if let Occurrence::Crossed(crossing) = *occurrence
                && world.sensitive_place(crossing.target).is_none()
            {
                let told = &mut self.told;
                told.note_crossing(world, state, received_at, &crossing, fix);
                if !is_refused(&state.consents, Purpose::Analytics) {
                    let subject = state.subject;
                    self.crossings.push(InstanceCrossing { subject, crossing });
                }
            }
        }
    }
}
