//! Which line of a file a byte is on, and an end to rows that have none.

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
    /// Bytes that may still be read for one row.
    left: usize,
}

impl<R> Lines<R> {
    /// The lines of what is read from a line on; offsets count from there.
    pub(super) const fn new(source: R, line: u64) -> Self {
        Self {
            source,
            offset: 0,
            line,
            at_start: true,
            starts: VecDeque::new(),
            left: usize::MAX,
        }
    }

    /// Lets no more than this be read until it is called again: a row whose quote is not closed would
    /// fill the memory.
    pub(super) const fn allow(&mut self, bytes: usize) {
        self.left = bytes;
    }

    /// Whether all that was allowed was read.
    pub(super) const fn is_spent(&self) -> bool {
        self.left == 0
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

    /// The line that the byte at `offset` is on. Offsets must not decrease from call to call.
    pub(super) fn line_of(&mut self, offset: u64) -> u64 {
        while self
            .starts
            .get(1)
            .is_some_and(|(start, _)| *start <= offset)
        {
            self.starts.pop_front();
        }
        self.starts.front().map_or(self.line, |(_, line)| *line)
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other("the row is too long"));
        }
        let wanted = buffer.len().min(self.left);
        let count = self.source.read(&mut buffer[..wanted])?;
        self.left -= count;
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
