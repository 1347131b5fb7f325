//! Imports and what was refused of them: what is not as of every [`Job`].

use moca_core::{
    audit::{Origin, Subject},
    id::{AccountId, ImportId, MemberId},
    import::{Import, ImportRefusal},
    job::JobStatus,
    resource::Frame,
};

use super::{
    Filter, Page, READING, Tx,
    audit::Change,
    changes::{chunk_len, tuples},
    jobs::{Job, columns, frame_values, json, status_of},
    sql::{Row, Value},
    table::Columns,
};
use crate::StorageError;

/// Refusals written by one statement at most.
const REFUSALS_AT_ONCE: usize = 64;
const DELETE_REFUSALS: &str =
    "DELETE FROM import_refusals WHERE account_id = $1 AND import_id = $2";

impl Job for Import {
    const TABLE: &'static str = "imports";
    const OWN: &'static [&'static str] = &["member_id", "config"];
    const SUBJECT: Subject = Subject::Import;
    const FILTERS: &'static [(Filter, &'static str)] = &[
        (Filter::Status, "status = {}"),
        (Filter::MemberId, "member_id = {}"),
        // A name that says the like has other quotes.
        (
            Filter::ImportKind,
            "config LIKE '%\"kind\":\"' || {} || '\"%'",
        ),
    ];
    const DELETE_PARTS: Option<&'static str> = Some(DELETE_REFUSALS);

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn status(&self) -> (JobStatus, Option<i64>) {
        (self.status, self.progress.finished_at)
    }

    fn name(&self) -> Option<&str> {
        self.config.name.as_deref()
    }

    fn progress(&self) -> Result<Value, StorageError> {
        json(self, "progress", &self.progress).map(Value::Text)
    }

    fn shown(&self) -> Result<String, StorageError> {
        let shown = serde_json::json!({
            "config": self.config,
            "status": self.status,
            "progress": self.progress,
        });
        json(self, "config", &shown)
    }

    fn read(frame: Frame, columns: &mut Columns) -> Result<Self, StorageError> {
        Ok(Self {
            frame,
            member_id: MemberId(columns.id()?),
            config: columns.json()?,
            status: status_of(columns)?,
            progress: columns.json()?,
        })
    }
}

impl Tx {
    /// Adds an import.
    pub async fn insert_import(&mut self, import: &Import) -> Result<(), StorageError> {
        let columns = columns::<Import>();
        let sql = format!(
            "INSERT INTO imports ({}, origin) VALUES {}",
            columns.join(", "),
            tuples(1, columns.len() + 1)
        );
        self.note_job(
            Subject::Import,
            &import.frame,
            Change::Created(import.shown()?),
        );
        // Its rows are taken in later, and are still the doing of whoever sent it.
        let origin = json(import, "origin", &self.origin)?;
        let mut values = frame_values(&import.frame);
        values.extend([
            Value::id(import.member_id),
            Value::Text(json(import, "config", &import.config)?),
            import.status.as_str().into(),
            import.progress()?,
            Value::Text(origin),
        ]);
        self.write(&sql, values).await.map(drop)
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
            self.write(&sql, values).await?;
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
        let values = vec![Value::id(account), Value::id(import)];
        self.write(DELETE_REFUSALS, values).await.map(drop)
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
        let condition = "account_id = $1 AND import_id = $2";
        let total = self
            .count_rows("import_refusals", condition, of_import)
            .await?;
        Ok(Page { total, items })
    }
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
