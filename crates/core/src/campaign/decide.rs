//! Whether an experience whose trigger became true may fire, and which rule stopped it if not.

use serde::{Deserialize, Serialize};

use super::{Campaign, Status, caps::Caps, holdout};
use crate::{
    consent::Consent,
    experience::{Experience, Trigger},
    id::{CampaignId, ExperienceId, InstanceId, MessageId, PlaceId, SegmentId},
    privacy::Privacy,
    segment::{Compared, Segments, Traits},
    time::Zone,
};

/// What became of one trigger that came true for one instance; kept for every one.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Who.
    pub instance_id: InstanceId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The experience.
    pub experience_id: ExperienceId,
    /// The trigger.
    pub trigger: Trigger,
    /// Event time, ms since 1970.
    pub at_ms: i64,
    /// The outcome.
    pub verdict: Verdict,
    /// The message, if it fired.
    pub message_id: Option<MessageId>,
}

/// Fired, or the first rule that stopped it, with the values compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Verdict {
    /// The action went to the inbox.
    Fired,
    /// The campaign was not running at the event's time.
    NotRunning {
        /// Its status then.
        status: Status,
    },
    /// The experience is switched off.
    Disabled,
    /// Not in an hour or day of the campaign's recurrence.
    OutsideRecurrence {
        /// Local hour, 0..=23.
        hour: i64,
        /// Local day, Sunday 1 to Saturday 7.
        day: i64,
    },
    /// Too close to a moment at which it fired.
    RepeatInterval {
        /// That moment: the last of them. It is after this one if this comes late.
        last_at: i64,
        /// First moment it may again; `None` for never.
        next_at: Option<i64>,
    },
    /// The campaign showed this instance all it may.
    DisplayCap {
        /// Shown so far.
        shown: i64,
        /// At most.
        cap: i64,
    },
    /// Too close to a moment at which another experience of the campaign fired.
    DisplayWait {
        /// That moment: the last of them. It is after this one if this comes late.
        last_at: i64,
        /// First moment it may again.
        next_at: i64,
    },
    /// The instance did not belong to the campaign's segment.
    NotInSegment {
        /// The segment.
        segment_id: SegmentId,
        /// The values that kept it out.
        compared: Vec<Compared>,
    },
    /// An experience of a campaign with a higher priority fired in the same moment.
    Outranked {
        /// The priority of the campaign.
        priority: i64,
        /// What fired.
        by: Rival,
    },
    /// It would have fired, but the instance is in the control group of the campaign.
    HeldOut {
        /// The number of the instance in the campaign, 0..=99.
        bucket: i64,
        /// The numbers below this are held out.
        percent: i64,
    },
    /// The trigger is about a sensitive place, or a zone or beacon in one.
    SensitivePlace {
        /// The place.
        place_id: PlaceId,
    },
    /// The campaign is for those who agreed to marketing only, and this one did not.
    NoConsent {
        /// What they answered, if they were asked.
        consent: Option<Consent>,
    },
}

impl Verdict {
    /// A number for its kind, in the order of the variants. Decisions are counted by it, so it never changes.
    pub const fn number(&self) -> u8 {
        match self {
            Self::Fired => 0,
            Self::NotRunning { .. } => 1,
            Self::Disabled => 2,
            Self::OutsideRecurrence { .. } => 3,
            Self::RepeatInterval { .. } => 4,
            Self::DisplayCap { .. } => 5,
            Self::DisplayWait { .. } => 6,
            Self::NotInSegment { .. } => 7,
            Self::Outranked { .. } => 8,
            Self::HeldOut { .. } => 9,
            Self::SensitivePlace { .. } => 10,
            Self::NoConsent { .. } => 11,
        }
    }
}

/// What fired in the same moment and may have a higher priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rival {
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// The experience.
    pub experience_id: ExperienceId,
    /// The priority of its campaign.
    pub priority: i64,
}

/// When a trigger came true.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// Event time, ms since 1970.
    pub at_ms: i64,
    /// The local time zone: the device's, else the place's, else the account's.
    pub zone: &'a Zone,
    /// What fired in the same moment, the one of the highest priority.
    pub rival: Option<Rival>,
    /// The place that the trigger is about, or in which its zone or beacon is, if that is a sensitive one.
    pub sensitive: Option<PlaceId>,
}

/// Who a campaign may be for: what is known of the instance, and the segments of its account.
#[derive(Debug, Clone, Copy)]
pub struct Audience<'a> {
    /// The instance.
    pub instance_id: InstanceId,
    /// The segments.
    pub segments: &'a Segments,
    /// The instance as it was before the event.
    pub traits: Traits<'a>,
    /// What was answered about marketing until then.
    pub marketing: Option<&'a Consent>,
    /// The defaults of the account.
    pub privacy: &'a Privacy,
}

/// The outcome for an experience whose trigger became true.
///
/// The first rule that stops it is the verdict, in the order of the variants of [`Verdict`] with
/// `SensitivePlace` and `Disabled` before `NotRunning`, and `NotInSegment` and `NoConsent` after
/// `OutsideRecurrence`. A sensitive place comes first so that nothing else is compared, kept or counted of
/// who was there. The control group comes last, so that those in it are exactly those who would have got
/// the message.
pub fn decide(
    campaign: &Campaign,
    experience: &Experience,
    audience: &Audience<'_>,
    caps: &Caps,
    moment: &Moment<'_>,
) -> Verdict {
    let &Moment {
        at_ms,
        zone,
        rival,
        sensitive,
    } = moment;
    if let Some(place_id) = sensitive {
        return Verdict::SensitivePlace { place_id };
    }
    if !experience.config.enabled {
        return Verdict::Disabled;
    }
    let (status, _) = campaign.lifecycle.status(&campaign.config, at_ms);
    if status != Status::Running {
        return Verdict::NotRunning { status };
    }
    let (hour, day) = zone.hour_and_day(at_ms);
    if let Some(recurrence) = &campaign.config.recurrence
        && !recurrence.admits(hour, day)
    {
        return Verdict::OutsideRecurrence { hour, day };
    }
    if let Some(segment_id) = campaign.config.segment_id
        && let Some(compared) = audience.segments.kept_out(segment_id, &audience.traits)
    {
        return Verdict::NotInSegment {
            segment_id,
            compared,
        };
    }
    if audience
        .privacy
        .requires_marketing_consent(&campaign.config)
        && !audience.marketing.is_some_and(|consent| consent.granted)
    {
        return Verdict::NoConsent {
            consent: audience.marketing.cloned(),
        };
    }
    if let Some(last_at) = caps.too_close_repeat(experience, at_ms, zone) {
        let next_at = experience.config.repeat.next_at(last_at, zone);
        return Verdict::RepeatInterval { last_at, next_at };
    }
    if let Some(&(shown, _)) = caps.campaigns.get(&campaign.id())
        && let Some(cap) = campaign.config.display_cap
        && shown >= cap
    {
        return Verdict::DisplayCap { shown, cap };
    }
    if let Some(wait_ms) = campaign.config.display_wait_ms
        && let Some(last_at) = caps.too_close_display(campaign.id(), at_ms, wait_ms)
    {
        return Verdict::DisplayWait {
            last_at,
            next_at: last_at + wait_ms,
        };
    }
    let priority = campaign.config.priority();
    if let Some(by) = rival.filter(|rival| rival.priority > priority) {
        return Verdict::Outranked { priority, by };
    }
    let bucket = holdout::bucket(campaign.id(), audience.instance_id);
    match campaign.config.holdout_percent {
        Some(percent) if bucket < percent => Verdict::HeldOut { bucket, percent },
        _ => Verdict::Fired,
    }
}

#[cfg(test)]
mod tests;
