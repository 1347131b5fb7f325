//! The event pipeline: ingest → decide → count → people.
//!
//! [`Engine`] is all that others see. What a device sends is on disk when a call returns; what
//! follows from it is read with all that was acknowledged before the read.

// What the integration tests share with the simulation names the crate as they do.
#[cfg(test)]
extern crate self as moca_engine;

mod backlog;
mod bell;
mod bulk;
mod bundle;
mod engine;
mod erasure;
mod error;
pub mod estate;
mod explain;
mod health;
mod inbox;
mod metrics;
mod notifications;
mod outgoing;
mod people;
mod pipeline;
pub mod push;
mod query;
mod read;
pub mod seal;
mod shared;
pub mod sign;
#[cfg(test)]
mod simulation;
mod start;
pub mod webhooks;
pub mod workers;

pub use bell::Ear;
pub use engine::Engine;
pub use error::EngineError;
pub use metrics::Metrics;
pub use query::{
    About, Appended, CountQuery, CountedExperience, DecisionCounts, DecisionQuery,
    ExperienceCounts, ExperiencesQuery, ExplainQuery, Explained, InboxMessage, InstanceQuery,
    InstanceView, KeptDecision, MemberQuery, NotificationCounts, NotificationsQuery, Page, Part,
    Progress, Registered, TagQuery, ToldRow, UserInstance, UserQuery, UserView, Whereabouts,
};
