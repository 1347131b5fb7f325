//! How a kind of object lies in its table.

use std::mem;

use moca_core::{
    id::{AccountId, Id, LabelId},
    resource::{Frame, Kind},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Filter,
    audit::Shown,
    sql::{Row, Value},
};
use crate::StorageError;

/// A table of objects: the columns of the frame and some of its own.
#[derive(Debug)]
pub struct Table {
    pub(super) name: &'static str,
    /// The columns after `config`, in the order of [`Mapped::values`].
    pub(super) columns: &'static [&'static str],
    /// How many of these [`Mapped::read`] takes; the others are there to find rows by.
    pub(super) n_read: usize,
    pub(super) unique: &'static [Unique],
    pub(super) filters: &'static [(Filter, &'static str)],
    /// Whether its objects carry labels, which are copied to the table `labelled`.
    pub(super) labelled: bool,
}

/// The columns that all these tables begin with when they are read.
const FRAME: [&str; 6] = [
    "account_id",
    "id",
    "created_at",
    "updated_at",
    "revision",
    "config",
];

/// Columns whose values no two rows share, unless one of them is null.
#[derive(Debug)]
pub(super) struct Unique {
    /// The last one names the index.
    pub(super) columns: &'static [&'static str],
    /// What the API calls it.
    pub(super) field: &'static str,
}

impl Table {
    /// The columns that make up an object when read.
    pub(super) fn read_columns(&self) -> String {
        let mut columns = FRAME.join(", ");
        for column in &self.columns[..self.n_read] {
            columns.push_str(", ");
            columns.push_str(column);
        }
        columns
    }

    /// The column for a filter, if the kind has it.
    pub(super) fn filter_column(&self, filter: Filter) -> Option<&'static str> {
        let found = self.filters.iter().find(|(known, _)| *known == filter);
        found.map(|(_, column)| *column)
    }

    /// The API name of the field whose unique index a database named.
    pub(super) fn field_of(&self, index: &str) -> &'static str {
        let found = self.unique.iter().find(|unique| {
            let last = unique.columns.last();
            last.is_some_and(|column| index.contains(column))
        });
        found.map_or("id", |unique| unique.field)
    }
}

/// The mapping between an object and its row.
pub trait Mapped: Sized {
    /// What a client sets, kept as JSON.
    type Config: Serialize + DeserializeOwned;
    /// Where it is kept.
    const TABLE: &'static Table;
    /// Columns of its own that the audit log shows beside `config`, what the log calls them, and how
    /// they stand there. Never one with a secret.
    const SHOWN: &'static [(&'static str, &'static str, Shown)] = &[];

    /// The frame.
    fn frame(&self) -> &Frame;
    /// The name that is searched and sorted by.
    fn name(&self) -> &str;
    /// What a client sets.
    fn config(&self) -> &Self::Config;
    /// The values of the columns of its own.
    fn values(&self) -> Result<Vec<Value>, StorageError>;
    /// The labels on it.
    fn label_ids(&self) -> &[LabelId] {
        &[]
    }
    /// The object from the parts of its row.
    fn read(
        frame: Frame,
        config: Self::Config,
        columns: &mut Columns,
    ) -> Result<Self, StorageError>;
}

/// A kind of object the control store keeps in a table of its own. Implemented for
/// `Account, Member, Token, App, Label, Place, Zone, Beacon, CampaignGroup, Campaign, Experience, Notification, Webhook`.
pub trait Stored: Mapped + Send + Sync + 'static {
    /// Which kind.
    const KIND: Kind;
}

/// The object in a row of [`Table::read_columns`].
pub(super) fn object_of<R: Mapped>(row: Row) -> Result<R, StorageError> {
    let mut columns = Columns::new(R::TABLE, row);
    let frame = columns.frame()?;
    let config = columns.json()?;
    R::read(frame, config, &mut columns)
}

/// JSON for a column of this object.
pub(super) fn json_of<R: Mapped>(
    object: &R,
    column: &'static str,
    value: &impl Serialize,
) -> Result<Value, StorageError> {
    match serde_json::to_string(value) {
        Ok(text) => Ok(Value::Text(text)),
        Err(_) => Err(StorageError::Inconsistent {
            table: R::TABLE.name,
            column,
            id: object.frame().id.to_string(),
        }),
    }
}

/// The columns of a row, taken one after the other.
pub struct Columns {
    table: &'static str,
    names: Names,
    row: Row,
    taken: usize,
}

/// What the columns of a row are called, for errors.
enum Names {
    /// As [`Table::read_columns`] has them.
    Of(&'static Table),
    Listed(Vec<&'static str>),
}

impl Columns {
    /// The columns of a row of [`Table::read_columns`].
    pub(super) fn new(table: &'static Table, row: Row) -> Self {
        Self {
            table: table.name,
            names: Names::Of(table),
            row,
            taken: 0,
        }
    }

    /// The columns of a row of any table; the second one is shown in errors.
    pub(super) fn named(table: &'static str, names: Vec<&'static str>, row: Row) -> Self {
        Self {
            table,
            names: Names::Listed(names),
            row,
            taken: 0,
        }
    }

    /// The frame, which comes first.
    pub(super) fn frame(&mut self) -> Result<Frame, StorageError> {
        Ok(Frame {
            account_id: AccountId(self.id()?),
            id: self.id()?,
            created_at: self.integer()?,
            updated_at: self.integer()?,
            revision: self.integer()?,
        })
    }

    fn next(&mut self) -> Value {
        let value = self.row.get_mut(self.taken);
        self.taken += 1;
        // The id stays, for errors.
        match value {
            Some(value) if self.taken == 2 => value.clone(),
            Some(value) => mem::replace(value, Value::Null),
            None => Value::Null,
        }
    }

    /// An error about the column taken last.
    pub(super) fn unreadable(&self) -> StorageError {
        let last = self.taken.saturating_sub(1);
        let column = match &self.names {
            Names::Listed(names) => names.get(last).copied(),
            Names::Of(table) => {
                let mut names = FRAME.iter().chain(table.columns);
                names.nth(last).copied()
            }
        };
        StorageError::Inconsistent {
            table: self.table,
            column: column.unwrap_or("?"),
            id: match self.row.get(1) {
                Some(Value::Text(id)) => id.clone(),
                other => format!("{other:?}"),
            },
        }
    }

    pub(super) fn integer(&mut self) -> Result<i64, StorageError> {
        match self.next() {
            Value::Integer(integer) => Ok(integer),
            _ => Err(self.unreadable()),
        }
    }

    pub(super) fn text(&mut self) -> Result<String, StorageError> {
        match self.next() {
            Value::Text(text) => Ok(text),
            _ => Err(self.unreadable()),
        }
    }

    pub(super) fn optional_integer(&mut self) -> Result<Option<i64>, StorageError> {
        match self.next() {
            Value::Null => Ok(None),
            Value::Integer(integer) => Ok(Some(integer)),
            _ => Err(self.unreadable()),
        }
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<String>, StorageError> {
        match self.next() {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            _ => Err(self.unreadable()),
        }
    }

    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, StorageError> {
        match self.next() {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(self.unreadable()),
        }
    }

    pub(super) fn optional_bytes(&mut self) -> Result<Option<Vec<u8>>, StorageError> {
        match self.next() {
            Value::Null => Ok(None),
            Value::Bytes(bytes) => Ok(Some(bytes)),
            _ => Err(self.unreadable()),
        }
    }

    pub(super) fn hash(&mut self) -> Result<[u8; 32], StorageError> {
        let bytes = self.bytes()?;
        bytes.try_into().map_err(|_| self.unreadable())
    }

    pub(super) fn id(&mut self) -> Result<Id, StorageError> {
        let text = self.text()?;
        text.parse().map_err(|_| self.unreadable())
    }

    pub(super) fn optional_id(&mut self) -> Result<Option<Id>, StorageError> {
        match self.next() {
            Value::Null => Ok(None),
            Value::Text(text) => text.parse().map(Some).map_err(|_| self.unreadable()),
            _ => Err(self.unreadable()),
        }
    }

    pub(super) fn kind(&mut self) -> Result<Kind, StorageError> {
        let word = self.text()?;
        Kind::named(&word).ok_or_else(|| self.unreadable())
    }

    pub(super) fn json<T: DeserializeOwned>(&mut self) -> Result<T, StorageError> {
        let text = self.text()?;
        serde_json::from_str(&text).map_err(|_| self.unreadable())
    }

    /// Passes over a column that only serves searching.
    pub(super) fn skip(&mut self) {
        self.next();
    }
}

#[cfg(test)]
mod tests {
    use moca_core::{beacon::Beacon, label::Label, zone::Zone};

    use super::*;

    #[test]
    fn the_field_is_told_from_what_either_database_says() {
        for (table, said, field) in [
            (
                Label::TABLE,
                "UNIQUE constraint failed: labels.account_id, labels.unique_name",
                "config.name",
            ),
            (Label::TABLE, "labels_unique_unique_name", "config.name"),
            (Label::TABLE, "labels_pkey", "id"),
            (Label::TABLE, "UNIQUE constraint failed: labels.id", "id"),
            (
                Zone::TABLE,
                "UNIQUE constraint failed: zones.account_id, zones.place_id, zones.floor_number, zones.short_id",
                "config.shortId",
            ),
            (Zone::TABLE, "zones_unique_short_id", "config.shortId"),
            (Zone::TABLE, "zones_unique_external_id", "config.externalId"),
            (Zone::TABLE, "zones_unique_id", "id"),
            (
                Beacon::TABLE,
                "beacons_unique_identity",
                "config.type, with its identity fields",
            ),
        ] {
            assert_eq!(table.field_of(said), field, "{said}");
        }
    }
}
