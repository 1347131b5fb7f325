//! The bytes of values: a format version, then postcard.

use serde::{Serialize, de::DeserializeOwned};

use crate::StorageError;

/// The format of all values so far. A kind of value that changes gets a version of its own here
/// and keeps the reader of the old one.
const VERSION: u8 = 1;

pub(super) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, StorageError> {
    postcard::to_extend(value, vec![VERSION]).map_err(backend("encode a value of the device store"))
}

pub(super) fn decode<T: DeserializeOwned>(
    table: &'static str,
    key: &[u8],
    value: &[u8],
) -> Result<T, StorageError> {
    value
        .split_first()
        .filter(|(version, _)| **version == VERSION)
        .and_then(|(_, body)| postcard::take_from_bytes(body).ok())
        .filter(|(_, rest)| rest.is_empty())
        .map(|(value, _)| value)
        .ok_or_else(|| inconsistent(table, "value", key))
}

pub(super) fn inconsistent(table: &'static str, column: &'static str, key: &[u8]) -> StorageError {
    StorageError::Inconsistent {
        table,
        column,
        id: key.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

pub(super) fn backend<E>(doing: &'static str) -> impl Fn(E) -> StorageError
where
    E: std::error::Error + Send + Sync + 'static,
{
    move |source| StorageError::Backend {
        doing,
        source: Box::new(source),
    }
}
