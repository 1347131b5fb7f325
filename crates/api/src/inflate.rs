//! Undoes the coding of a body without letting a small one fill the memory.

use std::io::{BufRead, Read};

use bytes::Bytes;
use moca_core::limits::BODY_INFLATED_BYTES_MAX;
use moca_wire::problem::Code;

use crate::{content::Coding, failure::Failure};

/// Largest window of a zstd frame, as a power of two: the 8 MB that RFC 8878 §3.1.1.1.2 asks for.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// The body as it was before the coding.
pub(crate) fn inflate(coding: Coding, body: Bytes) -> Result<Bytes, Failure> {
    match coding {
        Coding::Identity => Ok(body),
        Coding::Gzip => read(flate2::read::MultiGzDecoder::new(&body[..])),
        Coding::Zstd => read(zstd_of(&body[..])?),
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

fn read(decoder: impl Read) -> Result<Bytes, Failure> {
    let mut plain = Vec::new();
    decoder
        .take(BODY_INFLATED_BYTES_MAX as u64 + 1)
        .read_to_end(&mut plain)
        .map_err(|_| not_as_said())?;
    if plain.len() > BODY_INFLATED_BYTES_MAX {
        return Err(Failure::new(
            Code::BodyTooLarge,
            format!("A decompressed body has at most {BODY_INFLATED_BYTES_MAX} bytes."),
        ));
    }
    Ok(plain.into())
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
        assert_eq!(inflate(Coding::Gzip, gzip(b"{}")).unwrap(), "{}");
        assert_eq!(inflate(Coding::Zstd, zstd(b"{}")).unwrap(), "{}");
    }

    #[test]
    fn a_bomb_is_refused_at_the_limit() {
        let bomb = vec![b' '; BODY_INFLATED_BYTES_MAX + 1];
        for (coding, body) in [(Coding::Gzip, gzip(&bomb)), (Coding::Zstd, zstd(&bomb))] {
            let failure = inflate(coding, body).unwrap_err();
            assert_eq!(failure.code(), Code::BodyTooLarge);
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
            let failure = inflate(coding, body).unwrap_err();
            assert_eq!(failure.code(), Code::MalformedBody);
        }
    }
}
