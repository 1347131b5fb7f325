//! Where an instance is: a fix or a sighting and the fences near it → enter and exit.
//!
//! A place is entered by its geofence or by any beacon of its zones, a zone by its own geofence or
//! any of its beacons. Both ways count as one: a target is entered when the first of them holds and
//! left when the last no longer does. When a geofence holds is in `fences.rs`, what lies between two
//! fixes in `paths.rs`, and what becomes of events that come after newer ones in `late.rs`.
//!
//! Who has entered stays until something says otherwise. So a stay that an experience waits for is
//! complete at its moment of event time although nothing happened then; the next event or, when the
//! device is silent, the tick finds it.

use serde::{Deserialize, Serialize};

mod fences;
mod late;
mod paths;
mod rules;

pub use paths::PathStart;
pub use rules::{PresenceConfig, Rules};

use crate::{
    event::{Event, EventBody, Sighting},
    experience::{Direction, Target},
    id::BeaconId,
    limits::{EVENT_LATE_MS_MAX, EXITS_KEPT_MAX},
    world::World,
};

/// What is known of where one instance is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Presence {
    /// Time of the newest location or sighting taken in, ms since 1970.
    pub newest_at: i64,
    /// Places and zones whose geofence holds the instance, sorted.
    pub fences: Vec<Target>,
    /// Places and zones of whose geofence the last fixes say otherwise, but none for sure, with the time
    /// of the first of these, sorted by target.
    pub doubts: Vec<(Target, i64)>,
    /// Beacons in range, with the time at which each counts as left unless it is seen again, sorted by id.
    pub beacons: Vec<(BeaconId, i64)>,
    /// What the instance is in, by fence or by beacon, with the time it entered, sorted by target.
    pub inside: Vec<(Target, i64)>,
    /// Stays that experiences wait for, the one due first in front.
    pub stays: Vec<Stay>,
    /// Where the next path begins, if any place looks at paths.
    #[serde(skip)]
    pub path_start: Option<PathStart>,
    /// Time of the newest location, ms since 1970; not after `newest_at`.
    #[serde(skip)]
    pub newest_fix_at: i64,
    /// What was left last, with the time, sorted by target: the newest [`EXITS_KEPT_MAX`], and none
    /// that no late event can ask for any more.
    #[serde(skip)]
    pub exits: Vec<(Target, i64)>,
}

impl Presence {
    /// When the target was left last, as far as that is kept.
    fn left_at(&self, target: Target) -> Option<i64> {
        let found = self.exits.binary_search_by_key(&target, |(left, _)| *left);
        found.ok().map(|index| self.exits[index].1)
    }

    fn note_exit(&mut self, target: Target, at_ms: i64) {
        match self.exits.binary_search_by_key(&target, |(left, _)| *left) {
            Ok(index) => self.exits[index].1 = self.exits[index].1.max(at_ms),
            Err(index) => self.exits.insert(index, (target, at_ms)),
        }
        // A late event asks for what was left as long before it as it may be late.
        let since = self.newest_at - 2 * EVENT_LATE_MS_MAX;
        self.exits.retain(|(_, left_at)| *left_at >= since);
        if self.exits.len() > EXITS_KEPT_MAX {
            let oldest = (0..self.exits.len()).min_by_key(|index| self.exits[*index].1);
            if let Some(index) = oldest {
                self.exits.remove(index);
            }
        }
    }
}

/// A stay of a certain length, complete or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stay {
    /// When it is complete, by event time, ms since 1970.
    pub due_ms: i64,
    /// In what.
    pub target: Target,
    /// When the instance entered.
    pub entered_at: i64,
}

impl Stay {
    /// Its length in milliseconds.
    pub const fn delay_ms(&self) -> i64 {
        self.due_ms - self.entered_at
    }
}

/// What an event or a timer brought about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurrence {
    /// A border was crossed.
    Crossed(Crossing),
    /// A stay is complete.
    Stayed(Stay),
}

impl Occurrence {
    /// When, by event time, ms since 1970.
    pub const fn at_ms(&self) -> i64 {
        match self {
            Self::Crossed(crossing) => crossing.at_ms,
            Self::Stayed(stay) => stay.due_ms,
        }
    }

    /// In or out of what, and for how long it lasted if that is what came about; see
    /// [`crate::experience::Trigger`].
    pub const fn condition(&self) -> (Direction, Target, i64) {
        match self {
            Self::Crossed(crossing) => (crossing.direction, crossing.target, 0),
            Self::Stayed(stay) => (Direction::Enter, stay.target, stay.delay_ms()),
        }
    }
}

/// A border crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crossing {
    /// In or out.
    pub direction: Direction,
    /// Of what.
    pub target: Target,
    /// When, by event time, ms since 1970.
    pub at_ms: i64,
    /// When it entered: equal to `at_ms` for an enter; the dwell of an exit is the difference.
    pub entered_at: i64,
}

/// Takes in one event and appends what it brings about, what timers due before it do first.
///
/// Of an event older than the newest location or sighting see `late.rs`.
pub fn observe(
    presence: &mut Presence,
    world: &World,
    event: &Event,
    occurred: &mut Vec<Occurrence>,
) {
    if event.at_ms < presence.newest_at {
        late::take_late(presence, world, event, occurred);
        return;
    }
    if let EventBody::Location(fix) = &event.body {
        paths::take_path(presence, world, fix, event.at_ms, occurred);
    }
    tick(presence, world, event.at_ms, occurred);
    match &event.body {
        EventBody::Location(fix) => {
            fences::take_fix(presence, world, fix, event.at_ms);
            presence.newest_fix_at = event.at_ms;
        }
        EventBody::Sightings(sightings) => take_sightings(presence, world, sightings, event.at_ms),
        EventBody::Custom { .. } => return,
    }
    presence.newest_at = event.at_ms;
    cross(presence, world, event.at_ms, occurred);
}

/// Runs the timers due at `now_ms` and appends what they bring about, the earliest first. A stay that
/// ends at the moment it is complete is complete.
pub fn tick(presence: &mut Presence, world: &World, now_ms: i64, occurred: &mut Vec<Occurrence>) {
    while let Some(due_ms) = due_at(presence).filter(|due_ms| *due_ms <= now_ms) {
        let complete = presence.stays.partition_point(|stay| stay.due_ms <= due_ms);
        occurred.extend(presence.stays.drain(..complete).map(Occurrence::Stayed));
        let in_range = presence.beacons.len();
        presence.beacons.retain(|(_, left_at)| *left_at > due_ms);
        if presence.beacons.len() < in_range {
            cross(presence, world, due_ms, occurred);
        }
    }
}

/// When the next timer of this instance is due, ms since 1970.
pub fn due_at(presence: &Presence) -> Option<i64> {
    let left = presence.beacons.iter().map(|(_, left_at)| *left_at).min();
    let stayed = presence.stays.first().map(|stay| stay.due_ms);
    left.into_iter().chain(stayed).min()
}

fn take_sightings(presence: &mut Presence, world: &World, sightings: &[Sighting], at_ms: i64) {
    for sighting in sightings {
        // A beacon of somebody else's fleet.
        let Some(beacon) = world.beacon(&sighting.identity) else {
            continue;
        };
        let left_at = at_ms + world.rules(Target::Beacon(beacon)).beacon_exit_ms;
        match presence
            .beacons
            .binary_search_by_key(&beacon, |(id, _)| *id)
        {
            Ok(index) => presence.beacons[index].1 = left_at,
            Err(index) => presence.beacons.insert(index, (beacon, left_at)),
        }
    }
}

/// Compares what the instance is in now with what it was in, and appends the difference: exits
/// before enters, each in the order of their targets. Two visits of a target do not overlap: what a silent
/// device was taken out of is entered again no earlier than that.
fn cross(presence: &mut Presence, world: &World, at_ms: i64, occurred: &mut Vec<Occurrence>) {
    let first = occurred.len();
    let now = current(presence, world);
    let mut inside = Vec::with_capacity(now.len());
    for (target, entered_at) in std::mem::take(&mut presence.inside) {
        if now.binary_search(&target).is_ok() {
            inside.push((target, entered_at));
            continue;
        }
        presence.stays.retain(|stay| stay.target != target);
        if world.has(target) {
            let at_ms = at_ms.max(entered_at);
            presence.note_exit(target, at_ms);
            occurred.push(Occurrence::Crossed(Crossing {
                direction: Direction::Exit,
                target,
                at_ms,
                entered_at,
            }));
        }
    }
    let stayed = inside.len();
    for target in now {
        let before = &inside[..stayed];
        if before
            .binary_search_by_key(&target, |(inside, _)| *inside)
            .is_ok()
        {
            continue;
        }
        let at_ms = presence
            .left_at(target)
            .map_or(at_ms, |left_at| at_ms.max(left_at));
        inside.push((target, at_ms));
        let stays = world.delays(target).map(|delay_ms| Stay {
            due_ms: at_ms + delay_ms,
            target,
            entered_at: at_ms,
        });
        presence.stays.extend(stays);
        occurred.push(Occurrence::Crossed(Crossing {
            direction: Direction::Enter,
            target,
            at_ms,
            entered_at: at_ms,
        }));
    }
    inside.sort_unstable();
    presence.inside = inside;
    occurred[first..].sort_by_key(Occurrence::at_ms);
    // Experiences that wait for the same stay share it.
    presence.stays.sort_unstable();
    presence.stays.dedup();
}

/// All that holds the instance, by fence or by beacon, and still exists; sorted.
fn current(presence: &Presence, world: &World) -> Vec<Target> {
    let mut targets = presence.fences.clone();
    for &(beacon, _) in &presence.beacons {
        targets.push(Target::Beacon(beacon));
        if let Some(zone) = world.zone_of(beacon) {
            targets.push(Target::Zone(zone));
            targets.extend(world.place_of(zone).map(Target::Place));
        }
    }
    targets.retain(|target| world.has(*target));
    targets.sort_unstable();
    targets.dedup();
    targets
}

#[cfg(test)]
mod tests;
