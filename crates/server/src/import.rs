//! A file into a running server, for the command line, the demo and whoever measures.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::bail;
use futures::{Stream, stream};
use moca_client::{Client, ImportRequest};
use moca_core::{
    bulk::{BulkKind, ImportFormat},
    job::JobStatus,
};
use moca_wire::imports::Import;
use tokio::{sync::mpsc, task::spawn_blocking, time::interval};

/// Bytes read at a time.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces that are read but not yet sent.
const PIECES_WAITING_MAX: usize = 4;
/// How often it is told how much was sent.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// What the columns of the file of airports are.
const AIRPORTS_MAP: &str = "externalId=icao,latitude=lat,longitude=lon,timeZone=tz,\
                            address=city+subd+country,property.iata=iata,category='airport'";
/// Metres around an airport.
const AIRPORT_RADIUS_M: f64 = 5_000.0;

/// News of a file under way.
#[derive(Debug, Clone, Copy)]
pub enum News<'n> {
    /// So many bytes were sent.
    Sent(u64),
    /// The server is so far.
    Import(&'n Import),
}

/// How the airports that come with MOCA are imported.
pub fn airports() -> ImportRequest {
    ImportRequest {
        map: Some(AIRPORTS_MAP.to_owned()),
        radius: Some(AIRPORT_RADIUS_M),
        ..ImportRequest::new(BulkKind::Places, ImportFormat::Csv)
    }
}

/// Imports a file and tells how far it is. `open` gives the file, once more for each time that it has to
/// be sent again, or nothing when it cannot be had any more. An error means that it was not read to
/// its end.
pub async fn import<R: Read + Send + 'static>(
    client: &Client,
    request: &ImportRequest,
    mut open: impl FnMut() -> Option<R> + Send,
    mut tell: impl FnMut(News<'_>),
) -> anyhow::Result<Import> {
    let sent = Arc::new(AtomicU64::new(0));
    let counted = sent.clone();
    let files = move || {
        let source = open()?;
        counted.store(0, Ordering::Relaxed);
        Some(pieces(source, counted.clone()))
    };
    let mut sending = std::pin::pin!(client.import_again(request, files));
    let mut moments = interval(TELL_EVERY);
    let made = loop {
        tokio::select! {
            made = &mut sending => break made?,
            _ = moments.tick() => tell(News::Sent(sent.load(Ordering::Relaxed))),
        }
    };
    let tell = |import: &Import| tell(News::Import(import));
    let ended = client.import_ended(made.import_id, tell).await?;
    match ended.status {
        JobStatus::Failed => bail!(
            "the import {} broke off after {} rows: {}",
            ended.import_id,
            ended.rows,
            ended.failure.unwrap_or_default()
        ),
        JobStatus::Cancelled => bail!(
            "the import {} was cancelled after {} rows",
            ended.import_id,
            ended.rows
        ),
        _ => Ok(ended),
    }
}

/// What is read, piece by piece.
fn pieces(
    mut source: impl Read + Send + 'static,
    sent: Arc<AtomicU64>,
) -> impl Stream<Item = io::Result<bytes::Bytes>> + Send + Sync + 'static {
    let (sender, mut receiver) = mpsc::channel(PIECES_WAITING_MAX);
    spawn_blocking(move || {
        loop {
            let mut piece = vec![0; PIECE_BYTES];
            let read = match source.read(&mut piece) {
                Ok(0) => return,
                Ok(count) => {
                    piece.truncate(count);
                    sent.fetch_add(count as u64, Ordering::Relaxed);
                    Ok(piece.into())
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let is_over = read.is_err();
            // Nobody takes it when the sending has ended early.
            if sender.blocking_send(read).is_err() || is_over {
                return;
            }
        }
    });
    stream::poll_fn(move |context| receiver.poll_recv(context))
}
