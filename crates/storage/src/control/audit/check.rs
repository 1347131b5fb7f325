//! Whether the log is as it was written.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{
    super::{
        Control, READING, Tx,
        sql::{Row, Value},
    },
    chain::{AuditKeys, BEGINNING, COLUMNS, Head, hash_of},
    counts::Recount,
};
use crate::StorageError;

/// Events read at a time.
const ROWS_AT_ONCE: i64 = 1_000;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditReport {
    /// The log of each account, in the order of their ids.
    pub chains: Vec<ChainReport>,
}

/// The log of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    /// The account's id.
    pub account: String,
    /// Events that fit, from the first on.
    pub events: i64,
    /// The hash of the last of them.
    pub hash: Vec<u8>,
    /// What does not fit; the first that was found.
    pub fault: Option<ChainFault>,
}

/// The first thing that does not fit in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainFault {
    /// This event is not there, and a later one is.
    Missing(i64),
    /// This event is not what was written, or does not follow the one before it.
    Changed(i64),
    /// The end was cut off: these events are not there, the last one included.
    Cut(i64, i64),
    /// There are events after the last one that was sealed.
    Unsealed(i64),
    /// The account has no log, or its seal is not there.
    NoHead,
    /// The seal on the last event is not this server's.
    WrongSeal,
    /// The events are as they were written, but not the counts by which lists of them are narrowed.
    Miscounted,
}

impl fmt::Display for ChainFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(number) => write!(f, "event {number} is missing"),
            Self::Changed(number) => write!(
                f,
                "event {number} is not what was written, or does not follow the one before it"
            ),
            Self::Cut(first, last) => {
                write!(
                    f,
                    "events {first} to {last} are missing: the end was cut off"
                )
            }
            Self::Unsealed(number) => write!(f, "event {number} was added after the seal"),
            Self::NoHead => write!(f, "the log or its seal is missing"),
            Self::WrongSeal => write!(
                f,
                "the seal was not made by this server: it was forged, or the secret key is another one"
            ),
            Self::Miscounted => write!(
                f,
                "the events are as they were written, but not the counts by which lists are narrowed: \
                 docs/audit.md says how to count them again"
            ),
        }
    }
}

impl AuditReport {
    /// Whether everything fits.
    pub fn is_sound(&self) -> bool {
        self.chains.iter().all(|chain| chain.fault.is_none())
    }
}

/// A seal with what it is on.
struct Sealed {
    head: Head,
    seal: Vec<u8>,
}

impl Control {
    /// Looks at every event of every account, in one snapshot. `progress` is told how many were looked
    /// at and how many there should be.
    pub async fn check_audit(
        &self,
        mut progress: impl FnMut(i64, i64),
    ) -> Result<AuditReport, StorageError> {
        let keys = self.keys.as_ref().ok_or_else(|| {
            StorageError::Configuration("the control store was opened without its keys".into())
        })?;
        let mut tx = self.read().await?;
        let mut heads = tx.sealed().await?;
        let numbers = heads.values().flatten().map(|sealed| sealed.head.sequence);
        let expected = numbers.fold(0, i64::saturating_add);
        let mut chains = BTreeMap::new();
        let mut looked_at = 0;
        let mut at = (Value::from(""), Value::Integer(i64::MIN));
        loop {
            let rows = tx.events_after(&at).await?;
            let Some(last) = rows.last() else {
                break;
            };
            // As they are, whatever somebody made of them: the next rows come after them.
            at = (last[0].clone(), last[1].clone());
            looked_at += rows.len() as i64;
            let mut accounts = BTreeSet::new();
            for row in rows {
                let account = text(&row[0]);
                let chain = chains.entry(account.clone()).or_insert_with(Walk::new);
                chain.step(row);
                accounts.insert(account);
            }
            for account in accounts {
                if let Some(chain) = chains.get_mut(&account) {
                    chain.counts_fit &= tx.counts_fit(&account, &mut chain.recount).await?;
                }
            }
            progress(looked_at, expected);
        }
        for (account, chain) in &mut chains {
            heads.entry(account.clone()).or_insert(None);
            chain.counts_fit &= !tx.has_counts_beside(account, &chain.recount).await?;
        }
        let reports = heads.into_iter().map(|(account, sealed)| {
            let walk = chains.remove(&account).unwrap_or_else(Walk::new);
            walk.end(keys, account, sealed)
        });
        Ok(AuditReport {
            chains: reports.collect(),
        })
    }
}

/// An account's events, followed as far as they fit.
struct Walk {
    head: Head,
    fault: Option<ChainFault>,
    recount: Recount,
    counts_fit: bool,
}

impl Walk {
    fn new() -> Self {
        Self {
            head: Head {
                sequence: 0,
                hash: BEGINNING.to_vec(),
            },
            fault: None,
            recount: Recount::default(),
            counts_fit: true,
        }
    }

    fn step(&mut self, mut row: Row) {
        if self.fault.is_some() {
            return;
        }
        let next = self.head.sequence + 1;
        let hash = row.pop();
        if integer(&row[1]) != next {
            self.fault = Some(ChainFault::Missing(next));
            return;
        }
        let computed = hash_of(&self.head.hash, &row).to_vec();
        if hash != Some(Value::Bytes(computed.clone())) {
            self.fault = Some(ChainFault::Changed(next));
            return;
        }
        self.head = Head {
            sequence: next,
            hash: computed,
        };
        let member = match &row[7] {
            Value::Null => String::new(),
            member => text(member),
        };
        let sort = (text(&row[3]), text(&row[4]), member);
        self.recount.add(next, integer(&row[2]), sort);
    }

    fn end(self, keys: &AuditKeys, account: String, sealed: Option<Sealed>) -> ChainReport {
        let (head, fault) = (self.head, self.fault);
        let miscounted = (!self.counts_fit).then_some(ChainFault::Miscounted);
        let fault = fault.or_else(|| seal_fault(keys, &account, &head, sealed));
        let fault = fault.or(miscounted);
        ChainReport {
            account,
            events: head.sequence,
            hash: head.hash,
            fault,
        }
    }
}

/// What is wrong with the seal on events that fit.
fn seal_fault(
    keys: &AuditKeys,
    account: &str,
    walked: &Head,
    sealed: Option<Sealed>,
) -> Option<ChainFault> {
    let Some(Sealed { head, seal }) = sealed else {
        return Some(ChainFault::NoHead);
    };
    if !keys.is_sealed(account, &head, &seal) {
        return Some(ChainFault::WrongSeal);
    }
    if walked.sequence < head.sequence {
        return Some(ChainFault::Cut(walked.sequence + 1, head.sequence));
    }
    if walked.sequence > head.sequence {
        return Some(ChainFault::Unsealed(head.sequence + 1));
    }
    (walked.hash != head.hash).then_some(ChainFault::Changed(walked.sequence))
}

impl Tx {
    /// The seals of all accounts; none for one that has no log.
    async fn sealed(&mut self) -> Result<BTreeMap<String, Option<Sealed>>, StorageError> {
        let sql = "SELECT accounts.id, audit_heads.sequence, audit_heads.hash, audit_heads.seal \
                   FROM accounts LEFT JOIN audit_heads ON audit_heads.account_id = accounts.id \
                   UNION ALL SELECT account_id, sequence, hash, seal FROM audit_heads \
                   WHERE account_id NOT IN (SELECT id FROM accounts)";
        let rows = self.session.query(sql, vec![]).await;
        let rows = rows.map_err(|error| error.doing(READING))?;
        let sealed = rows.into_iter().map(|mut row| {
            let seal = bytes(row.pop());
            let hash = bytes(row.pop());
            let head = row.pop().filter(|value| *value != Value::Null);
            let sealed = head.map(|sequence| Sealed {
                head: Head {
                    sequence: integer(&sequence),
                    hash,
                },
                seal,
            });
            (row.first().map(text).unwrap_or_default(), sealed)
        });
        Ok(sealed.collect())
    }

    async fn events_after(&mut self, at: &(Value, Value)) -> Result<Vec<Row>, StorageError> {
        let names = COLUMNS.join(", ");
        let sql = format!(
            "SELECT {names}, hash FROM audit_events WHERE (account_id, sequence) > ($1, $2) \
             ORDER BY account_id, sequence LIMIT $3"
        );
        let values = vec![at.0.clone(), at.1.clone(), ROWS_AT_ONCE.into()];
        let rows = self.session.scan(sql, values).await;
        rows.map_err(|error| error.doing(READING))
    }
}

// What somebody put into the wrong type of value fits nothing, and is no reason to stop.

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        other => format!("{other:?}"),
    }
}

fn integer(value: &Value) -> i64 {
    match value {
        Value::Integer(integer) => *integer,
        _ => i64::MIN,
    }
}

fn bytes(value: Option<Value>) -> Vec<u8> {
    match value {
        Some(Value::Bytes(bytes)) => bytes,
        _ => Vec::new(),
    }
}
