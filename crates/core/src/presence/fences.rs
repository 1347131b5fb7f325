//! What a fix says of geofences.
//!
//! A fix is a centre and the radius of its error circle. It is sure that somebody is inside if the whole
//! error circle is, and that somebody is outside if the error circle lies beyond the exit margin. Then
//! the state changes at once. In between the fix may be wrong, so the state changes only when all
//! fixes agree with it for the confirmation time: one fix astray changes nothing, nor does a position
//! that dances on the border.
//!
//! The change has the time of the fix that settles it, not of the first that hinted at it. Enter and exit
//! are late alike then, so a stay keeps its length, and what comes about is never older than what was
//! decided before.

use super::{Presence, Rules};
use crate::{event::Fix, experience::Target, geo::index::Fence, world::World};

/// What a fix says of being in a geofence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// It is so.
    Sure(bool),
    /// It seems so.
    Vague(bool),
    /// Near the border, outside: who is in stays in, who is out stays out.
    Border,
    /// Nothing.
    Nothing,
}

/// Takes in a fix: which geofences the instance is in, and which it may have entered or left.
pub(super) fn take_fix(presence: &mut Presence, world: &World, fix: &Fix, at_ms: i64) {
    let mut holding = Vec::new();
    world.fences_at(fix.at, |target| holding.push(target));
    holding.sort_unstable();
    let mut concerned = holding.clone();
    concerned.extend(&presence.fences);
    concerned.extend(presence.doubts.iter().map(|(target, _)| target));
    concerned.sort_unstable();
    concerned.dedup();
    let mut inside = Vec::with_capacity(concerned.len());
    let mut doubts = Vec::new();
    for target in concerned {
        let was_inside = presence.fences.binary_search(&target).is_ok();
        let since = doubt(presence, target);
        let holds = holding.binary_search(&target).is_ok();
        let is_elsewhere = is_on_another_floor(world, target, fix.floor);
        if was_inside && holds && since.is_none() && !is_elsewhere {
            // By far the most frequent case, whatever the rules.
            inside.push(target);
            continue;
        }
        // One that was deleted or lost its geofence is left without further ado.
        let Some(fence) = world.fence(target) else {
            continue;
        };
        let rules = world.rules(target);
        let (is_inside, doubted_since) = match word(fence, &rules, fix, holds, is_elsewhere) {
            Word::Sure(is_inside) => (is_inside, None),
            Word::Vague(is_inside) if is_inside != was_inside => {
                let since = since.unwrap_or(at_ms);
                if at_ms - since >= rules.confirm_ms {
                    (is_inside, None)
                } else {
                    (was_inside, Some(since))
                }
            }
            Word::Vague(_) | Word::Border => (was_inside, None),
            Word::Nothing => (was_inside, since),
        };
        if is_inside {
            inside.push(target);
        }
        doubts.extend(doubted_since.map(|since| (target, since)));
    }
    presence.fences = inside;
    presence.doubts = doubts;
}

/// Metres by which a fix may be wrong. A device that tells no accuracy is taken at its word.
pub(super) fn error_m(fix: &Fix) -> f64 {
    fix.accuracy_m.map_or(0.0, f64::from)
}

/// Since when fixes contradict what is known of a geofence, if the last ones did.
fn doubt(presence: &Presence, target: Target) -> Option<i64> {
    let doubts = &presence.doubts;
    let found = doubts.binary_search_by_key(&target, |(doubted, _)| *doubted);
    found.ok().map(|index| doubts[index].1)
}

/// Whether a zone is on one floor and the fix on another. A fix that tells no floor may be on any.
pub(super) fn is_on_another_floor(world: &World, target: Target, floor: Option<i16>) -> bool {
    let Target::Zone(zone) = target else {
        return false;
    };
    let floors = floor.zip(world.floor_of(zone));
    floors.is_some_and(|(told, floor)| i64::from(told) != floor)
}

pub(super) fn word(
    fence: Fence<'_>,
    rules: &Rules,
    fix: &Fix,
    holds: bool,
    is_elsewhere: bool,
) -> Word {
    let accuracy_m = error_m(fix);
    if accuracy_m > rules.accuracy_max_m {
        return Word::Nothing;
    }
    if holds && !is_elsewhere {
        return if accuracy_m == 0.0 || fence.holds_all_within(accuracy_m, fix.at) {
            Word::Sure(true)
        } else {
            Word::Vague(true)
        };
    }
    // A fix that may be wrong by more than the margin would make it useless.
    let margin_m = rules.exit_margin_m.max(accuracy_m);
    if !holds && !fence.is_within(margin_m + accuracy_m, fix.at) {
        return Word::Sure(false);
    }
    if !is_elsewhere && fence.is_within(margin_m, fix.at) {
        return Word::Border;
    }
    Word::Vague(false)
}

#[cfg(test)]
mod tests;
