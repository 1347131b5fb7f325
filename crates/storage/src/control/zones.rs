//! Zones in the control store.

use moca_core::{
    id::{LabelId, PlaceId},
    resource::{Frame, Kind},
    zone::{Zone, ZoneConfig},
};

use super::{
    Filter,
    audit::Shown,
    raw::Raw,
    sql::Value,
    table::{Columns, Mapped, Stored, Table, Unique},
};
use crate::StorageError;

impl Stored for Zone {
    const KIND: Kind = Kind::Zone;
}

impl Raw for Zone {
    const PARENT: Option<&'static str> = Some("place_id");
}

impl Mapped for Zone {
    type Config = ZoneConfig;

    const TABLE: &'static Table = &Table {
        name: "zones",
        columns: &["place_id", "external_id", "floor_number", "short_id"],
        n_read: 1,
        unique: &[
            Unique {
                columns: &["account_id", "external_id"],
                field: "config.externalId",
            },
            Unique {
                columns: &["account_id", "place_id", "floor_number", "short_id"],
                field: "config.shortId",
            },
        ],
        filters: &[
            (Filter::PlaceId, "place_id"),
            (Filter::ExternalId, "external_id"),
        ],
        labelled: true,
    };

    const SHOWN: &'static [(&'static str, &'static str, Shown)] =
        &[("place_id", "placeId", Shown::Text)];

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn name(&self) -> &str {
        &self.config.name
    }

    fn config(&self) -> &ZoneConfig {
        &self.config
    }

    fn values(&self) -> Result<Vec<Value>, StorageError> {
        Ok(vec![
            Value::id(self.place_id),
            Value::optional_text(self.config.external_id.as_deref()),
            self.config.floor_number.into(),
            Value::optional_text(self.config.short_id.as_deref()),
        ])
    }

    fn label_ids(&self) -> &[LabelId] {
        &self.config.label_ids
    }

    fn read(frame: Frame, config: ZoneConfig, columns: &mut Columns) -> Result<Self, StorageError> {
        Ok(Self {
            frame,
            place_id: PlaceId(columns.id()?),
            config,
        })
    }
}
