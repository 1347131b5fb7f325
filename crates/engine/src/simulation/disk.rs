//! What a crash leaves of the files.
//!
//! Neither SQLite nor fjall can be given a disk of ours, so this cuts the files that they have written. Both
//! only append while a simulation is short: the log to its write-ahead log, synced by each commit, the device
//! store to its journal, synced now and then. A process that is killed leaves all that it has written, up to any
//! byte of what it was writing. A power cut leaves all that was synced and, of the rest, what was written up
//! to some byte. That a disk writes later parts without earlier ones is not simulated; both libraries guard
//! against that by checksums.
//!
//! Which of the two a step writes first is known here, not seen: a group of requests to the log and then to the
//! device store, an erasure too. All else is written to the device store alone.
//!
//! Where anything else was written (a file that is made, a week of event ids that is dropped) the cut is
//! behind it.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::support::SeededRandom;

/// The write-ahead log of the event log.
const WAL: &str = "events.db-wal";
/// Made anew by SQLite from the write-ahead log.
const INDEX: &str = "events.db-shm";
/// Zeros behind which the journal, whose file is longer than what is in it, has nothing.
const ZEROS: u64 = 256 * 1_024;

/// How far the files were written.
#[derive(Clone, PartialEq)]
pub(super) struct Mark {
    wal: u64,
    journal: u64,
    /// All other files with their lengths.
    others: BTreeMap<PathBuf, u64>,
}

impl Mark {
    /// Bytes of the write-ahead log and of the journal.
    pub(super) fn lengths(&self) -> [u64; 2] {
        [self.wal, self.journal]
    }
}

/// Up to where the files survive.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    wal: u64,
    journal: u64,
}

impl Cut {
    /// Whether all of the log survives that was written until then.
    pub(super) fn holds_log_of(&self, mark: &Mark) -> bool {
        self.wal == mark.wal
    }
}

/// The data directory of the server.
pub(super) struct Disk {
    directory: PathBuf,
    /// The file of the journal, and the last end that was found.
    journal: (PathBuf, u64),
    /// Where the journal ended when it was synced last.
    synced: u64,
}

impl Disk {
    pub(super) fn new(directory: PathBuf) -> Self {
        fs::create_dir_all(&directory).unwrap();
        Self {
            directory,
            journal: (PathBuf::new(), 0),
            synced: 0,
        }
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Notes that the server has opened its files. What it found may still be lost with the power.
    pub(super) fn opened(&mut self) {
        let files = self.files().into_keys();
        let journals = files.filter(|name| name.extension().is_some_and(|end| end == "jnl"));
        let newest = journals.max().unwrap();
        let is_same = self.journal.0 == newest;
        self.journal = (newest, 0);
        let end = self.mark().journal;
        // A store that is made is synced before it is used.
        self.synced = if is_same { self.synced.min(end) } else { end };
    }

    /// Notes that the journal was synced, at this mark or later.
    pub(super) fn synced(&mut self, mark: &Mark) {
        self.synced = mark.journal;
    }

    /// How far the files are written now.
    pub(super) fn mark(&mut self) -> Mark {
        let mut others = self.files();
        let wal = others.remove(Path::new(WAL)).unwrap_or(0);
        let (journal, known) = &self.journal;
        others.remove(journal);
        let end = end_of(&self.directory.join(journal), *known);
        self.journal.1 = end;
        Mark {
            wal,
            journal: end,
            others,
        }
    }

    /// Draws what a crash between two marks leaves.
    pub(super) fn cut(&self, before: &Mark, after: &Mark, random: &SeededRandom) -> Cut {
        let mut cut = Cut {
            wal: after.wal,
            journal: after.journal,
        };
        // The log is always written first.
        let logged = after.wal.saturating_sub(before.wal);
        let kept = after.journal.saturating_sub(before.journal);
        if before.others == after.others && logged + kept > 0 {
            // As often in the log as in the journal, and now and then exactly between them.
            let written = match random.below(5) {
                0 => logged,
                1 | 2 if logged > 0 => random.below(logged as i64) as u64,
                _ => logged + random.below(kept as i64 + 1) as u64,
            };
            cut.wal = before.wal + written.min(logged);
            cut.journal = before.journal + written.saturating_sub(logged);
        }
        let unsynced = cut.journal.saturating_sub(self.synced);
        if before.others == after.others && random.below(2) == 0 && unsynced > 0 {
            cut.journal -= random.below(unsynced as i64 + 1) as u64;
        }
        cut
    }

    /// Copies what survives.
    pub(super) fn leave(&self, to: &Path, cut: Cut) {
        for (name, length) in self.files() {
            let target = to.join(&name);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            let from = File::open(self.directory.join(&name)).unwrap();
            let kept = match &name {
                name if *name == self.journal.0 => cut.journal,
                name if *name == Path::new(WAL) => cut.wal,
                _ => length,
            };
            let mut copy = File::create(&target).unwrap();
            std::io::copy(&mut from.take(kept), &mut copy).unwrap();
            // It may have been made longer than what is in it.
            if name == self.journal.0 && length > self.journal.1 {
                copy.set_len(length).unwrap();
            }
            copy.flush().unwrap();
        }
    }

    /// Goes on with what a crash has left.
    pub(super) fn moved(&mut self, to: PathBuf) {
        self.directory = to;
        self.journal.1 = 0;
    }

    /// All files with their lengths.
    fn files(&self) -> BTreeMap<PathBuf, u64> {
        let mut files = BTreeMap::new();
        let mut directories = vec![self.directory.clone()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let entry = entry.unwrap();
                let path = entry.path();
                if entry.file_type().unwrap().is_dir() {
                    directories.push(path);
                } else if entry.file_name() != INDEX {
                    let name = path.strip_prefix(&self.directory).unwrap();
                    files.insert(name.to_owned(), entry.metadata().unwrap().len());
                }
            }
        }
        files
    }
}

/// Where what was written into a file ends, which is not before `known`.
fn end_of(path: &Path, known: u64) -> u64 {
    let mut file = File::open(path).unwrap();
    let (mut end, mut read_to) = (known, known);
    file.seek(SeekFrom::Start(known)).unwrap();
    while read_to - end < ZEROS {
        let mut bytes = Vec::new();
        (&mut file).take(ZEROS).read_to_end(&mut bytes).unwrap();
        if bytes.is_empty() {
            break;
        }
        if let Some(last) = bytes.iter().rposition(|byte| *byte != 0) {
            end = read_to + last as u64 + 1;
        }
        read_to += bytes.len() as u64;
    }
    end
}
