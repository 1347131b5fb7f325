//! The moca binary: server, demo, simulated fleets and command line.
//!
//! [`serve`] is the server itself, which tests and the demo start in their own process; [`cli`] is
//! what a person types.

mod apply;
pub mod cli;
pub mod config;
mod data_dir;
pub mod demo;
mod dice;
pub mod first_run;
mod http_limits;
pub mod import;
mod key_check;
mod private_file;
mod profiles;
mod screen;
pub mod serve;
pub mod simulate;
mod system;
mod telemetry;
mod tls;
mod yaml;
