//! `GET /v2/analytics/notifications`: to how many notifications went, and what became of them.

use std::{cmp::Reverse, collections::BTreeMap};

use moca_core::{id::CampaignId, limits::GROUPS_MAX, notification::counts::Counts};
use moca_engine::{NotificationCounts, NotificationsQuery};
use moca_wire::notification_analytics::{
    NotificationBucket, NotificationGroup, NotificationsAnswer,
};

use super::{analytics::cut, decisions::require_app};
use crate::{call::Call, failure::Failure, reply::Reply};

/// The words of `groupBy`.
pub(crate) const GROUPS: &[&str] = &["notification", "campaign"];

/// Counts in every bucket of the range; the total is their sum.
pub(crate) async fn count(call: &Call) -> Result<Reply, Failure> {
    let query = call.query();
    let app_id = require_app(call).await?;
    let cut = cut(call).await?;
    let asked = NotificationsQuery {
        app_id,
        campaign_id: query.id("campaignId"),
        notification_id: query.id("notificationId"),
    };
    let ranges = cut.ranges();
    let engine = &call.state().engine;
    let counts = engine.notification_counts(&asked, &ranges).await?;
    let mut total = Counts::default();
    for in_range in &counts.ranges {
        total.add(in_range);
    }
    let values = cut.buckets.iter().zip(&counts.ranges);
    Reply::ok(&NotificationsAnswer {
        metric: "notifications".to_owned(),
        interval: cut.interval.to_owned(),
        time_zone: cut.time_zone,
        from: cut.range.from,
        to: cut.range.to,
        total: (&total).into(),
        buckets: values
            .map(|(bucket, counts)| NotificationBucket {
                start: bucket.start,
                value: counts.into(),
            })
            .collect(),
        groups: query.text("groupBy").map(|by| groups(by, &counts)),
    })
}

fn groups(by: &str, counts: &NotificationCounts) -> Vec<NotificationGroup> {
    let mut groups: Vec<NotificationGroup> = match by {
        "campaign" => {
            let mut campaigns: BTreeMap<CampaignId, Counts> = BTreeMap::new();
            for (_, campaign, counts) in &counts.notifications {
                campaigns.entry(*campaign).or_default().add(counts);
            }
            let group = |(campaign_id, counts): (CampaignId, Counts)| NotificationGroup {
                campaign_id,
                notification_id: None,
                value: (&counts).into(),
            };
            campaigns.into_iter().map(group).collect()
        }
        _ => counts
            .notifications
            .iter()
            .map(|(notification, campaign, counts)| NotificationGroup {
                campaign_id: *campaign,
                notification_id: Some(*notification),
                value: counts.into(),
            })
            .collect(),
    };
    groups.sort_by_key(|group| Reverse(group.value.targeted));
    groups.truncate(GROUPS_MAX);
    groups
}
