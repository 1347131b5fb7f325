//! The command line: what can be typed, and what it does.

mod analytics;
mod apply;
mod bundle;
mod check;
mod completion;
pub(crate) mod connection;
mod demo;
mod download;
mod example;
pub(crate) mod exit;
mod explain;
mod import;
mod kinds;
mod output;
mod profile;
mod resources;
mod serve;
mod simulate;

use std::{
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

use clap::{ArgMatches, Command};

use exit::MISUSED;
use kinds::Kind;

use crate::config;

/// The whole command line.
pub fn command() -> Command {
    let mut command = without_examples();
    example::add_everywhere(&mut command, "moca");
    command
}

fn without_examples() -> Command {
    Command::new("moca")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Who is where, and what should happen now: a proximity engagement server")
        .after_help(
            "Start here:\n  \
             moca demo                      a server at work, in less than a minute\n  \
             moca serve --data-dir DIR      a server of your own; it prints its URL and a token\n  \
             moca import places FILE.csv    your places, into a running server\n  \
             moca export places -o FILE.csv all places, as a file; zones and beacons too\n  \
             moca explain INSTANCE ...      why a device gets an experience, or does not\n  \
             moca bundle ...                what a device has to decide offline\n  \
             moca places list               what is there; so for apps, campaigns and the others\n  \
             moca analytics visitors ...    how many came, by hour, day, week or month\n  \
             moca simulate                  made-up devices that move among your places\n  \
             moca apply -f FOLDER           an account as files say; moca pull writes them\n  \
             moca profile add NAME ...      several servers under names of your own\n\n\
             moca COMMAND --help tells more of each.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(serve::command())
        .subcommand(import::command())
        .subcommand(import::export_command())
        .subcommand(demo::command())
        .subcommand(simulate::command())
        .subcommand(check::command())
        .subcommand(explain::command())
        .subcommand(bundle::command())
        .subcommands(resources::commands())
        .subcommand(analytics::command())
        .subcommand(apply::command())
        .subcommand(apply::pull_command())
        .subcommand(profile::command())
        .subcommand(completion::command())
        .subcommand(
            Command::new("config")
                .about("Print an example configuration file with every key and its default"),
        )
}

/// Does what the arguments say.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            // Also how --help and --version end.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(MISUSED));
        }
    };
    match matches.subcommand() {
        Some(("serve", arguments)) => serve::run(arguments),
        Some(("import", arguments)) => import::run(arguments),
        Some(("export", arguments)) => import::run_export(arguments),
        Some(("demo", arguments)) => demo::run(arguments),
        Some(("simulate", arguments)) => simulate::run(arguments),
        Some(("check", arguments)) => check::run(arguments),
        Some(("explain", arguments)) => explain::run(arguments),
        Some(("bundle", arguments)) => bundle::run(arguments),
        Some(("analytics", arguments)) => analytics::run(arguments),
        Some(("config", _)) => print_example(),
        Some(("apply", arguments)) => apply::run(arguments),
        Some(("pull", arguments)) => apply::pull(arguments),
        Some(("profile", arguments)) => profile::run(arguments),
        Some(("completion", arguments)) => completion::run(arguments),
        Some((name, arguments)) => match Kind::named(name) {
            Some(kind) => resources::run(kind, arguments),
            None => ExitCode::from(MISUSED),
        },
        None => ExitCode::from(MISUSED),
    }
}

fn print_example() -> ExitCode {
    match io::stdout().write_all(config::example_file().as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::end(&error.into()),
    }
}

/// Runs a command to its end on a runtime of its own.
fn block_on(work: impl Future<Output = anyhow::Result<ExitCode>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => Err(error.into()),
    };
    outcome.unwrap_or_else(|error| {
        report(&error);
        ExitCode::FAILURE
    })
}

/// The same for commands that talk to a server, whose faults have exit codes of their own.
fn run_to_end(work: impl Future<Output = anyhow::Result<ExitCode>>) -> ExitCode {
    block_on(async { Ok(work.await.unwrap_or_else(|error| exit::end(&error))) })
}

/// Tells the person at the terminal what went wrong, with the causes.
fn report(error: &anyhow::Error) {
    eprintln!("moca: {error:#}");
}

/// The value of an argument that was given.
fn given(arguments: &ArgMatches, name: &str) -> Option<String> {
    arguments.get_one::<String>(name).cloned()
}
