//! Each rule on its own. All of them together are held to a model in `tests/rules.rs`.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::{
    campaign::{Recurrence, repeat::Repeat},
    event::Profile,
    property::{Properties, Property},
    samples::{MONDAY, campaign, experience, id},
    segment::Query,
};

const HOUR_MS: i64 = 3_600_000;

/// The verdict for an instance of which nothing is known.
fn decide(
    campaign: &Campaign,
    experience: &Experience,
    caps: &Caps,
    at_ms: i64,
    zone: &Zone,
) -> Verdict {
    let lang = None;
    decide_for(lang, campaign, experience, caps, at_ms, zone)
}

/// The verdict for an instance that speaks a language, in an account where segment 6 holds those that
/// speak Spanish.
fn decide_for(
    lang: Option<&str>,
    campaign: &Campaign,
    experience: &Experience,
    caps: &Caps,
    at_ms: i64,
    zone: &Zone,
) -> Verdict {
    let mut segments = Segments::default();
    segments.put(id(6), Query::read(r#"{"lang":"es","os":"iOS"}"#).unwrap());
    let profile = Profile {
        lang: lang.map(str::to_owned),
        os: Some("iOS".into()),
        ..Profile::default()
    };
    let audience = Audience {
        instance_id: id(1),
        segments: &segments,
        traits: Traits {
            profile: &profile,
            user_id: None,
            properties: &Properties::new(),
            tags: &BTreeMap::new(),
            push_enabled: false,
            location_status: None,
            listed: &BTreeSet::new(),
            refuses_profiling: false,
            created_at: 0,
            last_seen_at: 0,
        },
        marketing: None,
        privacy: &Privacy::default(),
    };
    let moment = Moment {
        at_ms,
        zone,
        rival: None,
        sensitive: None,
    };
    super::decide(campaign, experience, &audience, caps, &moment)
}

#[test]
fn a_segment_keeps_out_who_is_not_in_it_with_the_values_that_did() {
    let (hello, utc) = (experience(4, Repeat::Never), Zone::utc());
    let mut spanish = campaign();
    spanish.config.segment_id = Some(id(6));
    let shown = fired(&[MONDAY]);
    let verdict = |lang, campaign: &Campaign, caps: &Caps, at| {
        decide_for(lang, campaign, &hello, caps, at, &utc)
    };
    let kept_out = |compared| Verdict::NotInSegment {
        segment_id: id(6),
        compared,
    };
    let none = Caps::default();
    assert_eq!(verdict(Some("es"), &spanish, &none, MONDAY), Verdict::Fired);
    assert_eq!(
        verdict(Some("en"), &campaign(), &none, MONDAY),
        Verdict::Fired
    );
    let english = Some(Property::Text("en".into()));
    for (lang, value) in [(Some("en"), english), (None, None)] {
        // It comes before what was shown.
        assert_eq!(
            verdict(lang, &spanish, &shown, MONDAY),
            kept_out(vec![("lang".into(), value)])
        );
    }
    let early = verdict(Some("en"), &spanish, &none, MONDAY - 1);
    assert!(matches!(early, Verdict::NotRunning { .. }), "{early:?}");
    // Whatever became of the segment, the campaign is not for everybody.
    spanish.config.segment_id = Some(id(7));
    let gone = Verdict::NotInSegment {
        segment_id: id(7),
        compared: Vec::new(),
    };
    assert_eq!(verdict(Some("es"), &spanish, &none, MONDAY), gone);
}

fn fired(times: &[i64]) -> Caps {
    let mut caps = Caps::default();
    for &at in times {
        caps.record(campaign().id(), experience(4, Repeat::Never).id(), at);
    }
    caps
}

#[test]
fn each_rule_stops_with_the_values_it_compared() {
    let zone = Zone::utc();
    let hello = experience(4, Repeat::After1Hour);
    let other = experience(5, Repeat::Never);
    let shown = fired(&[MONDAY]);
    let at = MONDAY + 10 * 60_000;

    let mut disabled = hello.clone();
    disabled.config.enabled = false;
    assert_eq!(
        decide(&campaign(), &disabled, &shown, at, &zone),
        Verdict::Disabled
    );

    let early = decide(&campaign(), &hello, &Caps::default(), MONDAY - 1, &zone);
    assert_eq!(
        early,
        Verdict::NotRunning {
            status: Status::Scheduled
        }
    );
    let late = decide(
        &campaign(),
        &hello,
        &Caps::default(),
        campaign().config.end_at.unwrap(),
        &zone,
    );
    assert_eq!(
        late,
        Verdict::NotRunning {
            status: Status::Finished
        }
    );

    let repeated = decide(&campaign(), &hello, &shown, at, &zone);
    assert_eq!(
        repeated,
        Verdict::RepeatInterval {
            last_at: MONDAY,
            next_at: Some(MONDAY + HOUR_MS)
        }
    );
    assert_eq!(
        decide(&campaign(), &hello, &shown, MONDAY + HOUR_MS, &zone),
        Verdict::Fired
    );

    let mut capped = campaign();
    capped.config.display_cap = Some(1);
    assert_eq!(
        decide(&capped, &other, &shown, at, &zone),
        Verdict::DisplayCap { shown: 1, cap: 1 }
    );
    assert_eq!(
        decide(&capped, &other, &Caps::default(), at, &zone),
        Verdict::Fired
    );

    let mut waiting = campaign();
    waiting.config.display_wait_ms = Some(HOUR_MS);
    let wait = Verdict::DisplayWait {
        last_at: MONDAY,
        next_at: MONDAY + HOUR_MS,
    };
    assert_eq!(
        decide(&waiting, &other, &shown, MONDAY + HOUR_MS - 1, &zone),
        wait
    );
    assert_eq!(
        decide(&waiting, &other, &shown, MONDAY + HOUR_MS, &zone),
        Verdict::Fired
    );
}

#[test]
fn recurrence_goes_by_the_local_clock() {
    let mut campaign = campaign();
    campaign.config.recurrence = Some(Recurrence {
        hours_of_day: vec![1, 2],
        days_of_week: vec![2],
    });
    let hello = experience(4, Repeat::Immediately);
    let none = Caps::default();
    let madrid = Zone::named("Europe/Madrid").unwrap();
    // [1, 2] means 01:00 to 02:59: in Madrid that is 00:00 to 01:59 UTC.
    assert_eq!(
        decide(&campaign, &hello, &none, MONDAY, &madrid),
        Verdict::Fired
    );
    assert_eq!(
        decide(&campaign, &hello, &none, MONDAY + 2 * HOUR_MS - 1, &madrid),
        Verdict::Fired
    );
    let outside = Verdict::OutsideRecurrence { hour: 3, day: 2 };
    assert_eq!(
        decide(&campaign, &hello, &none, MONDAY + 2 * HOUR_MS, &madrid),
        outside
    );
    let tuesday = Verdict::OutsideRecurrence { hour: 1, day: 3 };
    assert_eq!(
        decide(&campaign, &hello, &none, MONDAY + 24 * HOUR_MS, &madrid),
        tuesday
    );
}

#[test]
fn what_is_outranked_and_held_out_says_by_what() {
    let (hello, zone) = (experience(4, Repeat::Never), Zone::utc());
    let mut campaign = campaign();
    campaign.config.priority = Some(-1);
    let segments = Segments::default();
    let audience = Audience {
        instance_id: id(1),
        segments: &segments,
        traits: Traits {
            profile: &Profile::default(),
            user_id: None,
            properties: &Properties::new(),
            tags: &BTreeMap::new(),
            push_enabled: false,
            location_status: None,
            listed: &BTreeSet::new(),
            refuses_profiling: false,
            created_at: 0,
            last_seen_at: 0,
        },
        marketing: None,
        privacy: &Privacy::default(),
    };
    let verdict = |campaign: &Campaign, caps: &Caps, priority: i64| {
        let rival = Some(Rival {
            campaign_id: id(7),
            experience_id: id(8),
            priority,
        });
        let moment = Moment {
            at_ms: MONDAY,
            zone: &zone,
            rival,
            sensitive: None,
        };
        super::decide(campaign, &hello, &audience, caps, &moment)
    };
    let none = Caps::default();
    assert_eq!(verdict(&campaign, &none, -1), Verdict::Fired);
    let outranked = Verdict::Outranked {
        priority: -1,
        by: Rival {
            campaign_id: id(7),
            experience_id: id(8),
            priority: 0,
        },
    };
    assert_eq!(verdict(&campaign, &none, 0), outranked);
    let bucket = holdout::bucket(campaign.id(), id(1));
    campaign.config.holdout_percent = Some(bucket);
    assert_eq!(verdict(&campaign, &none, -1), Verdict::Fired);
    campaign.config.holdout_percent = Some(bucket + 1);
    let held_out = Verdict::HeldOut {
        bucket,
        percent: bucket + 1,
    };
    assert_eq!(verdict(&campaign, &none, -1), held_out);
    // Who would not have got it is no part of the control group.
    assert_eq!(verdict(&campaign, &none, 0), outranked);
    let repeated = verdict(&campaign, &fired(&[MONDAY]), -1);
    assert!(matches!(repeated, Verdict::RepeatInterval { .. }));
}
