//! Answers of analytics.

use moca_core::{
    experience::Target,
    id::{BeaconId, PlaceId, ZoneId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::schema::{self, Described, Schema};

/// The answer to a question about one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnalyticsAnswer {
    /// The metric, for example `active-users`.
    pub metric: String,
    /// `hour`, `day`, `week`, `month` or `none`.
    pub interval: String,
    /// The IANA zone of the buckets.
    pub time_zone: String,
    /// First moment of the range, ms since 1970.
    pub from: i64,
    /// First moment after the range, ms since 1970.
    pub to: i64,
    /// The distinct count over the whole range; not the sum of the buckets.
    pub total: u64,
    /// Every bucket of the range, zeros too.
    pub buckets: Vec<BucketCount>,
    /// The count of each place, zone or beacon over the whole range, with `groupBy`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub groups: Option<Vec<GroupCount>>,
}

/// The count of one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketCount {
    /// Its calendar boundary, ms since 1970.
    pub start: i64,
    /// The count.
    pub value: u64,
}

/// The count of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupCount {
    /// What was entered.
    #[serde(flatten)]
    pub group: Group,
    /// The count.
    pub value: u64,
}

/// What a group is about; written as `"placeId": "…"` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Group {
    /// A place.
    #[serde(rename = "placeId")]
    Place(PlaceId),
    /// A zone.
    #[serde(rename = "zoneId")]
    Zone(ZoneId),
    /// A beacon.
    #[serde(rename = "beaconId")]
    Beacon(BeaconId),
}

impl From<Target> for Group {
    fn from(target: Target) -> Self {
        match target {
            Target::Place(id) => Self::Place(id),
            Target::Zone(id) => Self::Zone(id),
            Target::Beacon(id) => Self::Beacon(id),
        }
    }
}

/// The words of `interval`.
pub const INTERVALS: &[&str] = &["hour", "day", "week", "month", "none"];

/// What is counted over a range, as the description tells it.
pub(crate) struct Over {
    /// The words of `metric`.
    pub(crate) metrics: &'static [&'static str],
    /// What is counted, and a sentence on it.
    pub(crate) value: (Schema, &'static str),
    /// A sentence on the total.
    pub(crate) total: &'static str,
    /// What a bucket is called.
    pub(crate) bucket: &'static str,
    /// A group, and a sentence on all of them.
    pub(crate) groups: (Schema, &'static str),
}

impl Over {
    pub(crate) fn schema(self) -> Schema {
        let (value, note) = self.value;
        let bucket = schema::object([
            schema::required("start", schema::moment(), "Its calendar boundary."),
            schema::required("value", value.clone(), note),
        ]);
        let (group, groups_note) = self.groups;
        schema::object([
            schema::required("metric", schema::words(self.metrics), "The metric."),
            schema::required(
                "interval",
                schema::words(INTERVALS),
                "The length of a bucket.",
            ),
            schema::required(
                "timeZone",
                schema::time_zone(),
                "Where the buckets are cut.",
            ),
            schema::required("from", schema::moment(), "First moment of the range."),
            schema::required("to", schema::moment(), "First moment after the range."),
            schema::required("total", value, self.total),
            schema::required(
                "buckets",
                schema::items(bucket.titled(self.bucket)),
                "Every bucket of the range, zeros too.",
            ),
            schema::optional("groups", schema::items(group), groups_note),
        ])
    }
}

impl Described for AnalyticsAnswer {
    const NAME: &'static str = "Analytics";

    fn schema() -> Schema {
        const METRICS: &[&str] = &["active-users", "new-users", "returning-users", "visitors"];
        let group = |name, note| {
            schema::object([
                schema::required(name, schema::id(), note),
                schema::required("value", schema::count(), "The count."),
            ])
        };
        let groups = schema::one_of([
            group("placeId", "The place."),
            group("zoneId", "The zone."),
            group("beaconId", "The beacon."),
        ]);
        Over {
            metrics: METRICS,
            value: (schema::count(), "The count."),
            total: "The distinct count over the whole range; not the sum of the buckets.",
            bucket: "Bucket",
            groups: (
                groups,
                "The count of each place, zone or beacon over the whole range, with `groupBy`.",
            ),
        }
        .schema()
    }

    fn example() -> Value {
        json!({
            "metric": "visitors",
            "interval": "day",
            "timeZone": "Europe/Madrid",
            "from": 1_767_567_600_000_i64,
            "to": 1_767_740_400_000_i64,
            "total": 7,
            "buckets": [
                {"start": 1_767_567_600_000_i64, "value": 5},
                {"start": 1_767_654_000_000_i64, "value": 4},
            ],
            "groups": [{"placeId": "AZuN58uAcACAAAAAAAAAMQ", "value": 7}],
        })
    }
}
