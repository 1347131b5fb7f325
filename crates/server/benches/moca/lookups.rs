//! Which circles a point is in, asked in this process on one core: what the index does with no server
//! around it. The same circles and points are asked of `tile38-server` where there is one.

use std::{
    hint::black_box,
    process,
    time::{Duration, Instant},
};

use moca_core::{
    experience::Target,
    geo::{Circle, LatLon, index::FenceIndex},
    id::{Id, PlaceId},
};

use crate::{
    RUNS,
    dice::Dice,
    ground::Ground,
    process::Process,
    table::{Table, grouped},
    tile38,
};

/// What the load is called.
pub(crate) const NAME: &str = "point lookups";
/// Points of a run.
const POINTS: usize = 1_000_000;

/// All airports of 5 km, and towns full of small circles.
pub(crate) fn run(table: &mut Table) {
    for ground in [
        Ground::airports(),
        Ground::towns(100_000, 200.0),
        Ground::towns(1_000_000, 200.0),
        Ground::towns(5_000_000, 200.0),
    ] {
        let what = ground.to_string();
        eprintln!("{NAME}: {what}");
        let points = points(&ground);
        let own = Process::new(process::id());
        let before = own.memory_bytes();
        let (index, longest) = index(&ground);
        let bytes =
            (own.memory_bytes().saturating_sub(before)) as f64 / ground.centers.len() as f64;
        let mut rates = Vec::new();
        let mut found = 0_usize;
        for _ in 0..RUNS {
            let started = Instant::now();
            for point in &points {
                index.containing(*point, |key| {
                    black_box(key);
                    found += 1;
                });
            }
            rates.push(POINTS as f64 / started.elapsed().as_secs_f64());
        }
        let share = found as f64 / (RUNS * POINTS) as f64;
        table.rates(&format!("{NAME}/s, {what}"), rates);
        table.said("of which a point is in", format!("{share:.2}"));
        table.said(
            "memory of the index, a fence",
            format!("{} B", grouped(bytes)),
        );
        table.said(
            "longest time to put one in",
            format!("{:.1} ms", longest.as_secs_f64() * 1_000.0),
        );
        drop(index);
        tile38::lookups(table, &ground, &points);
    }
}

fn points(ground: &Ground) -> Vec<LatLon> {
    let mut dice = Dice::new(2);
    let point = |_| {
        let (latitude, longitude) = ground.point(&mut dice);
        LatLon::new(latitude, longitude).unwrap()
    };
    (0..POINTS).map(point).collect()
}

/// The index, and the longest time that lookups would have waited for one circle more.
fn index(ground: &Ground) -> (FenceIndex<Target>, Duration) {
    let mut index = FenceIndex::default();
    let mut longest = Duration::ZERO;
    for (number, (latitude, longitude)) in (0_u128..).zip(&ground.centers) {
        let center = LatLon::new(*latitude, *longitude).unwrap();
        let circle = Circle::new(center, ground.radius_m).unwrap();
        let place = Target::Place(PlaceId(Id(number.to_be_bytes())));
        let started = Instant::now();
        index.insert(place, &circle.into());
        longest = longest.max(started.elapsed());
    }
    (index, longest)
}
