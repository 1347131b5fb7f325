//! `GET /v2/analytics/experiences`: what became of triggers and messages.

use std::{cmp::Reverse, collections::BTreeMap};

use moca_core::{
    id::CampaignId,
    limits::GROUPS_MAX,
    tally::{Counts, add},
};
use moca_engine::{ExperienceCounts, ExperiencesQuery};
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
    let mut tx = call.state().control.read().await?;
    let hidden = sensitive::experiences(&mut tx, call.principal.account_id).await?;
    drop(tx);
    if experience_id.is_some_and(|id| hidden.contains(&id)) {
        return Err(sensitive::refusal("experienceId"));
    }
    let asked = ExperiencesQuery {
        app_id,
        campaign_id: query.id("campaignId"),
        experience_id,
        hidden,
    };
    let ranges = cut.ranges();
    let counts = call.state().engine.experiences(&asked, &ranges).await?;
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
