//! Takes in the body of a request: in time, within its limit, decompressed and read.

use std::time::Duration;

use axum::body::Body as Incoming;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header::CONTENT_LENGTH};
use http_body_util::BodyExt;
use moca_core::limits::BODY_BYTES_MAX;
use moca_wire::problem::Code;

use crate::{
    call::Body,
    content::{self, Coding, Media},
    failure::Failure,
    inflate::inflate,
    json, percent,
    route::BodyKind,
};

/// Bodies larger than this are decompressed off the threads that serve requests: 64 KiB take
/// about a millisecond.
const INFLATE_INLINE_BYTES_MAX: usize = 64 * 1024;

/// What was in the body, and its bytes after decompression.
pub(crate) struct Taken {
    pub(crate) body: Body,
    pub(crate) bytes: Bytes,
}

impl Taken {
    const fn nothing() -> Self {
        Self {
            body: Body::None,
            bytes: Bytes::new(),
        }
    }
}

/// Reads the body of a request for a route that takes bodies of this kind, or none if it is optional.
pub(crate) async fn take(
    headers: &HeaderMap,
    incoming: Incoming,
    kind: BodyKind,
    optional: bool,
    arrival_ms: u64,
) -> Result<Taken, Failure> {
    let arrival = Duration::from_millis(arrival_ms);
    if kind == BodyKind::None {
        arrive(headers, incoming, 0, arrival)
            .await
            .map_err(no_body)?;
        return Ok(Taken::nothing());
    }
    let coding = content::coding(headers)?;
    let media = content::media(headers, kind)?;
    let bytes = arrive(headers, incoming, BODY_BYTES_MAX, arrival).await?;
    if bytes.is_empty() && optional {
        return Ok(Taken::nothing());
    }
    if bytes.is_empty() {
        return Err(json::malformed("This call needs a body.".into()));
    }
    let media = media.ok_or_else(|| content::unsupported(kind))?;
    let bytes = decompress(coding, bytes).await?;
    Ok(Taken {
        body: read(media, kind, &bytes)?,
        bytes,
    })
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
        format!("A body has at most {max} bytes as sent."),
    )
}

/// For a route without a body, "too large" means "there is one".
fn no_body(failure: Failure) -> Failure {
    match failure.code() {
        Code::BodyTooLarge => json::malformed("This call takes no body: send none.".into()),
        _ => failure,
    }
}

async fn decompress(coding: Coding, bytes: Bytes) -> Result<Bytes, Failure> {
    if coding == Coding::Identity || bytes.len() <= INFLATE_INLINE_BYTES_MAX {
        return inflate(coding, bytes);
    }
    tokio::task::spawn_blocking(move || inflate(coding, bytes))
        .await
        .map_err(|error| Failure::internal("decompression stopped", error))?
}

fn read(media: Media, kind: BodyKind, bytes: &Bytes) -> Result<Body, Failure> {
    match (media, kind) {
        (Media::Form, _) => form(json::utf8(bytes)?).map(Body::Form),
        (Media::File(_), _) => Err(content::unsupported(kind)),
        (Media::Json, BodyKind::Json) => json::read(bytes).map(Body::Json),
        (Media::Json | Media::Ndjson, _) => {
            json::check_depth(json::utf8(bytes)?)?;
            Ok(Body::Text {
                bytes: bytes.clone(),
                ndjson: media == Media::Ndjson,
            })
        }
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
