//! Getting removed keys and values out of the files.
//!
//! The database only ever appends: what was removed stays in older files until these are merged with
//! the removal, and in the journal until that is replaced, which happens by size alone. A sweep brings
//! both about.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use fjall::Keyspace;

use super::{Devices, open_keyspace, options, value::backend};
use crate::{StorageError, devices::Erased};

/// Written and dropped to make the journal change its file, which it does beyond 64 MB.
const FILLER_BYTES: usize = 72 * 1024 * 1024;
const PIECE_BYTES: usize = 1024 * 1024;
const FILLER: &str = "filler";
/// A key that no keyspace has.
const NOBODY: &[u8] = b"nobody";
const DOING: &str = "sweep the device store";

impl Devices {
    /// Whether something was erased since the last sweep, and that is long enough ago.
    pub fn is_sweep_due(&self, now_ms: i64, pause_ms: i64) -> Result<bool, StorageError> {
        let (erased, swept) = (self.erased()?, self.swept()?);
        Ok(erased.count > swept.count && now_ms >= swept.at_ms.saturating_add(pause_ms))
    }

    /// Writes all files anew without what was removed. Takes as long as copying the store.
    ///
    /// Fails, and is due again, if a journal from before it is still there.
    pub fn sweep(&self, now_ms: i64) -> Result<(), StorageError> {
        // What is erased from here on is for the next sweep.
        let swept = Erased {
            count: self.erased()?.count,
            at_ms: now_ms,
        };
        let journals = journals(&self.path).map_err(backend(DOING))?;
        self.change_journal()?;
        let keyspaces = self.keyspaces();
        for keyspace in &keyspaces {
            flush(keyspace)?;
        }
        for keyspace in &keyspaces {
            keyspace.major_compact().map_err(backend(DOING))?;
        }
        self.outdate_journals(&keyspaces)?;
        if let Some(journal) = journals.iter().find(|journal| journal.exists()) {
            let stays = format!("{} is still needed", journal.display());
            return Err(backend(DOING)(io::Error::other(stays)));
        }
        self.put_swept(swept)
    }

    /// Makes something newer than all there is in the journals: one goes when each keyspace has a file
    /// that is as new as what the journal holds of it, and merging takes the newest away when that is a
    /// removal. The files that were merged go too, as they do when the next one is made.
    fn outdate_journals(&self, keyspaces: &[Keyspace]) -> Result<(), StorageError> {
        // What can go is found when the next one begins to be written.
        for keyspace in keyspaces.iter().chain([&self.offsets]) {
            keyspace.remove(NOBODY).map_err(backend(DOING))?;
            flush(keyspace)?;
        }
        Ok(())
    }

    /// Makes the journal go on in a new file: the old one goes when all it holds is in other files.
    fn change_journal(&self) -> Result<(), StorageError> {
        let filler = open_keyspace(&self.database, FILLER, options)?;
        let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
        for piece in 0..(FILLER_BYTES / PIECE_BYTES) as u64 {
            // Noise, as the journal compresses.
            filler
                .insert(piece.to_be_bytes(), noise.bytes(PIECE_BYTES))
                .map_err(backend(DOING))?;
        }
        flush(&filler)?;
        let dropped = self.database.delete_keyspace(filler);
        dropped.map_err(backend(DOING))
    }

    fn keyspaces(&self) -> Vec<Keyspace> {
        let mut all = vec![
            self.offsets.clone(),
            self.directory.clone(),
            self.states.clone(),
            self.inbox.clone(),
            self.decisions.clone(),
            self.crossings.clone(),
            self.sets.clone(),
            self.firsts.clone(),
            self.moments.clone(),
            self.people.clone(),
            self.health.clone(),
            self.receipts.clone(),
            self.tagged.clone(),
            self.tallies.clone(),
            self.pushes.clone(),
            self.webhooks.clone(),
            self.history.clone(),
            self.replays.clone(),
        ];
        all.extend(self.seen_keyspaces());
        all
    }
}

/// The journals of a store.
fn journals(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "jnl") {
            found.push(path);
        }
    }
    Ok(found)
}

/// Puts what is in memory into a file.
fn flush(keyspace: &Keyspace) -> Result<(), StorageError> {
    keyspace.rotate_memtable_and_wait().map_err(backend(DOING))
}

/// A xorshift generator: bytes that do not compress.
struct Noise(u64);

impl Noise {
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            bytes.extend_from_slice(&self.0.to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}
