//! The keys of every keyspace. Ids are their 16 bytes; numbers are big-endian, signed ones with the
//! sign bit flipped, so that keys sort as what they stand for does.
//!
//! | keyspace | key | value |
//! |---|---|---|
//! | `offsets` | name of the consumer | last row of the log it has taken in |
//! | | `erased`, `swept` | [`super::Erased`] |
//! | | `history` | version of the control store up to which `history` is complete |
//! | `directory` | `i` instance | [`super::DirectoryEntry`] |
//! | | `t` SHA-256 of the token | instance |
//! | | `k` app, hash of the device key | instance |
//! | | `d` instance | hash of its device key |
//! | | `n` app | number of the next instance |
//! | | `v` | nothing: every `k` has its `d` |
//! | `seen-W` | instance, event id | nothing; `W` is the week the event came in |
//! | `states` | instance | [`super::InstanceState`] |
//! | `inbox` | instance, index from 0 | [`super::Message`] |
//! | `decisions` | `a` app, time, seq, index | [`moca_core::campaign::decide::Decision`] |
//! | | `i` app, instance, time, seq, index | nothing: found under `a` |
//! | | `n` app or replay, which of campaign, experience and verdict, these, `a` | number of such decisions |
//! | | the same with `d` day or `q` quarter | number of those in it |
//! | | `v` | nothing: every decision is counted |
//! | `crossings` | seq | [`super::InstanceCrossing`]s, until counted |
//! | `sets` | app, kind, level, index, target, part | roaring bitmap |
//! | `firsts` | app, number | time of the instance's first event |
//! | `moments` | app, kind, quarter, seq | [`super::Moment`]s |
//! | `health` | beacon | [`moca_core::health::BeaconHealth`] |
//! | `receipts` | instance, message | [`moca_core::receipt::Receipts`] |
//! | `tagged` | seq | [`super::InstanceTag`]s, until listed |
//! | `tallies` | `s` app, level, index, experience | [`moca_core::tally::Tally`] |
//! | | `q` app, quarter, seq | [`moca_core::tally::Happening`]s |
//! | | `a` app, experience | [`moca_core::experience::Target`]s that it was about |
//! | `pushes` | `t` notification | [`super::PushTally`] |
//! | | `q` notification, attempts, instance | nothing: it is still to be sent there |
//! | | `a` app, notification | its campaign, when its audience was taken, and how many it was |
//! | | `c` app, time, notification, seq or 0 | its campaign, and [`moca_core::notification::counts::Counts`] |
//! | `webhooks` | `d` webhook, delivery | [`moca_core::webhook::Delivery`] |
//! | | `n` webhook, seq, index | id of the delivery: it waits for its first attempt |
//! | | `r` webhook, time, delivery | nothing: it waits for another attempt, then |
//! | | `s` webhook, state, delivery | nothing: it is in this state |
//! | | `i` instance, webhook, delivery | nothing: it is about this instance |
//! | | `e` webhook | [`super::Queued`] |
//! | | `t` webhook | [`super::HookTally`] |
//! | `history` | account, seq, version of the control store, index | JSON of a [`moca_core::history::Taken`] |
//! | `replays` | `d` replay, time, seq, index | [`moca_core::campaign::decide::Decision`] |
//! | | `i` instance, replay, time, seq, index | nothing: found under `d` |
//! | `people` | `I` app | number of instances |
//! | | `i` app, instance | nothing |
//! | | `U` app | number of users |
//! | | `u` app, time of the first login, user | nothing |
//! | | `d` app, user | [`moca_core::user::User`] |
//! | | `m` app, user, 0, instance | nothing: the user is or was logged in there |
//! | | `M` app, user | number of these instances |
//! | | `w` instance, user | nothing: the same, to be found by the instance |
//! | | `c` instance | the user that is logged in |
//! | | `T` app, tag | number of instances that carry it |
//! | | `g` instance, tag | nothing: the instance carries it |
//! | | `r` instance, seq | nothing: the row tells of the instance |
//! | | `e` instance | [`moca_core::event::Subject`] that is being erased |

use moca_core::{
    experience::{Target, TargetKind},
    id::{AppId, Id, InstanceId},
    metric::Level,
};

/// Puts a key together.
pub(super) struct Key(Vec<u8>);

impl Key {
    pub(super) fn new() -> Self {
        // Most keys fit, so most are allocated once.
        Self(Vec::with_capacity(64))
    }
    pub(super) fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }
    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }
    pub(super) fn app(self, app: AppId) -> Self {
        self.bytes(&app.0.0)
    }
    pub(super) fn instance(self, instance: InstanceId) -> Self {
        self.bytes(&instance.0.0)
    }
    pub(super) fn unsigned(self, number: u64) -> Self {
        self.bytes(&number.to_be_bytes())
    }
    pub(super) fn signed(self, number: i64) -> Self {
        self.unsigned(sortable(number))
    }
    /// Kind and id of a target; zeros for all targets together.
    pub(super) fn target(self, target: Option<Target>) -> Self {
        match target {
            Some(target) => self.byte(kind_byte(target.kind())).bytes(&target.id().0),
            None => self.byte(0).bytes(&[0; 16]),
        }
    }
    pub(super) fn build(self) -> Vec<u8> {
        self.0
    }
}

/// Flips the sign bit: as bytes, negative numbers then come before the others.
pub(super) fn sortable(number: i64) -> u64 {
    (number as u64) ^ (1 << 63)
}

/// The reverse of [`sortable`].
pub(super) fn from_sortable(number: u64) -> i64 {
    (number ^ (1 << 63)) as i64
}

pub(super) fn kind_byte(kind: TargetKind) -> u8 {
    match kind {
        TargetKind::Place => 1,
        TargetKind::Zone => 2,
        TargetKind::Beacon => 3,
    }
}

pub(super) fn level_byte(level: Level) -> u8 {
    match level {
        Level::Day => 1,
        Level::Hour => 2,
        Level::Quarter => 3,
    }
}

/// Takes a stored key apart from its start; `None` when it is too short.
pub(super) struct KeyReader<'a>(&'a [u8]);

impl<'a> KeyReader<'a> {
    pub(super) fn new(key: &'a [u8]) -> Self {
        Self(key)
    }
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }
    pub(super) fn id(&mut self) -> Option<Id> {
        self.array().map(Id)
    }
    pub(super) fn unsigned(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }
}
