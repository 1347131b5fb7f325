//! What is counted of experiences: what became of their triggers and of their messages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{AppId, CampaignId, ExperienceId};

/// Something that is counted for an experience: the outcome of a trigger, or a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happening {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The experience.
    pub experience_id: ExperienceId,
    /// The word of the outcome, or of the kind of receipt.
    pub word: String,
    /// Event time, ms since 1970.
    pub at_ms: i64,
}

/// What is left of the decisions and receipts of an instance that was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happenings {
    /// The app.
    pub app_id: AppId,
    /// What was counted.
    pub happenings: Vec<Happening>,
}

/// How often each thing happened, by its word.
pub type Counts = BTreeMap<String, u64>;

/// What happened to one experience in a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The campaign of the experience.
    pub campaign_id: CampaignId,
    /// How often what happened.
    pub counts: Counts,
}

impl Tally {
    /// Nothing so far.
    pub const fn empty(campaign_id: CampaignId) -> Self {
        Self {
            campaign_id,
            counts: Counts::new(),
        }
    }

    /// Counts something once.
    pub fn count(&mut self, word: &str) {
        add(&mut self.counts, word, 1);
    }
}

/// Adds to a count.
pub fn add(counts: &mut Counts, word: &str, count: u64) {
    match counts.get_mut(word) {
        Some(known) => *known += count,
        None => drop(counts.insert(word.to_owned(), count)),
    }
}
