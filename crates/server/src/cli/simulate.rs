//! `moca simulate`

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use jiff::SignedDuration;
use moca_core::{
    clock::Clock,
    geo::Circle,
    id::{AppId, Id},
};

use super::{connection, exit, run_to_end};
use crate::{
    screen::grouped,
    simulate::{self, Habit, Options, Phones, Summary},
    system::SystemClock,
};

/// Devices of one kind at most: each is kept in memory.
const DEVICES_MAX: u64 = 1_000_000;
/// Requests under way at a time.
const CONNECTIONS_MAX: u64 = 1_024;

pub(super) fn command() -> Command {
    Command::new("simulate")
        .about("Move a fleet of made-up devices among the places of a server")
        .long_about(
            "Registers devices with an app and moves them among the account's places and beacons, \
             with the noise, the wrong clocks and the dead spots of real phones, through the public \
             API only. What fires and what is counted is real: take an account for tests. The same \
             --seed, --begin and --duration tell the same history, down to the ids of the events.",
        )
        .after_help(format!(
            "Examples:\n  \
             moca simulate --walkers 200                  an hour that has just passed, at once\n  \
             moca simulate --shoppers 50 --speed 1        from now on, as life goes\n  \
             moca simulate --drivers 1000 --rate 20000    at most 20 000 events a second\n  \
             moca simulate --walkers 9 --around 40.4,-3.7,5000 --noise 50 --outages 0.1\n\n{}",
            exit::CODES
        ))
        .args(connection::arguments())
        .arg(
            Arg::new("app")
                .long("app")
                .value_name("APP_ID")
                .value_parser(read_app)
                .help("The app of the devices [default: the account's only one]"),
        )
        .args([
            count("walkers", "People on foot, from place to place [default: 100 if nobody is asked for]"),
            count("drivers", "People in cars, mostly past places"),
            count("shoppers", "People inside places, from beacon to beacon"),
        ])
        .arg(
            Arg::new("around")
                .long("around")
                .value_name("LAT,LON,METRES")
                .allow_hyphen_values(true)
                .value_parser(simulate::read_circle)
                .help("Only places near this point"),
        )
        .arg(
            Arg::new("seed")
                .long("seed")
                .value_name("NUMBER")
                .default_value("1")
                .value_parser(value_parser!(u64))
                .help("Another number is another history"),
        )
        .arg(
            Arg::new("begin")
                .long("begin")
                .value_name("MS")
                .value_parser(value_parser!(i64))
                .help(
                    "Its first moment, ms since 1970 [default: so that it ends now, or now with \
                     --speed 1]",
                ),
        )
        .arg(time("duration", "1h", "Its length"))
        .arg(
            Arg::new("speed")
                .long("speed")
                .value_name("TIMES")
                .default_value("max")
                .value_parser(read_speed)
                .help("How many times faster than life; max: as fast as the server takes it"),
        )
        .arg(
            Arg::new("rate")
                .long("rate")
                .value_name("EVENTS")
                .value_parser(value_parser!(u64).range(1..))
                .help("Events a second at most"),
        )
        .arg(
            Arg::new("connections")
                .long("connections")
                .value_name("NUMBER")
                .default_value("16")
                .value_parser(value_parser!(u64).range(1..=CONNECTIONS_MAX))
                .help("Requests under way at a time"),
        )
        .arg(time("interval", "1s", "Time between two fixes of a device"))
        .arg(time("report", "30s", "Time between two requests of a device"))
        .arg(
            Arg::new("noise")
                .long("noise")
                .value_name("METRES")
                .default_value("8")
                .value_parser(read_noise)
                .help("Metres within which 68 of 100 fixes lie; 0: exact, and no accuracy is told"),
        )
        .arg(
            Arg::new("outages")
                .long("outages")
                .value_name("SHARE")
                .default_value("0.02")
                .value_parser(read_share)
                .help("Share of the time without a network; what is noticed then is told later"),
        )
        .arg(time("skew", "2s", "Deviation of the devices' clocks").value_parser(read_skew))
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Write nothing but the figures to stdout, as one line of JSON"),
        )
}

fn count(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("NUMBER")
        .value_parser(value_parser!(u64).range(0..=DEVICES_MAX))
        .help(help)
}

fn time(name: &'static str, otherwise: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("TIME")
        .default_value(otherwise)
        .value_parser(read_time)
        .help(help)
}

pub(super) fn run(arguments: &ArgMatches) -> ExitCode {
    run_to_end(async {
        let client = connection::client(arguments)?;
        let summary = simulate::run(&client, options(arguments), SystemClock.now_ms()).await?;
        if arguments.get_flag("json") {
            writeln!(io::stdout(), "{}", serde_json::to_string(&summary)?)?;
        } else {
            print(&summary)?;
        }
        Ok(simulate::exit_code(&summary))
    })
}

fn print(summary: &Summary) -> io::Result<()> {
    writeln!(
        io::stdout(),
        "{} events in {} requests took {:.1} s: {} a second. {} were known before, {} refused, {} \
         not told; {} requests failed. Half of the answers took {:.1} ms, 99 of 100 {:.1} ms.",
        grouped(summary.accepted + summary.duplicates),
        grouped(summary.requests),
        summary.seconds,
        grouped(summary.events_per_second as u64),
        grouped(summary.duplicates),
        grouped(summary.rejected),
        grouped(summary.untold),
        grouped(summary.failed),
        summary.p50_ms,
        summary.p99_ms,
    )
}

fn options(arguments: &ArgMatches) -> Options {
    let number = |name: &str| arguments.get_one::<u64>(name).copied();
    let count = |name: &str| number(name).unwrap_or_default() as usize;
    let time = |name: &str| arguments.get_one::<i64>(name).copied().unwrap_or_default();
    let real = |name: &str| arguments.get_one::<f64>(name).copied();
    let mut devices = vec![
        (Habit::Walker, count("walkers")),
        (Habit::Driver, count("drivers")),
        (Habit::Shopper, count("shoppers")),
    ];
    if devices.iter().all(|(_, count)| *count == 0) {
        devices = vec![(Habit::Walker, 100)];
    }
    Options {
        app: arguments.get_one::<AppId>("app").copied(),
        devices,
        around: arguments.get_one::<Circle>("around").copied(),
        seed: number("seed").unwrap_or_default(),
        begin_ms: arguments.get_one::<i64>("begin").copied(),
        duration_ms: time("duration"),
        speed: real("speed").unwrap_or(f64::INFINITY),
        rate: number("rate").map(|rate| rate as f64),
        connections: count("connections"),
        phones: Phones {
            interval_ms: time("interval"),
            report_ms: time("report"),
            noise_m: real("noise").unwrap_or_default(),
            outages: real("outages").unwrap_or_default(),
            skew_ms: time("skew") as f64,
        },
        figures_only: arguments.get_flag("json"),
    }
}

fn read_app(text: &str) -> Result<AppId, String> {
    let id: Id = text
        .parse()
        .map_err(|_| "expected the id of an app".to_owned())?;
    Ok(AppId(id))
}

/// Milliseconds, from `90s`, `10m` or `1h 30m`.
fn read_time(text: &str) -> Result<i64, String> {
    let expected = || "expected a time such as 30s, 10m or 1h 30m".to_owned();
    let time: SignedDuration = text.parse().map_err(|_| expected())?;
    i64::try_from(time.as_millis())
        .ok()
        .filter(|ms| *ms > 0)
        .ok_or_else(expected)
}

/// The same; `0s` too.
fn read_skew(text: &str) -> Result<i64, String> {
    if text == "0s" {
        return Ok(0);
    }
    read_time(text)
}

fn read_speed(text: &str) -> Result<f64, String> {
    if text == "max" {
        return Ok(f64::INFINITY);
    }
    let speed: Option<f64> = text.parse().ok();
    speed
        .filter(|speed| speed.is_finite() && *speed > 0.0)
        .ok_or_else(|| "expected a number above 0, or max".to_owned())
}

fn read_noise(text: &str) -> Result<f64, String> {
    let metres: Option<f64> = text.parse().ok();
    metres
        .filter(|metres| (0.0..=1_000.0).contains(metres))
        .ok_or_else(|| "expected metres from 0 to 1000".to_owned())
}

fn read_share(text: &str) -> Result<f64, String> {
    let share: Option<f64> = text.parse().ok();
    share
        .filter(|share| (0.0..=0.95).contains(share))
        .ok_or_else(|| "expected a share from 0 to 0.95".to_owned())
}
