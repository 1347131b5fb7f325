//! What is known of an instance only because triggers wait for it: how close it is to beacons, and
//! what it has left.
//!
//! How close a beacon is, a phone estimates anew with every sighting, and the estimates of one that
//! lies still jump between two words. So a device counts as close from the first sighting that says so
//! until none has said so for the time after which an unseen beacon counts as left: as with ranges,
//! coming closer is told at once and going away late.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Nearing, Occurrence};
use crate::{
    event::{Proximity, Sighting},
    experience::Target,
    id::BeaconId,
    world::World,
};

/// What is kept for composite and proximity triggers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// What the instance left and has not entered since, as far as parts of composites wait for it;
    /// sorted.
    pub left: Vec<Target>,
    /// How close the instance counts as being to beacons, with the time at which it no longer does unless
    /// another sighting says so; sorted.
    pub near: Vec<(BeaconId, Proximity, i64)>,
}

impl Watched {
    /// Whether there is nothing in it.
    pub const fn is_empty(&self) -> bool {
        self.left.is_empty() && self.near.is_empty()
    }

    /// Whether the instance counts as so close to a beacon, or to one of the beacons of a zone.
    pub(super) fn is_near(
        &self,
        world: &World,
        target: Target,
        proximity: Proximity,
        at_ms: i64,
    ) -> bool {
        self.near.iter().any(|(beacon, level, until)| {
            let is_it = match target {
                Target::Beacon(id) => *beacon == id,
                Target::Zone(id) => world.zone_of(*beacon) == Some(id),
                Target::Place(_) => false,
            };
            is_it && *level == proximity && *until >= at_ms
        })
    }

    /// Notes that a target was left, or entered.
    pub(super) fn cross(&mut self, world: &World, target: Target, has_left: bool) {
        match (self.left.binary_search(&target), has_left) {
            (Ok(index), false) => {
                self.left.remove(index);
            }
            (Err(index), true) if world.watches_exit(target) => self.left.insert(index, target),
            _ => {}
        }
    }

    /// Forgets the closeness that ended before a time.
    pub(super) fn forget_before(&mut self, time_ms: i64) {
        self.near.retain(|(_, _, until)| *until >= time_ms);
    }

    /// Takes in how close beacons are, and appends what the instance came close to. Closeness that was over
    /// at `newest_at` is passed over.
    pub(super) fn take(
        &mut self,
        world: &World,
        sightings: &[Sighting],
        at_ms: i64,
        newest_at: i64,
        occurred: &mut Vec<Occurrence>,
    ) {
        let before = self.close_to(world);
        for sighting in sightings {
            let told = sighting.proximity.zip(world.beacon(&sighting.identity));
            let Some((told, beacon)) = told.filter(|(_, beacon)| world.watches_proximity(*beacon))
            else {
                continue;
            };
            let until = at_ms + world.rules(Target::Beacon(beacon)).beacon_exit_ms;
            if until < newest_at {
                continue;
            }
            // Who is near is not far, but so close at least.
            for level in Proximity::ALL.into_iter().filter(|level| *level >= told) {
                let near = &mut self.near;
                match near.binary_search_by_key(&(beacon, level), |(id, level, _)| (*id, *level)) {
                    Ok(index) => near[index].2 = near[index].2.max(until),
                    Err(index) => near.insert(index, (beacon, level, until)),
                }
            }
        }
        let now = self.close_to(world);
        let new = now.difference(&before);
        occurred.extend(new.map(|&(target, proximity)| {
            Occurrence::Neared(Nearing {
                target,
                proximity,
                at_ms,
            })
        }));
    }

    /// The beacons and zones that the instance counts as close to, and how close.
    fn close_to(&self, world: &World) -> BTreeSet<(Target, Proximity)> {
        let mut close = BTreeSet::new();
        for (beacon, level, _) in &self.near {
            close.insert((Target::Beacon(*beacon), *level));
            close.extend(
                world
                    .zone_of(*beacon)
                    .map(|zone| (Target::Zone(zone), *level)),
            );
        }
        close.retain(|(target, _)| world.has(*target));
        close
    }
}
