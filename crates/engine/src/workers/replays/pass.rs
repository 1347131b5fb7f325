//! The log once through, for some of an app's instances.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    path::{Path, PathBuf},
    sync::Arc,
};

use moca_core::{
    campaign::decide::{Decision, Verdict},
    event::Record,
    history::Taken,
    id::{AppId, ExperienceId, InstanceId, MessageId},
    limits::{REPLAY_ROWS_AT_ONCE, STEP_BYTES_MAX, STEP_RECORDS_MAX},
    replay::Replay,
    resource::Kind,
    tally::{Counts, add},
    time::Range,
    world::World,
};
use moca_storage::{
    StorageError,
    devices::{DecisionKey, DecisionScope, Devices, HistoryKey, InstanceState, InstanceTag},
    log::{LogReader, Row},
};
use moca_wire::decisions::Outcome;

use crate::pipeline::{
    fire::{self, Decided},
    instance,
    person::{self, Deciding},
    timers::Timers,
};

/// Entries of the history read at a time.
const HISTORY_PAGE: usize = 1_000;
/// Set in the index of a decision that was not made then, so that no other has its key.
const MADE_UP: u32 = 0x80_0000;

/// The state of a pass.
pub(crate) struct Pass {
    devices: Arc<Devices>,
    log_path: PathBuf,
    replay: Replay,
    /// Of the draft, if it is one.
    experiences: HashSet<ExperienceId>,
    world: World,
    history: VecDeque<(HistoryKey, Taken)>,
    history_after: Option<HistoryKey>,
    is_history_read: bool,
    states: HashMap<InstanceId, InstanceState>,
    timers: Timers,
    offset: u64,
    kept: u64,
}

impl Pass {
    /// One that begins with the first row.
    pub(crate) fn new(devices: Arc<Devices>, log_path: &Path, replay: &Replay) -> Self {
        let mut pass = Self {
            devices,
            log_path: log_path.to_owned(),
            replay: replay.clone(),
            experiences: HashSet::new(),
            world: World::default(),
            history: VecDeque::new(),
            history_after: None,
            is_history_read: false,
            states: HashMap::new(),
            timers: Timers::default(),
            offset: 0,
            kept: 0,
        };
        for taken in replay.draft.iter().flatten() {
            if let Taken::Experience(experience) = taken {
                pass.experiences.insert(experience.id());
            }
            taken.clone().apply(&mut pass.world);
        }
        pass
    }

    /// Whether it is the next piece of a replay.
    pub(super) fn is_of(&self, replay: &Replay) -> bool {
        let (own, progress) = (&self.replay.progress, &replay.progress);
        self.replay.id() == replay.id()
            && (own.passes_done, self.offset) == (progress.passes_done, progress.rows_done)
            && self.replay.frame.revision == replay.frame.revision
    }

    /// Notes that its progress is saved.
    pub(super) fn moved(&mut self) {
        self.replay.frame.revision += 1;
    }

    /// Rows read.
    pub(super) fn rows_done(&self) -> u64 {
        self.offset
    }

    /// Decisions kept in this pass.
    pub(super) fn kept(&self) -> u64 {
        self.kept
    }

    /// Whether all rows are read.
    pub(crate) fn is_done(&self) -> bool {
        self.offset >= self.replay.progress.last_row
    }

    /// Reads on for a while.
    pub(crate) fn work(mut self) -> Result<Self, StorageError> {
        let log = LogReader::open(&self.log_path)?;
        let last = self.replay.progress.last_row;
        let end = last.min(self.offset + REPLAY_ROWS_AT_ONCE);
        while self.offset < end {
            let rows = log.read(self.offset, end, STEP_RECORDS_MAX, STEP_BYTES_MAX)?;
            if rows.is_empty() {
                // What was erased to the last record has left no row.
                self.offset = end;
            }
            for row in rows {
                self.take_in_history(row.seq)?;
                let decided = self.take_in(&row)?;
                self.kept += decided.len() as u64;
                self.devices.keep_replayed(self.replay.id(), &decided)?;
                self.offset = row.seq;
            }
        }
        Ok(self)
    }

    /// Takes in the configuration that was taken in before a row.
    fn take_in_history(&mut self, seq: u64) -> Result<(), StorageError> {
        loop {
            if self.history.is_empty() && !self.is_history_read {
                let account = self.replay.frame.account_id;
                let page = self
                    .devices
                    .history(account, self.history_after, HISTORY_PAGE)?;
                self.is_history_read = page.len() < HISTORY_PAGE;
                self.history_after = page.last().map(|(key, _)| *key).or(self.history_after);
                self.history.extend(page);
            }
            match self.history.front() {
                Some((key, _)) if key.seq < seq => {}
                _ => return Ok(()),
            }
            if let Some((_, taken)) = self.history.pop_front()
                && !self.is_of_draft(&taken)
            {
                taken.apply(&mut self.world);
            }
        }
    }

    /// Whether this is how the draft was then.
    fn is_of_draft(&self, taken: &Taken) -> bool {
        if self.replay.draft.is_none() {
            return false;
        }
        match taken {
            Taken::Gone {
                kind: Kind::Experience,
                id,
            } => self.experiences.contains(&ExperienceId(*id)),
            taken => taken.is_of(self.replay.campaign_id),
        }
    }

    fn take_in(&mut self, row: &Row) -> Result<Vec<(DecisionKey, Decision)>, StorageError> {
        let mut found = Found {
            devices: &self.devices,
            replay: &self.replay,
            seq: row.seq,
            next: 0,
            decided: Vec::new(),
            tagged: Vec::new(),
        };
        for record in &row.records {
            match record {
                Record::Instance {
                    subject,
                    received_at,
                    change,
                } if self.is_asked_about(subject.app_id, subject.number) => {
                    let state = self
                        .states
                        .entry(subject.instance_id)
                        .or_insert_with(|| instance::unknown(*subject, *received_at));
                    person::take_in(state, &self.world, *received_at, change, &mut found)?;
                    self.timers.update(state);
                }
                Record::Tick { at_ms } => {
                    for id in self.timers.due(*at_ms) {
                        let Some(state) = self.states.get_mut(&id) else {
                            continue;
                        };
                        person::tick(state, &self.world, *at_ms, &mut found)?;
                        self.timers.update(state);
                    }
                }
                Record::Erase { subject, .. } => {
                    self.states.remove(&subject.instance_id);
                    self.timers.forget(subject.instance_id);
                }
                Record::Instance { .. } | Record::Counted(_) | Record::Happened(_) => {}
            }
        }
        Ok(found.decided)
    }

    /// Whether an instance of an app is one of this pass.
    fn is_asked_about(&self, app: AppId, number: u32) -> bool {
        let progress = &self.replay.progress;
        app == self.replay.app_id && u64::from(number) % progress.passes == progress.passes_done
    }

    /// Forgets what was decided on those that were erased while it was.
    pub(super) fn forget_erased(self) -> Result<Self, StorageError> {
        self.forget_erased_of(self.states.keys())?;
        Ok(self)
    }

    fn forget_erased_of<'a>(
        &self,
        mut ids: impl Iterator<Item = &'a InstanceId>,
    ) -> Result<(), StorageError> {
        ids.try_for_each(|id| match self.devices.state(*id)? {
            Some(_) => Ok(()),
            None => self.devices.forget_replayed_of(self.replay.id(), *id),
        })
    }

    /// What all passes decided, by experience and outcome, and how many instances each outcome came to.
    /// Nothing is left of those who were erased while a server was in the middle of a pass. What is about a place
    /// that is sensitive, or was then, is not counted, as how often a trigger came true is how often people were
    /// there.
    pub(super) fn sums(mut self) -> Result<Sums, StorageError> {
        self.take_in_history(u64::MAX)?;
        let devices = Arc::clone(&self.devices);
        let mut decided_on = HashSet::new();
        devices.for_each_replayed(self.replay.id(), |_, decision| {
            decided_on.insert(decision.instance_id);
            true
        })?;
        self.forget_erased_of(decided_on.iter())?;
        let mut sums = Sums::default();
        let mut seen = HashSet::new();
        devices.for_each_replayed(self.replay.id(), |_, decision| {
            let is_sensitive = matches!(decision.verdict, Verdict::SensitivePlace { .. });
            let mut targets = decision.trigger.targets();
            if is_sensitive || targets.any(|target| self.world.sensitive_place(target).is_some()) {
                return true;
            }
            let outcome = Outcome::of(&decision.verdict);
            let of_experience = sums.0.entry(decision.experience_id).or_default();
            add(of_experience, outcome.as_str(), 1);
            if seen.insert((outcome, decision.instance_id)) {
                add(&mut sums.1, outcome.as_str(), 1);
            }
            true
        })?;
        Ok(sums)
    }
}

/// Counts by experience and outcome, and instances by outcome.
pub(super) type Sums = (BTreeMap<ExperienceId, Counts>, Counts);

/// What a row's records made the campaign decide.
struct Found<'a> {
    devices: &'a Devices,
    replay: &'a Replay,
    seq: u64,
    next: u32,
    decided: Vec<(DecisionKey, Decision)>,
    /// What actions of any campaign change when the event or tick at hand ends.
    tagged: Vec<InstanceTag>,
}

impl Found<'_> {
    /// The key of the decision that was made then on the same trigger, and the message it sent. The numbers
    /// in them count what else was decided in the row, for all accounts. A trigger that came true several
    /// times in one moment did so in the same order then.
    fn made_then(
        &self,
        decision: &Decision,
    ) -> Result<Option<(DecisionKey, Option<MessageId>)>, StorageError> {
        if self.replay.draft.is_some() {
            return Ok(None);
        }
        let scope = DecisionScope {
            app_id: self.replay.app_id,
            instance_id: Some(decision.instance_id),
            range: Some(Range {
                from: decision.at_ms,
                to: decision.at_ms.saturating_add(1),
            }),
        };
        let mut found = None;
        let is_taken = |key: DecisionKey| self.decided.iter().any(|(taken, _)| *taken == key);
        self.devices.for_each_decision(&scope, |key, made| {
            let is_same =
                (made.experience_id, &made.trigger) == (decision.experience_id, &decision.trigger);
            if key.seq == self.seq && is_same && !is_taken(key) {
                found = Some((key, made.message_id));
            }
            found.is_none()
        })?;
        Ok(found)
    }
}

impl Deciding for Found<'_> {
    fn note(&mut self, state: &InstanceState, decided: Decided<'_>) -> Result<(), StorageError> {
        let mut decision = decided.decision;
        if decision.verdict == Verdict::Fired {
            let tagged = fire::tagged(decided.experience, state, (0, 0));
            self.tagged.extend(tagged);
        }
        let is_asked_about = decision.campaign_id == self.replay.campaign_id
            && (self.replay.range.from..self.replay.range.to).contains(&decision.at_ms);
        if !is_asked_about {
            return Ok(());
        }
        let made_up = DecisionKey {
            seq: self.seq,
            index: MADE_UP | self.next,
        };
        self.next += 1;
        let made = self.made_then(&decision)?;
        let (key, message) = made.unwrap_or((made_up, None));
        if decision.verdict == Verdict::Fired {
            decision.message_id = message;
        }
        self.decided.push((key, decision));
        Ok(())
    }

    fn end(&mut self, state: &mut InstanceState) {
        for one in self.tagged.drain(..) {
            instance::tag(state, &one.name, one.change);
        }
    }
}
