//! Which regions a device watches. Phones watch few at a time (iOS twenty, Android a hundred), so it is
//! told the nearest, and how far these are all that it can come to.

use crate::limits::REFRESH_M_MIN;

/// Which of the things that could be watched are.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// The indices of those that are, the nearest first.
    pub watched: Vec<usize>,
    /// Metres that the device may move until it could come to another; `None` if there is no other.
    pub reach_m: Option<f64>,
}

/// Chooses among things so many metres away. The nearest are taken, in the order given where they are
/// equally far; if not all are, one place is left for the circle whose exit asks for others.
pub fn choose(gaps_m: &[f64], regions_max: usize) -> Chosen {
    let mut order: Vec<usize> = (0..gaps_m.len()).collect();
    order.sort_by(|a, b| gaps_m[*a].total_cmp(&gaps_m[*b]));
    if order.len() <= regions_max {
        return Chosen {
            watched: order,
            reach_m: None,
        };
    }
    let others = order.split_off(regions_max.saturating_sub(1));
    let nearest = others.first().map(|index| gaps_m[*index]);
    Chosen {
        watched: order,
        reach_m: nearest.map(|gap_m| gap_m.max(REFRESH_M_MIN)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_nearest_are_watched_and_the_others_are_out_of_reach(
            gaps_m in prop::collection::vec(prop_oneof![Just(0.0), 0.0..5_000.0_f64], 0..60),
            regions_max in 2..30_usize,
        ) {
            let chosen = choose(&gaps_m, regions_max);
            // By brute force: whoever has fewer others before it than there is room for.
            let room = if gaps_m.len() > regions_max { regions_max - 1 } else { regions_max };
            let rank = |index: usize| {
                let is_before = |other: &usize| (gaps_m[*other], *other) < (gaps_m[index], index);
                (0..gaps_m.len()).filter(is_before).count()
            };
            for (index, gap_m) in gaps_m.iter().enumerate() {
                let place = chosen.watched.iter().position(|one| *one == index);
                let expected = Some(rank(index)).filter(|rank| *rank < room);
                prop_assert_eq!(place, expected);
                if let (None, Some(reach_m)) = (place, chosen.reach_m) {
                    prop_assert!(*gap_m >= reach_m || reach_m == REFRESH_M_MIN);
                }
            }
            prop_assert_eq!(chosen.reach_m.is_none(), gaps_m.len() <= regions_max);
            prop_assert!(chosen.watched.len() + usize::from(chosen.reach_m.is_some()) <= regions_max);
            // It is asked no earlier than it must be.
            if let Some(reach_m) = chosen.reach_m {
                let others = (0..gaps_m.len()).filter(|index| !chosen.watched.contains(index));
                let nearest = others.map(|index| gaps_m[index]).fold(f64::INFINITY, f64::min);
                prop_assert_eq!(reach_m, nearest.max(REFRESH_M_MIN));
            }
        }
    }
}
