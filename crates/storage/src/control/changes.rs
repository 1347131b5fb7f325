//! The change feed: one line for each change of an object, numbered without gaps.
//!
//! It is for those who keep something made of the configuration, to find out what of it is outdated. So the
//! oldest lines go when they are taken in; who comes later makes all of it anew.

use std::fmt::Write as _;

use moca_core::id::AccountId;

use super::{ChangeRow, READING, Tx, WRITING, ledger::Ledger, table::Columns};
use crate::StorageError;

impl Tx {
    /// The version of the newest committed change; 0 for none.
    pub async fn config_version(&mut self) -> Result<i64, StorageError> {
        if let Some(version) = self.session.ledger().and_then(Ledger::version) {
            return Ok(version);
        }
        let rows = self
            .session
            .query("SELECT version FROM config_version", vec![])
            .await
            .map_err(|error| error.doing(READING))?;
        let row = rows.into_iter().next().unwrap_or_default();
        Columns::named("config_version", vec!["version"], row).integer()
    }

    /// The changes after `version`, in order, at most `limit`; [`StorageError::FeedTooShort`] when some of
    /// them are not kept any more.
    pub async fn changes_since(
        &mut self,
        version: i64,
        limit: i64,
    ) -> Result<Vec<ChangeRow>, StorageError> {
        self.require_reading()?;
        let sql = "SELECT version, account_id, kind, object_id FROM changes WHERE version > $1 \
                   ORDER BY version LIMIT $2";
        let rows = self.session.scan(sql, vec![version.into(), limit.into()]);
        let rows = rows.await.map_err(|error| error.doing(READING))?;
        let changes: Vec<ChangeRow> = rows
            .into_iter()
            .map(|row| {
                let names = vec!["version", "account_id", "kind", "object_id"];
                let mut columns = Columns::named("changes", names, row);
                Ok(ChangeRow {
                    version: columns.integer()?,
                    account_id: AccountId(columns.id()?),
                    kind: columns.kind()?,
                    id: columns.id()?,
                })
            })
            .collect::<Result<_, StorageError>>()?;
        // The newest one is always kept, so that what is missing shows.
        match changes.first() {
            Some(first) if first.version > version + 1 => Err(StorageError::FeedTooShort),
            _ => Ok(changes),
        }
    }

    /// Removes the oldest changes up to `version`, at most `limit` and never the newest one; says whether
    /// there was any.
    pub async fn forget_changes(&mut self, version: i64, limit: i64) -> Result<bool, StorageError> {
        let sql = "DELETE FROM changes WHERE version <= $1 \
                   AND version < (SELECT version FROM config_version) \
                   AND version < (SELECT min(version) FROM changes) + $2";
        let done = self
            .session
            .execute(sql, vec![version.into(), limit.into()])
            .await;
        Ok(done.map_err(|error| error.doing(WRITING))? > 0)
    }
}

/// How many of `left` things go into the next statement: a power of two, so that there are few
/// different statements to keep prepared.
pub(super) fn chunk_len(left: usize, max: usize) -> usize {
    if left >= max {
        return max;
    }
    left.checked_ilog2().map_or(0, |log| 1 << log)
}

/// `($1, $2), ($3, $4)` for two rows of two columns.
pub(super) fn tuples(rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * (columns * 6 + 4));
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        push_placeholders(&mut text, row * columns + 1, columns);
        text.push(')');
    }
    text
}

/// `$3, $4` for two placeholders from the third on.
pub(super) fn placeholders(first: usize, count: usize) -> String {
    let mut text = String::with_capacity(count * 6);
    push_placeholders(&mut text, first, count);
    text
}

fn push_placeholders(text: &mut String, first: usize, count: usize) {
    for number in first..first + count {
        text.push_str(if number == first { "$" } else { ", $" });
        // Writing to a String cannot fail.
        let _ = write!(text, "{number}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_powers_of_two_and_add_up() {
        for total in 0..300 {
            let (mut left, mut chunks) = (total, 0);
            while left > 0 {
                let chunk = chunk_len(left, 64);
                assert!(chunk.is_power_of_two() && chunk <= left);
                left -= chunk;
                chunks += 1;
            }
            assert!(chunks <= total / 64 + 6, "{total}");
        }
    }

    #[test]
    fn placeholders_are_numbered_on() {
        assert_eq!(tuples(2, 3), "($1, $2, $3), ($4, $5, $6)");
        assert_eq!(placeholders(3, 2), "$3, $4");
    }
}
