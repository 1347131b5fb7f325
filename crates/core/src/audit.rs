//! The words of the audit log: who did what to what.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{
    id::{AccountId, Id, MemberId, TokenId},
    resource::Kind,
};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Something was made.
    Create,
    /// Something was changed.
    Update,
    /// Something was deleted.
    Delete,
    /// What is held on people was read.
    Read,
    /// All that is held on a person was given out.
    Export,
    /// All that is held on a person was erased.
    Erase,
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 6] = [
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Read,
        Self::Export,
        Self::Erase,
    ];

    /// The words of all actions.
    pub const WORDS: [&'static str; Self::ALL.len()] = {
        let mut words = [""; Self::ALL.len()];
        let mut at = 0;
        while at < words.len() {
            words[at] = Self::ALL[at].as_str();
            at += 1;
        }
        words
    };

    /// The word in the log and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Read => "read",
            Self::Export => "export",
            Self::Erase => "erase",
        }
    }

    /// The action with this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}

/// What kind of thing it was done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A managed object.
    Object(Kind),
    /// A file that is taken in.
    Import,
    /// A campaign that is run over recorded history.
    Replay,
    /// An installation of an app on somebody's device.
    Instance,
    /// A person whom an app has identified.
    User,
    /// Decisions on people.
    Decision,
}

impl Subject {
    const OTHERS: [Self; 5] = [
        Self::Import,
        Self::Replay,
        Self::Instance,
        Self::User,
        Self::Decision,
    ];

    /// The words of all of them.
    pub const WORDS: [&'static str; Kind::ALL.len() + Self::OTHERS.len()] = {
        let mut words = [""; Kind::ALL.len() + Self::OTHERS.len()];
        let mut at = 0;
        while at < words.len() {
            words[at] = if at < Kind::ALL.len() {
                Kind::ALL[at].word()
            } else {
                Self::OTHERS[at - Kind::ALL.len()].word()
            };
            at += 1;
        }
        words
    };

    /// The word in the log and in the API.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Object(kind) => kind.word(),
            Self::Import => "import",
            Self::Replay => "replay",
            Self::Instance => "instance",
            Self::User => "user",
            Self::Decision => "decision",
        }
    }

    /// The one with this word.
    pub fn named(word: &str) -> Option<Self> {
        let other = Self::OTHERS.into_iter().find(|one| one.word() == word);
        other.or_else(|| Kind::named(word).map(Self::Object))
    }

    /// Whether it is about the people who carry the devices, whose ids the log keeps as hashes only.
    pub const fn is_personal(self) -> bool {
        !matches!(self, Self::Object(_) | Self::Import | Self::Replay)
    }
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actor {
    /// The server by itself: the first start, what expires.
    System,
    /// A device, for itself.
    Device,
    /// A member of the account that operates the server. Who it was stands in that account's own log.
    Operator,
    /// A member with a token.
    Member {
        /// The account of the member.
        account_id: AccountId,
        /// Who.
        member_id: MemberId,
        /// With which token.
        token_id: TokenId,
    },
}

impl Actor {
    /// The words of all of them.
    pub const WORDS: [&'static str; 4] = ["system", "device", "operator", "member"];

    /// The word in the log and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Device => "device",
            Self::Operator => "operator",
            Self::Member { .. } => "member",
        }
    }
}

/// Where a change or an access comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// When, by the server's clock, ms since 1970.
    pub at: i64,
    /// Who.
    pub actor: Actor,
    /// The request.
    pub request_id: Option<String>,
    /// The line of the route table, for example `PUT /v2/places/{placeId}`.
    pub route: Option<String>,
    /// The address the request came from.
    pub address: Option<IpAddr>,
}

impl Origin {
    /// The server by itself.
    pub const fn system(at: i64) -> Self {
        Self {
            at,
            actor: Actor::System,
            request_id: None,
            route: None,
            address: None,
        }
    }
}

/// An event of the log, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The account whose log it is in.
    pub account_id: AccountId,
    /// Its number there: 1, 2, 3 and so on.
    pub sequence: i64,
    /// When, ms since 1970.
    pub at: i64,
    /// What was done.
    pub action: Action,
    /// To what.
    pub subject: Subject,
    /// To which one: its id, or the keyed hash of a person's id.
    pub object_id: Option<String>,
    /// Who.
    pub actor: Actor,
    /// The request.
    pub request_id: Option<String>,
    /// The line of the route table.
    pub route: Option<String>,
    /// The address the request came from.
    pub address: Option<String>,
    /// What was asked for, if people were read, as JSON.
    pub parameters: Option<String>,
    /// The object before, as JSON.
    pub before: Option<String>,
    /// The object after, as JSON.
    pub after: Option<String>,
    /// The hash of this event and all before it.
    pub hash: [u8; 32],
}

impl Event {
    /// Its id.
    pub fn id(&self) -> Id {
        event_id(self.account_id, self.at, self.sequence)
    }
}

/// The id of an event. It follows from what the event is, so that it needs neither a column nor an
/// index: a UUID of version 7 that has a part of the account's id and the number for random bits.
pub fn event_id(account: AccountId, at: i64, sequence: i64) -> Id {
    let mut tail = [0; 10];
    tail[..5].copy_from_slice(&account.0.0[11..]);
    tail[5..].copy_from_slice(&sequence.to_be_bytes()[3..]);
    Id::from_parts(at, tail)
}

/// The number of the event with this id, if there is such an event.
pub fn sequence_of(event: Id) -> i64 {
    let mut bytes = [0; 8];
    bytes[3..].copy_from_slice(&event.0[11..]);
    i64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
        for word in Action::WORDS {
            assert_eq!(Action::named(word).map(Action::as_str), Some(word));
        }
        for word in Subject::WORDS {
            assert_eq!(Subject::named(word).map(Subject::word), Some(word));
        }
        assert_eq!(Action::named("look"), None);
        assert_eq!(Subject::named("audit"), None);
    }

    #[test]
    fn an_event_is_found_by_its_id_and_two_accounts_share_none() {
        let (mine, theirs) = (AccountId(Id([1; 16])), AccountId(Id([2; 16])));
        let at = 1_767_614_400_000;
        for sequence in [1, 255, 256, 1 << 39] {
            let id = event_id(mine, at, sequence);
            assert_eq!(sequence_of(id), sequence);
            assert_ne!(id, event_id(theirs, at, sequence));
            assert_ne!(id, event_id(mine, at, sequence + 1));
            assert!(id < event_id(mine, at + 1, sequence));
            assert_eq!((id.0[6] >> 4, id.0[8] >> 6), (7, 2));
        }
    }
}
