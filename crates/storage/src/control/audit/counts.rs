//! How many events of each sort there are in the full blocks of a log.
//!
//! By these a narrowed list is counted and finds its page. With an index for each thing that it can be narrowed by,
//! every change of an object would write to each of these; the counts are written once a block.

use std::collections::BTreeMap;

use moca_core::id::AccountId;

use super::super::{
    READING, Tx,
    sql::{Row, Session, SqlError, Statement},
    table::Columns,
};
use crate::StorageError;

/// Events of a block.
pub(super) const BLOCK: i64 = 256;

/// A block with all its events.
pub(in super::super) struct FullBlock {
    account: String,
    /// Counted from 0.
    number: i64,
}

impl FullBlock {
    /// The block that the event with this number is the last one of.
    pub(super) fn ended_by(account: AccountId, sequence: i64) -> Option<Self> {
        (sequence % BLOCK == 0).then(|| Self {
            account: account.to_string(),
            number: sequence / BLOCK - 1,
        })
    }

    /// The statements that count its events, which are there.
    pub(in super::super) fn counted(&self) -> [Statement; 2] {
        let before = self.number * BLOCK;
        let key = || vec![self.account.as_str().into(), self.number.into()];
        // What somebody left there who cut the end off the log must not be in the way of what is added to it.
        let forgotten = Statement {
            sql: "DELETE FROM audit_counts WHERE account_id = $1 AND block = $2".into(),
            values: key(),
        };
        let mut values = key();
        values.extend([before.into(), (before + BLOCK).into()]);
        let counted = Statement {
            sql: "INSERT INTO audit_counts \
                  (account_id, block, action, kind, member_id, events, first_at, last_at) \
                  SELECT account_id, CAST($2 AS BIGINT), action, kind, coalesce(member_id, ''), \
                  count(*), min(at), max(at) FROM audit_events \
                  WHERE account_id = $1 AND sequence > $3 AND sequence <= $4 \
                  GROUP BY account_id, action, kind, coalesce(member_id, '')"
                .into(),
            values,
        };
        [forgotten, counted]
    }
}

/// Counts the logs that are older than the counts.
pub(in super::super) async fn fill(session: &mut Session) -> Result<(), StorageError> {
    let failed = |error: SqlError| error.doing("counting the events of the audit log");
    let heads = "SELECT account_id, sequence FROM audit_heads";
    for row in session.query(heads, vec![]).await.map_err(failed)? {
        let mut columns = Columns::named("audit_heads", vec!["account_id", "sequence"], row);
        let (account, newest) = (columns.text()?, columns.integer()?);
        for number in 0..newest / BLOCK {
            let account = account.clone();
            for statement in (FullBlock { account, number }).counted() {
                let done = session.execute(statement.sql, statement.values).await;
                done.map_err(failed)?;
            }
        }
    }
    Ok(())
}

/// Action, kind and member, as the log has them.
type Sort = (String, String, String);

/// How many events there are of a sort, and when the first and the last one of them were.
struct Count {
    events: i64,
    first_at: i64,
    last_at: i64,
}

/// The full blocks of a log counted again, to be held against what is kept of them.
#[derive(Default)]
pub(super) struct Recount {
    /// The block that is not full yet.
    open: BTreeMap<Sort, Count>,
    /// What should be kept of the full ones, without the account, in the order of the key.
    full: Vec<Row>,
    /// How many are full.
    blocks: i64,
}

impl Recount {
    /// Takes in the next event of the log.
    pub(super) fn add(&mut self, sequence: i64, at: i64, sort: Sort) {
        let count = self.open.entry(sort).or_insert(Count {
            events: 0,
            first_at: at,
            last_at: at,
        });
        count.events += 1;
        count.first_at = count.first_at.min(at);
        count.last_at = count.last_at.max(at);
        if sequence % BLOCK != 0 {
            return;
        }
        let open = std::mem::take(&mut self.open);
        let rows = open.into_iter().map(|((action, kind, member), count)| {
            vec![
                self.blocks.into(),
                action.into(),
                kind.into(),
                member.into(),
                count.events.into(),
                count.first_at.into(),
                count.last_at.into(),
            ]
        });
        self.full.extend(rows);
        self.blocks += 1;
    }
}

impl Tx {
    /// Whether what is kept of the blocks that came to a recount since the last time is what they are.
    pub(super) async fn counts_fit(
        &mut self,
        account: &str,
        recount: &mut Recount,
    ) -> Result<bool, StorageError> {
        let counted = std::mem::take(&mut recount.full);
        let (Some(first), Some(last)) = (counted.first(), counted.last()) else {
            return Ok(true);
        };
        let sql = "SELECT block, action, kind, member_id, events, first_at, last_at FROM audit_counts \
                   WHERE account_id = $1 AND block >= $2 AND block <= $3 \
                   ORDER BY block, action, kind, member_id";
        let values = vec![account.into(), first[0].clone(), last[0].clone()];
        let kept = self.session.query(sql, values).await;
        Ok(kept.map_err(|error| error.doing(READING))? == counted)
    }

    /// Whether something is kept of blocks that are not in the log.
    pub(super) async fn has_counts_beside(
        &mut self,
        account: &str,
        recount: &Recount,
    ) -> Result<bool, StorageError> {
        let sql = "SELECT block FROM audit_counts \
                   WHERE account_id = $1 AND (block < 0 OR block >= $2) LIMIT 1";
        let values = vec![account.into(), recount.blocks.into()];
        let kept = self.session.query(sql, values).await;
        Ok(!kept.map_err(|error| error.doing(READING))?.is_empty())
    }
}
