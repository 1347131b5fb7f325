//! Experiences in the control store.

use moca_core::{
    experience::{Experience, ExperienceConfig, Target, TargetKind},
    id::{AccountId, CampaignId, ExperienceId},
    resource::{Frame, Kind},
};

use super::{
    Filter, READING, Tx,
    audit::Shown,
    filters,
    sql::Value,
    table::{Columns, Mapped, Stored, Table, json_of},
};
use crate::StorageError;

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
            "trigger_json",
            "action_json",
        ],
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
        let (_, target) = self.trigger.crossing();
        let target_kind = match target {
            Target::Place(_) => Kind::Place,
            Target::Zone(_) => Kind::Zone,
            Target::Beacon(_) => Kind::Beacon,
        };
        Ok(vec![
            Value::id(self.campaign_id),
            filters::enabled(&self.config),
            target_kind.word().into(),
            Value::id(target.id()),
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
        Ok(Self {
            frame,
            campaign_id,
            config,
            trigger: columns.json()?,
            action: columns.json()?,
        })
    }
}

impl Tx {
    /// What the triggers of the account's experiences are about, in no particular order.
    pub async fn experience_targets(
        &mut self,
        account: AccountId,
    ) -> Result<Vec<(ExperienceId, Target)>, StorageError> {
        let table = Experience::TABLE.name;
        let sql = format!("SELECT id, target_kind, target_id FROM {table} WHERE account_id = $1");
        let rows = self.session.scan(sql, vec![Value::id(account)]).await;
        let rows = rows.map_err(|error| error.doing(READING))?;
        rows.into_iter()
            .map(|row| {
                let mut columns =
                    Columns::named(table, vec!["id", "target_kind", "target_id"], row);
                let id = ExperienceId(columns.id()?);
                let kind = match columns.text()?.as_str() {
                    "zone" => TargetKind::Zone,
                    "beacon" => TargetKind::Beacon,
                    _ => TargetKind::Place,
                };
                Ok((id, kind.with_id(columns.id()?)))
            })
            .collect()
    }
}
