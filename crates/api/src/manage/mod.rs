//! The management API: one file a resource.

pub mod labels;
