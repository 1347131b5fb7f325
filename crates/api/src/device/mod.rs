//! The device API: what an instance tells, and what it is told.

pub mod bundle;
mod event_line;
mod event_reader;
pub mod events;
pub mod gateway;
pub mod instances;
pub mod messages;
pub mod openings;
pub mod profile;
pub mod receipts;
mod stream;
