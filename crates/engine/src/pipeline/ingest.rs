//! From the queue to the disk: repeats dropped, one row and one sync for all that waited, answered.

use std::sync::{Arc, mpsc};

use moca_core::{
    clock::{Random, new_id},
    event::{Change, Event, EventBody, Profile, Record, Subject},
    id::{AccountId, AppId, InstanceId},
    limits::{GROUP_BYTES_MAX, GROUP_RECORDS_MAX, STEP_BYTES_MAX, STEP_RECORDS_MAX},
};
use moca_storage::{
    StorageError,
    devices::{Consumer, Devices},
    log::{LogReader, LogWriter, NewRow},
};
use tokio::sync::{oneshot, watch};

use super::directory::DirectoryFold;
use crate::{
    query::{Appended, Registered},
    shared::Shared,
};

/// Something to put on disk, with whom to tell when it is there; told nothing, the instance was erased.
pub(crate) enum Request {
    /// A device registers.
    Register(Box<Registration>, oneshot::Sender<Registered>),
    /// An instance did something other than an event, or several things at once.
    Change(Subject, Vec<Change>, oneshot::Sender<Option<()>>),
    /// Something was done to instances, one change each; those that were erased are passed over.
    Each(Vec<(Subject, Change)>, oneshot::Sender<()>),
    /// An instance sent events.
    Events(Subject, Vec<Event>, oneshot::Sender<Option<Appended>>),
    /// A gateway sent events of instances.
    Gathered(
        Vec<(Subject, Vec<Event>)>,
        oneshot::Sender<Vec<Option<Appended>>>,
    ),
    /// Instances are to be erased.
    Erase(Vec<Subject>, oneshot::Sender<()>),
    /// The clock.
    Tick(oneshot::Sender<()>),
    /// Nothing comes after this.
    Stop,
}

/// What a device says when it registers.
pub(crate) struct Registration {
    pub(crate) account_id: AccountId,
    pub(crate) app_id: AppId,
    pub(crate) device_key_hash: Option<[u8; 32]>,
    pub(crate) token_hash: [u8; 32],
    pub(crate) profile: Profile,
    pub(crate) more: Vec<Change>,
}

/// The first stage.
pub(crate) struct Ingest {
    pub(crate) queue: mpsc::Receiver<Request>,
    pub(crate) log: LogWriter,
    pub(crate) shared: Shared,
    pub(crate) random: Arc<dyn Random>,
}

/// An answer that waits for the sync.
enum Answer {
    Registered(oneshot::Sender<Registered>, Registered),
    Done(oneshot::Sender<()>),
    Changed(oneshot::Sender<Option<()>>),
    Appended(oneshot::Sender<Option<Appended>>, Appended),
    Gathered(
        oneshot::Sender<Vec<Option<Appended>>>,
        Vec<Option<Appended>>,
    ),
}

/// What one row will hold, and who waits for it.
struct Group<'a> {
    received_at: i64,
    row: NewRow,
    answers: Vec<Answer>,
    fold: DirectoryFold<'a>,
    random: &'a dyn Random,
}

/// Takes the rows that the last run wrote, but did not get to, into the directory.
pub(crate) fn catch_up(
    devices: &Devices,
    reader: &LogReader,
    last_seq: u64,
) -> Result<(), StorageError> {
    let mut offset = devices.offset(Consumer::Ingest)?;
    while offset < last_seq {
        for row in reader.read(offset, last_seq, STEP_RECORDS_MAX, STEP_BYTES_MAX)? {
            let received_at = row.records.iter().map(server_time).max().unwrap_or(0);
            let mut fold = DirectoryFold::new(devices, received_at)?;
            for record in &row.records {
                fold.take_in(record)?;
            }
            fold.commit(row.seq)?;
            offset = row.seq;
        }
    }
    Ok(())
}

fn server_time(record: &Record) -> i64 {
    match record {
        Record::Instance { received_at, .. } => *received_at,
        Record::Tick { at_ms } => *at_ms,
        Record::Erase { received_at, .. } => *received_at,
        // What it tells of has lost its time of arrival; event ids went with it.
        Record::Counted(_) | Record::Happened(_) => 0,
    }
}

impl Ingest {
    /// Works until told to stop, or until another stage has failed.
    pub(crate) fn run(mut self, appended: &watch::Sender<u64>) -> Result<(), StorageError> {
        while let Ok(first) = self.queue.recv() {
            if self.shared.health.failure().is_some() || !self.commit_group(first, appended)? {
                break;
            }
        }
        Ok(())
    }

    /// Puts the first request and those that wait behind it on disk; false if one said stop.
    pub(crate) fn commit_group(
        &mut self,
        first: Request,
        appended: &watch::Sender<u64>,
    ) -> Result<bool, StorageError> {
        let devices = Arc::clone(&self.shared.devices);
        let received_at = self.shared.clock.now_ms();
        let mut group = Group {
            received_at,
            row: NewRow::default(),
            answers: Vec::new(),
            fold: DirectoryFold::new(&devices, received_at)?,
            random: &*Arc::clone(&self.random),
        };
        let mut next = Some(first);
        let mut goes_on = true;
        while let Some(request) = next {
            goes_on = group.add(request)?;
            if !goes_on || group.is_full() {
                break;
            }
            next = self.queue.try_recv().ok();
        }
        self.finish(group, appended)?;
        Ok(goes_on)
    }

    fn finish(
        &mut self,
        group: Group<'_>,
        appended: &watch::Sender<u64>,
    ) -> Result<(), StorageError> {
        let records = group.row.records().len() as u64;
        if records > 0 {
            let seq = self.log.append(group.row)?;
            group.fold.commit(seq)?;
            self.shared.backlog.appended(records);
            self.shared.metrics.appends.inc();
            self.shared.metrics.group_records.observe(records as f64);
            // Before anyone is answered: who reads after the answer waits for this row.
            appended.send_replace(seq);
        }
        for answer in group.answers {
            self.answer(answer);
        }
        Ok(())
    }

    fn answer(&self, answer: Answer) {
        match answer {
            Answer::Registered(to, registered) => tell(to, registered),
            Answer::Done(to) => tell(to, ()),
            Answer::Changed(to) => tell(to, Some(())),
            Answer::Appended(to, appended) => {
                self.count(&appended);
                tell(to, Some(appended));
            }
            Answer::Gathered(to, all) => {
                all.iter().flatten().for_each(|one| self.count(one));
                tell(to, all);
            }
        }
    }

    fn count(&self, appended: &Appended) {
        let metrics = &self.shared.metrics;
        metrics.events_accepted.inc_by(appended.accepted);
        metrics.events_duplicate.inc_by(appended.duplicates);
    }
}

/// Tells who waits; one who has gone meanwhile is no fault.
fn tell<T>(to: oneshot::Sender<T>, answer: T) {
    let _ = to.send(answer);
}

impl Group<'_> {
    /// Whether what waits behind should go into a row of its own.
    fn is_full(&self) -> bool {
        self.row.records().len() >= GROUP_RECORDS_MAX || self.row.bytes() >= GROUP_BYTES_MAX
    }

    /// Adds what a request asks for; false if it says stop.
    fn add(&mut self, request: Request) -> Result<bool, StorageError> {
        match request {
            Request::Register(registration, to) => {
                let registered = self.register(*registration)?;
                self.answers.push(Answer::Registered(to, registered));
            }
            Request::Change(subject, _, to) if self.is_erased(subject)? => tell(to, None),
            Request::Events(subject, _, to) if self.is_erased(subject)? => tell(to, None),
            Request::Change(subject, changes, to) => {
                for change in changes {
                    self.push(subject, change)?;
                }
                self.answers.push(Answer::Changed(to));
            }
            Request::Each(changes, to) => {
                for (subject, change) in changes {
                    if !self.is_erased(subject)? {
                        self.push(subject, change)?;
                    }
                }
                self.answers.push(Answer::Done(to));
            }
            Request::Events(subject, events, to) => {
                let appended = self.events(subject, events)?;
                self.answers.push(Answer::Appended(to, appended));
            }
            Request::Gathered(told, to) => {
                let mut all = Vec::with_capacity(told.len());
                for (subject, events) in told {
                    all.push(match self.is_erased(subject)? {
                        true => None,
                        false => Some(self.events(subject, events)?),
                    });
                }
                self.answers.push(Answer::Gathered(to, all));
            }
            Request::Tick(to) => {
                self.row.push(Record::Tick {
                    at_ms: self.received_at,
                })?;
                self.answers.push(Answer::Done(to));
            }
            Request::Erase(subjects, to) => {
                for subject in subjects {
                    self.erase(subject)?;
                }
                self.answers.push(Answer::Done(to));
            }
            Request::Stop => return Ok(false),
        }
        Ok(true)
    }

    fn register(&mut self, registration: Registration) -> Result<Registered, StorageError> {
        let known = match &registration.device_key_hash {
            Some(hash) => self.fold.by_device_key(registration.app_id, hash)?,
            None => None,
        };
        let subject = match known {
            Some(subject) => subject,
            None => Subject {
                account_id: registration.account_id,
                app_id: registration.app_id,
                instance_id: InstanceId(new_id(self.received_at, self.random)),
                number: self.fold.next_number(registration.app_id)?,
            },
        };
        self.push(
            subject,
            Change::Registered {
                device_key_hash: registration.device_key_hash,
                token_hash: registration.token_hash,
                profile: Box::new(registration.profile),
            },
        )?;
        for change in registration.more {
            self.push(subject, change)?;
        }
        Ok(Registered {
            subject,
            again: known.is_some(),
        })
    }

    /// Adds the events that are new. Those of one request come true in the order of their times, and of
    /// their ids where these are the same, however they were sent.
    fn events(
        &mut self,
        subject: Subject,
        mut events: Vec<Event>,
    ) -> Result<Appended, StorageError> {
        events.sort_by_key(|event| (event.at_ms, event.id));
        let mut appended = Appended::default();
        let is_withheld = events.iter().any(|event| event.body.is_location())
            && self.fold.refuses_location(subject.instance_id)?;
        for mut event in events {
            if is_withheld && event.body.is_location() {
                event.body = EventBody::Withheld;
            }
            if self.fold.is_seen(subject.instance_id, &event.id)? {
                appended.duplicates += 1;
                continue;
            }
            self.push(subject, Change::Event(event))?;
            appended.accepted += 1;
        }
        Ok(appended)
    }

    /// Whether an instance was erased after its request was let in.
    fn is_erased(&self, subject: Subject) -> Result<bool, StorageError> {
        Ok(self.fold.entry(subject.instance_id)?.is_none())
    }

    /// Asks for an erasure, unless that was done before.
    fn erase(&mut self, subject: Subject) -> Result<(), StorageError> {
        if self.is_erased(subject)? {
            return Ok(());
        }
        self.add_record(Record::Erase {
            subject,
            received_at: self.received_at,
        })
    }

    fn push(&mut self, subject: Subject, change: Change) -> Result<(), StorageError> {
        self.add_record(Record::Instance {
            subject,
            received_at: self.received_at,
            change,
        })
    }

    fn add_record(&mut self, record: Record) -> Result<(), StorageError> {
        self.fold.take_in(&record)?;
        self.row.push(record)
    }
}

#[cfg(test)]
#[path = "ingest_tests.rs"]
mod tests;
