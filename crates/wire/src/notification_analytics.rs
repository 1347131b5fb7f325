//! Analytics of notifications: to how many they went, and what became of them.

use std::collections::BTreeMap;

use moca_core::{
    id::{CampaignId, NotificationId},
    notification::{Failure, counts::Counts},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    analytics::Over,
    schema::{self, Described, Schema},
};

/// The answer of `GET /v2/analytics/notifications`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationsAnswer {
    /// `notifications`.
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
    pub total: NotificationCounts,
    /// Every bucket of the range, zeros too.
    pub buckets: Vec<NotificationBucket>,
    /// The counts of each notification or campaign over the whole range, with `groupBy`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub groups: Option<Vec<NotificationGroup>>,
}

/// The counts of one bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationBucket {
    /// Its calendar boundary, ms since 1970.
    pub start: i64,
    /// The counts.
    pub value: NotificationCounts,
}

/// The counts of one notification or campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationGroup {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The notification; absent when counted by campaign.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub notification_id: Option<NotificationId>,
    /// The counts.
    pub value: NotificationCounts,
}

/// How often what happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationCounts {
    /// Instances that were taken into an audience.
    pub targeted: u64,
    /// Instances whose push service was asked.
    pub sent: u64,
    /// Those of them for which it took the message.
    pub accepted: u64,
    /// Instances that did not get it, by reason.
    pub failed: BTreeMap<Failure, u64>,
    /// Instances on which it was opened.
    pub opened: u64,
}

impl From<&Counts> for NotificationCounts {
    fn from(counts: &Counts) -> Self {
        Self {
            targeted: counts.targeted,
            sent: counts.sent,
            accepted: counts.accepted,
            failed: counts.failed.clone(),
            opened: counts.opened,
        }
    }
}

fn counts_schema() -> Schema {
    let reasons = Failure::ALL.map(Failure::as_str);
    let failed = schema::map(schema::words(&reasons), schema::count(), reasons.len());
    let count = |name, note| schema::required(name, schema::count(), note);
    schema::object([
        count("targeted", "Instances that were taken into an audience."),
        count("sent", "Instances whose push service was asked."),
        count("accepted", "Those of them for which it took the message."),
        schema::required(
            "failed",
            failed,
            "Instances that did not get it, by reason.",
        ),
        count("opened", "Instances on which it was opened."),
    ])
    .titled("Notification counts")
}

impl Described for NotificationsAnswer {
    const NAME: &'static str = "NotificationAnalytics";

    fn schema() -> Schema {
        let group = schema::object([
            schema::required("campaignId", schema::id(), "The campaign."),
            schema::optional(
                "notificationId",
                schema::id(),
                "The notification; absent when counted by campaign.",
            ),
            schema::required("value", counts_schema(), "The counts."),
        ]);
        Over {
            metrics: &["notifications"],
            value: (counts_schema(), "The counts."),
            total: "The counts over the whole range: the sum of the buckets.",
            bucket: "Notification bucket",
            groups: (
                group.titled("Notification group"),
                "The counts of each notification or campaign, those with the largest audience first, \
                 with `groupBy`.",
            ),
        }
        .schema()
    }

    fn example() -> Value {
        let value = json!({
            "targeted": 1_200,
            "sent": 1_190,
            "accepted": 1_180,
            "failed": {"Gone": 4, "NoCredential": 6, "Unregistered": 10},
            "opened": 310,
        });
        json!({
            "metric": "notifications",
            "interval": "day",
            "timeZone": "Europe/Madrid",
            "from": 1_767_567_600_000_i64,
            "to": 1_767_654_000_000_i64,
            "total": value,
            "buckets": [{"start": 1_767_567_600_000_i64, "value": value}],
            "groups": [{
                "campaignId": "AZuN58uAcACAAAAAAAAAYQ",
                "notificationId": "AZuN58uAcACAAAAAAAAAgQ",
                "value": value,
            }],
        })
    }
}
