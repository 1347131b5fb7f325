//! What a transaction gathered becomes rows of the log.

use std::collections::{BTreeMap, BTreeSet};

use moca_core::{
    account::Account,
    audit::{Action, Actor, Origin, Subject},
    id::AccountId,
    resource::Kind,
};

use super::{
    super::{
        Control, READING, Tx,
        changes::{chunk_len, placeholders},
        ledger::Ledger,
        sql::Value,
        table::{Columns, Mapped},
    },
    Entry,
    chain::{AuditKeys, COLUMNS, Head, hash_of},
    counts::FullBlock,
    snapshot::snapshot,
};
use crate::StorageError;

/// Accounts read by one statement at most.
const ACCOUNTS_MAX: usize = 64;

/// Where a log ends.
#[derive(Default)]
pub(in super::super) struct End {
    head: Head,
    /// Whether the seal on it is this server's. Another one is never sealed again: what somebody did
    /// to the log must not be covered up by what is added to it.
    is_whole: bool,
}

impl End {
    /// The row of the next event, which is the end then.
    pub(in super::super) fn followed_by(
        &mut self,
        account: AccountId,
        event: EventRow,
    ) -> Vec<Value> {
        let head = &mut self.head;
        head.sequence += 1;
        let mut values = vec![Value::id(account), head.sequence.into()];
        values.extend(event);
        let hash = hash_of(&head.hash, &values);
        head.hash = hash.to_vec();
        values.push(Value::Bytes(hash.to_vec()));
        values
    }

    /// The block that the last event made full, if it did.
    pub(in super::super) fn full_block(&self, account: AccountId) -> Option<FullBlock> {
        FullBlock::ended_by(account, self.head.sequence)
    }

    /// The row that keeps it, with its seal.
    pub(in super::super) fn row(&self, account: AccountId, keys: Option<&AuditKeys>) -> Vec<Value> {
        let account = account.to_string();
        let keys = keys.filter(|_| self.is_whole);
        let seal = keys.map(|keys| keys.seal(&account, &self.head));
        vec![
            account.into(),
            self.head.sequence.into(),
            Value::from(self.head.hash.as_slice()),
            seal.map_or(Value::Null, |seal| Value::from(seal.as_slice())),
        ]
    }
}

impl Control {
    /// Begins the log of every account if no account has one: the store is older than the log. An
    /// account that alone has none is left to [`Control::check_audit`] to find.
    pub async fn begin_audit(&self, now_ms: i64) -> Result<(), StorageError> {
        let mut tx = self.write().await?;
        let sql = "SELECT account_id FROM audit_heads LIMIT 1";
        let rows = tx.session.query(sql, vec![]).await;
        let is_begun = tx.session.ledger().is_some_and(Ledger::has_events);
        if is_begun || !rows.map_err(|error| error.doing(READING))?.is_empty() {
            return Ok(());
        }
        tx.act_as(Origin::system(now_ms));
        let mut after = None;
        loop {
            let accounts: Vec<Account> = tx.all(after, ACCOUNTS_MAX as i64).await?;
            let Some(last) = accounts.last() else {
                break;
            };
            after = Some(last.frame.id);
            for account in &accounts {
                let config = super::super::table::json_of(account, "config", account.config())?;
                tx.entries.push(Entry {
                    account: account.frame.account_id,
                    action: Action::Create,
                    subject: Subject::Object(Kind::Account),
                    object_id: Some(account.frame.id.to_string()),
                    parameters: None,
                    before: None,
                    after: Some(snapshot::<Account>(&config, &account.values()?)),
                    by_itself: true,
                });
            }
        }
        tx.commit().await
    }
}

impl Tx {
    /// Where the logs end that these entries stand in, as far as the group does not know it.
    pub(in super::super) async fn ends(
        &mut self,
        entries: &[Entry],
        origin: &Origin,
    ) -> Result<BTreeMap<AccountId, End>, StorageError> {
        let accounts: BTreeSet<AccountId> = entries
            .iter()
            .flat_map(|entry| accounts_of(entry, origin))
            .collect();
        let ledger = self.session.ledger();
        let is_new = |account: &AccountId| ledger.is_none_or(|known| !known.has_end(*account));
        let accounts: Vec<AccountId> = accounts.into_iter().filter(is_new).collect();
        let mut ends = BTreeMap::new();
        let mut left = accounts.as_slice();
        while !left.is_empty() {
            let (some, rest) = left.split_at(chunk_len(left.len(), ACCOUNTS_MAX));
            let sql = format!(
                "SELECT sequence, account_id, hash, seal FROM audit_heads WHERE account_id IN ({})",
                placeholders(1, some.len())
            );
            let values = some.iter().map(|account| Value::id(*account)).collect();
            let rows = self.session.query(sql, values).await;
            for row in rows.map_err(|error| error.doing(READING))? {
                let names = vec!["sequence", "account_id", "hash", "seal"];
                let mut columns = Columns::named("audit_heads", names, row);
                let sequence = columns.integer()?;
                let account = AccountId(columns.id()?);
                let hash = columns.bytes()?;
                let seal = columns.optional_bytes()?;
                let head = Head { sequence, hash };
                let is_whole = self.is_sealed(account, &head, seal.as_deref());
                ends.insert(account, End { head, is_whole });
            }
            left = rest;
        }
        let begun: BTreeSet<AccountId> = entries.iter().filter_map(Entry::begins).collect();
        for account in accounts {
            let end = ends.entry(account).or_insert_with(|| End {
                head: Head::default(),
                is_whole: begun.contains(&account),
            });
            if !end.is_whole && self.keys.is_some() {
                tracing::error!(%account, "the audit log was tampered with: run `moca check audit`");
            }
        }
        Ok(ends)
    }

    fn is_sealed(&self, account: AccountId, head: &Head, seal: Option<&[u8]>) -> bool {
        match (&self.keys, seal) {
            (Some(keys), Some(seal)) => keys.is_sealed(&account.to_string(), head, seal),
            _ => false,
        }
    }
}

/// The values of [`COLUMNS`] after account and sequence.
pub(in super::super) type EventRow = [Value; COLUMNS.len() - 2];

/// The events of what was gathered, each with the account in whose log it stands.
pub(in super::super) fn event_rows(
    entries: Vec<Entry>,
    origin: &Origin,
) -> impl Iterator<Item = (AccountId, EventRow)> {
    let rows = |entry| rows_of(entry, origin);
    entries.into_iter().flat_map(rows)
}

/// In whose logs an entry stands.
fn accounts_of(entry: &Entry, origin: &Origin) -> impl Iterator<Item = AccountId> + use<> {
    let other = match origin.actor {
        Actor::Member { account_id, .. } if !entry.by_itself => Some(account_id),
        _ => None,
    };
    std::iter::once(entry.account).chain(other)
}

/// In whose logs an entry stands, and how. What a member does in an account that is not theirs stands
/// in both, and only their own names them.
fn rows_of(entry: Entry, origin: &Origin) -> Vec<(AccountId, EventRow)> {
    let account = entry.account;
    if entry.by_itself {
        let system = Origin {
            request_id: origin.request_id.clone(),
            ..Origin::system(origin.at)
        };
        return vec![(account, row(entry, &system))];
    }
    match origin.actor {
        Actor::Member { account_id, .. } if account_id != account => {
            let nameless = Origin {
                actor: Actor::Operator,
                address: None,
                ..origin.clone()
            };
            let its = row(entry.clone(), &nameless);
            vec![(account, its), (account_id, row(entry, origin))]
        }
        _ => vec![(account, row(entry, origin))],
    }
}

fn row(entry: Entry, origin: &Origin) -> EventRow {
    let owned = |text: Option<String>| text.map_or(Value::Null, Value::Text);
    let copied = |text: &Option<String>| Value::optional_text(text.as_deref());
    let (member_id, token_id) = match origin.actor {
        Actor::Member {
            member_id,
            token_id,
            ..
        } => (Value::id(member_id), Value::id(token_id)),
        _ => (Value::Null, Value::Null),
    };
    [
        origin.at.into(),
        entry.action.as_str().into(),
        entry.subject.word().into(),
        owned(entry.object_id),
        origin.actor.as_str().into(),
        member_id,
        token_id,
        copied(&origin.request_id),
        copied(&origin.route),
        owned(
            origin
                .address
                .map(|address| address.to_canonical().to_string()),
        ),
        owned(entry.parameters),
        owned(entry.before),
        owned(entry.after),
    ]
}
