//! One device that goes about, and the plain book of what must come of it.

use std::collections::{BTreeSet, HashMap};

use moca_core::experience::Direction;
use serde_json::{Value, json};

use super::site::{CAP, FIRST_AT, HOUR_MS, RULES, Repeat, SPOTS};
use crate::support::dice::Dice;

/// Events of one request at most.
const BATCH_MAX: usize = 20;
/// Milliseconds between two events at most.
const PAUSE_MS_MAX: usize = 120_000;

/// A device with its book.
pub(super) struct Device {
    /// What it authenticates with.
    pub(super) token: String,
    dice: Dice,
    at: i64,
    inside: Vec<usize>,
    fired_at: HashMap<usize, i64>,
    shown: usize,
    /// Starts of the hours in which it sent events.
    pub(super) active: BTreeSet<i64>,
    /// Place and start of the hour in which it entered.
    pub(super) entered: BTreeSet<(usize, i64)>,
    /// Rule and time of every message.
    pub(super) messages: Vec<(usize, i64)>,
    /// Triggers that came true.
    pub(super) decisions: u64,
}

/// A request to be sent.
pub(super) struct Batch {
    /// The body.
    pub(super) body: String,
    /// How many events it holds.
    pub(super) events: u64,
}

impl Device {
    /// A device that was nowhere yet.
    pub(super) fn new(token: String, seed: u64) -> Self {
        Self {
            token,
            dice: Dice::new(seed),
            at: FIRST_AT,
            inside: Vec::new(),
            fired_at: HashMap::new(),
            shown: 0,
            active: BTreeSet::new(),
            entered: BTreeSet::new(),
            messages: Vec::new(),
            decisions: 0,
        }
    }

    /// The next events, entered into the book as if they had arrived once.
    pub(super) fn next_batch(&mut self) -> Batch {
        let count = 1 + self.dice.below(BATCH_MAX);
        let events: Vec<Value> = (0..count).map(|_| self.next_event()).collect();
        Batch {
            body: Value::from(events).to_string(),
            events: count as u64,
        }
    }

    fn next_event(&mut self) -> Value {
        self.at += 1 + self.dice.below(PAUSE_MS_MAX) as i64;
        self.active.insert(hour(self.at));
        let id = self.dice.uuid().to_string();
        if self.dice.below(4) == 0 {
            return json!({"id": id, "t": self.at, "verb": "buy", "item": "coffee", "value": 2.5});
        }
        let (lat, lon, places) = SPOTS[self.dice.below(SPOTS.len())];
        self.move_into(places);
        json!({"id": id, "t": self.at, "location": {"lat": lat, "lon": lon, "accuracy": 5}})
    }

    fn move_into(&mut self, places: &[usize]) {
        let before = std::mem::replace(&mut self.inside, places.to_vec());
        for place in before.iter().filter(|place| !places.contains(place)) {
            self.cross(Direction::Exit, *place);
        }
        for place in places.iter().filter(|place| !before.contains(place)) {
            self.entered.insert((*place, hour(self.at)));
            self.cross(Direction::Enter, *place);
        }
    }

    fn cross(&mut self, direction: Direction, place: usize) {
        for (index, rule) in RULES.iter().enumerate() {
            if rule.direction != direction || rule.place != place {
                continue;
            }
            self.decisions += 1;
            let last_at = self.fired_at.get(&index);
            let may_again = match (rule.repeat, last_at) {
                (Repeat::Always, _) | (_, None) => true,
                (Repeat::Once, Some(_)) => false,
                (Repeat::Hourly, Some(last_at)) => self.at >= last_at + HOUR_MS,
            };
            if !may_again || (rule.capped && self.shown == CAP) {
                continue;
            }
            self.fired_at.insert(index, self.at);
            self.shown += usize::from(rule.capped);
            self.messages.push((index, self.at));
        }
    }
}

/// The start of the hour.
pub(super) fn hour(at: i64) -> i64 {
    at - at % HOUR_MS
}
