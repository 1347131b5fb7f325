//! Reads a file into batches of places, without holding more than a batch.

use std::{io::Read, sync::Arc};

use anyhow::Context;
use csv::{ByteRecord, ReaderBuilder, StringRecord, Trim};
use moca_core::limits::{BATCH_ITEMS_MAX, BODY_BYTES_MAX};
use moca_wire::places::PlaceInput;

use super::{Options, Refusal, columns::Columns, lines::Lines, place_row};

/// Bytes of the rows of one batch: as JSON they are larger, and have to fit into a request.
const BATCH_BYTES_MAX: usize = BODY_BYTES_MAX / 4;

/// What the reader found next.
pub(super) enum Part {
    /// Good rows.
    Batch(Batch),
    /// The faults of one row.
    Refused(Vec<Refusal>),
}

/// Good rows that go in one request.
pub(super) struct Batch {
    pub(super) places: Vec<PlaceInput>,
    /// The line of each.
    pub(super) lines: Vec<u64>,
    /// Bytes of the file up to the last of them.
    pub(super) bytes: u64,
    pub(super) columns: Arc<Columns>,
}

/// Reads to the end, or until `take` wants no more.
pub(super) fn read(
    source: impl Read,
    options: Options,
    mut take: impl FnMut(Part) -> bool,
) -> anyhow::Result<()> {
    let mut csv = ReaderBuilder::new()
        .flexible(true)
        .trim(Trim::Headers)
        .from_reader(Lines::new(source));
    let header = csv
        .headers()
        .context("the first line cannot be read")?
        .clone();
    let columns = Arc::new(Columns::read(options.format, &header)?);
    let empty = || Batch {
        places: Vec::new(),
        lines: Vec::new(),
        bytes: 0,
        columns: columns.clone(),
    };
    let mut batch = empty();
    let mut batch_bytes = 0;
    let mut record = ByteRecord::new();
    while csv
        .read_byte_record(&mut record)
        .context("the file cannot be read")?
    {
        let start = record.position().map_or(0, csv::Position::byte);
        let line = csv.get_mut().line_at(start);
        match row(&record, line, &columns, &options) {
            Ok(place) => {
                batch.places.push(place);
                batch.lines.push(line);
                batch.bytes = csv.position().byte();
                batch_bytes += record.as_slice().len();
            }
            Err(refusals) => {
                if !take(Part::Refused(refusals)) {
                    return Ok(());
                }
            }
        }
        if batch.places.len() == BATCH_ITEMS_MAX || batch_bytes > BATCH_BYTES_MAX {
            batch_bytes = 0;
            if !take(Part::Batch(std::mem::replace(&mut batch, empty()))) {
                return Ok(());
            }
        }
    }
    if !batch.places.is_empty() {
        take(Part::Batch(batch));
    }
    Ok(())
}

fn row(
    record: &ByteRecord,
    line: u64,
    columns: &Columns,
    options: &Options,
) -> Result<PlaceInput, Vec<Refusal>> {
    let refuse = |column, reason| {
        Err(vec![Refusal {
            line,
            column,
            reason,
        }])
    };
    let (found, expected) = (record.len(), columns.all.len());
    if found != expected {
        let reason = format!("expected {expected} cells, as in the first line, and found {found}");
        return refuse(None, reason);
    }
    match StringRecord::from_byte_record(record.clone()) {
        Ok(record) => place_row::read(&record, line, columns, options),
        Err(error) => {
            let index = error.utf8_error().field();
            let name = columns.all[index].0.clone();
            refuse(Some((index + 1, name)), "expected UTF-8".to_owned())
        }
    }
}
