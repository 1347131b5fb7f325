//! When a phone sends what it noticed.

use super::{
    layout::Layout,
    traveller::{Batch, Day, Moment, What},
};
use crate::dice::Dice;

const HOUR_MS: i64 = 3_600_000;
/// Nothing waits longer than this to be sent, so that what is on the screen is not old.
const TOGETHER_MS: i64 = HOUR_MS;

/// Phones send a step at once, or a few that are close together.
pub(super) fn into_batches(steps: Vec<Vec<Moment>>, dice: &mut Dice) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    let mut room = 0;
    for step in steps {
        let Some(send_ms) = step.last().map(|last| last.at_ms) else {
            continue;
        };
        let fits = |batch: &&mut Batch| {
            let first = batch.moments.first();
            room > 0 && first.is_some_and(|first| send_ms - first.at_ms <= TOGETHER_MS)
        };
        match batches.last_mut().filter(fits) {
            Some(batch) => {
                batch.moments.extend(step);
                batch.send_ms = send_ms;
                room -= 1;
            }
            None => {
                batches.push(Batch {
                    moments: step,
                    send_ms,
                    late: false,
                    twice: false,
                });
                room = dice.between(0, 4);
            }
        }
    }
    batches
}

/// What some phones kept for later: a fix that must not move anybody any more, from today or, which
/// makes a new user an old one, from yesterday.
pub(super) fn add_late(layout: &Layout, day: Day, batches: &mut Vec<Batch>, dice: &mut Dice) {
    let [first, .., last] = batches.as_slice() else {
        return;
    };
    let send_ms = last.send_ms;
    let at_ms = if dice.chance(0.05) {
        first.send_ms + (send_ms - first.send_ms) / 2
    } else if dice.chance(0.02) {
        day.from_ms - dice.between(HOUR_MS, 20 * HOUR_MS)
    } else {
        return;
    };
    let elsewhere = layout.airports[dice.pick(&layout.hubs).airport].at;
    batches.push(Batch {
        moments: vec![Moment::new(dice, at_ms, What::Fix(elsewhere))],
        send_ms,
        late: true,
        twice: false,
    });
}
