//! Replays: what of them is not as of every [`Job`].

use moca_core::{
    audit::Subject,
    id::{AppId, CampaignId, ReplayId},
    job::JobStatus,
    replay::Replay,
    resource::Frame,
    time::Range,
};

use super::{
    Filter, READING, Tx,
    audit::Change,
    changes::tuples,
    jobs::{Job, columns, frame_values, json, status_of},
    sql::Value,
    table::Columns,
};
use crate::StorageError;

impl Job for Replay {
    const TABLE: &'static str = "replays";
    const OWN: &'static [&'static str] = &["app_id", "campaign_id", "from_ms", "to_ms", "draft"];
    const SUBJECT: Subject = Subject::Replay;
    const FILTERS: &'static [(Filter, &'static str)] = &[
        (Filter::Status, "status = {}"),
        (Filter::AppId, "app_id = {}"),
        (Filter::CampaignId, "campaign_id = {}"),
    ];
    const DELETE_PARTS: Option<&'static str> = None;

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn status(&self) -> (JobStatus, Option<i64>) {
        (self.status, self.progress.finished_at)
    }

    fn name(&self) -> Option<&str> {
        None
    }

    fn progress(&self) -> Result<Value, StorageError> {
        json(self, "progress", &self.progress).map(Value::Text)
    }

    fn shown(&self) -> Result<String, StorageError> {
        let shown = serde_json::json!({
            "campaignId": self.campaign_id,
            "from": self.range.from,
            "to": self.range.to,
            "status": self.status,
        });
        json(self, "status", &shown)
    }

    fn read(frame: Frame, columns: &mut Columns) -> Result<Self, StorageError> {
        Ok(Self {
            frame,
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
            status: status_of(columns)?,
            progress: columns.json()?,
        })
    }
}

impl Tx {
    /// Adds a replay.
    pub async fn insert_replay(&mut self, replay: &Replay) -> Result<(), StorageError> {
        let columns = columns::<Replay>();
        let sql = format!(
            "INSERT INTO replays ({}) VALUES {}",
            columns.join(", "),
            tuples(1, columns.len())
        );
        self.note_job(
            Subject::Replay,
            &replay.frame,
            Change::Created(replay.shown()?),
        );
        let draft = match &replay.draft {
            Some(draft) => Value::Text(json(replay, "draft", draft)?),
            None => Value::Null,
        };
        let mut values = frame_values(&replay.frame);
        values.extend([
            Value::id(replay.app_id),
            Value::id(replay.campaign_id),
            replay.range.from.into(),
            replay.range.to.into(),
            draft,
            replay.status.as_str().into(),
            replay.progress()?,
        ]);
        self.write(&sql, values).await.map(drop)
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
}
