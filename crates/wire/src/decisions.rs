//! Decisions: what became of every trigger that came true.

use std::collections::BTreeMap;

use moca_core::{
    campaign::{
        Status,
        decide::{Rival, Verdict},
    },
    consent::Consent,
    experience::Trigger,
    id::{CampaignId, ExperienceId, Id, InstanceId, MessageId, PlaceId, SegmentId},
    limits::{SEGMENT_COMPARED_MAX, SEGMENT_COMPARED_TEXT_CHARS_MAX},
    property::Property,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    campaigns::{priority_schema, status_schema},
    consents,
    schema::{self, Described, Schema},
    triggers,
};

/// A decision as the API answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Id.
    pub decision_id: Id,
    /// Who.
    pub instance_id: InstanceId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The experience.
    pub experience_id: ExperienceId,
    /// What came true.
    pub trigger: Trigger,
    /// Event time, ms since 1970.
    pub at: i64,
    /// `Fired`, or the first rule that stopped it.
    pub outcome: Outcome,
    /// The values that rule compared.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub compared: Option<Compared>,
    /// The message, if it fired.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message_id: Option<MessageId>,
}

/// `Fired`, or the first rule that stopped a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "docs/api.md and moca_core::campaign::decide explain them"
)]
pub enum Outcome {
    Fired,
    NotRunning,
    Disabled,
    OutsideRecurrence,
    RepeatInterval,
    DisplayCap,
    DisplayWait,
    NotInSegment,
    Outranked,
    HeldOut,
    SensitivePlace,
    NoConsent,
}

impl Outcome {
    /// That of a verdict.
    pub fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Fired => Self::Fired,
            Verdict::NotRunning { .. } => Self::NotRunning,
            Verdict::Disabled => Self::Disabled,
            Verdict::OutsideRecurrence { .. } => Self::OutsideRecurrence,
            Verdict::RepeatInterval { .. } => Self::RepeatInterval,
            Verdict::DisplayCap { .. } => Self::DisplayCap,
            Verdict::DisplayWait { .. } => Self::DisplayWait,
            Verdict::NotInSegment { .. } => Self::NotInSegment,
            Verdict::Outranked { .. } => Self::Outranked,
            Verdict::HeldOut { .. } => Self::HeldOut,
            Verdict::SensitivePlace { .. } => Self::SensitivePlace,
            Verdict::NoConsent { .. } => Self::NoConsent,
        }
    }

    /// The number of the verdicts that it stands for.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The word used in the API, by which it is counted too.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fired => "Fired",
            Self::NotRunning => "NotRunning",
            Self::Disabled => "Disabled",
            Self::OutsideRecurrence => "OutsideRecurrence",
            Self::RepeatInterval => "RepeatInterval",
            Self::DisplayCap => "DisplayCap",
            Self::DisplayWait => "DisplayWait",
            Self::NotInSegment => "NotInSegment",
            Self::Outranked => "Outranked",
            Self::HeldOut => "HeldOut",
            Self::SensitivePlace => "SensitivePlace",
            Self::NoConsent => "NoConsent",
        }
    }

    /// The outcome with this word.
    pub fn named(word: &str) -> Option<Self> {
        serde_json::from_value(Value::from(word)).ok()
    }

    /// The words of all but the first: why something did not fire.
    pub const REASONS: [&'static str; 11] = {
        let mut reasons = [""; 11];
        let mut index = 0;
        while index < reasons.len() {
            reasons[index] = Self::WORDS[index + 1];
            index += 1;
        }
        reasons
    };

    /// The words of all of them, `Fired` first.
    pub const WORDS: [&'static str; 12] = [
        Self::Fired.as_str(),
        Self::NotRunning.as_str(),
        Self::Disabled.as_str(),
        Self::OutsideRecurrence.as_str(),
        Self::RepeatInterval.as_str(),
        Self::DisplayCap.as_str(),
        Self::DisplayWait.as_str(),
        Self::NotInSegment.as_str(),
        Self::Outranked.as_str(),
        Self::HeldOut.as_str(),
        Self::SensitivePlace.as_str(),
        Self::NoConsent.as_str(),
    ];
}

/// The values a rule compared; those of [`Verdict`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Compared {
    /// Status of the campaign at the event's time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Local hour, 0..=23.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hour: Option<i64>,
    /// Local day, Sunday 1 to Saturday 7.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<i64>,
    /// When it last fired, ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_at: Option<i64>,
    /// First moment it may again, ms since 1970; absent for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_at: Option<i64>,
    /// Shown so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<i64>,
    /// At most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap: Option<i64>,
    /// The segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment_id: Option<SegmentId>,
    /// The values that kept the instance out of it, by field; `None` for those it had not.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Option<Property>>,
    /// The priority of the campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
    /// What fired in the same moment and has a higher one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outranked_by: Option<Winner>,
    /// How many of a hundred are in the control group of the campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holdout_percent: Option<i64>,
    /// The number of the instance in the campaign, 0..=99: those below `holdout_percent` are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holdout_number: Option<i64>,
    /// The sensitive place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place_id: Option<PlaceId>,
    /// What was answered about marketing; absent if nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
}

/// What fired in the place of another experience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Winner {
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// The experience.
    pub experience_id: ExperienceId,
    /// The priority of its campaign.
    pub priority: i64,
}

impl From<Rival> for Winner {
    fn from(rival: Rival) -> Self {
        Self {
            campaign_id: rival.campaign_id,
            experience_id: rival.experience_id,
            priority: rival.priority,
        }
    }
}

impl Decision {
    /// The answer for a decision kept under an id.
    pub fn new(id: Id, decision: &moca_core::campaign::decide::Decision) -> Self {
        let (outcome, compared) = explain(&decision.verdict);
        Self {
            decision_id: id,
            instance_id: decision.instance_id,
            campaign_id: decision.campaign_id,
            experience_id: decision.experience_id,
            trigger: decision.trigger.clone(),
            at: decision.at_ms,
            outcome,
            compared,
            message_id: decision.message_id,
        }
    }
}

fn explain(verdict: &Verdict) -> (Outcome, Option<Compared>) {
    let none = Compared::default();
    match verdict.clone() {
        Verdict::Fired => (Outcome::Fired, None),
        Verdict::Disabled => (Outcome::Disabled, None),
        Verdict::NotRunning { status } => {
            let status = Some(status);
            (Outcome::NotRunning, Some(Compared { status, ..none }))
        }
        Verdict::OutsideRecurrence { hour, day } => {
            let (hour, day) = (Some(hour), Some(day));
            let compared = Compared { hour, day, ..none };
            (Outcome::OutsideRecurrence, Some(compared))
        }
        Verdict::RepeatInterval { last_at, next_at } => {
            let last_at = Some(last_at);
            let compared = Compared {
                last_at,
                next_at,
                ..none
            };
            (Outcome::RepeatInterval, Some(compared))
        }
        Verdict::DisplayCap { shown, cap } => {
            let (shown, cap) = (Some(shown), Some(cap));
            (Outcome::DisplayCap, Some(Compared { shown, cap, ..none }))
        }
        Verdict::DisplayWait { last_at, next_at } => {
            let (last_at, next_at) = (Some(last_at), Some(next_at));
            let compared = Compared {
                last_at,
                next_at,
                ..none
            };
            (Outcome::DisplayWait, Some(compared))
        }
        Verdict::NotInSegment {
            segment_id,
            compared,
        } => {
            let (segment_id, values) = (Some(segment_id), compared.into_iter().collect());
            let compared = Compared {
                segment_id,
                values,
                ..none
            };
            (Outcome::NotInSegment, Some(compared))
        }
        Verdict::Outranked { priority, by } => {
            let compared = Compared {
                priority: Some(priority),
                outranked_by: Some(by.into()),
                ..none
            };
            (Outcome::Outranked, Some(compared))
        }
        Verdict::HeldOut { bucket, percent } => {
            let compared = Compared {
                holdout_percent: Some(percent),
                holdout_number: Some(bucket),
                ..none
            };
            (Outcome::HeldOut, Some(compared))
        }
        Verdict::SensitivePlace { place_id } => {
            let place_id = Some(place_id);
            (Outcome::SensitivePlace, Some(Compared { place_id, ..none }))
        }
        Verdict::NoConsent { consent } => (Outcome::NoConsent, Some(Compared { consent, ..none })),
    }
}

/// The answer of `GET /v2/decisions/summary`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionSummary {
    /// Decisions: the triggers that came true.
    pub total: u64,
    /// Those of each outcome; they add up to the total.
    pub outcomes: BTreeMap<String, u64>,
    /// How many different instances each outcome came to. One may have several.
    pub instances: BTreeMap<String, u64>,
}

impl Described for DecisionSummary {
    const NAME: &'static str = "DecisionSummary";

    fn schema() -> Schema {
        let counts = || {
            let words = schema::words(&Outcome::WORDS);
            schema::map(words, schema::count(), Outcome::WORDS.len())
        };
        schema::object([
            schema::required(
                "total",
                schema::count(),
                "Decisions: the triggers that came true.",
            ),
            schema::required(
                "outcomes",
                counts(),
                "Those of each outcome; they add up to the total.",
            ),
            schema::required(
                "instances",
                counts(),
                "How many different instances each outcome came to. One may have several.",
            ),
        ])
    }

    fn example() -> Value {
        json!({
            "total": 12,
            "outcomes": {"Fired": 3, "NotRunning": 1, "RepeatInterval": 8},
            "instances": {"Fired": 3, "NotRunning": 1, "RepeatInterval": 2},
        })
    }
}

impl Described for Decision {
    const NAME: &'static str = "Decision";

    fn schema() -> Schema {
        schema::object([
            schema::required("decisionId", schema::id(), "Its id."),
            schema::required("instanceId", schema::id(), "Who."),
            schema::required("campaignId", schema::id(), "The campaign."),
            schema::required("experienceId", schema::id(), "The experience."),
            schema::required("trigger", triggers::schema(), "What came true."),
            schema::required("at", schema::moment(), "When, by the device's clock."),
            schema::required(
                "outcome",
                schema::words(&Outcome::WORDS),
                "`Fired`, or the first rule that stopped it.",
            ),
            schema::optional(
                "compared",
                compared_schema(),
                "The values that rule compared.",
            ),
            schema::optional("messageId", schema::id(), "The message, if it fired."),
        ])
    }

    fn example() -> Value {
        json!({
            "decisionId": "AZuN58uAcACAAAAAAAAAkQ",
            "instanceId": "AZuN58uAcACAAAAAAAAAoQ",
            "campaignId": "AZuN58uAcACAAAAAAAAAYQ",
            "experienceId": "AZuN58uAcACAAAAAAAAAcQ",
            "trigger": {"@type": "EnterPlaceTrigger", "placeId": "AZuN58uAcACAAAAAAAAAMQ"},
            "at": 1_767_614_400_000_i64,
            "outcome": "RepeatInterval",
            "compared": {
                "lastAt": 1_767_603_600_000_i64,
                "nextAt": 1_767_654_000_000_i64,
            },
        })
    }
}

pub(crate) fn compared_schema() -> Schema {
    schema::object([
        schema::optional(
            "status",
            status_schema(),
            "Status of the campaign at the event's time.",
        ),
        schema::optional("hour", schema::integer(0, 23), "Local hour."),
        schema::optional(
            "day",
            schema::integer(1, 7),
            "Local day, Sunday 1 to Saturday 7.",
        ),
        schema::optional(
            "lastAt",
            schema::moment(),
            "When it last fired, or the last time that is too close: after `at` of what came late.",
        ),
        schema::optional(
            "nextAt",
            schema::moment(),
            "First moment it may again; absent for never.",
        ),
        schema::optional("shown", schema::count(), "Shown so far."),
        schema::optional("cap", schema::count(), "At most."),
        schema::optional("segmentId", schema::id(), "The segment."),
        schema::optional(
            "values",
            schema::map(
                schema::any_text(),
                compared_value_schema(),
                SEGMENT_COMPARED_MAX,
            ),
            "The values that kept the instance out of the segment, by field; `null` for those it had \
             not. Long ones are cut.",
        ),
        schema::optional("priority", priority_schema(), "The priority of the campaign."),
        schema::optional(
            "outrankedBy",
            winner_schema(),
            "What fired in the same moment and has a higher one.",
        ),
        schema::optional(
            "holdoutPercent",
            schema::integer(0, 100),
            "How many of a hundred are in the control group of the campaign.",
        ),
        schema::optional(
            "holdoutNumber",
            schema::integer(0, 99),
            "The number of the instance in the campaign: those below `holdoutPercent` are.",
        ),
        schema::optional("placeId", schema::id(), "The sensitive place."),
        schema::optional(
            "consent",
            consents::known_consent_schema(),
            "What was answered about marketing; absent if nothing was.",
        ),
    ])
    .titled("Compared")
}

fn winner_schema() -> Schema {
    schema::object([
        schema::required("campaignId", schema::id(), "Its campaign."),
        schema::required("experienceId", schema::id(), "The experience."),
        schema::required(
            "priority",
            priority_schema(),
            "The priority of its campaign.",
        ),
    ])
    .titled("Winner")
}

fn compared_value_schema() -> Schema {
    let text = || schema::text(SEGMENT_COMPARED_TEXT_CHARS_MAX);
    schema::one_of([
        text(),
        schema::number(f64::MIN, f64::MAX),
        schema::boolean(),
        schema::list(text(), 0, SEGMENT_COMPARED_MAX),
        schema::null(),
    ])
}

#[cfg(test)]
mod tests {
    use moca_core::{
        campaign::{
            Status,
            decide::{Rival, Verdict},
        },
        id::Id,
    };

    use super::Outcome;

    #[test]
    fn outcomes_have_the_numbers_of_their_verdicts() {
        let id = Id([0; 16]);
        let by = Rival {
            campaign_id: id.into(),
            experience_id: id.into(),
            priority: 1,
        };
        let verdicts = [
            Verdict::Fired,
            Verdict::NotRunning {
                status: Status::Draft,
            },
            Verdict::Disabled,
            Verdict::OutsideRecurrence { hour: 0, day: 1 },
            Verdict::RepeatInterval {
                last_at: 0,
                next_at: None,
            },
            Verdict::DisplayCap { shown: 1, cap: 1 },
            Verdict::DisplayWait {
                last_at: 0,
                next_at: 1,
            },
            Verdict::NotInSegment {
                segment_id: id.into(),
                compared: Vec::new(),
            },
            Verdict::Outranked { priority: 0, by },
            Verdict::HeldOut {
                bucket: 0,
                percent: 1,
            },
            Verdict::SensitivePlace {
                place_id: id.into(),
            },
            Verdict::NoConsent { consent: None },
        ];
        assert_eq!(verdicts.len(), Outcome::WORDS.len());
        for (verdict, number) in verdicts.iter().zip(0..) {
            assert_eq!(verdict.number(), number);
            assert_eq!(Outcome::of(verdict).number(), number);
        }
    }
}
