//! Segments: the part of an app's audience for whom a query holds.
//!
//! The text of a query is read into a checked tree ([`Query::read`]), which can be asked of one
//! instance at a time ([`Segments::holds`]). What a query may say is told in `docs/segments.md`.
//! Suggested reading order: [`query`] (the tree), `read`, `evaluate`, `family` (segments that name
//! each other).

mod evaluate;
mod family;
mod json;
mod pattern;
pub mod query;
mod read;
#[cfg(test)]
mod tests;
mod version;

use serde::{Deserialize, Serialize};

use crate::{
    id::{AppId, SegmentId},
    resource::Frame,
};

pub use evaluate::{Compared, EventQuery, Traits};
pub use family::{Segments, Unfit};
pub use query::{Query, Size};
pub use read::{QueryFault, QueryProblem};

/// A segment of an app's audience.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    /// The frame.
    pub frame: Frame,
    /// The app.
    pub app_id: AppId,
    /// What a client sets.
    pub config: SegmentConfig,
}

impl Segment {
    /// The id of the segment.
    pub fn id(&self) -> SegmentId {
        SegmentId(self.frame.id)
    }

    /// What is asked of an instance to know whether it belongs to it.
    pub fn query(&self) -> Result<Query, Vec<QueryFault>> {
        self.config.query_of(self.id())
    }
}

/// How it is said who belongs to a segment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SegmentType {
    /// By a query.
    #[default]
    Query,
    /// By a list of instances.
    Static,
}

impl SegmentType {
    /// The words of both.
    pub const WORDS: [&'static str; 2] = ["Query", "Static"];

    /// The one with this word.
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "Query" => Some(Self::Query),
            "Static" => Some(Self::Static),
            _ => None,
        }
    }

    fn is_query(&self) -> bool {
        *self == Self::Query
    }
}

/// What a client sets on a segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SegmentConfig {
    /// Name, unique in the app.
    pub name: String,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// How it is said who belongs to it; it does not change.
    #[serde(
        rename = "type",
        skip_serializing_if = "SegmentType::is_query",
        default
    )]
    pub kind: SegmentType,
    /// The criteria: JSON in a text, as documented. A static segment has none, and no other goes
    /// without.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub query: Option<String>,
    /// The customer's own id, unique among the segments of the account.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub external_id: Option<String>,
}

impl SegmentConfig {
    /// What the segment with this id and these settings asks of an instance.
    pub fn query_of(&self, id: SegmentId) -> Result<Query, Vec<QueryFault>> {
        match self.kind {
            SegmentType::Static => Ok(Query::of_static(id)),
            SegmentType::Query => Query::read(self.query.as_deref().unwrap_or_default()),
        }
    }
}
