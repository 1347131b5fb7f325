//! What a token may be narrowed to, whatever the role of its member.
//!
//! A scope is `family:read` or `family:write`, or the same with `*` for every family. A family is a
//! collection of the management API, named as in its path. Writing includes reading.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::resource::Kind;

macro_rules! families {
    ($($(#[doc = $doc:literal])* $name:ident = $word:literal;)*) => {
        /// A collection of the management API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Family { $($(#[doc = $doc])* $name,)* }

        impl Family {
            /// All families.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word in scopes and paths.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }

        impl Scope {
            /// All scopes as words.
            pub const WORDS: &'static [&'static str] = &[
                "*:read", "*:write", $(concat!($word, ":read"), concat!($word, ":write"),)*
            ];
        }
    };
}

families! {
    /// Accounts and their limits.
    Accounts = "accounts";
    /// Members.
    Members = "members";
    /// Tokens.
    Tokens = "tokens";
    /// Apps with their secrets and push credentials.
    Apps = "apps";
    /// Labels.
    Labels = "labels";
    /// Places.
    Places = "places";
    /// Zones.
    Zones = "zones";
    /// Beacons.
    Beacons = "beacons";
    /// Campaign groups.
    CampaignGroups = "campaign-groups";
    /// Tags.
    Tags = "tags";
    /// Segments.
    Segments = "segments";
    /// Imports of files.
    Imports = "imports";
    /// Campaigns.
    Campaigns = "campaigns";
    /// Experiences.
    Experiences = "experiences";
    /// Notifications.
    Notifications = "notifications";
    /// Webhooks and their deliveries.
    Webhooks = "webhooks";
    /// Instances.
    Instances = "instances";
    /// Users of apps.
    Users = "users";
    /// Replays of campaigns.
    Replays = "replays";
    /// Decisions.
    Decisions = "decisions";
    /// Analytics.
    Analytics = "analytics";
    /// The audit log.
    AuditEvents = "audit-events";
}

impl Family {
    /// The family with this word.
    pub fn named(word: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|family| family.as_str() == word)
    }

    /// The family of the objects of a kind.
    pub const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Account => Self::Accounts,
            Kind::Member => Self::Members,
            Kind::Token => Self::Tokens,
            Kind::App => Self::Apps,
            Kind::Label => Self::Labels,
            Kind::Place => Self::Places,
            Kind::Zone => Self::Zones,
            Kind::Beacon => Self::Beacons,
            Kind::CampaignGroup => Self::CampaignGroups,
            Kind::Tag => Self::Tags,
            Kind::Segment => Self::Segments,
            Kind::Campaign => Self::Campaigns,
            Kind::Experience => Self::Experiences,
            Kind::Notification => Self::Notifications,
            Kind::Webhook => Self::Webhooks,
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// What is done with a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// It is read.
    Read,
    /// It is changed, and may be read.
    Write,
}

/// A scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The family; every family if there is none.
    pub family: Option<Family>,
    /// What may be done with it.
    pub access: Access,
}

impl Scope {
    /// The scope for one family.
    pub const fn of(family: Family, access: Access) -> Self {
        Self {
            family: Some(family),
            access,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = match self.access {
            Access::Read => "read",
            Access::Write => "write",
        };
        write!(f, "{}:{access}", self.family.map_or("*", Family::as_str))
    }
}

/// A word that is no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no scope")]
pub struct NoScope;

impl FromStr for Scope {
    type Err = NoScope;

    fn from_str(word: &str) -> Result<Self, NoScope> {
        let (family, access) = word.split_once(':').ok_or(NoScope)?;
        Ok(Self {
            family: match family {
                "*" => None,
                word => Some(Family::named(word).ok_or(NoScope)?),
            },
            access: match access {
                "read" => Access::Read,
                "write" => Access::Write,
                _ => return Err(NoScope),
            },
        })
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        let no_scope = |_| de::Error::custom(format!("{word} is no scope"));
        word.parse().map_err(no_scope)
    }
}

/// All that scopes let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Families that may be read, as bits.
    read: u32,
    /// Those that may be changed, which are among them.
    write: u32,
}

// Each family has a bit.
const _: () = assert!(Family::ALL.len() < u32::BITS as usize);

impl Reach {
    /// Everything.
    pub const ALL: Self = Self {
        read: (1 << Family::ALL.len()) - 1,
        write: (1 << Family::ALL.len()) - 1,
    };

    /// What the scopes of a token let through: everything if it has none.
    pub fn of(scopes: Option<&[Scope]>) -> Self {
        let Some(scopes) = scopes else {
            return Self::ALL;
        };
        let mut reach = Self { read: 0, write: 0 };
        for scope in scopes {
            let families = scope.family.map_or(Self::ALL.read, Family::bit);
            reach.read |= families;
            if scope.access == Access::Write {
                reach.write |= families;
            }
        }
        reach
    }

    /// Whether something may be done with a family.
    pub const fn admits(self, family: Family, access: Access) -> bool {
        let families = match access {
            Access::Read => self.read,
            Access::Write => self.write,
        };
        families & family.bit() != 0
    }

    /// What both let through.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            read: self.read & other.read,
            write: self.write & other.write,
        }
    }

    /// Whether it lets through all that the other one does.
    pub const fn includes(self, other: Self) -> bool {
        other.read & !self.read == 0 && other.write & !self.write == 0
    }

    /// The fewest scopes that let through just this, in order; none if that is everything.
    pub fn scopes(self) -> Option<Vec<Scope>> {
        if self == Self::ALL {
            return None;
        }
        let reads_all = self.read == Self::ALL.read;
        let all_read = Scope {
            family: None,
            access: Access::Read,
        };
        let mut scopes: Vec<Scope> = reads_all.then_some(all_read).into_iter().collect();
        for family in Family::ALL.iter().copied() {
            if self.admits(family, Access::Write) {
                scopes.push(Scope::of(family, Access::Write));
            } else if self.admits(family, Access::Read) && !reads_all {
                scopes.push(Scope::of(family, Access::Read));
            }
        }
        Some(scopes)
    }
}

/// Scopes as OAuth 2.0 writes them: with a space between two.
pub fn spaced(scopes: &[Scope]) -> String {
    let words: Vec<String> = scopes.iter().map(Scope::to_string).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn all() -> Vec<Scope> {
        let words = Scope::WORDS.iter();
        words.map(|word| word.parse().unwrap()).collect()
    }

    #[test]
    fn every_word_is_a_scope_and_comes_back() {
        for word in Scope::WORDS {
            let scope: Scope = word.parse().unwrap();
            assert_eq!(scope.to_string(), *word);
            let json = serde_json::to_string(&scope).unwrap();
            assert_eq!(json, format!("{word:?}"));
            assert_eq!(serde_json::from_str::<Scope>(&json).unwrap(), scope);
        }
        assert_eq!(Scope::WORDS.len(), 2 * (Family::ALL.len() + 1));
        for word in [
            "",
            "places",
            "places:",
            ":read",
            "places:delete",
            "Places:read",
            "places:read ",
            "place:read",
            "*",
            "*:*",
        ] {
            assert_eq!(word.parse::<Scope>(), Err(NoScope), "{word}");
        }
    }

    /// What scopes let through, one pair at a time.
    fn naive(scopes: &[Scope]) -> BTreeSet<(Family, Access)> {
        let mut pairs = BTreeSet::new();
        for family in Family::ALL.iter().copied() {
            for scope in scopes {
                if scope.family.is_none() || scope.family == Some(family) {
                    pairs.insert((family, Access::Read));
                    if scope.access == Access::Write {
                        pairs.insert((family, Access::Write));
                    }
                }
            }
        }
        pairs
    }

    fn pairs(reach: Reach) -> BTreeSet<(Family, Access)> {
        let families = Family::ALL.iter().copied();
        families
            .flat_map(|family| [(family, Access::Read), (family, Access::Write)])
            .filter(|(family, access)| reach.admits(*family, *access))
            .collect()
    }

    proptest! {
        #[test]
        fn reaches_are_sets_of_families_and_accesses(
            one in prop::sample::subsequence(all(), 0..=8),
            other in prop::sample::subsequence(all(), 0..=8),
        ) {
            let (a, b) = (naive(&one), naive(&other));
            let (one, other) = (Reach::of(Some(&one)), Reach::of(Some(&other)));
            prop_assert_eq!(&pairs(one), &a);
            prop_assert_eq!(pairs(one.and(other)), a.intersection(&b).copied().collect());
            prop_assert_eq!(one.includes(other), b.is_subset(&a));
            prop_assert!(Reach::ALL.includes(one));
            prop_assert_eq!(Reach::of(one.scopes().as_deref()), one);
        }
    }

    #[test]
    fn nothing_is_not_everything() {
        assert_eq!(Reach::of(None), Reach::ALL);
        assert_eq!(Reach::ALL.scopes(), None);
        let nothing = Reach::of(Some(&[]));
        assert!(pairs(nothing).is_empty());
        assert_eq!(nothing.scopes(), Some(Vec::new()));
    }

    #[test]
    fn the_fewest_scopes_are_told() {
        let told = |words: &[&str]| {
            let scopes: Vec<Scope> = words.iter().map(|word| word.parse().unwrap()).collect();
            Reach::of(Some(&scopes)).scopes().map(|all| spaced(&all))
        };
        assert_eq!(told(&["*:write", "places:read"]), None);
        assert_eq!(
            told(&["places:write", "places:read", "labels:read"]).unwrap(),
            "labels:read places:write"
        );
        assert_eq!(
            told(&["tags:write", "*:read", "labels:read"]).unwrap(),
            "*:read tags:write"
        );
    }
}
