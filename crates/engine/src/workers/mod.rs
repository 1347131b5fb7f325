//! Work that goes on beside requests.

pub mod exports;
pub mod imports;
pub mod last_used;
pub mod replays;
