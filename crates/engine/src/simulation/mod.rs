//! The pipeline under a clock, a disk and devices on which one seed decides.
//!
//! The stages are those of the server, driven by hand on one thread: what is next is drawn, a group of
//! requests to put on disk, a step of a stage, a change of the configuration, time that goes by. In the
//! middle of any of these the server may be killed, or the power cut: then the files are left as that would
//! leave them ([`disk`]) and the server starts on the remains. Devices repeat what was not answered, and some
//! of what was, in any order ([`fleet`]). After each step of a stage the device store is compared with a fold
//! of the log in memory, and now and then everything with what was answered ([`oracle`]).
//!
//! The same seed does the same to the byte, so a failure is seen again by
//! `MOCA_SIMULATION_SEEDS=17 cargo test -p moca-engine simulation`. A range of seeds (`100..200`) runs for as long
//! as one likes: `scripts/simulate-crashes.sh`.

mod disk;
mod fleet;
mod oracle;
mod server;
#[path = "../../tests/it/support.rs"]
#[expect(dead_code, reason = "others are used by the integration tests")]
mod support;

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use moca_core::{
    campaign::{Campaign, repeat::Repeat, status::Phase},
    clock::{Clock, Random},
    event::Proximity,
    experience::{Action, Experience, TagExpression, Trigger},
    place::Place,
};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use self::{
    disk::{Cut, Disk},
    fleet::Fleet,
    oracle::Oracle,
    server::Server,
    support::{DAY, MINUTE, START, SeededRandom, Site},
};

/// Steps of one run.
const STEPS: u32 = 250;
/// Runs in the tests.
const SEEDS: Range<u64> = 1..6;

/// What is next.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Commit,
    Decide,
    Count,
    List,
    Erase,
    Configure,
    Wait,
}

/// One run.
struct Simulation {
    runtime: Runtime,
    site: Site,
    /// Decides on everything but the ids that the server makes.
    random: SeededRandom,
    ids: Arc<SeededRandom>,
    directories: TempDir,
    disk: Disk,
    server: Option<Server>,
    fleet: Fleet,
    oracle: Oracle,
    now: i64,
    crashes: u32,
    /// Those after files were made or removed.
    files_cut: u32,
    /// What was done, which makes two runs comparable.
    trace: Vec<String>,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let memory = memory();
        let site = runtime.block_on(site(&memory));
        let directories = TempDir::new_in(memory).unwrap();
        let disk = Disk::new(directories.path().join("0"));
        let mut simulation = Self {
            runtime,
            fleet: Fleet::default(),
            oracle: Oracle::new(site.account_id, site.app_id),
            random: SeededRandom::new(seed),
            ids: Arc::new(SeededRandom::new(!seed)),
            directories,
            disk,
            server: None,
            site,
            now: START,
            crashes: 0,
            files_cut: 0,
            trace: Vec::new(),
        };
        simulation.start();
        simulation
    }

    fn start(&mut self) {
        let clock: Arc<dyn Clock> = self.site.clock.clone();
        let ids: Arc<dyn Random> = self.ids.clone();
        let (directory, control) = (self.disk.directory(), self.site.control.clone());
        let server = Server::open(directory, control, clock, ids, self.runtime.handle());
        self.server = Some(server);
        self.disk.opened();
        // The stage that lists begins with what the last run was erasing.
        self.erase();
    }

    fn erase(&mut self) {
        let (before, syncs) = (self.disk.mark(), self.server().syncs());
        self.server().erase();
        if self.server().syncs() > syncs {
            self.disk.synced(&before);
        }
    }

    fn server(&mut self) -> &mut Server {
        self.server.as_mut().unwrap()
    }

    fn run(&mut self) {
        for number in 0..STEPS {
            let step = self.draw();
            let crash = self.random.below(12) == 0;
            self.trace.push(format!("{number}: {step:?}"));
            self.step(step, crash);
            let offsets = self.server().offsets();
            let written = self.disk.mark().lengths();
            self.trace.push(format!("  {offsets:?} {written:?}"));
            self.check();
            if self.random.below(40) == 0 {
                self.trace.push("all is worked off".to_owned());
                self.work_off();
            }
        }
        self.work_off();
        let server = self.server.as_mut().unwrap();
        self.oracle.replays(server, self.disk.directory());
    }

    fn draw(&self) -> Step {
        match self.random.below(20) {
            0..7 => Step::Commit,
            7..11 => Step::Decide,
            11..13 => Step::Count,
            13..15 => Step::List,
            15 => Step::Erase,
            16 => Step::Configure,
            _ => Step::Wait,
        }
    }

    /// Does a step, or part of it and crashes.
    fn step(&mut self, step: Step, crash: bool) {
        let before = self.disk.mark();
        // Each erasure writes to the log, then to the device store.
        let pending = self
            .server()
            .shared
            .devices
            .pending_erasures()
            .unwrap()
            .len();
        let is_in_parts = step != Step::Erase || pending <= 1;
        let handle = self.runtime.handle().clone();
        let mut sent = Vec::new();
        // Some of the rows that a stage could take in.
        let some = |random: &SeededRandom, from: u64, to: u64| {
            let rows = to.saturating_sub(from) as i64;
            (rows > 0).then(|| from + 1 + random.below(rows) as u64)
        };
        let [appended, decided, counted, listed] = self.server().offsets();
        match step {
            Step::Commit => {
                let server = self.server.as_mut().unwrap();
                let (site, random) = (&self.site, &self.random);
                let devices = &server.shared.devices;
                sent = self.fleet.draw(site, devices, random, self.now);
                let whose = (site.account_id, site.app_id);
                server.commit(Fleet::requests(&mut sent, whose, random, &mut self.oracle));
            }
            Step::Decide => {
                if let Some(last) = some(&self.random, decided, appended) {
                    self.server().decide(&handle, last);
                }
            }
            Step::Count => {
                if let Some(last) = some(&self.random, counted, decided) {
                    self.server().count(last);
                }
            }
            Step::List => {
                if let Some(last) = some(&self.random, listed, counted) {
                    self.server().list(last);
                }
            }
            Step::Erase => self.erase(),
            Step::Configure => self.configure(),
            Step::Wait => {
                self.now += match self.random.below(12) {
                    0 => DAY + self.random.below(8 * DAY),
                    _ => self.random.below(3 * MINUTE),
                };
                self.site.clock.set(self.now);
            }
        }
        let after = self.disk.mark();
        let from = if is_in_parts { &before } else { &after };
        // Files are made and removed rarely.
        let is_rare = is_in_parts && after.has_other_files_than(&before);
        let crash = crash || (is_rare && self.random.below(2) == 0);
        self.files_cut += u32::from(crash && is_rare);
        let cut = crash.then(|| self.disk.cut(from, &after, &self.random));
        // An answer to what is on disk may still be lost on the way.
        let is_answered = match &cut {
            Some(cut) => cut.holds_log_of(&after) && self.random.below(2) == 0,
            None => true,
        };
        self.fleet.hear(sent, is_answered, &mut self.oracle);
        if let Some(cut) = cut {
            self.crash(cut);
        }
    }

    fn crash(&mut self, cut: Cut) {
        self.crashes += 1;
        self.trace.push(format!("{cut:?}"));
        let to = self.directories.path().join(self.crashes.to_string());
        self.disk.leave(&to, cut);
        self.server = None;
        std::fs::remove_dir_all(self.disk.directory()).unwrap();
        self.disk.moved(to);
        self.start();
        self.oracle.crashed();
    }

    fn check(&mut self) {
        let server = self.server.as_mut().unwrap();
        self.oracle.check(server, self.disk.directory());
    }

    /// Lets all stages take in all there is, and compares everything.
    fn work_off(&mut self) {
        let handle = self.runtime.handle().clone();
        let server = self.server();
        let [appended, ..] = server.offsets();
        server.decide(&handle, appended);
        // What asks for an erasure goes with it.
        self.check();
        let server = self.server();
        server.count(appended);
        server.list(appended);
        self.erase();
        self.check();
        let server = self.server.as_mut().unwrap();
        self.oracle.check_all(server, self.disk.directory());
    }

    /// Changes something of what is configured.
    fn configure(&mut self) {
        let (runtime, site, random) = (&self.runtime, &self.site, &self.random);
        runtime.block_on(async {
            let mut tx = site.control.write().await.unwrap();
            let campaigns = tx.all::<Campaign>(None, 100).await.unwrap();
            let experiences = tx.all::<Experience>(None, 100).await.unwrap();
            let places = tx.all::<Place>(None, 100).await.unwrap();
            let one = |count: usize| random.below(count as i64) as usize;
            let mut campaign = campaigns[one(campaigns.len())].clone();
            let mut experience = experiences[one(experiences.len())].clone();
            let mut place = places[one(places.len())].clone();
            campaign.frame.revision += 1;
            experience.frame.revision += 1;
            place.frame.revision += 1;
            match random.below(7) {
                0 => campaign.config.priority = Some(random.below(5)),
                1 => campaign.config.holdout_percent = Some(random.below(60)),
                2 => {
                    campaign.lifecycle.phase = match campaign.lifecycle.phase {
                        Phase::Started => Phase::Stopped,
                        _ => Phase::Started,
                    };
                }
                3 => experience.config.enabled = !experience.config.enabled,
                4 => experience.config.repeat = Repeat::After5Min,
                5 => place.config.sensitive = !place.config.sensitive,
                _ => place.config.presence = None,
            }
            tx.replace(&campaign).await.unwrap();
            tx.replace(&experience).await.unwrap();
            tx.replace(&place).await.unwrap();
            tx.commit().await.unwrap();
        });
    }
}

/// A place with two beacons, another place beside it, and campaigns for what happens there.
async fn site(parent: &Path) -> Site {
    let site = Site::new_in(parent).await;
    let place_id = site.place(40.0, -3.0).await;
    let zone_id = site.zone(place_id).await;
    let beacon_id = site.beacon(zone_id, 1).await;
    site.beacon(zone_id, 2).await;
    let beside = site.place(40.02, -3.0).await;
    let capped = site.campaign(Some(3)).await;
    let open = site.campaign(None).await;
    let frequent = site.segment(r#"{"tag.visits":{"$gte":3}}"#).await;
    let targeted = site.campaign_for(Some(frequent), None).await;
    let enter = |place_id| Trigger::EnterPlace {
        place_id,
        delay_ms: None,
    };
    let stay = Trigger::EnterZone {
        zone_id,
        delay_ms: Some(2 * MINUTE),
    };
    let exit = Trigger::ExitPlace { place_id };
    let lost = Trigger::ExitBeacon { beacon_id };
    let near = Trigger::ZoneProximity {
        zone_id,
        proximity: Proximity::Near,
    };
    let viewed = Trigger::Event {
        verb: "view".into(),
        item: None,
        category: None,
        query: None,
    };
    let both = Trigger::Composite {
        list: vec![near.clone(), viewed.clone()],
    };
    for (campaign, trigger, repeat) in [
        (capped, enter(place_id), Repeat::Immediately),
        (open, stay, Repeat::After5Min),
        (open, lost, Repeat::Immediately),
        (targeted, exit, Repeat::Immediately),
        (targeted, enter(beside), Repeat::After1Hour),
        (open, near, Repeat::Immediately),
        (targeted, viewed, Repeat::After5Min),
        (open, both, Repeat::Immediately),
    ] {
        site.experience(campaign, trigger, repeat).await;
    }
    let count = Action::Tag(TagExpression {
        tag_name: "visits".into(),
        tag_value: "+1".into(),
    });
    site.experience_that(open, enter(place_id), Repeat::Immediately, count)
        .await;
    site
}

/// Where files are held in memory, if there is such a place: what a disk would take its time for is cut off by
/// hand here.
fn memory() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    }
}

/// The seeds that were asked for, else those of the tests.
fn seeds() -> Range<u64> {
    let Ok(asked) = std::env::var("MOCA_SIMULATION_SEEDS") else {
        return SEEDS;
    };
    let (first, end) = match asked.split_once("..") {
        Some((first, end)) => (first.parse(), end.parse()),
        None => (asked.parse(), asked.parse().map(|seed: u64| seed + 1)),
    };
    first.expect("a seed or a range of them")..end.expect("a seed or a range of them")
}

#[test]
fn whatever_crashes_leave_becomes_what_was_answered() {
    let seeds = seeds();
    let is_usual = seeds == SEEDS;
    let (mut crashes, mut files_cut, mut decisions) = (0, 0, 0);
    for seed in seeds {
        let mut simulation = Simulation::new(seed);
        let run = std::panic::AssertUnwindSafe(|| simulation.run());
        if let Err(panic) = std::panic::catch_unwind(run) {
            let trace = simulation.trace.join("\n");
            eprintln!("{trace}\nfailed with MOCA_SIMULATION_SEEDS={seed}");
            std::panic::resume_unwind(panic);
        }
        crashes += simulation.crashes;
        files_cut += simulation.files_cut;
        decisions += simulation.oracle.decisions();
    }
    assert!(
        !is_usual || (crashes > 50 && files_cut > 3 && decisions > 150),
        "hardly anything happened: {crashes} crashes, {files_cut} while files were made or removed, \
         {decisions} decisions"
    );
}

#[test]
fn a_seed_does_the_same_again() {
    let run = |seed| {
        let mut simulation = Simulation::new(seed);
        simulation.run();
        simulation.trace
    };
    assert_eq!(run(42), run(42));
    assert_ne!(run(42), run(43));
}
