//! Files that are written while they are sent.

use std::time::Duration;

use moca_core::{
    beacon::Beacon,
    bulk::{BulkKind, FileFormat},
    id::AccountId,
    limits::EXPORT_STALL_MS_MAX,
    place::Place,
    zone::Zone,
};
use moca_storage::{
    StorageError,
    control::{Control, ListQuery, Tx},
};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    bulk::write::Writer,
    estate::{Bulk, portable},
};

/// Objects read at a time.
const PAGE_ROWS: i64 = 500;
/// Pieces that may wait for the client.
const PIECES_WAITING_MAX: usize = 2;

/// What is to be written.
pub struct Export {
    /// Whose objects.
    pub account_id: AccountId,
    /// Which kind.
    pub kind: BulkKind,
    /// How.
    pub format: FileFormat,
    /// Which ones; the page and the order are not looked at.
    pub query: ListQuery,
}

/// Starts to write a file of one moment's objects, in the order they were made. A client that takes
/// nothing for too long gets no more, so that it does not hold the snapshot. `held` is dropped when
/// the last piece was taken.
pub async fn export(
    control: &Control,
    export: Export,
    held: impl Send + 'static,
) -> Result<mpsc::Receiver<Result<Vec<u8>, StorageError>>, StorageError> {
    let tx = control.read().await?;
    let (sender, receiver) = mpsc::channel(PIECES_WAITING_MAX);
    tokio::spawn(async move {
        let written = match export.kind {
            BulkKind::Places => write::<Place>(tx, &export, &sender).await,
            BulkKind::Zones => write::<Zone>(tx, &export, &sender).await,
            BulkKind::Beacons => write::<Beacon>(tx, &export, &sender).await,
        };
        if let Err(error) = written {
            tracing::error!(%error, "an export broke off");
            let _ = sender.send(Err(error)).await;
        }
        drop(held);
    });
    Ok(receiver)
}

type Pieces = mpsc::Sender<Result<Vec<u8>, StorageError>>;

async fn write<R: Bulk>(mut tx: Tx, export: &Export, pieces: &Pieces) -> Result<(), StorageError> {
    let mut writer = Writer::new(export.kind, export.format);
    let mut piece = writer.begin();
    let mut after = None;
    loop {
        let objects: Vec<R> = tx
            .scan(export.account_id, &export.query, after, PAGE_ROWS)
            .await?;
        let Some(last) = objects.last() else {
            break;
        };
        after = Some((last.frame().created_at, last.frame().id));
        for body in portable::portable(&mut tx, export.account_id, &objects).await? {
            writer.record(&body, &mut piece);
        }
        if !send(pieces, std::mem::take(&mut piece)).await {
            return Ok(());
        }
    }
    piece.extend(writer.end());
    send(pieces, piece).await;
    Ok(())
}

/// Whether the client took it.
async fn send(pieces: &Pieces, piece: Vec<u8>) -> bool {
    let patience = Duration::from_millis(EXPORT_STALL_MS_MAX);
    match timeout(patience, pieces.send(Ok(piece))).await {
        Ok(sent) => sent.is_ok(),
        Err(_) => {
            let stalled = "the client took nothing for too long".into();
            let source = StorageError::Backend {
                doing: "sending an export",
                source: stalled,
            };
            // Without a word the file would seem to end here.
            let _ = pieces.try_send(Err(source));
            false
        }
    }
}
