//! Accounts in the control store.

use moca_core::{
    account::{Account, AccountConfig},
    id::{AccountId, AppId},
    import::Import,
    replay::Replay,
    resource::{Frame, Kind},
};

use super::{
    READING, Tx, WRITING,
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
        n_read: 2,
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

    /// The apps of an account.
    pub async fn app_ids(&mut self, account: AccountId) -> Result<Vec<AppId>, StorageError> {
        let sql = "SELECT id FROM apps WHERE account_id = $1 ORDER BY created_at, id";
        let rows = self.session.scan(sql, vec![Value::id(account)]).await;
        let rows = rows.map_err(|error| error.doing(READING))?;
        rows.into_iter()
            .map(|row| Ok(AppId(Columns::named("apps", vec!["id"], row).id()?)))
            .collect()
    }

    /// Deletes the imports and replays of an account; what is under way ends with its next step.
    pub async fn delete_jobs(&mut self, account: AccountId) -> Result<(), StorageError> {
        self.delete_all_jobs::<Import>(account).await?;
        self.delete_all_jobs::<Replay>(account).await
    }

    /// Deletes an account that has no objects any more, with what else is kept of it; false if there was
    /// none. Its audit log stays, and its lines of the change feed until newer ones replace them.
    pub async fn delete_account(&mut self, account: AccountId) -> Result<bool, StorageError> {
        self.delete_jobs(account).await?;
        let sql = "DELETE FROM kept_answers WHERE account_id = $1";
        let done = self.session.execute(sql, vec![Value::id(account)]).await;
        done.map_err(|error| error.doing(WRITING))?;
        self.gone.insert(account);
        self.delete::<Account>(account, account.0).await
    }
}
