//! `list`: a page, or everything.

use std::io::IsTerminal;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use futures::StreamExt;
use indicatif::{HumanCount, ProgressBar};
use moca_client::{Client, Query};
use moca_core::limits::{PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, PAGE_OFFSET_MAX};
use serde_json::Value;

use super::{body, flag};
use crate::cli::{
    exit, given,
    kinds::{Field, Kind},
    output::{self, Printer},
};

/// Objects that are printed at once when everything is listed.
const ROWS: usize = 1_000;

pub(super) fn command(kind: &'static Kind) -> Command {
    let mut command = Command::new("list")
        .about(format!("List {}", kind.plural))
        .after_help(format!(
            "Examples:\n  \
             moca {0} list{1}\n  \
             moca {0} list{1} --all --output csv > {0}.csv\n\n{2}",
            kind.plural,
            kind.filters
                .iter()
                .filter(|field| field.required)
                .map(|field| format!(" --{} ID", field.flag))
                .collect::<String>(),
            exit::CODES
        ))
        .args(kind.filters.iter().map(flag));
    if kind.is_managed() {
        command = command
            .arg(
                Arg::new("search")
                    .long("search")
                    .value_name("TEXT")
                    .help("Only those with this text in their name"),
            )
            .arg(
                Arg::new("sort")
                    .long("sort")
                    .value_name("FIELDS")
                    .allow_hyphen_values(true)
                    .help(
                        "name, createdAt, updatedAt; with - before it, from the last to the first",
                    ),
            );
    }
    command.args(paging()).args(output::arguments())
}

/// Which of the list.
pub(super) fn paging() -> [Arg; 3] {
    [
        Arg::new("offset")
            .long("offset")
            .value_name("NUMBER")
            .value_parser(value_parser!(i64).range(0..=PAGE_OFFSET_MAX))
            .default_value("0")
            .help("Index of the first one"),
        Arg::new("limit")
            .long("limit")
            .value_name("NUMBER")
            .value_parser(value_parser!(i64).range(1..=PAGE_LIMIT_MAX))
            .help("How many at most [default: 50]"),
        Arg::new("all")
            .long("all")
            .action(ArgAction::SetTrue)
            .conflicts_with("limit")
            .help("All of them, page by page as they are printed"),
    ]
}

pub(super) async fn run(
    kind: &'static Kind,
    client: &Client,
    arguments: &ArgMatches,
) -> anyhow::Result<()> {
    let printer = Printer::new(arguments, kind.columns);
    let query = query(kind, client, arguments)?;
    print(query, printer, kind.plural, arguments).await
}

/// Prints what is wanted of a list.
pub(super) async fn print(
    query: Query<Value>,
    printer: Printer,
    plural: &str,
    arguments: &ArgMatches,
) -> anyhow::Result<()> {
    let offset = arguments.get_one::<i64>("offset").copied();
    let limit = arguments.get_one::<i64>("limit").copied();
    let is_all = arguments.get_flag("all");
    let default = if is_all {
        PAGE_LIMIT_MAX
    } else {
        PAGE_LIMIT_DEFAULT
    };
    let query = query
        .offset(offset.unwrap_or(0))
        .page_size(limit.unwrap_or(default));
    if is_all {
        all(query, printer).await
    } else {
        page(query, printer, plural).await
    }
}

/// A list narrowed by filters.
pub(super) fn filtered(
    mut query: Query<Value>,
    filters: &'static [Field],
    arguments: &ArgMatches,
) -> anyhow::Result<Query<Value>> {
    for filter in filters {
        if let Some(text) = given(arguments, filter.flag) {
            query = query.filter(filter.at, body::parameter(filter, &text)?);
        }
    }
    Ok(query)
}

fn query(
    kind: &'static Kind,
    client: &Client,
    arguments: &ArgMatches,
) -> anyhow::Result<Query<Value>> {
    let query = client.collection(kind.path).query();
    let mut query = filtered(query, kind.filters, arguments)?;
    if kind.is_managed() {
        for (flag, parameter) in [("search", "q"), ("sort", "sort")] {
            if let Some(text) = given(arguments, flag) {
                query = query.filter(parameter, text);
            }
        }
    }
    Ok(query)
}

async fn page(query: Query<Value>, mut printer: Printer, plural: &str) -> anyhow::Result<()> {
    let page = query.page().await?;
    printer.rows(&page.items)?;
    let shown = page.offset + i64::try_from(page.items.len()).unwrap_or(0);
    if shown < page.total && std::io::stderr().is_terminal() {
        eprintln!(
            "{} of {} {plural}; --all lists all",
            page.items.len(),
            page.total,
        );
    }
    Ok(())
}

async fn all(query: Query<Value>, mut printer: Printer) -> anyhow::Result<()> {
    // On a terminal the rows themselves are the progress.
    let bar = (!std::io::stdout().is_terminal() && std::io::stderr().is_terminal())
        .then(ProgressBar::new_spinner);
    let mut rows = Box::pin(query.stream().ready_chunks(ROWS));
    let mut listed = 0;
    let mut printed = false;
    while let Some(chunk) = rows.next().await {
        let mut objects = Vec::with_capacity(chunk.len());
        let mut failure = None;
        for item in chunk {
            match item {
                Ok(object) => objects.push(object),
                Err(error) => failure = Some(error),
            }
        }
        printer.rows(&objects)?;
        printed = true;
        listed += objects.len() as u64;
        if let Some(bar) = &bar {
            bar.set_message(format!("{} listed", HumanCount(listed)));
            bar.tick();
        }
        if let Some(error) = failure {
            return Err(error.into());
        }
    }
    if !printed {
        // A header stands over an empty table too.
        printer.rows(&[])?;
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(())
}
