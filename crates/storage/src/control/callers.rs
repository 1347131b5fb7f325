//! The version of who may call and how much.
//!
//! What a proof of permission is made of are accounts, members, tokens and apps. The feed tells when these change,
//! too, but would have to be gone through; this is one number in one row, for every request. It only grows.

use moca_core::{
    audit::{Action, Subject},
    resource::Kind,
};

use super::{READING, Tx, WRITING, audit::Entry, table::Columns};
use crate::StorageError;

impl Tx {
    /// The version of the callers: as long as it is the same, every account, member, token and app that was
    /// there is still there and as it was, but for when tokens were last used. Only where nothing is written:
    /// what a group of writers counts may still be undone.
    pub async fn callers_version(&mut self) -> Result<i64, StorageError> {
        self.require_reading()?;
        let rows = self
            .session
            .query("SELECT callers FROM config_version", vec![])
            .await
            .map_err(|error| error.doing(READING))?;
        let row = rows.into_iter().next().unwrap_or_default();
        Columns::named("config_version", vec!["callers"], row).integer()
    }

    /// Raises the version of the callers if this transaction changed or deleted any.
    pub(super) async fn note_callers(&mut self) -> Result<(), StorageError> {
        if !self.entries.iter().any(changes_callers) {
            return Ok(());
        }
        // By the clock, so that a database that lost its newest changes does not come to the same number again.
        let sql = "UPDATE config_version SET callers = \
                   CASE WHEN callers < $1 THEN $1 ELSE callers + 1 END";
        let at = self.origin().at;
        let done = self.session.execute(sql, vec![at.into()]).await;
        done.map_err(|error| error.doing(WRITING)).map(|_| ())
    }
}

/// Whether what was proven before may be wrong now. What is new leaves it right.
fn changes_callers(entry: &Entry) -> bool {
    let is_caller = matches!(
        entry.subject,
        Subject::Object(Kind::Account | Kind::Member | Kind::Token | Kind::App)
    );
    is_caller && entry.action != Action::Create
}
