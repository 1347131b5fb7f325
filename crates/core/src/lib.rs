//! The domain of MOCA: geometry, presence, campaigns, decisions and exact counts.
//!
//! Nothing here does IO, reads a clock or makes random numbers: time, randomness and ids are
//! arguments. Types that are stored or sent derive serde, so there is one definition of each; how a
//! request body is read, with all its faults, is `moca-wire`'s business.
//!
//! Suggested reading order: [`limits`], [`id`], [`resource`]; then the objects a team manages
//! ([`account`] to [`experience`], and [`segment`]); then what moves ([`event`], [`presence`], [`campaign::decide`]);
//! then what is counted ([`time`], [`metric`], [`tally`]).

pub mod account;
pub mod app;
pub mod audit;
pub mod beacon;
pub mod bulk;
pub mod bundle;
pub mod campaign;
pub mod clock;
pub mod consent;
pub mod erasure;
pub mod event;
pub mod experience;
pub mod explain;
pub mod geo;
pub mod health;
pub mod history;
pub mod id;
pub mod import;
pub mod job;
pub mod label;
pub mod limits;
pub mod locale;
pub mod metric;
pub mod notification;
pub mod place;
pub mod presence;
pub mod privacy;
pub mod property;
pub mod provider;
pub mod push;
pub mod quota;
pub mod rate;
pub mod receipt;
pub mod replay;
pub mod resource;
#[cfg(test)]
mod samples;
pub mod scope;
pub mod segment;
pub mod tag;
pub mod tally;
pub mod target;
pub mod template;
pub mod time;
pub mod user;
pub mod webhook;
pub mod world;
pub mod zone;
