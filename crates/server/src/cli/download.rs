//! Files from the server.

use std::{
    fs::{self, File},
    io::{self, Write},
};

use anyhow::Context;
use clap::{Arg, ArgMatches};
use moca_client::Download;

use super::given;

/// The argument that says where to put one.
pub(super) fn file() -> Arg {
    Arg::new("output")
        .short('o')
        .long("output")
        .value_name("FILE")
        .help("The file [default: standard output]")
}

/// Where to put it, unless that is standard output.
pub(super) fn path(arguments: &ArgMatches) -> Option<String> {
    given(arguments, "output").filter(|path| path != "-")
}

/// Writes it as it comes.
pub(super) async fn save(mut file: Download, path: Option<&str>) -> anyhow::Result<()> {
    let Some(path) = path else {
        let mut out = io::stdout().lock();
        while let Some(piece) = file.chunk().await? {
            out.write_all(&piece)?;
        }
        return Ok(out.flush()?);
    };
    // A part must not be taken for the whole.
    let unfinished = format!("{path}.part");
    let written = async {
        let mut out = File::create(&unfinished)?;
        while let Some(piece) = file.chunk().await? {
            out.write_all(&piece)?;
        }
        out.sync_all()?;
        fs::rename(&unfinished, path)?;
        anyhow::Ok(())
    };
    let outcome = written.await;
    if outcome.is_err() {
        // It may not be there.
        let _ = fs::remove_file(&unfinished);
    }
    outcome.with_context(|| format!("{path} could not be written whole"))
}
