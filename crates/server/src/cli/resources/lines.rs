//! `moca campaigns export`, `moca campaigns import` and so on: the objects of a kind as lines of JSON.
//!
//! Places, zones and beacons come and go as files of the server. Of the other kinds there are few, so they are
//! read and written one by one here, by the calls that everybody has.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::Context;
use clap::{Arg, ArgAction, ArgMatches, Command};
use futures::TryStreamExt;
use indicatif::{HumanCount, ProgressBar};
use moca_client::{Client, ClientError, Versioned};
use moca_core::{bulk::BulkKind, limits::PAGE_LIMIT_MAX};
use serde_json::{Map, Value};

use super::{change::WRITABLE, flag, list};
use crate::cli::{
    download,
    exit::{self, Misuse},
    given,
    import::SOME_REFUSED,
    kinds::Kind,
};

/// Whether the objects of a kind come and go as lines. The only answer that has the secret of an account or a
/// token is the one that makes it, so these are made one at a time.
pub(super) fn are_of(kind: &Kind) -> bool {
    kind.is_managed()
        && BulkKind::named(kind.plural).is_none()
        && !matches!(kind.plural, "accounts" | "tokens")
}

pub(super) fn export_command(kind: &'static Kind) -> Command {
    Command::new("export")
        .about(format!("Write {} into a file, one a line", kind.plural))
        .after_help(format!(
            "A line is an object in the form of the API, without what the server owns and without secrets.\n\n\
             Example:\n  moca {0} export -o {0}.ndjson\n\n{1}",
            kind.plural,
            exit::CODES
        ))
        .arg(download::file())
        .arg(
            Arg::new("search")
                .long("search")
                .value_name("TEXT")
                .help("Only those with this text in their name"),
        )
        .args(kind.filters.iter().map(flag))
}

pub(super) fn import_command(kind: &'static Kind) -> Command {
    let more = match kind.plural {
        "campaigns" => " A new campaign is a draft; one that is there keeps its status.",
        "notifications" => " A new notification is a draft, whatever the line says.",
        "segments" => " A line without one may have the externalId of a segment instead.",
        "webhooks" => " The secret of a new one is made anew by `moca webhooks secret`.",
        _ => "",
    };
    Command::new("import")
        .about(format!("Make and change {} as a file says", kind.plural))
        .after_help(format!(
            "The file has an object of the API a line, as `moca {0} export` writes it. A line with the id of \
             one that is there changes that; any other makes a new one.{more} A bad line is named on stderr, \
             and the others go in.\n\nExit codes: 0 all lines are in, 1 the import broke off, 2 the command is \
             wrong, 3 done, and some lines were refused.",
            kind.plural
        ))
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .required(true)
                .help("NDJSON in UTF-8; - for standard input"),
        )
        .arg(
            Arg::new("dry-run")
                .long("dry-run")
                .action(ArgAction::SetTrue)
                .help("Say what would be made and changed, and do nothing"),
        )
}

/// Refuses a name that promises something else.
fn require_lines(path: &str) -> Result<(), Misuse> {
    let end = Path::new(path).extension().and_then(|end| end.to_str());
    match end.map(str::to_ascii_lowercase).as_deref() {
        None | Some("ndjson" | "jsonl") => Ok(()),
        Some(end) => Err(Misuse(format!(
            "these come and go as NDJSON, not as {end}: name the file so"
        ))),
    }
}

/// What stands in a line: the ids of the object and of what it is part of, and what a client sets.
fn line_of(object: &Value) -> Map<String, Value> {
    let is_kept =
        |name: &str| WRITABLE.contains(&name) || (name.ends_with("Id") && name != "accountId");
    let fields = object.as_object().into_iter().flatten();
    fields
        .filter(|(name, _)| is_kept(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Writes the objects of a kind into a file.
pub(super) async fn export(
    kind: &'static Kind,
    client: &Client,
    arguments: &ArgMatches,
) -> anyhow::Result<()> {
    let path = download::path(arguments);
    require_lines(path.as_deref().unwrap_or_default())?;
    let query = client.collection(kind.path).query();
    let mut query = list::filtered(query, kind.filters, arguments)?;
    if let Some(text) = given(arguments, "search") {
        query = query.filter("q", text);
    }
    let mut objects = Box::pin(query.page_size(PAGE_LIMIT_MAX).stream());
    download::whole(path.as_deref(), async |out| {
        while let Some(object) = objects.try_next().await? {
            let line = serde_json::to_string(&line_of(&object))?;
            writeln!(out, "{line}")?;
        }
        Ok(())
    })
    .await
}

/// What became of the lines.
#[derive(Default)]
struct Taken {
    made: u64,
    changed: u64,
    unchanged: u64,
    refused: u64,
}

/// Makes and changes objects as a file says.
pub(super) async fn import(
    kind: &'static Kind,
    client: &Client,
    arguments: &ArgMatches,
) -> anyhow::Result<ExitCode> {
    let name = given(arguments, "file").unwrap_or_default();
    require_lines(if name == "-" { "" } else { &name })?;
    let source: Box<dyn BufRead> = match name.as_str() {
        "-" => Box::new(io::stdin().lock()),
        name => {
            let file = File::open(name).with_context(|| format!("{name} cannot be opened"))?;
            Box::new(BufReader::new(file))
        }
    };
    let is_dry = arguments.get_flag("dry-run");
    let bar = io::stderr().is_terminal().then(ProgressBar::new_spinner);
    let mut taken = Taken::default();
    for (index, line) in source.lines().enumerate() {
        let number = index + 1;
        let line = line.with_context(|| format!("{name} cannot be read beyond line {index}"))?;
        if line.trim().is_empty() {
            continue;
        }
        match take_in(kind, client, &line, is_dry).await {
            Ok(Change::Made) => taken.made += 1,
            Ok(Change::Changed) => taken.changed += 1,
            Ok(Change::None) => taken.unchanged += 1,
            Err(error) => match refusal(&error) {
                Some(sentences) => {
                    taken.refused += 1;
                    for sentence in sentences {
                        eprintln!("{name}: line {number}: {sentence}");
                    }
                }
                None => {
                    let broke_off = format!("{name}: broke off at line {number}");
                    return Err(error.context(broke_off));
                }
            },
        }
        if let Some(bar) = &bar {
            bar.set_message(format!("{} lines", HumanCount(number as u64)));
            bar.tick();
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    summarise(kind, &taken, is_dry)?;
    Ok(match taken.refused {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(SOME_REFUSED),
    })
}

fn summarise(kind: &Kind, taken: &Taken, is_dry: bool) -> io::Result<()> {
    let are = if is_dry { "would be" } else { "are" };
    writeln!(
        io::stdout(),
        "{} {} {are} in ({} new, {} changed, {} as they were), {} lines were refused",
        HumanCount(taken.made + taken.changed + taken.unchanged),
        kind.plural,
        HumanCount(taken.made),
        HumanCount(taken.changed),
        HumanCount(taken.unchanged),
        HumanCount(taken.refused),
    )
}

/// What a line did.
enum Change {
    Made,
    Changed,
    None,
}

async fn take_in(
    kind: &'static Kind,
    client: &Client,
    line: &str,
    is_dry: bool,
) -> anyhow::Result<Change> {
    let object: Value = serde_json::from_str(line)?;
    let objects = client.collection(kind.path);
    let mut body = line_of(&object);
    if let Some(known) = find(kind, client, &body).await? {
        let id = known.object[kind.id_name()].as_str().unwrap_or_default();
        body.insert(kind.id_name().to_owned(), id.into());
        if line_of(&known.object) == body {
            return Ok(Change::None);
        }
        if !is_dry {
            let body = Value::Object(body);
            objects.replace_if(id, &body, &known.etag).await?;
        }
        return Ok(Change::Changed);
    }
    body.remove(kind.id_name());
    if kind.plural == "notifications" {
        // One that was sent is not to be sent again by being read from a file.
        let options = body.entry("options").or_insert_with(|| Map::new().into());
        if let Some(options) = options.as_object_mut() {
            options.insert("draft".to_owned(), true.into());
        }
    }
    if !is_dry {
        objects.create(&Value::Object(body)).await?;
    }
    Ok(Change::Made)
}

/// The object that a line is about, if there is one.
async fn find(
    kind: &'static Kind,
    client: &Client,
    line: &Map<String, Value>,
) -> Result<Option<Versioned<Value>>, ClientError> {
    let objects = client.collection(kind.path);
    if let Some(id) = line.get(kind.id_name()).and_then(Value::as_str) {
        match objects.get(id).await {
            Err(ClientError::NotFound { .. }) => {}
            found => return found.map(Some),
        }
    }
    let own_id = line
        .get("config")
        .and_then(|config| config.get("externalId"));
    let Some(own_id) = own_id.and_then(Value::as_str) else {
        return Ok(None);
    };
    let page = objects.query().filter("externalId", own_id).page().await?;
    match page
        .items
        .first()
        .and_then(|one| one[kind.id_name()].as_str())
    {
        Some(id) => objects.get(id).await.map(Some),
        None => Ok(None),
    }
}

/// What is wrong with a line; nothing if it is not the line that is wrong.
fn refusal(error: &anyhow::Error) -> Option<Vec<String>> {
    if let Some(wrong) = error.downcast_ref::<serde_json::Error>() {
        return Some(vec![format!("this is no JSON: {wrong}")]);
    }
    let error = error.downcast_ref::<ClientError>()?;
    let is_refusal = matches!(
        error,
        ClientError::InvalidRequest { .. }
            | ClientError::NotFound { .. }
            | ClientError::Conflict { .. }
    );
    let faults = error.faults();
    is_refusal.then(|| match faults {
        [] => vec![error.to_string()],
        faults => faults
            .iter()
            .map(|fault| format!("{}: {}", fault.pointer, fault.detail))
            .collect(),
    })
}
