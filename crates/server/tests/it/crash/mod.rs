//! The server is killed again and again while events pour in. What it acknowledged must count once,
//! and every message must exist once.
//!
//! `CRASH_SEED` chooses other moments than those of every day.

mod account;
mod books;
mod callers;
mod changes;
mod check;
mod site;
mod stop;

use std::env;

use tokio::{sync::watch, task::JoinSet};

use self::{
    books::Device,
    callers::{Caller, Sent, Server},
    site::Site,
};
use crate::support::{
    binary::Binary,
    dice::Dice,
    wire::{self, Wire},
};

/// How often the server is killed.
const KILLS: usize = 12;
/// Clients, each with one request under way.
const CALLERS: usize = 8;
/// Devices of one client.
const DEVICES_EACH: usize = 3;
/// Requests of one client.
const REQUESTS_EACH: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_counts_once_however_often_the_server_is_killed() {
    let seed = env::var("CRASH_SEED").map_or(1, |text| text.parse().unwrap());
    let mut dice = Dice::new(seed);
    let directory = tempfile::tempdir().unwrap();
    let mut binary = Binary::start(directory.path());
    let trust = wire::trust(&binary.ca_path());
    let site = Site::make(&binary, &trust).await;
    let server = |generation, binary: &Binary| Server {
        generation,
        address: binary.address(),
        trust: trust.clone(),
    };

    let (announce, servers) = watch::channel(server(0, &binary));
    let (acknowledged, mut count) = watch::channel(0);
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let mut wire = Wire::connect(binary.address(), &trust).await.unwrap();
        let mut devices = Vec::new();
        for _ in 0..DEVICES_EACH {
            let token = site.register(&mut wire).await;
            devices.push(Device::new(token, dice.roll()));
        }
        let caller = Caller::new(servers.clone(), acknowledged.clone());
        callers.spawn(caller.pour(devices, REQUESTS_EACH, Dice::new(dice.roll())));
    }

    for (killed, moment) in moments(&mut dice).into_iter().enumerate() {
        count.wait_for(|count| *count >= moment).await.unwrap();
        binary.kill();
        binary = Binary::start(directory.path());
        announce.send_replace(server(killed + 1, &binary));
    }
    let mut devices = Vec::new();
    let mut sent = Vec::new();
    while let Some(outcome) = callers.join_next().await {
        let (its_devices, its_sent) = outcome.unwrap();
        devices.extend(its_devices);
        sent.extend(its_sent);
    }

    tell(seed, &sent, &devices);
    for request in &sent {
        check::answer(request);
    }
    check::repeats_are_duplicates(&binary, &trust, &sent).await;
    check::figures(&binary, &site, &devices).await;
    binary.stop();
    let binary = Binary::start(directory.path());
    check::figures(&binary, &site, &devices).await;
}

/// After how many acknowledgements the server is killed. Two equal numbers kill one that has just
/// started, and may still be catching up.
fn moments(dice: &mut Dice) -> Vec<usize> {
    let last = CALLERS * (REQUESTS_EACH - 1);
    let mut moments: Vec<usize> = (0..KILLS).map(|_| 1 + dice.below(last)).collect();
    moments[0] = moments[1];
    moments.sort_unstable();
    moments
}

/// Says what the kills hit, for whoever reads the output.
fn tell(seed: u64, sent: &[Sent], devices: &[Device]) {
    let again = sent.iter().filter(|request| request.tries > 1);
    let kept = again.clone().filter(|request| request.duplicates > 0);
    eprintln!(
        "seed {seed}: {} events in {} requests; {} sent again after a kill, of which {} had been \
         kept; {} messages",
        sent.iter().map(|request| request.events).sum::<u64>(),
        sent.len(),
        again.count(),
        kept.count(),
        devices
            .iter()
            .map(|device| device.messages.len())
            .sum::<usize>(),
    );
}
