//! Analytics of experiences: what became of their triggers and messages.

use std::collections::BTreeMap;

use moca_core::{
    id::{CampaignId, ExperienceId},
    receipt::ReceiptKind,
    tally::{Counts, add},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    analytics::Over,
    decisions::Outcome,
    schema::{self, Described, Schema},
};

/// The answer of `GET /v2/analytics/experiences`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExperiencesAnswer {
    /// `experiences`.
    pub metric: String,
    /// `hour`, `day`, `week`, `month` or `none`.
    pub interval: String,
    /// The IANA zone of the buckets.
    pub time_zone: String,
    /// First moment of the range, ms since 1970.
    pub from: i64,
    /// First moment after the range, ms since 1970.
    pub to: i64,
    /// The counts over the whole range: the sum of the buckets.
    pub total: ExperienceCounts,
    /// Every bucket of the range, zeros too.
    pub buckets: Vec<ExperienceBucket>,
    /// The counts of each experience or campaign over the whole range, with `groupBy`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub groups: Option<Vec<ExperienceGroup>>,
}

/// The counts of one bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExperienceBucket {
    /// Its calendar boundary, ms since 1970.
    pub start: i64,
    /// The counts.
    pub value: ExperienceCounts,
}

/// The counts of one experience or campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExperienceGroup {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The experience; absent when counted by campaign.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub experience_id: Option<ExperienceId>,
    /// The counts.
    pub value: ExperienceCounts,
}

/// How often what happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExperienceCounts {
    /// Triggers that came true.
    pub triggers: u64,
    /// Those that fired.
    pub fired: u64,
    /// Those that did not, by reason. With `fired` they add up to `triggers`.
    pub not_fired: BTreeMap<String, u64>,
    /// Messages that were shown.
    pub shown: u64,
    /// Messages that were followed.
    pub clicked: u64,
    /// Messages that were put away.
    pub dismissed: u64,
}

impl From<&Counts> for ExperienceCounts {
    fn from(counts: &Counts) -> Self {
        let mut all = Self::default();
        for (word, count) in counts {
            match ReceiptKind::named(word) {
                Some(ReceiptKind::Shown) => all.shown += count,
                Some(ReceiptKind::Clicked) => all.clicked += count,
                Some(ReceiptKind::Dismissed) => all.dismissed += count,
                None => {
                    all.triggers += count;
                    match word == Outcome::Fired.as_str() {
                        true => all.fired += count,
                        false => add(&mut all.not_fired, word, *count),
                    }
                }
            }
        }
        all
    }
}

fn counts_schema() -> Schema {
    let reasons = Outcome::REASONS;
    let not_fired = schema::map(schema::words(&reasons), schema::count(), reasons.len());
    let count = |name, note| schema::required(name, schema::count(), note);
    schema::object([
        count("triggers", "Triggers that came true."),
        count("fired", "Those that fired."),
        schema::required(
            "notFired",
            not_fired,
            "Those that did not, by reason. With `fired` they add up to `triggers`.",
        ),
        count("shown", "Messages that were shown."),
        count("clicked", "Messages that were followed."),
        count("dismissed", "Messages that were put away."),
    ])
    .titled("Experience counts")
}

impl Described for ExperiencesAnswer {
    const NAME: &'static str = "ExperienceAnalytics";

    fn schema() -> Schema {
        let group = schema::object([
            schema::required("campaignId", schema::id(), "The campaign."),
            schema::optional(
                "experienceId",
                schema::id(),
                "The experience; absent when counted by campaign.",
            ),
            schema::required("value", counts_schema(), "The counts."),
        ]);
        Over {
            metrics: &["experiences"],
            value: (counts_schema(), "The counts."),
            total: "The counts over the whole range: the sum of the buckets.",
            bucket: "Experience bucket",
            groups: (
                group.titled("Experience group"),
                "The counts of each experience or campaign, those with the most triggers first, with \
                 `groupBy`.",
            ),
        }
        .schema()
    }

    fn example() -> Value {
        let value = json!({
            "triggers": 12,
            "fired": 3,
            "notFired": {"NotRunning": 1, "RepeatInterval": 8},
            "shown": 3,
            "clicked": 1,
            "dismissed": 2,
        });
        json!({
            "metric": "experiences",
            "interval": "day",
            "timeZone": "Europe/Madrid",
            "from": 1_767_567_600_000_i64,
            "to": 1_767_654_000_000_i64,
            "total": value,
            "buckets": [{"start": 1_767_567_600_000_i64, "value": value}],
            "groups": [{
                "campaignId": "AZuN58uAcACAAAAAAAAAYQ",
                "experienceId": "AZuN58uAcACAAAAAAAAAcQ",
                "value": value,
            }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_triggers_and_receipts_are_not() {
        let mut counts = Counts::new();
        for (n, word) in Outcome::WORDS.into_iter().enumerate() {
            add(&mut counts, word, n as u64 + 1);
        }
        for kind in ReceiptKind::ALL {
            add(&mut counts, kind.as_str(), 100);
        }
        let all = ExperienceCounts::from(&counts);
        assert_eq!(
            all.triggers,
            all.fired + all.not_fired.values().sum::<u64>()
        );
        assert_eq!(all.triggers, (1..=Outcome::WORDS.len() as u64).sum::<u64>());
        assert_eq!(
            (all.fired, all.not_fired.len()),
            (1, Outcome::WORDS.len() - 1)
        );
        assert_eq!((all.shown, all.clicked, all.dismissed), (100, 100, 100));
    }
}
