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
//! Before either of them, a new week begins a keyspace of event ids and ends another. fjall makes the files of a
//! keyspace, syncs each with its directory, and then has `current` name the newest by renaming another over it;
//! what is named no longer it removes at last. So a crash leaves the first few of these changes, the last of
//! which may be a file that is cut anywhere, or empty; what was removed may still be there.
//!
//! Where anything else was written the cut is behind it.

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, File},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::support::SeededRandom;

/// The write-ahead log of the event log.
const WAL: &str = "events.db-wal";
/// Made anew by SQLite from the write-ahead log.
const INDEX: &str = "events.db-shm";
/// Where the files of keyspaces are.
const KEYSPACES: &str = "devices/keyspaces";
/// Names the newest of the files beside it.
const CURRENT: &str = "current";
/// Zeros behind which the journal, whose file is longer than what is in it, has nothing.
const ZEROS: u64 = 256 * 1_024;

/// How far the files were written.
#[derive(Clone, PartialEq)]
pub(super) struct Mark {
    wal: u64,
    journal: u64,
    /// All other files with what is in them.
    others: BTreeMap<PathBuf, Vec<u8>>,
}

impl Mark {
    /// Bytes of the write-ahead log and of the journal.
    pub(super) fn lengths(&self) -> [u64; 2] {
        [self.wal, self.journal]
    }

    /// Whether a step made, replaced or removed files besides those that are appended to.
    pub(super) fn has_other_files_than(&self, before: &Self) -> bool {
        self.others != before.others
    }
}

/// What was done to a file of a keyspace.
#[derive(Clone)]
enum Deed {
    Made(PathBuf),
    /// With what was in it before.
    Replaced(PathBuf, Vec<u8>),
    Removed(PathBuf, Vec<u8>),
}

/// What was done to the files of keyspaces, in an order in which it may have been done; nothing if
/// other files were changed too.
fn deeds(before: &Mark, after: &Mark) -> Option<Vec<Deed>> {
    let (mut made, mut replaced, mut removed) = (Vec::new(), Vec::new(), Vec::new());
    let (before, after) = (&before.others, &after.others);
    for (name, bytes) in after {
        match before.get(name) {
            None => made.push(name.clone()),
            Some(old) if old != bytes => replaced.push((name.clone(), old.clone())),
            Some(_) => {}
        }
    }
    for (name, bytes) in before {
        if !after.contains_key(name) {
            removed.push((name.clone(), bytes.clone()));
        }
    }
    // Nothing is named before it is there.
    made.sort_by_key(|name| name.ends_with(CURRENT));
    let is_renamed = replaced.iter().all(|(name, _)| name.ends_with(CURRENT));
    let mut changed = made.iter().chain(removed.iter().map(|(name, _)| name));
    if !is_renamed || !changed.all(|name| name.starts_with(KEYSPACES)) {
        return None;
    }
    let made = made.into_iter().map(Deed::Made);
    let replaced = replaced.into_iter();
    let replaced = replaced.map(|(name, old)| Deed::Replaced(name, old));
    let removed = removed.into_iter();
    let removed = removed.map(|(name, old)| Deed::Removed(name, old));
    Some(made.chain(replaced).chain(removed).collect())
}

/// Up to where the files survive.
#[derive(Clone)]
pub(super) struct Cut {
    wal: u64,
    journal: u64,
    /// What of the files of keyspaces was not done, or does not last.
    undone: Vec<Deed>,
    /// Bytes of the first of these that are there nevertheless, if it was making a file.
    begun: Option<u64>,
}

impl fmt::Debug for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cut at {} and {}", self.wal, self.journal)?;
        for deed in &self.undone {
            match deed {
                Deed::Made(name) => write!(f, ", without {}", name.display())?,
                Deed::Replaced(name, _) => write!(f, ", with the old {}", name.display())?,
                Deed::Removed(name, _) => write!(f, ", still with {}", name.display())?,
            }
        }
        match self.begun {
            Some(bytes) => write!(f, ", but for {bytes} bytes of the first"),
            None => Ok(()),
        }
    }
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
        let mut files = self.files();
        let wal = files.remove(Path::new(WAL)).unwrap_or(0);
        let (journal, known) = &self.journal;
        files.remove(journal);
        let read = |name: PathBuf| {
            let bytes = fs::read(self.directory.join(&name)).unwrap();
            (name, bytes)
        };
        let others = files.into_keys().map(read).collect();
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
            undone: Vec::new(),
            begun: None,
        };
        let Some(mut deeds) = deeds(before, after) else {
            return cut;
        };
        let done = random.below(deeds.len() as i64 + 1) as usize;
        if done < deeds.len() {
            (cut.wal, cut.journal) = (before.wal, before.journal);
            cut.undone = deeds.split_off(done);
            if let Some(Deed::Made(name)) = cut.undone.first()
                && !name.ends_with(CURRENT)
                && random.below(2) == 0
            {
                let bytes = after.others.get(name).map_or(0, Vec::len);
                cut.begun = Some(random.below(bytes as i64 + 1) as u64);
            }
        }
        // The log is always written first.
        let logged = after.wal.saturating_sub(before.wal);
        let kept = after.journal.saturating_sub(before.journal);
        if cut.undone.is_empty() && logged + kept > 0 {
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
        if random.below(2) == 0 && unsynced > 0 {
            cut.journal -= random.below(unsynced as i64 + 1) as u64;
        }
        cut
    }

    /// Copies what survives.
    pub(super) fn leave(&self, to: &Path, cut: Cut) {
        let mut unmade = BTreeMap::new();
        for (index, deed) in cut.undone.iter().enumerate() {
            match deed {
                Deed::Made(name) => {
                    let begun = cut.begun.filter(|_| index == 0);
                    unmade.insert(name, begun);
                }
                Deed::Replaced(name, old) | Deed::Removed(name, old) => {
                    let target = to.join(name);
                    fs::create_dir_all(target.parent().unwrap()).unwrap();
                    fs::write(target, old).unwrap();
                }
            }
        }
        let replaced = |name: &Path| {
            let mut undone = cut.undone.iter();
            undone.any(|deed| matches!(deed, Deed::Replaced(other, _) if other == name))
        };
        for (name, length) in self.files() {
            let length = match unmade.get(&name) {
                Some(None) => continue,
                Some(Some(begun)) => *begun,
                None if replaced(&name) => continue,
                None => length,
            };
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
