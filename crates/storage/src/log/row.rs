//! The bytes of a row: a format version, then LZ4 (length first) of the records in postcard.

use lz4_flex::block;
use moca_core::{event::Record, limits::LOG_ROW_BYTES_MAX};

use crate::StorageError;

const VERSION: u8 = 1;

/// A row, read.
#[derive(Debug, PartialEq)]
pub(super) struct Decoded {
    pub(super) records: Vec<Record>,
    /// Bytes of the records before compression.
    pub(super) plain_bytes: usize,
}

/// What one group commit is going to write. Records are encoded as they come.
#[derive(Debug, Default)]
pub struct NewRow {
    pub(super) records: Vec<Record>,
    encoded: Vec<u8>,
}

impl NewRow {
    /// Adds a record.
    pub fn push(&mut self, record: Record) -> Result<(), StorageError> {
        let so_far = std::mem::take(&mut self.encoded);
        self.encoded = postcard::to_extend(&record, so_far).map_err(not_encoded)?;
        self.records.push(record);
        Ok(())
    }

    /// Its records.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Bytes of its records before compression.
    pub fn bytes(&self) -> usize {
        self.encoded.len()
    }

    /// The bytes of the row, and how many they were before compression.
    pub(super) fn body(&self) -> Result<(Vec<u8>, usize), StorageError> {
        let start = Vec::with_capacity(self.encoded.len() + 10);
        // In postcard a list is the number of its items, then the items.
        let mut plain = postcard::to_extend(&self.records.len(), start).map_err(not_encoded)?;
        plain.extend_from_slice(&self.encoded);
        Ok((pack(&plain)?, plain.len()))
    }
}

pub(super) fn encode(records: &[Record]) -> Result<Vec<u8>, StorageError> {
    pack(&postcard::to_stdvec(records).map_err(not_encoded)?)
}

fn pack(plain: &[u8]) -> Result<Vec<u8>, StorageError> {
    if plain.len() > LOG_ROW_BYTES_MAX {
        // Once written it could not be read again, and no row is ever skipped.
        return Err(not_encoded(postcard::Error::SerializeBufferFull));
    }
    let mut body = block::compress_prepend_size(plain);
    body.insert(0, VERSION);
    Ok(body)
}

fn not_encoded(source: postcard::Error) -> StorageError {
    StorageError::Backend {
        doing: "encode a row of the event log",
        source: Box::new(source),
    }
}

/// `None` for anything but a whole row of a known version.
pub(super) fn decode(body: &[u8]) -> Option<Decoded> {
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
        (records, []) => Some(Decoded {
            records,
            plain_bytes,
        }),
        _ => None,
    }
}
