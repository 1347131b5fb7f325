//! `moca import` and `moca export`

use std::{
    fs::{self, File},
    io::{self, IsTerminal, Read},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;
use clap::{Arg, ArgAction, ArgMatches, Command, builder::PossibleValuesParser};
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use moca_client::{Client, ClientError, ImportRequest};
use moca_core::{
    bulk::{BulkKind, FileFormat, ImportFormat},
    limits::{IMPORT_RADIUS_M, NAME_CHARS_MAX, PAGE_LIMIT_MAX, RADIUS_M_MAX, RADIUS_M_MIN},
};
use moca_wire::imports::{Import, Refusal};

use super::{
    block_on, connection, download,
    exit::Misuse,
    given,
    kinds::{Field, Kind},
    run_to_end,
};
use crate::import::{self, News};

/// Exit code when the import was done and some rows were refused.
pub(super) const SOME_REFUSED: u8 = 3;
/// Refusals told on the terminal; a file holds more.
const TOLD_MAX: usize = 100;
/// The airports that come with MOCA, as a format.
const AIRPORTS: &str = "airports";

const HELP: &str = "A CSV file names its columns in the first line, as `moca export` does: name, latitude, longitude, \
    radius (metres), externalId, labels and so on, and property.NAME for properties; places and zones need a \
    name, the rest may be left out. Other columns are mapped: \
    --map \"name=Station,latitude=lat,address=street+city,category='shop'\". NDJSON has an object of the API a \
    line, GeoJSON is a FeatureCollection, KML has placemarks. Format airports: the file data/airports.csv of MOCA.\n\n\
    A bad row is named by line and column on stderr, and the others go in. The server does the work: \
    when this command is stopped after the file was sent, it goes on; `moca imports list` lists them.\n\n\
    Exit codes: 0 all rows are in, 1 the import broke off, 2 the command is wrong, 3 done, and some \
    rows were refused.";

pub(super) fn command() -> Command {
    Command::new("import")
        .about("Import what you have into a running server")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(BulkKind::ALL.map(|kind| {
            import_of(kind)
                .name(kind.as_str())
                .args(connection::arguments())
        }))
}

/// `moca places import` and so on: the same, beside the other commands of a kind.
pub(super) fn import_of(kind: BulkKind) -> Command {
    let mut formats: Vec<&str> = ImportFormat::ALL.map(ImportFormat::as_str).to_vec();
    if kind == BulkKind::Places {
        formats.push(AIRPORTS);
    }
    Command::new("import")
        .about(format!("Import {} from a file", kind.as_str()))
        .after_help(HELP)
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .required(true)
                .help("The file, in UTF-8; - for standard input"),
        )
        .arg(
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .value_parser(PossibleValuesParser::new(formats))
                .help("How it is written [default: by the end of its name, else csv]"),
        )
        .arg(
            Arg::new("map")
                .long("map")
                .value_name("FIELD=COLUMN,...")
                .help("Which column of a foreign file is which field"),
        )
        .arg(
            Arg::new("radius")
                .long("radius")
                .value_name("METRES")
                .value_parser(radius)
                .help(format!(
                    "Radius of points that have none of their own [default: {IMPORT_RADIUS_M}]"
                )),
        )
        .arg(flag("upsert", "Replace what has the externalId of a row"))
        .arg(flag("dry-run", "Try everything, and make nothing"))
        .arg(
            Arg::new("refused")
                .long("refused")
                .value_name("FILE")
                .help("Write what was refused to this file, as CSV"),
        )
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .action(ArgAction::SetTrue)
        .help(help)
}

fn radius(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|metres| (RADIUS_M_MIN..=RADIUS_M_MAX).contains(metres))
        .ok_or_else(|| format!("expected metres from {RADIUS_M_MIN} to {RADIUS_M_MAX}"))
}

pub(super) fn run(arguments: &ArgMatches) -> ExitCode {
    match kind_of(arguments) {
        Some((kind, arguments)) => run_import(kind, arguments),
        None => ExitCode::from(super::MISUSED),
    }
}

/// Imports objects of a kind.
pub(super) fn run_import(kind: BulkKind, arguments: &ArgMatches) -> ExitCode {
    block_on(async {
        let outcome = import(kind, arguments).await;
        outcome.or_else(|error| match is_misuse(&error) {
            true => {
                super::report(&error);
                Ok(ExitCode::from(super::MISUSED))
            }
            false => Err(error),
        })
    })
}

/// Whether something else has to be typed.
fn is_misuse(error: &anyhow::Error) -> bool {
    let refused = error.downcast_ref::<ClientError>();
    error.is::<Misuse>() || matches!(refused, Some(ClientError::InvalidRequest { .. }))
}

fn kind_of(arguments: &ArgMatches) -> Option<(BulkKind, &ArgMatches)> {
    let (word, arguments) = arguments.subcommand()?;
    Some((BulkKind::named(word)?, arguments))
}

async fn import(kind: BulkKind, arguments: &ArgMatches) -> anyhow::Result<ExitCode> {
    let name = given(arguments, "file").unwrap_or_default();
    let request = request(kind, &name, arguments);
    let client = connection::client(arguments)?;
    let (source, bytes) = open(&name)?;
    let bar = progress_bar(bytes);
    let mut first = Some(source);
    let files = || {
        // A file is there to be read again; what came through a pipe is gone.
        let again = || bytes.and_then(|_| Some(open(&name).ok()?.0));
        first.take().or_else(again)
    };
    let imported = import::import(&client, &request, files, |news| show(&bar, kind, news)).await;
    let took = bar.elapsed();
    bar.finish_and_clear();
    let imported = imported?;
    if imported.refused > 0 {
        tell_refused(&client, &name, &imported).await?;
    }
    if let Some(path) = given(arguments, "refused") {
        let table = client.refusals_csv(imported.import_id).await?;
        fs::write(&path, &table).with_context(|| format!("{path} cannot be written"))?;
    }
    summarise(&imported, took);
    Ok(match imported.refused {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(SOME_REFUSED),
    })
}

/// What is asked of the server.
fn request(kind: BulkKind, file: &str, arguments: &ArgMatches) -> ImportRequest {
    let format = given(arguments, "format");
    let mut request = match format.as_deref() {
        Some(AIRPORTS) => import::airports(),
        word => {
            let known = format_of(word, file);
            let mut formats = ImportFormat::ALL.into_iter();
            let format = formats.find(|format| format.as_str() == known);
            ImportRequest::new(kind, format.unwrap_or(ImportFormat::Csv))
        }
    };
    let name = Path::new(file).file_name().filter(|_| file != "-");
    let name = name.map(|name| {
        name.to_string_lossy()
            .chars()
            .take(NAME_CHARS_MAX)
            .collect()
    });
    request.name = name;
    request.map = given(arguments, "map").or(request.map);
    request.radius = arguments.get_one("radius").copied().or(request.radius);
    request.upsert = arguments.get_flag("upsert");
    request.dry_run = arguments.get_flag("dry-run");
    request
}

/// The word for a format: this one, or by the end of a file's name.
fn format_of(word: Option<&str>, file: &str) -> String {
    let end = Path::new(file).extension().and_then(|end| end.to_str());
    let end = end.map(str::to_ascii_lowercase);
    match word.or(end.as_deref()) {
        Some("json") => "geojson",
        Some("jsonl") => "ndjson",
        Some(word) => word,
        None => "csv",
    }
    .to_owned()
}

/// The source, and how many bytes it has if that can be known.
fn open(name: &str) -> anyhow::Result<(Box<dyn Read + Send>, Option<u64>)> {
    if name == "-" {
        return Ok((Box::new(io::stdin()), None));
    }
    let file = File::open(name).with_context(|| format!("{name} cannot be opened"))?;
    let bytes = file.metadata().ok().filter(fs::Metadata::is_file);
    Ok((Box::new(file), bytes.map(|metadata| metadata.len())))
}

fn progress_bar(bytes: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(bytes, ProgressDrawTarget::hidden());
    }
    let bar = match bytes {
        Some(bytes) => ProgressBar::new(bytes),
        None => ProgressBar::new_spinner(),
    };
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent}%  {msg}  {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn show(bar: &ProgressBar, kind: BulkKind, news: News<'_>) {
    match news {
        News::Sent(bytes) => {
            bar.set_message("sent");
            bar.set_position(bytes);
        }
        News::Import(import) => {
            let bytes = |count: i64| u64::try_from(count).unwrap_or(0);
            bar.set_length(bytes(import.bytes_total));
            bar.set_position(bytes(import.bytes_done));
            bar.set_message(format!("{} {}", HumanCount(done(import)), kind.as_str()));
        }
    }
}

/// Rows that are in.
fn done(import: &Import) -> u64 {
    let rows = import.created + import.updated + import.unchanged;
    u64::try_from(rows).unwrap_or(0)
}

async fn tell_refused(client: &Client, file: &str, import: &Import) -> anyhow::Result<()> {
    let page = client
        .refusals(import.import_id, 0, (TOLD_MAX as i64).min(PAGE_LIMIT_MAX))
        .await?;
    for refusal in &page.items {
        eprintln!("{file}: {}", sentence(refusal));
    }
    if page.total > page.items.len() as i64 {
        eprintln!("{file}: and more: --refused FILE writes them to a file");
    }
    Ok(())
}

fn sentence(refusal: &Refusal) -> String {
    let place = match (refusal.column, &refusal.field) {
        (Some(column), Some(field)) => format!("column {column} ({field}): "),
        (_, Some(field)) => format!("{field}: "),
        (_, None) => String::new(),
    };
    format!("line {}: {place}{}", refusal.line, refusal.detail)
}

#[expect(clippy::print_stdout, reason = "the result of the command")]
fn summarise(import: &Import, took: Duration) {
    let are = if import.config.dry_run {
        "would be"
    } else {
        "are"
    };
    let mut how = String::new();
    if import.config.upsert {
        how = format!(
            " ({} new, {} changed, {} as they were)",
            HumanCount(u64::try_from(import.created).unwrap_or(0)),
            HumanCount(u64::try_from(import.updated).unwrap_or(0)),
            HumanCount(u64::try_from(import.unchanged).unwrap_or(0)),
        );
    }
    println!(
        "{} {} {are} in{how}, {} rows were refused, in {:.1} s",
        HumanCount(done(import)),
        import.config.kind.as_str(),
        HumanCount(u64::try_from(import.refused).unwrap_or(0)),
        took.as_secs_f64()
    );
}

pub(super) fn export_command() -> Command {
    Command::new("export")
        .about("Write all objects of a kind into a file")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(BulkKind::ALL.map(|kind| {
            export_of(kind)
                .name(kind.as_str())
                .args(connection::arguments())
        }))
}

/// `moca places export` and so on: the same, beside the other commands of a kind.
pub(super) fn export_of(kind: BulkKind) -> Command {
    Command::new("export")
        .about(format!("Write all {} into a file", kind.as_str()))
        .after_help(super::exit::CODES)
        .arg(
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .value_parser(PossibleValuesParser::new(
                    FileFormat::ALL.map(FileFormat::as_str),
                ))
                .help("How it is written [default: by the end of its name, else csv]"),
        )
        .arg(download::file())
        .arg(
            Arg::new("search")
                .long("search")
                .value_name("TEXT")
                .help("Only those with this text in their name"),
        )
        .args(filters(kind).iter().map(super::resources::flag))
}

/// The filters of a list, which an export has too.
fn filters(kind: BulkKind) -> &'static [Field] {
    Kind::named(kind.as_str()).map_or(&[], |kind| kind.filters)
}

pub(super) fn run_export(arguments: &ArgMatches) -> ExitCode {
    let Some((kind, arguments)) = kind_of(arguments) else {
        return ExitCode::from(super::MISUSED);
    };
    run_to_end(async move {
        export(kind, &connection::client(arguments)?, arguments).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Writes all objects of a kind into a file.
pub(super) async fn export(
    kind: BulkKind,
    client: &Client,
    arguments: &ArgMatches,
) -> anyhow::Result<()> {
    let path = download::path(arguments);
    let format = given(arguments, "format");
    let known = format_of(format.as_deref(), path.as_deref().unwrap_or_default());
    let mut formats = FileFormat::ALL.into_iter();
    let format = formats.find(|format| format.as_str() == known);
    let format = format.ok_or_else(|| {
        let formats = FileFormat::ALL.map(FileFormat::as_str).join(", ");
        Misuse(format!(
            "there are no exports as {known}: name the file by one of {formats}, or say --format"
        ))
    })?;
    let mut wanted: Vec<(&str, String)> = Vec::new();
    wanted.extend(given(arguments, "search").map(|text| ("q", text)));
    for field in filters(kind) {
        wanted.extend(given(arguments, field.flag).map(|value| (field.at, value)));
    }
    let file = client.export(kind, format, &wanted).await?;
    download::save(file, path.as_deref()).await
}
