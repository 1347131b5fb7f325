//! The management API: one file a resource.

pub mod account_limits;
pub mod accounts;
pub mod analytics;
pub mod apps;
pub mod audit_events;
pub mod batch;
pub mod beacons;
pub mod campaign_groups;
pub mod campaigns;
mod common;
pub mod decisions;
mod deletion;
pub mod experience_analytics;
pub mod experiences;
pub mod exports;
pub mod imports;
pub mod instances;
pub mod labels;
pub mod members;
pub mod person_export;
pub mod places;
pub mod segments;
pub mod tags;
mod targets;
pub mod tokens;
pub mod users;
pub mod zones;
