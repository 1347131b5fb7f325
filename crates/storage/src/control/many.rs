//! Many objects of one kind in few statements: a statement costs more than the row it writes.

use std::collections::HashSet;

use moca_core::id::{AccountId, Id};

use super::{
    Filter, READING, Stored, Tx,
    audit::Change,
    changes::{chunk_len, placeholders, tuples},
    list::{is_nowhere, no_such_column},
    objects::{insert_columns, row_of, shown_row},
    sql::Value,
    table::{Table, Unique, object_of},
    unique::conflict_or,
};
use crate::StorageError;

/// Values looked up by one statement at most.
const LOOKED_UP_MAX: usize = 256;
/// Values of several columns together that are looked up by one statement at most: each is a term
/// of its own, and SQLite bounds the depth of a condition.
const TERMS_MAX: usize = 64;
/// Rows written by one statement at most.
const ROWS_MAX: usize = 64;

impl Tx {
    /// The objects of the account with these ids, in no particular order.
    pub async fn get_many<R: Stored>(
        &mut self,
        account: AccountId,
        ids: &[Id],
    ) -> Result<Vec<R>, StorageError> {
        let values: Vec<Value> = ids.iter().map(|id| Value::id(*id)).collect();
        self.find_many(account, "id", values).await
    }

    /// The objects of the account with these `externalId`s, in no particular order.
    pub async fn get_many_by_external_id<R: Stored>(
        &mut self,
        account: AccountId,
        external_ids: &[&str],
    ) -> Result<Vec<R>, StorageError> {
        if R::TABLE.filter_column(Filter::ExternalId).is_none() {
            return Err(no_such_column(R::KIND, "externalId"));
        }
        let known = external_ids.iter().filter(|text| !is_nowhere(text));
        let values = known.map(|text| Value::from(*text)).collect();
        self.find_many(account, "external_id", values).await
    }

    /// The objects of the account that a filter of their list holds for with one of these ids, in no
    /// particular order: the zones of places, for example.
    pub async fn get_many_of<R: Stored>(
        &mut self,
        account: AccountId,
        filter: Filter,
        ids: &[Id],
    ) -> Result<Vec<R>, StorageError> {
        let Some(column) = R::TABLE.filter_column(filter) else {
            return Err(no_such_column(R::KIND, &format!("{filter:?}")));
        };
        let values = ids.iter().map(|id| Value::id(*id)).collect();
        self.find_many(account, column, values).await
    }

    pub(super) async fn find_many<R: Stored>(
        &mut self,
        account: AccountId,
        column: &str,
        wanted: Vec<Value>,
    ) -> Result<Vec<R>, StorageError> {
        let Table { name, .. } = R::TABLE;
        let columns = R::TABLE.read_columns();
        let mut found = Vec::new();
        let mut left = wanted.as_slice();
        while !left.is_empty() {
            let (some, rest) = left.split_at(chunk_len(left.len(), LOOKED_UP_MAX));
            let sql = format!(
                "SELECT {columns} FROM {name} WHERE account_id = $1 AND {column} IN ({})",
                placeholders(2, some.len())
            );
            let mut values = vec![Value::id(account)];
            values.extend_from_slice(some);
            let rows = self.session.query(sql, values).await;
            for row in rows.map_err(|error| error.doing(READING))? {
                self.see::<R>(&row);
                found.push(object_of(row)?);
            }
            left = rest;
        }
        Ok(found)
    }

    /// Adds objects of one account, as [`Tx::insert`] adds each of them one after the other. The
    /// answer has, for each object in order, whether it was added: a value may be taken
    /// ([`StorageError::Conflict`]), or the quota used up ([`StorageError::QuotaExceeded`]). Their ids
    /// have to be new.
    pub async fn insert_many<R: Stored>(
        &mut self,
        account: AccountId,
        objects: &[R],
    ) -> Result<Vec<Result<(), StorageError>>, StorageError> {
        let mut own = Vec::with_capacity(objects.len());
        for object in objects {
            own.push(object.values()?);
        }
        let taken = self.taken_fields::<R>(account, &own).await?;
        let mut rows = Vec::with_capacity(objects.len());
        let mut labels = Vec::new();
        let mut outcomes = Vec::with_capacity(objects.len());
        for ((object, own), taken) in objects.iter().zip(own).zip(taken) {
            match self.refuse_over_quota(account, R::KIND).await {
                Ok(()) => {}
                Err(full @ StorageError::QuotaExceeded { .. }) => {
                    outcomes.push(Err(full));
                    continue;
                }
                Err(other) => return Err(other),
            }
            if let Some(field) = taken {
                outcomes.push(Err(StorageError::Conflict { field }));
                continue;
            }
            outcomes.push(Ok(()));
            let row = row_of(object, own)?;
            let after = Change::Created(shown_row::<R>(&row));
            rows.push(row);
            labels.extend(label_rows(object));
            self.note(object.frame(), R::KIND, after);
        }
        self.insert_rows::<R>(R::TABLE.name, &insert_columns(R::TABLE), &rows)
            .await?;
        self.insert_rows::<R>("labelled", "account_id, label_id, kind, object_id", &labels)
            .await?;
        Ok(outcomes)
    }

    /// For each object, given by the values of its own columns, the field whose value a stored one
    /// has, or an earlier one of them that can be added.
    async fn taken_fields<R: Stored>(
        &mut self,
        account: AccountId,
        own: &[Vec<Value>],
    ) -> Result<Vec<Option<&'static str>>, StorageError> {
        let mut used = Vec::new();
        for unique in R::TABLE.unique {
            let keys: Vec<_> = own
                .iter()
                .filter_map(|own| key_of::<R>(unique, own))
                .collect();
            let columns = own_columns(unique);
            used.push(
                self.stored_keys(R::TABLE.name, account, &columns, &keys)
                    .await?,
            );
        }
        let mut taken = Vec::with_capacity(own.len());
        for own in own {
            let keys = R::TABLE
                .unique
                .iter()
                .map(|unique| key_of::<R>(unique, own));
            let keys: Vec<_> = keys.map(|key| key.map(|key| text_of(&key))).collect();
            let is_used = |(key, used): (&Option<String>, &HashSet<String>)| {
                key.as_ref().is_some_and(|key| used.contains(key))
            };
            let field = keys.iter().zip(&used).position(is_used);
            if field.is_none() {
                for (key, used) in keys.into_iter().zip(&mut used) {
                    used.extend(key);
                }
            }
            taken.push(field.map(|index| R::TABLE.unique[index].field));
        }
        Ok(taken)
    }

    /// Those of the keys that a row of the account has.
    async fn stored_keys(
        &mut self,
        table: &str,
        account: AccountId,
        columns: &[&str],
        keys: &[Vec<Value>],
    ) -> Result<HashSet<String>, StorageError> {
        let mut stored = HashSet::new();
        let at_once = match columns.len() {
            1 => LOOKED_UP_MAX,
            _ => TERMS_MAX,
        };
        let mut left = keys;
        while !left.is_empty() {
            let (some, rest) = left.split_at(chunk_len(left.len(), at_once));
            let condition = key_condition(columns, some.len());
            let sql = format!(
                "SELECT {} FROM {table} WHERE {condition}",
                columns.join(", ")
            );
            let mut values = vec![Value::id(account)];
            values.extend(some.iter().flatten().cloned());
            let rows = self.session.query(sql, values).await;
            let rows = rows.map_err(|error| error.doing(READING))?;
            stored.extend(rows.iter().map(|row| text_of(row)));
            left = rest;
        }
        Ok(stored)
    }

    async fn insert_rows<R: Stored>(
        &mut self,
        table: &str,
        columns: &str,
        rows: &[Vec<Value>],
    ) -> Result<(), StorageError> {
        let mut left = rows;
        while let Some(width) = left.first().map(Vec::len) {
            let (some, rest) = left.split_at(chunk_len(left.len(), ROWS_MAX));
            let sql = format!(
                "INSERT INTO {table} ({columns}) VALUES {}",
                tuples(some.len(), width)
            );
            let values = some.iter().flatten().cloned().collect();
            let done = self.session.execute(sql, values).await;
            done.map_err(|error| conflict_or::<R>(error))?;
            left = rest;
        }
        Ok(())
    }
}

/// What only one object of the account may have: the fields by their API names, each with a text that
/// stands for its value here.
pub fn unique_values<R: Stored>(object: &R) -> Result<Vec<(&'static str, String)>, StorageError> {
    let own = object.values()?;
    let fields = R::TABLE.unique.iter();
    let values = fields.filter_map(|unique| {
        let key = key_of::<R>(unique, &own)?;
        Some((unique.field, text_of(&key)))
    });
    Ok(values.collect())
}

/// The columns of a unique index besides the account.
fn own_columns(unique: &Unique) -> Vec<&'static str> {
    let columns = unique.columns.iter().copied();
    columns.filter(|column| *column != "account_id").collect()
}

/// The values of an object that nobody else of the account may have together; none if one of them
/// is null.
fn key_of<R: Stored>(unique: &Unique, own: &[Value]) -> Option<Vec<Value>> {
    let value = |column: &str| {
        let at = R::TABLE.columns.iter().position(|name| *name == column)?;
        own.get(at).filter(|value| **value != Value::Null).cloned()
    };
    own_columns(unique).into_iter().map(value).collect()
}

/// One text for the values of a key, which no other values have.
fn text_of(key: &[Value]) -> String {
    format!("{key:?}")
}

/// The condition that finds the rows of account `$1` that have one of so many keys.
fn key_condition(columns: &[&str], keys: usize) -> String {
    if let [column] = columns {
        return format!(
            "account_id = $1 AND {column} IN ({})",
            placeholders(2, keys)
        );
    }
    let mut placeholder = 1;
    let mut term = |column: &&str| {
        placeholder += 1;
        format!(" AND {column} = ${placeholder}")
    };
    // The account in each term: an index is used for each of them by itself.
    let mut terms = Vec::with_capacity(keys);
    for _ in 0..keys {
        let columns: String = columns.iter().map(&mut term).collect();
        terms.push(format!("(account_id = $1{columns})"));
    }
    terms.join(" OR ")
}

/// The rows of the table `labelled` for an object.
fn label_rows<R: Stored>(object: &R) -> impl Iterator<Item = Vec<Value>> {
    let frame = object.frame();
    object.label_ids().iter().map(|label| {
        vec![
            Value::id(frame.account_id),
            Value::id(*label),
            R::KIND.word().into(),
            Value::id(frame.id),
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_columns_become_terms_that_an_index_answers() {
        assert_eq!(
            key_condition(&["external_id"], 2),
            "account_id = $1 AND external_id IN ($2, $3)"
        );
        assert_eq!(
            key_condition(&["a", "b"], 2),
            "(account_id = $1 AND a = $2 AND b = $3) OR (account_id = $1 AND a = $4 AND b = $5)"
        );
    }
}
