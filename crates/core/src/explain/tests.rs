use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::{
    campaign::{Recurrence, repeat::Repeat},
    consent::Consent,
    event::Profile,
    privacy::Privacy,
    property::Properties,
    samples::{MONDAY, campaign, experience, id},
    segment::{Query, Segments, Traits},
    time::Zone,
};

const HOUR_MS: i64 = 3_600_000;

/// Every combination of rules that stop and rules that do not.
#[test]
fn the_first_rule_that_stops_is_what_is_decided() {
    let mut segments = Segments::default();
    segments.put(id(6), Query::read(r#"{"lang":"es"}"#).unwrap());
    let (profile, properties, tags) = (Profile::default(), Properties::new(), BTreeMap::new());
    let listed = BTreeSet::new();
    let refused = Consent {
        granted: false,
        version: "1".to_owned(),
        at_ms: 0,
    };
    let privacy = Privacy {
        require_marketing_consent: true,
        ..Privacy::default()
    };
    let audience = Audience {
        instance_id: id(1),
        segments: &segments,
        traits: Traits {
            profile: &profile,
            user_id: None,
            properties: &properties,
            tags: &tags,
            created_at: 0,
            last_seen_at: 0,
            push_enabled: false,
            location_status: None,
            listed: &listed,
            refuses_profiling: false,
        },
        marketing: Some(&refused),
        privacy: &privacy,
    };
    let (at_ms, zone) = (MONDAY + 5 * HOUR_MS, Zone::utc());
    for stops in 0..1 << Rule::ALL.len() {
        let stopped = |rule: Rule| stops >> (rule as usize) & 1 == 1;
        let mut campaign = campaign();
        let mut hello = experience(4, Repeat::After8Hours);
        let mut caps = Caps::default();
        hello.config.enabled = !stopped(Rule::Enabled);
        if stopped(Rule::Running) {
            campaign.config.end_at = Some(at_ms);
        }
        let hour = if stopped(Rule::Recurrence) { 6 } else { 5 };
        campaign.config.recurrence = Some(Recurrence {
            hours_of_day: vec![hour],
            days_of_week: Vec::new(),
        });
        if stopped(Rule::Segment) {
            campaign.config.segment_id = Some(id(6));
        }
        campaign.config.require_marketing_consent = Some(stopped(Rule::Consent));
        let last_at = if stopped(Rule::Repeat) {
            at_ms - HOUR_MS
        } else {
            at_ms - 9 * HOUR_MS
        };
        caps.record(campaign.id(), hello.id(), last_at);
        campaign.config.display_cap = Some(if stopped(Rule::Cap) { 1 } else { 2 });
        let wait = if stopped(Rule::Wait) { 10 } else { 1 };
        campaign.config.display_wait_ms = Some(wait * HOUR_MS);

        campaign.config.priority = Some(3);
        let rival = Rival {
            campaign_id: id(7),
            experience_id: id(8),
            priority: if stopped(Rule::Rank) { 4 } else { 3 },
        };
        let held_out = stopped(Rule::Holdout);
        let number = holdout::bucket(campaign.id(), id(1));
        campaign.config.holdout_percent = Some(if held_out { number + 1 } else { number });

        let moment = Moment {
            at_ms,
            zone: &zone,
            rival: Some(rival),
            sensitive: stopped(Rule::Sensitive).then_some(id(9)),
        };
        let (checks, facts) = explain(&campaign, &hello, &audience, &caps, &moment);
        for check in &checks {
            // A wait counts from the same moment as the repeat.
            let expected = match check.rule {
                Rule::Wait => at_ms < last_at + wait * HOUR_MS,
                rule => stopped(rule),
            };
            assert_eq!(check.stops(), expected, "{stops:b} {check:?}");
        }
        let first = checks.iter().find(|check| check.stops());
        let first = first.map_or(Verdict::Fired, |check| check.verdict.clone());
        let decided = decide(&campaign, &hello, &audience, &caps, &moment);
        assert_eq!(first, decided, "{stops:b}");
        assert_eq!((facts.hour, facts.day), (5, 2));
        assert_eq!(facts.shown, Some((1, last_at)));
        assert_eq!((facts.rival, facts.bucket), (Some(rival), number));
    }
}
