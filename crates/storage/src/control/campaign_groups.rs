//! Campaign groups in the control store.

use moca_core::{
    campaign::group::{CampaignGroup, CampaignGroupConfig},
    id::AppId,
    resource::{Frame, Kind},
};

use super::{
    Filter,
    audit::Shown,
    raw::Raw,
    sql::Value,
    table::{Columns, Mapped, Stored, Table},
};
use crate::StorageError;

impl Stored for CampaignGroup {
    const KIND: Kind = Kind::CampaignGroup;
}

impl Raw for CampaignGroup {
    const PARENT: Option<&'static str> = Some("app_id");
}

impl Mapped for CampaignGroup {
    type Config = CampaignGroupConfig;

    const TABLE: &'static Table = &Table {
        name: "campaign_groups",
        columns: &["app_id"],
        n_read: 1,
        unique: &[],
        filters: &[(Filter::AppId, "app_id")],
        labelled: false,
    };

    const SHOWN: &'static [(&'static str, &'static str, Shown)] =
        &[("app_id", "appId", Shown::Text)];

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn name(&self) -> &str {
        &self.config.name
    }

    fn config(&self) -> &CampaignGroupConfig {
        &self.config
    }

    fn values(&self) -> Result<Vec<Value>, StorageError> {
        Ok(vec![Value::id(self.app_id)])
    }

    fn read(
        frame: Frame,
        config: CampaignGroupConfig,
        columns: &mut Columns,
    ) -> Result<Self, StorageError> {
        Ok(Self {
            frame,
            app_id: AppId(columns.id()?),
            config,
        })
    }
}
