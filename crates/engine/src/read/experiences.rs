//! What happened to experiences in ranges of time.

use std::collections::{BTreeSet, HashMap, HashSet};

use moca_core::{
    id::{AppId, CampaignId, ExperienceId},
    metric::{Piece, pieces},
    tally::{Counts, add},
    time::Range,
};
use moca_storage::{
    StorageError,
    devices::{Devices, TallyReader},
};

use crate::query::{CountedExperience, ExperienceCounts, ExperiencesQuery};

/// The experiences to which anything happened in a range, by id.
pub(crate) fn counted(
    devices: &Devices,
    query: &ExperiencesQuery,
    range: Range,
) -> Result<Vec<CountedExperience>, StorageError> {
    let mut found = BTreeSet::new();
    let reader = devices.tally_reader();
    for_each(
        &reader,
        query.app_id,
        range,
        |experience, campaign, _, _| {
            if query.experience_id.is_none_or(|id| id == experience)
                && query.campaign_id.is_none_or(|id| id == campaign)
            {
                found.insert(experience);
            }
        },
    )?;
    let about = |experience_id| {
        let about = devices.about(query.app_id, experience_id)?;
        Ok::<_, StorageError>(CountedExperience {
            experience_id,
            about,
        })
    };
    found.into_iter().map(about).collect()
}

/// What happened in each range, and to each experience over all of them.
pub(crate) fn experiences(
    devices: &Devices,
    app_id: AppId,
    asked: &HashSet<ExperienceId>,
    ranges: &[Range],
) -> Result<ExperienceCounts, StorageError> {
    let reader = devices.tally_reader();
    let mut counts = ExperienceCounts::default();
    let mut by_experience: HashMap<ExperienceId, (CampaignId, Counts)> = HashMap::new();
    for range in ranges {
        let mut in_range = Counts::new();
        for_each(
            &reader,
            app_id,
            *range,
            |experience, campaign, word, count| {
                if !asked.contains(&experience) {
                    return;
                }
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

/// Calls `each` with what happened to the experiences of an app.
fn for_each(
    reader: &TallyReader<'_>,
    app_id: AppId,
    range: Range,
    mut each: impl FnMut(ExperienceId, CampaignId, &str, u64),
) -> Result<(), StorageError> {
    for piece in pieces(range) {
        match piece {
            Piece::Whole(level, index) => {
                reader.for_each_tally(app_id, level, index, |experience, tally| {
                    for (word, count) in &tally.counts {
                        each(experience, tally.campaign_id, word, *count);
                    }
                })?;
            }
            Piece::Part { quarter, range } => {
                reader.for_each_happening(app_id, quarter, |happening| {
                    if range.from <= happening.at_ms && happening.at_ms < range.to {
                        let (id, campaign) = (happening.experience_id, happening.campaign_id);
                        each(id, campaign, &happening.word, 1);
                    }
                })?;
            }
        }
    }
    Ok(())
}
