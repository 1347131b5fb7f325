//! What is folded from the event log: the directory of instances, the event ids seen, and for each
//! instance its state, inbox and decisions; for each app its exact sets, its instances, users and tags.
//!
//! All of it lives in one `fjall` database and can be made again from the log, but for `pushes`, `history`,
//! `replays` and what became of `webhooks`. Every step of a
//! consumer is one [`Batch`] that holds its effects and its offset, so a step happened entirely or
//! not at all, and steps are kept in order. A batch is handed to the operating system but not synced:
//! after a power cut some steps may be missing, and the consumer repeats them from the log.
//! `keys.rs` is the one place that tells how everything is keyed.

mod addressed;
mod batch;
mod crossings;
mod decision_pages;
mod decisions;
mod deliveries;
#[cfg(test)]
mod deliveries_tests;
mod directory;
mod erase;
mod health;
mod history;
mod inbox;
mod keys;
mod people;
mod push_counts;
mod pushes;
mod receipts;
mod replays;
mod seen;
mod sets;
mod states;
#[cfg(test)]
mod stored_bytes_tests;
mod sweep;
mod tagged;
mod tallies;
#[cfg(test)]
mod tests;
mod value;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Mutex, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use fjall::{
    CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode,
    config::{CompressionPolicy, PartitioningPolicy},
};

use crate::{StorageError, private};
pub use batch::{Batch, Consumer};
pub use crossings::{InstanceCrossing, RowCrossings};
pub use decision_pages::{DecisionFilter, DecisionList};
pub use decisions::{DecisionKey, DecisionScope};
pub use deliveries::{HookHealth, HookTally, Identified, Queued};
pub use directory::DirectoryEntry;
pub use erase::Erased;
pub use history::HistoryKey;
pub use inbox::Message;
pub use people::{Listed, PeopleReader, PeopleStep};
pub use pushes::{PushTally, Waiting};
pub use sets::{Moment, SetKey, SetKind, SetReader};
pub use states::{InstanceState, LastUser};
pub use tagged::InstanceTag;
pub use tallies::{TallyKey, TallyReader};
use value::backend;

/// Bytes of writes kept in memory for one keyspace before they become a file. With a dozen keyspaces
/// the default of 64 MiB each would let memory grow for long before it became level.
const MEMTABLE_BYTES: u64 = 16 * 1024 * 1024;

/// The same for event ids, of which there are most by far: larger files are merged less often.
const SEEN_MEMTABLE_BYTES: u64 = 32 * 1024 * 1024;
/// Threads that write and merge files. The first of several asks again and again, without a pause, whether
/// there is something to write, as long as another one merges.
const WORKERS: usize = 1;
/// A file that every store has.
const COMPLETE: &str = "version";

/// The database, opened.
pub struct Devices {
    path: PathBuf,
    database: Database,
    offsets: Keyspace,
    directory: Keyspace,
    states: Keyspace,
    inbox: Keyspace,
    decisions: Keyspace,
    crossings: Keyspace,
    sets: Keyspace,
    firsts: Keyspace,
    moments: Keyspace,
    people: Keyspace,
    health: Keyspace,
    receipts: Keyspace,
    tagged: Keyspace,
    tallies: Keyspace,
    pushes: Keyspace,
    webhooks: Keyspace,
    cursors: Mutex<deliveries::Cursors>,
    history: Keyspace,
    replays: Keyspace,
    seen: RwLock<seen::Generations>,
    /// Held by who changes what is counted of decisions.
    counting: Mutex<()>,
    /// How often everything was made to last.
    syncs: AtomicU64,
}

impl Devices {
    /// Opens the database in this directory, or makes an empty one.
    pub fn open(directory: &Path) -> Result<Self, StorageError> {
        if !directory.join(COMPLETE).exists() {
            make(directory)?;
        }
        let devices = Self::open_in(directory)?;
        devices.complete_directory()?;
        devices.complete_decision_counts()?;
        Ok(devices)
    }

    fn open_in(directory: &Path) -> Result<Self, StorageError> {
        let database = Database::builder(directory)
            .worker_threads(WORKERS)
            .open()
            .map_err(backend("open the device store"))?;
        let keyspace = |name| open_keyspace(&database, name, options);
        Ok(Self {
            path: directory.to_owned(),
            offsets: keyspace("offsets")?,
            directory: keyspace("directory")?,
            states: keyspace("states")?,
            inbox: keyspace("inbox")?,
            decisions: keyspace("decisions")?,
            crossings: keyspace("crossings")?,
            sets: keyspace("sets")?,
            firsts: keyspace("firsts")?,
            moments: keyspace("moments")?,
            people: keyspace("people")?,
            health: keyspace("health")?,
            receipts: keyspace("receipts")?,
            tagged: keyspace("tagged")?,
            tallies: keyspace("tallies")?,
            pushes: keyspace("pushes")?,
            webhooks: keyspace("webhooks")?,
            cursors: Mutex::default(),
            history: keyspace("history")?,
            replays: keyspace("replays")?,
            seen: RwLock::new(seen::Generations::open(&database)?),
            counting: Mutex::default(),
            syncs: AtomicU64::new(0),
            database,
        })
    }

    /// Makes everything written so far last through a power cut.
    pub fn sync(&self) -> Result<(), StorageError> {
        self.database
            .persist(PersistMode::SyncAll)
            .map_err(backend("sync the device store"))?;
        self.syncs.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// How often [`Devices::sync`] was called: what was written before survives a power cut, and tests that
    /// cut the power have to know it.
    pub fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }
}

/// Makes an empty store beside this directory and puts it into its place: the library writes many
/// files, and cannot open what a process that was killed in between has left. Whatever was there had
/// no file that says it is whole; it can be folded from the log again.
fn make(directory: &Path) -> Result<(), StorageError> {
    let draft = directory.with_extension("new");
    let replace = |done: io::Result<()>| match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    };
    replace(fs::remove_dir_all(&draft)).map_err(backend("remove a half-made device store"))?;
    private::make_directory(&draft).map_err(backend("make the device store"))?;
    let devices = Devices::open_in(&draft)?;
    devices.sync()?;
    drop(devices);
    replace(fs::remove_dir_all(directory)).map_err(backend("remove a half-made device store"))?;
    fs::rename(&draft, directory).map_err(backend("put the device store into its place"))
}

/// Filters and indexes of files below the first level are cut into blocks of 4 KiB. Whole, those of a
/// large file take megabytes, which do not fit into a shard of the cache, and would be read and
/// checked anew for every single lookup.
fn options() -> KeyspaceCreateOptions {
    let cut = || PartitioningPolicy::new([false, true]);
    KeyspaceCreateOptions::default()
        .max_memtable_size(MEMTABLE_BYTES)
        .filter_block_partitioning_policy(cut())
        .index_block_partitioning_policy(cut())
}

/// How event ids are kept: they look random, so packing them would be in vain.
fn seen_options() -> KeyspaceCreateOptions {
    options()
        .max_memtable_size(SEEN_MEMTABLE_BYTES)
        .data_block_compression_policy(CompressionPolicy::all(CompressionType::None))
}

fn open_keyspace(
    database: &Database,
    name: &str,
    options: fn() -> KeyspaceCreateOptions,
) -> Result<Keyspace, StorageError> {
    database
        .keyspace(name, options)
        .map_err(backend("open a keyspace of the device store"))
}
