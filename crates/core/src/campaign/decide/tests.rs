//! Each rule on its own, and all of them against a slow, obvious model over whole histories.

use proptest::prelude::*;

use super::*;
use crate::{
    campaign::{Recurrence, repeat::Repeat},
    event::Profile,
    id::Id,
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
        segments: &segments,
        traits: Traits {
            profile: &profile,
            user_id: None,
            properties: &Properties::new(),
            tags: &BTreeMap::new(),
            push_enabled: false,
            created_at: 0,
            last_seen_at: 0,
        },
    };
    super::decide(campaign, experience, &audience, caps, at_ms, zone)
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

/// The rules again, from the list of everything that fired so far.
fn model(campaign: &Campaign, experience: &Experience, history: &[(u8, i64)], at: i64) -> bool {
    let config = &campaign.config;
    let zone = Zone::utc();
    let (hour, day) = zone.hour_and_day(at);
    let recurrence = config.recurrence.clone().unwrap_or_default();
    let mine = history
        .iter()
        .filter(|(id, _)| Id([*id; 16]) == experience.frame.id);
    experience.config.enabled
        && at >= config.start_at
        && config.end_at.is_none_or(|end_at| at < end_at)
        && (recurrence.hours_of_day.is_empty() || recurrence.hours_of_day.contains(&hour))
        && (recurrence.days_of_week.is_empty() || recurrence.days_of_week.contains(&day))
        && mine
            .map(|(_, last)| experience.config.repeat.next_at(*last, &zone))
            .all(|next| next.is_some_and(|next| at >= next))
        && config
            .display_cap
            .is_none_or(|cap| (history.len() as i64) < cap)
        && config
            .display_wait_ms
            .is_none_or(|wait| history.iter().all(|(_, last)| at >= last + wait))
}

proptest! {
    #[test]
    fn a_whole_history_is_decided_as_the_model_decides_it(
        cap in prop::option::of(1i64..6),
        wait in prop::option::of(0i64..(3 * HOUR_MS)),
        hours in prop::collection::vec(0i64..24, 0..12),
        days in prop::collection::vec(1i64..8, 0..5),
        repeats in prop::collection::vec(prop::sample::select(Repeat::ALL), 3),
        triggers in prop::collection::vec((0usize..3, 0i64..(6 * HOUR_MS)), 1..40),
    ) {
        let mut campaign = campaign();
        campaign.config.display_cap = cap;
        campaign.config.display_wait_ms = wait;
        campaign.config.recurrence = Some(Recurrence { hours_of_day: hours, days_of_week: days });
        let mut caps = Caps::default();
        let mut history: Vec<(u8, i64)> = Vec::new();
        let mut at = MONDAY - 2 * HOUR_MS;
        for (which, gap) in triggers {
            at += gap;
            let id = 4 + u8::try_from(which).unwrap();
            let experience = experience(id, repeats[which]);
            let verdict = decide(&campaign, &experience, &caps, at, &Zone::utc());
            prop_assert_eq!(verdict == Verdict::Fired, model(&campaign, &experience, &history, at), "{:?}", verdict);
            if verdict == Verdict::Fired {
                caps.record(campaign.id(), experience.id(), at);
                history.push((id, at));
            }
        }
    }
}
