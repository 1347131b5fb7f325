//! Labels in the control store.

use moca_core::{
    label::{Label, LabelConfig},
    resource::{Frame, Kind},
};

use super::{
    sql::Value,
    table::{Columns, Mapped, Stored, Table, Unique},
};
use crate::StorageError;

impl Stored for Label {
    const KIND: Kind = Kind::Label;
}

impl Mapped for Label {
    type Config = LabelConfig;

    const TABLE: &'static Table = &Table {
        name: "labels",
        columns: &["unique_name"],
        unique: &[Unique {
            columns: &["account_id", "unique_name"],
            field: "config.name",
        }],
        filters: &[],
        labelled: false,
    };

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn name(&self) -> &str {
        &self.config.name
    }

    fn config(&self) -> &LabelConfig {
        &self.config
    }

    fn values(&self) -> Result<Vec<Value>, StorageError> {
        Ok(vec![Value::from(self.config.name.as_str())])
    }

    fn read(frame: Frame, config: LabelConfig, _: &mut Columns) -> Result<Self, StorageError> {
        Ok(Self { frame, config })
    }
}
