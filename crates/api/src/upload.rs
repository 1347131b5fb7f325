//! Takes in a file: as long as it keeps coming, and onto the disk as it comes.

use std::{
    io::{self, Read, Write},
    time::Duration,
};

use axum::body::Body as Incoming;
use bytes::Bytes;
use http::{HeaderMap, header::CONTENT_LENGTH};
use http_body_util::BodyExt;
use moca_core::{
    bulk::ImportFormat,
    clock::new_id,
    id::ImportId,
    limits::{IMPORT_BYTES_MAX, UPLOAD_PROGRESS_BYTES_MIN},
};
use moca_engine::workers::imports::{Spooled, Upload};
use moca_wire::problem::Code;
use sha2::{Digest, Sha256};
use tokio::{sync::mpsc, task::spawn_blocking, time::timeout};

use crate::{
    body::Taken,
    call::Body,
    content::{self, Coding, Media},
    dispatch::overloaded,
    failure::Failure,
    inflate,
    json::malformed,
    route::BodyKind,
    state::ApiState,
};

/// Pieces that may wait for the disk.
const PIECES_WAITING_MAX: usize = 4;
/// Bytes written at a time.
const WRITTEN_AT_ONCE: usize = 64 * 1024;

/// A file that has arrived.
#[derive(Debug)]
pub(crate) struct ArrivedFile {
    pub(crate) spooled: Spooled,
    pub(crate) format: ImportFormat,
}

/// Takes in the file in a request.
pub(crate) async fn take(
    state: &ApiState,
    headers: &HeaderMap,
    incoming: Incoming,
    now_ms: i64,
) -> Result<Taken, Failure> {
    let coding = content::coding(headers)?;
    let format = match content::media(headers, BodyKind::File)? {
        Some(Media::File(format)) => format,
        _ => return Err(content::unsupported(BodyKind::File)),
    };
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > IMPORT_BYTES_MAX) {
        return Err(too_large(IMPORT_BYTES_MAX));
    }
    let _turn = state.uploads.try_acquire().map_err(|_| overloaded())?;
    let id = ImportId(new_id(now_ms, state.random.as_ref()));
    let upload = state.engine.imports().receive(id).map_err(on_disk)?;
    let (pieces, arriving) = mpsc::channel(PIECES_WAITING_MAX);
    let written = spawn_blocking(move || write(coding, arriving, upload, IMPORT_BYTES_MAX));
    let stall = Duration::from_millis(state.settings.arrival_ms);
    let arrived = pass_on(incoming, &pieces, stall).await;
    // When the file did not arrive whole, this ends the writing.
    drop(pieces);
    let written = written
        .await
        .map_err(|error| Failure::internal("writing a file stopped", error))?;
    arrived?;
    let (spooled, digest) = written?;
    // A table or lines without any are a file of no rows; the others have something around their rows.
    if spooled.bytes == 0 && !matches!(format, ImportFormat::Csv | ImportFormat::Ndjson) {
        return Err(malformed("This call needs a body: the file.".into()));
    }
    Ok(Taken {
        body: Body::File(ArrivedFile { spooled, format }),
        bytes: Bytes::copy_from_slice(&digest),
        share: None,
    })
}

/// What goes to the disk next.
enum Piece {
    Bytes(Bytes),
    /// It was whole.
    End,
}

/// Passes on what arrives. Within each stretch of time enough has to come, or the rest.
async fn pass_on(
    mut incoming: Incoming,
    pieces: &mpsc::Sender<Piece>,
    stall: Duration,
) -> Result<(), Failure> {
    let mut is_over = false;
    while !is_over {
        let stretch = async {
            let mut came = 0;
            while came < UPLOAD_PROGRESS_BYTES_MIN {
                let Some(frame) = incoming.frame().await else {
                    is_over = true;
                    return Ok(());
                };
                let frame = frame.map_err(|error| {
                    let detail = format!("The body did not arrive whole: {error}.");
                    Failure::new(Code::MalformedRequest, detail)
                })?;
                if let Ok(bytes) = frame.into_data() {
                    came += bytes.len();
                    if pieces.send(Piece::Bytes(bytes)).await.is_err() {
                        // Whoever writes has given up, and says why.
                        is_over = true;
                        return Ok(());
                    }
                }
            }
            Ok(())
        };
        timeout(stall, stretch).await.unwrap_or_else(|_| {
            Err(Failure::new(
                Code::RequestTimeout,
                format!(
                    "Less than {UPLOAD_PROGRESS_BYTES_MIN} bytes of the file arrived within {} ms. \
                     The request may be repeated unchanged.",
                    stall.as_millis()
                ),
            ))
        })?;
    }
    // It fails only when whoever writes has given up.
    let _ = pieces.send(Piece::End).await;
    Ok(())
}

/// The pieces as they come. Without the end they are no file.
struct Pieces {
    arriving: mpsc::Receiver<Piece>,
    current: Bytes,
    is_over: bool,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.is_over {
            match self.arriving.blocking_recv() {
                Some(Piece::Bytes(bytes)) => self.current = bytes,
                Some(Piece::End) => self.is_over = true,
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let count = buffer.len().min(self.current.len());
        buffer[..count].copy_from_slice(&self.current.split_to(count));
        Ok(count)
    }
}

/// Writes a file without its coding, and answers it with its SHA-256.
fn write(
    coding: Coding,
    arriving: mpsc::Receiver<Piece>,
    upload: Upload,
    bytes_max: u64,
) -> Result<(Spooled, [u8; 32]), Failure> {
    let pieces = Pieces {
        arriving,
        current: Bytes::new(),
        is_over: false,
    };
    match coding {
        Coding::Identity => copy(pieces, upload, bytes_max),
        Coding::Gzip => copy(flate2::read::MultiGzDecoder::new(pieces), upload, bytes_max),
        Coding::Zstd => copy(
            inflate::zstd_of(io::BufReader::new(pieces))?,
            upload,
            bytes_max,
        ),
    }
}

fn copy(
    mut plain: impl Read,
    mut upload: Upload,
    bytes_max: u64,
) -> Result<(Spooled, [u8; 32]), Failure> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; WRITTEN_AT_ONCE];
    loop {
        let count = plain
            .read(&mut buffer)
            .map_err(|_| inflate::not_as_said())?;
        if count == 0 {
            let spooled = upload.finish().map_err(on_disk)?;
            return Ok((spooled, hasher.finalize().into()));
        }
        if upload.bytes() + count as u64 > bytes_max {
            return Err(too_large(bytes_max));
        }
        hasher.update(&buffer[..count]);
        upload.write_all(&buffer[..count]).map_err(on_disk)?;
    }
}

fn too_large(bytes_max: u64) -> Failure {
    Failure::new(
        Code::BodyTooLarge,
        format!("A file has at most {bytes_max} bytes, decompressed: cut it up."),
    )
}

fn on_disk(error: io::Error) -> Failure {
    Failure::internal("a file cannot be written to the disk", error)
}

#[cfg(test)]
mod tests {
    use moca_core::id::Id;

    use super::*;

    /// What becomes of these pieces, with at most so many bytes of them.
    fn written(coding: Coding, pieces: Vec<Piece>, bytes_max: u64) -> Result<u64, Code> {
        let directory = tempfile::tempdir().unwrap();
        let upload = moca_engine::workers::imports::Desk::open(directory.path())
            .unwrap()
            .receive(ImportId(Id([1; 16])))
            .unwrap();
        let (sender, arriving) = mpsc::channel(pieces.len().max(1));
        for piece in pieces {
            assert!(sender.try_send(piece).is_ok());
        }
        drop(sender);
        match write(coding, arriving, upload, bytes_max) {
            Ok((spooled, _)) => Ok(spooled.bytes),
            Err(failure) => Err(failure.code()),
        }
    }

    #[tokio::test]
    async fn a_line_that_stalls_is_told_after_what_came_was_taken() {
        let enough = Bytes::from(vec![b' '; UPLOAD_PROGRESS_BYTES_MIN]);
        let came = futures::stream::iter([enough.clone(), enough].map(Ok::<_, io::Error>));
        let stalled = futures::StreamExt::chain(came, futures::stream::pending());
        let (pieces, mut arriving) = mpsc::channel(PIECES_WAITING_MAX);
        let incoming = Incoming::from_stream(stalled);
        let stall = Duration::from_millis(1);
        let failure = pass_on(incoming, &pieces, stall).await.unwrap_err();
        assert_eq!(failure.code(), Code::RequestTimeout);
        let mut taken = 0;
        drop(pieces);
        while let Some(piece) = arriving.recv().await {
            assert!(matches!(piece, Piece::Bytes(_)), "it was not whole");
            taken += 1;
        }
        assert_eq!(taken, 2);
    }

    fn bytes(bytes: impl Into<Vec<u8>>) -> Piece {
        Piece::Bytes(Bytes::from(bytes.into()))
    }

    #[test]
    fn a_file_is_taken_up_to_its_limit_and_only_whole() {
        let zip = || zstd::encode_all(&[b' '; 1_000][..], 1).unwrap();
        let cut = |mut all: Vec<u8>| {
            all.truncate(all.len() - 3);
            all
        };
        for (coding, pieces, expected) in [
            (
                Coding::Identity,
                vec![bytes("ab"), bytes("cd"), Piece::End],
                Ok(4),
            ),
            (
                Coding::Identity,
                vec![bytes(vec![b' '; 1_000]), Piece::End],
                Ok(1_000),
            ),
            (
                Coding::Identity,
                vec![bytes(vec![b' '; 1_001]), Piece::End],
                Err(Code::BodyTooLarge),
            ),
            (
                Coding::Identity,
                vec![bytes("ab")],
                Err(Code::MalformedBody),
            ),
            (Coding::Zstd, vec![bytes(zip()), Piece::End], Ok(1_000)),
            (
                Coding::Zstd,
                vec![bytes(zip()), bytes(zip()), Piece::End],
                Err(Code::BodyTooLarge),
            ),
            (
                Coding::Zstd,
                vec![bytes(cut(zip())), Piece::End],
                Err(Code::MalformedBody),
            ),
            (
                Coding::Gzip,
                vec![bytes("plain"), Piece::End],
                Err(Code::MalformedBody),
            ),
        ] {
            assert_eq!(written(coding, pieces, 1_000), expected);
        }
    }
}
