use clap::{ArgMatches, Command};
use std::process::ExitCode;
pub(super) fn command() -> Command {
    Command::new("import")
}
pub(super) fn run(_arguments: &ArgMatches) -> ExitCode {
    ExitCode::SUCCESS
}
