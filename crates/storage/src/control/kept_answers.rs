//! Answers kept for repeated requests with an `Idempotency-Key`.

use moca_core::id::AccountId;

use super::{KeptAnswer, READING, Tx, WRITING, sql::Value, table::Columns};
use crate::StorageError;

/// Expired answers deleted with each new one: more than are added, so their number stays bounded.
const FORGOTTEN_AT_ONCE: i64 = 16;

impl Tx {
    /// The answer kept for a key.
    pub async fn kept_answer(
        &mut self,
        account: AccountId,
        key: &str,
    ) -> Result<Option<KeptAnswer>, StorageError> {
        let sql = "SELECT request_hash, idempotency_key, sealed_answer, created_at FROM kept_answers \
                   WHERE account_id = $1 AND idempotency_key = $2";
        let rows = self
            .session
            .query(sql, vec![Value::id(account), key.into()]);
        let Some(row) = rows.await.map_err(|error| error.doing(READING))?.pop() else {
            return Ok(None);
        };
        let names = vec![
            "request_hash",
            "idempotency_key",
            "sealed_answer",
            "created_at",
        ];
        let mut columns = Columns::named("kept_answers", names, row);
        let request_hash = columns.hash()?;
        columns.skip();
        Ok(Some(KeptAnswer {
            request_hash,
            sealed_answer: columns.bytes()?,
            created_at: columns.integer()?,
        }))
    }

    /// Keeps an answer; one that is older than `expired_before` is overwritten, a younger one is a
    /// [`StorageError::Conflict`]. Also forgets some older than that.
    pub async fn keep_answer(
        &mut self,
        account: AccountId,
        key: &str,
        answer: &KeptAnswer,
        expired_before: i64,
    ) -> Result<(), StorageError> {
        let sql = "DELETE FROM kept_answers WHERE (account_id, idempotency_key) IN \
                   (SELECT account_id, idempotency_key FROM kept_answers WHERE created_at < $1 \
                    ORDER BY created_at LIMIT $2)";
        let values = vec![expired_before.into(), FORGOTTEN_AT_ONCE.into()];
        let done = self.session.execute(sql, values).await;
        done.map_err(|error| error.doing(WRITING))?;
        // The row stays as it is when the kept answer is young enough: no row is changed.
        let sql = "INSERT INTO kept_answers \
                   (account_id, idempotency_key, request_hash, sealed_answer, created_at) \
                   VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (account_id, idempotency_key) DO UPDATE SET \
                   request_hash = excluded.request_hash, sealed_answer = excluded.sealed_answer, \
                   created_at = excluded.created_at WHERE kept_answers.created_at < $6";
        let values = vec![
            Value::id(account),
            key.into(),
            Value::from(answer.request_hash.as_slice()),
            Value::from(answer.sealed_answer.as_slice()),
            answer.created_at.into(),
            expired_before.into(),
        ];
        let kept = self.session.execute(sql, values).await;
        if kept.map_err(|error| error.doing(WRITING))? == 0 {
            return Err(StorageError::Conflict {
                field: "Idempotency-Key",
            });
        }
        Ok(())
    }
}
