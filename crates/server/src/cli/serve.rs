//! `moca serve`

use std::{
    env,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Arg, ArgMatches, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::{MISUSED, block_on, given};
use crate::{
    config::{self, Config, KEYS, Key, Sources},
    serve::{self, Running},
    telemetry,
};

pub(super) fn command() -> Command {
    with_keys(serve_command(), |_| true)
}

/// With the file of the configuration and those of its keys that `wanted` takes as flags.
pub(super) fn with_keys(command: Command, wanted: fn(&Key) -> bool) -> Command {
    let command = command.arg(
        Arg::new("config")
            .long("config")
            .value_name("FILE")
            .help("Read this TOML file [env: MOCA_CONFIG]"),
    );
    let keys = KEYS.iter().filter(|key| wanted(key));
    keys.fold(command, |command, key| {
        let default = match key.default {
            "" => "none",
            default => default,
        };
        let help = format!(
            "{} [env: {}] [default: {default}]",
            key.help,
            key.variable()
        );
        command.arg(
            Arg::new(key.name)
                .long(key.flag())
                .value_name(key.value_name)
                .help(help),
        )
    })
}

/// The configuration that the arguments, the environment and the file give, or how to end.
pub(super) fn configuration(arguments: &ArgMatches) -> Result<Config, ExitCode> {
    let flag = |key: &'static Key| {
        let value = arguments.try_get_one::<String>(key.name).ok().flatten();
        Some((key.name, value?.clone()))
    };
    let sources = Sources {
        file: given(arguments, "config").map(PathBuf::from),
        variables: env::vars_os().collect(),
        flags: KEYS.iter().filter_map(flag).collect(),
    };
    config::resolve(sources).map_err(|faults| {
        eprintln!("moca: the configuration has faults (moca serve --help lists every key):");
        for fault in faults {
            eprintln!("  {fault}");
        }
        ExitCode::from(MISUSED)
    })
}

fn serve_command() -> Command {
    Command::new("serve").about("Run the server").long_about(
        "Run the server until SIGTERM or SIGINT.\n\n\
             The first start on an empty data directory makes an account, its owner, a token and a \
             self-signed certificate, and prints how to use them. A key may be set in a TOML file, \
             in the environment and as a flag; the later wins. `moca config` prints a file with \
             every key.",
    )
}

pub(super) fn run(arguments: &ArgMatches) -> ExitCode {
    match configuration(arguments) {
        Ok(config) => block_on(serve_until_signal(config)),
        Err(code) => code,
    }
}

async fn serve_until_signal(config: Config) -> anyhow::Result<ExitCode> {
    telemetry::install(&config);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let server = tokio::select! {
        started = serve::start(&config) => started?,
        // As good as a kill, which loses nothing.
        _ = terminate.recv() => return Ok(ExitCode::SUCCESS),
        _ = interrupt.recv() => return Ok(ExitCode::SUCCESS),
    };
    greet(&server);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: requests under way may finish");
    // A second signal does not wait.
    tokio::select! {
        outcome = server.shutdown() => outcome?,
        _ = terminate.recv() => return Ok(ExitCode::FAILURE),
        _ = interrupt.recv() => return Ok(ExitCode::FAILURE),
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Prints what a person, or a script that waits for the line with the address, needs to know.
fn greet(server: &Running) {
    // The server serves whether anybody reads this or not.
    let _ = io::stdout().lock().write_all(greeting(server).as_bytes());
}

fn greeting(server: &Running) -> String {
    let url = server.base_url();
    let mut lines = vec![
        format!("MOCA listens on https://{} ({url})", server.address),
        format!("Documentation: {url}/docs"),
    ];
    if let Some(address) = server.ops_address {
        lines.push(format!(
            "Health and metrics: http://{address}/health, http://{address}/metrics"
        ));
    }
    let mut trust = String::new();
    if let Some(path) = &server.trust {
        trust = format!("--cacert '{}' ", path.display());
        lines.push(format!(
            "The certificate is self-signed. Clients have to trust {}",
            path.display()
        ));
    }
    if let Some(token) = &server.first_token {
        let path = token.path.display();
        lines.push(format!(
            "The owner's token, shown this once and kept in {path}: {}",
            token.secret
        ));
        lines.push(format!(
            "Try: curl {trust}-H \"Authorization: Bearer $(cat '{path}')\" {url}/v2/apps"
        ));
    }
    lines.join("\n") + "\n"
}
