//! Durable state of MOCA.
//!
//! [`control`] holds what teams manage (SQLite or PostgreSQL), [`log`] the event log, [`devices`]
//! what is folded from it.

pub mod control;
pub mod devices;
mod error;
pub mod log;
mod private;

pub use error::StorageError;
