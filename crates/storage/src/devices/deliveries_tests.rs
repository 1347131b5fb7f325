//! Queues and counts against a list of deliveries that is looked through from one end to the other.

use std::collections::{BTreeMap, HashSet};

use moca_core::{
    id::{AppId, DeliveryId, Id, InstanceId, WebhookId},
    limits::WEBHOOK_DONE_KEPT_MS,
    webhook::{Attempt, Delivery, HookEvent, Occasion, Outcome, State},
};

use super::{Consumer, Devices, HookHealth, Queued};

const HOOK: WebhookId = WebhookId(Id([7; 16]));
const OTHER: WebhookId = WebhookId(Id([8; 16]));

struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn instance(number: u64) -> InstanceId {
    InstanceId(Id([number as u8; 16]))
}

fn event(received_at: i64, of: InstanceId, occasion: Occasion) -> HookEvent {
    HookEvent {
        app_id: AppId(Id([1; 16])),
        instance_id: of,
        user_id: None,
        at_ms: received_at,
        received_at,
        position: None,
        occasion,
    }
}

/// The store with a naive list beside it.
struct Pair {
    devices: Devices,
    all: BTreeMap<DeliveryId, Delivery>,
    queued: Queued,
    seq: u64,
    now_ms: i64,
}

impl Pair {
    fn add(&mut self, dice: &mut Dice) {
        self.seq += 1;
        let mut batch = self.devices.batch();
        for index in 0..1 + dice.below(3) as u32 {
            let of = instance(dice.below(4));
            let event = event(self.now_ms, of, Occasion::LoggedIn);
            let delivery = Delivery::new(event, self.seq, index);
            let random = [dice.below(256) as u8; 10];
            let mut id = Id::from_parts(self.now_ms, random);
            id.0[12..].copy_from_slice(&(self.seq as u32 * 8 + index).to_be_bytes());
            batch.put_delivery(HOOK, DeliveryId(id), &delivery).unwrap();
            // Of another one, which must not be seen.
            batch
                .put_delivery(OTHER, DeliveryId(id), &delivery)
                .unwrap();
            self.all.insert(DeliveryId(id), delivery);
            self.queued.count += 1;
        }
        batch.put_queued(HOOK, &self.queued).unwrap();
        batch.commit(Consumer::Decide, self.seq).unwrap();
    }

    /// What is due, in the order in which it is to be tried.
    fn due(&self, under_way: &HashSet<DeliveryId>) -> Vec<DeliveryId> {
        let key = |id: &DeliveryId, delivery: &Delivery| match delivery.state {
            State::Again { due_ms } if due_ms <= self.now_ms => Some((0, due_ms, 0, *id)),
            State::Fresh { seq, index } => Some((1, seq as i64, index, *id)),
            _ => None,
        };
        let waiting = self.all.iter().filter(|(id, _)| !under_way.contains(id));
        let mut due: Vec<_> = waiting.filter_map(|(id, one)| key(id, one)).collect();
        due.sort_unstable();
        due.into_iter().map(|(.., id)| id).collect()
    }

    fn try_some(&mut self, dice: &mut Dice) {
        let all_due = self.due(&HashSet::new());
        let under_way: HashSet<DeliveryId> = all_due
            .iter()
            .copied()
            .filter(|_| dice.below(4) == 0)
            .collect();
        let limit = 1 + dice.below(5) as usize;
        let next = self
            .devices
            .next_deliveries(HOOK, self.now_ms, limit, &under_way);
        let next = next.unwrap();
        let ids: Vec<DeliveryId> = next.iter().map(|(id, _)| *id).collect();
        let mut due = self.due(&under_way);
        due.truncate(limit);
        assert_eq!(ids, due);
        let mut done = Vec::new();
        for (id, mut delivery) in next {
            assert_eq!(Some(&delivery), self.all.get(&id));
            let status = if dice.below(2) == 0 { 200 } else { 500 };
            let attempt = Attempt {
                at_ms: self.now_ms,
                took_ms: 1,
                outcome: Outcome::Answered(status),
            };
            let before = delivery.state;
            delivery.tried(attempt, 0, None);
            self.all.insert(id, delivery.clone());
            done.push((before, id, delivery));
        }
        self.devices
            .settle_deliveries(HOOK, &done, self.now_ms)
            .unwrap();
        // Once more changes nothing: they are not in that state any more.
        self.devices
            .settle_deliveries(HOOK, &done, self.now_ms)
            .unwrap();
    }

    fn begin_one_anew(&mut self, dice: &mut Dice) {
        let index = dice.below(self.all.len().max(1) as u64) as usize;
        let Some(id) = self.all.keys().nth(index).copied() else {
            return;
        };
        let anew = self
            .devices
            .redeliver(HOOK, id, self.now_ms)
            .unwrap()
            .unwrap();
        let known = self.all.get_mut(&id).unwrap();
        known.begin_anew(self.now_ms);
        assert_eq!(&anew, known);
    }

    fn drop_first(&mut self) {
        let due = self.due(&HashSet::new());
        let ids: Vec<DeliveryId> = due.into_iter().take(2).collect();
        self.devices.drop_deliveries(HOOK, &ids).unwrap();
        self.all.retain(|id, _| !ids.contains(id));
    }

    fn erase(&mut self, of: InstanceId) {
        self.devices.take_off_webhooks(of).unwrap();
        self.all
            .retain(|_, delivery| delivery.event.instance_id != of);
    }

    fn check(&self, dice: &mut Dice) {
        let health: HookHealth = self.devices.hook_health(HOOK).unwrap();
        let count = |state: &str| {
            let alike = self.all.values().filter(|it| it.state.as_str() == state);
            alike.count() as i64
        };
        let counted = (
            health.waiting,
            health.tally.delivered,
            health.tally.given_up,
        );
        assert_eq!(
            counted,
            (count("Waiting"), count("Delivered"), count("GivenUp"))
        );
        let (offset, limit) = (dice.below(4) as usize, dice.below(6) as usize);
        let states = [State::Again { due_ms: 0 }, State::Delivered, State::GivenUp];
        for state in [None, Some(states[dice.below(3) as usize])] {
            let (total, page) = self.devices.deliveries(HOOK, state, offset, limit).unwrap();
            let fits = |it: &&Delivery| state.is_none_or(|s| s.as_str() == it.state.as_str());
            let all: Vec<_> = self.all.iter().rev().filter(|(_, it)| fits(it)).collect();
            assert_eq!(total, all.len() as i64);
            let expected = all.into_iter().skip(offset).take(limit);
            let expected: Vec<_> = expected.map(|(id, it)| (*id, it.clone())).collect();
            assert_eq!(page, expected);
        }
        let next = self.devices.next_delivery_at(HOOK).unwrap();
        let earliest = self.all.values().filter_map(|it| match it.state {
            State::Fresh { .. } => Some(i64::MIN),
            State::Again { due_ms } => Some(due_ms),
            _ => None,
        });
        assert_eq!(next, earliest.min());
    }
}

fn opened(directory: &std::path::Path) -> Devices {
    Devices::open(directory).unwrap()
}

#[test]
fn queues_and_counts_are_those_of_a_naive_list() {
    for seed in 1..=8 {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("devices");
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        let mut pair = Pair {
            devices: opened(&path),
            all: BTreeMap::new(),
            queued: Queued::default(),
            seq: 0,
            now_ms: 1_000_000,
        };
        for _ in 0..120 {
            match dice.below(13) {
                0..=3 => pair.add(&mut dice),
                4..=7 => pair.try_some(&mut dice),
                8 => pair.begin_one_anew(&mut dice),
                9 => pair.now_ms += dice.below(400_000) as i64,
                // A clock that was wrong.
                10 if dice.below(4) == 0 => pair.now_ms -= 3_000,
                11 => pair.drop_first(),
                10 => pair.erase(instance(dice.below(4))),
                _ => {
                    drop(pair.devices);
                    pair.devices = opened(&path);
                }
            }
            pair.check(&mut dice);
        }
        assert_eq!(pair.devices.told_webhooks().unwrap(), [HOOK]);
        pair.devices.forget_webhook(HOOK).unwrap();
        assert_eq!(
            pair.devices.hook_health(HOOK).unwrap(),
            HookHealth::default()
        );
        let (_, left) = pair.devices.deliveries(HOOK, None, 0, 10).unwrap();
        assert!(left.is_empty());
    }
}

#[test]
fn what_is_done_is_kept_for_a_while_and_an_erasure_is_not_kept() {
    let directory = tempfile::tempdir().unwrap();
    let devices = opened(&directory.path().join("devices"));
    let taken = Attempt {
        at_ms: 1_000,
        took_ms: 1,
        outcome: Outcome::Answered(200),
    };
    let mut batch = devices.batch();
    let mut done = Vec::new();
    for (index, occasion) in [(0, Occasion::LoggedIn), (1, Occasion::Erased)] {
        let mut delivery = Delivery::new(event(1_000, instance(1), occasion), 1, index);
        let id = DeliveryId(Id::from_parts(1_000, [index as u8; 10]));
        batch.put_delivery(HOOK, id, &delivery).unwrap();
        let before = delivery.state;
        delivery.tried(taken, 0, None);
        done.push((before, id, delivery));
    }
    let queued = Queued {
        count: 2,
        ..Queued::default()
    };
    batch.put_queued(HOOK, &queued).unwrap();
    batch.commit(Consumer::Decide, 1).unwrap();
    devices.settle_deliveries(HOOK, &done, 1_000).unwrap();
    let kept = |devices: &Devices| devices.deliveries(HOOK, None, 0, 10).unwrap();
    let (total, page) = kept(&devices);
    assert_eq!((total, page.len()), (1, 1));
    assert_eq!(page[0].1.event.occasion, Occasion::LoggedIn);
    devices
        .tidy_deliveries(HOOK, 1_000 + WEBHOOK_DONE_KEPT_MS)
        .unwrap();
    assert_eq!(kept(&devices).0, 1);
    devices
        .tidy_deliveries(HOOK, 1_001 + WEBHOOK_DONE_KEPT_MS)
        .unwrap();
    assert_eq!(kept(&devices), (0, Vec::new()));
    assert_eq!(devices.hook_health(HOOK).unwrap().waiting, 0);
}
