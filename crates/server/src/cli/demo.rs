//! `moca demo`

use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::block_on;
use crate::demo::{self, Options};

/// Travellers at most: their books are kept in memory.
const TRAVELLERS_MAX: u64 = 100_000;

pub(super) fn command() -> Command {
    Command::new("demo")
        .about("See a server at work: airports, travellers, messages and figures")
        .long_about(
            "Starts a server in a temporary directory, imports the airports of the world, moves \
             travellers between them for a day of accelerated time, all through the public API, \
             and compares every figure the API answers with books of its own. The exit code is 0 \
             if all agree.",
        )
        .arg(
            Arg::new("keep")
                .long("keep")
                .action(ArgAction::SetTrue)
                .help("Leave the server running until Ctrl-C"),
        )
        .arg(
            Arg::new("travellers")
                .long("travellers")
                .value_name("NUMBER")
                .default_value("2000")
                .value_parser(value_parser!(u64).range(1..=TRAVELLERS_MAX))
                .help("How many travellers there are"),
        )
        .arg(
            Arg::new("seed")
                .long("seed")
                .value_name("NUMBER")
                .default_value("1")
                .value_parser(value_parser!(u64))
                .help("Another number is another day"),
        )
}

pub(super) fn run(arguments: &ArgMatches) -> ExitCode {
    let number = |name: &str| arguments.get_one::<u64>(name).copied().unwrap_or_default();
    let options = Options {
        keep: arguments.get_flag("keep"),
        travellers: usize::try_from(number("travellers")).unwrap_or(usize::MAX),
        seed: number("seed"),
    };
    block_on(demo::run(options))
}
