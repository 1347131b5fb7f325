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

pub use evaluate::{Compared, Traits};
pub use family::{Segments, Unfit};
pub use query::{Query, Size};
pub use read::{QueryFault, QueryProblem};

/// A segment of an app's audience.
#[derive(Debug, Clone, PartialEq)]
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
    /// The criteria: JSON in a text, as documented.
    pub query: String,
    /// The customer's own id, unique among the segments of the account.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub external_id: Option<String>,
}
