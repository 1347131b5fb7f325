//! Which line of a file a byte is on.

use std::{
    collections::VecDeque,
    io::{self, Read},
};

/// Notes where lines start while a file is read. The CSV reader's own count is one too low after
/// CR LF and after blank lines, and a person has to find the line.
pub(super) struct Lines<R> {
    source: R,
    /// Bytes read.
    offset: u64,
    /// The line of the next byte, from 1.
    line: u64,
    /// Whether the next byte would be the first of its line.
    at_start: bool,
    /// Offset and number of each line that is not blank and was not asked for yet.
    starts: VecDeque<(u64, u64)>,
}

impl<R> Lines<R> {
    pub(super) const fn new(source: R) -> Self {
        Self {
            source,
            offset: 0,
            line: 1,
            at_start: true,
            starts: VecDeque::new(),
        }
    }

    /// The line of a row that starts at `offset` or, if that is the end of a line, on the next one
    /// that is not blank. Offsets must not decrease from call to call.
    pub(super) fn line_at(&mut self, offset: u64) -> u64 {
        while let Some((start, line)) = self.starts.front() {
            if *start >= offset {
                return *line;
            }
            self.starts.pop_front();
        }
        self.line
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        for byte in &buffer[..count] {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.at_start = true;
                }
                b'\r' => {}
                _ if self.at_start => {
                    self.starts.push_back((self.offset, self.line));
                    self.at_start = false;
                }
                _ => {}
            }
            self.offset += 1;
        }
        Ok(count)
    }
}
