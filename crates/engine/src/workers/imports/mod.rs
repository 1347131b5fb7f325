//! Files that are taken in beside requests, a chunk of rows at a time.
//!
//! How far a file has come is written in the transaction that takes its rows in. So however the server
//! ends, it goes on where it was, and no row is taken in twice. Accounts take turns, chunk by chunk;
//! the files of one come one after the other.

mod chunk;
mod desk;
mod dry;
mod report;

use std::{
    collections::{HashMap, HashSet},
    io,
    sync::Arc,
    time::Duration,
};

use moca_core::{
    bulk::BulkKind,
    clock::{Clock, Random},
    id::ImportId,
    import::Import,
    job::{Job as _, JobStatus},
    limits::{CONTROL_RETRY_MS, IMPORT_ATTEMPTS_MAX, IMPORTS_AT_ONCE},
};
use moca_storage::{StorageError, control::Control};
use tokio::{task::spawn_blocking, time::sleep};

use self::chunk::{Open, Outcome};
use crate::{
    Engine,
    bulk::{map::Map, read::Broken},
};

pub use desk::{Desk, Spooled, Upload};
pub use report::refusals_csv;

/// Whether a map of columns can be understood; the error says what to write.
pub fn check_map(kind: BulkKind, map: &str) -> Result<(), String> {
    Map::read(kind, map).map(drop)
}

/// Takes in files. There is one in a server.
pub struct Importer {
    control: Control,
    desk: Arc<Desk>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// The files that are being read.
    open: HashMap<ImportId, Open>,
    /// Attempts in a row that the store did not take.
    attempts: HashMap<ImportId, u32>,
}

impl Importer {
    /// One that takes in what lies on the desk of the engine.
    pub fn new(
        engine: &Engine,
        control: Control,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            control,
            desk: engine.imports().clone(),
            clock,
            random,
            open: HashMap::new(),
            attempts: HashMap::new(),
        }
    }

    /// Takes in whatever comes, until it is dropped or the store is closed.
    pub async fn run(mut self) {
        let desk = self.desk.clone();
        loop {
            match self.round().await {
                Ok(true) => {}
                Ok(false) => desk.bell.notified().await,
                Err(StorageError::Closed) => return,
                Err(error) => {
                    tracing::warn!(%error, "The store does not take the rows of an import; it is asked again");
                    sleep(Duration::from_millis(CONTROL_RETRY_MS)).await;
                }
            }
        }
    }

    /// Takes in all that is there now.
    pub async fn work_off(&mut self) -> Result<(), StorageError> {
        while self.round().await? {}
        Ok(())
    }

    /// Takes in a chunk of the first file of each account; false when there is nothing to do.
    pub async fn round(&mut self) -> Result<bool, StorageError> {
        let unfinished = self.unfinished().await?;
        let mut accounts = HashSet::new();
        let mut turns: Vec<Import> = Vec::new();
        for import in unfinished {
            if accounts.insert(import.frame.account_id) && turns.len() < IMPORTS_AT_ONCE {
                turns.push(import);
            }
        }
        self.open
            .retain(|id, _| turns.iter().any(|import| import.id() == *id));
        let is_work = !turns.is_empty();
        for import in turns {
            let id = import.id();
            match self.step(import.clone()).await {
                Ok(()) => drop(self.attempts.remove(&id)),
                Err(error) => {
                    // It is opened again where its last chunk ended.
                    self.open.remove(&id);
                    let attempts = self.attempts.entry(id).or_default();
                    *attempts += 1;
                    if *attempts < IMPORT_ATTEMPTS_MAX {
                        return Err(error);
                    }
                    self.attempts.remove(&id);
                    tracing::error!(import = %id, %error, "an import was given up");
                    self.fail(
                        import,
                        "the server could not write the rows: its log says why",
                    )
                    .await?;
                }
            }
        }
        Ok(is_work)
    }

    /// The imports that are not done. Files that none of them needs are removed.
    async fn unfinished(&mut self) -> Result<Vec<Import>, StorageError> {
        // Nobody can give a file to an import while this writes.
        let mut tx = self.control.write().await?;
        let unfinished = tx.unfinished_jobs::<Import>().await?;
        let waiting = self.desk.waiting();
        tx.commit().await?;
        let needed: HashSet<ImportId> = unfinished.iter().map(Import::id).collect();
        let left_over =
            waiting.map(|waiting| waiting.into_iter().filter(|id| !needed.contains(id)));
        let removed = left_over.and_then(|mut ids| ids.try_for_each(|id| self.desk.remove(id)));
        if let Err(error) = removed {
            tracing::warn!(%error, "A file that was imported could not be removed");
        }
        Ok(unfinished)
    }

    /// Takes in the next chunk of a file.
    async fn step(&mut self, import: Import) -> Result<(), StorageError> {
        let id = import.id();
        let open = match self.open.remove(&id) {
            Some(open) => Ok(open),
            None => {
                let (path, import) = (self.desk.path(id), import.clone());
                let opened = spawn_blocking(move || Open::new(path, &import)).await;
                opened.unwrap_or_else(|error| Err(Broken::Disk(io::Error::other(error))))
            }
        };
        let mut open = match open {
            Ok(open) => open,
            Err(broken) => return self.fail(import, &reason(&broken)).await,
        };
        let chunk = match open.next().await {
            Ok(chunk) => chunk,
            Err(broken) => return self.fail(import, &reason(&broken)).await,
        };
        let outcome = match import.config.kind {
            BulkKind::Places => {
                self.store::<moca_core::place::Place>(&import, &mut open, chunk)
                    .await?
            }
            BulkKind::Zones => {
                self.store::<moca_core::zone::Zone>(&import, &mut open, chunk)
                    .await?
            }
            BulkKind::Beacons => {
                self.store::<moca_core::beacon::Beacon>(&import, &mut open, chunk)
                    .await?
            }
        };
        if outcome == Outcome::GoesOn {
            self.open.insert(id, open);
        }
        Ok(())
    }

    /// Ends an import that cannot go on.
    async fn fail(&mut self, import: Import, reason: &str) -> Result<(), StorageError> {
        let mut tx = self.control.write().await?;
        let account = import.frame.account_id;
        let Some(mut import) = tx.job::<Import>(account, import.frame.id).await? else {
            return Ok(());
        };
        if import.status.is_final() {
            return Ok(());
        }
        let now_ms = self.clock.now_ms();
        tx.act_as_sender(account, import.id(), now_ms).await?;
        import.progress.failure = Some(reason.to_owned());
        let import = import.ended(JobStatus::Failed, now_ms).changed(now_ms);
        tx.save_job(&import).await?;
        tx.commit().await?;
        tracing::info!(import = %import.id(), "an import failed");
        Ok(())
    }
}

/// Why a file is not read any further, for whoever sent it.
fn reason(broken: &Broken) -> String {
    match broken {
        Broken::File(reason) => reason.clone(),
        Broken::Disk(error) if error.kind() == io::ErrorKind::NotFound => {
            "the file is not there any more: send it again".to_owned()
        }
        Broken::Disk(error) => {
            tracing::error!(%error, "a file that is imported cannot be read");
            "the server cannot read the file any more: send it again".to_owned()
        }
    }
}
