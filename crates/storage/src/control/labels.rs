//! Labels in the control store.

use moca_core::{
    id::AccountId,
    label::{Label, LabelConfig},
    resource::{Frame, Kind},
};

use super::{
    Tx,
    list::is_nowhere,
    raw::Raw,
    sql::Value,
    table::{Columns, Mapped, Stored, Table, Unique},
};
use crate::StorageError;

impl Stored for Label {
    const KIND: Kind = Kind::Label;
}

impl Raw for Label {
    const PARENT: Option<&'static str> = None;
}

impl Mapped for Label {
    type Config = LabelConfig;

    const TABLE: &'static Table = &Table {
        name: "labels",
        columns: &["unique_name"],
        n_read: 0,
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

impl Tx {
    /// The account's labels with these names, in no particular order.
    pub async fn labels_named(
        &mut self,
        account: AccountId,
        names: &[&str],
    ) -> Result<Vec<Label>, StorageError> {
        let names = names.iter().filter(|name| !is_nowhere(name));
        let names = names.map(|name| Value::from(*name)).collect();
        self.find_many(account, "unique_name", names).await
    }
}
