//! Where an instance is: a fix or a sighting and the fences near it → enter and exit.

use serde::{Deserialize, Serialize};

use crate::{
    event::Event,
    experience::{Direction, Target},
    id::BeaconId,
    world::World,
};

/// What is known of where one instance is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Presence {
    /// Time of the newest location or sighting taken in, ms since 1970.
    pub newest_at: i64,
    /// Places and zones whose geofence holds the last fix, sorted.
    pub fences: Vec<Target>,
    /// Beacons in range, with the time each was last seen, sorted by id.
    pub beacons: Vec<(BeaconId, i64)>,
    /// What the instance is in, by fence or by beacon, with the time it entered, sorted by target.
    pub inside: Vec<(Target, i64)>,
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

/// Takes in one event and appends the crossings it causes, those of timers due before it first.
pub fn observe(
    _presence: &mut Presence,
    _world: &World,
    _event: &Event,
    _crossings: &mut Vec<Crossing>,
) {
    todo!()
}

/// Runs the timers due at `now_ms` and appends the crossings they cause.
pub fn tick(
    _presence: &mut Presence,
    _world: &World,
    _now_ms: i64,
    _crossings: &mut Vec<Crossing>,
) {
    todo!()
}

/// When the next timer of this instance is due, ms since 1970.
pub fn due_at(_presence: &Presence) -> Option<i64> {
    todo!()
}
