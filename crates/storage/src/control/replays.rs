//! Replays. They are no part of what is configured: nothing of this is in the change feed. The audit
//! log has who asked for, stopped and deleted them, and how they ended.

use moca_core::{
    id::{AccountId, AppId, CampaignId, ReplayId},
    replay::{Replay, ReplayStatus},
    resource::Frame,
    time::Range,
};
use serde::Serialize;

use super::{
    Page, READING, Tx, WRITING,
    audit::Change,
    changes::tuples,
    sql::{Row, Value},
    table::Columns,
};
use crate::StorageError;

/// The columns of a replay, in the order of [`replay_of`].
const COLUMNS: &str = "account_id, id, created_at, updated_at, revision, app_id, campaign_id, \
                       from_ms, to_ms, draft, status, progress";
const NAMES: [&str; 12] = [
    "account_id",
    "id",
    "created_at",
    "updated_at",
    "revision",
    "app_id",
    "campaign_id",
    "from_ms",
    "to_ms",
    "draft",
    "status",
    "progress",
];

impl Tx {
    /// Adds a replay.
    pub async fn insert_replay(&mut self, replay: &Replay) -> Result<(), StorageError> {
        let frame = &replay.frame;
        let sql = format!("INSERT INTO replays ({COLUMNS}) VALUES {}", tuples(1, 12));
        let after = Change::Created(shown(replay)?);
        self.note_replay(frame.account_id, frame.id, frame.created_at, after);
        let draft = match &replay.draft {
            Some(draft) => Value::Text(json(replay, "draft", draft)?),
            None => Value::Null,
        };
        let values = vec![
            Value::id(frame.account_id),
            Value::id(frame.id),
            frame.created_at.into(),
            frame.updated_at.into(),
            frame.revision.into(),
            Value::id(replay.app_id),
            Value::id(replay.campaign_id),
            replay.range.from.into(),
            replay.range.to.into(),
            draft,
            replay.status.as_str().into(),
            Value::Text(json(replay, "progress", &replay.progress)?),
        ];
        self.write_replays(&sql, values).await.map(drop)
    }

    /// The replay of this id.
    pub async fn replay(
        &mut self,
        account: AccountId,
        id: ReplayId,
    ) -> Result<Option<Replay>, StorageError> {
        let sql = format!("SELECT {COLUMNS} FROM replays WHERE account_id = $1 AND id = $2");
        let values = vec![Value::id(account), Value::id(id)];
        Ok(self.read_replays(&sql, values).await?.pop())
    }

    /// A page of the account's replays, the oldest first.
    pub async fn replays(
        &mut self,
        account: AccountId,
        offset: i64,
        limit: i64,
    ) -> Result<Page<Replay>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM replays WHERE account_id = $1 \
             ORDER BY created_at, id LIMIT $2 OFFSET $3"
        );
        let values = vec![Value::id(account), limit.into(), offset.into()];
        let items = self.read_replays(&sql, values).await?;
        let sql = "SELECT count(*) FROM replays WHERE account_id = $1";
        let total = self.count_replays(sql, vec![Value::id(account)]).await?;
        Ok(Page { total, items })
    }

    /// The replays of all accounts that are not done, the oldest first.
    pub async fn unfinished_replays(&mut self) -> Result<Vec<Replay>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM replays WHERE status IN ('Pending', 'Running') \
             ORDER BY created_at, id"
        );
        self.read_replays(&sql, vec![]).await
    }

    /// The ids of the replays of all accounts.
    pub async fn replay_ids(&mut self) -> Result<Vec<ReplayId>, StorageError> {
        let rows = self.session.scan("SELECT id FROM replays", vec![]).await;
        let rows = rows.map_err(|error| error.doing(READING))?;
        let id = |row| {
            Columns::named("replays", vec!["id"], row)
                .id()
                .map(ReplayId)
        };
        rows.into_iter().map(id).collect()
    }

    /// How many replays of the account are not done.
    pub async fn count_unfinished_replays(
        &mut self,
        account: AccountId,
    ) -> Result<i64, StorageError> {
        let sql = "SELECT count(*) FROM replays \
                   WHERE account_id = $1 AND status IN ('Pending', 'Running')";
        self.count_replays(sql, vec![Value::id(account)]).await
    }

    /// Writes how far a replay has come; its stored revision has to be one less than this one's, else
    /// [`StorageError::Stale`].
    pub async fn save_replay(&mut self, replay: &Replay) -> Result<(), StorageError> {
        let frame = &replay.frame;
        if replay.status.is_final()
            && let Some(stored) = self.replay(frame.account_id, replay.id()).await?
            && stored.frame.revision == frame.revision - 1
        {
            let (before, after) = (shown(&stored)?, shown(replay)?);
            let change = Change::Updated { before, after };
            self.note_replay(frame.account_id, frame.id, frame.updated_at, change);
        }
        let sql = "UPDATE replays SET updated_at = $4, revision = revision + 1, status = $5, \
                   progress = $6, finished_at = $7 \
                   WHERE account_id = $1 AND id = $2 AND revision = $3";
        let finished_at = replay.progress.finished_at;
        let values = vec![
            Value::id(frame.account_id),
            Value::id(frame.id),
            (frame.revision - 1).into(),
            frame.updated_at.into(),
            replay.status.as_str().into(),
            Value::Text(json(replay, "progress", &replay.progress)?),
            finished_at.map_or(Value::Null, Value::Integer),
        ];
        match self.write_replays(sql, values).await? {
            0 => Err(StorageError::Stale),
            _ => Ok(()),
        }
    }

    /// Forgets a replay.
    pub async fn delete_replay(&mut self, replay: &Replay) -> Result<(), StorageError> {
        self.remove_replay(replay, Change::Deleted).await
    }

    async fn remove_replay(
        &mut self,
        replay: &Replay,
        change: fn(String) -> Change,
    ) -> Result<(), StorageError> {
        let frame = &replay.frame;
        let change = change(shown(replay)?);
        self.note_replay(frame.account_id, frame.id, frame.updated_at, change);
        let values = vec![Value::id(frame.account_id), Value::id(frame.id)];
        let sql = "DELETE FROM replays WHERE account_id = $1 AND id = $2";
        self.write_replays(sql, values).await.map(drop)
    }

    /// Forgets of the account's replays that are done all but so many of the newest.
    pub async fn forget_replays(
        &mut self,
        account: AccountId,
        kept_max: i64,
    ) -> Result<(), StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM replays WHERE account_id = $1 AND finished_at IS NOT NULL \
             AND id NOT IN (SELECT id FROM replays WHERE account_id = $1 \
             ORDER BY created_at DESC, id DESC LIMIT $2)"
        );
        let values = vec![Value::id(account), kept_max.into()];
        for replay in self.read_replays(&sql, values).await? {
            self.remove_replay(&replay, Change::Expired).await?;
        }
        Ok(())
    }

    async fn read_replays(
        &mut self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Replay>, StorageError> {
        let rows = self.session.scan(sql, values).await;
        let rows = rows.map_err(|error| error.doing(READING))?;
        rows.into_iter().map(replay_of).collect()
    }

    async fn count_replays(&mut self, sql: &str, values: Vec<Value>) -> Result<i64, StorageError> {
        let rows = self.session.scan(sql, values).await;
        let row = rows.map_err(|error| error.doing(READING))?.pop();
        Columns::named("replays", vec!["count"], row.unwrap_or_default()).integer()
    }

    async fn write_replays(&mut self, sql: &str, values: Vec<Value>) -> Result<u64, StorageError> {
        let done = self.session.execute(sql, values).await;
        done.map_err(|error| error.doing(WRITING))
    }
}

/// A replay as the audit log shows it.
fn shown(replay: &Replay) -> Result<String, StorageError> {
    let shown = serde_json::json!({
        "campaignId": replay.campaign_id,
        "from": replay.range.from,
        "to": replay.range.to,
        "status": replay.status,
    });
    json(replay, "status", &shown)
}

fn json(
    replay: &Replay,
    column: &'static str,
    value: &impl Serialize,
) -> Result<String, StorageError> {
    serde_json::to_string(value).map_err(|_| StorageError::Inconsistent {
        table: "replays",
        column,
        id: replay.frame.id.to_string(),
    })
}

fn replay_of(row: Row) -> Result<Replay, StorageError> {
    let mut columns = Columns::named("replays", NAMES.to_vec(), row);
    Ok(Replay {
        frame: Frame {
            account_id: AccountId(columns.id()?),
            id: columns.id()?,
            created_at: columns.integer()?,
            updated_at: columns.integer()?,
            revision: columns.integer()?,
        },
        app_id: AppId(columns.id()?),
        campaign_id: CampaignId(columns.id()?),
        range: Range {
            from: columns.integer()?,
            to: columns.integer()?,
        },
        draft: match columns.optional_text()? {
            Some(text) => Some(serde_json::from_str(&text).map_err(|_| columns.unreadable())?),
            None => None,
        },
        status: {
            let word = columns.text()?;
            ReplayStatus::named(&word).ok_or_else(|| columns.unreadable())?
        },
        progress: columns.json()?,
    })
}
