//! Notifications in the control store.

use moca_core::{
    id::CampaignId,
    notification::{Notification, NotificationConfig},
    resource::{Frame, Kind},
};

use super::{
    Filter, READING, Tx, WRITING,
    audit::Shown,
    sql::Value,
    table::{Columns, Mapped, Stored, Table, json_of, object_of},
};
use crate::StorageError;

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
        filters: &[(Filter::CampaignId, "campaign_id")],
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
