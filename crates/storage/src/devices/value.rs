//! The bytes of values: a format version, then postcard.

use serde::{Serialize, de::DeserializeOwned};

use crate::StorageError;

/// The format of all values so far. A kind of value that changes gets a version of its own here
/// and keeps the reader of the old one.
const VERSION: u8 = 1;

pub(super) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, StorageError> {
    postcard::to_extend(value, vec![VERSION]).map_err(backend("encode a value of the device store"))
}

/// The version of values that have something behind them that was not kept at first.
const WITH_MORE: u8 = 2;

/// The bytes of a value and, unless `more` is none, of what stands behind it.
pub(super) fn encode_with<T: Serialize, M: Serialize>(
    value: &T,
    more: Option<&M>,
) -> Result<Vec<u8>, StorageError> {
    let Some(more) = more else {
        return encode(value);
    };
    let failed = backend("encode a value of the device store");
    let bytes = postcard::to_extend(value, vec![WITH_MORE]).map_err(&failed)?;
    postcard::to_extend(more, bytes).map_err(failed)
}

/// The reverse of [`encode_with`]; without anything behind it, that is the default.
pub(super) fn decode_with<T: DeserializeOwned, M: DeserializeOwned + Default>(
    table: &'static str,
    key: &[u8],
    value: &[u8],
) -> Result<(T, M), StorageError> {
    let Some((&WITH_MORE, body)) = value.split_first() else {
        return Ok((decode(table, key, value)?, M::default()));
    };
    let read = || {
        let (value, rest) = postcard::take_from_bytes(body).ok()?;
        let (more, rest) = postcard::take_from_bytes(rest).ok()?;
        rest.is_empty().then_some((value, more))
    };
    read().ok_or_else(|| inconsistent(table, "value", key))
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
