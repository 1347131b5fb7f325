//! An event on its way to one webhook: when it is tried again, and when no more.

use serde::{Deserialize, Serialize};

use super::HookEvent;
use crate::limits::{WEBHOOK_JITTER_PERCENT, WEBHOOK_PAUSES_MS, WEBHOOK_WAIT_MS_MAX};

/// An event on its way to one webhook, or told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// What is told.
    pub event: HookEvent,
    /// Where it stands.
    pub state: State,
    /// Attempts so far; after a new beginning, since that.
    pub attempts: u32,
    /// The last attempt.
    pub last: Option<Attempt>,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// It waits for its first attempt, after what the log told before.
    Fresh {
        /// Row of the event log.
        seq: u64,
        /// Index among what that row told of.
        index: u32,
    },
    /// It waits for another attempt.
    Again {
        /// Not before, ms since 1970.
        due_ms: i64,
    },
    /// The receiver took it.
    Delivered,
    /// It is not tried any more.
    GivenUp,
}

impl State {
    /// The words of the API.
    pub const WORDS: [&'static str; 3] = ["Waiting", "Delivered", "GivenUp"];

    /// The word used in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh { .. } | Self::Again { .. } => Self::WORDS[0],
            Self::Delivered => Self::WORDS[1],
            Self::GivenUp => Self::WORDS[2],
        }
    }

    /// Whether it is still to be sent.
    pub const fn is_waiting(self) -> bool {
        matches!(self, Self::Fresh { .. } | Self::Again { .. })
    }
}

/// An attempt at a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it was made, ms since 1970.
    pub at_ms: i64,
    /// Milliseconds until the answer.
    pub took_ms: u32,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The receiver answered with this status.
    Answered(u16),
    /// It did not.
    Failed(Failure),
}

impl Outcome {
    /// Whether the receiver took it.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Answered(200..=299))
    }

    /// Whether the receiver wants nothing more.
    pub const fn is_gone(self) -> bool {
        matches!(self, Self::Answered(410))
    }

    /// Whether it says that the receiver has too much to do, or that nobody is there: others would fare
    /// the same.
    pub const fn is_overload(self) -> bool {
        matches!(
            self,
            Self::Answered(429 | 502 | 503 | 504) | Self::Failed(_)
        )
    }

    /// The status that was answered.
    pub const fn status_code(self) -> Option<u16> {
        match self {
            Self::Answered(status) => Some(status),
            Self::Failed(_) => None,
        }
    }

    /// The word for what went wrong, if something did.
    pub const fn error(self) -> Option<&'static str> {
        match self {
            Self::Answered(200..=299) => None,
            Self::Answered(_) => Some(Self::ERRORS[0]),
            Self::Failed(failure) => Some(failure.as_str()),
        }
    }

    /// The words for what can go wrong.
    pub const ERRORS: [&'static str; 6] = [
        "StatusCode",
        Failure::Timeout.as_str(),
        Failure::Unreachable.as_str(),
        Failure::PrivateAddress.as_str(),
        Failure::Waited.as_str(),
        Failure::SecretUnreadable.as_str(),
    ];
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// It did not come in time.
    Timeout,
    /// The receiver cannot be connected to, or not with TLS.
    Unreachable,
    /// The address is one of an inner network.
    PrivateAddress,
    /// It was not even tried: others were, for days, in vain.
    Waited,
    /// It cannot be signed: its secret was sealed with another key of the server.
    SecretUnreadable,
}

impl Failure {
    /// The word used in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "Timeout",
            Self::Unreachable => "Unreachable",
            Self::PrivateAddress => "PrivateAddress",
            Self::Waited => "Waited",
            Self::SecretUnreadable => "SecretUnreadable",
        }
    }
}

impl Delivery {
    /// One that waits for its first attempt.
    pub const fn new(event: HookEvent, seq: u64, index: u32) -> Self {
        Self {
            event,
            state: State::Fresh { seq, index },
            attempts: 0,
            last: None,
        }
    }

    /// Whether it waited so long for its turn that it is not tried any more.
    pub fn is_stale(&self, now_ms: i64) -> bool {
        let next_at = self.next_at();
        next_at.is_some_and(|next_at| now_ms > next_at.saturating_add(WEBHOOK_WAIT_MS_MAX))
    }

    /// When it is tried next at the earliest, ms since 1970; nothing for one that is not waiting.
    pub const fn next_at(&self) -> Option<i64> {
        match self.state {
            State::Fresh { .. } => Some(self.event.received_at),
            State::Again { due_ms, .. } => Some(due_ms),
            State::Delivered | State::GivenUp => None,
        }
    }

    /// What an attempt makes of it. `jitter`, from 0 to 255, spreads the next ones of many that failed
    /// together; `not_before` is what the receiver asked for, ms since 1970.
    pub fn tried(&mut self, attempt: Attempt, jitter: u8, not_before: Option<i64>) {
        let pause_ms = WEBHOOK_PAUSES_MS.get(self.attempts as usize).copied();
        self.attempts += 1;
        self.last = Some(attempt);
        self.state = match pause_ms {
            _ if attempt.outcome.is_success() => State::Delivered,
            None => State::GivenUp,
            Some(pause_ms) => {
                let spread = pause_ms * WEBHOOK_JITTER_PERCENT * i64::from(jitter) / (100 * 255);
                let due_ms = attempt.at_ms + pause_ms + spread;
                State::Again {
                    due_ms: due_ms.max(not_before.unwrap_or(due_ms)),
                }
            }
        };
    }

    /// Gives up one that is stale.
    pub const fn give_up(&mut self, now_ms: i64) {
        self.state = State::GivenUp;
        self.last = Some(Attempt {
            at_ms: now_ms,
            took_ms: 0,
            outcome: Outcome::Failed(Failure::Waited),
        });
    }

    /// Begins anew, now.
    pub const fn begin_anew(&mut self, now_ms: i64) {
        self.attempts = 0;
        self.state = State::Again { due_ms: now_ms };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::{AppId, Id, InstanceId},
        webhook::Occasion,
    };

    fn delivery() -> Delivery {
        let event = HookEvent {
            app_id: AppId(Id([1; 16])),
            instance_id: InstanceId(Id([2; 16])),
            user_id: None,
            at_ms: 0,
            received_at: 1_000,
            position: None,
            occasion: Occasion::LoggedIn,
        };
        Delivery::new(event, 1, 0)
    }

    fn attempt(at_ms: i64, outcome: Outcome) -> Attempt {
        Attempt {
            at_ms,
            took_ms: 5,
            outcome,
        }
    }

    /// Tries until nothing is to be tried; when each attempt was made.
    fn attempts(delivery: &mut Delivery, jitter: u8) -> Vec<i64> {
        let mut made = Vec::new();
        while let Some(at_ms) = delivery.next_at() {
            made.push(at_ms);
            delivery.tried(attempt(at_ms, Outcome::Answered(500)), jitter, None);
        }
        made
    }

    #[test]
    fn ten_attempts_take_about_three_days() {
        const HOUR_MS: i64 = 3_600_000;
        for (jitter, hours) in [(0, 75), (255, 83)] {
            let mut delivery = delivery();
            let made = attempts(&mut delivery, jitter);
            assert_eq!((made.len(), delivery.attempts), (10, 10));
            assert_eq!((made[9] - made[0]) / HOUR_MS, hours);
            assert!(made.is_sorted());
            assert_eq!(delivery.state, State::GivenUp);
            delivery.begin_anew(7);
            assert_eq!((delivery.next_at(), delivery.attempts), (Some(7), 0));
            assert_eq!(attempts(&mut delivery, jitter).len(), 10);
        }
    }

    #[test]
    fn what_the_receiver_took_or_asked_for_counts() {
        let mut taken = delivery();
        taken.tried(attempt(2_000, Outcome::Answered(204)), 0, None);
        assert_eq!((taken.state, taken.next_at()), (State::Delivered, None));
        let mut asked = delivery();
        asked.tried(attempt(2_000, Outcome::Answered(429)), 0, Some(60_000));
        assert_eq!(asked.next_at(), Some(60_000));
        let mut sooner = delivery();
        sooner.tried(attempt(2_000, Outcome::Answered(429)), 0, Some(2_001));
        assert_eq!(sooner.next_at(), Some(2_000 + WEBHOOK_PAUSES_MS[0]));
    }

    #[test]
    fn one_that_waited_too_long_is_stale() {
        let mut delivery = delivery();
        assert!(!delivery.is_stale(1_000 + WEBHOOK_WAIT_MS_MAX));
        assert!(delivery.is_stale(1_001 + WEBHOOK_WAIT_MS_MAX));
        delivery.give_up(5);
        assert!(!delivery.is_stale(i64::MAX), "it waits no more");
        assert_eq!(delivery.last.unwrap().outcome.error(), Some("Waited"));
    }

    #[test]
    fn answers_mean_what_the_standard_says() {
        let answered = Outcome::Answered;
        assert!(answered(200).is_success() && answered(299).is_success());
        for status in [199, 300, 301, 400, 404, 410, 500] {
            assert!(!answered(status).is_success(), "{status}");
            assert_eq!(answered(status).is_gone(), status == 410);
            assert!(!answered(status).is_overload(), "{status}");
            assert_eq!(answered(status).error(), Some("StatusCode"));
        }
        for status in [429, 502, 503, 504] {
            assert!(answered(status).is_overload());
        }
        let failed = Outcome::Failed(Failure::Timeout);
        assert!(failed.is_overload() && !failed.is_success() && !failed.is_gone());
        assert_eq!(
            (failed.error(), failed.status_code()),
            (Some("Timeout"), None)
        );
    }
}
