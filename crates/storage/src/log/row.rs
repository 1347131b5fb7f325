//! The bytes of a row: a format version, then LZ4 (length first) of the records in postcard.

use lz4_flex::block;
use moca_core::{event::Record, limits::LOG_ROW_BYTES_MAX};

use crate::StorageError;

const VERSION: u8 = 1;

pub(super) fn encode(records: &[Record]) -> Result<Vec<u8>, StorageError> {
    let plain = postcard::to_stdvec(records).map_err(|source| StorageError::Backend {
        doing: "encode a row of the event log",
        source: Box::new(source),
    })?;
    let mut body = block::compress_prepend_size(&plain);
    body.insert(0, VERSION);
    Ok(body)
}

/// `None` for anything but a whole row of a known version.
pub(super) fn decode(body: &[u8]) -> Option<Vec<Record>> {
    let (&VERSION, packed) = body.split_first()? else {
        return None;
    };
    // The length is read before anything is allocated: a damaged one could ask for all memory.
    let (plain_bytes, packed) = block::uncompressed_size(packed).ok()?;
    if plain_bytes > LOG_ROW_BYTES_MAX {
        return None;
    }
    let plain = block::decompress(packed, plain_bytes).ok()?;
    match postcard::take_from_bytes(&plain).ok()? {
        (records, []) => Some(records),
        _ => None,
    }
}
