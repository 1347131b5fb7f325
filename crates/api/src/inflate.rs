//! Undoes the coding of a body without letting a small one fill the memory.

use std::io::{BufRead, Read};

use bytes::Bytes;
use moca_wire::problem::Code;

use crate::{content::Coding, failure::Failure};

/// Largest window of a zstd frame, as a power of two: the 8 MB that RFC 8878 §3.1.1.1.2 asks for.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// The body as it was before the coding; `None` if that is more than `max` bytes.
pub(crate) fn inflate(coding: Coding, body: &Bytes, max: usize) -> Result<Option<Bytes>, Failure> {
    match coding {
        Coding::Identity => Ok((body.len() <= max).then(|| body.clone())),
        Coding::Gzip => read(flate2::read::MultiGzDecoder::new(&body[..]), max),
        Coding::Zstd => read(zstd_of(&body[..])?, max),
    }
}

/// What a body was before zstd.
pub(crate) fn zstd_of<R: BufRead>(body: R) -> Result<zstd::Decoder<'static, R>, Failure> {
    let failed = |error| Failure::internal("zstd cannot be set up", error);
    let mut decoder = zstd::Decoder::with_buffer(body).map_err(failed)?;
    decoder
        .window_log_max(ZSTD_WINDOW_LOG_MAX)
        .map_err(failed)?;
    Ok(decoder)
}

/// The refusal of a body that cannot be decompressed.
pub(crate) fn not_as_said() -> Failure {
    Failure::new(
        Code::MalformedBody,
        "The body is not what Content-Encoding says, or it is cut off.",
    )
}

fn read(decoder: impl Read, max: usize) -> Result<Option<Bytes>, Failure> {
    let mut plain = Vec::new();
    decoder
        .take(max as u64 + 1)
        .read_to_end(&mut plain)
        .map_err(|_| not_as_said())?;
    Ok((plain.len() <= max).then(|| plain.into()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(plain: &[u8]) -> Bytes {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap().into()
    }

    fn zstd(plain: &[u8]) -> Bytes {
        zstd::encode_all(plain, 1).unwrap().into()
    }

    #[test]
    fn both_codings_come_back() {
        for (coding, body) in [
            (Coding::Identity, Bytes::from_static(b"{}")),
            (Coding::Gzip, gzip(b"{}")),
            (Coding::Zstd, zstd(b"{}")),
        ] {
            assert_eq!(inflate(coding, &body, 2).unwrap().unwrap(), "{}");
        }
    }

    #[test]
    fn a_bomb_is_refused_at_the_limit() {
        let bomb = vec![b' '; 1_000_001];
        for (coding, body) in [(Coding::Gzip, gzip(&bomb)), (Coding::Zstd, zstd(&bomb))] {
            assert!(inflate(coding, &body, 1_000_000).unwrap().is_none());
            assert!(inflate(coding, &body, 1_000_001).unwrap().is_some());
        }
    }

    #[test]
    fn a_cut_or_foreign_body_is_refused() {
        for (coding, body) in [
            (Coding::Gzip, gzip(b"{\"a\":1}").slice(..12)),
            (Coding::Zstd, zstd(b"{\"a\":1}").slice(..12)),
            (Coding::Gzip, Bytes::from_static(b"{}")),
            (Coding::Zstd, Bytes::from_static(b"{}")),
        ] {
            let failure = inflate(coding, &body, 1_000).unwrap_err();
            assert_eq!(failure.code(), Code::MalformedBody);
        }
    }
}
