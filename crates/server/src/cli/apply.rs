//! `moca apply` and `moca pull`

use std::{
    io::{self, BufRead, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};

use anstyle::{AnsiColor, Style};
use anyhow::Context;
use clap::{Arg, ArgAction, ArgMatches, Command, builder::PossibleValuesParser};
use indicatif::{ProgressBar, ProgressStyle};
use moca_client::Client;

use super::{
    connection,
    exit::{self, Misuse},
    given, run_to_end,
};
use crate::apply::{self, Action, Plan, Step};

pub(super) fn command() -> Command {
    Command::new("apply")
        .about("Make an account as files say that are kept in git")
        .long_about(
            "Make an account as files say that are kept in git. A document describes an object by \
             kind and name (or externalId) and refers to others by theirs. The plan is shown \
             first. What is not in the files stays, unless --prune is given; members, tokens and \
             accounts are never touched. A second run has nothing to do, and a run that failed \
             can be repeated.",
        )
        .after_help(format!(
            "Example of a file (docs/cli.md tells all):\n  \
             kind: Label\n  \
             name: VIP\n  \
             ---\n  \
             kind: Place\n  \
             externalId: plaza-mayor\n  \
             config:\n    \
             name: Plaza Mayor\n    \
             labels: [VIP]\n    \
             geofence: {{type: Circle, latitude: 40.4154, longitude: -3.7074, radius: 150}}\n\n\
             Examples:\n  \
             moca pull account/              write the files from what is there\n  \
             moca apply -f account/          show the plan and ask\n  \
             moca apply -f account/ --check  exit code 8 if the account has drifted\n  \
             moca apply -f account/ --prune --yes\n\n\
             {}, 8 the account differs (--check)",
            exit::CODES
        ))
        .args(connection::arguments())
        .arg(
            Arg::new("file")
                .short('f')
                .long("file")
                .value_name("PATH")
                .required(true)
                .help("A file, a folder with all below it (.yaml, .yml, .json), or -"),
        )
        .arg(
            Arg::new("yes")
                .short('y')
                .long("yes")
                .action(ArgAction::SetTrue)
                .help("Do it without asking"),
        )
        .arg(
            Arg::new("check")
                .long("check")
                .alias("dry-run")
                .action(ArgAction::SetTrue)
                .conflicts_with("yes")
                .help("Only compare: exit code 0 if the account is as the files say, else 8"),
        )
        .arg(
            Arg::new("prune")
                .long("prune")
                .action(ArgAction::SetTrue)
                .help("Delete what is not in the files, of the kinds that are in them"),
        )
        .arg(
            Arg::new("prune-kind")
                .long("prune-kind")
                .value_name("KIND")
                .requires("prune")
                .action(ArgAction::Append)
                .value_parser(PossibleValuesParser::new(apply::kind_names()))
                .help("Prune this kind too, though no file has it"),
        )
}

pub(super) fn pull_command() -> Command {
    Command::new("pull")
        .about("Write the files of `moca apply` from an account")
        .after_help(format!(
            "A file for each kind; applying them changes nothing. Files of an earlier pull are \
             replaced.\n\nExample: moca pull account/ && git -C account/ diff\n\n{}",
            exit::CODES
        ))
        .args(connection::arguments())
        .arg(
            Arg::new("folder")
                .value_name("FOLDER")
                .required(true)
                .help("Where the files go; made if it is missing"),
        )
}

pub(super) fn pull(arguments: &ArgMatches) -> ExitCode {
    run_to_end(async move {
        let client = connection::client(arguments)?;
        let folder = PathBuf::from(given(arguments, "folder").unwrap_or_default());
        let count = apply::pull(&client, &folder).await?;
        eprintln!("{count} objects are described in {}", folder.display());
        Ok(ExitCode::SUCCESS)
    })
}

pub(super) fn run(arguments: &ArgMatches) -> ExitCode {
    run_to_end(async move {
        let path = PathBuf::from(given(arguments, "file").unwrap_or_default());
        let sources = apply::read(&path)?;
        if sources.is_empty() {
            let path = path.display();
            return Err(Misuse(format!("there are no documents in {path}")).into());
        }
        let client = connection::client(arguments)?;
        let prune_kinds: Vec<String> = arguments
            .get_many::<String>("prune-kind")
            .map_or_else(Vec::new, |names| names.cloned().collect());
        let prune = arguments.get_flag("prune");
        let plan = apply::plan(&client, &sources, prune, &prune_kinds).await?;
        show(&plan)?;
        if plan.steps.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        if arguments.get_flag("check") {
            return Ok(ExitCode::from(exit::DIFFERS));
        }
        if !arguments.get_flag("yes") && !agreed()? {
            return Ok(ExitCode::from(exit::MISUSED));
        }
        execute(&client, &plan).await?;
        Ok(ExitCode::SUCCESS)
    })
}

fn show(plan: &Plan) -> io::Result<()> {
    // Colours only where they are wanted: not in a pipe, not with NO_COLOR.
    let mut out = anstream::stdout().lock();
    for step in &plan.steps {
        let (mark, color) = mark(step);
        let style = Style::new().fg_color(Some(color.into()));
        writeln!(out, "{style}{mark} {}{style:#}", line(step))?;
        if let Action::Update(_, _, changes) = &step.action {
            for change in changes {
                writeln!(out, "    {change}")?;
            }
        }
    }
    writeln!(out, "{plan}")
}

const fn mark(step: &Step) -> (char, AnsiColor) {
    match step.action {
        Action::Create(_) => ('+', AnsiColor::Green),
        Action::Update(..) => ('~', AnsiColor::Yellow),
        Action::Act { .. } => ('>', AnsiColor::Cyan),
        Action::Delete(_) => ('-', AnsiColor::Red),
    }
}

fn line(step: &Step) -> String {
    match &step.action {
        Action::Act { action, .. } => format!("{}: {action}", step.title),
        _ => step.title.clone(),
    }
}

fn agreed() -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        eprintln!("nothing was changed: give --yes to do this");
        return Ok(false);
    }
    eprint!("Do this? [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .context("no answer could be read")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

async fn execute(client: &Client, plan: &Plan) -> anyhow::Result<()> {
    let bar = if io::stderr().is_terminal() {
        ProgressBar::new(plan.steps.len() as u64)
    } else {
        ProgressBar::hidden()
    };
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len}  {elapsed}") {
        bar.set_style(style);
    }
    let outcome = apply::execute(client, plan, |_| bar.inc(1)).await;
    bar.finish_and_clear();
    outcome?;
    match plan.steps.len() {
        1 => eprintln!("done: 1 step"),
        steps => eprintln!("done: {steps} steps"),
    }
    Ok(())
}
