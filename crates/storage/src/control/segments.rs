//! Segments in the control store.

use moca_core::{
    id::AppId,
    resource::{Frame, Kind},
    segment::{Segment, SegmentConfig},
};

use super::{
    Filter,
    audit::Shown,
    raw::Raw,
    sql::Value,
    table::{Columns, Mapped, Stored, Table, Unique},
};
use crate::StorageError;

impl Stored for Segment {
    const KIND: Kind = Kind::Segment;
}

impl Raw for Segment {
    const PARENT: Option<&'static str> = Some("app_id");
}

impl Mapped for Segment {
    type Config = SegmentConfig;

    const TABLE: &'static Table = &Table {
        name: "segments",
        columns: &["app_id", "external_id", "unique_name", "named_ids"],
        n_read: 1,
        unique: &[
            Unique {
                columns: &["account_id", "external_id"],
                field: "config.externalId",
            },
            Unique {
                columns: &["account_id", "app_id", "unique_name"],
                field: "config.name",
            },
        ],
        filters: &[
            (Filter::AppId, "app_id"),
            (Filter::ExternalId, "external_id"),
        ],
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

    fn config(&self) -> &SegmentConfig {
        &self.config
    }

    fn values(&self) -> Result<Vec<Value>, StorageError> {
        Ok(vec![
            Value::id(self.app_id),
            Value::optional_text(self.config.external_id.as_deref()),
            self.config.name.as_str().into(),
            named_ids(self).as_str().into(),
        ])
    }

    fn read(
        frame: Frame,
        config: SegmentConfig,
        columns: &mut Columns,
    ) -> Result<Self, StorageError> {
        Ok(Self {
            frame,
            app_id: AppId(columns.id()?),
            config,
        })
    }
}

/// The ids of the segments that the query of one names, for the condition that finds who names one.
fn named_ids(segment: &Segment) -> String {
    let Ok(query) = segment.query() else {
        return String::new();
    };
    let ids = query
        .mentions()
        .iter()
        .map(|mention| mention.id.to_string());
    ids.collect::<Vec<_>>().join(" ")
}
