//! Files from the server.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
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
    whole(path, async |out| {
        while let Some(piece) = file.chunk().await? {
            out.write_all(&piece)?;
        }
        Ok(())
    })
    .await
}

/// Has a file written that is there only when it is whole.
pub(super) async fn whole(
    path: Option<&str>,
    write: impl AsyncFnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let Some(path) = path else {
        let mut out = BufWriter::new(io::stdout().lock());
        write(&mut out).await?;
        return Ok(out.flush()?);
    };
    // A part must not be taken for the whole.
    let unfinished = format!("{path}.part");
    let written = async {
        let mut out = BufWriter::new(File::create(&unfinished)?);
        write(&mut out).await?;
        out.flush()?;
        out.get_ref().sync_all()?;
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
