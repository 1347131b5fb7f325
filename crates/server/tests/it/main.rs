//! The integration tests. Most drive the API in process (`support::Installation`), with clock and
//! randomness of their own; those of the listener drive the real server (`support::TestServer`), and
//! those of the program the program itself (`support::binary`).

#![expect(clippy::unwrap_used, reason = "tests")]

mod accounts;
mod actions;
mod apps;
mod audit;
mod audit_check;
mod authorization;
mod batches;
mod beacons;
mod campaign_groups;
mod campaigns;
pub(crate) mod cli;
mod client;
mod client_readme;
mod crash;
mod deletions;
mod demo;
mod devices;
mod docs;
mod erasure;
mod experiences;
mod explain;
mod exports;
mod geofences;
mod import;
mod imports;
mod labels;
mod leftover;
mod lives;
mod members;
mod messages;
mod notifications;
mod oauth;
mod oauth_client;
mod openapi;
mod people;
mod places;
mod postgres;
mod presence;
mod program;
mod providers;
mod push;
mod quotas;
mod ranks;
mod rates;
mod readme;
mod replays;
mod rules;
mod scopes;
mod segments;
mod sensitive;
mod simulate;
mod slow;
mod startup;
mod static_segments;
mod support;
mod tags;
mod targets;
mod tenants;
mod tidy;
mod tls;
mod tokens;
mod webhooks;
mod zones;
