//! `moca simulate`: a fleet of made-up devices that move among the places of a running server, and
//! tell it so as phones do.
//!
//! [`world`] is what the server has, [`motion`] where a device really is, [`phone`] what it believes
//! and tells, [`fleet`] sends it all at the pace that was asked for, [`tally`] counts. One seed and
//! one begin are one history, down to the ids of the events.

mod fleet;
mod motion;
mod phone;
mod tally;
mod world;

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::bail;
use futures::TryStreamExt;
use jiff::Timestamp;
use moca_client::Client;
use moca_core::{
    geo::{Circle, LatLon},
    id::AppId,
};
use moca_wire::apps::App;
use tokio::signal::ctrl_c;

use crate::{
    cli::exit::Misuse,
    screen::{Lines, Screen},
};

use self::{fleet::Fleet, world::World};

pub use self::{motion::Habit, tally::Summary};

/// What can be said on the command line.
#[derive(Debug, Clone)]
pub struct Options {
    /// The app of the devices; the account's only one if absent.
    pub app: Option<AppId>,
    /// How many of each.
    pub devices: Vec<(Habit, usize)>,
    /// Only places near this.
    pub around: Option<Circle>,
    /// What the history is made from.
    pub seed: u64,
    /// Its first moment, ms since 1970; if absent, so that it ends now, or begins now at speed 1.
    pub begin_ms: Option<i64>,
    /// Its length, ms.
    pub duration_ms: i64,
    /// How many times faster than life; infinite for as fast as the server takes it.
    pub speed: f64,
    /// Events a second at most.
    pub rate: Option<f64>,
    /// Requests under way at a time.
    pub connections: usize,
    /// What phones are like.
    pub phones: Phones,
    /// Whether stdout is for the figures alone, which a program reads.
    pub figures_only: bool,
}

/// What phones are like.
#[derive(Debug, Clone, Copy)]
pub struct Phones {
    /// Time between two fixes, ms.
    pub interval_ms: i64,
    /// Time between two requests, ms.
    pub report_ms: i64,
    /// Metres within which 68 of 100 fixes lie.
    pub noise_m: f64,
    /// Share of the time without a network, from 0 to 1.
    pub outages: f64,
    /// Deviation of the clocks, ms.
    pub skew_ms: f64,
}

impl Options {
    fn n_devices(&self) -> usize {
        self.devices.iter().map(|(_, count)| count).sum()
    }

    /// The first moment, when it is `now_ms`.
    fn begin_ms(&self, now_ms: i64) -> i64 {
        let otherwise = if self.speed > 1.0 {
            now_ms - self.duration_ms
        } else {
            now_ms
        };
        self.begin_ms.unwrap_or(otherwise)
    }
}

/// Runs a fleet against the server of `client` from the moment `now_ms` on, until its history is told
/// or somebody ends it.
pub async fn run(client: &Client, options: Options, now_ms: i64) -> anyhow::Result<Summary> {
    let screen = Screen::new(if options.figures_only {
        Lines::Aside
    } else {
        Lines::Out
    });
    let app = app(client, options.app).await?;
    let Some(secret) = app.app_secret.clone() else {
        bail!(
            "the server does not show the secret of {} to this token: use one of an admin",
            app.config.name
        );
    };
    let world = World::read(client, options.around, options.seed).await?;
    screen.line(&format!(
        "{} devices of {} among {} places and {} beacons, seed {}.",
        options.n_devices(),
        app.config.name,
        world.places.len(),
        world.n_beacons(),
        options.seed,
    ));
    let begin_ms = options.begin_ms(now_ms);
    screen.line(&format!(
        "From {} to {} ({begin_ms} to {}).",
        clock_text(begin_ms),
        clock_text(begin_ms + options.duration_ms),
        begin_ms + options.duration_ms
    ));
    let stop = Arc::new(AtomicBool::new(false));
    let watching = tokio::spawn({
        let stop = stop.clone();
        async move {
            // An error means that there are no signals here, and nothing to wait for.
            if ctrl_c().await.is_ok() {
                stop.store(true, Ordering::Relaxed);
            }
        }
    });
    let app_client = client.app(app.app_id, secret);
    let fleet = Fleet::register(&app_client, world, options, begin_ms, &screen).await?;
    let summary = fleet.drive(&stop, &screen).await;
    watching.abort();
    summary
}

/// The app of this id, or the only one there is.
async fn app(client: &Client, id: Option<AppId>) -> anyhow::Result<App> {
    if let Some(id) = id {
        return Ok(client.all::<App>().get(id).await?.object);
    }
    let apps: Vec<App> = client.all::<App>().query().stream().try_collect().await?;
    match <[App; 1]>::try_from(apps) {
        Ok([app]) => Ok(app),
        Err(apps) if apps.is_empty() => Err(Misuse(
            "the account has no app: make one with `moca apps create --name NAME`".to_owned(),
        )
        .into()),
        Err(apps) => {
            let names = apps
                .iter()
                .map(|app| format!("{} ({})", app.app_id, app.config.name));
            let names: Vec<String> = names.collect();
            Err(Misuse(format!("name one app with --app: {}", names.join(", "))).into())
        }
    }
}

/// A moment for people, in UTC.
fn clock_text(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).map_or_else(
        |_| at_ms.to_string(),
        |instant| instant.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// The exit code: a fleet whose events were refused is no success.
pub fn exit_code(summary: &Summary) -> ExitCode {
    if summary.rejected == 0 && summary.untold == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// A circle, from `LAT,LON,METRES`.
pub fn read_circle(text: &str) -> Result<Circle, String> {
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|part| part.trim().parse()).collect();
    let numbers: Option<[f64; 3]> = numbers.ok().and_then(|numbers| numbers.try_into().ok());
    let Some([latitude, longitude, radius_m]) = numbers else {
        return Err("expected latitude, longitude and metres, as in 40.4,-3.7,5000".to_owned());
    };
    LatLon::new(latitude, longitude)
        .and_then(|center| Circle::new(center, radius_m))
        .map_err(|error| error.to_string())
}
