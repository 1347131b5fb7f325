//! Objects as the audit log shows them.
//!
//! What a client sets is shown as it is stored. Of the columns besides, a kind names those to show
//! ([`Mapped::SHOWN`]); secrets are in columns that none names, or left out of what is shown.

use std::{collections::HashMap, fmt::Write as _};

use moca_core::resource::Kind;

use super::super::{
    READING, Stored, Tx,
    sql::{Row, Value},
    table::Mapped,
};
use crate::StorageError;

/// How a column stands in a snapshot.
#[derive(Debug, Clone, Copy)]
pub enum Shown {
    /// As text.
    Text,
    /// As the JSON it is.
    Json,
    /// As the JSON that is made of it, for what is stored with secrets in it.
    Without(fn(&str) -> Option<String>),
}

/// Objects that a transaction has read, by kind and id: their revision and what they were like. Nobody
/// else changes them meanwhile, so that they need not be read again when they are replaced.
pub(in super::super) type Seen = HashMap<(Kind, String), (i64, String)>;

/// Columns of [`Table::read_columns`](super::super::table::Table::read_columns) before those of a
/// kind's own.
const FRAME: usize = 6;
const ID: usize = 1;
const REVISION: usize = 4;
const CONFIG: usize = 5;

/// An object from its `config` and the values of its own columns.
pub(in super::super) fn snapshot<R: Mapped>(config: &Value, own: &[Value]) -> String {
    let config = match config {
        Value::Text(text) => text.as_str(),
        _ => "null",
    };
    let mut text = format!("{{\"config\":{config}");
    for (column, name, shown) in R::SHOWN {
        let at = R::TABLE.columns.iter().position(|known| known == column);
        let Some(Value::Text(value)) = at.and_then(|at| own.get(at)) else {
            continue;
        };
        // Writing to a String cannot fail.
        let _ = match shown {
            Shown::Json => write!(text, ",\"{name}\":{value}"),
            Shown::Text => write!(text, ",\"{name}\":{}", serde_json::json!(value)),
            Shown::Without(shown) => match shown(value) {
                Some(shown) => write!(text, ",\"{name}\":{shown}"),
                None => Ok(()),
            },
        };
    }
    text.push('}');
    text
}

/// An object from a row that was read.
pub(in super::super) fn of_row<R: Mapped>(row: &Row) -> String {
    snapshot::<R>(
        row.get(CONFIG).unwrap_or(&Value::Null),
        row.get(FRAME..).unwrap_or(&[]),
    )
}

impl Tx {
    /// Remembers what a row that was read is like, if this transaction may change it.
    pub(in super::super) fn see<R: Stored>(&mut self, row: &Row) {
        if !self.writes {
            return;
        }
        if let (Some(Value::Text(id)), Some(Value::Integer(revision))) =
            (row.get(ID), row.get(REVISION))
        {
            let shown = (*revision, of_row::<R>(row));
            self.seen.insert((R::KIND, id.clone()), shown);
        }
    }

    /// What an object is like at this revision, which is the stored one. Read only if it was not
    /// read before.
    pub(in super::super) async fn before<R: Stored>(
        &mut self,
        object: &R,
    ) -> Result<String, StorageError> {
        let frame = object.frame();
        let id = frame.id.to_string();
        if let Some((revision, before)) = self.seen.remove(&(R::KIND, id.clone()))
            && revision == frame.revision - 1
        {
            return Ok(before);
        }
        let (columns, name) = (R::TABLE.read_columns(), R::TABLE.name);
        let sql = format!("SELECT {columns} FROM {name} WHERE account_id = $1 AND id = $2");
        let values = vec![Value::id(frame.account_id), id.into()];
        let rows = self.session.query(sql, values).await;
        let rows = rows.map_err(|error| error.doing(READING))?;
        // There is none if the object is gone, and then it is not replaced either.
        Ok(rows.first().map_or_else(String::new, of_row::<R>))
    }
}

#[cfg(test)]
mod tests {
    use moca_core::{account::Token, beacon::Beacon, place::Place};

    use super::*;

    #[test]
    fn what_a_kind_names_is_shown_and_nothing_else() {
        let config = Value::from(r#"{"name":"N"}"#);
        let shown = snapshot::<Place>(&config, &["P-1".into()]);
        assert_eq!(shown, r#"{"config":{"name":"N"}}"#);
        let shown = snapshot::<Beacon>(&config, &[Value::Null, Value::Null, "key".into()]);
        assert_eq!(shown, r#"{"config":{"name":"N"}}"#);
        let own = [
            "M\"".into(),
            Value::Bytes(vec![7; 32]),
            Value::Null,
            Value::Null,
            1_i64.into(),
        ];
        let shown = snapshot::<Token>(&config, &own);
        assert_eq!(shown, r#"{"config":{"name":"N"},"memberId":"M\""}"#);
    }
}
