//! Replays: a campaign over recorded history.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    history::Taken,
    id::{AppId, CampaignId, ExperienceId, ReplayId},
    job::{Job, JobStatus, Parts},
    resource::Frame,
    tally::Counts,
    time::Range,
};

/// A campaign that is run over what devices told, and how far that has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// The frame.
    pub frame: Frame,
    /// The app of the campaign.
    pub app_id: AppId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The event times whose decisions are told, ms since 1970.
    pub range: Range,
    /// The world that a draft is put into before history; none of a campaign that was started once, which
    /// is replayed as it was.
    pub draft: Option<Vec<Taken>>,
    /// Where it stands.
    pub status: JobStatus,
    /// How far it has come.
    pub progress: ReplayProgress,
}

/// How far a replay has come, and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplayProgress {
    /// The last row of the event log that it reads.
    pub last_row: u64,
    /// How often it reads the log: each time for some of the instances.
    pub passes: u64,
    /// Passes that are done.
    pub passes_done: u64,
    /// Rows read in the pass at hand.
    pub rows_done: u64,
    /// Decisions kept in passes that are done.
    pub decisions: u64,
    /// When it began, ms since 1970.
    pub started_at: Option<i64>,
    /// When it ended, ms since 1970.
    pub finished_at: Option<i64>,
    /// Why it failed.
    pub failure: Option<String>,
    /// What would have become of the triggers of each experience.
    pub outcomes: BTreeMap<ExperienceId, Counts>,
    /// How many instances each outcome would have come to.
    pub instances: Counts,
}

impl Replay {
    /// The id.
    pub fn id(&self) -> ReplayId {
        ReplayId(self.frame.id)
    }
}

impl Job for Replay {
    fn parts(&mut self) -> Parts<'_> {
        Parts {
            frame: &mut self.frame,
            status: &mut self.status,
            finished_at: &mut self.progress.finished_at,
        }
    }
}
