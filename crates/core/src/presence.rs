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

mod composite;
mod fences;
mod late;
mod paths;
mod rules;
mod watched;

pub use composite::holds;
pub use paths::PathStart;
pub use rules::{PresenceConfig, Rules};
pub use watched::Watched;

use crate::{
    event::{Event, EventBody, Proximity, Sighting},
    experience::{Direction, Target, Trigger},
    id::{BeaconId, ExperienceId},
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
    /// What is known only because triggers wait for it.
    #[serde(skip)]
    pub watched: Watched,
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
    /// The device came close to something.
    Neared(Nearing),
    /// The parts of a composite hold.
    Composed(Composed),
    /// An app reported an event, at this time: ms since 1970.
    Told(i64),
}

impl Occurrence {
    /// When, by event time, ms since 1970.
    pub const fn at_ms(&self) -> i64 {
        match self {
            Self::Crossed(crossing) => crossing.at_ms,
            Self::Stayed(stay) => stay.due_ms,
            Self::Neared(nearing) => nearing.at_ms,
            Self::Composed(composed) => composed.at_ms,
            Self::Told(at_ms) => *at_ms,
        }
    }

    /// The crossing, or the one that began the stay, if it is one of these.
    pub const fn crossing(&self) -> Option<(Direction, Target)> {
        match self {
            Self::Crossed(crossing) => Some((crossing.direction, crossing.target)),
            Self::Stayed(stay) => Some((Direction::Enter, stay.target)),
            Self::Neared(_) | Self::Composed(_) | Self::Told(_) => None,
        }
    }

    /// What it is about, if that is one thing.
    pub const fn target(&self) -> Option<Target> {
        match self {
            Self::Crossed(crossing) => Some(crossing.target),
            Self::Stayed(stay) => Some(stay.target),
            Self::Neared(nearing) => Some(nearing.target),
            Self::Composed(_) | Self::Told(_) => None,
        }
    }

    /// Whether it makes a trigger true that is no composite and waits for no event.
    pub fn makes_true(&self, part: &Trigger) -> bool {
        match self {
            Self::Crossed(_) => part.crossing() == self.crossing() && part.delay_ms() == 0,
            Self::Stayed(stay) => {
                part.crossing() == self.crossing() && part.delay_ms() == stay.delay_ms()
            }
            Self::Neared(nearing) => part.proximity() == Some((nearing.target, nearing.proximity)),
            Self::Composed(_) | Self::Told(_) => false,
        }
    }
}

/// The device came this close to a beacon, or to one of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nearing {
    /// To what.
    pub target: Target,
    /// How close.
    pub proximity: Proximity,
    /// When, by event time, ms since 1970.
    pub at_ms: i64,
}

/// The last part of a composite came true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Composed {
    /// Whose trigger it is.
    pub experience_id: ExperienceId,
    /// When, by event time, ms since 1970.
    pub at_ms: i64,
    /// Whether an event that an app reported is one of the parts.
    pub is_told: bool,
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

/// Takes in one event, and says all that it brings about: what [`observe`] appends, and that the app
/// told it.
pub fn take(presence: &mut Presence, world: &World, event: &Event) -> Vec<Occurrence> {
    let mut occurred = Vec::new();
    observe(presence, world, event, &mut occurred);
    if event.body.verb().is_some() {
        occurred.push(Occurrence::Told(event.at_ms));
    }
    occurred
}

/// What came about for an instance, by moment: the timers that were due before an event have moments
/// of their own.
pub fn moments(occurred: &[Occurrence]) -> impl Iterator<Item = &[Occurrence]> {
    occurred.chunk_by(|one, next| one.at_ms() == next.at_ms())
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
    let at_ms = event.at_ms;
    if let EventBody::Location(fix) = &event.body {
        paths::take_path(presence, world, fix, at_ms, occurred);
    }
    tick(presence, world, at_ms, occurred);
    let start = occurred.len();
    match &event.body {
        EventBody::Location(fix) => {
            fences::take_fix(presence, world, fix, at_ms);
            presence.newest_at = at_ms;
            presence.newest_fix_at = at_ms;
            cross(presence, world, at_ms, occurred);
        }
        EventBody::Sightings(sightings) => {
            take_sightings(presence, world, sightings, at_ms);
            presence.newest_at = at_ms;
            cross(presence, world, at_ms, occurred);
            let watched = &mut presence.watched;
            watched.take(world, sightings, at_ms, at_ms, occurred);
        }
        EventBody::Custom { .. } => {
            // It says nothing of where the instance is.
            return composite::come_true(presence, world, at_ms, Some(event), start, occurred);
        }
        EventBody::Withheld => return,
    }
    composite::come_true(presence, world, at_ms, None, start, occurred);
}

/// Runs the timers due at `now_ms` and appends what they bring about, the earliest first. A stay that
/// ends at the moment it is complete is complete.
pub fn tick(presence: &mut Presence, world: &World, now_ms: i64, occurred: &mut Vec<Occurrence>) {
    while let Some(due_ms) = due_at(presence).filter(|due_ms| *due_ms <= now_ms) {
        let start = occurred.len();
        presence.watched.forget_before(due_ms);
        let complete = presence.stays.partition_point(|stay| stay.due_ms <= due_ms);
        let complete: Vec<Stay> = presence.stays.drain(..complete).collect();
        for stay in &complete {
            lengthen(presence, world, stay);
        }
        occurred.extend(complete.into_iter().map(Occurrence::Stayed));
        composite::come_true(presence, world, due_ms, None, start, occurred);
        let start = occurred.len();
        presence.watched.forget_before(due_ms + 1);
        let in_range = presence.beacons.len();
        presence.beacons.retain(|(_, left_at)| *left_at > due_ms);
        if presence.beacons.len() < in_range {
            cross(presence, world, due_ms, occurred);
            composite::come_true(presence, world, due_ms, None, start, occurred);
        }
    }
    presence.watched.forget_before(now_ms + 1);
}

/// Goes on waiting when an experience has come to want a longer stay than the one that is complete, since its
/// `delayMs` was changed meanwhile: it counts from the enter.
fn lengthen(presence: &mut Presence, world: &World, complete: &Stay) {
    for delay_ms in world.delays(complete.target) {
        let stay = Stay {
            due_ms: complete.entered_at + delay_ms,
            ..*complete
        };
        if stay.due_ms > complete.due_ms
            && let Err(index) = presence.stays.binary_search(&stay)
        {
            presence.stays.insert(index, stay);
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
            presence.watched.cross(world, target, true);
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
        presence.watched.cross(world, target, false);
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
#[cfg(test)]
mod traces;
