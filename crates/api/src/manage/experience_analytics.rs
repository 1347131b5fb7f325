//! `GET /v2/analytics/experiences`: what became of triggers and messages.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashSet},
};

use moca_core::{
    experience::Target,
    id::{CampaignId, ExperienceId},
    limits::GROUPS_MAX,
    tally::{Counts, add},
    time::Range,
};
use moca_engine::{CountedExperience, ExperienceCounts, ExperiencesQuery};
use moca_wire::experience_analytics::{ExperienceBucket, ExperienceGroup, ExperiencesAnswer};

use super::{analytics::cut, decisions::require_app, sensitive};
use crate::{call::Call, failure::Failure, reply::Reply};

/// The words of `groupBy`.
pub(crate) const GROUPS: &[&str] = &["experience", "campaign"];

/// Counts in every bucket of the range. Unlike distinct counts these add up, so the total is the sum.
pub(crate) async fn count(call: &Call) -> Result<Reply, Failure> {
    let query = call.query();
    let app_id = require_app(call).await?;
    let cut = cut(call).await?;
    let experience_id = query.id("experienceId");
    if let Some(id) = experience_id {
        sensitive::refuse_experience(call, app_id, id).await?;
    }
    let asked = ExperiencesQuery {
        app_id,
        campaign_id: query.id("campaignId"),
        experience_id,
    };
    let told = told(call, &asked, cut.range).await?;
    let ranges = cut.ranges();
    let engine = &call.state().engine;
    let counts = engine.experiences(app_id, told, &ranges).await?;
    let values = cut.buckets.iter().zip(&counts.ranges);
    Reply::ok(&ExperiencesAnswer {
        metric: "experiences".to_owned(),
        interval: cut.interval.to_owned(),
        time_zone: cut.time_zone,
        from: cut.range.from,
        to: cut.range.to,
        total: (&sum(counts.ranges.iter())).into(),
        buckets: values
            .map(|(bucket, counts)| ExperienceBucket {
                start: bucket.start,
                value: counts.into(),
            })
            .collect(),
        groups: query.text("groupBy").map(|by| groups(by, &counts)),
    })
}

/// The experiences that count, without those that were about sensitive places.
async fn told(
    call: &Call,
    asked: &ExperiencesQuery,
    range: Range,
) -> Result<HashSet<ExperienceId>, Failure> {
    let engine = &call.state().engine;
    let counted = engine.counted_experiences(asked, range).await?;
    let about: BTreeSet<Target> = counted.iter().flat_map(|one| &one.about).copied().collect();
    let about: Vec<Target> = about.into_iter().collect();
    let mut tx = call.state().control.read().await?;
    let sensitive = sensitive::among(&mut tx, call.principal.account_id, &about).await?;
    let is_told = |one: &CountedExperience| !one.about.iter().any(|it| sensitive.contains(it));
    let told = counted.into_iter().filter(is_told);
    Ok(told.map(|one| one.experience_id).collect())
}

fn sum<'a>(all: impl Iterator<Item = &'a Counts>) -> Counts {
    let mut sum = Counts::new();
    for (word, count) in all.flatten() {
        add(&mut sum, word, *count);
    }
    sum
}

fn groups(by: &str, counts: &ExperienceCounts) -> Vec<ExperienceGroup> {
    let mut groups: Vec<ExperienceGroup> = match by {
        "campaign" => {
            let mut campaigns: BTreeMap<CampaignId, Counts> = BTreeMap::new();
            for (_, campaign, counts) in &counts.experiences {
                let sums = campaigns.entry(*campaign).or_default();
                for (word, count) in counts {
                    add(sums, word, *count);
                }
            }
            let group = |(campaign_id, counts): (CampaignId, Counts)| ExperienceGroup {
                campaign_id,
                experience_id: None,
                value: (&counts).into(),
            };
            campaigns.into_iter().map(group).collect()
        }
        _ => counts
            .experiences
            .iter()
            .map(|(experience, campaign, counts)| ExperienceGroup {
                campaign_id: *campaign,
                experience_id: Some(*experience),
                value: counts.into(),
            })
            .collect(),
    };
    groups.sort_by_key(|group| Reverse(group.value.triggers));
    groups.truncate(GROUPS_MAX);
    groups
}
