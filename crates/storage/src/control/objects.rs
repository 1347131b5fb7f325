//! Reading and changing objects of any kind.

use std::collections::HashSet;

use moca_core::{
    id::{AccountId, AppId, Id},
    resource::Kind,
};

use super::{
    Filter, READING, Stored, Tx, WRITING,
    audit::{self, Change},
    changes::{chunk_len, placeholders, tuples},
    list::{is_nowhere, no_such_column},
    sql::{SqlError, Value},
    table::{Columns, Mapped, Table, json_of, object_of},
    unique::conflict_or,
};
use crate::StorageError;

/// Ids looked up by one statement at most.
const IDS_MAX: usize = 256;
/// Which column of [`row_of`] is `config`.
const CONFIG: usize = 7;

impl Tx {
    /// The object with this id in this account.
    pub async fn get<R: Stored>(
        &mut self,
        account: AccountId,
        id: Id,
    ) -> Result<Option<R>, StorageError> {
        self.find(
            "account_id = $1 AND id = $2",
            vec![Value::id(account), Value::id(id)],
        )
        .await
    }

    /// The object of this kind with this `externalId`.
    pub async fn get_by_external_id<R: Stored>(
        &mut self,
        account: AccountId,
        external_id: &str,
    ) -> Result<Option<R>, StorageError> {
        if R::TABLE.filter_column(Filter::ExternalId).is_none() {
            return Err(no_such_column(R::KIND, "externalId"));
        }
        if is_nowhere(external_id) {
            return Ok(None);
        }
        let values = vec![Value::id(account), external_id.into()];
        self.find("account_id = $1 AND external_id = $2", values)
            .await
    }

    /// The one object for which the condition holds.
    pub(super) async fn find<R: Stored>(
        &mut self,
        condition: &str,
        values: Vec<Value>,
    ) -> Result<Option<R>, StorageError> {
        let Table { name, .. } = R::TABLE;
        let columns = R::TABLE.read_columns();
        let sql = format!("SELECT {columns} FROM {name} WHERE {condition}");
        let rows = self.session.query(sql, values).await;
        let rows = rows.map_err(|error| error.doing(READING))?;
        let Some(row) = rows.into_iter().next() else {
            return Ok(None);
        };
        self.see::<R>(&row);
        object_of(row).map(Some)
    }

    /// All objects of a kind of all accounts with ids after `after`, in order of id, at most `limit`.
    /// The order is that of the ids' text.
    pub async fn all<R: Stored>(
        &mut self,
        after: Option<Id>,
        limit: i64,
    ) -> Result<Vec<R>, StorageError> {
        let Table { name, .. } = R::TABLE;
        let columns = R::TABLE.read_columns();
        let sql = format!("SELECT {columns} FROM {name} WHERE id > $1 ORDER BY id LIMIT $2");
        // The empty text is before every id.
        let after = after.map_or_else(|| Value::from(""), Value::id);
        let rows = self.session.scan(sql, vec![after, limit.into()]).await;
        let rows = rows.map_err(|error| error.doing(READING))?;
        rows.into_iter().map(object_of).collect()
    }

    /// Those of `ids` that exist in the account, in the same order.
    pub async fn existing(
        &mut self,
        account: AccountId,
        kind: Kind,
        ids: &[Id],
    ) -> Result<Vec<Id>, StorageError> {
        self.existing_where(account, kind, ids, None).await
    }

    /// Those of `ids` that exist in the app, in the same order; of a kind that is part of an app.
    pub async fn existing_in_app(
        &mut self,
        account: AccountId,
        app: AppId,
        kind: Kind,
        ids: &[Id],
    ) -> Result<Vec<Id>, StorageError> {
        let Some(column) = table_of(kind).filter_column(Filter::AppId) else {
            return Err(no_such_column(kind, "appId"));
        };
        let condition = (column, Value::id(app));
        self.existing_where(account, kind, ids, Some(condition))
            .await
    }

    /// Those of `ids` whose column has this value, if one is given.
    async fn existing_where(
        &mut self,
        account: AccountId,
        kind: Kind,
        ids: &[Id],
        condition: Option<(&'static str, Value)>,
    ) -> Result<Vec<Id>, StorageError> {
        let name = table_of(kind).name;
        let mut found = HashSet::new();
        let mut left = ids;
        while !left.is_empty() {
            let (some, rest) = left.split_at(chunk_len(left.len(), IDS_MAX));
            let mut sql = format!(
                "SELECT account_id, id FROM {name} WHERE account_id = $1 AND id IN ({})",
                placeholders(2, some.len())
            );
            let mut values = vec![Value::id(account)];
            values.extend(some.iter().map(|id| Value::id(*id)));
            if let Some((column, value)) = &condition {
                values.push(value.clone());
                sql.push_str(&format!(" AND {column} = ${}", values.len()));
            }
            let rows = self.session.query(sql, values).await;
            for row in rows.map_err(|error| error.doing(READING))? {
                let mut columns = Columns::named(name, vec!["account_id", "id"], row);
                columns.skip();
                found.insert(columns.id()?);
            }
            left = rest;
        }
        Ok(ids
            .iter()
            .filter(|id| found.contains(id))
            .copied()
            .collect())
    }

    /// Adds an object and a line in the change feed. [`StorageError::Conflict`] names a taken value,
    /// [`StorageError::QuotaExceeded`] the quota.
    pub async fn insert<R: Stored>(&mut self, object: &R) -> Result<(), StorageError> {
        let frame = object.frame();
        let own = object.values()?;
        self.refuse_over_quota(frame.account_id, R::KIND).await?;
        if !self.session.survives_conflicts() {
            self.refuse_taken::<R>(frame.account_id, frame.id, &own, true)
                .await?;
        }
        let Table { name, .. } = R::TABLE;
        let values = row_of(object, own)?;
        let after = shown_row::<R>(&values);
        let names = insert_columns(R::TABLE);
        let row = tuples(1, values.len());
        let sql = format!("INSERT INTO {name} ({names}) VALUES {row}");
        let done = self.session.insert(sql, values).await;
        if matches!(done, Err(SqlError::Unique(_))) && self.session.survives_conflicts() {
            // It names the first of several that are taken, on every database the same.
            self.refuse_taken::<R>(frame.account_id, frame.id, &object.values()?, true)
                .await?;
        }
        done.map_err(|error| conflict_or::<R>(error))?;
        self.label(object).await?;
        self.note(frame, R::KIND, Change::Created(after));
        if R::KIND == Kind::Token {
            self.forget_expired_tokens(frame.account_id, frame.created_at)
                .await?;
        }
        Ok(())
    }

    /// Replaces the object whose stored revision is one less than this one's, else [`StorageError::Stale`].
    /// The time of creation stays what it is.
    pub async fn replace<R: Stored>(&mut self, object: &R) -> Result<(), StorageError> {
        let frame = object.frame();
        let own = object.values()?;
        self.refuse_taken::<R>(frame.account_id, frame.id, &own, false)
            .await?;
        let before = self.before(object).await?;
        let Table { name, columns, .. } = R::TABLE;
        let mut sql = format!(
            "UPDATE {name} SET updated_at = $4, revision = $5, name = $6, name_folded = $7, config = $8"
        );
        for (i, column) in columns.iter().enumerate() {
            sql.push_str(&format!(", {column} = ${}", 9 + i));
        }
        sql.push_str(" WHERE account_id = $1 AND id = $2 AND revision = $3");
        let mut values = row_of(object, own)?;
        let after = shown_row::<R>(&values);
        // In the place of the time of creation, which stays.
        values[2] = (frame.revision - 1).into();
        let changed = self.session.execute(sql, values).await;
        if changed.map_err(|error| conflict_or::<R>(error))? == 0 {
            return Err(StorageError::Stale);
        }
        self.unlabel(R::TABLE, frame.account_id, R::KIND, frame.id)
            .await?;
        self.label(object).await?;
        let change = Change::Updated { before, after };
        self.note(frame, R::KIND, change);
        Ok(())
    }

    /// Deletes; false if there was none. A token takes the ones exchanged for it along.
    pub async fn delete<R: Stored>(
        &mut self,
        account: AccountId,
        id: Id,
    ) -> Result<bool, StorageError> {
        let (columns, name) = (R::TABLE.read_columns(), R::TABLE.name);
        let sql =
            format!("DELETE FROM {name} WHERE account_id = $1 AND id = $2 RETURNING {columns}");
        let values = vec![Value::id(account), Value::id(id)];
        let deleted = self.session.query(sql, values).await;
        let Some(row) = deleted.map_err(|error| error.doing(WRITING))?.pop() else {
            return Ok(false);
        };
        self.unlabel(R::TABLE, account, R::KIND, id).await?;
        let before = Change::Deleted(audit::of_row::<R>(&row));
        let frame = Columns::new(R::TABLE, row).frame()?;
        self.note(&frame, R::KIND, before);
        if R::KIND == Kind::Token {
            self.delete_exchanged_tokens(account, id).await?;
        }
        Ok(true)
    }

    /// Copies the labels on an object to where they are searched.
    async fn label<R: Stored>(&mut self, object: &R) -> Result<(), StorageError> {
        let (frame, labels) = (object.frame(), object.label_ids());
        if labels.is_empty() {
            return Ok(());
        }
        let mut values = Vec::with_capacity(labels.len() * 4);
        for label in labels {
            values.extend([
                Value::id(frame.account_id),
                Value::id(*label),
                R::KIND.word().into(),
                Value::id(frame.id),
            ]);
        }
        let sql = format!(
            "INSERT INTO labelled (account_id, label_id, kind, object_id) VALUES {} \
             ON CONFLICT (account_id, label_id, kind, object_id) DO NOTHING",
            tuples(labels.len(), 4)
        );
        let done = self.session.execute(sql, values).await;
        done.map_err(|error| error.doing(WRITING)).map(|_| ())
    }

    async fn unlabel(
        &mut self,
        table: &Table,
        account: AccountId,
        kind: Kind,
        id: Id,
    ) -> Result<(), StorageError> {
        if !table.labelled {
            return Ok(());
        }
        let sql = "DELETE FROM labelled WHERE account_id = $1 AND kind = $2 AND object_id = $3";
        let values = vec![Value::id(account), kind.word().into(), Value::id(id)];
        let done = self.session.execute(sql, values).await;
        done.map_err(|error| error.doing(WRITING)).map(|_| ())
    }
}

/// The columns of a row that is added, in the order of [`row_of`].
pub(super) fn insert_columns(table: &Table) -> String {
    let mut names =
        String::from("account_id, id, created_at, updated_at, revision, name, name_folded, config");
    for column in table.columns {
        names.push_str(", ");
        names.push_str(column);
    }
    names
}

/// The row of an object with these values of its own columns.
pub(super) fn row_of<R: Stored>(object: &R, own: Vec<Value>) -> Result<Vec<Value>, StorageError> {
    let frame = object.frame();
    let mut values = vec![
        Value::id(frame.account_id),
        Value::id(frame.id),
        frame.created_at.into(),
        frame.updated_at.into(),
        frame.revision.into(),
        object.name().into(),
        folded(object.name()).into(),
        json_of(object, "config", object.config())?,
    ];
    values.extend(own);
    Ok(values)
}

/// A row of [`row_of`] as the audit log shows it.
pub(super) fn shown_row<R: Stored>(row: &[Value]) -> String {
    let (config, own) = (&row[CONFIG], &row[CONFIG + 1..]);
    audit::snapshot::<R>(config, own)
}

/// A name as it is searched and sorted by: whatever its case.
pub(super) fn folded(name: &str) -> String {
    name.to_lowercase()
}

/// The table of a kind.
pub(in crate::control) fn table_of(kind: Kind) -> &'static Table {
    use moca_core::{
        account, app, beacon,
        campaign::{self, group},
        experience, label, notification, place, segment, tag, webhook, zone,
    };
    match kind {
        Kind::Account => account::Account::TABLE,
        Kind::Member => account::Member::TABLE,
        Kind::Token => account::Token::TABLE,
        Kind::App => app::App::TABLE,
        Kind::Label => label::Label::TABLE,
        Kind::Place => place::Place::TABLE,
        Kind::Zone => zone::Zone::TABLE,
        Kind::Beacon => beacon::Beacon::TABLE,
        Kind::CampaignGroup => group::CampaignGroup::TABLE,
        Kind::Tag => tag::Tag::TABLE,
        Kind::Segment => segment::Segment::TABLE,
        Kind::Campaign => campaign::Campaign::TABLE,
        Kind::Experience => experience::Experience::TABLE,
        Kind::Notification => notification::Notification::TABLE,
        Kind::Webhook => webhook::Webhook::TABLE,
    }
}
