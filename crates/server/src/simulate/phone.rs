//! What a device believes and tells: fixes with noise, beacons by their signal, a clock that is
//! wrong, and times without a network.

use std::collections::VecDeque;

use moca_core::{
    event::{Profile, Proximity},
    geo::{LatLon, distance_m},
    limits::{EVENT_AHEAD_MS_MAX, EVENTS_MAX, SIGHTINGS_MAX},
};
use moca_wire::events::{EventInput, LocationInput, SightingInput};
use uuid::Builder;

use super::{
    Phones,
    motion::{Deed, Habit, Motion},
    world::World,
};
use crate::dice::{Dice, position};

/// How long an error of a fix lasts: those of GPS come from the sky and from walls, which stay the
/// same for a while (a first-order Gauss-Markov process).
const ERROR_TIME_MS: f64 = 30_000.0;
/// 68 of 100 errors in two directions are within so many deviations (Rayleigh distribution).
const WITHIN: f64 = 1.51;
/// Share of fixes that are far off: a signal that came off a wall.
const OUTLIERS: f64 = 0.005;
/// Metres up to which a phone hears a beacon.
const HEARD_M: f64 = 30.0;
/// Signal in a metre's distance, dBm, and its deviation.
const RSSI_1M: f64 = -59.0;
const RSSI_NOISE: f64 = 4.0;
/// How long a time without a network lasts on average.
const OUTAGE_MS: f64 = 180_000.0;
/// What a phone keeps for later at most; it drops the oldest.
const KEPT_MAX: usize = 20 * EVENTS_MAX;
/// Metres of one degree of latitude, near enough for an error.
const DEGREE_M: f64 = 111_320.0;

/// Phones with their systems.
const MODELS: [(&str, &str, &str); 4] = [
    ("iPhone 15", "iOS", "17.4"),
    ("iPhone 17 Pro", "iOS", "26.1"),
    ("Pixel 9", "Android", "15"),
    ("Galaxy S25", "Android", "16"),
];
const LANGUAGES: [&str; 6] = ["en-US", "es-ES", "de-DE", "fr-FR", "pt-BR", "ja-JP"];

/// A device and what it has not told yet.
#[derive(Debug)]
pub(super) struct Phone {
    motion: Motion,
    dice: Dice,
    phones: Phones,
    /// Of its clock, ms.
    error_ms: i64,
    /// Of its position, metres to the north and east, as of the last fix.
    drift_m: [f64; 2],
    next_fix_ms: i64,
    next_report_ms: i64,
    /// The next time without a network.
    outage: (i64, i64),
    untold: VecDeque<EventInput>,
}

impl Phone {
    /// The phone of this number, at `at_ms`.
    pub(super) fn new(
        world: &World,
        habit: Habit,
        phones: Phones,
        seed: u64,
        number: usize,
        at_ms: i64,
    ) -> Self {
        // Ways do not change with the noise.
        let motion = Motion::new(world, habit, Dice::new(seed, 2 * number as u64), at_ms);
        // Another begin is another history, whose events are none that were told before.
        let of_begin = seed ^ (at_ms as u64).rotate_left(24);
        let mut dice = Dice::new(of_begin, 2 * number as u64 + 1);
        let ahead_ms = EVENT_AHEAD_MS_MAX / 2;
        let error_ms = ((phones.skew_ms * dice.normal()) as i64).min(ahead_ms);
        let next_fix_ms = at_ms + dice.between(0, phones.interval_ms);
        let mut phone = Self {
            motion,
            error_ms,
            drift_m: [0.0; 2],
            next_fix_ms,
            next_report_ms: at_ms + dice.between(0, phones.report_ms),
            outage: (i64::MAX, i64::MAX),
            untold: VecDeque::new(),
            phones,
            dice,
        };
        phone.plan_outage(at_ms);
        phone.drift_m = [(); 2].map(|()| phone.deviation_m() * phone.dice.normal());
        phone
    }

    /// What it says of itself at registration.
    pub(super) fn profile(seed: u64, number: usize) -> Profile {
        let mut dice = Dice::new(!seed, number as u64);
        let (model, os, os_version) = *dice.pick(&MODELS);
        Profile {
            device_model: Some(model.to_owned()),
            os: Some(os.to_owned()),
            os_version: Some(os_version.to_owned()),
            lang: Some((*dice.pick(&LANGUAGES)).to_owned()),
            app_version: Some("1.0".to_owned()),
            ..Profile::default()
        }
    }

    /// When it reports next.
    pub(super) const fn next_report_ms(&self) -> i64 {
        self.next_report_ms
    }

    /// Lives until its next report, or the end if that is before; says whether it has a network then.
    pub(super) fn live(&mut self, world: &World, end_ms: i64) -> bool {
        let until_ms = self.next_report_ms.min(end_ms);
        while self.next_fix_ms < until_ms {
            let at_ms = self.next_fix_ms;
            self.next_fix_ms += self.phones.interval_ms;
            self.notice(world, at_ms);
        }
        self.next_report_ms += self.phones.report_ms;
        while self.outage.1 <= until_ms {
            let over_ms = self.outage.1;
            self.plan_outage(over_ms);
        }
        self.outage.0 > until_ms
    }

    /// What is to be told in one request, oldest first.
    pub(super) fn untold(&mut self) -> Vec<EventInput> {
        let count = self.untold.len().min(EVENTS_MAX);
        self.untold.drain(..count).collect()
    }

    /// How many events wait to be told.
    pub(super) fn n_untold(&self) -> usize {
        self.untold.len()
    }

    /// Takes back what could not be told.
    pub(super) fn keep(&mut self, events: Vec<EventInput>) {
        for event in events.into_iter().rev() {
            self.untold.push_front(event);
        }
    }

    fn plan_outage(&mut self, from_ms: i64) {
        if self.phones.outages <= 0.0 {
            return;
        }
        let mean_ms = OUTAGE_MS * (1.0 - self.phones.outages) / self.phones.outages;
        let begins_ms = from_ms + self.dice.wait(mean_ms);
        self.outage = (begins_ms, begins_ms + self.dice.wait(OUTAGE_MS));
    }

    fn deviation_m(&self) -> f64 {
        self.phones.noise_m / WITHIN
    }

    fn notice(&mut self, world: &World, at_ms: i64) {
        let (truth, speed) = self.motion.at(world, at_ms);
        for (deed_ms, deed) in self.motion.take_deeds() {
            self.tell_deed(deed_ms.min(at_ms), deed);
        }
        let place = self.motion.place();
        self.tell_sightings(world, place, truth, at_ms);
        let fix = self.fix(truth, speed);
        let location = Some(fix);
        self.tell(
            at_ms,
            EventInput {
                location,
                ..EventInput::default()
            },
        );
    }

    fn fix(&mut self, truth: LatLon, speed: f64) -> LocationInput {
        let deviation_m = self.deviation_m();
        let kept = (-(self.phones.interval_ms as f64) / ERROR_TIME_MS).exp();
        let fresh = (1.0 - kept * kept).sqrt() * deviation_m;
        for axis in 0..2 {
            self.drift_m[axis] = kept * self.drift_m[axis] + fresh * self.dice.normal();
        }
        let far_off = self.dice.chance(OUTLIERS);
        let [north_m, east_m] = self
            .drift_m
            .map(|metres| metres * if far_off { 5.0 } else { 1.0 });
        let latitude = truth.latitude() + north_m / DEGREE_M;
        let scale = DEGREE_M * truth.latitude().to_radians().cos().max(0.01);
        let believed = position(latitude, truth.longitude() + east_m / scale, truth);
        // Phones guess their accuracy, not quite right.
        let guess = 0.8 + 0.45 * self.dice.fraction();
        let accuracy = self.phones.noise_m * guess * if far_off { 3.0 } else { 1.0 };
        let rounded = |number: f64| (number * 10.0).round() / 10.0;
        LocationInput {
            lat: believed.latitude(),
            lon: believed.longitude(),
            accuracy: (self.phones.noise_m > 0.0).then(|| rounded(accuracy)),
            speed: Some(rounded(speed)),
            floor: None,
        }
    }

    fn tell_sightings(&mut self, world: &World, place: usize, truth: LatLon, at_ms: i64) {
        let mut sightings = Vec::new();
        for (at, identity) in &world.places[place].beacons {
            let metres = distance_m(*at, truth);
            if metres > HEARD_M || sightings.len() == SIGHTINGS_MAX {
                continue;
            }
            let noise = RSSI_NOISE * self.dice.normal();
            let rssi = RSSI_1M - 20.0 * metres.max(0.3).log10() + noise;
            let proximity = match 10.0_f64.powf((RSSI_1M - rssi) / 20.0) {
                ..1.0 => Proximity::Immediate,
                ..5.0 => Proximity::Near,
                _ => Proximity::Far,
            };
            sightings.push(SightingInput {
                identity: *identity,
                rssi: Some(rssi.round().clamp(-127.0, 0.0) as i64),
                proximity: Some(proximity),
                battery: None,
            });
        }
        if !sightings.is_empty() {
            self.tell(
                at_ms,
                EventInput {
                    sightings,
                    ..EventInput::default()
                },
            );
        }
    }

    fn tell_deed(&mut self, at_ms: i64, deed: Deed) {
        let (verb, value) = match deed {
            Deed::Views => ("view", None),
            Deed::Buys => ("purchase", Some(self.dice.between(1, 100) as f64)),
        };
        let item = format!("item-{}", self.dice.between(1, 50));
        self.tell(
            at_ms,
            EventInput {
                verb: Some(verb.to_owned()),
                item: Some(item),
                value,
                ..EventInput::default()
            },
        );
    }

    fn tell(&mut self, at_ms: i64, event: EventInput) {
        let id = Builder::from_random_bytes(self.dice.bytes()).into_uuid();
        let t = at_ms + self.error_ms;
        self.untold.push_back(EventInput { id, t, ..event });
        if self.untold.len() > KEPT_MAX {
            self.untold.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::world::Spot;

    const PHONES: Phones = Phones {
        interval_ms: 1_000,
        report_ms: 30_000,
        noise_m: 15.0,
        outages: 0.0,
        skew_ms: 0.0,
    };

    fn world() -> World {
        let center = LatLon::new(40.0, -3.0).unwrap();
        World {
            places: vec![Spot::new(center, 100.0)],
        }
    }

    fn fixes(phones: Phones, number: usize) -> Vec<EventInput> {
        let world = world();
        let mut phone = Phone::new(&world, Habit::Walker, phones, 5, number, 0);
        let mut all = Vec::new();
        while phone.next_report_ms() < 3_600_000 {
            phone.live(&world, i64::MAX);
            all.extend(phone.untold());
        }
        all
    }

    #[test]
    fn two_thirds_of_the_fixes_lie_within_the_noise() {
        let exact = Phones {
            noise_m: 0.0,
            ..PHONES
        };
        let (mut within, mut all) = (0, 0);
        for number in 0..30 {
            for (noisy, true_) in fixes(PHONES, number).iter().zip(fixes(exact, number)) {
                let at = |event: &EventInput| {
                    let fix = event.location.unwrap();
                    LatLon::new(fix.lat, fix.lon).unwrap()
                };
                assert_eq!(noisy.t, true_.t);
                within += usize::from(distance_m(at(noisy), at(&true_)) <= 15.0);
                all += 1;
            }
        }
        let share = f64::from(within as u32) / f64::from(all as u32);
        assert!((0.62..0.74).contains(&share), "{share}");
    }

    #[test]
    fn the_time_without_a_network_is_the_share_asked_for() {
        let phones = Phones {
            outages: 0.2,
            interval_ms: 1_000_000,
            report_ms: 10_000,
            ..PHONES
        };
        let world = world();
        let mut without = 0;
        for number in 0..40 {
            let mut phone = Phone::new(&world, Habit::Walker, phones, 9, number, 0);
            for _ in 0..2_000 {
                without += usize::from(!phone.live(&world, i64::MAX));
            }
        }
        let share = without as f64 / 80_000.0;
        assert!((0.17..0.23).contains(&share), "{share}");
    }

    #[test]
    fn what_could_not_be_told_is_told_first_the_next_time() {
        let world = world();
        let mut phone = Phone::new(&world, Habit::Walker, PHONES, 5, 1, 0);
        phone.live(&world, i64::MAX);
        let events = phone.untold();
        phone.keep(events.clone());
        phone.live(&world, i64::MAX);
        assert_eq!(phone.untold()[..events.len()], events);
    }
}
