//! Places in the control store.

use moca_core::{
    id::LabelId,
    place::{Place, PlaceConfig},
    resource::{Frame, Kind},
};

use super::{
    Filter, place_bounds,
    raw::Raw,
    sql::Value,
    table::{Columns, Mapped, Stored, Table, Unique},
};
use crate::StorageError;

impl Stored for Place {
    const KIND: Kind = Kind::Place;
}

impl Raw for Place {
    const PARENT: Option<&'static str> = None;
}

impl Mapped for Place {
    type Config = PlaceConfig;

    const TABLE: &'static Table = &Table {
        name: "places",
        columns: &[
            "sealed_secret_key",
            "external_id",
            "cell",
            "south",
            "west",
            "north",
            "east",
        ],
        n_read: 1,
        unique: &[Unique {
            columns: &["account_id", "external_id"],
            field: "config.externalId",
        }],
        filters: &[(Filter::ExternalId, "external_id")],
        labelled: true,
    };

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn name(&self) -> &str {
        &self.config.name
    }

    fn config(&self) -> &PlaceConfig {
        &self.config
    }

    fn values(&self) -> Result<Vec<Value>, StorageError> {
        let external_id = self.config.external_id.as_deref();
        let mut values = vec![
            Value::optional_bytes(self.sealed_secret_key.as_deref()),
            Value::optional_text(external_id),
        ];
        values.extend(place_bounds::values(self.config.geofence.as_ref()));
        Ok(values)
    }

    fn label_ids(&self) -> &[LabelId] {
        &self.config.label_ids
    }

    fn read(
        frame: Frame,
        config: PlaceConfig,
        columns: &mut Columns,
    ) -> Result<Self, StorageError> {
        Ok(Self {
            frame,
            config,
            sealed_secret_key: columns.optional_bytes()?,
        })
    }
}
