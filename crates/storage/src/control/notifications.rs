//! Notifications in the control store.

use std::collections::HashSet;

use moca_core::{
    id::{AccountId, AppId, CampaignId, Id, InstanceId, NotificationId},
    notification::{Audience, Notification, NotificationConfig},
    resource::{Frame, Kind},
};

use super::{
    Filter, READING, Tx, WRITING,
    audit::Shown,
    changes::{chunk_len, placeholders},
    list::containing,
    sql::Value,
    table::{Columns, Mapped, Stored, Table, json_of, object_of},
};
use crate::StorageError;

/// Ids looked up by one statement at most.
const IDS_AT_ONCE: usize = 64;
/// Texts looked for by one statement at most.
const NAMES_AT_ONCE: usize = 32;

impl Stored for Notification {
    const KIND: Kind = Kind::Notification;
}

impl Mapped for Notification {
    type Config = NotificationConfig;

    const TABLE: &'static Table = &Table {
        name: "notifications",
        columns: &[
            "campaign_id",
            "segment_id",
            "state",
            "trigger_json",
            "audience_json",
            "action_json",
            "options_json",
            "status_json",
        ],
        n_read: 8,
        unique: &[],
        filters: &[
            (Filter::CampaignId, "campaign_id"),
            (Filter::SegmentId, "segment_id"),
            (Filter::Status, "state"),
        ],
        labelled: false,
    };

    // Not the audience: it may list people, and the log keeps what it has for ever.
    const SHOWN: &'static [(&'static str, &'static str, Shown)] = &[
        ("campaign_id", "campaignId", Shown::Text),
        ("trigger_json", "trigger", Shown::Json),
        ("action_json", "action", Shown::Json),
        ("options_json", "options", Shown::Json),
        ("status_json", "status", Shown::Json),
    ];

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn name(&self) -> &str {
        &self.config.name
    }

    fn config(&self) -> &NotificationConfig {
        &self.config
    }

    fn values(&self) -> Result<Vec<Value>, StorageError> {
        Ok(vec![
            Value::id(self.campaign_id),
            Value::optional_id(self.audience.segment_id()),
            self.status.state.as_str().into(),
            json_of(self, "trigger_json", &self.trigger)?,
            json_of(self, "audience_json", &self.audience)?,
            json_of(self, "action_json", &self.action)?,
            json_of(self, "options_json", &self.options)?,
            json_of(self, "status_json", &self.status)?,
        ])
    }

    fn read(
        frame: Frame,
        config: NotificationConfig,
        columns: &mut Columns,
    ) -> Result<Self, StorageError> {
        let campaign_id = CampaignId(columns.id()?);
        // Copies from audience and status.
        columns.skip();
        columns.skip();
        Ok(Self {
            frame,
            campaign_id,
            config,
            trigger: columns.json()?,
            audience: columns.json()?,
            action: columns.json()?,
            options: columns.json()?,
            status: columns.json()?,
        })
    }
}

impl Tx {
    /// The notifications of all accounts that wait or are being sent, the oldest first.
    pub async fn notifications_under_way(&mut self) -> Result<Vec<Notification>, StorageError> {
        let columns = Notification::TABLE.read_columns();
        let sql = format!(
            "SELECT {columns} FROM notifications WHERE state IN ('Pending', 'Enqueued', 'Sending') \
             ORDER BY created_at, id"
        );
        let rows = self.session.query(sql, vec![]).await;
        let rows = rows.map_err(|error| error.doing(READING))?;
        rows.into_iter().map(object_of).collect()
    }

    /// Those of these notifications that there are, in whatever account.
    pub async fn notifications_left(
        &mut self,
        ids: &[NotificationId],
    ) -> Result<HashSet<NotificationId>, StorageError> {
        let mut found = HashSet::new();
        let mut left = ids;
        while !left.is_empty() {
            let (some, rest) = left.split_at(chunk_len(left.len(), IDS_AT_ONCE));
            let sql = format!(
                "SELECT id FROM notifications WHERE id IN ({})",
                placeholders(1, some.len())
            );
            let values = some.iter().map(|id| Value::id(*id)).collect();
            let rows = self.session.query(sql, values).await;
            for row in rows.map_err(|error| error.doing(READING))? {
                let id = Columns::named("notifications", vec!["id"], row).id()?;
                found.insert(NotificationId(id));
            }
            left = rest;
        }
        Ok(found)
    }

    /// The notifications of an app whose audience names one of these instances or users.
    pub async fn notifications_to(
        &mut self,
        (account, app): (AccountId, AppId),
        instances: &[InstanceId],
        users: &[String],
    ) -> Result<Vec<Id>, StorageError> {
        let instance_ids = instances.iter().map(|id| quoted(&id.to_string()));
        let names: Vec<String> = instance_ids
            .chain(users.iter().map(|id| quoted(id)))
            .collect();
        let mut found = HashSet::new();
        for some in names.chunks(NAMES_AT_ONCE) {
            let mut values = vec![Value::id(account), Value::id(app)];
            let mut terms = Vec::with_capacity(some.len());
            for name in some {
                values.push(containing(name).into());
                terms.push(format!("audience_json LIKE ${} ESCAPE '\\'", values.len()));
            }
            let sql = format!(
                "SELECT account_id, id FROM notifications WHERE account_id = $1 AND campaign_id IN \
                 (SELECT id FROM campaigns WHERE account_id = $1 AND app_id = $2) AND ({})",
                terms.join(" OR ")
            );
            let rows = self.session.scan(sql, values).await;
            for row in rows.map_err(|error| error.doing(READING))? {
                let mut columns = Columns::named("notifications", vec!["account_id", "id"], row);
                columns.skip();
                found.insert(columns.id()?);
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Takes instances and users off the audience of a notification. The audit log tells nothing of it: it
    /// tells of their erasure, for which this is done.
    pub async fn take_off_audience(
        &mut self,
        account: AccountId,
        notification: Id,
        (instances, users): (&[InstanceId], &[String]),
        now_ms: i64,
    ) -> Result<(), StorageError> {
        let Some(mut notification) = self.get::<Notification>(account, notification).await? else {
            return Ok(());
        };
        match &mut notification.audience {
            Audience::Instances { instance_ids } => {
                instance_ids.retain(|id| !instances.contains(id));
            }
            Audience::Users { user_ids } => user_ids.retain(|id| !users.contains(id)),
            Audience::All {} | Audience::Segment { .. } => return Ok(()),
        }
        let sql = "UPDATE notifications SET audience_json = $3, updated_at = $4, \
                   revision = revision + 1 WHERE account_id = $1 AND id = $2";
        let values = vec![
            Value::id(account),
            Value::id(notification.frame.id),
            json_of(&notification, "audience_json", &notification.audience)?,
            now_ms.max(notification.frame.updated_at).into(),
        ];
        self.write(sql, values).await.map(drop)
    }

    /// Writes down how far a notification has come, unless its state is another one by now; false
    /// then. This is no change that the audit log tells of: those of the state are.
    pub async fn save_progress(
        &mut self,
        notification: &Notification,
    ) -> Result<bool, StorageError> {
        let frame = &notification.frame;
        let sql = "UPDATE notifications SET status_json = $4, updated_at = $5, \
                   revision = revision + 1 WHERE account_id = $1 AND id = $2 AND state = $3";
        let values = vec![
            Value::id(frame.account_id),
            Value::id(frame.id),
            notification.status.state.as_str().into(),
            json_of(notification, "status_json", &notification.status)?,
            frame.updated_at.into(),
        ];
        let written = self.session.execute(sql, values).await;
        Ok(written.map_err(|error| error.doing(WRITING))? > 0)
    }
}

/// A text as it stands in JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
