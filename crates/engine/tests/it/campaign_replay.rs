//! Campaigns over recorded history: what really ran is decided again, to the byte.

use std::{collections::BTreeSet, sync::Arc};

use moca_core::{
    campaign::{Campaign, repeat::Repeat, status::Phase},
    clock::Clock,
    experience::{Experience, Trigger},
    history::Taken,
    id::{CampaignId, ExperienceId, Id, ReplayId},
    job::JobStatus,
    place::Place,
    replay::{Replay, ReplayProgress},
    resource::Frame,
    time::Range,
};
use moca_engine::{DecisionQuery, Engine, workers::replays::Replayer};

use crate::{
    replay::{live, site},
    support::{DAY, HOUR, MINUTE, START, SeededRandom, Site, dump},
};

const ALL: Range = Range {
    from: START - DAY,
    to: START + 60 * DAY,
};

impl Site {
    fn replayer(&self, engine: &Engine) -> Replayer {
        let clock: Arc<dyn Clock> = self.clock.clone();
        Replayer::new(engine, self.control.clone(), clock)
    }

    /// Asks for a replay, and answers its id.
    async fn replay_of(
        &self,
        number: u8,
        campaign_id: CampaignId,
        range: Range,
        draft: Option<Vec<Taken>>,
        progress: ReplayProgress,
    ) -> ReplayId {
        let replay = Replay {
            frame: Frame {
                account_id: self.account_id,
                id: Id([number; 16]),
                created_at: START + i64::from(number),
                updated_at: START + i64::from(number),
                revision: 1,
            },
            app_id: self.app_id,
            campaign_id,
            range,
            draft,
            status: match progress.passes {
                0 => JobStatus::Pending,
                _ => JobStatus::Running,
            },
            progress,
        };
        let mut tx = self.control.write().await.unwrap();
        tx.insert_replay(&replay).await.unwrap();
        tx.commit().await.unwrap();
        replay.id()
    }

    async fn replay(&self, id: ReplayId) -> Replay {
        let mut tx = self.control.read().await.unwrap();
        tx.job(self.account_id, id.0).await.unwrap().unwrap()
    }

    async fn campaigns(&self) -> Vec<Campaign> {
        let mut tx = self.control.read().await.unwrap();
        tx.all::<Campaign>(None, 100).await.unwrap()
    }

    /// Changes something of what is configured.
    async fn configure(&self, random: &SeededRandom) {
        let campaigns = self.campaigns().await;
        let mut campaign = campaigns[random.below(campaigns.len() as i64) as usize].clone();
        let mut tx = self.control.write().await.unwrap();
        let experiences = tx.all::<Experience>(None, 100).await.unwrap();
        let mut experience = experiences[random.below(experiences.len() as i64) as usize].clone();
        let places = tx.all::<Place>(None, 100).await.unwrap();
        let config = &mut campaign.config;
        match random.below(8) {
            0 | 1 => config.priority = Some(random.below(5)),
            2 => config.holdout_percent = Some(random.below(60)),
            3 => config.display_wait_ms = Some(random.below(20) * MINUTE),
            4 => {
                campaign.lifecycle.phase = match campaign.lifecycle.phase {
                    Phase::Started => Phase::Stopped,
                    _ => Phase::Started,
                }
            }
            5 => config.require_marketing_consent = Some(random.below(3) > 0),
            6 => experience.config.enabled = !experience.config.enabled,
            _ => experience.config.repeat = Repeat::After5Min,
        }
        campaign.frame.revision += 1;
        experience.frame.revision += 1;
        tx.replace(&campaign).await.unwrap();
        tx.replace(&experience).await.unwrap();
        if random.below(3) == 0 {
            // Everybody is taken out of it, and put in again.
            let mut place = places[0].clone();
            place.frame.revision += 1;
            place.config.geofence = match place.config.geofence {
                Some(_) => None,
                None => Some(circle()),
            };
            tx.replace(&place).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}

fn circle() -> moca_core::geo::Geofence {
    let center = moca_core::geo::LatLon::new(40.0, -3.0).unwrap();
    moca_core::geo::Circle::new(center, 500.0).unwrap().into()
}

/// The keys below the app or the replay with the values of the decisions of a campaign, as they are on disk.
fn kept(
    pairs: &[(Vec<u8>, Vec<u8>)],
    prefix: &[u8],
    campaign: CampaignId,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let below = pairs.iter().filter(|(key, _)| key.starts_with(prefix));
    below
        .filter(|(_, value)| value[17..33] == campaign.0.0)
        .map(|(key, value)| (key[prefix.len()..].to_vec(), value.clone()))
        .collect()
}

#[tokio::test]
async fn what_really_ran_is_decided_again_in_the_same_stored_bytes() {
    let site = site().await;
    let random = SeededRandom::new(11);
    // The one whose message and tag come in the same moment as that of another.
    let campaigns = site.campaigns().await;
    let (mut capped, mut open) = (campaigns[0].clone(), campaigns[1].clone());
    open.config.priority = Some(9);
    open.config.holdout_percent = Some(40);
    open.frame.revision += 1;
    capped.config.require_marketing_consent = Some(true);
    capped.frame.revision += 1;
    let mut tx = site.control.write().await.unwrap();
    tx.replace(&open).await.unwrap();
    tx.replace(&capped).await.unwrap();
    tx.commit().await.unwrap();
    let mut now = START;
    for _ in 0..3 {
        let engine = site.engine().await;
        for _ in 0..12 {
            now = live(&site, &engine, &random, now, 12).await;
            site.configure(&random).await;
        }
        engine.shutdown().await.unwrap();
        // Nobody sees this until the server starts again.
        site.configure(&random).await;
    }
    let engine = site.engine().await;
    now = live(&site, &engine, &random, now, 12).await;
    let last_row = engine.progress().last_seq;
    let campaigns = site.campaigns().await;
    let mut ids = Vec::new();
    for (number, campaign) in (100..).zip(&campaigns) {
        // The second in several passes, as if there were many instances.
        let progress = ReplayProgress {
            last_row,
            passes: if number == 101 { 3 } else { 0 },
            ..ReplayProgress::default()
        };
        let asked = site.replay_of(number, campaign.id(), ALL, None, progress);
        ids.push((campaign.id(), asked.await));
    }
    // A server that stops in the middle of all that goes on with it.
    for _ in 0..2 {
        assert!(site.replayer(&engine).round().await.unwrap());
    }
    engine.shutdown().await.unwrap();
    drop(engine);
    let engine = site.engine().await;
    site.replayer(&engine).work_off().await.unwrap();

    let mut outcomes = BTreeSet::new();
    for (campaign, id) in &ids {
        let replay = site.replay(*id).await;
        assert_eq!(replay.status, JobStatus::Completed, "{replay:?}");
        let query = DecisionQuery {
            campaign_id: Some(*campaign),
            ..DecisionQuery::default()
        };
        let counts = engine
            .decision_counts(vec![site.app_id], &query)
            .await
            .unwrap();
        assert_eq!(replay.progress.instances, counts.instances);
        let mut summed = moca_core::tally::Counts::new();
        for (word, count) in replay.progress.outcomes.values().flatten() {
            moca_core::tally::add(&mut summed, word, *count);
        }
        assert_eq!(summed, counts.outcomes);
        outcomes.extend(counts.outcomes.into_keys());
    }
    let enough = [
        "Disabled",
        "Fired",
        "NotRunning",
        "Outranked",
        "HeldOut",
        "NoConsent",
    ];
    for outcome in enough {
        assert!(
            outcomes.contains(outcome),
            "hardly anything happened: {outcomes:?}"
        );
    }
    engine.shutdown().await.unwrap();
    drop(engine);
    let stored = dump(site.dir.path());
    for (campaign, id) in ids {
        let app = [b"a", site.app_id.0.0.as_slice()].concat();
        let replay = [b"d", id.0.0.as_slice()].concat();
        let then = kept(&stored["decisions"], &app, campaign);
        assert!(then.len() > 10, "{}", then.len());
        assert_eq!(kept(&stored["replays"], &replay, campaign), then);
    }
    assert!(now > START + HOUR);
}

#[tokio::test]
async fn a_draft_lives_in_what_was_before_it_and_sends_nothing() {
    let site = site().await;
    let random = SeededRandom::new(12);
    let engine = site.engine().await;
    let now = live(&site, &engine, &random, START, 200).await;
    let query = DecisionQuery {
        limit: 1_000,
        ..DecisionQuery::default()
    };
    let before = engine.decisions(site.app_id, &query).await.unwrap();

    // A place that nobody knew of then, about the same point.
    let place_id = site.place(40.0, -3.0).await;
    let draft = site.campaign(None).await;
    let trigger = Trigger::EnterPlace {
        place_id,
        delay_ms: None,
    };
    site.experience(draft, trigger, Repeat::Immediately).await;
    let mut taken = Vec::new();
    {
        let mut tx = site.control.read().await.unwrap();
        let account = site.account_id;
        let place: Place = tx.get(account, place_id.0).await.unwrap().unwrap();
        let campaign: Campaign = tx.get(account, draft.0).await.unwrap().unwrap();
        taken.push(Taken::Place(Box::new(place)));
        taken.push(Taken::Campaign(Box::new(campaign)));
        let experiences = tx.all::<Experience>(None, 100).await.unwrap().into_iter();
        let own = experiences.filter(|one| one.campaign_id == draft);
        taken.extend(own.map(|one| Taken::Experience(Box::new(one))));
    }
    let range = Range {
        from: START + 20 * MINUTE,
        to: now,
    };
    let id = site
        .replay_of(100, draft, range, Some(taken), ReplayProgress::default())
        .await;
    site.replayer(&engine).work_off().await.unwrap();
    let all = DecisionQuery {
        limit: 1_000,
        ..DecisionQuery::default()
    };
    let page = engine.replayed(id, all).await.unwrap();

    // It fired whenever the one did that waits for the other place about the point, and was stopped by
    // nothing. That place was entered by its beacons too, which the new one has none of.
    let fixes: BTreeSet<(i64, Id)> = before
        .items
        .iter()
        .map(|kept| (kept.decision.at_ms, kept.decision.instance_id.0))
        .collect();
    assert!(page.total > 3, "{}", page.total);
    for kept in &page.items {
        assert!((range.from..range.to).contains(&kept.decision.at_ms));
        assert_eq!(kept.decision.message_id, None);
        assert_eq!(kept.decision.campaign_id, draft);
    }
    let alike = page.items.iter().filter(|kept| {
        let decision = &kept.decision;
        fixes.contains(&(decision.at_ms, decision.instance_id.0))
    });
    assert!(alike.count() > 0);
    let replay = site.replay(id).await;
    let experiences: Vec<&ExperienceId> = replay.progress.outcomes.keys().collect();
    assert_eq!(experiences.len(), 1, "{replay:?}");
    assert_eq!(
        replay.progress.outcomes[experiences[0]],
        [("Fired".to_owned(), page.total as u64)].into()
    );
    let after = engine.decisions(site.app_id, &query).await.unwrap();
    assert_eq!(after.total, before.total);

    // Who is erased is gone from replays, and what is forgotten is forgotten.
    let subject = site.register(&engine, "0").await;
    engine.erase(vec![subject]).await.unwrap();
    engine
        .decision_counts(vec![site.app_id], &query)
        .await
        .unwrap();
    engine.shutdown().await.unwrap();
    drop(engine);
    let holds = |pairs: &[(Vec<u8>, Vec<u8>)], id: Id| {
        pairs.iter().any(|(key, value)| {
            let holds = |bytes: &[u8]| bytes.windows(16).any(|part| part == id.0);
            holds(key) || holds(value)
        })
    };
    let stored = dump(site.dir.path());
    assert!(holds(&stored["replays"], id.0));
    assert!(!holds(&stored["replays"], subject.instance_id.0));

    let engine = site.engine().await;
    let mut tx = site.control.write().await.unwrap();
    let replay = tx
        .job::<Replay>(site.account_id, id.0)
        .await
        .unwrap()
        .unwrap();
    tx.delete_job(&replay).await.unwrap();
    tx.commit().await.unwrap();
    site.replayer(&engine).work_off().await.unwrap();
    engine.shutdown().await.unwrap();
    drop(engine);
    assert_eq!(dump(site.dir.path())["replays"], []);
}
