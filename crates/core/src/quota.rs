//! How many objects of each kind an account may have.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    limits::{
        APPS_QUOTA, BEACONS_QUOTA, CAMPAIGN_GROUPS_QUOTA, CAMPAIGNS_QUOTA, EXPERIENCES_QUOTA,
        LABELS_QUOTA, MEMBERS_QUOTA, NOTIFICATIONS_QUOTA, PLACES_QUOTA, SEGMENTS_QUOTA, TAGS_QUOTA,
        TOKENS_QUOTA, WEBHOOKS_QUOTA, ZONES_QUOTA,
    },
    resource::Kind,
};

/// Quotas that were set, by kind; a kind that is not here has the quota of the next one who says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quotas(pub BTreeMap<Kind, i64>);

/// How much an account may have of a kind, and has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// At most.
    pub limit: i64,
    /// Now.
    pub used: i64,
}

impl Quotas {
    /// Whether none was set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The quota of a kind: this one, else that of the server, else the built-in one. None for
    /// accounts, which only operators make.
    pub fn of(&self, kind: Kind, server: &Self) -> Option<i64> {
        let built_in = built_in(kind)?;
        let set = self.0.get(&kind).or_else(|| server.0.get(&kind));
        Some(set.copied().unwrap_or(built_in))
    }
}

/// The quota of a kind unless somebody set another; none for what is not limited.
pub const fn built_in(kind: Kind) -> Option<i64> {
    match kind {
        Kind::Account => None,
        Kind::Member => Some(MEMBERS_QUOTA),
        Kind::Token => Some(TOKENS_QUOTA),
        Kind::App => Some(APPS_QUOTA),
        Kind::Label => Some(LABELS_QUOTA),
        Kind::Place => Some(PLACES_QUOTA),
        Kind::Zone => Some(ZONES_QUOTA),
        Kind::Beacon => Some(BEACONS_QUOTA),
        Kind::CampaignGroup => Some(CAMPAIGN_GROUPS_QUOTA),
        Kind::Tag => Some(TAGS_QUOTA),
        Kind::Segment => Some(SEGMENTS_QUOTA),
        Kind::Campaign => Some(CAMPAIGNS_QUOTA),
        Kind::Experience => Some(EXPERIENCES_QUOTA),
        Kind::Notification => Some(NOTIFICATIONS_QUOTA),
        Kind::Webhook => Some(WEBHOOKS_QUOTA),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_comes_before_the_server_and_that_before_what_is_built_in() {
        let quotas = |kind, quota| Quotas(BTreeMap::from([(kind, quota)]));
        let none = Quotas::default();
        let (own, server) = (quotas(Kind::Place, 5), quotas(Kind::Place, 7));
        assert_eq!(own.of(Kind::Place, &server), Some(5));
        assert_eq!(none.of(Kind::Place, &server), Some(7));
        assert_eq!(own.of(Kind::Zone, &server), Some(ZONES_QUOTA));
        assert_eq!(none.of(Kind::Account, &none), None);
    }

    #[test]
    fn every_kind_but_accounts_has_a_quota() {
        for kind in Kind::ALL {
            assert_eq!(built_in(kind).is_none(), kind == Kind::Account, "{kind:?}");
        }
    }
}
