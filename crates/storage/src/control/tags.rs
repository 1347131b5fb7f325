//! Tags in the control store.

use moca_core::{
    id::AppId,
    resource::{Frame, Kind},
    tag::{Tag, TagConfig},
};

use super::{
    Filter,
    sql::Value,
    table::{Columns, Mapped, Stored, Table, Unique},
};
use crate::StorageError;

impl Stored for Tag {
    const KIND: Kind = Kind::Tag;
}

impl Mapped for Tag {
    type Config = TagConfig;

    const TABLE: &'static Table = &Table {
        name: "tags",
        columns: &["app_id", "unique_name"],
        n_read: 1,
        unique: &[Unique {
            columns: &["account_id", "app_id", "unique_name"],
            field: "config.name",
        }],
        filters: &[(Filter::AppId, "app_id")],
        labelled: false,
    };

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn name(&self) -> &str {
        &self.config.name
    }

    fn config(&self) -> &TagConfig {
        &self.config
    }

    fn values(&self) -> Result<Vec<Value>, StorageError> {
        Ok(vec![
            Value::id(self.app_id),
            self.config.name.as_str().into(),
        ])
    }

    fn read(frame: Frame, config: TagConfig, columns: &mut Columns) -> Result<Self, StorageError> {
        Ok(Self {
            frame,
            app_id: AppId(columns.id()?),
            config,
        })
    }
}
