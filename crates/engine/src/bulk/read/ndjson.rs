//! NDJSON: one record a line.

use std::io;

use moca_core::limits::IMPORT_ROW_BYTES_MAX;
use moca_wire::json;

use super::{Broken, Found, Rows, Source, bytes::Bytes, open_at};

/// The lines of a file.
pub(super) struct NdjsonRows(Bytes);

/// Opens a file.
pub(super) fn open(source: &Source) -> io::Result<NdjsonRows> {
    let (file, line) = open_at(&source.path, source.bytes_done)?;
    Bytes::new(file, source.bytes_done, line).map(NdjsonRows)
}

impl Rows for NdjsonRows {
    fn next(&mut self) -> Result<Option<Found>, Broken> {
        let (line, piece) = loop {
            let line = self.0.line;
            let piece = self.0.take(IMPORT_ROW_BYTES_MAX, |byte| byte != b'\n')?;
            let is_end = self.0.next()?.is_none();
            if !piece.bytes.trim_ascii().is_empty() {
                break (line, piece);
            }
            if is_end {
                return Ok(None);
            }
        };
        if piece.is_cut {
            return Ok(Some(Found::too_long(line)));
        }
        Ok(Some(record_of(line, &piece.bytes)))
    }

    fn bytes_done(&self) -> u64 {
        self.0.offset
    }
}

fn record_of(line: u64, bytes: &[u8]) -> Found {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Found::malformed(line, "expected UTF-8");
    };
    match json::read(text) {
        Ok(record) if record.is_object() => Found {
            line,
            record: Some(record),
            faults: Vec::new(),
        },
        Ok(_) => Found::malformed(line, "expected a JSON object"),
        Err(error) => Found::malformed(line, not_json(&error)),
    }
}

/// What is wrong with a JSON text of one row. Its lines are not those of the file.
pub(super) fn not_json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(what, _)| what);
    format!("expected JSON: {what}, near character {}", error.column())
}
