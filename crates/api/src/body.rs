//! Takes in the body of a request: in time, within its limit, decompressed and read.

use std::time::Duration;

use axum::body::Body as Incoming;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header::CONTENT_LENGTH};
use http_body_util::BodyExt;
use moca_core::limits::{
    BODY_BYTES_MAX, BODY_INFLATED_BYTES_MAX, BODY_INLINE_BYTES_MAX, JSON_MEMORY_BYTES_MAX,
    SMALL_BODY_BYTES_MAX,
};
use moca_wire::{
    json::{MEMORY_PER_BYTE_MAX, memory},
    problem::Code,
};
use sha2::{Digest, Sha256};

use crate::{
    call::Body,
    content::{self, Coding, Media},
    failure::Failure,
    inflate::inflate,
    json, percent,
    room::Share,
    route::{BodyKind, Route},
    state::ApiState,
};

/// What events take in memory for each byte of their text: lists of short texts in their properties
/// take so much.
const EVENTS_MEMORY_PER_BYTE: usize = 8;

/// What was in the body.
pub(crate) struct Taken {
    pub(crate) body: Body,
    /// What a repeat of it is known by: its bytes after decompression, or their digest.
    pub(crate) bytes: Bytes,
    /// The memory that it takes, if it is large.
    pub(crate) share: Option<Share>,
}

impl Taken {
    const fn nothing() -> Self {
        Self {
            body: Body::None,
            bytes: Bytes::new(),
            share: None,
        }
    }
}

/// Reads the body of a request for this route. `is_keyed` says whether a repeat has to be known.
pub(crate) async fn take(
    state: &ApiState,
    headers: &HeaderMap,
    incoming: Incoming,
    route: &Route,
    is_keyed: bool,
) -> Result<Taken, Failure> {
    let arrival = Duration::from_millis(state.settings.arrival_ms);
    if route.body == BodyKind::None {
        arrive(headers, incoming, 0, arrival)
            .await
            .map_err(no_body)?;
        return Ok(Taken::nothing());
    }
    let coding = content::coding(headers)?;
    let media = content::media(headers, route.body)?;
    let (sent_max, inflated_max) = match route.is_small {
        true => (SMALL_BODY_BYTES_MAX, SMALL_BODY_BYTES_MAX),
        false => (BODY_BYTES_MAX, BODY_INFLATED_BYTES_MAX),
    };
    let bytes = arrive(headers, incoming, sent_max, arrival).await?;
    if bytes.is_empty() && route.body_optional {
        return Ok(Taken::nothing());
    }
    if bytes.is_empty() {
        return Err(json::malformed("This call needs a body.".into()));
    }
    let media = media.ok_or_else(|| content::unsupported(route.body))?;
    if bytes.len() <= BODY_INLINE_BYTES_MAX
        && let Some(bytes) = inflate(coding, &bytes, BODY_INLINE_BYTES_MAX)?
    {
        return Ok(Taken {
            body: read(media, route.body, &bytes)?,
            bytes,
            share: None,
        });
    }
    let large = Large {
        coding,
        media,
        kind: route.body,
        bytes,
        inflated_max,
        is_keyed,
    };
    let wait = Duration::from_millis(state.settings.work_ms);
    let share = state.room.share(large.memory_max(), wait).await?;
    tokio::task::spawn_blocking(move || large.read(share))
        .await
        .map_err(|error| Failure::internal("reading a body stopped", error))?
}

/// A body that is decompressed and read off the threads that serve requests.
struct Large {
    coding: Coding,
    media: Media,
    kind: BodyKind,
    bytes: Bytes,
    inflated_max: usize,
    is_keyed: bool,
}

impl Large {
    /// Bytes that it takes in memory at most, as far as is known before it is looked into.
    fn memory_max(&self) -> usize {
        let bytes = match self.coding {
            Coding::Identity => self.bytes.len(),
            Coding::Gzip | Coding::Zstd => self.inflated_max,
        };
        match self.kind {
            BodyKind::JsonOrNdjson => bytes * EVENTS_MEMORY_PER_BYTE,
            _ => JSON_MEMORY_BYTES_MAX.min(bytes * MEMORY_PER_BYTE_MAX),
        }
    }

    fn read(self, mut share: Share) -> Result<Taken, Failure> {
        let bytes = inflate(self.coding, &self.bytes, self.inflated_max)?.ok_or_else(|| {
            let max = self.inflated_max;
            let detail = format!("A decompressed body of this call has at most {max} bytes.");
            Failure::new(Code::BodyTooLarge, detail)
        })?;
        share.shrink(match self.kind {
            BodyKind::Json => json_memory(json::utf8(&bytes)?)?,
            BodyKind::JsonOrNdjson => bytes.len() * EVENTS_MEMORY_PER_BYTE,
            _ => bytes.len(),
        });
        Ok(Taken {
            body: read(self.media, self.kind, &bytes)?,
            bytes: match self.is_keyed {
                true => Bytes::copy_from_slice(&Sha256::digest(&bytes)),
                false => Bytes::new(),
            },
            share: Some(share),
        })
    }
}

fn json_memory(text: &str) -> Result<usize, Failure> {
    let bytes = memory(text);
    if bytes <= JSON_MEMORY_BYTES_MAX {
        return Ok(bytes);
    }
    Err(Failure::new(
        Code::BodyTooLarge,
        format!(
            "The body would take more than {JSON_MEMORY_BYTES_MAX} bytes of memory: send less at once."
        ),
    ))
}

/// The bytes of a body, all of them, in time.
async fn arrive(
    headers: &HeaderMap,
    mut incoming: Incoming,
    max: usize,
    arrival: Duration,
) -> Result<Bytes, Failure> {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > max as u64) {
        return Err(too_large(max));
    }
    let collect = async {
        let mut all = BytesMut::new();
        while let Some(frame) = incoming.frame().await {
            let frame = frame.map_err(|error| {
                Failure::new(
                    Code::MalformedRequest,
                    format!("The body did not arrive whole: {error}."),
                )
            })?;
            if let Ok(data) = frame.into_data() {
                if all.len() + data.len() > max {
                    return Err(too_large(max));
                }
                all.extend_from_slice(&data);
            }
        }
        Ok(all.freeze())
    };
    tokio::time::timeout(arrival, collect)
        .await
        .unwrap_or_else(|_| {
            Err(Failure::new(
                Code::RequestTimeout,
                format!(
                    "The body did not arrive within {} ms. The request may be repeated unchanged.",
                    arrival.as_millis()
                ),
            ))
        })
}

fn too_large(max: usize) -> Failure {
    Failure::new(
        Code::BodyTooLarge,
        format!("A body of this call has at most {max} bytes as sent."),
    )
}

/// For a route without a body, "too large" means "there is one".
fn no_body(failure: Failure) -> Failure {
    match failure.code() {
        Code::BodyTooLarge => json::malformed("This call takes no body: send none.".into()),
        _ => failure,
    }
}

fn read(media: Media, kind: BodyKind, bytes: &Bytes) -> Result<Body, Failure> {
    match (media, kind) {
        (Media::Form, _) => form(json::utf8(bytes)?).map(Body::Form),
        (Media::File(_), _) => Err(content::unsupported(kind)),
        (Media::Json, BodyKind::Json) => json::read(bytes).map(Body::Json),
        (Media::Json | Media::Ndjson, _) => Ok(Body::Text {
            bytes: bytes.clone(),
            ndjson: media == Media::Ndjson,
        }),
    }
}

fn form(text: &str) -> Result<Vec<(String, String)>, Failure> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for piece in text.split('&').filter(|piece| !piece.is_empty()) {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        let name = percent::decode_form(name)?;
        if fields.iter().any(|(seen, _)| *seen == name) {
            return Err(json::malformed(format!("{name} is given more than once.")));
        }
        fields.push((name, percent::decode_form(value)?));
    }
    Ok(fields)
}
