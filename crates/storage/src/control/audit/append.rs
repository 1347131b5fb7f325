//! What a transaction gathered becomes rows, just before it commits.

use std::collections::{BTreeMap, BTreeSet};

use moca_core::{
    account::Account,
    audit::{Action, Actor, Origin, Subject},
    id::AccountId,
    resource::Kind,
};

use super::{
    super::{
        Control, READING, Tx, WRITING,
        changes::{chunk_len, placeholders, tuples},
        sql::Value,
        table::{Columns, Mapped},
    },
    Entry,
    chain::{COLUMNS, Head, hash_of},
    snapshot::snapshot,
};
use crate::StorageError;

/// Events added by one statement at most.
const ROWS_MAX: usize = 64;
/// Accounts read or written by one statement at most.
const ACCOUNTS_MAX: usize = 64;

/// Where a log ends.
#[derive(Default)]
struct End {
    head: Head,
    /// Whether the seal on it is this server's. Another one is never sealed again: what somebody did
    /// to the log must not be covered up by what is added to it.
    is_whole: bool,
}

impl Control {
    /// Begins the log of every account if no account has one: the store is older than the log. An
    /// account that alone has none is left to [`Control::check_audit`] to find.
    pub async fn begin_audit(&self, now_ms: i64) -> Result<(), StorageError> {
        let mut tx = self.write().await?;
        let sql = "SELECT account_id FROM audit_heads LIMIT 1";
        let rows = tx.session.query(sql, vec![]).await;
        if !rows.map_err(|error| error.doing(READING))?.is_empty() {
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
    /// Adds the events of what was gathered.
    pub(in super::super) async fn append_events(
        &mut self,
        entries: Vec<Entry>,
    ) -> Result<(), StorageError> {
        if entries.is_empty() {
            return Ok(());
        }
        let origin = self.origin();
        let begun: BTreeSet<AccountId> = entries.iter().filter_map(Entry::begins).collect();
        let mut logs = Vec::with_capacity(entries.len());
        for entry in entries {
            logs.extend(rows_of(entry, &origin));
        }
        let accounts = logs.iter().map(|(account, _)| *account).collect();
        let mut ends = self.ends(accounts, &begun).await?;
        let mut rows = Vec::with_capacity(logs.len());
        for (account, row) in logs {
            let head = &mut ends.entry(account).or_default().head;
            head.sequence += 1;
            let mut values = vec![Value::id(account), head.sequence.into()];
            values.extend(row);
            let hash = hash_of(&head.hash, &values);
            head.hash = hash.to_vec();
            values.push(Value::Bytes(hash.to_vec()));
            rows.push(values);
        }
        self.add_rows(rows).await?;
        self.set_ends(ends).await
    }

    /// Where the logs of these accounts end. Those in `begun` may have none yet.
    async fn ends(
        &mut self,
        accounts: BTreeSet<AccountId>,
        begun: &BTreeSet<AccountId>,
    ) -> Result<BTreeMap<AccountId, End>, StorageError> {
        let mut ends = BTreeMap::new();
        let accounts: Vec<AccountId> = accounts.into_iter().collect();
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

    async fn add_rows(&mut self, rows: Vec<Vec<Value>>) -> Result<(), StorageError> {
        let names = COLUMNS.join(", ");
        let mut left = rows.into_iter();
        while left.len() > 0 {
            let count = chunk_len(left.len(), ROWS_MAX);
            let sql = format!(
                "INSERT INTO audit_events ({names}, hash) VALUES {}",
                tuples(count, COLUMNS.len() + 1)
            );
            let values = left.by_ref().take(count).flatten().collect();
            let done = self.session.execute(sql, values).await;
            done.map_err(|error| error.doing(WRITING))?;
        }
        Ok(())
    }

    async fn set_ends(&mut self, ends: BTreeMap<AccountId, End>) -> Result<(), StorageError> {
        for (account, End { head, is_whole }) in ends {
            let account = account.to_string();
            let keys = self.keys.as_ref().filter(|_| is_whole);
            let seal = keys.map(|keys| keys.seal(&account, &head));
            let sql = "INSERT INTO audit_heads (account_id, sequence, hash, seal) \
                       VALUES ($1, $2, $3, $4) ON CONFLICT (account_id) DO UPDATE SET \
                       sequence = excluded.sequence, hash = excluded.hash, seal = excluded.seal";
            let values = vec![
                account.into(),
                head.sequence.into(),
                Value::Bytes(head.hash),
                seal.map_or(Value::Null, |seal| Value::Bytes(seal.to_vec())),
            ];
            let done = self.session.execute(sql, values).await;
            done.map_err(|error| error.doing(WRITING))?;
        }
        Ok(())
    }
}

/// The values of [`COLUMNS`] after account and sequence.
type Row = [Value; COLUMNS.len() - 2];

/// In whose logs an entry stands, and how. What a member does in an account that is not theirs stands
/// in both, and only their own names them.
fn rows_of(entry: Entry, origin: &Origin) -> Vec<(AccountId, Row)> {
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

fn row(entry: Entry, origin: &Origin) -> Row {
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
