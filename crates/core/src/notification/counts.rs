//! What is counted of notifications, and what their devices tell of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Failure;
use crate::id::{AppId, CampaignId, NotificationId};

/// A notification as it is counted: with what it is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counted {
    /// The app.
    pub app_id: AppId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The notification.
    pub notification_id: NotificationId,
}

/// How often what happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Instances that were taken into the audience.
    pub targeted: u64,
    /// Instances whose push service was asked to send it.
    pub sent: u64,
    /// Those of them for which the service took it.
    pub accepted: u64,
    /// Instances that do not get it, by reason.
    pub failed: BTreeMap<Failure, u64>,
    /// Instances on which it was opened.
    pub opened: u64,
}

impl Counts {
    /// Adds what else happened.
    pub fn add(&mut self, more: &Self) {
        self.targeted += more.targeted;
        self.sent += more.sent;
        self.accepted += more.accepted;
        self.opened += more.opened;
        for (failure, count) in &more.failed {
            *self.failed.entry(*failure).or_default() += count;
        }
    }
}

/// What a device told: a notification was opened on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The notification.
    pub notification_id: NotificationId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// When, by the device's clock, ms since 1970.
    pub at_ms: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_by_reason() {
        let one = |targeted, failure| Counts {
            targeted,
            failed: BTreeMap::from([(failure, 2)]),
            ..Counts::default()
        };
        let mut all = one(3, Failure::Gone);
        all.add(&one(4, Failure::Refused));
        all.add(&Counts {
            sent: 5,
            accepted: 4,
            opened: 1,
            ..one(0, Failure::Gone)
        });
        let expected = Counts {
            targeted: 7,
            sent: 5,
            accepted: 4,
            opened: 1,
            failed: BTreeMap::from([(Failure::Gone, 4), (Failure::Refused, 2)]),
        };
        assert_eq!(all, expected);
    }
}
