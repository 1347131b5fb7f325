//! Replays: a campaign over recorded history.

use std::collections::BTreeMap;

use moca_core::{
    id::{AccountId, AppId, CampaignId, ExperienceId, ReplayId},
    job::JobStatus,
    replay::{self, ReplayProgress},
    tally::{Counts, add},
    time::Range,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    decisions::Outcome,
    fault::FaultCode,
    imports::NoInput,
    mention::Body,
    read,
    resource::Resource,
    schema::{self, Described, Schema},
    values,
};

/// A replay as the API answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Replay {
    /// When it was asked for, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// Id.
    pub replay_id: ReplayId,
    /// The account.
    pub account_id: AccountId,
    /// The app of the campaign.
    pub app_id: AppId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// First event time whose decisions are told, ms since 1970.
    pub from: i64,
    /// First event time after, ms since 1970.
    pub to: i64,
    /// Whether the campaign was a draft, and was run as it was then.
    pub draft: bool,
    /// Where it stands.
    pub status: JobStatus,
    /// When it began, ms since 1970.
    pub started_at: Option<i64>,
    /// When it ended, ms since 1970.
    pub finished_at: Option<i64>,
    /// Rows of the event log to read; 0 before it began.
    pub rows_total: u64,
    /// Those that were read.
    pub rows_done: u64,
    /// Triggers that came true; the sum of `outcomes`.
    pub triggers: u64,
    /// What would have become of them.
    pub outcomes: Counts,
    /// How many different instances each outcome would have come to.
    pub instances: Counts,
    /// The same outcomes by experience.
    pub experiences: Vec<ReplayedExperience>,
    /// Why it failed.
    pub failure: Option<String>,
}

/// What would have become of the triggers of one experience.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplayedExperience {
    /// The experience.
    pub experience_id: ExperienceId,
    /// Triggers by outcome.
    pub outcomes: Counts,
}

/// What a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayInput {
    /// First event time, ms since 1970.
    pub from: i64,
    /// First event time after, ms since 1970.
    pub to: i64,
}

impl Resource for Replay {
    const PATH: &'static str = "/v2/replays";
    type Input = NoInput;
}

impl From<&replay::Replay> for Replay {
    fn from(replay: &replay::Replay) -> Self {
        let ReplayProgress {
            last_row,
            passes,
            passes_done,
            rows_done,
            decisions: _,
            started_at,
            finished_at,
            failure,
            outcomes: by_experience,
            instances,
        } = replay.progress.clone();
        let mut outcomes = Counts::new();
        for (word, count) in by_experience.values().flatten() {
            add(&mut outcomes, word, *count);
        }
        let experiences = by_experience.into_iter();
        Self {
            created_at: replay.frame.created_at,
            updated_at: replay.frame.updated_at,
            replay_id: replay.id(),
            account_id: replay.frame.account_id,
            app_id: replay.app_id,
            campaign_id: replay.campaign_id,
            from: replay.range.from,
            to: replay.range.to,
            draft: replay.draft.is_some(),
            status: replay.status,
            started_at,
            finished_at,
            rows_total: last_row * passes,
            rows_done: last_row * passes_done + rows_done,
            triggers: outcomes.values().sum(),
            outcomes,
            instances,
            experiences: experiences
                .map(|(experience_id, outcomes)| ReplayedExperience {
                    experience_id,
                    outcomes,
                })
                .collect(),
            failure,
        }
    }
}

/// Reads the body of `POST /v2/campaigns/{campaignId}/replay`.
pub fn read(value: &Value) -> Body<Range> {
    read::managed(value, &[], |fields| {
        let from = fields.required("from", values::moment);
        let to = fields.required("to", values::moment);
        if let (Some(from), Some(to)) = (from, to)
            && to <= from
        {
            fields.fault(
                "to",
                FaultCode::OutOfRange,
                format!("expected a moment after from ({from})"),
            );
        }
        Some(Range {
            from: from?,
            to: to?,
        })
    })
}

impl Described for ReplayInput {
    const NAME: &'static str = "ReplayInput";

    fn schema() -> Schema {
        schema::object([
            schema::required(
                "from",
                schema::moment(),
                "First event time whose decisions are told.",
            ),
            schema::required(
                "to",
                schema::moment(),
                "First event time after; after `from`.",
            ),
        ])
    }

    fn example() -> Value {
        json!({"from": 1_767_225_600_000_i64, "to": 1_767_830_400_000_i64})
    }
}

impl Described for Replay {
    const NAME: &'static str = "Replay";

    fn schema() -> Schema {
        let words: Vec<&str> = JobStatus::ALL.map(JobStatus::as_str).to_vec();
        let moment = || schema::maybe(schema::moment());
        let counts = || {
            let words = schema::words(&Outcome::WORDS);
            schema::map(words, schema::count(), Outcome::WORDS.len())
        };
        let experience = schema::object([
            schema::required("experienceId", schema::id(), "The experience."),
            schema::required("outcomes", counts(), "Its triggers by outcome."),
        ]);
        schema::object([
            schema::required("createdAt", schema::moment(), "When it was asked for."),
            schema::required("updatedAt", schema::moment(), "Last change."),
            schema::required("replayId", schema::id(), "Its id."),
            schema::required("accountId", schema::id(), "The account."),
            schema::required("appId", schema::id(), "The app of the campaign."),
            schema::required("campaignId", schema::id(), "The campaign."),
            schema::required(
                "from",
                schema::moment(),
                "First event time whose decisions are told.",
            ),
            schema::required("to", schema::moment(), "First event time after."),
            schema::required(
                "draft",
                schema::boolean(),
                "Whether the campaign was a draft and was run as it was then, from `from` to `to`.",
            ),
            schema::required("status", schema::words(&words), "Where it stands."),
            schema::required("startedAt", moment(), "When it began."),
            schema::required("finishedAt", moment(), "When it ended."),
            schema::required(
                "rowsTotal",
                schema::count(),
                "Rows of the event log to read; 0 before it began.",
            ),
            schema::required("rowsDone", schema::count(), "Those that were read."),
            schema::required(
                "triggers",
                schema::count(),
                "Triggers that came true, once it is Completed.",
            ),
            schema::required(
                "outcomes",
                counts(),
                "What would have become of them; adds up to `triggers`.",
            ),
            schema::required(
                "instances",
                counts(),
                "How many different instances each outcome would have come to.",
            ),
            schema::required(
                "experiences",
                schema::items(experience.titled("Replayed experience")),
                "The same outcomes by experience.",
            ),
            schema::required(
                "failure",
                schema::maybe(schema::any_text()),
                "Why it failed.",
            ),
        ])
    }

    fn example() -> Value {
        let outcomes: BTreeMap<&str, u64> =
            BTreeMap::from([("Fired", 212), ("RepeatInterval", 88)]);
        json!({
            "createdAt": 1_767_830_400_000_i64,
            "updatedAt": 1_767_830_409_000_i64,
            "replayId": "AZuN58uAcACAAAAAAAAAwQ",
            "accountId": "AZuN58uAcACAAAAAAAAAAQ",
            "appId": "AZuN58uAcACAAAAAAAAAEQ",
            "campaignId": "AZuN58uAcACAAAAAAAAAYQ",
            "from": 1_767_225_600_000_i64,
            "to": 1_767_830_400_000_i64,
            "draft": true,
            "status": "Completed",
            "startedAt": 1_767_830_400_100_i64,
            "finishedAt": 1_767_830_409_000_i64,
            "rowsTotal": 18_304,
            "rowsDone": 18_304,
            "triggers": 300,
            "outcomes": outcomes,
            "instances": {"Fired": 190, "RepeatInterval": 41},
            "experiences": [
                {"experienceId": "AZuN58uAcACAAAAAAAAAcQ", "outcomes": outcomes},
            ],
            "failure": null,
        })
    }
}
