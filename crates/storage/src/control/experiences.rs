//! Experiences in the control store.

use moca_core::{
    experience::{Experience, ExperienceConfig, Target},
    id::CampaignId,
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

const fn kind_of(target: Target) -> Kind {
    match target {
        Target::Place(_) => Kind::Place,
        Target::Zone(_) => Kind::Zone,
        Target::Beacon(_) => Kind::Beacon,
    }
}

/// A target as it stands in the column `part_targets`.
fn named(target: Target) -> String {
    format!("{}:{}", kind_of(target).word(), target.id())
}

impl Stored for Experience {
    const KIND: Kind = Kind::Experience;
}

impl Mapped for Experience {
    type Config = ExperienceConfig;

    const TABLE: &'static Table = &Table {
        name: "experiences",
        columns: &[
            "campaign_id",
            "enabled",
            "target_kind",
            "target_id",
            "part_targets",
            "trigger_json",
            "action_json",
        ],
        n_read: 7,
        unique: &[],
        filters: &[
            (Filter::CampaignId, "campaign_id"),
            (Filter::Enabled, "enabled"),
        ],
        labelled: false,
    };

    const SHOWN: &'static [(&'static str, &'static str, Shown)] = &[
        ("campaign_id", "campaignId", Shown::Text),
        ("trigger_json", "trigger", Shown::Json),
        ("action_json", "action", Shown::Json),
    ];

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn name(&self) -> &str {
        &self.config.name
    }

    fn config(&self) -> &ExperienceConfig {
        &self.config
    }

    fn values(&self) -> Result<Vec<Value>, StorageError> {
        // What a composite is about stands in one text, since it may be several things.
        let target = self.trigger.target();
        let (target_kind, target_id) = match target {
            Some(target) => (kind_of(target).word(), target.id().to_string()),
            None => ("", String::new()),
        };
        let parts = self.trigger.targets().map(named).collect::<Vec<_>>();
        let part_targets = match self.trigger.is_composite() {
            true => parts.join(" ").into(),
            false => Value::Null,
        };
        Ok(vec![
            Value::id(self.campaign_id),
            filters::enabled(&self.config),
            target_kind.into(),
            target_id.into(),
            part_targets,
            json_of(self, "trigger_json", &self.trigger)?,
            json_of(self, "action_json", &self.action)?,
        ])
    }

    fn read(
        frame: Frame,
        config: ExperienceConfig,
        columns: &mut Columns,
    ) -> Result<Self, StorageError> {
        let campaign_id = CampaignId(columns.id()?);
        // Copies from config and trigger, to find what is enabled or refers to a place, zone or beacon.
        columns.skip();
        columns.skip();
        columns.skip();
        columns.skip();
        Ok(Self {
            frame,
            campaign_id,
            config,
            trigger: columns.json()?,
            action: columns.json()?,
        })
    }
}
