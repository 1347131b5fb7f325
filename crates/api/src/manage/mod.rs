//! The management API: one file a resource.

pub mod analytics;
pub mod decisions;
pub mod labels;
