//! All that comes true for one instance in the same moment.

use std::cmp::Reverse;

use super::{
    Campaign,
    caps::Caps,
    decide::{Audience, Moment, Rival, Verdict, decide},
    scene::Scene,
};
use crate::experience::Experience;

/// An experience whose trigger came true.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The campaign.
    pub campaign: &'a Campaign,
    /// The experience.
    pub experience: &'a Experience,
    /// What made it true.
    pub scene: &'a Scene<'a>,
}

impl<'a> Candidate<'a> {
    /// All that these scenes wake, in their order.
    pub fn all(scenes: &'a [Scene<'a>]) -> Vec<Self> {
        let of_scene = |scene: &'a Scene<'a>| {
            let woken = scene.woken.iter();
            woken.map(move |&(campaign, experience)| Candidate {
                campaign,
                experience,
                scene,
            })
        };
        scenes.iter().flat_map(of_scene).collect()
    }
}

/// Decides on what came true for an instance at `at_ms`, and notes in `caps` what fired.
///
/// Campaigns of a higher priority go first, those of the same in the order given; each sees what those
/// before it left. Once one fired, no other with a lower priority does. What a rule of its own stops
/// outranks nothing, and neither does what is held back from a control group: it shows what happens
/// without the campaign. The answer has the indices of the candidates in the order in which they were
/// decided.
pub fn decide_moment(
    candidates: &[Candidate<'_>],
    audience: &Audience<'_>,
    caps: &mut Caps,
    at_ms: i64,
) -> Vec<(usize, Verdict)> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|&index| Reverse(candidates[index].campaign.config.priority()));
    let mut rival = None;
    let mut decided = Vec::with_capacity(order.len());
    for index in order {
        let Candidate {
            campaign,
            experience,
            scene,
        } = candidates[index];
        let moment = Moment {
            at_ms,
            zone: &scene.zone,
            rival,
            sensitive: scene.sensitive,
        };
        let verdict = decide(campaign, experience, audience, caps, &moment);
        if verdict == Verdict::Fired {
            caps.record(campaign.id(), experience.id(), at_ms);
            // The first has the highest priority of all that fire.
            rival = rival.or(Some(Rival {
                campaign_id: campaign.id(),
                experience_id: experience.id(),
                priority: campaign.config.priority(),
            }));
        }
        decided.push((index, verdict));
    }
    decided
}
