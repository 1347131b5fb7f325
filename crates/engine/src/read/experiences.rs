//! What happened to experiences in ranges of time.

use std::collections::HashMap;

use moca_core::{
    id::{CampaignId, ExperienceId},
    metric::{Piece, pieces},
    tally::{Counts, add},
    time::Range,
};
use moca_storage::{
    StorageError,
    devices::{Devices, TallyReader},
};

use crate::query::{ExperienceCounts, ExperiencesQuery};

/// What happened in each range, and to each experience over all of them.
pub(crate) fn experiences(
    devices: &Devices,
    query: &ExperiencesQuery,
    ranges: &[Range],
) -> Result<ExperienceCounts, StorageError> {
    let reader = devices.tally_reader();
    let mut counts = ExperienceCounts::default();
    let mut by_experience: HashMap<ExperienceId, (CampaignId, Counts)> = HashMap::new();
    for range in ranges {
        let mut in_range = Counts::new();
        for_each(
            &reader,
            query,
            *range,
            |experience, campaign, word, count| {
                add(&mut in_range, word, count);
                let (_, sums) = by_experience
                    .entry(experience)
                    .or_insert_with(|| (campaign, Counts::new()));
                add(sums, word, count);
            },
        )?;
        counts.ranges.push(in_range);
    }
    counts.experiences = by_experience
        .into_iter()
        .map(|(experience, (campaign, sums))| (experience, campaign, sums))
        .collect();
    counts
        .experiences
        .sort_by_key(|(experience, _, _)| *experience);
    Ok(counts)
}

fn for_each(
    reader: &TallyReader<'_>,
    query: &ExperiencesQuery,
    range: Range,
    mut each: impl FnMut(ExperienceId, CampaignId, &str, u64),
) -> Result<(), StorageError> {
    let wanted = |experience, campaign| {
        !query.hidden.contains(&experience)
            && query.experience_id.is_none_or(|id| id == experience)
            && query.campaign_id.is_none_or(|id| id == campaign)
    };
    for piece in pieces(range) {
        match piece {
            Piece::Whole(level, index) => {
                reader.for_each_tally(query.app_id, level, index, |experience, tally| {
                    if wanted(experience, tally.campaign_id) {
                        for (word, count) in &tally.counts {
                            each(experience, tally.campaign_id, word, *count);
                        }
                    }
                })?;
            }
            Piece::Part { quarter, range } => {
                reader.for_each_happening(query.app_id, quarter, |happening| {
                    let (experience, campaign) = (happening.experience_id, happening.campaign_id);
                    let is_within = range.from <= happening.at_ms && happening.at_ms < range.to;
                    if is_within && wanted(experience, campaign) {
                        each(experience, campaign, &happening.word, 1);
                    }
                })?;
            }
        }
    }
    Ok(())
}
