//! All rules together against a slow, obvious model of them: whole histories of several campaigns, in
//! zones whose clocks change meanwhile. The model keeps a list of everything that was shown, and finds
//! the boundaries of the calendar by walking along it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{
    collections::{BTreeMap, BTreeSet},
    iter::successors,
};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use moca_core::{
    campaign::{
        Campaign, CampaignConfig, CampaignType, Recurrence, Status,
        caps::Caps,
        decide::{Audience, Rival, Verdict},
        moment::{Candidate, decide_moment},
        repeat::Repeat,
        scene::Scene,
        status::{Lifecycle, Phase},
    },
    consent::Consent,
    event::Profile,
    experience::{Action, Content, Experience, ExperienceConfig, Trigger},
    id::{CampaignId, Id, InstanceId},
    privacy::Privacy,
    property::{Properties, Property},
    resource::Frame,
    segment::{Query, Segments, Traits},
    time::Zone,
    world::World,
};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Later than this no event fires anything.
const LATE_MS: i64 = 10 * MINUTE_MS;

/// Zones, each with a change of its clocks in 2026: by an hour at one, two or three, at midnight (a day
/// without its first hour, a day with 25), by half an hour, and none.
const ZONES: [(&str, &str); 9] = [
    ("Europe/Madrid", "2026-03-29T01:00:00Z"),
    ("Europe/Madrid", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("America/Havana", "2026-03-08T05:00:00Z"),
    ("America/Havana", "2026-11-01T05:00:00Z"),
    ("Africa/Cairo", "2026-04-23T22:00:00Z"),
    ("Africa/Cairo", "2026-10-29T21:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Asia/Kathmandu", "2026-06-01T00:00:00Z"),
];

fn id<T: From<Id>>(number: u8) -> T {
    T::from(Id([number; 16]))
}

fn frame(number: u8) -> Frame {
    Frame {
        account_id: id(0),
        id: id(number),
        created_at: 0,
        updated_at: 0,
        revision: 1,
    }
}

/// The segment of those who speak Spanish.
const SPANISH: u8 = 200;

/// What a case is made of. Times are counted from a change of the clocks.
#[derive(Debug, Clone)]
struct Offer {
    phase: Phase,
    start: i64,
    end: Option<i64>,
    cap: Option<i64>,
    wait: Option<i64>,
    recurrence: Option<(Vec<i64>, Vec<i64>)>,
    spanish: bool,
    priority: Option<i64>,
    holdout: Option<i64>,
    consent: Option<bool>,
    experiences: Vec<(bool, Repeat)>,
}

/// Several triggers that come true together.
#[derive(Debug, Clone)]
struct Together {
    gap: i64,
    who: u8,
    spanish: bool,
    /// What was answered about marketing.
    marketing: Option<bool>,
    /// Each an offer and an experience, modulo how many there are, and whether it is about a sensitive place.
    which: Vec<(usize, usize, bool)>,
}

fn offer() -> impl Strategy<Value = Offer> {
    let phase = prop_oneof![
        8 => Just(Phase::Started),
        1 => prop::sample::select(vec![Phase::Draft, Phase::Stopped, Phase::Finished, Phase::Archived]),
    ];
    let start = prop_oneof![3 => Just(-3 * DAY_MS), 1 => -2 * DAY_MS..DAY_MS];
    let recurrence = (
        prop::collection::vec(0i64..24, 0..16),
        prop::collection::vec(1i64..8, 0..6),
    );
    let rules = (
        prop::option::of(1i64..5),
        prop::option::of(0i64..30 * HOUR_MS),
        prop::option::weighted(0.3, recurrence),
        prop::bool::weighted(0.3),
        prop::option::of(-2i64..3),
        prop::option::weighted(0.4, prop_oneof![Just(0), Just(100), 1i64..100]),
        prop::option::weighted(0.5, any::<bool>()),
    );
    let experiences = prop::collection::vec(
        (prop::bool::weighted(0.9), prop::sample::select(Repeat::ALL)),
        1..4,
    );
    let end = prop::option::of(DAY_MS..40 * DAY_MS);
    (phase, start, end, rules, experiences).prop_map(|(phase, start, end, rules, experiences)| {
        let (cap, wait, recurrence, spanish, priority, holdout, consent) = rules;
        Offer {
            phase,
            start,
            end,
            cap,
            wait,
            recurrence,
            spanish,
            priority,
            holdout,
            consent,
            experiences,
        }
    })
}

fn together() -> impl Strategy<Value = Together> {
    let gap = prop_oneof![
        4 => 0..3 * HOUR_MS,
        2 => Just(0),
        2 => 0..3 * DAY_MS,
        1 => 0..20 * DAY_MS,
        1 => prop::sample::select(vec![MINUTE_MS, 30 * MINUTE_MS, HOUR_MS, DAY_MS, 2 * DAY_MS]),
        // A device that tells late of what was.
        2 => -LATE_MS..0,
    ];
    let which = prop::collection::vec((0usize..12, 0usize..12, prop::bool::weighted(0.1)), 1..6);
    let marketing = prop::option::of(prop::bool::weighted(0.7));
    (gap, 0u8..3, any::<bool>(), marketing, which).prop_map(
        |(gap, who, spanish, marketing, which)| Together {
            gap,
            who,
            spanish,
            marketing,
            which,
        },
    )
}

fn campaign(number: u8, offer: &Offer, origin: i64) -> Campaign {
    let recurrence = offer.recurrence.clone();
    Campaign {
        frame: frame(number),
        app_id: id(1),
        lifecycle: Lifecycle {
            phase: offer.phase,
            since_ms: 0,
        },
        config: CampaignConfig {
            name: "Offer".into(),
            description: None,
            kind: CampaignType::Proximity,
            segment_id: offer.spanish.then(|| id(SPANISH)),
            start_at: origin + offer.start,
            end_at: offer.end.map(|end| origin + end),
            group_id: None,
            display_cap: offer.cap,
            display_wait_ms: offer.wait,
            recurrence: recurrence.map(|(hours_of_day, days_of_week)| Recurrence {
                hours_of_day,
                days_of_week,
            }),
            priority: offer.priority,
            holdout_percent: offer.holdout,
            require_marketing_consent: offer.consent,
        },
    }
}

fn experience(number: u8, of: CampaignId, (enabled, repeat): (bool, Repeat)) -> Experience {
    Experience {
        frame: frame(number),
        campaign_id: of,
        config: ExperienceConfig {
            name: "Hello".into(),
            description: None,
            repeat,
            enabled,
        },
        trigger: Trigger::EnterPlace {
            place_id: id(9),
            delay_ms: None,
        },
        action: Action::SendLocalMessage(Content::default()),
    }
}

/// Something that was shown.
#[derive(Debug, Clone, Copy)]
struct Shown {
    who: u8,
    campaign: usize,
    experience: usize,
    at: i64,
}

/// The rules as a person would apply them with a calendar and a list of all that was shown.
struct Model<'a> {
    zone: TimeZone,
    origin: i64,
    offers: &'a [Offer],
    shown: Vec<Shown>,
}

impl Model<'_> {
    /// The outcomes of what comes true together, in the order in which they are found.
    fn decide(&mut self, at: i64, moment: &Together) -> Vec<(usize, Verdict)> {
        let mut left: Vec<usize> = (0..moment.which.len()).collect();
        let mut fired: Vec<Rival> = Vec::new();
        let mut outcomes = Vec::new();
        while !left.is_empty() {
            let rank = |index: &usize| self.priority(self.at(moment, *index).0);
            let highest = left.iter().map(rank).max().unwrap();
            let next = left.iter().position(|index| rank(index) == highest);
            let index = left.remove(next.unwrap());
            let (campaign, experience) = self.at(moment, index);
            let (_, _, is_sensitive) = moment.which[index];
            let mut verdict = match is_sensitive {
                true => Verdict::SensitivePlace { place_id: id(9) },
                false => self.alone(at, moment, campaign, experience),
            };
            if verdict == Verdict::Fired || matches!(verdict, Verdict::HeldOut { .. }) {
                let priority = self.priority(campaign);
                let higher = fired.iter().find(|rival| rival.priority > priority);
                if let Some(&by) = higher {
                    verdict = Verdict::Outranked { priority, by };
                }
            }
            if verdict == Verdict::Fired {
                self.shown.push(Shown {
                    who: moment.who,
                    campaign,
                    experience,
                    at,
                });
                fired.push(Rival {
                    campaign_id: id(campaign_number(campaign)),
                    experience_id: id(experience_number(campaign, experience)),
                    priority: self.priority(campaign),
                });
            }
            outcomes.push((index, verdict));
        }
        outcomes
    }

    /// The offer and the experience of a trigger.
    fn at(&self, moment: &Together, index: usize) -> (usize, usize) {
        let (offer, experience, _) = moment.which[index];
        let offer = offer % self.offers.len();
        (offer, experience % self.offers[offer].experiences.len())
    }

    fn priority(&self, campaign: usize) -> i64 {
        self.offers[campaign].priority.unwrap_or(0)
    }

    /// What the campaign's own rules say.
    fn alone(&self, at: i64, moment: &Together, campaign: usize, experience: usize) -> Verdict {
        let offer = &self.offers[campaign];
        let (enabled, repeat) = offer.experiences[experience];
        if !enabled {
            return Verdict::Disabled;
        }
        let status = match offer.phase {
            Phase::Draft => Status::Draft,
            Phase::Stopped => Status::Stopped,
            Phase::Finished => Status::Finished,
            Phase::Archived => Status::Archived,
            Phase::Started if at < self.origin + offer.start => Status::Scheduled,
            Phase::Started if offer.end.is_some_and(|end| at >= self.origin + end) => {
                Status::Finished
            }
            Phase::Started => Status::Running,
        };
        if status != Status::Running {
            return Verdict::NotRunning { status };
        }
        let now = self.local(at);
        let hour = i64::from(now.hour());
        let day = i64::from(now.date().weekday().to_sunday_one_offset());
        if let Some((hours, days)) = &offer.recurrence {
            let is_hour = hours.is_empty() || hours.contains(&hour);
            let is_day = days.is_empty() || days.contains(&day);
            if !(is_hour && is_day) {
                return Verdict::OutsideRecurrence { hour, day };
            }
        }
        if offer.spanish && !moment.spanish {
            let english = Some(Property::Text("en".into()));
            return Verdict::NotInSegment {
                segment_id: id(SPANISH),
                compared: vec![("lang".into(), english)],
            };
        }
        // The account asks for consent where an offer does not say.
        if offer.consent != Some(false) && moment.marketing != Some(true) {
            let consent = moment.marketing.map(answered);
            return Verdict::NoConsent { consent };
        }
        let mine = self.shown.iter().filter(|one| one.who == moment.who);
        let of_campaign: Vec<&Shown> = mine.filter(|one| one.campaign == campaign).collect();
        // Of two, in the order of time and not of telling, the second has to wait for the first.
        let of_experience = of_campaign
            .iter()
            .filter(|one| one.experience == experience);
        let too_close = of_experience.map(|one| one.at).filter(|other| {
            let may_again_at = self.may_repeat_at(repeat, at.min(*other));
            may_again_at.is_none_or(|may_again_at| at.max(*other) < may_again_at)
        });
        if let Some(last_at) = too_close.max() {
            let next_at = self.may_repeat_at(repeat, last_at);
            return Verdict::RepeatInterval { last_at, next_at };
        }
        let shown = of_campaign.len() as i64;
        if let Some(cap) = offer.cap.filter(|cap| shown >= *cap) {
            return Verdict::DisplayCap { shown, cap };
        }
        if let Some(wait) = offer.wait {
            let around = at - wait + 1..at + wait;
            let times = of_campaign.iter().map(|one| one.at);
            if let Some(last_at) = times.filter(|other| around.contains(other)).max() {
                let next_at = last_at + wait;
                return Verdict::DisplayWait { last_at, next_at };
            }
        }
        let bucket = number_in(campaign, moment.who);
        match offer.holdout {
            Some(percent) if bucket < percent => Verdict::HeldOut { bucket, percent },
            _ => Verdict::Fired,
        }
    }

    fn local(&self, at: i64) -> DateTime {
        self.zone
            .to_datetime(Timestamp::from_millisecond(at).unwrap())
    }

    /// When what was shown may be again, by the words of `repeat`.
    fn may_repeat_at(&self, repeat: Repeat, last: i64) -> Option<i64> {
        match repeat.as_str() {
            "Never" => None,
            "Immediately" => Some(last),
            "NextDay" => Some(self.first_with_other(last, |at| at.date().to_string())),
            "NextWeek" => Some(self.first_with_other(last, |at| {
                let week = at.date().iso_week_date();
                format!("{} {}", week.year(), week.week())
            })),
            "NextMonth" => {
                Some(self.first_with_other(last, |at| format!("{} {}", at.year(), at.month())))
            }
            word => {
                let word = word.strip_prefix("After").expect("a length of time");
                let unit = word.trim_start_matches(|digit: char| digit.is_ascii_digit());
                let count: i64 = word.strip_suffix(unit).unwrap().parse().unwrap();
                let unit_ms = match unit.trim_end_matches('s') {
                    "Min" => MINUTE_MS,
                    "Hour" => HOUR_MS,
                    "Day" => DAY_MS,
                    "Week" => 7 * DAY_MS,
                    "Month" => 30 * DAY_MS,
                    other => panic!("what is {other}?"),
                };
                Some(last + count * unit_ms)
            }
        }
    }

    /// The first quarter of an hour after a moment in which the calendar says something else. Clocks
    /// are changed, and days begin, at full quarters of UTC in all zones of the test.
    fn first_with_other(&self, last: i64, told: impl Fn(&DateTime) -> String) -> i64 {
        let quarter = 15 * MINUTE_MS;
        let then = told(&self.local(last));
        let differs = |at: &i64| told(&self.local(*at)) != then;
        let strides = successors(Some(last), |at| Some(at + DAY_MS / 2));
        let beyond = strides.skip(1).find(|at| differs(at)).unwrap();
        let from = (beyond - DAY_MS / 2).div_euclid(quarter) * quarter;
        let quarters = successors(Some(from), |at| Some(at + quarter));
        let mut later = quarters.filter(|at| *at > last);
        later.find(|at| differs(at)).unwrap()
    }
}

fn answered(granted: bool) -> Consent {
    Consent {
        granted,
        version: "1".into(),
        at_ms: 0,
    }
}

/// Both ids hashed, the first eight bytes as a number, modulo 100: digit by digit.
fn number_in(campaign: usize, who: u8) -> i64 {
    let mut both = [campaign_number(campaign); 32];
    both[16..].fill(instance_number(who));
    let hash = Sha256::digest(both);
    hash[..8]
        .iter()
        .fold(0, |rest, byte| (rest * 256 + i64::from(*byte)) % 100)
}

fn campaign_number(index: usize) -> u8 {
    10 + index as u8
}

fn experience_number(campaign: usize, index: usize) -> u8 {
    100 + 10 * campaign as u8 + index as u8
}

fn instance_number(who: u8) -> u8 {
    50 + who
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn histories_are_decided_as_the_model_decides_them(
        zone in prop::sample::select(ZONES.to_vec()),
        offers in prop::collection::vec(offer(), 1..4),
        moments in prop::collection::vec(together(), 1..25),
        early in 0..3 * DAY_MS,
    ) {
        let (zone, change) = zone;
        let origin = change.parse::<Timestamp>().unwrap().as_millisecond();
        let local = Zone::named(zone).unwrap();
        let mut model = Model {
            zone: TimeZone::get(zone).unwrap(),
            origin,
            offers: &offers,
            shown: Vec::new(),
        };
        let world: Vec<(Campaign, Vec<Experience>)> = offers
            .iter()
            .enumerate()
            .map(|(index, offer)| {
                let campaign = campaign(campaign_number(index), offer, origin);
                let numbered = offer.experiences.iter().enumerate();
                let experiences = numbered
                    .map(|(nth, rules)| {
                        experience(experience_number(index, nth), campaign.id(), *rules)
                    })
                    .collect();
                (campaign, experiences)
            })
            .collect();
        let mut segments = Segments::default();
        segments.put(id(SPANISH), Query::read(r#"{"lang":"es"}"#).unwrap());
        let nowhere = World::default();
        let mut caps: BTreeMap<u8, Caps> = BTreeMap::new();
        let mut at = origin - early;
        let mut newest: BTreeMap<u8, i64> = BTreeMap::new();
        for moment in &moments {
            let newest = newest.entry(moment.who).or_insert(i64::MIN);
            at = (at + moment.gap).max(newest.saturating_sub(LATE_MS));
            *newest = at.max(*newest);
            let lang = if moment.spanish { "es" } else { "en" };
            let profile = Profile { lang: Some(lang.into()), ..Profile::default() };
            let instance: InstanceId = id(instance_number(moment.who));
            let marketing = moment.marketing.map(answered);
            let privacy = Privacy { require_marketing_consent: true, ..Privacy::default() };
            let audience = Audience {
                instance_id: instance,
                segments: &segments,
                marketing: marketing.as_ref(),
                privacy: &privacy,
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
            };
            let scenes: Vec<Scene<'_>> = (0..moment.which.len())
                .map(|index| {
                    let (offer, nth) = model.at(moment, index);
                    let (campaign, experiences) = &world[offer];
                    Scene {
                        world: &nowhere,
                        target: None,
                        verb: "",
                        event: None,
                        zone: local.clone(),
                        sensitive: moment.which[index].2.then(|| id(9)),
                        woken: vec![(campaign, &experiences[nth])],
                    }
                })
                .collect();
            let candidates = Candidate::all(&scenes);
            let caps = caps.entry(moment.who).or_default();
            let decided = decide_moment(&candidates, &audience, caps, at);
            prop_assert_eq!(decided, model.decide(at, moment), "at {}", at);
        }
    }
}
