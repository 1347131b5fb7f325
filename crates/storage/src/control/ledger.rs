//! What transactions that go to disk together change all of them, and write once.
//!
//! Every change adds to the number of objects, to the change feed and to the audit log of its account.
//! No other writer comes between the transactions of a group, so each can go on from where the one
//! before it ended without asking the database, and what they add is written when the group ends.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use moca_core::{audit::Origin, id::AccountId, resource::Kind};

use super::{
    audit::{AuditKeys, EVENT_COLUMNS, End, Entry, FullBlock, event_rows},
    blocks::{Block, LastBlocks},
    changes::{chunk_len, tuples},
    quotas::Holdings,
    sql::{Statement, Value},
};

/// Rows written by one statement at most.
const ROWS_MAX: usize = 64;

/// What the transactions of a group have in common. Empty between groups, when others may write.
#[derive(Default)]
pub(super) struct Ledger {
    /// Of the newest change.
    version: Option<i64>,
    /// Changes that are not written yet, as rows of the feed.
    changes: Vec<Vec<Value>>,
    /// By how much the totals differ from the written ones.
    differences: BTreeMap<(AccountId, Kind), i64>,
    /// What accounts have and may have.
    holdings: BTreeMap<AccountId, Holdings>,
    /// Where audit logs end.
    ends: BTreeMap<AccountId, End>,
    /// How long the last blocks of lists are.
    last_blocks: LastBlocks,
    /// Accounts that are deleted, of which nothing is counted any more.
    gone: BTreeSet<AccountId>,
    /// Events that are not written yet, as rows of the log.
    events: Vec<Vec<Value>>,
    /// Blocks of audit logs that are full with these.
    full_blocks: Vec<FullBlock>,
    keys: Option<Arc<AuditKeys>>,
}

/// What a transaction adds, and what it read that the ledger does not have.
#[derive(Default)]
pub(super) struct Posting {
    pub(super) entries: Vec<Entry>,
    pub(super) origin: Option<Origin>,
    pub(super) differences: BTreeMap<(AccountId, Kind), i64>,
    pub(super) version: Option<i64>,
    pub(super) ends: BTreeMap<AccountId, End>,
    pub(super) last_blocks: LastBlocks,
    pub(super) holdings: BTreeMap<AccountId, Holdings>,
    /// Accounts of which nothing the ledger has is right any more.
    pub(super) limited_anew: BTreeSet<AccountId>,
    /// Accounts that are deleted.
    pub(super) gone: BTreeSet<AccountId>,
    pub(super) keys: Option<Arc<AuditKeys>>,
}

impl Ledger {
    /// The version of the newest change, if it is known.
    pub(super) const fn version(&self) -> Option<i64> {
        self.version
    }

    /// How many objects there are more than the database says.
    pub(super) fn difference(&self, account: AccountId, kind: Kind) -> i64 {
        self.differences.get(&(account, kind)).copied().unwrap_or(0)
    }

    /// The same for every kind.
    pub(super) fn differences(&self, account: AccountId) -> impl Iterator<Item = (Kind, i64)> {
        let all = self.differences.iter();
        let its = all.filter(move |((its, _), _)| *its == account);
        its.map(|((_, kind), difference)| (*kind, *difference))
    }

    /// What an account has and may have, if it is known.
    pub(super) fn holdings(&self, account: AccountId) -> Option<&Holdings> {
        self.holdings.get(&account)
    }

    /// The last block of a list, if it is known.
    pub(super) fn last_block(&self, account: AccountId, kind: Kind) -> Option<&Block> {
        self.last_blocks.get(&(account, kind))
    }

    /// Whether it is known where the audit log of an account ends.
    pub(super) fn has_end(&self, account: AccountId) -> bool {
        self.ends.contains_key(&account)
    }

    /// Whether an audit log has been added to.
    pub(super) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// How many objects of each kind were added.
    pub(super) fn added(&self) -> impl Iterator<Item = (Kind, i64)> {
        let all = self.differences.iter();
        all.filter(|(_, difference)| **difference > 0)
            .map(|((_, kind), difference)| (*kind, *difference))
    }

    /// How many rows there are to be written.
    pub(super) fn rows(&self) -> usize {
        self.changes.len() + self.events.len()
    }

    /// Takes in what a transaction did, whose statements will not be undone by themselves any more.
    pub(super) fn post(&mut self, posting: Posting) {
        for account in posting.limited_anew {
            self.holdings.remove(&account);
        }
        self.holdings.extend(posting.holdings);
        self.gone.extend(posting.gone);
        for ((account, kind), difference) in posting.differences {
            *self.differences.entry((account, kind)).or_default() += difference;
            if let Some(holdings) = self.holdings.get_mut(&account) {
                holdings.add(kind, difference);
            }
        }
        self.last_blocks.extend(posting.last_blocks);
        let mut version = self.version.or(posting.version);
        for entry in posting.entries.iter().filter(|entry| entry.is_change()) {
            let number = version.unwrap_or(0) + 1;
            version = Some(number);
            self.changes.push(vec![
                number.into(),
                Value::id(entry.account),
                entry.subject.word().into(),
                Value::optional_text(entry.object_id.as_deref()),
            ]);
        }
        self.version = version;
        self.keys = self.keys.take().or(posting.keys);
        for (account, end) in posting.ends {
            self.ends.entry(account).or_insert(end);
        }
        if let Some(origin) = posting.origin {
            for (account, row) in event_rows(posting.entries, &origin) {
                let end = self.ends.entry(account).or_default();
                self.events.push(end.followed_by(account, row));
                self.full_blocks.extend(end.full_block(account));
            }
        }
    }

    /// The statements that write all of it.
    pub(super) fn settle(mut self) -> Vec<Statement> {
        let mut statements = Vec::new();
        for account in &self.gone {
            self.differences.retain(|(its, _), _| its != account);
            self.last_blocks.retain(|(its, _), _| its != account);
            statements.extend(["totals", "blocks"].map(|table| Statement {
                sql: format!("DELETE FROM {table} WHERE account_id = $1"),
                values: vec![Value::id(*account)],
            }));
        }
        let totals = self.differences.into_iter();
        let totals = totals.filter(|(_, difference)| *difference != 0).map(
            |((account, kind), difference)| {
                vec![Value::id(account), kind.word().into(), difference.into()]
            },
        );
        insert(
            &mut statements,
            "totals (account_id, kind, total)",
            totals.collect(),
            " ON CONFLICT (account_id, kind) DO UPDATE SET total = totals.total + excluded.total",
        );
        let blocks = self.last_blocks.iter();
        let blocks = blocks.map(|((account, kind), block)| block.row(*account, *kind));
        insert(
            &mut statements,
            "blocks (account_id, kind, created_at, id, objects)",
            blocks.collect(),
            " ON CONFLICT (account_id, kind, created_at, id) DO UPDATE SET objects = excluded.objects",
        );
        if let (Some(version), false) = (self.version, self.changes.is_empty()) {
            statements.push(Statement {
                sql: "UPDATE config_version SET version = $1".into(),
                values: vec![version.into()],
            });
        }
        let changes = "changes (version, account_id, kind, object_id)";
        insert(&mut statements, changes, self.changes, "");
        let events = format!("audit_events ({}, hash)", EVENT_COLUMNS.join(", "));
        insert(&mut statements, &events, self.events, "");
        statements.extend(self.full_blocks.iter().flat_map(FullBlock::counted));
        let keys = self.keys.as_deref();
        let ends = self.ends.iter();
        let ends = ends.map(|(account, end)| end.row(*account, keys));
        insert(
            &mut statements,
            "audit_heads (account_id, sequence, hash, seal)",
            ends.collect(),
            " ON CONFLICT (account_id) DO UPDATE SET sequence = excluded.sequence, \
             hash = excluded.hash, seal = excluded.seal",
        );
        statements
    }
}

/// Adds statements that insert these rows.
fn insert(statements: &mut Vec<Statement>, table: &str, rows: Vec<Vec<Value>>, then: &str) {
    let mut left = rows.into_iter();
    while let Some(width) = left.as_slice().first().map(Vec::len) {
        let count = chunk_len(left.len(), ROWS_MAX);
        statements.push(Statement {
            sql: format!("INSERT INTO {table} VALUES {}{then}", tuples(count, width)),
            values: left.by_ref().take(count).flatten().collect(),
        });
    }
}
