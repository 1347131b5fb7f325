//! Objects of lists as they lie in their tables, for callers that hand them on unread.

use super::{
    sql::{Row, Value},
    table::Stored,
};
use crate::StorageError;

/// A kind that is answered with its `config` as it is stored, byte for byte. The type of the `config`
/// writes again what it read: a field that joins it is left out while it has its default, or lists would
/// tell stored objects without it. Only how a number with an exponent is spelled may differ, with the
/// version of the library that wrote it.
pub trait Raw: Stored {
    /// The column with the id that is answered beside the object's own, if that is not the account's.
    const PARENT: Option<&'static str>;
}

/// An object of a list as it lies in its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawObject {
    /// Creation, ms since 1970.
    pub created_at: i64,
    /// Last change, ms since 1970.
    pub updated_at: i64,
    /// Its id.
    pub id: String,
    /// What [`Raw::PARENT`] holds.
    pub parent_id: Option<String>,
    /// What a client sets: a JSON object of at least one field. Only its ends were looked at.
    pub config: String,
}

/// The columns that [`object_of`] takes; the second one is the id, as in all tables.
pub(super) fn columns<R: Raw>() -> String {
    let mut columns = String::from("created_at, id, updated_at, config");
    if let Some(parent) = R::PARENT {
        columns.push_str(", ");
        columns.push_str(parent);
    }
    columns
}

/// The object in a row of [`columns`].
pub(super) fn object_of<R: Raw>(row: Row) -> Result<RawObject, StorageError> {
    let mut values = row.into_iter();
    let mut next = || values.next().unwrap_or(Value::Null);
    let (created_at, id, updated_at) = (next(), next(), next());
    let (config, parent_id) = (next(), next());
    let Value::Text(id) = id else {
        return Err(unreadable::<R>("id", format!("{id:?}")));
    };
    let Value::Integer(created_at) = created_at else {
        return Err(unreadable::<R>("created_at", id));
    };
    let Value::Integer(updated_at) = updated_at else {
        return Err(unreadable::<R>("updated_at", id));
    };
    let config = match config {
        Value::Text(config) if has_ends_of_object(&config) => config,
        _ => return Err(unreadable::<R>("config", id)),
    };
    let parent_id = match parent_id {
        Value::Text(parent_id) => Some(parent_id),
        Value::Null => None,
        _ => return Err(unreadable::<R>(R::PARENT.unwrap_or("?"), id)),
    };
    Ok(RawObject {
        created_at,
        updated_at,
        id,
        parent_id,
        config,
    })
}

/// What is cut off, empty or of another kind is found by this; a `config` that is spoiled inside, by who
/// reads it.
fn has_ends_of_object(text: &str) -> bool {
    text.starts_with("{\"") && text.ends_with('}')
}

fn unreadable<R: Raw>(column: &'static str, id: String) -> StorageError {
    StorageError::Inconsistent {
        table: R::TABLE.name,
        column,
        id,
    }
}
