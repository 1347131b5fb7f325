//! What imports and replays have in common. They are no part of what is configured: nothing of them is in the
//! change feed. The audit log has who asked for, stopped and deleted them, and how they ended.

use moca_core::{
    audit::Subject,
    id::{AccountId, Id},
    job::JobStatus,
    resource::Frame,
};
use serde::Serialize;

use super::{
    Filter, ListQuery, Page, READING, Tx, WRITING,
    audit::Change,
    list::Conditions,
    objects::folded,
    sql::{Row, Value},
    table::Columns,
};
use crate::StorageError;

/// A job as a row of its table, which has the columns of the frame, [`Job::OWN`], `status`, `progress` and
/// `finished_at`.
pub trait Job: Sized {
    /// The table.
    const TABLE: &'static str;
    /// The columns that only this table has and that never change.
    const OWN: &'static [&'static str];
    /// What the audit log calls it.
    const SUBJECT: Subject;
    /// The conditions of filters; `{}` stands for the text.
    const FILTERS: &'static [(Filter, &'static str)];
    /// The statement that deletes what belongs to the job `$2` of the account `$1`, if anything does.
    const DELETE_PARTS: Option<&'static str>;

    /// The frame.
    fn frame(&self) -> &Frame;
    /// Where it stands, and when it ended.
    fn status(&self) -> (JobStatus, Option<i64>);
    /// Its name, if it has one.
    fn name(&self) -> Option<&str>;
    /// How far it has come, as JSON.
    fn progress(&self) -> Result<Value, StorageError>;
    /// The job as the audit log shows it, as JSON.
    fn shown(&self) -> Result<String, StorageError>;
    /// Reads its own columns, then `status` with [`status_of`], then `progress`.
    fn read(frame: Frame, columns: &mut Columns) -> Result<Self, StorageError>;
}

impl Tx {
    /// The job of this id.
    pub async fn job<J: Job>(
        &mut self,
        account: AccountId,
        id: Id,
    ) -> Result<Option<J>, StorageError> {
        let found = self.read_jobs("account_id = $1 AND id = $2", of(account, id));
        Ok(found.await?.pop())
    }

    /// A page of the account's jobs, the oldest first.
    pub async fn jobs<J: Job>(
        &mut self,
        account: AccountId,
        query: &ListQuery,
    ) -> Result<Page<J>, StorageError> {
        let mut conditions = Conditions::default();
        conditions.push("account_id = {}", Value::id(account));
        for (filter, text) in &query.filters {
            let known = J::FILTERS.iter().find(|(known, _)| known == filter);
            let (_, condition) = known.ok_or_else(|| StorageError::Backend {
                doing: READING,
                source: format!("{} have no {filter:?} to search by", J::TABLE).into(),
            })?;
            conditions.push(condition, text.as_str().into());
        }
        let Conditions { terms, mut values } = conditions;
        let condition = terms.join(" AND ");
        if let Some(q) = &query.q {
            // Names are parts of a JSON, and there are only so many jobs of an account.
            let all = format!("{condition} ORDER BY created_at, id");
            let part = folded(q);
            let mut found: Vec<J> = self.read_jobs(&all, values).await?;
            found.retain(|job| job.name().is_some_and(|name| folded(name).contains(&part)));
            return Ok(Page {
                total: found.len() as i64,
                items: found
                    .into_iter()
                    .skip(query.offset as usize)
                    .take(query.limit as usize)
                    .collect(),
            });
        }
        let total = self.count_rows(J::TABLE, &condition, values.clone());
        let total = total.await?;
        let (limit, offset) = (values.len() + 1, values.len() + 2);
        values.extend([query.limit.into(), query.offset.into()]);
        let page = format!("{condition} ORDER BY created_at, id LIMIT ${limit} OFFSET ${offset}");
        let items = self.read_jobs(&page, values).await?;
        Ok(Page { total, items })
    }

    /// How many jobs an account has.
    pub async fn count_jobs<J: Job>(&mut self, account: AccountId) -> Result<i64, StorageError> {
        self.count_rows(J::TABLE, "account_id = $1", vec![Value::id(account)])
            .await
    }

    /// Forgets all jobs of an account.
    pub(super) async fn delete_all_jobs<J: Job>(
        &mut self,
        account: AccountId,
    ) -> Result<(), StorageError> {
        let all = vec![Value::id(account)];
        for job in self.read_jobs::<J>("account_id = $1", all).await? {
            self.delete_job(&job).await?;
        }
        Ok(())
    }

    /// The jobs of all accounts that are not done, the oldest first.
    pub async fn unfinished_jobs<J: Job>(&mut self) -> Result<Vec<J>, StorageError> {
        let unfinished = "status IN ('Pending', 'Running') ORDER BY created_at, id";
        self.read_jobs(unfinished, vec![]).await
    }

    /// How many jobs of the account are not done.
    pub async fn count_unfinished_jobs<J: Job>(
        &mut self,
        account: AccountId,
    ) -> Result<i64, StorageError> {
        let unfinished = "account_id = $1 AND status IN ('Pending', 'Running')";
        self.count_rows(J::TABLE, unfinished, vec![Value::id(account)])
            .await
    }

    /// Writes how far a job has come; its stored revision has to be one less than this one's, else
    /// [`StorageError::Stale`].
    pub async fn save_job<J: Job>(&mut self, job: &J) -> Result<(), StorageError> {
        let frame = job.frame();
        let (status, finished_at) = job.status();
        if status.is_final()
            && let Some(stored) = self.job::<J>(frame.account_id, frame.id).await?
            && stored.frame().revision == frame.revision - 1
        {
            let (before, after) = (stored.shown()?, job.shown()?);
            self.note_job(J::SUBJECT, frame, Change::Updated { before, after });
        }
        let sql = format!(
            "UPDATE {} SET updated_at = $4, revision = revision + 1, status = $5, progress = $6, \
             finished_at = $7 WHERE account_id = $1 AND id = $2 AND revision = $3",
            J::TABLE
        );
        let mut values = of(frame.account_id, frame.id);
        values.extend([
            (frame.revision - 1).into(),
            frame.updated_at.into(),
            status.as_str().into(),
            job.progress()?,
            finished_at.map_or(Value::Null, Value::Integer),
        ]);
        match self.write(&sql, values).await? {
            0 => Err(StorageError::Stale),
            _ => Ok(()),
        }
    }

    /// Forgets a job.
    pub async fn delete_job<J: Job>(&mut self, job: &J) -> Result<(), StorageError> {
        self.remove_job(job, Change::Deleted).await
    }

    /// Forgets the account's jobs that ended before this time, and of the others that are done all but so many
    /// of the newest.
    pub async fn forget_jobs<J: Job>(
        &mut self,
        account: AccountId,
        ended_before: i64,
        kept_max: i64,
    ) -> Result<(), StorageError> {
        let done = format!(
            "account_id = $1 AND finished_at IS NOT NULL AND (finished_at < $2 \
             OR id NOT IN (SELECT id FROM {} WHERE account_id = $1 \
             ORDER BY created_at DESC, id DESC LIMIT $3))",
            J::TABLE
        );
        let values = vec![Value::id(account), ended_before.into(), kept_max.into()];
        for job in self.read_jobs::<J>(&done, values).await? {
            self.remove_job(&job, Change::Expired).await?;
        }
        Ok(())
    }

    async fn remove_job<J: Job>(
        &mut self,
        job: &J,
        change: fn(String) -> Change,
    ) -> Result<(), StorageError> {
        let frame = job.frame();
        let change = change(job.shown()?);
        self.note_job(J::SUBJECT, frame, change);
        if let Some(parts) = J::DELETE_PARTS {
            self.write(parts, of(frame.account_id, frame.id)).await?;
        }
        let sql = format!("DELETE FROM {} WHERE account_id = $1 AND id = $2", J::TABLE);
        self.write(&sql, of(frame.account_id, frame.id))
            .await
            .map(drop)
    }

    async fn read_jobs<J: Job>(
        &mut self,
        condition: &str,
        values: Vec<Value>,
    ) -> Result<Vec<J>, StorageError> {
        let sql = format!(
            "SELECT {} FROM {} WHERE {condition}",
            columns::<J>().join(", "),
            J::TABLE
        );
        let rows = self.session.scan(sql, values).await;
        let rows = rows.map_err(|error| error.doing(READING))?;
        rows.into_iter().map(job_of).collect()
    }

    pub(super) async fn count_rows(
        &mut self,
        table: &'static str,
        condition: &str,
        values: Vec<Value>,
    ) -> Result<i64, StorageError> {
        let sql = format!("SELECT count(*) FROM {table} WHERE {condition}");
        let rows = self.session.scan(sql, values).await;
        let row = rows.map_err(|error| error.doing(READING))?.pop();
        Columns::named(table, vec!["count"], row.unwrap_or_default()).integer()
    }

    pub(super) async fn write(
        &mut self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<u64, StorageError> {
        let done = self.session.execute(sql, values).await;
        done.map_err(|error| error.doing(WRITING))
    }
}

/// The columns of a job that are read, in their order.
pub(super) fn columns<J: Job>() -> Vec<&'static str> {
    let frame: &[_] = &["account_id", "id", "created_at", "updated_at", "revision"];
    [frame, J::OWN, &["status", "progress"]].concat()
}

/// The values of a frame, in the order of [`columns`].
pub(super) fn frame_values(frame: &Frame) -> Vec<Value> {
    let mut values = of(frame.account_id, frame.id);
    values.extend([
        frame.created_at.into(),
        frame.updated_at.into(),
        frame.revision.into(),
    ]);
    values
}

/// The next column as a status.
pub(super) fn status_of(columns: &mut Columns) -> Result<JobStatus, StorageError> {
    let word = columns.text()?;
    JobStatus::named(&word).ok_or_else(|| columns.unreadable())
}

/// A value of a job as JSON.
pub(super) fn json<J: Job>(
    job: &J,
    column: &'static str,
    value: &impl Serialize,
) -> Result<String, StorageError> {
    serde_json::to_string(value).map_err(|_| StorageError::Inconsistent {
        table: J::TABLE,
        column,
        id: job.frame().id.to_string(),
    })
}

fn of(account: AccountId, id: Id) -> Vec<Value> {
    vec![Value::id(account), Value::id(id)]
}

fn job_of<J: Job>(row: Row) -> Result<J, StorageError> {
    let mut columns = Columns::named(J::TABLE, columns::<J>(), row);
    let frame = columns.frame()?;
    J::read(frame, &mut columns)
}
