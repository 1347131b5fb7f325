//! Takes files apart, row by row and in chunks, without holding more than a chunk. A file is read on
//! from any place where a chunk ended.

mod bytes;
mod columns;
mod csv;
mod geojson;
mod kml;
mod lines;
mod names;
mod ndjson;
mod placemark;

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use moca_core::{
    bulk::{BulkKind, ImportFormat},
    limits::{IMPORT_CHUNK_BYTES_MAX, IMPORT_CHUNK_ROWS_MAX, IMPORT_ROW_BYTES_MAX},
};
use moca_wire::{fault::FaultCode, problem::Fault};
use serde_json::Value;

pub(crate) use names::Names;

use super::map::Map;

/// A file and where to go on in it.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) kind: BulkKind,
    pub(crate) format: ImportFormat,
    pub(crate) map: Option<Map>,
    pub(crate) radius_m: f64,
    /// Bytes that were read before: none, or up to where a chunk ended.
    pub(crate) bytes_done: u64,
    /// Rows that were read before.
    pub(crate) rows_done: u64,
}

/// A row.
pub(crate) struct Row {
    /// Which one, from 1.
    pub(crate) number: u64,
    /// The line it begins on, from 1.
    pub(crate) line: u64,
    /// The body of a POST, with `labels` and the parent's `externalId` beside `config`; none if the
    /// row cannot be read.
    pub(crate) record: Option<Value>,
    /// What is wrong with it already; pointers are those of the record.
    pub(crate) faults: Vec<Fault>,
}

/// Some rows.
pub(crate) struct Chunk {
    pub(crate) rows: Vec<Row>,
    /// Bytes of the file up to the last of them.
    pub(crate) bytes_done: u64,
    /// Whether the file ends with them.
    pub(crate) is_last: bool,
}

/// Why a file is not read any further.
#[derive(Debug)]
pub(crate) enum Broken {
    /// It is not what it should be; the text says what to do.
    File(String),
    /// It cannot be read from the disk.
    Disk(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// A format.
trait Rows {
    /// The next row: its line, and its record with what is wrong with it.
    fn next(&mut self) -> Result<Option<Found>, Broken>;
    /// Bytes of the file up to the end of the last row.
    fn bytes_done(&self) -> u64;
}

/// A row without its number.
struct Found {
    line: u64,
    record: Option<Value>,
    faults: Vec<Fault>,
}

impl Found {
    /// A row that cannot be read.
    fn malformed(line: u64, detail: impl Into<String>) -> Self {
        Self {
            line,
            record: None,
            faults: vec![Fault::new("", FaultCode::Malformed, detail)],
        }
    }

    /// A row that is not read because of its size.
    fn too_long(line: u64) -> Self {
        let detail = format!("expected a row of at most {IMPORT_ROW_BYTES_MAX} bytes");
        Self {
            line,
            record: None,
            faults: vec![Fault::new("", FaultCode::TooLong, detail)],
        }
    }
}

/// Reads a file.
pub(crate) struct Reader {
    rows: Box<dyn Rows + Send>,
    names: Arc<Names>,
    number: u64,
    /// Why nothing comes after the chunk before.
    broken: Option<Broken>,
}

impl Reader {
    /// Opens a file.
    pub(crate) fn open(source: Source) -> Result<Self, Broken> {
        let number = source.rows_done;
        let (rows, names): (Box<dyn Rows + Send>, Names) = match source.format {
            ImportFormat::Csv => {
                let (rows, names) = csv::open(source)?;
                (Box::new(rows), names)
            }
            ImportFormat::Ndjson => (Box::new(ndjson::open(&source)?), Names::Pointers),
            ImportFormat::Geojson => {
                let names = Names::Geojson(source.kind);
                (Box::new(geojson::open(source)?), names)
            }
            ImportFormat::Kml => {
                let names = Names::Kml(source.kind);
                (Box::new(kml::open(source)?), names)
            }
        };
        Ok(Self {
            rows,
            names: Arc::new(names),
            number,
            broken: None,
        })
    }

    /// How the file calls what a fault is about.
    pub(crate) fn names(&self) -> Arc<Names> {
        self.names.clone()
    }

    /// The next rows. Those before a place where the file cannot be read come first, and the error with the
    /// next call.
    pub(crate) fn chunk(&mut self) -> Result<Chunk, Broken> {
        if let Some(broken) = self.broken.take() {
            return Err(broken);
        }
        let start = self.rows.bytes_done();
        let mut rows = Vec::new();
        let mut is_last = false;
        while rows.len() < IMPORT_CHUNK_ROWS_MAX
            && self.rows.bytes_done() - start < IMPORT_CHUNK_BYTES_MAX as u64
        {
            let found = match self.rows.next() {
                Ok(Some(found)) => found,
                Ok(None) => {
                    is_last = true;
                    break;
                }
                Err(broken) if rows.is_empty() => return Err(broken),
                Err(broken) => {
                    self.broken = Some(broken);
                    break;
                }
            };
            self.number += 1;
            rows.push(Row {
                number: self.number,
                line: found.line,
                record: found.record,
                faults: found.faults,
            });
        }
        Ok(Chunk {
            rows,
            bytes_done: self.rows.bytes_done(),
            is_last,
        })
    }
}

/// The file from a place on, and the line there.
fn open_at(path: &Path, bytes_done: u64) -> io::Result<(File, u64)> {
    let mut file = File::open(path)?;
    let mut line = 1;
    let mut left = bytes_done;
    let mut buffer = vec![0; 64 * 1024];
    // Lines are counted anew: the only thing that is not known of a place, and seldom wanted.
    while left > 0 {
        let wanted = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = file.read(&mut buffer[..wanted])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line += buffer[..count]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count() as u64;
        left -= count as u64;
    }
    Ok((file, line))
}

#[cfg(test)]
mod tests;
