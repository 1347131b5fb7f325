//! What the decide stage took in of the configuration, by account, in the order in which it did.
//!
//! This cannot be made again from the log: without it, replays begin with the configuration of today.

use moca_core::{history::Taken, id::AccountId};

use super::{
    Devices,
    keys::{Key, KeyReader},
    value::{backend, inconsistent},
};
use crate::StorageError;

const TABLE: &str = "history";
/// The version of the control store up to which all is kept.
const VERSION_OF: &[u8] = b"history";
/// The format of all values so far, which are JSON behind it.
const FORMAT: u8 = 1;

/// When something was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HistoryKey {
    /// The last row of the event log that was decided on before it.
    pub seq: u64,
    /// The version of the control store that it was found in.
    pub version: u64,
    /// The index among what was found with it.
    pub index: u32,
}

fn key(account: AccountId, key: HistoryKey) -> Vec<u8> {
    of_account(account)
        .unsigned(key.seq)
        .unsigned(key.version)
        .bytes(&key.index.to_be_bytes())
        .build()
}

fn of_account(account: AccountId) -> Key {
    Key::new().bytes(&account.0.0)
}

impl Devices {
    /// The version of the control store up to which all is kept; `None` before anything is.
    pub fn history_version(&self) -> Result<Option<i64>, StorageError> {
        self.get("offsets", &self.offsets, VERSION_OF)
    }

    /// Says that all is kept up to a version of the control store.
    pub fn set_history_version(&self, version: i64) -> Result<(), StorageError> {
        let mut batch = self.batch();
        batch.put(&self.offsets, VERSION_OF.to_vec(), &version)?;
        batch.writes.commit().map_err(backend(DOING))
    }

    /// Keeps what is about to be taken in; the first of these is the one of `first`.
    pub fn keep_history(
        &self,
        first: HistoryKey,
        taken: &[(AccountId, Taken)],
    ) -> Result<(), StorageError> {
        let mut batch = self.batch();
        for (index, (account, one)) in (first.index..).zip(taken) {
            let value = serde_json::to_vec(one).map_err(backend(DOING))?;
            let value = [&[FORMAT], value.as_slice()].concat();
            let key = key(*account, HistoryKey { index, ..first });
            batch.writes.insert(&self.history, key, value);
        }
        batch.writes.commit().map_err(backend(DOING))
    }

    /// Forgets what is kept of an account, or of all.
    pub fn forget_history(&self, of: Option<AccountId>) -> Result<(), StorageError> {
        let prefix = of.map_or_else(Vec::new, |account| of_account(account).build());
        self.remove_all(&self.history, &prefix, |_| None)
    }

    /// What was taken in of an account after a key, at most `limit`.
    pub fn history(
        &self,
        account: AccountId,
        after: Option<HistoryKey>,
        limit: usize,
    ) -> Result<Vec<(HistoryKey, Taken)>, StorageError> {
        let prefix = of_account(account).build();
        let from = match after {
            Some(after) => [key(account, after), vec![0]].concat(),
            None => prefix.clone(),
        };
        let end = [prefix.clone(), vec![0xff; 21]].concat();
        let stored = self.history.range(from..end).take(limit);
        stored
            .map(|stored| {
                let (key, value) = stored.into_inner().map_err(backend(DOING))?;
                let mut tail = KeyReader::new(&key[prefix.len()..]);
                let (Some(seq), Some(version), Some(index)) =
                    (tail.unsigned(), tail.unsigned(), tail.array())
                else {
                    return Err(inconsistent(TABLE, "key", &key));
                };
                let taken = match value.split_first() {
                    Some((&FORMAT, json)) => serde_json::from_slice(json).ok(),
                    _ => None,
                };
                let taken = taken.ok_or_else(|| inconsistent(TABLE, "value", &key))?;
                let index = u32::from_be_bytes(index);
                let key = HistoryKey {
                    seq,
                    version,
                    index,
                };
                Ok((key, taken))
            })
            .collect()
    }
}

const DOING: &str = "keep the history of the configuration";
