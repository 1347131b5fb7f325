//! `moca import`

use std::{
    fs::{self, File},
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;
use clap::{Arg, ArgMatches, Command, builder::PossibleValuesParser};
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use moca_client::Client;
use moca_core::limits::{RADIUS_M_MAX, RADIUS_M_MIN};

use super::{block_on, given};
use crate::import::{self, Format, News, Options};

/// Exit code when the import was done and some rows were refused.
const SOME_REFUSED: u8 = 3;
/// Metres around an airport unless another radius is given.
const AIRPORT_RADIUS_M: f64 = 5_000.0;
/// Metres around any other place.
const PLACE_RADIUS_M: f64 = 100.0;

pub(super) fn command() -> Command {
    let places = Command::new("places")
        .about("Import places from a CSV file")
        .after_help(
            "The first line names the columns. Format moca: name, latitude, longitude, radius \
             (metres), address, timeZone, category, externalId, provider, and property.NAME for \
             properties; only name has to be there. Format airports: the file data/airports.csv \
             of MOCA.\n\n\
             A bad row is named by line and column on stderr, and the others go in. A row whose \
             externalId is taken is refused, so an import that broke off can be done again.\n\n\
             Exit codes: 0 all rows are in, 1 the import broke off, 2 the command is wrong, \
             3 done, and some rows were refused.",
        )
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .required(true)
                .help("The CSV file in UTF-8; - for standard input"),
        )
        .arg(
            Arg::new("server")
                .long("server")
                .value_name("URL")
                .default_value("https://localhost:8443")
                .help("The server"),
        )
        .arg(
            Arg::new("token-file")
                .long("token-file")
                .value_name("FILE")
                .default_value("moca-data/first-token")
                .help("File with the token of an editor or above"),
        )
        .arg(Arg::new("ca").long("ca").value_name("FILE").help(
            "Trust these certificates only (PEM) [default: tls/cert.pem beside the token \
                     file, if it is there]",
        ))
        .arg(
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .value_parser(PossibleValuesParser::new(["moca", "airports"]))
                .default_value("moca")
                .help("What the columns mean"),
        )
        .arg(
            Arg::new("radius")
                .long("radius")
                .value_name("METRES")
                .value_parser(radius)
                .help("Radius of places whose row has none [default: 100; airports: 5000]"),
        );
    Command::new("import")
        .about("Import what you have into a running server")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(places)
}

fn radius(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|metres| (RADIUS_M_MIN..=RADIUS_M_MAX).contains(metres))
        .ok_or_else(|| format!("expected metres from {RADIUS_M_MIN} to {RADIUS_M_MAX}"))
}

pub(super) fn run(arguments: &ArgMatches) -> ExitCode {
    match arguments.subcommand() {
        Some(("places", arguments)) => block_on(places(arguments)),
        _ => ExitCode::from(super::MISUSED),
    }
}

async fn places(arguments: &ArgMatches) -> anyhow::Result<ExitCode> {
    let format = match given(arguments, "format").as_deref() {
        Some("airports") => Format::Airports,
        _ => Format::Moca,
    };
    let radius_m = arguments.get_one("radius").copied();
    let options = Options {
        format,
        radius_m: radius_m.unwrap_or(match format {
            Format::Airports => AIRPORT_RADIUS_M,
            Format::Moca => PLACE_RADIUS_M,
        }),
    };
    let client = client(arguments)?;
    let name = given(arguments, "file").unwrap_or_default();
    let (source, bytes) = open(&name)?;
    let bar = progress_bar(bytes);
    let mut imported = 0;
    let summary = import::import_places(&client, source, options, |news| match news {
        News::Imported { rows, bytes } => {
            imported += rows;
            bar.set_message(format!("{} places", HumanCount(imported)));
            bar.set_position(bytes);
        }
        News::Refused(refusal) => bar.suspend(|| eprintln!("{name}: {refusal}")),
    })
    .await;
    let took = bar.elapsed();
    bar.finish_and_clear();
    let summary = summary?;
    summarise(summary.imported, summary.refused, took);
    Ok(if summary.refused == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(SOME_REFUSED)
    })
}

fn client(arguments: &ArgMatches) -> anyhow::Result<Client> {
    let token_file = given(arguments, "token-file").unwrap_or_default();
    let token = fs::read_to_string(&token_file)
        .with_context(|| format!("the token file {token_file} cannot be read"))?;
    let server = given(arguments, "server").unwrap_or_default();
    let mut builder = Client::builder(&server).token(token.trim());
    let beside_token = Path::new(&token_file).with_file_name("tls/cert.pem");
    let trust = given(arguments, "ca")
        .map(PathBuf::from)
        .or_else(|| beside_token.exists().then_some(beside_token));
    if let Some(path) = trust {
        let pem = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        builder = builder.trust_pem(pem);
    }
    Ok(builder.build()?)
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

#[expect(clippy::print_stdout, reason = "the result of the command")]
fn summarise(imported: u64, refused: u64, took: Duration) {
    println!(
        "{} places are in, {} rows were refused, in {:.1} s",
        HumanCount(imported),
        HumanCount(refused),
        took.as_secs_f64()
    );
}
