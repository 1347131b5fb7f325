//! Whether the parts of a composite trigger hold, and when the last of them comes true.
//!
//! A part that waits for an entry holds as long as the device is there (with a delay, from the moment
//! the stay is complete), one that waits for an exit from the moment the device left until it enters
//! again, one that waits for closeness as long as the device counts as that close, and one that
//! waits for an event in the moment of the event only.

use std::collections::BTreeMap;

use super::{Composed, Occurrence, Presence};
use crate::{
    event::Event,
    experience::{Direction, Experience, Trigger},
    id::ExperienceId,
    world::World,
};

/// Whether a trigger that is no composite holds at a moment; `is_told` for one that waits for an event.
pub fn holds(
    presence: &Presence,
    world: &World,
    part: &Trigger,
    at_ms: i64,
    is_told: bool,
) -> bool {
    if let Some((direction, target)) = part.crossing() {
        let inside = &presence.inside;
        let found = inside.binary_search_by_key(&target, |(inside, _)| *inside);
        return match direction {
            Direction::Enter => found.is_ok_and(|index| inside[index].1 + part.delay_ms() <= at_ms),
            Direction::Exit => found.is_err() && presence.watched.left.contains(&target),
        };
    }
    match part.proximity() {
        Some((target, proximity)) => presence.watched.is_near(world, target, proximity, at_ms),
        None => is_told,
    }
}

/// Appends the composites that came true with what has occurred since `start`, and with the event if it
/// is one that an app reports. What comes about in one moment counts as one: who enters two places
/// with one fix makes a composite of both come true once.
pub(super) fn come_true(
    presence: &Presence,
    world: &World,
    at_ms: i64,
    event: Option<&Event>,
    start: usize,
    occurred: &mut Vec<Occurrence>,
) {
    if !world.has_composites() {
        return;
    }
    // What a device tells of the time before it was taken out of something comes about after that.
    let times = occurred[start..].iter().map(Occurrence::at_ms);
    let at_ms = times.fold(at_ms, i64::max);
    // One of their parts has just come true, so they were not true before.
    let mut woken = woken_by(world, &occurred[start..]);
    for experience in event.into_iter().flat_map(|event| world.told_of(event)) {
        let key = (experience.frame.created_at, experience.id());
        woken.insert(key, (experience, true));
    }
    for (experience, is_told) in woken.into_values() {
        if is_true(presence, world, experience, at_ms, is_told) {
            occurred.push(composed(experience, at_ms, is_told));
        }
    }
}

/// Appends the composites that are true by what a late event brought about since `start`, and were not
/// before it.
pub(super) fn come_true_late(
    before: &Presence,
    presence: &Presence,
    world: &World,
    start: usize,
    occurred: &mut Vec<Occurrence>,
) {
    let at_ms = presence.newest_at;
    let mut woken = woken_by(world, &occurred[start..]);
    // The timers have seen to these.
    for occurrence in &occurred[start..] {
        if let Occurrence::Composed(composed) = occurrence {
            woken.retain(|(_, id), _| *id != composed.experience_id);
        }
    }
    for (experience, _) in woken.into_values() {
        let is_true = |presence| is_true(presence, world, experience, at_ms, false);
        if is_true(presence) && !is_true(before) {
            occurred.push(composed(experience, at_ms, false));
        }
    }
}

/// Experiences with when they were made, so that the oldest come first, and whether an event woke them.
type Woken<'a> = BTreeMap<(i64, ExperienceId), (&'a Experience, bool)>;

fn woken_by<'a>(world: &'a World, occurred: &[Occurrence]) -> Woken<'a> {
    let mut woken = Woken::new();
    for occurrence in occurred {
        for experience in world.woken_by(occurrence) {
            let key = (experience.frame.created_at, experience.id());
            woken.insert(key, (experience, false));
        }
    }
    woken
}

/// Whether a trigger is a composite all of whose parts hold.
fn is_true(
    presence: &Presence,
    world: &World,
    experience: &Experience,
    at_ms: i64,
    is_told: bool,
) -> bool {
    let holds = |part| holds(presence, world, part, at_ms, is_told);
    match &experience.trigger {
        Trigger::Composite { list } => list.iter().all(holds),
        _ => false,
    }
}

fn composed(experience: &Experience, at_ms: i64, is_told: bool) -> Occurrence {
    Occurrence::Composed(Composed {
        experience_id: experience.id(),
        at_ms,
        is_told,
    })
}

#[cfg(test)]
mod tests;
