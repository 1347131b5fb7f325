//! CSV: one row a record, after a first line that names the columns.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::PathBuf,
};

use csv::{ByteRecord, ReaderBuilder, StringRecord};
use moca_core::limits::IMPORT_ROW_BYTES_MAX;
use moca_wire::{fault::FaultCode, problem::Fault};

use super::{Broken, Found, Names, Rows, Source, columns::Columns, lines::Lines, open_at};

/// Bytes read at a time; a row that is too long is found out within so many.
const BUFFER_BYTES: usize = 64 * 1024;

/// The rows of a CSV file.
pub(super) struct CsvRows {
    csv: csv::Reader<Lines<File>>,
    columns: Columns,
    record: ByteRecord,
    /// The line of the last row.
    line: u64,
    /// Where the file was opened.
    start: u64,
    path: PathBuf,
    /// Bytes of the file.
    length: u64,
}

/// Opens a file and understands its columns.
pub(super) fn open(source: Source) -> Result<(CsvRows, Names), Broken> {
    let columns_of = |header: &StringRecord| {
        let map = source.map.as_ref();
        Columns::read(source.kind, map, source.radius_m, header).map_err(Broken::File)
    };
    let mut rows = reader(&source, 0)?;
    if !rows.read_row()? {
        // No row lacks a column.
        let none = Columns::none(source.kind);
        return Ok((rows, Names::Csv(Box::new(none))));
    }
    let header = StringRecord::from_byte_record(rows.record.clone());
    let header = header.map_err(|_| {
        Broken::File("the first line is not UTF-8: save the file in that encoding".to_owned())
    })?;
    // Once for the rows, once for who tells what is wrong with them.
    let (columns, names) = (columns_of(&header)?, columns_of(&header)?);
    if source.bytes_done > 0 {
        rows = reader(&source, source.bytes_done)?;
    }
    rows.columns = columns;
    Ok((rows, Names::Csv(Box::new(names))))
}

fn reader(source: &Source, start: u64) -> Result<CsvRows, Broken> {
    let (file, line) = open_at(&source.path, start)?;
    let length = file.metadata()?.len();
    let csv = ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .buffer_capacity(BUFFER_BYTES)
        .from_reader(Lines::new(file, line));
    Ok(CsvRows {
        csv,
        columns: Columns::none(source.kind),
        record: ByteRecord::new(),
        line,
        start,
        path: source.path.clone(),
        length,
    })
}

impl CsvRows {
    /// Reads the next row; false at the end.
    fn read_row(&mut self) -> Result<bool, Broken> {
        self.csv
            .get_mut()
            .allow(IMPORT_ROW_BYTES_MAX + BUFFER_BYTES);
        match self.csv.read_byte_record(&mut self.record) {
            Ok(more) => {
                let start = self.record.position().map_or(0, csv::Position::byte);
                self.line = self.csv.get_mut().line_at(start);
                Ok(more)
            }
            Err(error) => {
                if self.csv.get_ref().is_spent() {
                    let start = self.csv.position().byte();
                    let line = self.csv.get_mut().line_at(start);
                    return Err(Broken::File(format!(
                        "the row on line {line} has more than {IMPORT_ROW_BYTES_MAX} bytes: is a \
                         quotation mark not closed there?"
                    )));
                }
                Err(Broken::Disk(error.into()))
            }
        }
    }
}

/// Whether the last row of a file, which starts at this byte, ends within quotation marks: the reader
/// takes the end of the file for theirs, and with another line after it that line for more of the row.
fn is_cut_off(path: &PathBuf, row_start: u64) -> io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(row_start))?;
    let one_more = file.chain(&b"\n-\n"[..]);
    let mut rows = ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .from_reader(one_more);
    let mut record = ByteRecord::new();
    let mut count = 0;
    while rows.read_byte_record(&mut record)? {
        count += 1;
    }
    Ok(count < 2)
}

impl Rows for CsvRows {
    fn next(&mut self) -> Result<Option<Found>, Broken> {
        if !self.read_row()? {
            return Ok(None);
        }
        let line = self.line;
        if self.bytes_done() >= self.length {
            let row_start = self.record.position().map_or(0, csv::Position::byte);
            if is_cut_off(&self.path, self.start + row_start)? {
                return Err(Broken::File(format!(
                    "a quotation mark in the row on line {line} is not closed: the file was cut \
                     off, or a mark inside a cell is not doubled"
                )));
            }
        }
        let (found, expected) = (self.record.len(), self.columns.headers.len());
        if found != expected {
            let detail = format!("expected {expected} cells, as in the first line, not {found}");
            return Ok(Some(Found::malformed(line, detail)));
        }
        let row = match StringRecord::from_byte_record(std::mem::take(&mut self.record)) {
            Ok(row) => row,
            Err(error) => {
                let pointer = self.columns.pointer_of(error.utf8_error().field());
                let fault = Fault::new(pointer, FaultCode::Malformed, "expected UTF-8");
                return Ok(Some(Found {
                    line,
                    record: None,
                    faults: vec![fault],
                }));
            }
        };
        let (record, faults) = self.columns.record(&row);
        // Its memory serves the next row.
        self.record = row.into_byte_record();
        Ok(Some(Found {
            line,
            record: Some(record),
            faults,
        }))
    }

    fn bytes_done(&self) -> u64 {
        self.start + self.csv.position().byte()
    }
}
