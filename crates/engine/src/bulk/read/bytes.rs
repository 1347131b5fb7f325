//! The bytes of a file, with where they stand.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
};

const BUFFER_BYTES: usize = 64 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads bytes and counts lines.
pub(super) struct Bytes {
    source: BufReader<File>,
    /// Bytes read.
    pub(super) offset: u64,
    /// The line of the next byte, from 1.
    pub(super) line: u64,
}

/// What was taken of a piece.
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    /// Whether it was longer than that.
    pub(super) is_cut: bool,
}

impl Bytes {
    /// The bytes of a file that is read from `offset` on, which is on this line.
    pub(super) fn new(file: File, offset: u64, line: u64) -> io::Result<Self> {
        let mut bytes = Self {
            source: BufReader::with_capacity(BUFFER_BYTES, file),
            offset,
            line,
        };
        if offset == 0 && bytes.source.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
            bytes.consume(BYTE_ORDER_MARK.len());
        }
        Ok(bytes)
    }

    fn consume(&mut self, count: usize) {
        self.source.consume(count);
        self.offset += count as u64;
    }

    /// The next byte, which stays.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.source.fill_buf()?.first().copied())
    }

    /// The next byte.
    pub(super) fn next(&mut self) -> io::Result<Option<u8>> {
        let next = self.peek()?;
        if let Some(byte) = next {
            self.consume(1);
            self.line += u64::from(byte == b'\n');
        }
        Ok(next)
    }

    /// Takes bytes as long as `more` wants the next one, and keeps the first `max` of them.
    pub(super) fn take(
        &mut self,
        max: usize,
        mut more: impl FnMut(u8) -> bool,
    ) -> io::Result<Piece> {
        let mut piece = Piece {
            bytes: Vec::new(),
            is_cut: false,
        };
        loop {
            let buffer = self.source.fill_buf()?;
            let taken = buffer.iter().position(|byte| !more(*byte));
            let count = taken.unwrap_or(buffer.len());
            let kept = count.min(max - piece.bytes.len());
            piece.bytes.extend_from_slice(&buffer[..kept]);
            piece.is_cut |= kept < count;
            self.line += buffer[..count]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count() as u64;
            let is_end = buffer.is_empty();
            self.consume(count);
            if taken.is_some() || is_end {
                return Ok(piece);
            }
        }
    }
}
