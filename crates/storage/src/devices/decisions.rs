//! Every decision, by app and by instance, in the order of event time.

use moca_core::{
    campaign::decide::Decision,
    id::{AppId, InstanceId},
    time::Range,
};

use super::{
    Batch, Devices,
    keys::{Key, KeyReader, sortable},
    value::{backend, decode, inconsistent},
};
use crate::StorageError;

const TABLE: &str = "decisions";

/// What makes a decision unique: the row of the log that caused it and its index among that row's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DecisionKey {
    /// The row.
    pub seq: u64,
    /// The index, from 0.
    pub index: u32,
}

/// Whose decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecisionScope {
    /// Of this app.
    pub app_id: AppId,
    /// Of this instance only.
    pub instance_id: Option<InstanceId>,
    /// With an event time within.
    pub range: Option<Range>,
}

fn prefix(app: AppId, instance: Option<InstanceId>) -> Key {
    match instance {
        Some(instance) => Key::new().byte(b'i').app(app).instance(instance),
        None => Key::new().byte(b'a').app(app),
    }
}

fn full_key(prefix: Key, sortable_at: u64, key: DecisionKey) -> Vec<u8> {
    prefix
        .unsigned(sortable_at)
        .unsigned(key.seq)
        .bytes(&key.index.to_be_bytes())
        .build()
}

/// The keys by which the decisions of an instance are found.
pub(super) fn decisions_of(app: AppId, instance: InstanceId) -> Vec<u8> {
    prefix(app, Some(instance)).build()
}

/// The key of the decision that one of these finds.
pub(super) fn same_in_app(app: AppId, by_instance: &[u8]) -> Vec<u8> {
    let tail = size_of::<u64>() * 2 + size_of::<u32>();
    let tail = &by_instance[by_instance.len().saturating_sub(tail)..];
    prefix(app, None).bytes(tail).build()
}

impl Devices {
    /// Calls `each` with the decisions of a scope, by time, until it answers false.
    pub fn for_each_decision(
        &self,
        scope: &DecisionScope,
        mut each: impl FnMut(DecisionKey, Decision) -> bool,
    ) -> Result<(), StorageError> {
        const DOING: &str = "read decisions";
        let prefix = || prefix(scope.app_id, scope.instance_id);
        let prefix_bytes = prefix().build().len();
        let range = scope.range.unwrap_or(Range {
            from: i64::MIN,
            to: i64::MAX,
        });
        if range.from >= range.to {
            return Ok(());
        }
        let stored = self
            .decisions
            .range(prefix().signed(range.from).build()..prefix().signed(range.to).build());
        for guard in stored {
            let (key, value) = guard.into_inner().map_err(backend(DOING))?;
            let mut tail = KeyReader::new(&key[prefix_bytes..]);
            let (Some(at), Some(seq), Some(index)) =
                (tail.unsigned(), tail.unsigned(), tail.array())
            else {
                return Err(inconsistent(TABLE, "key", &key));
            };
            let index = u32::from_be_bytes(index);
            let id = DecisionKey { seq, index };
            let decision = match scope.instance_id {
                None => decode(TABLE, &key, &value)?,
                Some(_) => {
                    let key = full_key(self::prefix(scope.app_id, None), at, id);
                    self.get(TABLE, &self.decisions, &key)?
                        .ok_or_else(|| inconsistent(TABLE, "value", &key))?
                }
            };
            if !each(id, decision) {
                break;
            }
        }
        Ok(())
    }
}

impl Batch<'_> {
    /// Keeps a decision.
    pub fn put_decision(
        &mut self,
        app: AppId,
        key: DecisionKey,
        decision: &Decision,
    ) -> Result<(), StorageError> {
        let at = sortable(decision.at_ms);
        let by_instance = full_key(prefix(app, Some(decision.instance_id)), at, key);
        self.writes
            .insert(&self.devices.decisions, by_instance, Vec::new());
        let by_app = full_key(prefix(app, None), at, key);
        self.put(&self.devices.decisions, by_app, decision)
    }
}
