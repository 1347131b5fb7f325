//! Where a traveller was, worked out from everything the phone will have sent at once: spells of
//! time in each place, zone and beacon's range, laid over each other. The server goes from event to
//! event instead; that the two agree is what the demo shows.

use std::collections::BTreeMap;

use moca_core::{experience::Direction, limits::BEACON_EXIT_MS};

use super::{
    layout::{Layout, Spot},
    traveller::{Batch, Moment, What},
};

/// A border crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crossing {
    pub(super) at_ms: i64,
    pub(super) direction: Direction,
    pub(super) spot: Spot,
}

/// A stretch of time: from the first moment inside to the first outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spell {
    pub(super) from_ms: i64,
    /// The end of time for one that nothing ends.
    pub(super) to_ms: i64,
}

/// The stays of one traveller, by spot, each in order of time and apart from each other.
pub(super) fn stays(layout: &Layout, batches: &[Batch]) -> BTreeMap<Spot, Vec<Spell>> {
    let moments = taken_in(batches);
    let mut spells: BTreeMap<Spot, Vec<Spell>> = BTreeMap::new();
    add_fence_spells(layout, &moments, &mut spells);
    for moment in &moments {
        let What::Sees(beacons) = &moment.what else {
            continue;
        };
        let spell = Spell {
            from_ms: moment.at_ms,
            to_ms: moment.at_ms + BEACON_EXIT_MS,
        };
        for &beacon in beacons {
            let held = [
                Spot::Beacon(beacon),
                Spot::Zone(layout.beacons[beacon].zone),
                Spot::Place(layout.airport_of_beacon(beacon)),
            ];
            for spot in held {
                spells.entry(spot).or_default().push(spell);
            }
        }
    }
    for spells in spells.values_mut() {
        *spells = laid_together(spells);
    }
    spells
}

/// The crossings of all stays, in the order in which they come true: of one moment, exits come
/// before enters, then places before zones before beacons.
pub(super) fn crossings(stays: &BTreeMap<Spot, Vec<Spell>>) -> Vec<Crossing> {
    let mut crossings = Vec::new();
    for (&spot, spells) in stays {
        for spell in spells {
            let crossing = |at_ms, direction| Crossing {
                at_ms,
                direction,
                spot,
            };
            crossings.push(crossing(spell.from_ms, Direction::Enter));
            if spell.to_ms != i64::MAX {
                crossings.push(crossing(spell.to_ms, Direction::Exit));
            }
        }
    }
    crossings.sort_by_key(|crossing| {
        let enters = crossing.direction == Direction::Enter;
        (crossing.at_ms, enters, crossing.spot)
    });
    crossings
}

/// What tells where the phone is, without what is older than what was known when it came in.
fn taken_in(batches: &[Batch]) -> Vec<&Moment> {
    let mut taken: Vec<&Moment> = Vec::new();
    for moment in batches.iter().flat_map(|batch| &batch.moments) {
        let newest_ms = taken.last().map_or(i64::MIN, |newest| newest.at_ms);
        if !matches!(moment.what, What::Does(..)) && moment.at_ms >= newest_ms {
            taken.push(moment);
        }
    }
    taken
}

/// A fix says where the phone is until the next fix; what holds for several in a row is one spell.
fn add_fence_spells(layout: &Layout, moments: &[&Moment], spells: &mut BTreeMap<Spot, Vec<Spell>>) {
    let mut open: BTreeMap<Spot, i64> = BTreeMap::new();
    for moment in moments {
        let What::Fix(at) = moment.what else {
            continue;
        };
        let holding = layout.fences_at(at);
        open.retain(|&spot, &mut from_ms| {
            let stays = holding.contains(&spot);
            if !stays {
                let to_ms = moment.at_ms;
                spells
                    .entry(spot)
                    .or_default()
                    .push(Spell { from_ms, to_ms });
            }
            stays
        });
        for spot in holding {
            open.entry(spot).or_insert(moment.at_ms);
        }
    }
    for (spot, from_ms) in open {
        let to_ms = i64::MAX;
        spells
            .entry(spot)
            .or_default()
            .push(Spell { from_ms, to_ms });
    }
}

/// Spells that overlap become one. Those that only touch do not: the one was over before the other
/// began.
fn laid_together(spells: &mut [Spell]) -> Vec<Spell> {
    spells.sort_by_key(|spell| spell.from_ms);
    let mut together: Vec<Spell> = Vec::new();
    for &spell in spells.iter() {
        match together.last_mut() {
            Some(last) if spell.from_ms < last.to_ms => last.to_ms = last.to_ms.max(spell.to_ms),
            _ => together.push(spell),
        }
    }
    together
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spell(from_ms: i64, to_ms: i64) -> Spell {
        Spell { from_ms, to_ms }
    }

    #[test]
    fn spells_that_overlap_are_one_stay_and_those_that_touch_are_two() {
        let mut spells = [spell(50, 80), spell(0, 30), spell(20, 50), spell(60, 70)];
        assert_eq!(laid_together(&mut spells), [spell(0, 50), spell(50, 80)]);
        assert_eq!(laid_together(&mut []), []);
    }

    #[test]
    fn of_one_moment_exits_come_first_then_places_then_zones_then_beacons() {
        let stays = BTreeMap::from([
            (Spot::Beacon(0), vec![spell(5, 9)]),
            (Spot::Zone(0), vec![spell(5, 9)]),
            (Spot::Place(0), vec![spell(5, i64::MAX)]),
            (Spot::Place(1), vec![spell(1, 5)]),
        ]);
        let order: Vec<(i64, Direction, Spot)> = crossings(&stays)
            .into_iter()
            .map(|crossing| (crossing.at_ms, crossing.direction, crossing.spot))
            .collect();
        let expected = [
            (1, Direction::Enter, Spot::Place(1)),
            (5, Direction::Exit, Spot::Place(1)),
            (5, Direction::Enter, Spot::Place(0)),
            (5, Direction::Enter, Spot::Zone(0)),
            (5, Direction::Enter, Spot::Beacon(0)),
            (9, Direction::Exit, Spot::Zone(0)),
            (9, Direction::Exit, Spot::Beacon(0)),
        ];
        assert_eq!(order, expected);
    }
}
