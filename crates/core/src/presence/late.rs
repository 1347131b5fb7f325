//! Events that come after newer ones: a queue that was sent in parts, gateways that overtake each other.
//!
//! What came about cannot be taken back, and no track is kept to go through again. So a late event adds
//! what surely is missing and changes nothing else:
//!
//! - a fix newer than all other fixes is taken in like any, although a sighting was newer;
//! - a sighting keeps its beacon in range as long as it would have in time;
//! - so does a sighting that says how close it is with the closeness;
//! - a target that an older fix or sighting was surely in, and of which no visit is known about that time,
//!   was visited: it is entered and left at the time of the event;
//! - a composite all of whose parts hold by that comes true at the newest moment known, since it is only then
//!   that nothing speaks against it.
//!
//! So in what order events come, within the window, changes neither what an instance is in at the end nor
//! what it was in at all, as far as exact fixes say it; only how often, and how long.

use super::{
    Crossing, Occurrence, Presence, Stay, composite, cross,
    fences::{self, Word},
    paths, tick,
};
use crate::{
    event::{Event, EventBody, Fix, Sighting},
    experience::{Direction, Target},
    id::BeaconId,
    limits::{EVENT_LATE_MS_MAX, EXITS_KEPT_MAX},
    world::World,
};

/// Takes in an event that is older than the newest location or sighting.
pub(super) fn take_late(
    presence: &mut Presence,
    world: &World,
    event: &Event,
    occurred: &mut Vec<Occurrence>,
) {
    let (at_ms, first) = (event.at_ms, occurred.len());
    if presence.newest_at - at_ms > EVENT_LATE_MS_MAX {
        return;
    }
    let before = world.has_composites().then(|| presence.clone());
    match &event.body {
        EventBody::Location(fix) if at_ms >= presence.newest_fix_at => {
            paths::begin_path(presence, world, fix, at_ms);
            fences::take_fix(presence, world, fix, at_ms);
            presence.newest_fix_at = at_ms;
            cross(presence, world, at_ms, occurred);
        }
        EventBody::Location(fix) => {
            for target in surely_in(world, fix) {
                visit(
                    presence,
                    world,
                    target,
                    [at_ms; 2],
                    EVENT_LATE_MS_MAX,
                    occurred,
                );
            }
        }
        EventBody::Sightings(sightings) => {
            take_sightings(presence, world, sightings, at_ms, occurred);
            let newest_at = presence.newest_at;
            let watched = &mut presence.watched;
            watched.take(world, sightings, at_ms, newest_at, occurred);
        }
        EventBody::Custom { .. } | EventBody::Withheld => return,
    }
    // A stay that begins now may have been complete long ago.
    let now_ms = presence.newest_at;
    tick(presence, world, now_ms, occurred);
    if let Some(before) = before {
        composite::come_true_late(&before, presence, world, first, occurred);
    }
    // Stable: what comes about in one moment does so in the order in which it was found.
    occurred[first..].sort_by_key(Occurrence::at_ms);
}

fn take_sightings(
    presence: &mut Presence,
    world: &World,
    sightings: &[Sighting],
    at_ms: i64,
    occurred: &mut Vec<Occurrence>,
) {
    let mut over = Vec::new();
    for sighting in sightings {
        let Some(beacon) = world.beacon(&sighting.identity) else {
            continue;
        };
        let left_at = at_ms + world.rules(Target::Beacon(beacon)).beacon_exit_ms;
        let beacons = &mut presence.beacons;
        match beacons.binary_search_by_key(&beacon, |(id, _)| *id) {
            Ok(index) => beacons[index].1 = beacons[index].1.max(left_at),
            Err(index) if left_at > presence.newest_at => beacons.insert(index, (beacon, left_at)),
            Err(_) => over.push((beacon, left_at)),
        }
    }
    cross(presence, world, at_ms, occurred);
    for (beacon, left_at) in over {
        for target in targets_of(world, beacon) {
            visit(presence, world, target, [at_ms, left_at], 0, occurred);
        }
    }
}

/// What being in range of a beacon is being in.
fn targets_of(world: &World, beacon: BeaconId) -> impl Iterator<Item = Target> {
    let zone = world.zone_of(beacon);
    let place = zone.and_then(|zone| world.place_of(zone));
    [
        place.map(Target::Place),
        zone.map(Target::Zone),
        Some(Target::Beacon(beacon)),
    ]
    .into_iter()
    .flatten()
}

/// The places and zones that a fix is surely in by their geofences, sorted.
fn surely_in(world: &World, fix: &Fix) -> Vec<Target> {
    let mut targets = Vec::new();
    world.fences_at(fix.at, |target| targets.push(target));
    targets.retain(|target| {
        let is_elsewhere = fences::is_on_another_floor(world, *target, fix.floor);
        let rules = world.rules(*target);
        world.fence(*target).is_some_and(|fence| {
            fences::word(fence, &rules, fix, true, is_elsewhere) == Word::Sure(true)
        })
    });
    targets.sort_unstable();
    targets
}

/// Appends a visit that is over, unless the target is visited now or was left later than so many
/// milliseconds before: it may be the same visit.
fn visit(
    presence: &mut Presence,
    world: &World,
    target: Target,
    [entered_at, left_at]: [i64; 2],
    about_ms: i64,
    occurred: &mut Vec<Occurrence>,
) {
    let inside = &presence.inside;
    let is_inside = inside
        .binary_search_by_key(&target, |(inside, _)| *inside)
        .is_ok();
    let was_left = presence.left_at(target);
    // Of what was left before the oldest exit that is kept nothing is known.
    let oldest = presence.exits.iter().map(|(_, exit)| *exit).min();
    let is_known = presence.exits.len() < EXITS_KEPT_MAX || oldest < Some(entered_at - about_ms);
    if is_inside || was_left.is_some_and(|exit| exit >= entered_at - about_ms) || !is_known {
        return;
    }
    let crossing = |direction, at_ms| {
        Occurrence::Crossed(Crossing {
            direction,
            target,
            at_ms,
            entered_at,
        })
    };
    occurred.push(crossing(Direction::Enter, entered_at));
    let mut stays: Vec<Stay> = world
        .delays(target)
        .map(|delay_ms| Stay {
            due_ms: entered_at + delay_ms,
            target,
            entered_at,
        })
        .filter(|stay| stay.due_ms <= left_at)
        .collect();
    stays.sort_unstable();
    stays.dedup();
    occurred.extend(stays.into_iter().map(Occurrence::Stayed));
    occurred.push(crossing(Direction::Exit, left_at));
    presence.note_exit(target, left_at);
    presence.watched.cross(world, target, true);
}

#[cfg(test)]
mod tests;
