//! Where a device really is: a way made of legs, each at one pace along the shortest line.

use moca_core::geo::{LatLon, distance_m};

use super::world::World;
use crate::dice::{Dice, on_the_way};

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
/// Metres that people walk to a place for; further ones are for those who drive.
const WALK_M: f64 = 4_000.0;
/// The same for a drive.
const DRIVE_M: f64 = 60_000.0;

/// How somebody moves about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// On foot, from place to place, past some of them.
    Walker,
    /// By car, mostly past places.
    Driver,
    /// Inside a place, from beacon to beacon.
    Shopper,
}

/// What somebody does on arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// Looks at something.
    Views,
    /// Buys something.
    Buys,
}

/// A device's way. The same dice make the same way.
#[derive(Debug)]
pub(super) struct Motion {
    habit: Habit,
    dice: Dice,
    leg: Leg,
    /// The place it is at or on the way to.
    place: usize,
    /// Until when a shopper shops in it.
    leaves_ms: i64,
    /// What was done since it was last asked for, and when.
    deeds: Vec<(i64, Deed)>,
}

/// From one point to another, or a stay if they are the same.
#[derive(Debug, Clone, Copy)]
struct Leg {
    from: LatLon,
    to: LatLon,
    from_ms: i64,
    to_ms: i64,
}

impl Motion {
    /// Somebody who is about somewhere at `at_ms`.
    pub(super) fn new(world: &World, habit: Habit, mut dice: Dice, at_ms: i64) -> Self {
        let place = dice.between(0, world.places.len() as i64) as usize;
        let spot = &world.places[place];
        let away_m = match habit {
            Habit::Walker => 400.0,
            Habit::Driver => 5_000.0,
            Habit::Shopper => 150.0,
        };
        let start = dice.around(spot.center, spot.radius_m, spot.radius_m + away_m);
        let begins_ms = at_ms - dice.between(0, 5 * MINUTE_MS);
        Self {
            habit,
            dice,
            leg: Leg {
                from: start,
                to: start,
                from_ms: begins_ms,
                to_ms: at_ms,
            },
            place,
            leaves_ms: at_ms,
            deeds: Vec::new(),
        }
    }

    /// The place it is at or on the way to.
    pub(super) const fn place(&self) -> usize {
        self.place
    }

    /// Where it is at this moment, and metres a second. Moments come in order.
    pub(super) fn at(&mut self, world: &World, at_ms: i64) -> (LatLon, f64) {
        while self.leg.to_ms <= at_ms {
            self.next_leg(world);
        }
        let Leg {
            from,
            to,
            from_ms,
            to_ms,
        } = self.leg;
        if from == to {
            return (from, 0.0);
        }
        let part = (at_ms - from_ms) as f64 / (to_ms - from_ms) as f64;
        let seconds = (to_ms - from_ms) as f64 / SECOND_MS as f64;
        let speed = distance_m(from, to) / seconds;
        (on_the_way(from, to, part.clamp(0.0, 1.0)), speed)
    }

    /// What was done since it was last asked for.
    pub(super) fn take_deeds(&mut self) -> Vec<(i64, Deed)> {
        std::mem::take(&mut self.deeds)
    }

    fn next_leg(&mut self, world: &World) {
        let moved = self.leg.from != self.leg.to;
        match self.habit {
            Habit::Walker if moved => self.stay(MINUTE_MS / 2, 10 * MINUTE_MS),
            Habit::Walker => self.walk(world),
            Habit::Driver if moved && self.dice.chance(0.3) => self.stay(MINUTE_MS, 15 * MINUTE_MS),
            Habit::Driver => self.drive(world),
            Habit::Shopper if moved => self.shop(),
            Habit::Shopper => self.stroll(world),
        }
    }

    fn stay(&mut self, from_ms: i64, to_ms: i64) {
        let length_ms = self.dice.between(from_ms, to_ms);
        let here = self.leg.to;
        self.begin(here, length_ms);
    }

    /// To a point at this many metres a second.
    fn go(&mut self, to: LatLon, speed: f64) {
        let length_ms = distance_m(self.leg.to, to) / speed * SECOND_MS as f64;
        self.begin(to, (length_ms as i64).max(1));
    }

    fn begin(&mut self, to: LatLon, length_ms: i64) {
        let Leg {
            to: from, to_ms, ..
        } = self.leg;
        self.leg = Leg {
            from,
            to,
            from_ms: to_ms,
            to_ms: to_ms + length_ms,
        };
    }

    /// Into a place near by, or past it.
    fn walk(&mut self, world: &World) {
        self.choose(world, WALK_M);
        let spot = &world.places[self.place];
        let inside_m = (0.0, 0.9 * spot.radius_m);
        let past_m = (1.1 * spot.radius_m, spot.radius_m + 300.0);
        let (from_m, to_m) = if self.dice.chance(0.6) {
            inside_m
        } else {
            past_m
        };
        let to = self
            .dice
            .around(spot.center, from_m, to_m.min(from_m + WALK_M));
        let speed = 0.9 + 0.9 * self.dice.fraction();
        self.go(to, speed);
    }

    fn drive(&mut self, world: &World) {
        self.choose(world, DRIVE_M);
        let spot = &world.places[self.place];
        let past_m = spot.radius_m + 2_000.0;
        let to = self.dice.around(spot.center, 0.0, past_m);
        let speed = 8.0 + 20.0 * self.dice.fraction();
        self.go(to, speed);
    }

    /// To the next beacon or shelf; when the time is over, out and to another place.
    fn stroll(&mut self, world: &World) {
        let now_ms = self.leg.to_ms;
        let out = now_ms >= self.leaves_ms;
        let inside = distance_m(self.leg.to, world.places[self.place].center)
            <= world.places[self.place].radius_m;
        let (to, speed) = if out && inside {
            let spot = &world.places[self.place];
            (
                self.dice.around(
                    spot.center,
                    1.2 * spot.radius_m,
                    spot.radius_m * 1.2 + 150.0,
                ),
                1.2,
            )
        } else {
            if out {
                self.choose(world, WALK_M);
                self.leaves_ms = now_ms + self.dice.between(20 * MINUTE_MS, 90 * MINUTE_MS);
            }
            let spot = &world.places[self.place];
            let to = if !spot.beacons.is_empty() && self.dice.chance(0.7) {
                let (at, _) = *self.dice.pick(&spot.beacons);
                self.dice.around(at, 0.5, 6.0)
            } else {
                // The middle of a large place; a person does not cross an airfield.
                self.dice
                    .around(spot.center, 0.0, (0.8 * spot.radius_m).min(250.0))
            };
            (to, 0.5 + 0.6 * self.dice.fraction())
        };
        self.go(to, speed);
    }

    /// Looks at what is there, and buys it sometimes.
    fn shop(&mut self) {
        let at_ms = self.leg.to_ms;
        self.stay(15 * SECOND_MS, 4 * MINUTE_MS);
        let looks_ms = self.dice.between(1, self.leg.to_ms - at_ms);
        if self.dice.chance(0.5) {
            self.deeds.push((at_ms + looks_ms, Deed::Views));
        }
        if self.dice.chance(0.1) {
            self.deeds.push((self.leg.to_ms - 1, Deed::Buys));
        }
    }

    /// Another place, if there is one near enough; else the same again.
    fn choose(&mut self, world: &World, reach_m: f64) {
        let here = world.places[self.place].center;
        let near = world.near(self.place).iter().copied();
        let near: Vec<usize> = near
            .filter(|index| distance_m(here, world.places[*index].center) <= reach_m)
            .collect();
        if !near.is_empty() && self.dice.chance(0.8) {
            self.place = *self.dice.pick(&near);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::world::Spot;

    fn world() -> World {
        let places = [0.0, 0.01, 0.02].map(|east| {
            let center = LatLon::new(40.0, -3.0 + east).unwrap();
            Spot::new(center, 120.0)
        });
        World {
            places: places.into(),
        }
    }

    #[test]
    fn nobody_jumps_and_everybody_gets_into_places() {
        let world = world();
        for (habit, fastest) in [
            (Habit::Walker, 1.81),
            (Habit::Driver, 28.1),
            (Habit::Shopper, 1.3),
        ] {
            let mut inside = 0;
            for number in 0..20 {
                let mut motion = Motion::new(&world, habit, Dice::new(7, number), 0);
                let (mut before, _) = motion.at(&world, 0);
                for second in 1..7_200 {
                    let (now, speed) = motion.at(&world, second * SECOND_MS);
                    assert!(
                        distance_m(before, now) <= fastest + 0.5,
                        "{habit:?} {speed}"
                    );
                    before = now;
                    let at_home = |spot: &Spot| distance_m(spot.center, now) < spot.radius_m;
                    inside += usize::from(world.places.iter().any(at_home));
                }
            }
            assert!(inside > 0, "{habit:?}");
        }
    }

    #[test]
    fn the_same_dice_make_the_same_way_however_often_it_is_looked_at() {
        let world = world();
        let way = |step: usize| {
            let mut motion = Motion::new(&world, Habit::Shopper, Dice::new(3, 1), 0);
            let moments = (0..3_600).step_by(step);
            moments
                .map(|second| motion.at(&world, second * SECOND_MS).0)
                .collect::<Vec<_>>()
        };
        let all = way(1);
        let some: Vec<LatLon> = all.iter().copied().step_by(60).collect();
        assert_eq!(way(60), some);
    }
}
