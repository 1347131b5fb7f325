//! Webhooks in the control store.

use moca_core::{
    app::PreviousSecret,
    resource::{Frame, Kind},
    webhook::{Webhook, WebhookConfig},
};

use super::{
    Filter,
    audit::Shown,
    sql::Value,
    table::{Columns, Mapped, Stored, Table, json_of},
};
use crate::StorageError;

impl Stored for Webhook {
    const KIND: Kind = Kind::Webhook;
}

impl Mapped for Webhook {
    type Config = WebhookConfig;

    const TABLE: &'static Table = &Table {
        name: "webhooks",
        columns: &[
            "app_id",
            "campaign_id",
            "sealed_secret",
            "sealed_previous_secret",
            "previous_secret_until",
            "status_json",
        ],
        n_read: 6,
        unique: &[],
        filters: &[
            (Filter::AppId, "app_id"),
            (Filter::CampaignId, "campaign_id"),
        ],
        labelled: false,
    };

    const SHOWN: &'static [(&'static str, &'static str, Shown)] =
        &[("status_json", "status", Shown::Json)];

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn name(&self) -> &str {
        &self.config.name
    }

    fn config(&self) -> &WebhookConfig {
        &self.config
    }

    fn values(&self) -> Result<Vec<Value>, StorageError> {
        let previous = self.previous_secret.as_ref();
        Ok(vec![
            Value::optional_id(self.config.app_id),
            Value::optional_id(self.config.campaign_id),
            Value::from(self.sealed_secret.as_slice()),
            Value::optional_bytes(previous.map(|previous| previous.sealed.as_slice())),
            previous.map_or(Value::Null, |previous| previous.until.into()),
            json_of(self, "status_json", &self.status)?,
        ])
    }

    fn read(
        frame: Frame,
        config: WebhookConfig,
        columns: &mut Columns,
    ) -> Result<Self, StorageError> {
        // Copies from the configuration.
        columns.skip();
        columns.skip();
        let sealed_secret = columns.bytes()?;
        let sealed = columns.optional_bytes()?;
        let until = columns.optional_integer()?;
        let previous = sealed.zip(until);
        Ok(Self {
            frame,
            sealed_secret,
            previous_secret: previous.map(|(sealed, until)| PreviousSecret { sealed, until }),
            status: columns.json()?,
            config,
        })
    }
}
