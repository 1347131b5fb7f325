//! Accounts in the control store.

use moca_core::{
    account::{Account, AccountConfig},
    id::AccountId,
    resource::{Frame, Kind},
};

use super::{
    Tx,
    audit::Shown,
    sql::Value,
    table::{Columns, Mapped, Stored, Table, json_of},
};
use crate::StorageError;

impl Stored for Account {
    const KIND: Kind = Kind::Account;
}

impl Mapped for Account {
    type Config = AccountConfig;

    const TABLE: &'static Table = &Table {
        name: "accounts",
        columns: &["operator", "limits"],
        unique: &[],
        filters: &[],
        labelled: false,
    };

    const SHOWN: &'static [(&'static str, &'static str, Shown)] =
        &[("limits", "limits", Shown::Json)];

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn name(&self) -> &str {
        &self.config.name
    }

    fn config(&self) -> &AccountConfig {
        &self.config
    }

    fn values(&self) -> Result<Vec<Value>, StorageError> {
        Ok(vec![
            Value::Integer(self.operator.into()),
            json_of(self, "limits", &self.limits)?,
        ])
    }

    fn read(
        frame: Frame,
        config: AccountConfig,
        columns: &mut Columns,
    ) -> Result<Self, StorageError> {
        Ok(Self {
            frame,
            operator: columns.integer()? != 0,
            limits: columns.json()?,
            config,
        })
    }
}

impl Tx {
    /// The account with this id.
    pub async fn account(&mut self, id: AccountId) -> Result<Option<Account>, StorageError> {
        self.get(id, id.0).await
    }
}
