//! The checked tree of a query.

use crate::id::SegmentId;

use super::pattern::{Like, Matches};

/// A query that was read and found right, except for the segments that it names.
#[derive(Debug, Clone)]
pub struct Query {
    pub(super) root: Node,
    pub(super) size: Size,
    pub(super) mentions: Vec<SegmentMention>,
}

impl Query {
    /// The segments it names, in the order they stand in it.
    pub fn mentions(&self) -> &[SegmentMention] {
        &self.mentions
    }

    /// What a static segment asks: whether an instance was put into it.
    pub fn of_static(id: SegmentId) -> Self {
        Self {
            root: Node::Leaf(Field::Listed(id), Test::Equals(Scalar::Bool(true))),
            size: Size {
                leaves: 1,
                ..Size::default()
            },
            mentions: Vec::new(),
        }
    }

    /// Its own size, without that of the segments it names.
    pub fn size(&self) -> Size {
        self.size
    }
}

/// How much there is to a query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// The most `$all`, `$any`, `$not` and `$segment` inside each other.
    pub depth: usize,
    /// Conditions on a field.
    pub leaves: usize,
    /// Those of them that are `$matches`.
    pub patterns: usize,
}

/// A segment that a query names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentMention {
    /// Which one.
    pub id: SegmentId,
    /// JSON pointer to it, from the query.
    pub pointer: String,
    /// How many `$all`, `$any`, `$not` and `$segment` it stands in, its own included.
    pub(super) depth: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Segment(SegmentId),
    Leaf(Field, Test),
}

/// What is known of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    AppVersion,
    Carrier,
    Country,
    CreatedAt,
    DeviceModel,
    DeviceType,
    Lang,
    LastSeenAt,
    LocationStatus,
    LoggedIn,
    Os,
    OsVersion,
    PushEnabled,
    SdkVersion,
    TimeZone,
    UserId,
    Property(String),
    Tag(String),
    /// Whether it was put into a static segment. Queries say this by `$segment`.
    Listed(SegmentId),
    /// Of an event, as [`Property`](Self::Property) is then.
    Category,
    Item,
    Value,
    Verb,
}

/// What a query is asked of, which decides what fields there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Subject {
    #[default]
    Instance,
    Event,
}

/// The fields of an event with a name of their own, likewise.
const OF_EVENT: [(&str, Field); 4] = [
    ("category", Field::Category),
    ("item", Field::Item),
    ("value", Field::Value),
    ("verb", Field::Verb),
];

/// The fields with a name of their own, in the order of their names.
const NAMED: [(&str, Field); 16] = [
    ("appVersion", Field::AppVersion),
    ("carrier", Field::Carrier),
    ("country", Field::Country),
    ("createdAt", Field::CreatedAt),
    ("deviceModel", Field::DeviceModel),
    ("deviceType", Field::DeviceType),
    ("lang", Field::Lang),
    ("lastSeenAt", Field::LastSeenAt),
    ("locationStatus", Field::LocationStatus),
    ("loggedIn", Field::LoggedIn),
    ("os", Field::Os),
    ("osVersion", Field::OsVersion),
    ("pushEnabled", Field::PushEnabled),
    ("sdkVersion", Field::SdkVersion),
    ("timeZone", Field::TimeZone),
    ("userId", Field::UserId),
];
const PROPERTY: &str = "property.";
const TAG: &str = "tag.";
/// Only where values are shown.
const SEGMENT: &str = "segment.";

impl Field {
    /// The field with this name.
    pub(super) fn named(subject: Subject, name: &str) -> Option<Self> {
        if let Some(name) = name.strip_prefix(PROPERTY) {
            return Some(Self::Property(name.to_owned()));
        }
        let named: &[(&str, Self)] = match subject {
            Subject::Instance => &NAMED,
            Subject::Event => &OF_EVENT,
        };
        if let Some(name) = name.strip_prefix(TAG)
            && subject == Subject::Instance
        {
            return Some(Self::Tag(name.to_owned()));
        }
        let found = named.iter().find(|(known, _)| *known == name);
        found.map(|(_, field)| field.clone())
    }

    /// The name.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Property(name) => format!("{PROPERTY}{name}"),
            Self::Tag(name) => format!("{TAG}{name}"),
            Self::Listed(id) => format!("{SEGMENT}{id}"),
            named => {
                let mut all = NAMED.iter().chain(&OF_EVENT);
                let found = all.find(|(_, field)| field == named);
                found.map_or("", |(name, _)| name).to_owned()
            }
        }
    }

    /// Whether its values compare as dotted numbers.
    pub(super) fn is_version(&self) -> bool {
        matches!(self, Self::AppVersion | Self::OsVersion)
    }
}

/// The names of all fields, as a sentence lists them.
pub(super) fn field_names(subject: Subject) -> String {
    let listed = |named: &[(&'static str, Field)]| {
        let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    };
    match subject {
        Subject::Instance => format!("{}, {PROPERTY}<name>, {TAG}<name>", listed(&NAMED)),
        Subject::Event => format!("{}, {PROPERTY}<name>", listed(&OF_EVENT)),
    }
}

/// What is asked of the value of a field; `$ne` and `$nin` are what `$eq` and `$in` are not.
#[derive(Debug, Clone)]
pub(super) enum Test {
    Equals(Scalar),
    In(Vec<Scalar>),
    /// Less, greater, and equal too if said so.
    Order(Order, Scalar),
    Like(Like),
    Matches(Matches),
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    Exists,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Bool(bool),
    Number(f64),
    Text(String),
}
