//! Devices that send, and send again what was not answered.

use moca_core::{
    consent::{Consent, Purpose},
    event::{Change, Event, Profile, Proximity, Subject, TagChange},
    id::{AccountId, AppId},
    limits::EVENT_ID_KEPT_MS,
    receipt::{Receipt, ReceiptKind},
};
use moca_storage::devices::Devices;
use tokio::sync::oneshot;

use super::{
    oracle::Oracle,
    support::{MINUTE, SeededRandom, Site},
};
use crate::{
    pipeline::ingest::{Registration, Request},
    query::{Appended, Registered},
};

const DEVICES: i64 = 5;
/// Requests that come at the same time.
const AT_ONCE: i64 = 4;

/// All devices.
#[derive(Default)]
pub(super) struct Fleet {
    devices: Vec<Device>,
    /// What was not answered.
    unanswered: Vec<Sent>,
    /// Batches of events that were answered, some of which come again nevertheless.
    answered: Vec<Sent>,
}

/// What a device knows.
#[derive(Default)]
struct Device {
    subject: Option<Subject>,
}

/// A request with the answer that is waited for.
pub(super) struct Sent {
    device: usize,
    /// When it was sent first, ms since 1970.
    at: i64,
    what: What,
    answer: Option<Answer>,
}

/// What is asked for.
#[derive(Clone)]
enum What {
    Register,
    Change(Subject, Change),
    Events(Subject, Vec<Event>),
    Erase(Subject),
    Tick,
}

enum Answer {
    Registered(oneshot::Receiver<Registered>),
    Changed(oneshot::Receiver<Option<()>>),
    Appended(oneshot::Receiver<Option<Appended>>),
    Done(oneshot::Receiver<()>),
}

impl Fleet {
    /// Requests that come at the same time: new ones, and some that came before.
    pub(super) fn draw(
        &mut self,
        site: &Site,
        devices: &Devices,
        random: &SeededRandom,
        now: i64,
    ) -> Vec<Sent> {
        // Later a device cannot rely on repeats being known.
        let is_known = |sent: &Sent| now - sent.at < EVENT_ID_KEPT_MS;
        self.unanswered.retain(is_known);
        self.answered.retain(is_known);
        let mut drawn = Vec::new();
        for _ in 0..=random.below(AT_ONCE) {
            let again = match random.below(4) {
                0 if !self.unanswered.is_empty() => {
                    let one = random.below(self.unanswered.len() as i64) as usize;
                    Some(self.unanswered.remove(one))
                }
                1 if !self.answered.is_empty() => {
                    let one = random.below(self.answered.len() as i64) as usize;
                    Some(Sent {
                        what: self.answered[one].what.clone(),
                        answer: None,
                        ..self.answered[one]
                    })
                }
                _ => None,
            };
            let device = random.below(DEVICES) as usize;
            drawn.push(again.unwrap_or_else(|| Sent {
                device,
                at: now,
                what: self.what(device, site, devices, random, now),
                answer: None,
            }));
        }
        drawn
    }

    fn what(
        &mut self,
        device: usize,
        site: &Site,
        devices: &Devices,
        random: &SeededRandom,
        now: i64,
    ) -> What {
        while self.devices.len() <= device {
            self.devices.push(Device::default());
        }
        let Some(subject) = self.devices[device].subject else {
            return What::Register;
        };
        let tag = |change| Change::Tagged {
            name: "visits".into(),
            change,
        };
        match random.below(40) {
            0 => What::Register,
            1 => What::Change(subject, tag(TagChange::Set(0.0))),
            2 => What::Change(subject, tag(TagChange::Add(1.0))),
            3 => What::Change(subject, Change::LoggedOut),
            4 => {
                let user_id = format!("user {}", random.below(3));
                let properties = Vec::new();
                What::Change(
                    subject,
                    Change::LoggedIn {
                        user_id,
                        properties,
                    },
                )
            }
            5 => What::Erase(subject),
            6..11 => What::Tick,
            11..15 => match receipt(subject, devices, random, now) {
                Some(receipt) => What::Change(subject, Change::Receipt(receipt)),
                None => What::Tick,
            },
            15 => What::Change(subject, answer(random, now)),
            _ => What::Events(subject, events(site, random, now)),
        }
    }

    /// The requests for the stage that puts them on disk.
    pub(super) fn requests(
        sent: &mut [Sent],
        (account_id, app_id): (AccountId, AppId),
        random: &SeededRandom,
        oracle: &mut Oracle,
    ) -> Vec<Request> {
        let mut request = |sent: &mut Sent| match sent.what.clone() {
            What::Register => {
                let (to, answer) = oneshot::channel();
                sent.answer = Some(Answer::Registered(answer));
                let mut token_hash = [0; 32];
                token_hash[0] = random.below(256) as u8;
                token_hash[1] = sent.device as u8;
                let registration = Registration {
                    account_id,
                    app_id,
                    device_key_hash: Some([sent.device as u8; 32]),
                    token_hash,
                    profile: Profile::default(),
                    more: Vec::new(),
                };
                Request::Register(Box::new(registration), to)
            }
            What::Change(subject, change) => {
                let (to, answer) = oneshot::channel();
                sent.answer = Some(Answer::Changed(answer));
                Request::Change(subject, vec![change], to)
            }
            What::Events(subject, events) => {
                let (to, answer) = oneshot::channel();
                sent.answer = Some(Answer::Appended(answer));
                Request::Events(subject, events, to)
            }
            What::Erase(subject) => {
                oracle.asked_to_erase(subject);
                let (to, answer) = oneshot::channel();
                sent.answer = Some(Answer::Done(answer));
                Request::Erase(vec![subject], to)
            }
            What::Tick => {
                let (to, answer) = oneshot::channel();
                sent.answer = Some(Answer::Done(answer));
                Request::Tick(to)
            }
        };
        sent.iter_mut().map(&mut request).collect()
    }

    /// Hears the answers to what was sent, or nothing.
    pub(super) fn hear(&mut self, sent: Vec<Sent>, is_answered: bool, oracle: &mut Oracle) {
        for mut one in sent {
            match one.answer.take() {
                Some(answer) if is_answered => self.heard(one, answer, oracle),
                _ => self.unanswered.push(one),
            }
        }
    }

    fn heard(&mut self, sent: Sent, answer: Answer, oracle: &mut Oracle) {
        const ANSWERED: &str = "every request of a group is answered";
        let device = &mut self.devices[sent.device];
        match (answer, &sent.what) {
            (Answer::Registered(answer), _) => {
                let subject = answer.blocking_recv().expect(ANSWERED).subject;
                oracle.registered(device.subject, subject);
                device.subject = Some(subject);
            }
            (Answer::Changed(answer), What::Change(subject, _)) => {
                if answer.blocking_recv().expect(ANSWERED).is_none() {
                    oracle.refused(*subject);
                }
            }
            (Answer::Appended(answer), What::Events(subject, events)) => {
                match answer.blocking_recv().expect(ANSWERED) {
                    Some(appended) => oracle.appended(*subject, events, appended),
                    None => oracle.refused(*subject),
                }
                self.answered.push(sent);
            }
            (Answer::Done(answer), what) => {
                answer.blocking_recv().expect(ANSWERED);
                if matches!(what, What::Erase(subject) if device.subject == Some(*subject)) {
                    device.subject = None;
                }
            }
            _ => unreachable!("an answer is of the kind that was asked for"),
        }
    }
}

/// One event or several, seldom long ago.
fn events(site: &Site, random: &SeededRandom, now: i64) -> Vec<Event> {
    let one = |_| {
        let at = match random.below(5) {
            0 => now - random.below(12 * MINUTE),
            _ => now - random.below(MINUTE),
        };
        match random.below(6) {
            0 | 1 => site.fix(at, 40.0, -3.0),
            2 => site.fix(at, 40.02, -3.0),
            3 => site.fix(at, 41.0, -3.0),
            4 => {
                let closeness = [None, Some(Proximity::Near), Some(Proximity::Far)];
                let closeness = closeness[random.below(3) as usize];
                site.close_sighting(at, 1 + random.below(3) as u16, closeness)
            }
            _ => site.custom(at),
        }
    };
    let mut events: Vec<Event> = (0..=random.below(3)).map(one).collect();
    if random.below(8) == 0 {
        events.push(events[0].clone());
    }
    events
}

/// What somebody answers who is asked for a consent.
fn answer(random: &SeededRandom, now: i64) -> Change {
    let purpose = Purpose::ALL[random.below(Purpose::ALL.len() as i64) as usize];
    let consent = Consent {
        granted: random.below(2) == 0,
        version: "1".into(),
        at_ms: now,
    };
    Change::ConsentsSet([(purpose, consent)].into())
}

/// What a device tells of one of its messages, if it has any.
fn receipt(
    subject: Subject,
    devices: &Devices,
    random: &SeededRandom,
    now: i64,
) -> Option<Receipt> {
    let messages = devices.messages(subject.instance_id, 0, usize::MAX);
    let messages = messages.unwrap();
    let one = random.below(messages.len().max(1) as i64) as usize;
    let message = messages.get(one)?;
    let kinds = ReceiptKind::ALL;
    Some(Receipt {
        message_id: message.message_id,
        campaign_id: message.campaign_id,
        experience_id: message.experience_id,
        kind: kinds[random.below(kinds.len() as i64) as usize],
        at_ms: now,
    })
}
