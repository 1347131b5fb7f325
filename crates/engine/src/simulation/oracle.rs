//! What must be there, whatever happened: the log folded in memory, and what was answered.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use moca_core::{
    campaign::decide::{Decision, Verdict},
    consent::{Purpose, is_refused},
    event::{Change, Counted, Event, Record, Subject, TagChange},
    experience::{Direction, Target},
    id::{AccountId, AppId, CampaignId, ExperienceId, InstanceId, MessageId, ReplayId},
    job::JobStatus,
    limits::SILENCE_MS,
    metric::Level,
    presence::{self, Occurrence},
    replay::{Replay, ReplayProgress},
    resource::Frame,
    tally::{Counts, Happening, add},
    time::Range,
    world::World,
};
use moca_storage::{
    StorageError,
    devices::{
        DecisionFilter, DecisionKey, DecisionList, DecisionScope, Devices, HistoryKey,
        InstanceState, SetKey, SetKind, TallyKey,
    },
    log::LogReader,
};
use roaring::RoaringBitmap;

use super::server::Server;
use crate::{
    pipeline::{
        fire::{self, Decided, happening},
        instance,
        person::{self, Deciding},
    },
    query::Appended,
    workers::replays::pass::Pass,
};

/// More than are ever read.
const ALL: usize = usize::MAX;

/// Knows what must be there.
pub(super) struct Oracle {
    account_id: AccountId,
    app_id: AppId,
    fold: Fold,
    /// The events that were answered.
    answered: BTreeSet<(InstanceId, [u8; 16])>,
    /// The instances whose erasure was asked for, answered or not.
    erased: BTreeSet<InstanceId>,
    /// What was compared last: the row, and how much was erased.
    compared: Option<(u64, u64)>,
}

/// The log, folded as simply as can be.
#[derive(Default)]
struct Fold {
    offset: u64,
    world: World,
    history: Option<HistoryKey>,
    states: BTreeMap<InstanceId, InstanceState>,
    /// With the row that it follows from.
    decisions: Vec<(u64, Decision)>,
    receipts: BTreeSet<(InstanceId, MessageId, &'static str)>,
    happened: BTreeMap<(Level, i64, ExperienceId), Counts>,
    /// What experiences were about that were decided on.
    about: BTreeMap<ExperienceId, BTreeSet<Target>>,
    /// Numbers by set and day.
    sets: BTreeMap<(SetName, i64), BTreeSet<u32>>,
    first: BTreeMap<u32, i64>,
}

/// A set of instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum SetName {
    Active,
    Entered(Option<Target>),
}

/// What was decided, in memory.
#[derive(Default)]
struct Told {
    decided: Vec<Decision>,
    tags: Vec<(String, TagChange)>,
}

impl Deciding for Told {
    fn note(&mut self, state: &InstanceState, decided: Decided<'_>) -> Result<(), StorageError> {
        if decided.decision.verdict == Verdict::Fired {
            let tagged = fire::tagged(decided.experience, state, (0, 0));
            self.tags.extend(tagged.map(|one| (one.name, one.change)));
        }
        self.decided.push(decided.decision);
        Ok(())
    }

    fn end(&mut self, state: &mut InstanceState) {
        for (name, change) in self.tags.drain(..) {
            instance::tag(state, &name, change);
        }
    }
}

impl Fold {
    /// Folds on to a row, with the configuration that was taken in before each.
    fn follow(&mut self, account: AccountId, devices: &Devices, log: &Path, to: u64) {
        let log = LogReader::open(log).unwrap();
        let mut history = devices.history(account, self.history, ALL).unwrap();
        history.reverse();
        while self.offset < to {
            for row in log.read(self.offset, to, ALL, ALL).unwrap() {
                while let Some((key, _)) = history.last()
                    && key.seq < row.seq
                {
                    let (key, taken) = history.pop().unwrap();
                    taken.apply(&mut self.world);
                    self.history = Some(key);
                }
                for record in &row.records {
                    self.take_in(row.seq, record);
                }
                self.offset = row.seq;
            }
        }
    }

    fn take_in(&mut self, seq: u64, record: &Record) {
        match record {
            Record::Instance {
                subject,
                received_at,
                change,
            } => self.change(seq, *subject, *received_at, change),
            Record::Tick { at_ms } => self.tick(seq, *at_ms),
            Record::Erase { subject, .. } => {
                self.states.remove(&subject.instance_id);
            }
            Record::Counted(Counted {
                number,
                active,
                entered,
                ..
            }) => {
                active.iter().for_each(|at| self.active(*number, *at));
                for (target, at_ms) in entered {
                    self.entered(*number, *target, *at_ms);
                }
            }
            Record::Happened(left) => {
                left.happenings.iter().for_each(|one| self.count(one));
            }
        }
    }

    fn change(&mut self, seq: u64, subject: Subject, received_at: i64, change: &Change) {
        let unknown = || instance::unknown(subject, received_at);
        let state = self.states.entry(subject.instance_id);
        let state = state.or_insert_with(unknown);
        let mut told = Told::default();
        let occurred = person::take_in(state, &self.world, received_at, change, &mut told);
        let (occurred, decided) = (occurred.unwrap(), told.decided);
        let is_counted = !is_refused(&state.consents, Purpose::Analytics);
        self.note(seq, subject, is_counted, &occurred, decided);
        match change {
            Change::Event(event) if is_counted => self.active(subject.number, event.at_ms),
            Change::Receipt(receipt) => {
                let key = (
                    subject.instance_id,
                    receipt.message_id,
                    receipt.kind.as_str(),
                );
                if self.receipts.insert(key) {
                    self.count(&Happening {
                        campaign_id: receipt.campaign_id,
                        experience_id: receipt.experience_id,
                        word: receipt.kind.as_str().to_owned(),
                        at_ms: receipt.at_ms,
                    });
                }
            }
            _ => {}
        }
    }

    /// Looks at everybody.
    fn tick(&mut self, seq: u64, now_ms: i64) {
        let due = |state: &InstanceState| {
            let due_at = presence::due_at(&state.presence)?;
            let due_at = due_at.max(state.heard_at + SILENCE_MS);
            (due_at <= now_ms).then_some((due_at, state.subject))
        };
        let mut silent: Vec<_> = self.states.values().filter_map(due).collect();
        silent.sort_by_key(|(due_at, subject)| (*due_at, subject.instance_id));
        for (_, subject) in silent {
            let Some(state) = self.states.get_mut(&subject.instance_id) else {
                continue;
            };
            let mut told = Told::default();
            let occurred = person::tick(state, &self.world, now_ms, &mut told);
            let (occurred, decided) = (occurred.unwrap(), told.decided);
            let is_counted = !is_refused(&state.consents, Purpose::Analytics);
            self.note(seq, subject, is_counted, &occurred, decided);
        }
    }

    fn note(
        &mut self,
        seq: u64,
        subject: Subject,
        is_counted: bool,
        occurred: &[Occurrence],
        decided: Vec<Decision>,
    ) {
        for decision in decided {
            if let Some(one) = happening(&decision) {
                self.count(&one);
            }
            let about = self.about.entry(decision.experience_id).or_default();
            about.extend(decision.trigger.targets());
            self.decisions.push((seq, decision));
        }
        for occurrence in occurred {
            if let Occurrence::Crossed(crossing) = occurrence
                && is_counted
                && crossing.direction == Direction::Enter
                && self.world.sensitive_place(crossing.target).is_none()
            {
                self.entered(subject.number, crossing.target, crossing.at_ms);
            }
        }
    }

    fn count(&mut self, one: &Happening) {
        for level in Level::ALL {
            let key = (level, level.index_of(one.at_ms), one.experience_id);
            add(self.happened.entry(key).or_default(), &one.word, 1);
        }
    }

    fn active(&mut self, number: u32, at_ms: i64) {
        self.insert(SetName::Active, number, at_ms);
        let first = self.first.entry(number).or_insert(at_ms);
        *first = at_ms.min(*first);
    }

    fn entered(&mut self, number: u32, target: Target, at_ms: i64) {
        self.insert(SetName::Entered(None), number, at_ms);
        self.insert(SetName::Entered(Some(target)), number, at_ms);
    }

    fn insert(&mut self, set: SetName, number: u32, at_ms: i64) {
        let key = (set, Level::Day.index_of(at_ms));
        self.sets.entry(key).or_default().insert(number);
    }

    /// The decisions on those that are there.
    fn living(&self) -> Vec<(u64, Decision)> {
        let is_there = |one: &&(u64, Decision)| self.states.contains_key(&one.1.instance_id);
        self.decisions.iter().filter(is_there).cloned().collect()
    }
}

impl Oracle {
    pub(super) fn new(account_id: AccountId, app_id: AppId) -> Self {
        Self {
            account_id,
            app_id,
            fold: Fold::default(),
            answered: BTreeSet::new(),
            erased: BTreeSet::new(),
            compared: None,
        }
    }

    pub(super) fn asked_to_erase(&mut self, subject: Subject) {
        self.erased.insert(subject.instance_id);
    }

    /// A device keeps its instance until that is erased.
    pub(super) fn registered(&self, before: Option<Subject>, now: Subject) {
        if let Some(before) = before.filter(|before| *before != now) {
            self.refused(before);
        }
    }

    /// Only what was erased is refused.
    pub(super) fn refused(&self, subject: Subject) {
        assert!(self.erased.contains(&subject.instance_id), "{subject:?}");
    }

    /// Events are taken once.
    pub(super) fn appended(&mut self, subject: Subject, events: &[Event], appended: Appended) {
        let mut repeated = 0;
        for event in events {
            let is_new = self.answered.insert((subject.instance_id, event.id));
            repeated += u64::from(!is_new);
        }
        assert_eq!(appended.accepted + appended.duplicates, events.len() as u64);
        assert!(
            appended.duplicates >= repeated,
            "taken twice: {repeated} of {events:?} were answered, {appended:?}"
        );
    }

    /// The stages may have to take in again what they had, by the configuration of now.
    pub(super) fn crashed(&mut self) {
        self.fold = Fold::default();
        self.compared = None;
    }

    /// How many decisions were made.
    pub(super) fn decisions(&self) -> usize {
        self.fold.decisions.len()
    }

    /// Compares what the decide stage keeps, if that is not what it was when it was compared last.
    pub(super) fn check(&mut self, server: &Server, directory: &Path) {
        let devices = &*server.shared.devices;
        let [appended, decided, counted, listed] = server.offsets();
        assert!(listed <= counted && counted <= decided && decided <= appended);
        let now = Some((decided, devices.erased().unwrap().count));
        if self.compared == now {
            return;
        }
        self.compared = now;
        self.follow(devices, directory, decided);
        let fold = &self.fold;
        let mut states = BTreeMap::new();
        let each = |state: InstanceState| drop(states.insert(state.subject.instance_id, state));
        devices.for_each_state(each).unwrap();
        let keys = |states: &BTreeMap<InstanceId, InstanceState>| {
            states.keys().copied().collect::<Vec<InstanceId>>()
        };
        assert_eq!(keys(&states), keys(&fold.states), "who is known");
        for (kept, expected) in states.values().zip(fold.states.values()) {
            assert_eq!(kept, expected);
        }

        let mut messages: BTreeMap<InstanceId, Vec<MessageId>> = BTreeMap::new();
        let mut kept = self.kept_decisions(devices);
        kept.retain(|(_, decision)| states.contains_key(&decision.instance_id));
        for (_, decision) in &mut kept {
            let is_fired = decision.verdict == Verdict::Fired;
            let message_id = decision.message_id.take();
            assert_eq!(message_id.is_some(), is_fired);
            let inbox = messages.entry(decision.instance_id).or_default();
            inbox.extend(message_id);
        }
        let kept: Vec<(u64, Decision)> = kept
            .into_iter()
            .map(|(key, decision)| (key.seq, decision))
            .collect();
        assert_eq!(kept, fold.living());
        for instance in states.keys() {
            let inbox = devices.messages(*instance, 0, ALL).unwrap();
            let inbox: Vec<MessageId> = inbox.iter().map(|one| one.message_id).collect();
            assert_eq!(inbox, messages.remove(instance).unwrap_or_default());
        }
        for ((level, index, experience_id), counts) in &fold.happened {
            let key = TallyKey {
                app_id: self.app_id,
                level: *level,
                index: *index,
                experience_id: *experience_id,
            };
            let tally = devices.tally(&key).unwrap();
            assert_eq!(tally.map(|tally| tally.counts).as_ref(), Some(counts));
        }
        for (experience_id, about) in &fold.about {
            let kept = devices.about(self.app_id, *experience_id).unwrap();
            // What was decided on those who were erased is not in the log any more.
            assert!(kept.is_superset(about), "{kept:?} {about:?}");
        }
    }

    /// Compares everything, when all stages have taken in all there is.
    pub(super) fn check_all(&mut self, server: &Server, directory: &Path) {
        let devices = &*server.shared.devices;
        let fold = &self.fold;
        let reader = devices.set_reader();
        let read = |kind, target, day: i64| {
            let key = SetKey {
                app_id: self.app_id,
                kind,
                level: Level::Day,
                index: day,
                target,
            };
            let mut members = RoaringBitmap::new();
            reader.union_into(&key, &mut members).unwrap();
            members.into_iter().collect::<BTreeSet<u32>>()
        };
        for ((set, day), numbers) in &fold.sets {
            let kept = match set {
                SetName::Active => read(SetKind::Active, None, *day),
                SetName::Entered(Some(target)) => read(SetKind::Entered, Some(*target), *day),
                // A set of each target is read with it.
                SetName::Entered(None) => continue,
            };
            assert_eq!(&kept, numbers, "{set:?} on day {day}");
        }
        for (number, at_ms) in &fold.first {
            let kept = devices.first_event_at(self.app_id, *number).unwrap();
            assert_eq!(kept, Some(*at_ms));
            let day = Level::Day.index_of(*at_ms);
            assert!(read(SetKind::First, None, day).contains(number));
        }
        let people = devices.people_reader();
        let listed = people.instances(self.app_id, 0, ALL).unwrap();
        assert_eq!(listed.total, fold.states.len() as u64);
        let listed: BTreeSet<InstanceId> = listed.items.into_iter().collect();
        assert!(listed.iter().eq(fold.states.keys()));
        let tagged = fold.states.values();
        let tagged = tagged.filter(|state| state.tags.contains_key("visits"));
        let listed = people.tagged(self.app_id, "visits").unwrap();
        assert_eq!(listed, tagged.count() as u64);
        self.check_log(directory);
        let gone = self.erased.iter();
        for instance in gone.filter(|instance| !fold.states.contains_key(instance)) {
            assert_eq!(devices.directory_entry(*instance).unwrap(), None);
            assert!(devices.messages(*instance, 0, 1).unwrap().is_empty());
            assert_eq!(self.decisions_of(devices, Some(*instance)), []);
        }
    }

    /// What was answered is in the log once, and who was erased is in none of it.
    fn check_log(&self, directory: &Path) {
        let log = LogReader::open(&directory.join("events.db")).unwrap();
        let last = log.last_seq().unwrap();
        let mut found: BTreeMap<(InstanceId, [u8; 16]), u32> = BTreeMap::new();
        let mut after = 0;
        while after < last {
            for row in log.read(after, last, ALL, ALL).unwrap() {
                for record in &row.records {
                    let Record::Instance {
                        subject, change, ..
                    } = record
                    else {
                        continue;
                    };
                    let is_there = self.fold.states.contains_key(&subject.instance_id);
                    assert!(is_there, "{subject:?} is in the log");
                    if let Change::Event(event) = change {
                        *found.entry((subject.instance_id, event.id)).or_default() += 1;
                    }
                }
                after = row.seq;
            }
        }
        assert!(found.values().all(|count| *count == 1), "taken twice");
        for (instance, id) in &self.answered {
            let is_gone = !self.fold.states.contains_key(instance);
            let is_found = found.contains_key(&(*instance, *id));
            assert_eq!(is_found, !is_gone, "{id:?}");
            assert!(!is_gone || self.erased.contains(instance));
        }
    }

    /// Replays what really ran, to the byte.
    pub(super) fn replays(&mut self, server: &Server, directory: &Path) {
        let devices = &server.shared.devices;
        let [last_row, ..] = server.offsets();
        let kept = self.kept_decisions(devices);
        let campaigns: BTreeSet<CampaignId> = kept.iter().map(|(_, one)| one.campaign_id).collect();
        for campaign_id in campaigns {
            let replay = Replay {
                frame: Frame {
                    account_id: self.account_id,
                    id: campaign_id.0,
                    created_at: 0,
                    updated_at: 0,
                    revision: 1,
                },
                app_id: self.app_id,
                campaign_id,
                range: Range {
                    from: i64::MIN,
                    to: i64::MAX,
                },
                draft: None,
                status: JobStatus::Running,
                progress: ReplayProgress {
                    last_row,
                    passes: 1,
                    ..ReplayProgress::default()
                },
            };
            let mut pass = Pass::new(devices.clone(), &directory.join("events.db"), &replay);
            while !pass.is_done() {
                pass = pass.work().unwrap();
            }
            let mut replayed = Vec::new();
            devices
                .for_each_replayed(ReplayId(campaign_id.0), |key, decision| {
                    replayed.push((key, decision));
                    true
                })
                .unwrap();
            replayed.sort_by_key(|(key, _)| *key);
            let then = kept
                .iter()
                .filter(|(_, one)| one.campaign_id == campaign_id);
            assert_eq!(replayed, then.cloned().collect::<Vec<_>>());
        }
    }

    fn follow(&mut self, devices: &Devices, directory: &Path, to: u64) {
        let log = directory.join("events.db");
        self.fold.follow(self.account_id, devices, &log, to);
    }

    /// All decisions in the order in which they were made.
    fn kept_decisions(&self, devices: &Devices) -> Vec<(DecisionKey, Decision)> {
        self.decisions_of(devices, None)
    }

    fn decisions_of(
        &self,
        devices: &Devices,
        instance_id: Option<InstanceId>,
    ) -> Vec<(DecisionKey, Decision)> {
        let scope = DecisionScope {
            app_id: self.app_id,
            instance_id,
            range: None,
        };
        let mut kept = Vec::new();
        let each = |key, decision| {
            kept.push((key, decision));
            true
        };
        devices.for_each_decision(&scope, each).unwrap();
        if instance_id.is_none() {
            // What is counted of them agrees, wherever a write was cut.
            let (list, all) = (DecisionList::App(self.app_id), DecisionFilter::default());
            let page = devices.decision_page(list, &all, None, 0, kept.len());
            assert_eq!(page.unwrap(), (kept.len() as u64, kept.clone()));
        }
        kept.sort_by_key(|(key, _)| (key.seq, key.index));
        kept
    }
}
