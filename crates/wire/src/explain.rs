//! Why an experience fires for an instance or does not.

use std::collections::BTreeMap;

use moca_core::{
    campaign::{Campaign, decide::Verdict},
    consent::Consent,
    experience::{Direction, Experience, Trigger},
    explain::{Check, Facts, Rule},
    id::{CampaignId, ExperienceId, InstanceId},
    property::Property,
    time::Zone,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    decisions::{Compared, Decision, Outcome, compared_schema},
    schema::{self, Described, Schema},
};

/// The answer of `GET /v2/instances/{instanceId}/explain`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Who.
    pub instance_id: InstanceId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The experience.
    pub experience_id: ExperienceId,
    /// The moment that is asked about, ms since 1970.
    pub at: i64,
    /// The IANA zone of hours and days: the device's, else the place's, else the account's.
    pub time_zone: String,
    /// What would be decided if its trigger came true at that moment.
    pub outcome: Outcome,
    /// The same as a sentence.
    pub sentence: String,
    /// Where the instance was; not told of a sensitive place.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub presence: Option<Presence>,
    /// Every rule, in the order in which they are asked.
    pub checks: Vec<RuleCheck>,
    /// What was decided until that moment, by outcome.
    pub decided: BTreeMap<String, u64>,
    /// The newest of these decisions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last: Option<Decision>,
}

/// Whether the instance was in what the trigger is about; for a composite, whether all of its parts held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Presence {
    /// Whether it was.
    pub inside: bool,
    /// Since when, by event time, ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub entered_at: Option<i64>,
    /// What that means for the trigger.
    pub sentence: String,
}

/// What one rule says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleCheck {
    /// The outcome it gives when it stops an experience.
    pub reason: Outcome,
    /// Whether it does.
    pub stops: bool,
    /// The values it compares.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub compared: Option<Compared>,
    /// The same as a sentence.
    pub sentence: String,
}

/// How a part of a trigger stood.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// What it is about, as a person would say it; empty for what is about nothing.
    pub target: &'a str,
    /// When the instance entered that, if it was in it, ms since 1970.
    pub entered_at: Option<i64>,
    /// Whether it held.
    pub holds: bool,
}

/// What the sentences need to know.
pub struct Telling<'a> {
    /// The campaign.
    pub campaign: &'a Campaign,
    /// The experience.
    pub experience: &'a Experience,
    /// Whether the campaign is only for those who agreed to marketing.
    pub requires_consent: bool,
    /// The values that the rules compare.
    pub facts: &'a Facts,
    /// Where hours and days are told.
    pub zone: &'a Zone,
}

impl Telling<'_> {
    /// What a rule says.
    pub fn check(&self, check: &Check) -> RuleCheck {
        let (reason, compared, sentence) = match check.rule {
            Rule::Sensitive => sensitive(&check.verdict),
            Rule::Enabled => self.enabled(),
            Rule::Running => self.running(),
            Rule::Recurrence => self.recurrence(check.stops()),
            Rule::Segment => self.segment(&check.verdict),
            Rule::Consent => self.consent(&check.verdict),
            Rule::Repeat => self.repeat(check.stops()),
            Rule::Cap => self.cap(check.stops()),
            Rule::Wait => self.wait(check.stops()),
            Rule::Rank => self.rank(check.stops()),
            Rule::Holdout => self.holdout(check.stops()),
        };
        RuleCheck {
            reason,
            stops: check.stops(),
            compared,
            sentence,
        }
    }

    /// Where the instance was, by the parts of the trigger.
    pub fn presence(&self, parts: &[Part<'_>]) -> Presence {
        let trigger = &self.experience.trigger;
        let told = trigger.parts().iter().zip(parts);
        if !trigger.is_composite() {
            let mut told = told.map(|(trigger, part)| (part.entered_at, self.part(trigger, part)));
            let (entered_at, sentence) = told.next().unwrap_or_default();
            return Presence {
                inside: entered_at.is_some(),
                entered_at,
                sentence,
            };
        }
        let sentences: Vec<String> = told
            .map(|(trigger, part)| self.part(trigger, part))
            .collect();
        let held = parts.iter().filter(|part| part.holds).count();
        Presence {
            inside: held == parts.len(),
            entered_at: None,
            sentence: format!(
                "{held} of {} parts held, and it waits for all of them at once. {}",
                parts.len(),
                sentences.join(" ")
            ),
        }
    }

    fn part(&self, trigger: &Trigger, part: &Part<'_>) -> String {
        let target = part.target;
        if let Some(verb) = trigger.verb() {
            return match trigger {
                Trigger::Custom { custom_argument } => format!(
                    "It waits for the app to say that {custom_argument:?} holds: an event with the verb {verb} and \
                     this item."
                ),
                _ => format!("It waits for an event with the verb {verb:?}."),
            };
        }
        if let Some((_, proximity)) = trigger.proximity() {
            let not = if part.holds { "" } else { "not " };
            let word = proximity.as_str();
            // Close to the beacon, not to the range of it.
            let target = target.strip_prefix("range of ").unwrap_or(target);
            return format!("The device did {not}count as {word} to {target}.");
        }
        let direction = trigger.crossing().map(|(direction, _)| direction);
        let minutes = trigger.delay_ms() / 60_000;
        let since = part.entered_at.map(|at| self.zone.written(at));
        match (direction, since, minutes) {
            (Some(Direction::Exit), None, _) if part.holds => {
                format!("The device had left {target}.")
            }
            (Some(Direction::Exit), None, _) => {
                format!("The device was not in {target}: it has to enter before it can leave.")
            }
            (Some(Direction::Exit), Some(since), _) => {
                format!("The device was in {target} since {since} and had not left it.")
            }
            (_, None, _) => {
                format!("The device was not in {target}: nothing came true until it enters.")
            }
            (_, Some(since), 0) if self.experience.trigger.is_composite() => {
                format!("The device was in {target} since {since}.")
            }
            (_, Some(since), 0) => format!(
                "The device was in {target} since {since}: to enter, it has to leave and come back."
            ),
            (_, Some(since), minutes) => format!(
                "The device was in {target} since {since}; the experience waits for a stay of \
                 {minutes} minutes."
            ),
        }
    }

    fn enabled(&self) -> (Outcome, Option<Compared>, String) {
        let word = if self.experience.config.enabled {
            "on"
        } else {
            "off"
        };
        let sentence = format!("The experience is switched {word}.");
        (Outcome::Disabled, None, sentence)
    }

    fn running(&self) -> (Outcome, Option<Compared>, String) {
        let status = self.facts.status;
        let compared = Compared {
            status: Some(status),
            ..Compared::default()
        };
        let sentence = format!("The campaign was {} then.", status.as_str());
        (Outcome::NotRunning, Some(compared), sentence)
    }

    fn recurrence(&self, stops: bool) -> (Outcome, Option<Compared>, String) {
        const DAYS: [&str; 7] = [
            "Sunday",
            "Monday",
            "Tuesday",
            "Wednesday",
            "Thursday",
            "Friday",
            "Saturday",
        ];
        if self.campaign.config.recurrence.is_none() {
            let sentence = "The campaign may fire at any hour of any day.".to_owned();
            return (Outcome::OutsideRecurrence, None, sentence);
        }
        let (hour, day) = (self.facts.hour, self.facts.day);
        let compared = Compared {
            hour: Some(hour),
            day: Some(day),
            ..Compared::default()
        };
        let name = usize::try_from(day - 1).ok().and_then(|day| DAYS.get(day));
        let name = name.copied().unwrap_or_default();
        let is = if stops { "is not" } else { "is" };
        let sentence = format!(
            "{name}, {hour:02}:00 to {hour:02}:59 local time, {is} among the hours and days of the campaign."
        );
        (Outcome::OutsideRecurrence, Some(compared), sentence)
    }

    fn segment(&self, verdict: &Verdict) -> (Outcome, Option<Compared>, String) {
        let segment_id = self.campaign.config.segment_id;
        let (values, sentence) = match (segment_id, verdict) {
            (None, _) => {
                let sentence = "The campaign is for everybody.".to_owned();
                return (Outcome::NotInSegment, None, sentence);
            }
            (Some(_), Verdict::NotInSegment { compared, .. }) => {
                let told: Vec<String> = compared
                    .iter()
                    .map(|(field, value)| told_value(field, value.as_ref()))
                    .collect();
                let why = match told.as_slice() {
                    [] => String::new(),
                    told => format!(": {}", told.join(", ")),
                };
                let sentence =
                    format!("The instance does not belong to the segment of the campaign{why}.");
                (compared.iter().cloned().collect(), sentence)
            }
            (Some(_), _) => {
                let sentence = "The instance belongs to the segment of the campaign.";
                (BTreeMap::new(), sentence.to_owned())
            }
        };
        let compared = Compared {
            segment_id,
            values,
            ..Compared::default()
        };
        (Outcome::NotInSegment, Some(compared), sentence)
    }

    fn consent(&self, verdict: &Verdict) -> (Outcome, Option<Compared>, String) {
        if !self.requires_consent {
            let sentence = "The campaign does not ask for consent to marketing.".to_owned();
            return (Outcome::NoConsent, None, sentence);
        }
        let consent = match verdict {
            Verdict::NoConsent { consent } => consent.clone(),
            _ => {
                let sentence = "The person had agreed to marketing.".to_owned();
                return (Outcome::NoConsent, None, sentence);
            }
        };
        let sentence = match &consent {
            None => {
                "The campaign is for those who agreed to marketing only, and the person was not \
                     asked."
                    .to_owned()
            }
            Some(Consent { version, at_ms, .. }) => format!(
                "The campaign is for those who agreed to marketing only, and the person said no at {} \
                 (version {version}).",
                self.zone.written(*at_ms)
            ),
        };
        let compared = Compared {
            consent,
            ..Compared::default()
        };
        (Outcome::NoConsent, Some(compared), sentence)
    }

    fn repeat(&self, stops: bool) -> (Outcome, Option<Compared>, String) {
        let Some((last_at, next_at)) = self.facts.repeat else {
            let sentence = "It had not fired for this instance before.".to_owned();
            return (Outcome::RepeatInterval, None, sentence);
        };
        let compared = Compared {
            last_at: Some(last_at),
            next_at,
            ..Compared::default()
        };
        let last = self.zone.written(last_at);
        let sentence = match (stops, next_at) {
            (false, _) if last_at > self.facts.at_ms => {
                format!("It fired at {last}, which is long enough after this moment.")
            }
            (false, _) => format!("It last fired at {last}, which is long enough ago."),
            (true, Some(_)) if last_at > self.facts.at_ms => format!(
                "It had fired at {last} already, which is too soon after this moment: what comes late keeps \
                 its distance too."
            ),
            (true, None) => format!("It fired at {last}, and fires once for each instance."),
            (true, Some(next_at)) => {
                let next = self.zone.written(next_at);
                format!("It last fired at {last} and may again from {next}.")
            }
        };
        (Outcome::RepeatInterval, Some(compared), sentence)
    }

    fn cap(&self, stops: bool) -> (Outcome, Option<Compared>, String) {
        let shown = self.facts.shown.map_or(0, |(shown, _)| shown);
        let Some(cap) = self.campaign.config.display_cap else {
            let sentence = "The campaign has no limit on messages for one instance.".to_owned();
            return (Outcome::DisplayCap, None, sentence);
        };
        let compared = Compared {
            shown: Some(shown),
            cap: Some(cap),
            ..Compared::default()
        };
        let no_more = if stops { " and may show no more" } else { "" };
        let sentence =
            format!("The campaign had shown {shown} of {cap} messages to this instance{no_more}.");
        (Outcome::DisplayCap, Some(compared), sentence)
    }

    fn wait(&self, stops: bool) -> (Outcome, Option<Compared>, String) {
        let Some(wait_ms) = self.campaign.config.display_wait_ms else {
            let sentence = "The campaign has no pause between its messages.".to_owned();
            return (Outcome::DisplayWait, None, sentence);
        };
        let Some((_, last_at)) = self.facts.shown else {
            let sentence = "The campaign had shown this instance nothing yet.".to_owned();
            return (Outcome::DisplayWait, None, sentence);
        };
        let next_at = last_at.saturating_add(wait_ms);
        let compared = Compared {
            last_at: Some(last_at),
            next_at: Some(next_at),
            ..Compared::default()
        };
        let (last, next) = (self.zone.written(last_at), self.zone.written(next_at));
        let sentence = match stops {
            true if last_at > self.facts.at_ms => format!(
                "The campaign had shown a message of {last} already, which is too soon after this moment: \
                 what comes late keeps its distance too."
            ),
            false if last_at > self.facts.at_ms => format!(
                "The campaign showed a message at {last}, which is long enough after this moment."
            ),
            true => format!(
                "The campaign showed its last message at {last} and may show the next from {next}."
            ),
            false => {
                format!("The campaign showed its last message at {last}, which is long enough ago.")
            }
        };
        (Outcome::DisplayWait, Some(compared), sentence)
    }

    fn rank(&self, stops: bool) -> (Outcome, Option<Compared>, String) {
        let priority = self.campaign.config.priority();
        let rival = self.facts.rival.filter(|_| stops);
        let compared = Compared {
            priority: Some(priority),
            outranked_by: rival.map(Into::into),
            ..Compared::default()
        };
        let sentence = match rival {
            Some(rival) => format!(
                "The experience {} fired in the same moment; its campaign has the priority {}, this one \
                 {priority}.",
                rival.experience_id, rival.priority
            ),
            None => format!(
                "Nothing fired in that moment that has a higher priority than {priority}, that of the \
                 campaign."
            ),
        };
        (Outcome::Outranked, Some(compared), sentence)
    }

    fn holdout(&self, stops: bool) -> (Outcome, Option<Compared>, String) {
        let Some(percent) = self.campaign.config.holdout_percent else {
            let sentence = "The campaign has no control group.".to_owned();
            return (Outcome::HeldOut, None, sentence);
        };
        let number = self.facts.bucket;
        let compared = Compared {
            holdout_percent: Some(percent),
            holdout_number: Some(number),
            ..Compared::default()
        };
        let is = if stops { "is" } else { "is not" };
        let sentence = format!(
            "The instance {is} in the control group of {percent} %: its number of 0 to 99 is {number}."
        );
        (Outcome::HeldOut, Some(compared), sentence)
    }
}

fn sensitive(verdict: &Verdict) -> (Outcome, Option<Compared>, String) {
    let (place_id, sentence) = match verdict {
        Verdict::SensitivePlace { place_id } => (
            Some(*place_id),
            "The trigger is about a sensitive place: it never triggers anything.",
        ),
        _ => (None, "The trigger is not about a sensitive place."),
    };
    let compared = place_id.map(|place_id| Compared {
        place_id: Some(place_id),
        ..Compared::default()
    });
    (Outcome::SensitivePlace, compared, sentence.to_owned())
}

/// The whole as a sentence, from what each rule says.
pub fn summary(checks: &[RuleCheck]) -> String {
    match checks.iter().find(|check| check.stops) {
        None => "Nothing stops it: it fires when its trigger comes true.".to_owned(),
        Some(check) => format!("It does not fire. {}", check.sentence),
    }
}

fn told_value(field: &str, value: Option<&Property>) -> String {
    let json = value.and_then(|value| serde_json::to_string(value).ok());
    match json {
        Some(json) => format!("{field} is {json}"),
        None => format!("{field} is not known"),
    }
}

impl Described for Explanation {
    const NAME: &'static str = "Explanation";

    fn schema() -> Schema {
        let sentence = |note| schema::required("sentence", schema::any_text(), note);
        let presence = schema::object([
            schema::required(
                "inside",
                schema::boolean(),
                "Whether it was; for a composite, whether all of its parts held.",
            ),
            schema::optional(
                "enteredAt",
                schema::moment(),
                "Since when, by the device's clock.",
            ),
            sentence("What that means for the trigger."),
        ]);
        let check = schema::object([
            schema::required(
                "reason",
                schema::words(&Outcome::REASONS),
                "The outcome it gives when it stops an experience.",
            ),
            schema::required("stops", schema::boolean(), "Whether it does."),
            schema::optional("compared", compared_schema(), "The values it compares."),
            sentence("The same as a sentence."),
        ]);
        let outcomes = || schema::words(&Outcome::WORDS);
        schema::object([
            schema::required("instanceId", schema::id(), "Who."),
            schema::required("campaignId", schema::id(), "The campaign."),
            schema::required("experienceId", schema::id(), "The experience."),
            schema::required("at", schema::moment(), "The moment that is asked about."),
            schema::required(
                "timeZone",
                schema::any_text(),
                "Where hours and days are told: the device's zone, else the place's, else the account's.",
            ),
            schema::required(
                "outcome",
                outcomes(),
                "What would be decided if its trigger came true at that moment.",
            ),
            sentence("The same as a sentence."),
            schema::optional(
                "presence",
                presence.titled("Presence"),
                "Whether the instance was in what the trigger is about; not told of a sensitive place.",
            ),
            schema::required(
                "checks",
                schema::items(check.titled("Rule check")),
                "Every rule, in the order in which they are asked.",
            ),
            schema::required(
                "decided",
                schema::map(outcomes(), schema::count(), Outcome::WORDS.len()),
                "What was decided until that moment, by outcome.",
            ),
            schema::optional(
                "last",
                schema::reference::<Decision>(),
                "The newest of these decisions.",
            ),
        ])
    }

    fn example() -> Value {
        json!({
            "instanceId": "AZuN58uAcACAAAAAAAAAoQ",
            "campaignId": "AZuN58uAcACAAAAAAAAAYQ",
            "experienceId": "AZuN58uAcACAAAAAAAAAcQ",
            "at": 1_767_614_400_000_i64,
            "timeZone": "Europe/Madrid",
            "outcome": "RepeatInterval",
            "sentence": "It does not fire. It last fired at 2026-01-05 10:00:00 and may again from 2026-01-06 00:00:00.",
            "presence": {
                "inside": false,
                "sentence": "The device was not in the place \"Plaza Mayor\": nothing came true until it enters.",
            },
            "checks": [
                {
                    "reason": "Disabled",
                    "stops": false,
                    "sentence": "The experience is switched on.",
                },
                {
                    "reason": "RepeatInterval",
                    "stops": true,
                    "compared": {
                        "lastAt": 1_767_603_600_000_i64,
                        "nextAt": 1_767_654_000_000_i64,
                    },
                    "sentence": "It last fired at 2026-01-05 10:00:00 and may again from 2026-01-06 00:00:00.",
                },
            ],
            "decided": {"Fired": 1, "RepeatInterval": 1},
            "last": Decision::example(),
        })
    }
}
