//! One chunk of a file into the store.

use std::{io, path::PathBuf, sync::Arc};

use moca_core::{
    import::{Import, ImportProgress, ImportRefusal},
    job::{Job as _, JobStatus},
    limits::REFUSALS_KEPT_MAX,
};
use moca_storage::{StorageError, control::Tx};
use moca_wire::problem::Fault;
use tokio::task::{JoinHandle, spawn_blocking};

use super::{Importer, dry::Tried};
use crate::{
    bulk::{
        map::Map,
        read::{Broken, Chunk, Names, Reader, Row, Source},
    },
    estate::{
        Author, Bulk, Done,
        incoming::{Incoming, take_in},
    },
};

/// Whether there is more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    GoesOn,
    Over,
}

/// A file that is being read. The next chunk is read while the one before is written.
pub(super) struct Open {
    reading: JoinHandle<(Reader, Result<Chunk, Broken>)>,
    names: Arc<Names>,
    progress: ImportProgress,
    /// What a dry run remembers. It begins at the start of the file, as that is not kept.
    tried: Option<Tried>,
    /// Whether no chunk of it was written since it was opened.
    is_fresh: bool,
}

impl Open {
    /// Opens the file of an import where it is to be read next.
    pub(super) fn new(path: PathBuf, import: &Import) -> Result<Self, Broken> {
        let config = &import.config;
        let mut progress = import.progress.clone();
        if config.dry_run {
            progress = ImportProgress {
                bytes_total: progress.bytes_total,
                started_at: progress.started_at,
                ..ImportProgress::default()
            };
        }
        let map = config.map.as_deref().map(|map| Map::read(config.kind, map));
        let reader = Reader::open(Source {
            path,
            kind: config.kind,
            format: config.format,
            map: map.transpose().map_err(Broken::File)?,
            radius_m: config.radius,
            bytes_done: progress.bytes_done as u64,
            rows_done: progress.rows as u64,
        })?;
        Ok(Self {
            names: reader.names(),
            reading: read_on(reader),
            progress,
            tried: config.dry_run.then(Tried::default),
            is_fresh: true,
        })
    }

    /// The next chunk; the one after it is read meanwhile.
    pub(super) async fn next(&mut self) -> Result<Chunk, Broken> {
        let read = (&mut self.reading).await;
        let (reader, chunk) = read.map_err(|error| Broken::Disk(io::Error::other(error)))?;
        let chunk = chunk?;
        if !chunk.is_last {
            self.reading = read_on(reader);
        }
        Ok(chunk)
    }
}

fn read_on(mut reader: Reader) -> JoinHandle<(Reader, Result<Chunk, Broken>)> {
    spawn_blocking(move || {
        let chunk = reader.chunk();
        (reader, chunk)
    })
}

impl Importer {
    /// Takes the rows of a chunk in, and notes how far the import has come, in one transaction.
    pub(super) async fn store<R: Bulk>(
        &self,
        import: &Import,
        open: &mut Open,
        chunk: Chunk,
    ) -> Result<Outcome, StorageError> {
        let mut tx = self.control.write().await?;
        let Some(mut import) = current(&mut tx, import).await? else {
            return Ok(Outcome::Over);
        };
        // Later than the chunk before, so that a list in the order of creation has the order of the file.
        let now_ms = self.clock.now_ms().max(import.frame.updated_at + 1);
        let account = import.frame.account_id;
        tx.act_as_sender(account, import.id(), now_ms).await?;
        let author = Author {
            account_id: account,
            now_ms,
            random: self.random.as_ref(),
            // Files are kept on disk as they came: they are no place for secrets.
            sealer: None,
        };
        let Chunk {
            mut rows,
            bytes_done,
            is_last,
        } = chunk;
        let upsert = import.config.upsert;
        let mut outcomes = take_in_rows::<R>(&mut tx, author, &mut rows, upsert).await?;
        if let Some(tried) = &mut open.tried {
            tried
                .judge::<R>(&mut tx, author, &mut outcomes, upsert)
                .await?;
            // Nothing of it lasts.
            drop(tx);
            tx = self.control.write().await?;
            match current(&mut tx, &import).await? {
                Some(current) => import = current,
                None => return Ok(Outcome::Over),
            }
            tx.act_as_sender(account, import.id(), now_ms).await?;
            if open.is_fresh {
                tx.delete_refusals(account, import.id()).await?;
            }
        }
        let mut progress = open.progress.clone();
        progress.bytes_done = bytes_done as i64;
        progress.started_at.get_or_insert(now_ms);
        let refusals = settle(&mut progress, rows, outcomes, &open.names);
        let first = progress.refusals_kept;
        progress.refusals_kept += refusals.len() as i64;
        tx.add_refusals(account, import.id(), first, &refusals)
            .await?;
        if is_last {
            progress.bytes_done = progress.bytes_total;
        }
        import.progress = progress.clone();
        import.status = JobStatus::Running;
        if is_last {
            import = import.ended(JobStatus::Completed, now_ms);
        }
        let import = import.changed(now_ms);
        tx.save_job(&import).await?;
        tx.commit().await?;
        open.progress = progress;
        open.is_fresh = false;
        if !is_last {
            return Ok(Outcome::GoesOn);
        }
        let ImportProgress { rows, refused, .. } = import.progress;
        tracing::info!(import = %import.id(), rows, refused, "an import is done");
        Ok(Outcome::Over)
    }
}

/// The import as it is now, unless it is gone or was stopped.
async fn current(tx: &mut Tx, import: &Import) -> Result<Option<Import>, StorageError> {
    let current = tx
        .job::<Import>(import.frame.account_id, import.frame.id)
        .await?;
    Ok(current.filter(|import| !import.status.is_final()))
}

/// Takes in the rows that can be read; the outcome of each row, in order.
async fn take_in_rows<R: Bulk>(
    tx: &mut Tx,
    author: Author<'_>,
    rows: &mut [Row],
    upsert: bool,
) -> Result<Vec<Result<Done, Vec<Fault>>>, StorageError> {
    let mut incoming = Vec::with_capacity(rows.len());
    let mut unreadable = Vec::with_capacity(rows.len());
    for row in rows {
        let faults = std::mem::take(&mut row.faults);
        match row.record.take() {
            Some(record) => {
                incoming.push(Incoming { record, faults });
                unreadable.push(None);
            }
            None => unreadable.push(Some(faults)),
        }
    }
    let mut taken = take_in::<R>(tx, author, incoming, upsert)
        .await?
        .into_iter();
    let outcome = |faults: Option<Vec<Fault>>| match faults {
        Some(faults) => Err(faults),
        None => taken.next().unwrap_or_else(|| Err(Vec::new())),
    };
    Ok(unreadable.into_iter().map(outcome).collect())
}

/// Counts the outcomes, and tells in the words of the file what was refused, as far as there is room.
fn settle(
    progress: &mut ImportProgress,
    rows: Vec<Row>,
    outcomes: Vec<Result<Done, Vec<Fault>>>,
    names: &Names,
) -> Vec<ImportRefusal> {
    let mut room = REFUSALS_KEPT_MAX - progress.refusals_kept;
    let mut refusals = Vec::new();
    for (row, outcome) in rows.into_iter().zip(outcomes) {
        progress.rows += 1;
        let faults = match outcome {
            Ok(Done::Created(_)) => {
                progress.created += 1;
                continue;
            }
            Ok(Done::Replaced(_)) => {
                progress.updated += 1;
                continue;
            }
            Ok(Done::Unchanged(_)) => {
                progress.unchanged += 1;
                continue;
            }
            Err(faults) => faults,
        };
        progress.refused += 1;
        for fault in faults {
            if room > 0 {
                room -= 1;
                refusals.push(names.refusal(&row, fault));
            }
        }
    }
    refusals
}
