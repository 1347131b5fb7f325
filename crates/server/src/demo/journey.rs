//! A day of one traveller: at home, to an airport, through it, in the air, and at the other end.
//!
//! A journey is made of steps. A step that would not be over by the end of the day is not taken, and
//! a step that sees beacons goes on until they are long out of range, so that nothing of what is
//! expected depends on a clock other than that of the events.

use moca_core::geo::{LatLon, distance_m};

use super::{
    airports::RADIUS_M,
    layout::{GATES, Hub, Layout, TERMINAL_M},
    packing,
    traveller::{Batch, Day, Moment, What},
};
use crate::dice::{Dice, on_the_way};

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Metres a second in the air.
const FLIGHT_M_S: f64 = 240.0;
/// Metres between home and airport.
const HOME_M: (f64, f64) = (9_000.0, 40_000.0);

/// The airport next to the traveller's home, and what the phone sends.
pub(super) fn plan(layout: &Layout, day: Day, dice: &mut Dice) -> (usize, Vec<Batch>) {
    let origin = some_airport(layout, dice);
    let home = dice.around(layout.airports[origin].at, HOME_M.0, HOME_M.1);
    let mut journey = Journey {
        layout,
        dice,
        at_ms: day.from_ms,
        last_ms: day.last_ms,
        over: false,
        steps: Vec::new(),
    };
    if journey.dice.chance(0.4) {
        journey.yesterday(home, day);
    }
    journey.at_ms = day.from_ms + journey.dice.between(0, 15 * HOUR_MS);
    journey.stay(home);
    journey.travel(origin);
    let mut batches = packing::into_batches(journey.steps, dice);
    packing::add_late(layout, day, &mut batches, dice);
    (origin, batches)
}

/// Mostly a hub, else any airport that sells tickets.
fn some_airport(layout: &Layout, dice: &mut Dice) -> usize {
    if dice.chance(0.8) {
        return dice.pick(&layout.hubs).airport;
    }
    loop {
        let index = dice.between(0, layout.airports.len() as i64) as usize;
        if !layout.airports[index].iata.is_empty() {
            return index;
        }
    }
}

struct Journey<'a> {
    layout: &'a Layout,
    dice: &'a mut Dice,
    at_ms: i64,
    last_ms: i64,
    /// The day is.
    over: bool,
    steps: Vec<Vec<Moment>>,
}

impl Journey<'_> {
    /// Notices something after a while.
    fn after(&mut self, from_ms: i64, to_ms: i64, what: What) -> Moment {
        self.at_ms += self.dice.between(from_ms, to_ms);
        let what = match what {
            What::Fix(at) => What::Fix(self.layout.off_borders(at)),
            other => other,
        };
        Moment::new(self.dice, self.at_ms, what)
    }

    /// Takes a step, unless the day is over before it is.
    fn take(&mut self, step: Vec<Moment>) {
        self.over |= step.last().is_some_and(|last| last.at_ms >= self.last_ms);
        if !self.over {
            self.steps.push(step);
        }
    }

    /// At home the day before: such a traveller is not new today.
    fn yesterday(&mut self, home: LatLon, day: Day) {
        self.at_ms = day.from_ms - self.dice.between(3 * HOUR_MS, 23 * HOUR_MS);
        let mut step = Vec::new();
        for _ in 0..3 {
            let at = self.dice.around(home, 0.0, 300.0);
            step.push(self.after(MINUTE_MS, 20 * MINUTE_MS, What::Fix(at)));
        }
        self.take(step);
    }

    /// At home, in a hotel or in town.
    fn stay(&mut self, around: LatLon) {
        for _ in 0..self.dice.between(2, 6) {
            let at = self.dice.around(around, 0.0, 1_500.0);
            let step = vec![self.after(5 * MINUTE_MS, 25 * MINUTE_MS, What::Fix(at))];
            self.take(step);
        }
        let looks = What::Does("view", Some("departures"));
        let step = vec![self.after(SECOND_MS, MINUTE_MS, looks)];
        self.take(step);
    }

    /// One flight or two.
    fn travel(&mut self, origin: usize) {
        let mut from = origin;
        loop {
            let to = loop {
                let to = some_airport(self.layout, self.dice);
                if to != from {
                    break to;
                }
            };
            self.depart(from);
            self.fly(from, to);
            self.arrive(to);
            if self.over || !self.dice.chance(0.4) {
                return;
            }
            from = to;
        }
    }

    fn depart(&mut self, airport: usize) {
        let center = self.layout.airports[airport].at;
        let road = self.dice.around(center, 1.4 * RADIUS_M, 1.7 * RADIUS_M);
        let mut step = vec![self.after(20 * MINUTE_MS, 40 * MINUTE_MS, What::Fix(road))];
        step.push(self.in_terminal(center));
        step.push(self.after(SECOND_MS, MINUTE_MS, What::Does("check_in", None)));
        self.take(step);
        if self.dice.chance(0.15) {
            self.drift(center);
        }
        let mut step = vec![self.in_terminal(center)];
        if self.dice.chance(0.5) {
            let buys = What::Does("purchase", Some("coffee"));
            step.push(self.after(MINUTE_MS, 9 * MINUTE_MS, buys));
        }
        self.take(step);
        let layout = self.layout;
        if let Some(hub) = layout.hub_at(airport) {
            if self.dice.chance(0.3) {
                self.lounge(hub);
            }
            self.gate(hub);
        }
    }

    fn in_terminal(&mut self, center: LatLon) -> Moment {
        let at = self.dice.around(center, 0.0, 0.95 * TERMINAL_M);
        self.after(5 * MINUTE_MS, 15 * MINUTE_MS, What::Fix(at))
    }

    /// A fix goes astray and comes back: the phone leaves the airport without having moved.
    fn drift(&mut self, center: LatLon) {
        let astray = self.dice.around(center, 1.2 * RADIUS_M, 1.5 * RADIUS_M);
        let step = vec![
            self.after(2 * MINUTE_MS, 6 * MINUTE_MS, What::Fix(astray)),
            self.in_terminal(center),
        ];
        self.take(step);
    }

    /// Past some gates, with breaks that are sometimes short and sometimes long enough to have left.
    fn gate(&mut self, hub: &Hub) {
        let mut step = Vec::new();
        for _ in 0..self.dice.between(1, 4) {
            let gate = self.dice.between(0, GATES as i64) as usize;
            self.at_ms += 3 * MINUTE_MS;
            for _ in 0..self.dice.between(2, 6) {
                let mut beacons = vec![hub.beacons[gate]];
                if self.dice.chance(0.3) {
                    beacons.push(hub.beacons[(gate + 1) % GATES]);
                }
                // Never the 30 seconds after which a beacon counts as left, nor close to it.
                let far = self.dice.chance(0.1);
                let (from_ms, to_ms) = if far { (40, 90) } else { (5, 25) };
                let sees = What::Sees(beacons);
                step.push(self.after(from_ms * SECOND_MS, to_ms * SECOND_MS, sees));
            }
        }
        let center = self.layout.airports[hub.airport].at;
        step.push(self.in_terminal(center));
        self.take(step);
    }

    /// In by its geofence, held by its beacon after the last fix lies outside.
    fn lounge(&mut self, hub: &Hub) {
        let beacon = hub.beacons[GATES];
        let inside = self.dice.around(hub.lounge, 0.0, 150.0);
        let outside = self.dice.around(hub.lounge, 300.0, 600.0);
        let mut step = vec![self.after(MINUTE_MS, 5 * MINUTE_MS, What::Fix(inside))];
        for turn in 0..6 {
            let sees = What::Sees(vec![beacon]);
            step.push(self.after(10 * SECOND_MS, 14 * SECOND_MS, sees));
            if turn == 3 {
                step.push(self.after(SECOND_MS, 5 * SECOND_MS, What::Fix(outside)));
            }
        }
        let reads = What::Does("view", Some("magazine"));
        step.push(self.after(2 * MINUTE_MS, 9 * MINUTE_MS, reads));
        self.take(step);
    }

    fn fly(&mut self, from: usize, to: usize) {
        let airports = &self.layout.airports;
        let (from, to) = (airports[from].at, airports[to].at);
        let flight_ms = (distance_m(from, to) / FLIGHT_M_S) as i64 * SECOND_MS + 30 * MINUTE_MS;
        self.at_ms += 25 * MINUTE_MS;
        let took_off_ms = self.at_ms;
        for part in [0.15, 0.5, 0.85] {
            self.at_ms = took_off_ms + (flight_ms as f64 * part) as i64;
            let aloft = What::Fix(on_the_way(from, to, part));
            let step = vec![self.after(0, MINUTE_MS, aloft)];
            // Phones are off, mostly; but the last of them shows that the airport was left.
            if part == 0.15 || self.dice.chance(0.3) {
                self.take(step);
            }
        }
        self.at_ms = took_off_ms + flight_ms;
    }

    fn arrive(&mut self, airport: usize) {
        let center = self.layout.airports[airport].at;
        let step = vec![self.in_terminal(center)];
        self.take(step);
        let layout = self.layout;
        if let Some(hub) = layout.hub_at(airport)
            && self.dice.chance(0.7)
        {
            self.gate(hub);
        }
        let town = self.dice.around(center, HOME_M.0, HOME_M.1);
        let out = vec![self.after(20 * MINUTE_MS, 50 * MINUTE_MS, What::Fix(town))];
        self.take(out);
        self.stay(town);
    }
}
