//! The life of a notification: a draft, then waiting for its trigger and its campaign, taken up,
//! being sent, and done.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Options;

/// Where a notification stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationStatus {
    /// The state.
    pub state: State,
    /// Since when, ms since 1970.
    pub at: i64,
    /// Instances it is for, once its audience was taken.
    pub targeted: i64,
    /// Instances that are left out because they are in the control group of its campaign.
    #[serde(default)]
    pub held_out: i64,
    /// Instances whose push service was asked to send it.
    pub sent: i64,
    /// Those of them for which the service took it.
    pub accepted: i64,
    /// Instances that do not get it, by reason.
    pub failed: BTreeMap<Failure, i64>,
}

/// The states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Not ready; may be changed.
    Draft,
    /// Ready: it waits for its trigger and for its campaign to run.
    Pending,
    /// Its audience was taken; it waits for its turn.
    Enqueued,
    /// It is being sent.
    Sending,
    /// It went out to everybody who could be reached.
    Completed,
    /// Somebody stopped it.
    Cancelled,
}

impl State {
    /// All of them, in the order of a notification's life.
    pub const ALL: [Self; 6] = [
        Self::Draft,
        Self::Pending,
        Self::Enqueued,
        Self::Sending,
        Self::Completed,
        Self::Cancelled,
    ];

    /// The words of all of them.
    pub const WORDS: [&'static str; Self::ALL.len()] = {
        let mut words = [""; Self::ALL.len()];
        let mut at = 0;
        while at < words.len() {
            words[at] = Self::ALL[at].as_str();
            at += 1;
        }
        words
    };

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::Pending => "Pending",
            Self::Enqueued => "Enqueued",
            Self::Sending => "Sending",
            Self::Completed => "Completed",
            Self::Cancelled => "Cancelled",
        }
    }
}

/// Why an instance does not get a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Failure {
    /// Its push service does not know the address any more, which was forgotten then.
    Unregistered,
    /// It has no address any more, or was erased, since the audience was taken.
    Gone,
    /// The app has no credential for its push service.
    NoCredential,
    /// The push service does not take the app's credential.
    CredentialRefused,
    /// The message is too large for its push service.
    TooLarge,
    /// The push service does not take the message.
    Refused,
    /// The push service was too busy, again and again.
    Overloaded,
    /// The push service could not be reached, again and again.
    Unreachable,
    /// The person did not agree to marketing, or took that back, and the campaign asks for it.
    NoConsent,
}

impl Failure {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Unregistered,
        Self::Gone,
        Self::NoCredential,
        Self::CredentialRefused,
        Self::TooLarge,
        Self::Refused,
        Self::Overloaded,
        Self::Unreachable,
        Self::NoConsent,
    ];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unregistered => "Unregistered",
            Self::Gone => "Gone",
            Self::NoCredential => "NoCredential",
            Self::CredentialRefused => "CredentialRefused",
            Self::TooLarge => "TooLarge",
            Self::Refused => "Refused",
            Self::Overloaded => "Overloaded",
            Self::Unreachable => "Unreachable",
            Self::NoConsent => "NoConsent",
        }
    }
}

impl NotificationStatus {
    /// That of a notification with these options which was saved now.
    pub fn saved(options: Options, now_ms: i64) -> Self {
        let state = if options.draft {
            State::Draft
        } else {
            State::Pending
        };
        Self {
            state,
            at: now_ms,
            targeted: 0,
            held_out: 0,
            sent: 0,
            accepted: 0,
            failed: BTreeMap::new(),
        }
    }

    /// The same in another state from now on.
    #[must_use]
    pub fn moved(mut self, state: State, now_ms: i64) -> Self {
        self.state = state;
        self.at = now_ms;
        self
    }

    /// Whether nothing more happens by itself.
    pub const fn is_at_rest(&self) -> bool {
        matches!(
            self.state,
            State::Draft | State::Completed | State::Cancelled
        )
    }

    /// Stopped now; nothing if there is nothing to stop.
    pub fn cancelled(&self, now_ms: i64) -> Option<Self> {
        (!self.is_at_rest()).then(|| self.clone().moved(State::Cancelled, now_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_under_way_can_be_cancelled() {
        let saved = |draft| {
            let options = Options {
                draft,
                dry_run: false,
            };
            NotificationStatus::saved(options, 1)
        };
        assert_eq!(saved(true).state, State::Draft);
        assert_eq!(saved(false).state, State::Pending);
        for state in State::ALL {
            let cancelled = saved(true).moved(state, 2).cancelled(3);
            let is_under_way = matches!(state, State::Pending | State::Enqueued | State::Sending);
            assert_eq!(cancelled.is_some(), is_under_way, "{state:?}");
            assert!(cancelled.is_none_or(|one| (one.state, one.at) == (State::Cancelled, 3)));
        }
    }

    #[test]
    fn the_words_are_those_that_are_stored() {
        for failure in Failure::ALL {
            assert_eq!(serde_json::to_value(failure).unwrap(), failure.as_str());
        }
        for state in State::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }
}
