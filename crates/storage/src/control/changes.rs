//! The change feed: one line for each change of an object, numbered without gaps.

use moca_core::id::AccountId;

use super::{ChangeRow, READING, Tx, WRITING, audit::Entry, sql::Value, table::Columns};
use crate::StorageError;

/// Lines appended by one statement at most.
const LINES_MAX: usize = 64;

impl Tx {
    /// The version of the newest committed change; 0 for none.
    pub async fn config_version(&mut self) -> Result<i64, StorageError> {
        let rows = self
            .session
            .query("SELECT version FROM config_version", vec![])
            .await
            .map_err(|error| error.doing(READING))?;
        let row = rows.into_iter().next().unwrap_or_default();
        Columns::named("config_version", vec!["version"], row).integer()
    }

    /// The changes after `version`, in order, at most `limit`.
    pub async fn changes_since(
        &mut self,
        version: i64,
        limit: i64,
    ) -> Result<Vec<ChangeRow>, StorageError> {
        let sql = "SELECT version, account_id, kind, object_id FROM changes WHERE version > $1 \
                   ORDER BY version LIMIT $2";
        let rows = self.session.scan(sql, vec![version.into(), limit.into()]);
        let rows = rows.await.map_err(|error| error.doing(READING))?;
        rows.into_iter()
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
            .collect()
    }

    /// Writes what the transaction gathered, just before it commits.
    pub(super) async fn append_changes(&mut self, entries: &[Entry]) -> Result<(), StorageError> {
        for ((account, kind), difference) in std::mem::take(&mut self.totals) {
            let sql = "INSERT INTO totals (account_id, kind, total) VALUES ($1, $2, $3) \
                       ON CONFLICT (account_id, kind) DO UPDATE SET total = totals.total + excluded.total";
            let values = vec![Value::id(account), kind.word().into(), difference.into()];
            let done = self.session.execute(sql, values).await;
            done.map_err(|error| error.doing(WRITING))?;
        }
        let changes: Vec<&Entry> = entries.iter().filter(|entry| entry.is_change()).collect();
        if changes.is_empty() {
            return Ok(());
        }
        let mut version = self.config_version().await?;
        let mut left = changes.as_slice();
        while !left.is_empty() {
            let (lines, rest) = left.split_at(chunk_len(left.len(), LINES_MAX));
            let mut values = Vec::with_capacity(lines.len() * 4);
            for change in lines {
                version += 1;
                values.extend([
                    version.into(),
                    Value::id(change.account),
                    change.subject.word().into(),
                    Value::optional_text(change.object_id.as_deref()),
                ]);
            }
            let sql = format!(
                "INSERT INTO changes (version, account_id, kind, object_id) VALUES {}",
                tuples(lines.len(), 4)
            );
            let done = self.session.execute(sql, values).await;
            done.map_err(|error| error.doing(WRITING))?;
            left = rest;
        }
        let sql = "UPDATE config_version SET version = $1";
        let done = self.session.execute(sql, vec![version.into()]).await;
        done.map_err(|error| error.doing(WRITING)).map(|_| ())
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
    let tuple = |row: usize| format!("({})", placeholders(row * columns + 1, columns));
    (0..rows).map(tuple).collect::<Vec<_>>().join(", ")
}

/// `$3, $4` for two placeholders from the third on.
pub(super) fn placeholders(first: usize, count: usize) -> String {
    let names = (first..first + count).map(|i| format!("${i}"));
    names.collect::<Vec<_>>().join(", ")
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
