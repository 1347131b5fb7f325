//! Campaigns in the control store.

use moca_core::{
    campaign::{Campaign, CampaignConfig},
    id::AppId,
    resource::{Frame, Kind},
};

use super::{
    Filter,
    audit::Shown,
    filters,
    sql::Value,
    table::{Columns, Mapped, Stored, Table, json_of},
};
use crate::StorageError;

impl Stored for Campaign {
    const KIND: Kind = Kind::Campaign;
}

impl Mapped for Campaign {
    type Config = CampaignConfig;

    const TABLE: &'static Table = &Table {
        name: "campaigns",
        columns: &[
            "app_id",
            "lifecycle",
            "segment_id",
            "group_id",
            "phase",
            "start_at",
            "end_at",
        ],
        n_read: 2,
        unique: &[],
        filters: &[
            (Filter::AppId, "app_id"),
            (Filter::GroupId, "group_id"),
            (Filter::SegmentId, "segment_id"),
        ],
        labelled: false,
    };

    const SHOWN: &'static [(&'static str, &'static str, Shown)] = &[
        ("app_id", "appId", Shown::Text),
        ("lifecycle", "lifecycle", Shown::Json),
    ];

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn name(&self) -> &str {
        &self.config.name
    }

    fn config(&self) -> &CampaignConfig {
        &self.config
    }

    fn values(&self) -> Result<Vec<Value>, StorageError> {
        let mut values = vec![
            Value::id(self.app_id),
            json_of(self, "lifecycle", &self.lifecycle)?,
            // A copy, to find the campaigns of a segment.
            Value::optional_id(self.config.segment_id),
            Value::optional_id(self.config.group_id),
        ];
        values.extend(filters::campaign_values(&self.lifecycle, &self.config));
        Ok(values)
    }

    fn read(
        frame: Frame,
        config: CampaignConfig,
        columns: &mut Columns,
    ) -> Result<Self, StorageError> {
        Ok(Self {
            frame,
            app_id: AppId(columns.id()?),
            lifecycle: columns.json()?,
            config,
        })
    }
}
