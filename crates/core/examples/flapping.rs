//! How often a phone that cannot know exactly where it is enters and leaves a place that it did not, and
//! how often an enter or exit is missed: MOCA's rules, without and with the paths between positions,
//! beside a test of inside and outside.
//!
//! `cargo run -p moca-core --example flapping -- [RADIUS [SECONDS]]` walks phones past a circle of so many
//! metres (100), onto its border, through it and into it, with positions every so many seconds (1) that
//! are wrong by a Gaussian error, and prints a table. The same seed gives the same table.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::f64::consts::TAU;

use moca_core::{
    event::{Event, EventBody, Fix},
    experience::Direction,
    geo::{Circle, Geofence, LatLon},
    id::{AccountId, Id, PlaceId},
    place::{Place, PlaceConfig},
    presence::{Occurrence, Presence, PresenceConfig, observe},
    property::Properties,
    resource::Frame,
    world::World,
};

/// Journeys of each kind.
const JOURNEYS: usize = 100;
/// Metres of a degree of longitude on the equator, where all of this happens.
const DEGREE_M: f64 = 111_319.490_793;
const WALK_M_S: f64 = 1.4;
const DRIVE_M_S: f64 = 14.0;
/// Metres outside the border where a journey begins and ends.
const AWAY_M: f64 = 400.0;
/// Radius of the circle that holds 68.3 % of the positions, in standard deviations of each axis.
const ACCURACY_SIGMAS: f64 = 1.5158;
/// Seconds after which the error of a fix is 1/e of what it was, when errors are of a kind.
const CORRELATION_S: f64 = 30.0;

/// How long a path between two positions may take.
const PATH_CROSSING_MS: i64 = 60_000;

/// A second and what the phone told then.
type Told = (usize, Fix);

/// Metres east and north of the middle of the circle.
type Point = [f64; 2];

struct Journey {
    name: &'static str,
    /// Where the phone is, once a second.
    path: Vec<Point>,
    /// Whether it goes in and out again; else it should do neither.
    goes_in: bool,
    /// Enters that may be told although none is due: on the border either answer is right.
    allowed: usize,
}

fn journeys(radius_m: f64) -> [Journey; 4] {
    let reach = radius_m + AWAY_M;
    let straight = |north_m: f64, speed: f64| -> Vec<Point> {
        let seconds = (2.0 * reach / speed) as usize;
        let east = |second: usize| speed * second as f64 - reach;
        (0..=seconds)
            .map(|second| [east(second), north_m])
            .collect()
    };
    let mut visit = straight(0.0, WALK_M_S);
    let middle = visit.len() / 2;
    visit.splice(middle..middle, vec![[0.0, 0.0]; 600]);
    [
        Journey {
            name: "walks by, 20 m off",
            path: straight(radius_m + 20.0, WALK_M_S),
            goes_in: false,
            allowed: 0,
        },
        Journey {
            name: "stands on the border",
            path: vec![[radius_m, 0.0]; 1_800],
            goes_in: false,
            allowed: 1,
        },
        Journey {
            name: "drives through",
            path: straight(0.3 * radius_m, DRIVE_M_S),
            goes_in: true,
            allowed: 0,
        },
        Journey {
            name: "stays ten minutes",
            path: visit,
            goes_in: true,
            allowed: 0,
        },
    ]
}

/// Seconds of enters and exits.
type Crossings = Vec<(usize, Direction)>;

fn naive(world: &World, fixes: &[Told]) -> Crossings {
    let mut told = Vec::new();
    let mut was_inside = false;
    for &(second, fix) in fixes {
        let mut is_inside = false;
        world.fences_at(fix.at, |_| is_inside = true);
        match (was_inside, is_inside) {
            (false, true) => told.push((second, Direction::Enter)),
            (true, false) => told.push((second, Direction::Exit)),
            _ => {}
        }
        was_inside = is_inside;
    }
    told
}

fn moca(world: &World, fixes: &[Told]) -> Crossings {
    let mut presence = Presence::default();
    let mut occurred = Vec::new();
    for &(second, fix) in fixes {
        let event = Event {
            id: [0; 16],
            at_ms: second as i64 * 1_000,
            body: EventBody::Location(fix),
        };
        observe(&mut presence, world, &event, &mut occurred);
    }
    let told = occurred.iter().filter_map(|occurrence: &Occurrence| {
        let (direction, _) = occurrence.crossing()?;
        Some(((occurrence.at_ms() / 1_000) as usize, direction))
    });
    told.collect()
}

/// What is summed up over journeys of a kind.
#[derive(Default)]
struct Sum {
    seconds: usize,
    wrong: usize,
    due: usize,
    met: usize,
    late_s: f64,
}

impl Sum {
    fn add(&mut self, journey: &Journey, radius_m: f64, told: &Crossings) {
        self.seconds += journey.path.len();
        if !journey.goes_in {
            self.wrong += told.len().saturating_sub(journey.allowed);
            return;
        }
        let is_in = |point: &&Point| point[0].hypot(point[1]) <= radius_m;
        let entered = journey
            .path
            .iter()
            .take_while(|point| !is_in(point))
            .count();
        let stayed = journey.path[entered..].iter().take_while(is_in).count();
        let left = entered + stayed;
        // Of a run of enters and exits the first enter and the last exit are right, all between wrong.
        let enter = told.first().filter(|(second, _)| *second < left);
        let exit = told
            .last()
            .filter(|(_, direction)| *direction == Direction::Exit);
        let met = [enter, exit.filter(|_| enter.is_some())];
        self.due += 2;
        self.met += met.iter().flatten().count();
        self.wrong += told.len() - met.iter().flatten().count();
        for (told, due) in met.iter().zip([entered, left]) {
            self.late_s += told.map_or(0.0, |(second, _)| *second as f64 - due as f64);
        }
    }

    fn wrong_an_hour(&self) -> f64 {
        self.wrong as f64 * 3_600.0 / self.seconds as f64
    }

    fn recall(&self) -> String {
        match self.due {
            0 => String::new(),
            due => format!("{:.0} %", 100.0 * self.met as f64 / due as f64),
        }
    }

    fn late(&self) -> String {
        match self.met {
            0 => String::new(),
            // What is added makes 0 of -0.
            met => format!("{:.0} s", (self.late_s / met as f64).round() + 0.0),
        }
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let radius_m = arguments
        .next()
        .map_or(Some(100.0), |text| text.parse().ok());
    let every = arguments.next().map_or(Some(1), |text| text.parse().ok());
    let worlds = radius_m.and_then(|radius_m| {
        let paths = PresenceConfig {
            path_crossing_ms: Some(PATH_CROSSING_MS),
            ..PresenceConfig::default()
        };
        Some([world(radius_m, None)?, world(radius_m, Some(paths))?])
    });
    let (Some([usual, with_paths]), Some(every @ 1..)) = (worlds, every) else {
        println!("give a radius in metres and seconds between positions, for example 100 1");
        return;
    };
    let radius_m = radius_m.unwrap_or_default();
    println!(
        "| errors | accuracy | the phone | naive: false/h | recall | late | MOCA: false/h | recall | late \
         | with paths: false/h | recall | late |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for (errors, correlation) in [
        ("independent", 0.0),
        ("of a kind", (-1.0 / CORRELATION_S).exp()),
    ] {
        for accuracy_m in [5.0, 15.0, 50.0] {
            for journey in journeys(radius_m) {
                let mut dice = Dice(1);
                let mut sums = [Sum::default(), Sum::default(), Sum::default()];
                for _ in 0..JOURNEYS {
                    let fixes = fixes(&journey.path, accuracy_m, correlation, &mut dice);
                    // Where in its step the first one falls; there is nothing to roll for at one a second.
                    let first = if every > 1 {
                        dice.next() as usize % every
                    } else {
                        0
                    };
                    let told: Vec<Told> = fixes.into_iter().skip(first).step_by(every).collect();
                    let crossings = [
                        naive(&usual, &told),
                        moca(&usual, &told),
                        moca(&with_paths, &told),
                    ];
                    for (sum, crossings) in sums.iter_mut().zip(&crossings) {
                        sum.add(&journey, radius_m, crossings);
                    }
                }
                let cells = sums.iter().map(|sum| {
                    let wrong = sum.wrong_an_hour();
                    format!("{wrong:.1} | {} | {} |", sum.recall(), sum.late())
                });
                println!(
                    "| {errors} | {accuracy_m} m | {} | {}",
                    journey.name,
                    cells.collect::<Vec<_>>().join(" ")
                );
            }
        }
    }
}

/// A world with one circle in it, where degrees of longitude and latitude are about the same.
fn world(radius_m: f64, presence: Option<PresenceConfig>) -> Option<World> {
    let center = position([0.0, 0.0])?;
    let config = PlaceConfig {
        name: "Place".into(),
        geofence: Some(Geofence::from(Circle::new(center, radius_m).ok()?)),
        address: None,
        sensitive: false,
        time_zone: None,
        category: None,
        external_id: None,
        provider: None,
        label_ids: Vec::new(),
        location_provider: None,
        floor_plan_provider: None,
        presence,
        properties: Properties::new(),
    };
    let frame = Frame {
        account_id: AccountId(Id([0; 16])),
        id: PlaceId(Id([1; 16])).0,
        created_at: 0,
        updated_at: 0,
        revision: 1,
    };
    let mut world = World::default();
    world.put_place(Place {
        frame,
        config,
        sealed_secret_key: None,
    });
    Some(world)
}

fn position([east_m, north_m]: Point) -> Option<LatLon> {
    // A degree of latitude is shorter there by 0.67 %.
    LatLon::new(north_m / (0.993_3 * DEGREE_M), east_m / DEGREE_M).ok()
}

/// What a phone tells that goes along a path. With a correlation the error of a fix is that much of the
/// one before (a Gauss–Markov process).
fn fixes(path: &[Point], accuracy_m: f64, correlation: f64, dice: &mut Dice) -> Vec<Told> {
    let sigma = accuracy_m / ACCURACY_SIGMAS;
    let mut error = dice.gaussian().map(|part| sigma * part);
    let mut fixes = Vec::with_capacity(path.len());
    for (second, point) in path.iter().enumerate() {
        let told = [0, 1].map(|axis| point[axis] + error[axis]);
        let fix = |at| Fix {
            at,
            accuracy_m: Some(accuracy_m as f32),
            speed_m_s: None,
            floor: None,
        };
        fixes.extend(position(told).map(|at| (second, fix(at))));
        let fresh = dice.gaussian();
        let share = sigma * (1.0 - correlation * correlation).sqrt();
        error = [0, 1].map(|axis| correlation * error[axis] + share * fresh[axis]);
    }
    fixes
}

/// `SplitMix64`.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 1, without 0.
    fn fraction(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// Two independent numbers with a standard deviation of 1 (Box and Muller).
    fn gaussian(&mut self) -> Point {
        let reach = (-2.0 * self.fraction().ln()).sqrt();
        let turn = TAU * self.fraction();
        [reach * turn.cos(), reach * turn.sin()]
    }
}
