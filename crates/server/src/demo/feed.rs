//! What the screen shows while the day is played.

use std::{collections::VecDeque, time::Instant};

use moca_wire::decisions::{Decision, Outcome};

use super::{clock_text, drive::Tally, scene::Scene};
use crate::screen::{Live, Screen, grouped};

/// Latest actions on the screen.
const LATEST: usize = 5;

/// The lines that change while the day is played.
pub(super) struct Feed<'a> {
    scene: &'a Scene,
    screen: &'a Screen,
    live: Live<'a>,
    started: Instant,
    pub(super) tally: Tally,
    /// Decisions before this are counted.
    told_ms: i64,
    fired: usize,
    latest: VecDeque<String>,
}

impl<'a> Feed<'a> {
    pub(super) fn new(scene: &'a Scene, screen: &'a Screen) -> Self {
        Self {
            scene,
            screen,
            live: screen.live(LATEST + 1),
            started: Instant::now(),
            tally: Tally::default(),
            told_ms: 0,
            fired: 0,
            latest: VecDeque::new(),
        }
    }

    pub(super) async fn show(&mut self, now_ms: i64, untold_ms: i64) -> anyhow::Result<()> {
        let to_ms = untold_ms.min(now_ms);
        if self.told_ms < to_ms {
            let news = self.scene.decisions(self.told_ms, to_ms).await?;
            self.told_ms = to_ms;
            self.tell(&news);
        }
        let seconds = self.started.elapsed().as_secs_f64().max(0.001);
        let first = format!(
            "{} UTC  {} events, {} a second; {} inside an airport; {} fired",
            clock_text(now_ms),
            grouped(self.tally.accepted),
            grouped((self.tally.accepted as f64 / seconds) as u64),
            grouped(self.scene.books.inside_at(now_ms)),
            grouped(self.fired),
        );
        let mut lines = vec![first];
        lines.extend(self.latest.iter().cloned());
        self.live.show(&lines);
        Ok(())
    }

    /// Writes what came of it all.
    pub(super) fn conclude(&self) {
        let seconds = self.started.elapsed().as_secs_f64().max(0.001);
        let events = self.tally.accepted + self.tally.duplicates;
        self.screen.line(&format!(
            "{} events in {} requests took {seconds:.1} s: {} events a second.",
            grouped(events),
            grouped(self.tally.requests),
            grouped((events as f64 / seconds) as u64),
        ));
    }

    fn tell(&mut self, news: &[Decision]) {
        let fired = news.iter().filter(|one| one.outcome == Outcome::Fired);
        let fired: Vec<&Decision> = fired.collect();
        self.fired += fired.len();
        for decision in &fired[fired.len().saturating_sub(LATEST)..] {
            self.latest.push_back(describe(self.scene, decision));
        }
        let too_many = self.latest.len().saturating_sub(LATEST);
        self.latest.drain(..too_many);
    }
}

/// One line on something that fired.
fn describe(scene: &Scene, decision: &Decision) -> String {
    let mut experiences = scene.world.experiences.iter();
    let offer = experiences.position(|id| *id == decision.experience_id);
    let mut phones = scene.phones.iter();
    let traveller = phones.position(|phone| phone.instance_id == decision.instance_id);
    let name = offer.map_or("an experience", |offer| &scene.layout.offers[offer].name);
    let profile = traveller.map(|traveller| &scene.travellers[traveller].profile);
    let lang = profile.and_then(|profile| profile.lang.as_deref());
    format!(
        "  {}  {name} (phone in {})",
        clock_text(decision.at),
        lang.unwrap_or("no language"),
    )
}
