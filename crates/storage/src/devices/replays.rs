//! What replays would have decided, by replay, in the order of event time.

use moca_core::{
    campaign::decide::Decision,
    id::{InstanceId, ReplayId},
};

use super::{
    Batch, DecisionKey, Devices, decisions,
    keys::{Key, KeyReader, sortable},
    value::{backend, inconsistent},
};
use crate::StorageError;

const TABLE: &str = "replays";
const DOING: &str = "read the decisions of a replay";

fn of_replay(replay: ReplayId) -> Key {
    Key::new().byte(b'd').bytes(&replay.0.0)
}

/// The keys by which all that replays decided on an instance is found.
pub(super) fn replayed_of(instance: InstanceId) -> Vec<u8> {
    Key::new().byte(b'i').instance(instance).build()
}

fn by_instance(instance: InstanceId, replay: ReplayId) -> Key {
    Key::new().byte(b'i').instance(instance).bytes(&replay.0.0)
}

fn full_key(prefix: Key, at: u64, key: DecisionKey) -> Vec<u8> {
    prefix
        .unsigned(at)
        .unsigned(key.seq)
        .bytes(&key.index.to_be_bytes())
        .build()
}

/// The key of the decision that one of an instance's finds.
pub(super) fn same_of_replay(by_instance: &[u8]) -> Vec<u8> {
    let tail = by_instance.get(1 + size_of::<InstanceId>()..);
    let tail = tail.unwrap_or_default();
    Key::new().byte(b'd').bytes(tail).build()
}

impl Devices {
    /// Calls `each` with the decisions of a replay, by time, until it answers false.
    pub fn for_each_replayed(
        &self,
        replay: ReplayId,
        mut each: impl FnMut(DecisionKey, Decision) -> bool,
    ) -> Result<(), StorageError> {
        let prefix = of_replay(replay).build();
        for stored in self.replays.prefix(&prefix) {
            let (key, value) = stored.into_inner().map_err(backend(DOING))?;
            let id = decisions::key_in(&mut KeyReader::new(&key[prefix.len()..]));
            let id = id.ok_or_else(|| inconsistent(TABLE, "key", &key))?;
            let decision = decisions::decode(TABLE, &key, &value)?;
            if !each(id, decision) {
                break;
            }
        }
        Ok(())
    }

    /// Keeps decisions of a replay. The same ones may be kept again.
    pub fn keep_replayed(
        &self,
        replay: ReplayId,
        decided: &[(DecisionKey, Decision)],
    ) -> Result<(), StorageError> {
        let counting = self.count_decisions();
        let mut batch: Batch<'_> = self.batch();
        for (key, decision) in decided {
            let at = sortable(decision.at_ms);
            let of_instance = by_instance(decision.instance_id, replay);
            let of_instance = full_key(of_instance, at, *key);
            batch.writes.insert(&self.replays, of_instance, Vec::new());
            let of_replay = full_key(of_replay(replay), at, *key);
            let value = decisions::encode(decision)?;
            if let Some(kept) = self.replays.get(&of_replay).map_err(backend(DOING))? {
                let kept = decisions::decode(TABLE, &of_replay, &kept)?;
                batch.count(&of_replay, &kept, -1)?;
            }
            batch.count(&of_replay, decision, 1)?;
            batch.writes.insert(&self.replays, of_replay, value);
        }
        batch.write(&counting, DOING)
    }

    /// Forgets what a replay decided on an instance.
    pub fn forget_replayed_of(
        &self,
        replay: ReplayId,
        instance: InstanceId,
    ) -> Result<(), StorageError> {
        let prefix = by_instance(instance, replay).build();
        self.forget_decisions(&self.replays, &prefix, same_of_replay)
    }

    /// Forgets what a replay decided.
    pub fn forget_replay(&self, replay: ReplayId) -> Result<(), StorageError> {
        self.forget_counts(replay)?;
        let prefix = of_replay(replay).build();
        loop {
            let mut batch: Batch<'_> = self.batch();
            let mut removed = 0;
            for stored in self.replays.prefix(&prefix).take(KEYS_AT_ONCE) {
                let (key, value) = stored.into_inner().map_err(backend(DOING))?;
                let decision = decisions::decode(TABLE, &key, &value)?;
                let of_instance = by_instance(decision.instance_id, replay);
                let of_instance = of_instance.bytes(&key[prefix.len()..]).build();
                batch.writes.remove(&self.replays, of_instance);
                batch.writes.remove(&self.replays, key);
                removed += 1;
            }
            if removed == 0 {
                return Ok(());
            }
            batch.writes.commit().map_err(backend(DOING))?;
        }
    }

    /// The replays that anything is kept of.
    pub fn kept_replays(&self) -> Result<Vec<ReplayId>, StorageError> {
        let mut found = Vec::new();
        let mut from = vec![b'd'];
        while let Some(stored) = self.replays.range(from..vec![b'd' + 1]).next() {
            let key = stored.key().map_err(backend(DOING))?;
            let id = KeyReader::new(&key[1..]).id();
            let id = id.ok_or_else(|| inconsistent(TABLE, "key", &key))?;
            found.push(ReplayId(id));
            from = [b"d", id.0.as_slice(), &[0xff; 21]].concat();
        }
        Ok(found)
    }
}

/// Keys removed by one write.
const KEYS_AT_ONCE: usize = 10_000;
