//! One suite over all backends of the control store.
#![expect(clippy::unwrap_used, reason = "tests")]

mod backend;
mod objects;
mod samples;
