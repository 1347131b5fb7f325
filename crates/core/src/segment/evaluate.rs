//! Whether a query holds for an instance, and which of its values decided.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    consent::Purpose,
    event::{EventBody, Profile},
    id::SegmentId,
    limits::{SEGMENT_COMPARED_MAX, SEGMENT_COMPARED_TEXT_CHARS_MAX, SEGMENT_DEPTH_MAX},
    property::{Properties, Property},
};

use super::{
    family::Segments,
    query::{Field, Node, Order, Query, Scalar, Subject, Test},
    read::QueryFault,
    version,
};

/// What a query can ask of an instance.
#[derive(Debug, Clone, Copy)]
pub struct Traits<'a> {
    /// The device.
    pub profile: &'a Profile,
    /// Who is logged in.
    pub user_id: Option<&'a str>,
    /// Properties.
    pub properties: &'a Properties,
    /// Tags with their numbers.
    pub tags: &'a BTreeMap<String, f64>,
    /// Whether it can be pushed to.
    pub push_enabled: bool,
    /// Whether the app may know where the device is, as its system calls that.
    pub location_status: Option<&'a str>,
    /// The static segments that it was put into.
    pub listed: &'a BTreeSet<SegmentId>,
    /// Whether the person refused to be put into groups.
    pub refuses_profiling: bool,
    /// First registration, ms since 1970.
    pub created_at: i64,
    /// When the server last heard of it, ms since 1970.
    pub last_seen_at: i64,
}

/// A field that a query looked at, with the value it had.
pub type Compared = (String, Option<Property>);

impl Segments {
    /// Whether a query holds for an instance: none does for whoever refused to be put into groups. What
    /// names a segment that is not here does not hold.
    pub fn holds(&self, query: &Query, of: &Traits<'_>) -> bool {
        !of.refuses_profiling && self.evaluation(of).holds(&query.root, SEGMENT_DEPTH_MAX)
    }

    /// The values that keep an instance out of a segment; none if it belongs to it. Nobody belongs to a
    /// segment that is not here.
    pub fn kept_out(&self, id: SegmentId, of: &Traits<'_>) -> Option<Vec<Compared>> {
        match self.get(id) {
            None => Some(Vec::new()),
            Some(_) if of.refuses_profiling => {
                let consent = format!("consents.{}", Purpose::Profiling.as_str());
                Some(vec![(consent, Some(Property::Bool(false)))])
            }
            Some(query) if self.holds(query, of) => None,
            Some(query) => Some(self.compared(query, of)),
        }
    }

    /// The values that decided whether a query holds, each field once and no more than
    /// [`SEGMENT_COMPARED_MAX`]. Long values are cut.
    pub fn compared(&self, query: &Query, of: &Traits<'_>) -> Vec<Compared> {
        let mut fields = Vec::new();
        let evaluation = self.evaluation(of);
        evaluation.explain(&query.root, SEGMENT_DEPTH_MAX, &mut fields);
        let value = |field: &Field| Found::of(field, Asked::Instance(of)).shown();
        fields
            .into_iter()
            .map(|field| (field.name(), value(field)))
            .collect()
    }

    fn evaluation<'a>(&'a self, of: &'a Traits<'a>) -> Evaluation<'a> {
        Evaluation {
            segments: self,
            of: Asked::Instance(of),
        }
    }
}

/// A query that is asked of an event.
#[derive(Debug, Clone)]
pub struct EventQuery(Query);

impl EventQuery {
    /// Reads a query, or lists all that is wrong with it.
    pub fn read(text: &str) -> Result<Self, Vec<QueryFault>> {
        Query::read_of(Subject::Event, text).map(Self)
    }

    /// Whether it holds for an event. Of what no app reports nothing holds but what is asked for with
    /// `$ne`, `$nin`, `$not` and `$exists`.
    pub fn holds(&self, event: &EventBody) -> bool {
        let evaluation = Evaluation {
            // It cannot name any.
            segments: &Segments::default(),
            of: Asked::Event(event),
        };
        evaluation.holds(&self.0.root, SEGMENT_DEPTH_MAX)
    }
}

/// What a query is asked of.
#[derive(Clone, Copy)]
enum Asked<'a> {
    Instance(&'a Traits<'a>),
    Event(&'a EventBody),
}

struct Evaluation<'a> {
    segments: &'a Segments,
    of: Asked<'a>,
}

impl<'a> Evaluation<'a> {
    /// What is stored is never nested deeper than `levels`; what would be does not hold.
    fn holds(&self, node: &Node, levels: usize) -> bool {
        match node {
            Node::Leaf(field, test) => Found::of(field, self.of).passes(test, field.is_version()),
            Node::All(all) => all.iter().all(|one| self.holds(one, levels)),
            Node::Any(any) => any.iter().any(|one| self.holds(one, levels)),
            Node::Not(one) => !self.holds(one, levels),
            Node::Segment(id) => match (self.segments.get(*id), levels.checked_sub(1)) {
                (Some(query), Some(levels)) => self.holds(&query.root, levels),
                _ => false,
            },
        }
    }

    /// Collects the fields that made a node true, or false.
    fn explain(&self, node: &'a Node, levels: usize, fields: &mut Vec<&'a Field>) {
        if fields.len() >= SEGMENT_COMPARED_MAX {
            return;
        }
        let (nodes, one_is_enough) = match node {
            Node::Leaf(field, _) => {
                if !fields.contains(&field) {
                    fields.push(field);
                }
                return;
            }
            Node::Not(one) => return self.explain(one, levels, fields),
            Node::Segment(id) => {
                if let (Some(query), Some(levels)) = (self.segments.get(*id), levels.checked_sub(1))
                {
                    self.explain(&query.root, levels, fields);
                }
                return;
            }
            // One that does not hold is enough to say no, one that does to say yes.
            Node::All(all) => (all, false),
            Node::Any(any) => (any, true),
        };
        let enough = nodes
            .iter()
            .find(|one| self.holds(one, levels) == one_is_enough);
        if let Some(one) = enough {
            return self.explain(one, levels, fields);
        }
        for one in nodes {
            self.explain(one, levels, fields);
        }
    }
}

/// The value of a field.
enum Found<'a> {
    Missing,
    Bool(bool),
    Number(f64),
    Text(&'a str),
    List(&'a [String]),
}

impl<'a> Found<'a> {
    fn of(field: &Field, asked: Asked<'a>) -> Self {
        match asked {
            Asked::Instance(of) => Self::of_instance(field, of),
            Asked::Event(event) => Self::of_event(field, event),
        }
    }

    fn of_event(field: &Field, event: &'a EventBody) -> Self {
        let EventBody::Custom {
            verb,
            item,
            category,
            value,
            properties,
        } = event
        else {
            return Self::Missing;
        };
        let text = |text: &'a Option<String>| text.as_deref().map_or(Self::Missing, Self::Text);
        match field {
            Field::Verb => Self::Text(verb),
            Field::Item => text(item),
            Field::Category => text(category),
            Field::Value => value.map_or(Self::Missing, Self::Number),
            Field::Property(name) => Self::of_property(properties.get(name)),
            _ => Self::Missing,
        }
    }

    fn of_property(property: Option<&'a Property>) -> Self {
        match property {
            None => Self::Missing,
            Some(Property::Bool(value)) => Self::Bool(*value),
            Some(Property::Number(number)) => Self::Number(*number),
            Some(Property::Text(text)) => Self::Text(text),
            Some(Property::List(texts)) => Self::List(texts),
        }
    }

    fn of_instance(field: &Field, of: &Traits<'a>) -> Self {
        let text = |text: &'a Option<String>| text.as_deref().map_or(Self::Missing, Self::Text);
        let profile = of.profile;
        match field {
            Field::AppVersion => text(&profile.app_version),
            Field::Carrier => text(&profile.carrier),
            Field::Country => text(&profile.country),
            Field::DeviceModel => text(&profile.device_model),
            Field::DeviceType => text(&profile.device_type),
            Field::Lang => text(&profile.lang),
            Field::Os => text(&profile.os),
            Field::OsVersion => text(&profile.os_version),
            Field::SdkVersion => text(&profile.sdk_version),
            Field::TimeZone => text(&profile.time_zone),
            Field::UserId => of.user_id.map_or(Self::Missing, Self::Text),
            Field::LocationStatus => of.location_status.map_or(Self::Missing, Self::Text),
            Field::LoggedIn => Self::Bool(of.user_id.is_some()),
            Field::PushEnabled => Self::Bool(of.push_enabled),
            Field::CreatedAt => Self::Number(of.created_at as f64),
            Field::LastSeenAt => Self::Number(of.last_seen_at as f64),
            Field::Listed(id) => Self::Bool(of.listed.contains(id)),
            Field::Tag(name) => of
                .tags
                .get(name)
                .map_or(Self::Missing, |number| Self::Number(*number)),
            Field::Property(name) => Self::of_property(of.properties.get(name)),
            Field::Category | Field::Item | Field::Value | Field::Verb => Self::Missing,
        }
    }

    fn passes(&self, test: &Test, as_version: bool) -> bool {
        match (test, self) {
            (Test::Exists, found) => !matches!(found, Self::Missing),
            (Test::Equals(scalar), found) => found.equals(scalar, as_version),
            (Test::In(scalars), found) => {
                let mut scalars = scalars.iter();
                scalars.any(|scalar| found.equals(scalar, as_version))
            }
            (Test::Order(order, scalar), found) => found
                .compare(scalar, as_version)
                .is_some_and(|ordering| order.admits(ordering)),
            (Test::Like(pattern), Self::Text(text)) => pattern.is_match(text),
            (Test::Matches(pattern), Self::Text(text)) => pattern.is_match(text),
            (Test::StartsWith(start), Self::Text(text)) => text.starts_with(start.as_str()),
            (Test::EndsWith(end), Self::Text(text)) => text.ends_with(end.as_str()),
            (Test::Contains(part), Self::Text(text)) => text.contains(part.as_str()),
            (Test::Contains(item), Self::List(texts)) => texts.contains(item),
            _ => false,
        }
    }

    fn equals(&self, scalar: &Scalar, as_version: bool) -> bool {
        match (self, scalar) {
            (Self::Bool(one), Scalar::Bool(other)) => one == other,
            (Self::Number(one), Scalar::Number(other)) => one == other,
            (Self::Text(one), Scalar::Text(other)) => {
                *one == other
                    || (as_version && version::compare(one, other) == Some(Ordering::Equal))
            }
            _ => false,
        }
    }

    /// Nothing for values of different types, and for those that have no order.
    fn compare(&self, scalar: &Scalar, as_version: bool) -> Option<Ordering> {
        match (self, scalar) {
            (Self::Number(one), Scalar::Number(other)) => one.partial_cmp(other),
            (Self::Text(one), Scalar::Text(other)) if as_version => version::compare(one, other),
            (Self::Text(one), Scalar::Text(other)) => Some((*one).cmp(other.as_str())),
            _ => None,
        }
    }

    /// The value to be kept with a decision.
    fn shown(&self) -> Option<Property> {
        let cut = |text: &str| text.chars().take(SEGMENT_COMPARED_TEXT_CHARS_MAX).collect();
        match self {
            Self::Missing => None,
            Self::Bool(value) => Some(Property::Bool(*value)),
            Self::Number(number) => Some(Property::Number(*number)),
            Self::Text(text) => Some(Property::Text(cut(text))),
            Self::List(texts) => {
                let some = texts.iter().take(SEGMENT_COMPARED_MAX);
                Some(Property::List(some.map(|text| cut(text)).collect()))
            }
        }
    }
}

impl Order {
    fn admits(self, ordering: Ordering) -> bool {
        match self {
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}
