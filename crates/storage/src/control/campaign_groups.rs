//! Campaign groups in the control store.

use moca_core::{
    campaign::group::{CampaignGroup, CampaignGroupConfig},
    id::AppId,
    resource::{Frame, Kind},
};

use super::{
    Filter,
    sql::Value,
    table::{Columns, Mapped, Stored, Table},
};
use crate::StorageError;

impl Stored for CampaignGroup {
    const KIND: Kind = Kind::CampaignGroup;
}

impl Mapped for CampaignGroup {
    type Config = CampaignGroupConfig;

    const TABLE: &'static Table = &Table {
        name: "campaign_groups",
        columns: &["app_id"],
        unique: &[],
        filters: &[(Filter::AppId, "app_id")],
        labelled: false,
    };

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
