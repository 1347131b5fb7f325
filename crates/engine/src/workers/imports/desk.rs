//! Where files wait until they are taken in.
//!
//! A file arrives under a name of its own and gets the name of its import in the transaction that
//! makes that one. So a file with such a name and no import that needs it is left over.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use moca_core::id::ImportId;
use tokio::sync::Notify;

/// The directory of the files, in the data directory.
const DIRECTORY: &str = "imports";
/// The end of the name of a file that is still arriving.
const ARRIVING: &str = "part";

/// The files, and a bell for whoever takes them in.
pub struct Desk {
    directory: PathBuf,
    pub(super) bell: Notify,
}

/// A file that is arriving. It is removed when this is dropped.
pub struct Upload {
    file: File,
    bytes: u64,
    spooled: Spooled,
}

/// A file that has arrived. It is removed when this is dropped, unless it is kept.
#[derive(Debug)]
pub struct Spooled {
    /// The id of the import that it is for.
    pub id: ImportId,
    /// Its size.
    pub bytes: u64,
    arrived: PathBuf,
    wanted: PathBuf,
    is_kept: AtomicBool,
}

impl Desk {
    /// The desk in a data directory. What did not arrive whole before is removed.
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let directory = data_dir.join(DIRECTORY);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)?;
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == ARRIVING) {
                fs::remove_file(path)?;
            }
        }
        Ok(Self {
            directory,
            bell: Notify::new(),
        })
    }

    /// Begins to write the file of an import.
    pub fn receive(&self, id: ImportId) -> io::Result<Upload> {
        let wanted = self.path(id);
        let arrived = wanted.with_extension(ARRIVING);
        let mut options = File::options();
        let file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&arrived)?;
        Ok(Upload {
            file,
            bytes: 0,
            spooled: Spooled {
                id,
                bytes: 0,
                arrived,
                wanted,
                is_kept: AtomicBool::new(false),
            },
        })
    }

    /// Says that there is something to do. Whoever does it looks once no transaction writes, so this
    /// may be called before the one that made it commits.
    pub fn ring(&self) {
        self.bell.notify_one();
    }

    /// The file of an import.
    pub(super) fn path(&self, id: ImportId) -> PathBuf {
        self.directory.join(id.to_string())
    }

    /// The imports that have a file.
    pub(super) fn waiting(&self) -> io::Result<Vec<ImportId>> {
        let mut waiting = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let name = entry?.file_name();
            waiting.extend(name.to_str().and_then(|name| name.parse::<ImportId>().ok()));
        }
        Ok(waiting)
    }

    /// Removes the file of an import.
    pub(super) fn remove(&self, id: ImportId) -> io::Result<()> {
        match fs::remove_file(self.path(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Upload {
    /// Bytes so far.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The file, on the disk.
    pub fn finish(self) -> io::Result<Spooled> {
        self.file.sync_all()?;
        let mut spooled = self.spooled;
        spooled.bytes = self.bytes;
        Ok(spooled)
    }
}

impl Spooled {
    /// Gives the file to its import. Call it in the transaction that makes that one.
    pub fn keep(&self) -> io::Result<()> {
        fs::rename(&self.arrived, &self.wanted)?;
        self.is_kept.store(true, Ordering::Relaxed);
        match self.wanted.parent() {
            Some(directory) => File::open(directory)?.sync_all(),
            None => Ok(()),
        }
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        if !self.is_kept.load(Ordering::Relaxed) {
            // What cannot be removed now is at the next start.
            let _ = fs::remove_file(&self.arrived);
        }
    }
}

#[cfg(test)]
mod tests {
    use moca_core::id::Id;

    use super::*;

    fn files(directory: &Path) -> usize {
        fs::read_dir(directory.join(DIRECTORY)).unwrap().count()
    }

    #[test]
    fn a_file_stays_only_if_it_arrives_whole_and_is_kept() {
        let data_dir = tempfile::tempdir().unwrap();
        let desk = Desk::open(data_dir.path()).unwrap();
        let id = ImportId(Id([1; 16]));
        let mut upload = desk.receive(id).unwrap();
        upload.write_all(b"name\n").unwrap();
        assert_eq!(files(data_dir.path()), 1);
        drop(upload);
        assert_eq!(files(data_dir.path()), 0);
        drop(desk.receive(id).unwrap().finish().unwrap());
        assert_eq!(files(data_dir.path()), 0);

        let mut upload = desk.receive(id).unwrap();
        upload.write_all(b"name\n").unwrap();
        assert_eq!(desk.waiting().unwrap(), []);
        let spooled = upload.finish().unwrap();
        assert_eq!(spooled.bytes, 5);
        spooled.keep().unwrap();
        drop(spooled);
        assert_eq!(desk.waiting().unwrap(), [id]);
        desk.remove(id).unwrap();
        desk.remove(id).unwrap();
        assert_eq!(files(data_dir.path()), 0);
    }

    #[test]
    fn what_a_crash_left_half_is_removed_at_the_next_start() {
        let data_dir = tempfile::tempdir().unwrap();
        let desk = Desk::open(data_dir.path()).unwrap();
        std::mem::forget(desk.receive(ImportId(Id([1; 16]))).unwrap());
        let kept = desk.receive(ImportId(Id([2; 16]))).unwrap();
        kept.finish().unwrap().keep().unwrap();
        assert_eq!(files(data_dir.path()), 2);
        let desk = Desk::open(data_dir.path()).unwrap();
        assert_eq!(desk.waiting().unwrap(), [ImportId(Id([2; 16]))]);
        assert_eq!(files(data_dir.path()), 1);
    }
}
