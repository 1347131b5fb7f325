//! What of an offer may fire for one instance before its bundle expires.

use std::collections::HashMap;

use super::{Action, Offer};
use crate::{
    campaign::{
        self, Status,
        caps::Caps,
        decide::{Audience, Moment, Verdict},
    },
    consent::Consent,
    experience,
    explain::{Rule, check},
    id::{AppId, CampaignId, InstanceId},
    place,
    presence::Presence,
    segment::Traits,
    time,
};

/// Whom a bundle is for.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// The app.
    pub app_id: AppId,
    /// The instance.
    pub instance_id: InstanceId,
    /// What is known of it.
    pub traits: Traits<'a>,
    /// What was answered about marketing.
    pub marketing: Option<&'a Consent>,
    /// Whether the person said that nobody may tell where they are.
    pub refuses_location: bool,
    /// What it was shown.
    pub caps: &'a Caps,
    /// Where it is.
    pub presence: &'a Presence,
}

/// A question for a bundle.
pub(super) struct Asking<'a> {
    pub(super) offer: &'a Offer,
    pub(super) person: &'a Person<'a>,
    /// The device's own time zone.
    pub(super) zone: Option<&'a time::Zone>,
    pub(super) now_ms: i64,
    pub(super) expires_at: i64,
}

impl Asking<'_> {
    /// The experiences that may fire before the bundle expires, the oldest first.
    pub(super) fn may_fire(&self) -> Vec<&experience::Experience> {
        let mut open: HashMap<CampaignId, bool> = HashMap::new();
        let all = self.offer.experiences.iter();
        all.filter(|experience| {
            let Some(campaign) = self.offer.campaigns.get(&experience.campaign_id) else {
                return false;
            };
            // The server is not told where such a person is, so nothing comes true by it.
            let is_withheld =
                self.person.refuses_location && experience.trigger.targets().next().is_some();
            if is_withheld || !self.knows_the_hour(campaign, experience) {
                return false;
            }
            let passes = |of_campaign: bool| {
                let mut rules = Rule::ALL
                    .into_iter()
                    .filter(|rule| rule.is_of_campaign() == of_campaign);
                rules.all(|rule| !self.lasts(campaign, &self.ask(rule, campaign, experience)))
            };
            let open = open.entry(campaign.id()).or_insert_with(|| passes(true));
            *open && passes(false)
        })
        .collect()
    }

    /// What one rule says of an experience now.
    fn ask(
        &self,
        rule: Rule,
        campaign: &campaign::Campaign,
        experience: &experience::Experience,
    ) -> Verdict {
        let mut targets = experience.trigger.targets();
        let zone = self.zone_of(experience);
        let audience = Audience {
            instance_id: self.person.instance_id,
            segments: &self.offer.segments,
            traits: self.person.traits,
            marketing: self.person.marketing,
            privacy: &self.offer.privacy,
        };
        let moment = Moment {
            at_ms: self.now_ms,
            zone: &zone,
            rival: None,
            sensitive: targets
                .find(|target| self.offer.is_sensitive(*target))
                .and_then(|target| self.offer.place_around(target))
                .map(place::Place::id),
        };
        check(
            rule,
            campaign,
            experience,
            &audience,
            self.person.caps,
            &moment,
        )
        .verdict
    }

    /// Whether what a rule says now holds until the bundle expires, whatever the device does.
    fn lasts(&self, campaign: &campaign::Campaign, verdict: &Verdict) -> bool {
        match verdict {
            Verdict::Fired | Verdict::OutsideRecurrence { .. } | Verdict::Outranked { .. } => false,
            Verdict::NotRunning { status } => {
                *status != Status::Scheduled || campaign.config.start_at >= self.expires_at
            }
            Verdict::RepeatInterval { next_at, .. } => {
                next_at.is_none_or(|next_at| next_at >= self.expires_at)
            }
            Verdict::DisplayWait { next_at, .. } => *next_at >= self.expires_at,
            Verdict::Disabled
            | Verdict::DisplayCap { .. }
            | Verdict::NotInSegment { .. }
            | Verdict::HeldOut { .. }
            | Verdict::NoConsent { .. }
            | Verdict::SensitivePlace { .. } => true,
        }
    }

    /// The local time zone of an experience: the device's, else that of its place, else the account's.
    fn zone_of(&self, experience: &experience::Experience) -> time::Zone {
        if let Some(zone) = self.zone {
            return zone.clone();
        }
        let mut places = experience.trigger.targets();
        let place = places.find_map(|target| self.offer.place_around(target));
        let name = place.and_then(|place| place.config.time_zone.as_deref());
        let named = name.unwrap_or(&self.offer.time_zone);
        time::Zone::named(named).unwrap_or(time::Zone::utc())
    }

    /// Whether the device can tell the local hour and day where the experience asks for them. What is about
    /// no place does so wherever the device is then, and that may be a place that is not in the bundle.
    fn knows_the_hour(
        &self,
        campaign: &campaign::Campaign,
        experience: &experience::Experience,
    ) -> bool {
        let asks =
            campaign.config.recurrence.is_some() || experience.config.repeat.goes_by_calendar();
        let trigger = &experience.trigger;
        let is_somewhere = trigger.target().is_some()
            || trigger
                .targets()
                .any(|it| self.offer.place_around(it).is_some());
        !asks || self.zone.is_some() || is_somewhere
    }

    pub(super) fn campaign(&self, campaign: &campaign::Campaign) -> super::Campaign {
        let shown = self.person.caps.campaigns.get(&campaign.id());
        let config = &campaign.config;
        super::Campaign {
            campaign_id: campaign.id(),
            start_at: config.start_at,
            end_at: config.end_at,
            recurrence: config.recurrence.clone(),
            display_cap: config.display_cap,
            display_wait_ms: config.display_wait_ms,
            priority: config.priority(),
            shown: shown.map_or(0, |(shown, _)| *shown),
            last_shown_at: shown.map(|(_, last_at)| *last_at),
        }
    }

    pub(super) fn experience(
        &self,
        one: &experience::Experience,
        action: Action,
    ) -> super::Experience {
        super::Experience {
            experience_id: one.id(),
            campaign_id: one.campaign_id,
            repeat: one.config.repeat,
            last_fired_at: self.person.caps.experiences.get(&one.id()).copied(),
            trigger: one.trigger.clone(),
            action,
        }
    }
}
