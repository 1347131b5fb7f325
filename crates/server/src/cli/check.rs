//! `moca check audit`

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::{ArgMatches, Command};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use moca_storage::control::{AuditKeys, AuditReport, ChainReport, Control};

use super::{block_on, exit, serve};
use crate::{config::Config, data_dir, system::SystemRandom};

/// The keys of the configuration that say where the log is and what it is sealed with.
const KEYS: [&str; 3] = ["data_dir", "control_url", "secret_key_file"];

pub(super) fn command() -> Command {
    let audit = Command::new("audit")
        .about("Look whether the audit log is as it was written")
        .long_about(
            "Look whether the audit log of every account is as it was written: that no event was \
             changed, left out, put in, moved or cut off at the end, and that the counts fit by which \
             lists of events are narrowed. It reads the stores of a server, which may be running, and \
             takes the same configuration.\n\n\
             One line tells of each log how many events fit, and the hash of the last of them. Note \
             it elsewhere: who holds the server's key as well as its database could write another log, \
             but not one in which that event has that hash.",
        )
        .after_help(
            "Example:\n  moca check audit --data-dir /var/lib/moca\n\n\
             Exit codes: 0 everything fits, 1 something does not, or it cannot be read, 2 the command \
             is wrong",
        );
    Command::new("check")
        .about("Check what a server keeps")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(serve::with_keys(audit, |key| KEYS.contains(&key.name)))
}

pub(super) fn run(arguments: &ArgMatches) -> ExitCode {
    let Some(("audit", arguments)) = arguments.subcommand() else {
        return ExitCode::from(exit::MISUSED);
    };
    match serve::configuration(arguments) {
        Ok(config) => block_on(audit(config)),
        Err(code) => code,
    }
}

async fn audit(config: Config) -> anyhow::Result<ExitCode> {
    let control = Control::open_existing(&config.control_url())
        .await
        .context("the control store cannot be opened")?;
    let key = data_dir::secret_key(&config.secret_key_file(), false, &SystemRandom)?;
    let control = control.with_keys(AuditKeys::of(&key));
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent}%  {msg}  {elapsed}") {
        bar.set_style(style);
    }
    let report = control
        .check_audit(|done, all| {
            bar.set_length(count(all));
            bar.set_position(count(done));
            bar.set_message(format!("{} events", HumanCount(count(done))));
        })
        .await
        .context("the audit log cannot be read")?;
    bar.finish_and_clear();
    io::stdout().write_all(told(&report).as_bytes())?;
    if report.is_sound() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("moca: the audit log is not as it was written");
    Ok(ExitCode::from(exit::FAILED))
}

fn told(report: &AuditReport) -> String {
    let lines = report.chains.iter().map(line);
    lines.collect()
}

fn line(chain: &ChainReport) -> String {
    let ChainReport {
        account, events, ..
    } = chain;
    match &chain.fault {
        Some(fault) => format!("account {account}: {fault}; events that fit: {events}\n"),
        None => {
            let hash: String = chain.hash.iter().map(|b| format!("{b:02x}")).collect();
            format!("account {account}: {events} events, the last has the hash {hash}\n")
        }
    }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
