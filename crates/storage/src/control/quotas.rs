//! How much of everything an account has and may have.

use std::collections::BTreeMap;

use moca_core::{
    account::AccountLimits,
    id::{AccountId, AppId},
    quota::{Quotas, Usage},
    resource::Kind,
};

use super::{READING, Tx, sql::Value, table::Columns};
use crate::StorageError;

/// What is known of an account while a transaction writes: nobody else changes it meanwhile.
#[derive(Debug, Clone, Default)]
pub(super) struct Holdings {
    limits: AccountLimits,
    /// Objects before the transaction.
    totals: BTreeMap<Kind, i64>,
}

impl Holdings {
    /// Counts so many objects more.
    pub(super) fn add(&mut self, kind: Kind, difference: i64) {
        *self.totals.entry(kind).or_default() += difference;
    }
}

impl Tx {
    /// What an operator set for the account.
    pub async fn account_limits(
        &mut self,
        account: AccountId,
    ) -> Result<AccountLimits, StorageError> {
        Ok(self.holdings(account).await?.limits)
    }

    /// What an operator set for the account of this app, if there is the app.
    pub async fn limits_of_app(
        &mut self,
        account: AccountId,
        app: AppId,
    ) -> Result<Option<AccountLimits>, StorageError> {
        let sql = "SELECT accounts.limits, accounts.id FROM apps \
                   JOIN accounts ON accounts.id = apps.account_id \
                   WHERE apps.account_id = $1 AND apps.id = $2";
        let values = vec![Value::id(account), Value::id(app)];
        let rows = self.session.query(sql, values).await;
        let row = rows.map_err(|error| error.doing(READING))?.pop();
        row.map(|row| Columns::named("accounts", vec!["limits", "id"], row).json())
            .transpose()
    }

    /// How much the account has of every kind that is limited, and may have.
    pub async fn usage(
        &mut self,
        account: AccountId,
    ) -> Result<BTreeMap<Kind, Usage>, StorageError> {
        let holdings = self.holdings(account).await?;
        Ok(Kind::ALL
            .into_iter()
            .filter_map(|kind| {
                let more = self.totals.get(&(account, kind)).copied().unwrap_or(0);
                Some((kind, usage_of(&holdings, kind, more, &self.quotas)?))
            })
            .collect())
    }

    /// Refuses to add an object when there are as many as there may be.
    pub(super) async fn refuse_over_quota(
        &mut self,
        account: AccountId,
        kind: Kind,
    ) -> Result<(), StorageError> {
        if kind == Kind::Account {
            return Ok(());
        }
        if self.known_holdings(account).is_none() {
            let holdings = self.holdings(account).await?;
            self.holdings.insert(account, holdings);
        }
        let more = self.totals.get(&(account, kind)).copied().unwrap_or(0);
        let own = self.quotas.clone();
        let known = self.known_holdings(account);
        match known.and_then(|holdings| usage_of(holdings, kind, more, &own)) {
            Some(Usage { limit, used }) if used >= limit => {
                Err(StorageError::QuotaExceeded { kind, limit, used })
            }
            _ => Ok(()),
        }
    }

    /// What this transaction, or one before it in its group, has read already.
    fn known_holdings(&mut self, account: AccountId) -> Option<&Holdings> {
        if let Some(holdings) = self.holdings.get(&account) {
            return Some(holdings);
        }
        if self.limited_anew.contains(&account) {
            return None;
        }
        self.session.ledger()?.holdings(account)
    }

    async fn holdings(&mut self, account: AccountId) -> Result<Holdings, StorageError> {
        // Limits and totals in one statement: every statement is a way to PostgreSQL and back.
        let sql = "SELECT 'limits', id, 0, limits FROM accounts WHERE account_id = $1 \
                   UNION ALL SELECT kind, account_id, total, '' FROM totals WHERE account_id = $1";
        let rows = self.session.query(sql, vec![Value::id(account)]).await;
        let mut holdings = Holdings::default();
        for row in rows.map_err(|error| error.doing(READING))? {
            let is_limits = row.first() == Some(&Value::from("limits"));
            let names = vec!["kind", "account_id", "total", "limits"];
            let mut columns = Columns::named("totals", names, row);
            if is_limits {
                columns.skip();
                columns.skip();
                columns.skip();
                holdings.limits = columns.json()?;
            } else {
                let kind = columns.kind()?;
                columns.skip();
                holdings.add(kind, columns.integer()?);
            }
        }
        if let Some(ledger) = self.session.ledger() {
            for (kind, difference) in ledger.differences(account) {
                holdings.add(kind, difference);
            }
        }
        Ok(holdings)
    }
}

/// What may be had of a kind, and what there is with so many more than the holdings say.
fn usage_of(holdings: &Holdings, kind: Kind, more: i64, defaults: &Quotas) -> Option<Usage> {
    let limit = holdings.limits.quotas.of(kind, defaults)?;
    let used = holdings.totals.get(&kind).copied().unwrap_or(0) + more;
    Some(Usage { limit, used })
}
