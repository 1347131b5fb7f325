//! Bodies of requests and answers of the MOCA API, and its error codes.
//!
//! One file a resource. Each holds the answer (`Place`), what a client sends (`PlaceInput`) and the
//! strict readers that turn a JSON value into it or list all its faults. Suggested reading order:
//! [`problem`], [`fault`], [`read`], [`mention`], [`values`], then [`places`] as the example of a resource.

pub mod account_limits;
pub mod accounts;
mod actions;
pub mod analytics;
pub mod apps;
pub mod audit_events;
pub mod batch;
pub mod beacons;
mod bundle;
pub mod campaign_groups;
pub mod campaigns;
pub mod consents;
pub mod credentials;
pub mod decisions;
pub mod events;
pub mod experience_analytics;
pub mod experiences;
pub mod explain;
pub mod exports;
pub mod fault;
pub mod geofence;
pub mod imports;
pub mod instances;
pub mod json;
pub mod labels;
pub mod links;
pub mod members;
pub mod mention;
pub mod messages;
pub mod notification_analytics;
pub mod notifications;
pub mod oauth;
pub mod openings;
pub mod page;
pub mod places;
mod presence;
pub mod problem;
pub mod properties;
mod providers;
pub mod push;
pub mod raw;
pub mod read;
pub mod replays;
pub mod resource;
pub mod schema;
pub mod secret;
pub mod segments;
pub mod tags;
pub mod targets;
mod templates;
pub mod tokens;
mod triggers;
pub mod users;
pub mod values;
pub mod webhooks;
pub mod zones;
