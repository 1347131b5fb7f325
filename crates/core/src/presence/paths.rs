//! What lies between two fixes, for places that ask for it.
//!
//! Who moves fast may have no fix in a geofence on the way. The straight path between two fixes stands for
//! the way if they are not too far apart in time and the speed is one of people. It settles that
//! somebody was inside like a fix does that is sure: if somewhere on it the whole error circle lies in
//! the geofence. Where the path comes in is the enter; if the second fix is surely outside again, where
//! it goes out is the exit, and otherwise the second fix and those after it say when that is.

use serde::{Deserialize, Serialize};

use super::{
    Occurrence, Presence, composite, cross,
    fences::{Word, error_m, is_on_another_floor, word},
    tick,
};
use crate::{
    event::Fix,
    experience::Target,
    geo::{LatLon, Path},
    limits::{FIX_ACCURACY_M, PATH_CROSSING_MS_MAX, PATH_SPEED_M_S_MAX},
    world::World,
};

/// The fix that the next path begins at: what has to be known of it, and no more.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PathStart {
    /// When, by event time, ms since 1970.
    pub at_ms: i64,
    /// Where.
    pub at: LatLon,
    /// Radius of the error circle in metres; 0 when it was not told.
    pub error_m: f64,
    /// Floor, when known.
    pub floor: Option<i16>,
}

/// A geofence that was entered between two fixes.
#[derive(Debug, Clone, Copy)]
struct Pass {
    target: Target,
    entered_at: i64,
    /// When it was left, if the second fix says that it was.
    left_at: Option<i64>,
}

/// Takes in the path from the last fix to a new one and appends what comes about on it, what timers do
/// meanwhile too; then keeps the new one for the next path.
pub(super) fn take_path(
    presence: &mut Presence,
    world: &World,
    fix: &Fix,
    at_ms: i64,
    occurred: &mut Vec<Occurrence>,
) {
    let mut steps = Vec::new();
    for pass in passes(presence, world, fix, at_ms) {
        steps.push((pass.entered_at, pass.target, true));
        steps.extend(pass.left_at.map(|left_at| (left_at, pass.target, false)));
    }
    // Stable, so that who enters and leaves in one millisecond does so in this order.
    steps.sort_by_key(|(step_ms, ..)| *step_ms);
    for (step_ms, target, is_in) in steps {
        tick(presence, world, step_ms, occurred);
        match presence.fences.binary_search(&target) {
            Err(index) if is_in => presence.fences.insert(index, target),
            Ok(index) if !is_in => {
                presence.fences.remove(index);
            }
            _ => {}
        }
        presence.doubts.retain(|(doubted, _)| *doubted != target);
        let start = occurred.len();
        cross(presence, world, step_ms, occurred);
        composite::come_true(presence, world, step_ms, None, start, occurred);
    }
    begin_path(presence, world, fix, at_ms);
}

/// Keeps a fix for the next path, if any place looks at paths.
pub(super) fn begin_path(presence: &mut Presence, world: &World, fix: &Fix, at_ms: i64) {
    if !world.looks_at_paths() {
        presence.path_start = None;
    } else if error_m(fix) <= FIX_ACCURACY_M {
        presence.path_start = Some(PathStart {
            at_ms,
            at: fix.at,
            error_m: error_m(fix),
            floor: fix.floor,
        });
    }
}

/// The geofences that the path to a fix goes through, sorted.
fn passes(presence: &Presence, world: &World, fix: &Fix, at_ms: i64) -> Vec<Pass> {
    let Some(start) = presence.path_start.filter(|_| world.looks_at_paths()) else {
        return Vec::new();
    };
    // One that may be anywhere in a town neither ends a path nor begins one.
    if error_m(fix) > FIX_ACCURACY_M {
        return Vec::new();
    }
    let gap_ms = at_ms - start.at_ms;
    if !(1..=PATH_CROSSING_MS_MAX).contains(&gap_ms) {
        return Vec::new();
    }
    let path = Path::between(start.at, fix.at);
    if path.length_m() > PATH_SPEED_M_S_MAX * gap_ms as f64 / 1_000.0 {
        return Vec::new();
    }
    let mut targets = Vec::new();
    world.fences_near_path(&path, |target| targets.push(target));
    targets.sort_unstable();
    targets.dedup();
    let moment = |share: f64| {
        let at_ms = start.at_ms + (share * gap_ms as f64).round() as i64;
        // A beacon seen meanwhile was looked at already: nothing comes about before that.
        at_ms.max(presence.newest_at)
    };
    let pass = |target| {
        if presence.fences.binary_search(&target).is_ok() {
            return None;
        }
        let rules = world.rules(target);
        let errors_m = [start.error_m, error_m(fix)];
        let is_elsewhere = |floor| is_on_another_floor(world, target, floor);
        if gap_ms > rules.path_crossing_ms
            || errors_m
                .iter()
                .any(|error_m| *error_m > rules.accuracy_max_m)
            || is_elsewhere(start.floor)
            || is_elsewhere(fix.floor)
        {
            return None;
        }
        let fence = world.fence(target)?;
        let holds = fence.is_within(0.0, fix.at);
        let said = word(fence, &rules, fix, holds, false);
        if said == Word::Sure(true) {
            // It enters now.
            return None;
        }
        let passage = fence.passage(&path, errors_m)?;
        let is_out = said == Word::Sure(false);
        Some(Pass {
            target,
            entered_at: moment(passage.enters),
            left_at: is_out.then(|| moment(passage.leaves)),
        })
    };
    targets.into_iter().filter_map(pass).collect()
}

#[cfg(test)]
mod tests;
