//! The exact sets against a count that keeps every event and counts anew for each question.

use std::collections::{BTreeMap, BTreeSet};

use moca_core::{
    event::Subject,
    experience::{Target, TargetKind},
    metric::Metric,
    time::Range,
};
use moca_engine::{CountQuery, Engine};

use crate::support::{DAY, HOUR, MINUTE, START, SeededRandom, Site};

const DEVICES: usize = 12;

/// Everything that happened, as plain lists.
#[derive(Default)]
struct Naive {
    /// Time and device of every event.
    events: Vec<(i64, usize)>,
    /// Time, device and target of every entry.
    entries: Vec<(i64, usize, Target)>,
}

impl Naive {
    fn active(&self, range: Range) -> BTreeSet<usize> {
        let within = |at: i64| range.from <= at && at < range.to;
        self.events
            .iter()
            .filter(|(at, _)| within(*at))
            .map(|(_, device)| *device)
            .collect()
    }

    fn first_seen(&self, range: Range) -> BTreeSet<usize> {
        (0..DEVICES)
            .filter(|device| {
                let own = self.events.iter().filter(|(_, by)| by == device);
                own.map(|(at, _)| *at)
                    .min()
                    .is_some_and(|first| range.from <= first && first < range.to)
            })
            .collect()
    }

    fn visitors(&self, range: Range, target: Option<Target>) -> BTreeSet<usize> {
        self.entries
            .iter()
            .filter(|(at, _, entered)| {
                range.from <= *at
                    && *at < range.to
                    && target.is_none_or(|wanted| wanted == *entered)
            })
            .map(|(_, device, _)| *device)
            .collect()
    }

    fn count(&self, metric: Metric, target: Option<Target>, range: Range) -> u64 {
        let members = match metric {
            Metric::ActiveUsers => self.active(range),
            Metric::NewUsers => self.first_seen(range),
            Metric::ReturningUsers => &self.active(range) - &self.first_seen(range),
            Metric::Visitors => self.visitors(range, target),
        };
        members.len() as u64
    }
}

/// A range that starts and ends anywhere, often on a boundary of a set or one beside it, or at an
/// event.
fn range(naive: &Naive, random: &SeededRandom) -> Range {
    let moment = || {
        if random.below(3) == 0 {
            return naive.events[random.below(naive.events.len() as i64) as usize].0;
        }
        let at = random.below(4 * DAY) - DAY / 2;
        let width = [1, 15 * MINUTE, HOUR, DAY][random.below(4) as usize];
        START + at - at.rem_euclid(width) + (random.below(3) - 1) * random.below(2)
    };
    let (a, b) = (moment(), moment());
    Range {
        from: a.min(b),
        to: a.max(b),
    }
}

async fn compare(site: &Site, engine: &Engine, naive: &Naive, targets: &[Target], seed: u64) {
    let random = SeededRandom::new(seed);
    let ranges: Vec<Range> = (0..60).map(|_| range(naive, &random)).collect();
    let mut asked = vec![
        (Metric::ActiveUsers, None),
        (Metric::NewUsers, None),
        (Metric::ReturningUsers, None),
        (Metric::Visitors, None),
    ];
    asked.extend(
        targets
            .iter()
            .map(|target| (Metric::Visitors, Some(*target))),
    );
    for (metric, target) in asked {
        let query = CountQuery {
            app_id: site.app_id,
            metric,
            target,
        };
        let counts = engine.count(&query, &ranges).await.unwrap();
        for (range, count) in ranges.iter().zip(counts) {
            let expected = naive.count(metric, target, *range);
            assert_eq!(
                count, expected,
                "{metric:?} {target:?} {range:?} seed {seed}"
            );
        }
    }
    for kind in [TargetKind::Place, TargetKind::Zone] {
        for range in &ranges {
            let found = engine
                .visitors_by_target(site.app_id, kind, *range)
                .await
                .unwrap();
            assert!(found.is_sorted_by_key(|(target, count)| (std::cmp::Reverse(*count), *target)));
            let expected: BTreeMap<Target, u64> = targets
                .iter()
                .filter(|target| target.kind() == kind)
                .map(|target| (*target, naive.visitors(*range, Some(*target)).len() as u64))
                .filter(|(_, count)| *count > 0)
                .collect();
            assert_eq!(found.into_iter().collect::<BTreeMap<_, _>>(), expected);
        }
    }
}

/// Sends random events of one device, some of them late, and notes what they are.
async fn send(
    site: &Site,
    engine: &Engine,
    devices: &mut [(Subject, Option<usize>, i64)],
    places: &[Target],
    naive: &mut Naive,
    random: &SeededRandom,
) {
    let device = random.below(DEVICES as i64) as usize;
    let (subject, inside, newest_fix_at) = &mut devices[device];
    let mut at = START + random.below(3 * DAY);
    let mut events = Vec::new();
    for _ in 0..random.below(4) + 1 {
        at += random.below(20 * MINUTE);
        naive.events.push((at, device));
        // One in three is no position: activity only.
        let place = random.below(places.len() as i64 + 1) as usize;
        if random.below(3) == 0 {
            events.push(site.custom(at));
            continue;
        }
        // Places lie a degree apart, the last position in none of them.
        events.push(site.fix(at, 10.0 + place as f64, 20.0));
        if at < *newest_fix_at {
            continue;
        }
        *newest_fix_at = at;
        let now = places.get(place).map(|_| place);
        if now != *inside
            && let Some(place) = now
        {
            naive.entries.push((at, device, places[place]));
        }
        *inside = now;
    }
    engine.events(*subject, events).await.unwrap();
}

#[tokio::test]
async fn every_count_equals_the_naive_one() {
    for seed in 1..=3 {
        let random = SeededRandom::new(seed);
        let site = Site::new().await;
        let mut places = Vec::new();
        for index in 0..3 {
            let place = site.place(10.0 + f64::from(index), 20.0).await;
            places.push(Target::Place(place));
        }
        let mut naive = Naive::default();
        let mut engine = site.engine().await;
        let mut devices = Vec::new();
        for device in 0..DEVICES {
            let subject = site.register(&engine, &device.to_string()).await;
            devices.push((subject, None, 0));
        }
        for step in 0..120 {
            send(&site, &engine, &mut devices, &places, &mut naive, &random).await;
            if step % 40 == 20 {
                compare(&site, &engine, &naive, &places, seed * 100 + step).await;
                engine.shutdown().await.unwrap();
                drop(engine);
                engine = site.engine().await;
            }
        }
        compare(&site, &engine, &naive, &places, seed * 100 + 99).await;
        engine.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_first_event_that_comes_late_moves_the_new_user() {
    let site = Site::new().await;
    let engine = site.engine().await;
    let phone = site.register(&engine, "phone").await;
    let day = |n: i64| Range {
        from: START + n * DAY,
        to: START + (n + 1) * DAY,
    };
    let new = CountQuery {
        app_id: site.app_id,
        metric: Metric::NewUsers,
        target: None,
    };
    let ranges = [day(0), day(1), day(2)];
    for (at, expected) in [
        (START + 2 * DAY, [0, 0, 1]),
        (START + 2 * DAY + 1, [0, 0, 1]),
        (START + 1, [1, 0, 0]),
        (START + DAY, [1, 0, 0]),
    ] {
        engine.events(phone, vec![site.custom(at)]).await.unwrap();
        assert_eq!(engine.count(&new, &ranges).await.unwrap(), expected);
    }
    engine.shutdown().await.unwrap();
}
