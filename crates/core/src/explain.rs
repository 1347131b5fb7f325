//! Why an experience fires for an instance or does not, rule by rule.
//!
//! [`decide`] stops at the first rule that stops an experience. A person who asks why wants to know of
//! all of them, so each rule is asked with everything else out of its way. It is the same code that
//! decides, so the two cannot disagree.

use std::{borrow::Cow, collections::BTreeMap};

use crate::{
    campaign::{
        Campaign, Status,
        caps::Caps,
        decide::{Audience, Moment, Rival, Verdict, decide},
        holdout,
        status::{Lifecycle, Phase},
    },
    experience::Experience,
};

/// A rule of [`decide`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The trigger is not about a sensitive place.
    Sensitive,
    /// The experience is switched on.
    Enabled,
    /// The campaign runs.
    Running,
    /// The hour and day are among those of the campaign.
    Recurrence,
    /// The instance belongs to the segment.
    Segment,
    /// The person agreed to marketing, where the campaign asks for that.
    Consent,
    /// The experience fired long enough ago.
    Repeat,
    /// The campaign has shown less than it may.
    Cap,
    /// The campaign showed something long enough ago.
    Wait,
    /// Nothing of a campaign with a higher priority fired in the same moment.
    Rank,
    /// The instance is not in the control group.
    Holdout,
}

impl Rule {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Self; 11] = [
        Self::Sensitive,
        Self::Enabled,
        Self::Running,
        Self::Recurrence,
        Self::Segment,
        Self::Consent,
        Self::Repeat,
        Self::Cap,
        Self::Wait,
        Self::Rank,
        Self::Holdout,
    ];

    /// The campaign with this rule and no other.
    fn campaign(self, campaign: &Campaign) -> Campaign {
        let mut alone = campaign.clone();
        if self != Self::Running {
            alone.lifecycle = Lifecycle {
                phase: Phase::Started,
                since_ms: i64::MIN,
            };
            alone.config.start_at = i64::MIN;
            alone.config.end_at = None;
        }
        if self != Self::Recurrence {
            alone.config.recurrence = None;
        }
        if self != Self::Segment {
            alone.config.segment_id = None;
        }
        if self != Self::Consent {
            alone.config.require_marketing_consent = Some(false);
        }
        if self != Self::Cap {
            alone.config.display_cap = None;
        }
        if self != Self::Wait {
            alone.config.display_wait_ms = None;
        }
        if self != Self::Holdout {
            alone.config.holdout_percent = None;
        }
        alone
    }

    /// The experience with this rule and no other.
    fn experience(self, experience: &Experience) -> Cow<'_, Experience> {
        let mut alone = Cow::Borrowed(experience);
        if self != Self::Enabled && !experience.config.enabled {
            alone.to_mut().config.enabled = true;
        }
        alone
    }

    /// Whether it says the same of all experiences of a campaign.
    pub const fn is_of_campaign(self) -> bool {
        match self {
            Self::Sensitive | Self::Enabled | Self::Repeat => false,
            Self::Running
            | Self::Recurrence
            | Self::Segment
            | Self::Consent
            | Self::Cap
            | Self::Wait
            | Self::Rank
            | Self::Holdout => true,
        }
    }

    /// The moment, with what fired in it, and where it was, if this rule asks for it.
    fn moment<'a>(self, moment: &Moment<'a>) -> Moment<'a> {
        Moment {
            rival: moment.rival.filter(|_| self == Self::Rank),
            sensitive: moment.sensitive.filter(|_| self == Self::Sensitive),
            ..*moment
        }
    }

    /// What was shown, as far as this rule asks for it.
    fn caps(self, caps: &Caps) -> Caps {
        let mut alone = caps.clone();
        if self != Self::Repeat {
            alone.experiences = BTreeMap::new();
            alone.earlier.experiences = BTreeMap::new();
        }
        if !matches!(self, Self::Cap | Self::Wait) {
            alone.campaigns = BTreeMap::new();
            alone.earlier.campaigns = BTreeMap::new();
        }
        alone
    }
}

/// What one rule says.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The rule.
    pub rule: Rule,
    /// `Fired` if it lets the experience pass.
    pub verdict: Verdict,
}

impl Check {
    /// Whether it keeps the experience from firing.
    pub fn stops(&self) -> bool {
        self.verdict != Verdict::Fired
    }
}

/// The values that the rules compare, whatever they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Status of the campaign.
    pub status: Status,
    /// Local hour, 0..=23.
    pub hour: i64,
    /// Local day, Sunday 1 to Saturday 7.
    pub day: i64,
    /// The moment asked about, ms since 1970.
    pub at_ms: i64,
    /// When the experience last fired, or the last time that is too close to the moment; and the first
    /// moment at which it may again after that (`None` for never).
    pub repeat: Option<(i64, Option<i64>)>,
    /// How much the campaign has shown, and when it last did, or the last time that is too close.
    pub shown: Option<(i64, i64)>,
    /// What fired in the same moment.
    pub rival: Option<Rival>,
    /// The number of the instance in the campaign, which decides on the control group.
    pub bucket: i64,
}

/// What one rule says of an experience at a moment.
pub fn check(
    rule: Rule,
    campaign: &Campaign,
    experience: &Experience,
    audience: &Audience<'_>,
    caps: &Caps,
    moment: &Moment<'_>,
) -> Check {
    Check {
        rule,
        verdict: decide(
            &rule.campaign(campaign),
            &rule.experience(experience),
            audience,
            &rule.caps(caps),
            &rule.moment(moment),
        ),
    }
}

/// What every rule says of an experience at a moment, and the values compared.
pub fn explain(
    campaign: &Campaign,
    experience: &Experience,
    audience: &Audience<'_>,
    caps: &Caps,
    moment: &Moment<'_>,
) -> (Vec<Check>, Facts) {
    let check = |rule: Rule| check(rule, campaign, experience, audience, caps, moment);
    let &Moment {
        at_ms, zone, rival, ..
    } = moment;
    let (hour, day) = zone.hour_and_day(at_ms);
    let last_at = caps
        .too_close_repeat(experience, at_ms, zone)
        .or_else(|| caps.experiences.get(&experience.id()).copied());
    let wait_ms = campaign.config.display_wait_ms.unwrap_or(0);
    let too_close = caps.too_close_display(campaign.id(), at_ms, wait_ms);
    let shown = caps.campaigns.get(&campaign.id());
    let facts = Facts {
        status: campaign.lifecycle.status(&campaign.config, at_ms).0,
        hour,
        day,
        at_ms,
        repeat: last_at.map(|at| (at, experience.config.repeat.next_at(at, zone))),
        shown: shown.map(|(shown, last_at)| (*shown, too_close.unwrap_or(*last_at))),
        rival,
        bucket: holdout::bucket(campaign.id(), audience.instance_id),
    };
    (Rule::ALL.map(check).to_vec(), facts)
}

#[cfg(test)]
mod tests;
