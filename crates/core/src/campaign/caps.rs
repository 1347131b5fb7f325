//! What was shown to one instance, and whether something else would come too close to it.
//!
//! Events come late: a phone tells now of what was five minutes ago. So pauses are a distance in time between
//! two that fire, whichever was heard of first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    experience::Experience,
    id::{CampaignId, ExperienceId},
    limits::{EVENT_LATE_MS_MAX, FIRINGS_KEPT_MAX},
    time::Zone,
};

/// What was shown to one instance, as far as the rules need it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caps {
    /// By campaign: how many fired, and when the last did.
    pub campaigns: BTreeMap<CampaignId, (i64, i64)>,
    /// By experience: when it last fired.
    pub experiences: BTreeMap<ExperienceId, i64>,
    /// What fired before these and can still be close to a late event. Kept behind the rest.
    #[serde(skip)]
    pub earlier: Earlier,
}

/// The moments before the last at which something fired, the oldest first: those that a late event may
/// fall among and the one before them, of which it may be the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// By campaign.
    pub campaigns: BTreeMap<CampaignId, Vec<i64>>,
    /// By experience.
    pub experiences: BTreeMap<ExperienceId, Vec<i64>>,
}

impl Earlier {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.campaigns.is_empty() && self.experiences.is_empty()
    }
}

impl Caps {
    /// Notes that an experience fired.
    pub fn record(&mut self, campaign: CampaignId, experience: ExperienceId, at_ms: i64) {
        let (shown, last_at) = self.campaigns.entry(campaign).or_insert((0, at_ms));
        *shown += 1;
        note(&mut self.earlier.campaigns, campaign, last_at, at_ms);
        let last_at = self.experiences.entry(experience).or_insert(at_ms);
        note(&mut self.earlier.experiences, experience, last_at, at_ms);
    }

    /// The last moment at which an experience fired that is too close to `at_ms` for it to fire then too.
    pub fn too_close_repeat(
        &self,
        experience: &Experience,
        at_ms: i64,
        zone: &Zone,
    ) -> Option<i64> {
        let last_at = self.experiences.get(&experience.id()).copied();
        let earlier = self.earlier.experiences.get(&experience.id());
        let repeat = experience.config.repeat;
        newest_first(last_at, earlier).find(|other| {
            let next_at = repeat.next_at(at_ms.min(*other), zone);
            next_at.is_none_or(|next_at| at_ms.max(*other) < next_at)
        })
    }

    /// The last moment at which a campaign showed something that is less than `wait_ms` from `at_ms`.
    pub fn too_close_display(&self, campaign: CampaignId, at_ms: i64, wait_ms: i64) -> Option<i64> {
        let last_at = self.campaigns.get(&campaign).map(|(_, last_at)| *last_at);
        let earlier = self.earlier.campaigns.get(&campaign);
        newest_first(last_at, earlier).find(|other| at_ms.abs_diff(*other) < wait_ms.unsigned_abs())
    }
}

fn newest_first(last_at: Option<i64>, earlier: Option<&Vec<i64>>) -> impl Iterator<Item = i64> {
    let earlier = earlier.into_iter().flatten().rev().copied();
    last_at.into_iter().chain(earlier)
}

/// Takes a moment among the last and those before it.
fn note<K: Ord>(earlier: &mut BTreeMap<K, Vec<i64>>, key: K, last_at: &mut i64, at_ms: i64) {
    if at_ms == *last_at {
        return;
    }
    let moments = earlier.entry(key).or_default();
    let before = at_ms.min(*last_at);
    *last_at = at_ms.max(*last_at);
    if let Err(index) = moments.binary_search(&before) {
        moments.insert(index, before);
    }
    let since = last_at.saturating_sub(EVENT_LATE_MS_MAX);
    let out_of_reach = moments.partition_point(|at_ms| *at_ms < since);
    let too_many = moments.len().saturating_sub(FIRINGS_KEPT_MAX);
    moments.drain(..out_of_reach.saturating_sub(1).max(too_many));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        campaign::repeat::Repeat,
        samples::{MONDAY, campaign, experience},
    };

    const MINUTE_MS: i64 = 60_000;

    fn shown(minutes: &[i64]) -> Caps {
        let mut caps = Caps::default();
        for minute in minutes {
            let at_ms = MONDAY + minute * MINUTE_MS;
            caps.record(campaign().id(), experience(4, Repeat::Never).id(), at_ms);
        }
        caps
    }

    fn repeats(caps: &Caps, repeat: Repeat, minute: i64) -> Option<i64> {
        let at_ms = MONDAY + minute * MINUTE_MS;
        let last_at = caps.too_close_repeat(&experience(4, repeat), at_ms, &Zone::utc());
        last_at.map(|last_at| (last_at - MONDAY) / MINUTE_MS)
    }

    #[test]
    fn a_pause_is_a_distance_whichever_was_heard_of_first() {
        let caps = shown(&[0]);
        for (minute, is_close) in [(-6, false), (-5, false), (-4, true), (4, true), (5, false)] {
            let expected = is_close.then_some(0);
            assert_eq!(
                repeats(&caps, Repeat::After5Min, minute),
                expected,
                "{minute}"
            );
            assert_eq!(repeats(&caps, Repeat::Immediately, minute), None);
            assert_eq!(repeats(&caps, Repeat::Never, minute), Some(0));
        }
        // The sample begins at midnight.
        assert_eq!(repeats(&caps, Repeat::NextDay, -1), None);
        assert_eq!(repeats(&caps, Repeat::NextDay, 9), Some(0));
        assert_eq!(repeats(&shown(&[9]), Repeat::NextDay, 0), Some(9));
    }

    #[test]
    fn a_late_event_is_held_against_what_fired_before_the_last_too() {
        // The one at 8 is far enough from that at 20, and too close to that at 5.
        let caps = shown(&[5, 20]);
        assert_eq!(repeats(&caps, Repeat::After5Min, 8), Some(5));
        assert_eq!(repeats(&caps, Repeat::After5Min, 12), None);
        assert_eq!(repeats(&caps, Repeat::After5Min, 16), Some(20));
        // In any order.
        assert_eq!(shown(&[20, 5]), caps);
        let campaign = campaign().id();
        let close = |minute| {
            let at_ms = MONDAY + minute * MINUTE_MS;
            caps.too_close_display(campaign, at_ms, 5 * MINUTE_MS)
        };
        assert_eq!(close(8), Some(MONDAY + 5 * MINUTE_MS));
        assert_eq!(close(12), None);
        assert_eq!(caps.too_close_display(campaign, MONDAY, 0), None);
    }

    #[test]
    fn what_no_late_event_can_reach_is_forgotten_but_for_the_newest_of_it() {
        let caps = shown(&[0, 10, 20, 30, 35, 40]);
        let kept = [20, 30, 35].map(|minute| MONDAY + minute * MINUTE_MS);
        let earlier = &caps.earlier;
        assert_eq!(earlier.campaigns[&campaign().id()], kept);
        assert_eq!(
            earlier.experiences[&experience(4, Repeat::Never).id()],
            kept
        );
        let mut many = Caps::default();
        for at_ms in 0..100 {
            many.record(campaign().id(), experience(4, Repeat::Never).id(), at_ms);
        }
        let kept = &many.earlier.campaigns[&campaign().id()];
        assert_eq!(kept.len(), FIRINGS_KEPT_MAX);
        assert_eq!(kept.last(), Some(&98));
    }
}
