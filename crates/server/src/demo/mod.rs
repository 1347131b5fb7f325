//! `moca demo`: a server of its own, a world of airports, and a day of travellers played through the
//! public API, held to the demo's own books.
//!
//! [`layout`] says what there is, [`traveller`] and [`journey`] what happens, [`world`] and
//! [`drive`] tell the server, [`whereabouts`], [`rules`] and [`books`] work out what should come of
//! it, [`check_counts`] and [`check_messages`] compare, [`report`] prints. All of it meets in
//! [`scene`]. One seed is one day.

mod airports;
mod books;
mod check_counts;
mod check_messages;
mod checks;
mod drive;
mod feed;
mod journey;
mod layout;
mod packing;
mod report;
mod rules;
mod scene;
mod texts;
mod traveller;
mod whereabouts;
mod world;

use std::{fs, net::SocketAddr, path::Path, process::ExitCode, time::Instant};

use anyhow::{Context, bail};
use jiff::Timestamp;
use moca_client::Client;
use tokio::signal::unix::{SignalKind, signal};

use self::{checks::Checks, scene::Scene};
use crate::screen::{Lines, Screen, grouped};
use crate::{
    config::Config,
    serve::{self, Running},
    telemetry,
};

/// What can be said on the command line.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Leave the server running at the end.
    pub keep: bool,
    /// How many travellers.
    pub travellers: usize,
    /// What the day is made from.
    pub seed: u64,
}

/// Plays the demo to its end.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let directory = tempfile::tempdir().context("no temporary directory can be made")?;
    let config = config(directory.path());
    telemetry::install(&config);
    let screen = Screen::new(Lines::Out);
    let server = serve::start(&config).await?;
    let access = Access::of(&server)?;
    screen.line(&format!("MOCA runs at {} for this demo.", access.url));
    let agrees = tokio::select! {
        agrees = play(&access, options, &screen, started) => agrees,
        () = told_to_stop() => bail!("interrupted"),
    }?;
    if options.keep {
        screen.line("The server stays until Ctrl-C.");
        told_to_stop().await;
    } else {
        screen.line("The server of this run ends here; `moca demo --keep` leaves it running.");
    }
    server.shutdown().await?;
    Ok(if agrees {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn config(data_dir: &Path) -> Config {
    Config {
        data_dir: data_dir.to_owned(),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        ops_listen: None,
        log_level: "warn".to_owned(),
        ..Config::default()
    }
}

/// Returns when somebody wants the program to end.
async fn told_to_stop() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        // Then the signals end the program by themselves.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// How to reach the server.
struct Access {
    url: String,
    token: String,
    ca_path: String,
    ca_pem: Vec<u8>,
}

impl Access {
    fn of(server: &Running) -> anyhow::Result<Self> {
        let trust = server.trust.as_ref();
        let trust = trust.context("the server has no certificate of its own")?;
        let first = server.first_token.as_ref();
        let first = first.context("the server made no token")?;
        Ok(Self {
            url: server.base_url(),
            token: first.secret.clone(),
            ca_path: trust.display().to_string(),
            ca_pem: fs::read(trust).context("the certificate cannot be read")?,
        })
    }

    /// A client with a connection of its own.
    fn client(&self) -> anyhow::Result<Client> {
        let builder = Client::builder(&self.url).trust_pem(self.ca_pem.clone());
        Ok(builder.token(self.token.clone()).build()?)
    }
}

/// Everything between the start and the end of the server. Whether all figures agree.
async fn play(
    access: &Access,
    options: Options,
    screen: &Screen,
    started: Instant,
) -> anyhow::Result<bool> {
    let scene = Scene::set(access, options, screen).await?;
    let tally = scene.drive(screen).await?;
    let mut checks = Checks::default();
    scene.check_tally(tally, &mut checks);
    let counted = scene.check_counts(&mut checks).await?;
    let decisions = scene.all_decisions().await?;
    let reasons = scene.check_decisions(&decisions, &mut checks);
    scene.check_inboxes(&decisions, &mut checks).await?;
    report::figures(screen, &scene.layout, &counted, &reasons);
    report::commands(screen, access, &scene, &decisions);
    screen.line("");
    for difference in &checks.differences {
        screen.line(&format!("DIFFERENT  {difference}"));
    }
    let different = checks.differences.len();
    let verdict = match different {
        0 => "all agree".to_owned(),
        _ => format!("{} differ", grouped(different)),
    };
    screen.line(&format!(
        "{} figures of the API compared with the demo's own books: {verdict}. ({:.1} s)",
        grouped(checks.compared),
        started.elapsed().as_secs_f64(),
    ));
    Ok(different == 0)
}

/// Day of the week, hours and minutes of a moment, in UTC.
fn clock_text(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).map_or_else(
        |_| at_ms.to_string(),
        |instant| instant.strftime("%a %H:%M").to_string(),
    )
}
