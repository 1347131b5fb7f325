//! What became of notifications: how often, and whether one was opened.

use std::collections::BTreeMap;

use moca_core::{
    event::Subject,
    id::{CampaignId, NotificationId},
    notification::counts::Counts,
    receipt::{self, ReceiptKind},
    time::Range,
};
use moca_storage::{StorageError, devices::Devices};

use crate::{
    Engine, EngineError,
    query::{NotificationCounts, NotificationsQuery},
};

impl Engine {
    /// Whether a notification went to an instance, as far as that is known.
    pub async fn is_addressed(
        &self,
        subject: Subject,
        id: NotificationId,
    ) -> Result<bool, EngineError> {
        let read = move |devices: &Devices| devices.is_addressed(id, subject.number);
        self.read(read).await
    }

    /// When a notification was opened first on an instance, ms since 1970, with all that was
    /// acknowledged before this call taken in.
    pub async fn opened_at(
        &self,
        subject: Subject,
        id: NotificationId,
    ) -> Result<Option<i64>, EngineError> {
        self.wait(&self.inner.decided).await?;
        let message = receipt::of_notification(id);
        let read = move |devices: &Devices| devices.receipts(subject.instance_id, message);
        Ok(self.read(read).await?.at(ReceiptKind::Clicked))
    }

    /// What happened to notifications in each of some ranges that follow each other, with all that was
    /// acknowledged before this call taken in.
    pub async fn notification_counts(
        &self,
        query: &NotificationsQuery,
        ranges: &[Range],
    ) -> Result<NotificationCounts, EngineError> {
        self.wait(&self.inner.decided).await?;
        let (query, ranges) = (query.clone(), ranges.to_vec());
        self.read(move |devices| count(devices, &query, &ranges))
            .await
    }
}

fn count(
    devices: &Devices,
    query: &NotificationsQuery,
    ranges: &[Range],
) -> Result<NotificationCounts, StorageError> {
    let mut in_ranges = vec![Counts::default(); ranges.len()];
    let mut by_notification: BTreeMap<NotificationId, (CampaignId, Counts)> = BTreeMap::new();
    let (Some(first), Some(last)) = (ranges.first(), ranges.last()) else {
        return Ok(NotificationCounts::default());
    };
    let whole = Range {
        from: first.from,
        to: last.to,
    };
    devices.for_each_push_count(query.app_id, whole, |of, at_ms, counts| {
        let is_wanted = query.campaign_id.is_none_or(|id| id == of.campaign_id)
            && query
                .notification_id
                .is_none_or(|id| id == of.notification_id);
        // The range it is in is the first that ends after it.
        let index = ranges.partition_point(|range| range.to <= at_ms);
        if let (true, Some(in_range)) = (is_wanted, in_ranges.get_mut(index)) {
            in_range.add(counts);
            let (_, sums) = by_notification
                .entry(of.notification_id)
                .or_insert_with(|| (of.campaign_id, Counts::default()));
            sums.add(counts);
        }
    })?;
    Ok(NotificationCounts {
        ranges: in_ranges,
        notifications: by_notification
            .into_iter()
            .map(|(id, (campaign, counts))| (id, campaign, counts))
            .collect(),
    })
}
