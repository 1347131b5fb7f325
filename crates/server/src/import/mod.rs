//! Places from a CSV file into a running server.
//!
//! [`reader`] turns lines into places and refuses bad ones by line and column; [`upload`] sends the
//! good ones in batches. Both work at the same time, with a bounded queue between them.

mod columns;
mod lines;
mod place_row;
mod reader;
mod upload;

use std::{fmt, io::Read};

use anyhow::Context;
use moca_client::Client;
use tokio::sync::mpsc;

pub use columns::Format;

/// Batches that are read but not yet sent; more would only take memory.
const BATCHES_WAITING_MAX: usize = 4;

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// What its columns mean.
    pub format: Format,
    /// Radius in metres of places whose line says none.
    pub radius_m: f64,
}

/// Something that is wrong with a line, which was not taken for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The line the row starts on, from 1.
    pub line: u64,
    /// The column: its number, from 1, and its name; none if it is the row as a whole.
    pub column: Option<(usize, String)>,
    /// What was expected.
    pub reason: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if let Some((number, name)) = &self.column {
            write!(f, "column {number} ({name}): ")?;
        }
        f.write_str(&self.reason)
    }
}

/// News of an import under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The server answered a batch: so many rows are in, up to this byte of the file.
    Imported {
        /// Rows of the batch that were taken.
        rows: u64,
        /// Bytes of the file up to the end of the batch.
        bytes: u64,
    },
    /// A line was refused; one of these for each fault.
    Refused(Refusal),
}

/// How an import ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows that became places.
    pub imported: u64,
    /// Rows that did not.
    pub refused: u64,
}

/// Imports all good rows of a file and tells what becomes of them.
pub async fn import_places(
    client: &Client,
    source: impl Read + Send + 'static,
    options: Options,
    mut tell: impl FnMut(News),
) -> anyhow::Result<Summary> {
    let (sender, receiver) = mpsc::channel(BATCHES_WAITING_MAX);
    let reader = tokio::task::spawn_blocking(move || {
        reader::read(source, options, |part| sender.blocking_send(part).is_ok())
    });
    let summary = upload::upload(client, receiver, &mut tell).await?;
    reader.await.context("the reader of the file failed")??;
    Ok(summary)
}

#[cfg(test)]
mod tests;
