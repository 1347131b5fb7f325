//! Values that only one object of an account may have.

use moca_core::id::{AccountId, Id};

use super::{
    READING, Stored, Tx, WRITING,
    sql::{SqlError, Value},
    table::{Mapped, Table},
};
use crate::StorageError;

impl Tx {
    /// Refuses values that are taken. PostgreSQL would abort the whole transaction at the write, so this comes before
    /// it; no other writer can come between.
    pub(super) async fn refuse_taken<R: Stored>(
        &mut self,
        account: AccountId,
        id: Id,
        own: &[Value],
        new: bool,
    ) -> Result<(), StorageError> {
        let Table { name, unique, .. } = R::TABLE;
        let mut values = vec![Value::id(id)];
        let mut checks = Vec::new();
        if new {
            checks.push(format!("SELECT 'id' FROM {name} WHERE id = $1"));
        }
        for unique in *unique {
            let Some(condition) = taken_condition::<R>(unique.columns, account, own, &mut values)
            else {
                continue;
            };
            let field = unique.field;
            checks.push(format!(
                "SELECT '{field}' FROM {name} WHERE {condition} AND id <> $1"
            ));
        }
        if checks.is_empty() {
            return Ok(());
        }
        let rows = self.session.query(checks.join(" UNION ALL "), values).await;
        let rows = rows.map_err(|error| error.doing(READING))?;
        let Some(Value::Text(taken)) = rows.first().and_then(|row| row.first()) else {
            return Ok(());
        };
        let field = unique.iter().find(|unique| unique.field == taken);
        Err(StorageError::Conflict {
            field: field.map_or("id", |unique| unique.field),
        })
    }
}

/// The condition that finds rows with the same values, or none if one of these is null.
fn taken_condition<R: Mapped>(
    columns: &[&'static str],
    account: AccountId,
    own: &[Value],
    values: &mut Vec<Value>,
) -> Option<String> {
    let mut terms = Vec::new();
    let mut found = Vec::new();
    for column in columns {
        let value = match *column {
            "account_id" => Value::id(account),
            own_column => {
                let at = R::TABLE.columns.iter().position(|name| *name == own_column);
                own.get(at?)?.clone()
            }
        };
        if value == Value::Null {
            return None;
        }
        found.push(value);
        terms.push(format!("{column} = ${}", values.len() + found.len()));
    }
    values.extend(found);
    Some(terms.join(" AND "))
}

/// The error of a write that a unique index may have refused.
pub(super) fn conflict_or<R: Stored>(error: SqlError) -> StorageError {
    match error {
        SqlError::Unique(index) => StorageError::Conflict {
            field: R::TABLE.field_of(&index),
        },
        other => other.doing(WRITING),
    }
}
