//! What happened to experiences, counted, against the decisions and receipts themselves.

use std::collections::{BTreeMap, HashSet};

use moca_core::{
    id::{CampaignId, ExperienceId},
    receipt::ReceiptKind,
    tally::{Counts, add},
    time::Range,
};
use moca_engine::{DecisionQuery, Engine, ExperiencesQuery, InstanceQuery};

use crate::{
    replay,
    support::{HOUR, MINUTE, START, SeededRandom, Site},
};

/// Everything that happened, with its time.
type Happened = Vec<(CampaignId, ExperienceId, String, i64)>;

/// Read one by one from lists of decisions and inboxes.
async fn naive(site: &Site, engine: &Engine) -> Happened {
    let query = DecisionQuery {
        limit: 10_000,
        ..DecisionQuery::default()
    };
    let kept = engine.decisions(site.app_id, &query).await.unwrap();
    let mut happened: Happened = kept
        .items
        .into_iter()
        .map(|kept| {
            let decision = kept.decision;
            let debug = format!("{:?}", decision.verdict);
            let word = debug.split([' ', '{']).next().unwrap().to_owned();
            let (campaign, experience) = (decision.campaign_id, decision.experience_id);
            (campaign, experience, word, decision.at_ms)
        })
        .collect();
    let query = InstanceQuery {
        limit: 1_000,
        ..InstanceQuery::default()
    };
    for instance in engine.instances(site.app_id, &query).await.unwrap().items {
        let inbox = engine.messages(instance.subject, 0, 1_000).await.unwrap();
        for item in inbox.items {
            let (campaign, experience) = (item.message.campaign_id, item.message.experience_id);
            for kind in ReceiptKind::ALL {
                if let Some(at) = item.receipts.at(kind) {
                    happened.push((campaign, experience, kind.as_str().to_owned(), at));
                }
            }
        }
    }
    happened
}

#[tokio::test]
async fn every_count_is_that_of_the_decisions_and_receipts_in_the_range() {
    let site = replay::site().await;
    let random = SeededRandom::new(11);
    let engine = site.engine().await;
    let end = replay::live(&site, &engine, &random, START, 200).await;
    let happened = naive(&site, &engine).await;
    let words: std::collections::BTreeSet<_> = happened.iter().map(|one| &one.2).collect();
    assert!(words.len() >= 5, "hardly anything happened: {words:?}");
    let (campaign_id, experience_id) = (happened[0].0, happened[0].1);
    for round in 0..60 {
        let from = START - HOUR + random.below(end - START + HOUR);
        let length = match round % 3 {
            0 => 1 + random.below(MINUTE),
            1 => 1 + random.below(HOUR),
            _ => 1 + random.below(40 * HOUR),
        };
        let range = Range {
            from,
            to: from + length,
        };
        let query = ExperiencesQuery {
            app_id: site.app_id,
            campaign_id: (round % 4 == 1).then_some(campaign_id),
            experience_id: (round % 4 == 2).then_some(experience_id),
        };
        // One of those that count is not asked for.
        let left_out = (round % 3 == 1).then_some(experience_id);
        let mut expected: BTreeMap<(ExperienceId, CampaignId), Counts> = BTreeMap::new();
        let mut sum = Counts::new();
        for (campaign, experience, word, at) in &happened {
            let wanted = query.campaign_id.is_none_or(|id| id == *campaign)
                && query.experience_id.is_none_or(|id| id == *experience)
                && left_out != Some(*experience);
            if wanted && range.from <= *at && *at < range.to {
                add(&mut sum, word, 1);
                let counts = expected.entry((*experience, *campaign)).or_default();
                add(counts, word, 1);
            }
        }
        let found = engine.counted_experiences(&query, range).await.unwrap();
        let mut asked: HashSet<ExperienceId> = found.iter().map(|one| one.experience_id).collect();
        asked.retain(|id| left_out != Some(*id));
        let app_id = site.app_id;
        let counted = engine.experiences(app_id, asked, &[range]).await.unwrap();
        assert_eq!(counted.ranges, [sum], "{range:?}");
        let each: BTreeMap<_, _> = counted
            .experiences
            .into_iter()
            .map(|(experience, campaign, counts)| ((experience, campaign), counts))
            .collect();
        assert_eq!(each, expected, "{range:?}");
    }
    engine.shutdown().await.unwrap();
}
