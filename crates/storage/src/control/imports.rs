//! Imports and what was refused of them. They are no part of what is configured: nothing of this is
//! in the change feed. The audit log has who sent, stopped and deleted them, and how they ended.

use moca_core::{
    audit::Origin,
    id::{AccountId, ImportId, MemberId},
    import::{Import, ImportRefusal, ImportStatus},
    resource::Frame,
};
use serde::Serialize;

use super::{
    Page, READING, Tx, WRITING,
    audit::Change,
    changes::{chunk_len, tuples},
    sql::{Row, Value},
    table::Columns,
};
use crate::StorageError;

/// The columns of an import, in the order of [`import_of`].
const COLUMNS: &str =
    "account_id, id, created_at, updated_at, revision, member_id, config, status, progress";
const NAMES: [&str; 9] = [
    "account_id",
    "id",
    "created_at",
    "updated_at",
    "revision",
    "member_id",
    "config",
    "status",
    "progress",
];
/// Refusals written by one statement at most.
const REFUSALS_AT_ONCE: usize = 64;

impl Tx {
    /// Adds an import.
    pub async fn insert_import(&mut self, import: &Import) -> Result<(), StorageError> {
        let frame = &import.frame;
        let sql = format!(
            "INSERT INTO imports ({COLUMNS}, origin) VALUES {}",
            tuples(1, 10)
        );
        let after = Change::Created(shown(import)?);
        self.note_import(frame.account_id, frame.id, frame.created_at, after);
        // Its rows are taken in later, and are still the doing of whoever sent it.
        let origin = json(import, "origin", &self.origin)?;
        let values = vec![
            Value::id(frame.account_id),
            Value::id(frame.id),
            frame.created_at.into(),
            frame.updated_at.into(),
            frame.revision.into(),
            Value::id(import.member_id),
            json(import, "config", &import.config)?,
            import.status.as_str().into(),
            json(import, "progress", &import.progress)?,
            origin,
        ];
        self.write_imports(&sql, values).await.map(drop)
    }

    /// Says that what this transaction changes is the doing of whoever sent this import.
    pub async fn act_as_sender(
        &mut self,
        account: AccountId,
        id: ImportId,
        now_ms: i64,
    ) -> Result<(), StorageError> {
        let sql = "SELECT origin, id FROM imports WHERE account_id = $1 AND id = $2";
        let values = vec![Value::id(account), Value::id(id)];
        let rows = self.session.query(sql, values).await;
        let Some(row) = rows.map_err(|error| error.doing(READING))?.pop() else {
            return Ok(());
        };
        let origin = Columns::named("imports", vec!["origin", "id"], row).optional_text()?;
        let origin = origin.and_then(|text| serde_json::from_str(&text).ok().flatten());
        let origin = origin.unwrap_or_else(|| Origin::system(now_ms));
        self.act_as(Origin {
            at: now_ms,
            ..origin
        });
        Ok(())
    }

    /// The import of this id.
    pub async fn import(
        &mut self,
        account: AccountId,
        id: ImportId,
    ) -> Result<Option<Import>, StorageError> {
        let sql = format!("SELECT {COLUMNS} FROM imports WHERE account_id = $1 AND id = $2");
        let values = vec![Value::id(account), Value::id(id)];
        Ok(self.read_imports(&sql, values).await?.pop())
    }

    /// A page of the account's imports, the oldest first.
    pub async fn imports(
        &mut self,
        account: AccountId,
        offset: i64,
        limit: i64,
    ) -> Result<Page<Import>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM imports WHERE account_id = $1 \
             ORDER BY created_at, id LIMIT $2 OFFSET $3"
        );
        let values = vec![Value::id(account), limit.into(), offset.into()];
        let items = self.read_imports(&sql, values).await?;
        let sql = "SELECT count(*) FROM imports WHERE account_id = $1";
        let total = self.count_imports(sql, vec![Value::id(account)]).await?;
        Ok(Page { total, items })
    }

    /// The imports of all accounts that are not done, the oldest first.
    pub async fn unfinished_imports(&mut self) -> Result<Vec<Import>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM imports WHERE status IN ('Pending', 'Running') \
             ORDER BY created_at, id"
        );
        self.read_imports(&sql, vec![]).await
    }

    /// How many imports of the account are not done.
    pub async fn count_unfinished_imports(
        &mut self,
        account: AccountId,
    ) -> Result<i64, StorageError> {
        let sql = "SELECT count(*) FROM imports \
                   WHERE account_id = $1 AND status IN ('Pending', 'Running')";
        self.count_imports(sql, vec![Value::id(account)]).await
    }

    /// Writes how far an import has come; its stored revision has to be one less than this one's, else
    /// [`StorageError::Stale`].
    pub async fn save_import(&mut self, import: &Import) -> Result<(), StorageError> {
        let frame = &import.frame;
        if import.status.is_final()
            && let Some(stored) = self.import(frame.account_id, import.id()).await?
            && stored.frame.revision == frame.revision - 1
        {
            let (before, after) = (shown(&stored)?, shown(import)?);
            let change = Change::Updated { before, after };
            self.note_import(frame.account_id, frame.id, frame.updated_at, change);
        }
        let sql = "UPDATE imports SET updated_at = $4, revision = revision + 1, status = $5, \
                   progress = $6, finished_at = $7 \
                   WHERE account_id = $1 AND id = $2 AND revision = $3";
        let finished_at = import.progress.finished_at;
        let values = vec![
            Value::id(frame.account_id),
            Value::id(frame.id),
            (frame.revision - 1).into(),
            frame.updated_at.into(),
            import.status.as_str().into(),
            json(import, "progress", &import.progress)?,
            finished_at.map_or(Value::Null, Value::Integer),
        ];
        match self.write_imports(sql, values).await? {
            0 => Err(StorageError::Stale),
            _ => Ok(()),
        }
    }

    /// Forgets an import; false if there was none.
    pub async fn delete_import(
        &mut self,
        account: AccountId,
        id: ImportId,
    ) -> Result<bool, StorageError> {
        let Some(import) = self.import(account, id).await? else {
            return Ok(false);
        };
        self.remove_import(&import, Change::Deleted).await?;
        Ok(true)
    }

    async fn remove_import(
        &mut self,
        import: &Import,
        change: fn(String) -> Change,
    ) -> Result<(), StorageError> {
        let frame = &import.frame;
        let change = change(shown(import)?);
        self.note_import(frame.account_id, frame.id, frame.updated_at, change);
        self.delete_refusals(frame.account_id, import.id()).await?;
        let values = vec![Value::id(frame.account_id), Value::id(frame.id)];
        let sql = "DELETE FROM imports WHERE account_id = $1 AND id = $2";
        self.write_imports(sql, values).await.map(drop)
    }

    /// Forgets the account's imports that ended before this time, and of the others that are done all
    /// but so many of the newest.
    pub async fn forget_imports(
        &mut self,
        account: AccountId,
        ended_before: i64,
        kept_max: i64,
    ) -> Result<(), StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM imports WHERE account_id = $1 AND finished_at IS NOT NULL \
             AND (finished_at < $2 OR id NOT IN (SELECT id FROM imports WHERE account_id = $1 \
             ORDER BY created_at DESC, id DESC LIMIT $3))"
        );
        let values = vec![Value::id(account), ended_before.into(), kept_max.into()];
        for import in self.read_imports(&sql, values).await? {
            self.remove_import(&import, Change::Expired).await?;
        }
        Ok(())
    }

    /// Adds to what was refused of an import; the first of these is its `first`th.
    pub async fn add_refusals(
        &mut self,
        account: AccountId,
        import: ImportId,
        first: i64,
        refusals: &[ImportRefusal],
    ) -> Result<(), StorageError> {
        let (mut left, mut number) = (refusals, first);
        while !left.is_empty() {
            let (some, rest) = left.split_at(chunk_len(left.len(), REFUSALS_AT_ONCE));
            let mut values = Vec::with_capacity(some.len() * 9);
            for refusal in some {
                values.extend([
                    Value::id(account),
                    Value::id(import),
                    number.into(),
                    refusal.row.into(),
                    refusal.line.into(),
                    refusal.column.map_or(Value::Null, Value::Integer),
                    Value::optional_text(refusal.field.as_deref()),
                    refusal.code.as_str().into(),
                    refusal.detail.as_str().into(),
                ]);
                number += 1;
            }
            let sql = format!(
                "INSERT INTO import_refusals (account_id, import_id, number, row_number, \
                 line_number, column_number, field, code, detail) VALUES {}",
                tuples(some.len(), 9)
            );
            self.write_imports(&sql, values).await?;
            left = rest;
        }
        Ok(())
    }

    /// Forgets what was refused of an import.
    pub async fn delete_refusals(
        &mut self,
        account: AccountId,
        import: ImportId,
    ) -> Result<(), StorageError> {
        let sql = "DELETE FROM import_refusals WHERE account_id = $1 AND import_id = $2";
        let values = vec![Value::id(account), Value::id(import)];
        self.write_imports(sql, values).await.map(drop)
    }

    /// A page of what was refused of an import, in the order of the file.
    pub async fn refusals(
        &mut self,
        account: AccountId,
        import: ImportId,
        offset: i64,
        limit: i64,
    ) -> Result<Page<ImportRefusal>, StorageError> {
        let of_import = vec![Value::id(account), Value::id(import)];
        let sql = "SELECT import_id, number, row_number, line_number, column_number, field, code, \
                   detail FROM import_refusals WHERE account_id = $1 AND import_id = $2 \
                   ORDER BY number LIMIT $3 OFFSET $4";
        let mut values = of_import.clone();
        values.extend([limit.into(), offset.into()]);
        let rows = self.session.scan(sql, values).await;
        let rows = rows.map_err(|error| error.doing(READING))?;
        let items = rows.into_iter().map(refusal_of);
        let items = items.collect::<Result<_, _>>()?;
        let sql = "SELECT count(*) FROM import_refusals WHERE account_id = $1 AND import_id = $2";
        let total = self.count_imports(sql, of_import).await?;
        Ok(Page { total, items })
    }

    async fn read_imports(
        &mut self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Import>, StorageError> {
        let rows = self.session.scan(sql, values).await;
        let rows = rows.map_err(|error| error.doing(READING))?;
        rows.into_iter().map(import_of).collect()
    }

    async fn count_imports(&mut self, sql: &str, values: Vec<Value>) -> Result<i64, StorageError> {
        let rows = self.session.scan(sql, values).await;
        let row = rows.map_err(|error| error.doing(READING))?.pop();
        Columns::named("imports", vec!["count"], row.unwrap_or_default()).integer()
    }

    async fn write_imports(&mut self, sql: &str, values: Vec<Value>) -> Result<u64, StorageError> {
        let done = self.session.execute(sql, values).await;
        done.map_err(|error| error.doing(WRITING))
    }
}

/// An import as the audit log shows it.
fn shown(import: &Import) -> Result<String, StorageError> {
    let shown = serde_json::json!({
        "config": import.config,
        "status": import.status,
        "progress": import.progress,
    });
    match json(import, "config", &shown)? {
        Value::Text(text) => Ok(text),
        _ => Ok(String::new()),
    }
}

fn json(
    import: &Import,
    column: &'static str,
    value: &impl Serialize,
) -> Result<Value, StorageError> {
    match serde_json::to_string(value) {
        Ok(text) => Ok(Value::Text(text)),
        Err(_) => Err(StorageError::Inconsistent {
            table: "imports",
            column,
            id: import.frame.id.to_string(),
        }),
    }
}

fn import_of(row: Row) -> Result<Import, StorageError> {
    let mut columns = Columns::named("imports", NAMES.to_vec(), row);
    Ok(Import {
        frame: Frame {
            account_id: AccountId(columns.id()?),
            id: columns.id()?,
            created_at: columns.integer()?,
            updated_at: columns.integer()?,
            revision: columns.integer()?,
        },
        member_id: MemberId(columns.id()?),
        config: columns.json()?,
        status: {
            let word = columns.text()?;
            ImportStatus::named(&word).ok_or_else(|| columns.unreadable())?
        },
        progress: columns.json()?,
    })
}

fn refusal_of(row: Row) -> Result<ImportRefusal, StorageError> {
    let names = vec![
        "import_id",
        "number",
        "row_number",
        "line_number",
        "column_number",
        "field",
        "code",
        "detail",
    ];
    let mut columns = Columns::named("import_refusals", names, row);
    columns.skip();
    columns.skip();
    Ok(ImportRefusal {
        row: columns.integer()?,
        line: columns.integer()?,
        column: columns.optional_integer()?,
        field: columns.optional_text()?,
        code: columns.text()?,
        detail: columns.text()?,
    })
}
