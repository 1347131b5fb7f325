//! The bytes of values: a format version, then postcard.

use serde::{Serialize, de::DeserializeOwned};

use crate::StorageError;

/// The format of all values so far. A kind of value that changes gets a version of its own here
/// and keeps the reader of the old one.
const VERSION: u8 = 1;

pub(super) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, StorageError> {
    encode_as(VERSION, value)
}

/// The bytes of a value in a format of its own.
pub(super) fn encode_as<T: Serialize + ?Sized>(
    version: u8,
    value: &T,
) -> Result<Vec<u8>, StorageError> {
    postcard::to_extend(value, vec![version]).map_err(backend("encode a value of the device store"))
}

/// The version of values that have something behind them that was not kept at first.
const WITH_MORE: u8 = 2;

/// What stands behind a value: parts that were not kept at first and may be missing, in the order in
/// which versions of MOCA brought them. The last ones are left out while they are missing, so nobody pays
/// for a part that is not there, and what was written before there was such a part is read as it is.
#[derive(Default)]
pub(super) struct Parts {
    bytes: Vec<u8>,
    /// Bytes up to the end of the last part that is not missing.
    used: usize,
}

impl Parts {
    /// Adds the next part.
    pub(super) fn push<T: Serialize>(mut self, part: Option<&T>) -> Result<Self, StorageError> {
        let failed = backend("encode a value of the device store");
        self.bytes = postcard::to_extend(&part, self.bytes).map_err(failed)?;
        if part.is_some() {
            self.used = self.bytes.len();
        }
        Ok(self)
    }
}

/// The bytes of a value and of what stands behind it.
pub(super) fn encode_with<T: Serialize>(value: &T, parts: &Parts) -> Result<Vec<u8>, StorageError> {
    let mut bytes = encode(value)?;
    if parts.used > 0 {
        bytes[0] = WITH_MORE;
        bytes.extend_from_slice(&parts.bytes[..parts.used]);
    }
    Ok(bytes)
}

/// The reverse of [`encode_with`]: `read_parts` takes the parts from the bytes behind the value, by
/// [`next_part`].
pub(super) fn decode_with<T: DeserializeOwned>(
    table: &'static str,
    key: &[u8],
    value: &[u8],
    read_parts: impl FnOnce(&mut T, &mut &[u8]) -> Option<()>,
) -> Result<T, StorageError> {
    let read = || {
        let (version, body) = value.split_first()?;
        let (mut value, mut rest) = postcard::take_from_bytes(body).ok()?;
        let has_parts = match *version {
            VERSION => false,
            WITH_MORE => true,
            _ => return None,
        };
        if rest.is_empty() == has_parts {
            return None;
        }
        read_parts(&mut value, &mut rest)?;
        rest.is_empty().then_some(value)
    };
    read().ok_or_else(|| inconsistent(table, "value", key))
}

/// The next part, which may be missing; none if it cannot be read.
pub(super) fn next_part<T: DeserializeOwned>(bytes: &mut &[u8]) -> Option<Option<T>> {
    if bytes.is_empty() {
        return Some(None);
    }
    let (part, rest) = postcard::take_from_bytes(bytes).ok()?;
    *bytes = rest;
    Some(part)
}

pub(super) fn decode<T: DeserializeOwned>(
    table: &'static str,
    key: &[u8],
    value: &[u8],
) -> Result<T, StorageError> {
    decode_as(VERSION, table, key, value)
}

/// The reverse of [`encode_as`].
pub(super) fn decode_as<T: DeserializeOwned>(
    version: u8,
    table: &'static str,
    key: &[u8],
    value: &[u8],
) -> Result<T, StorageError> {
    value
        .split_first()
        .filter(|(found, _)| **found == version)
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
