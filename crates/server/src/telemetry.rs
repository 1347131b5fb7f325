//! The log: structured lines on stderr.

use std::{
    io::{self, IsTerminal},
    panic,
};

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Sends the log of this process to stderr. The first call decides.
pub(crate) fn install(config: &Config) {
    let filter = EnvFilter::try_new(&config.log_level).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        // Nobody may be reading the log any more, and a complaint about that would panic.
        .log_internal_errors(false);
    // A second call has nothing to do: tests start several servers in one process.
    let _ = match config.log_format {
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    // A panic is a line of the log like any other, so that whoever collects the log sees it.
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let reason = panic.payload_as_str().unwrap_or("not said");
        tracing::error!(place, reason, "a task panicked");
    }));
}
