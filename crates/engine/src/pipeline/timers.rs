//! When silent devices are due to be looked at again.

use std::collections::{BTreeSet, HashMap};

use moca_core::{id::InstanceId, limits::SILENCE_MS, presence};
use moca_storage::devices::InstanceState;

/// The next due time of every instance that has one. Follows from the states, so it is not stored.
#[derive(Default)]
pub(crate) struct Timers {
    by_time: BTreeSet<(i64, InstanceId)>,
    by_instance: HashMap<InstanceId, i64>,
}

impl Timers {
    /// Sets, moves or clears the timer of an instance as its state demands.
    pub(crate) fn update(&mut self, state: &InstanceState) {
        let instance = state.subject.instance_id;
        let due_at = due_at(state);
        let before = self.by_instance.get(&instance).copied();
        if before == due_at {
            return;
        }
        if let Some(before) = before {
            self.by_time.remove(&(before, instance));
        }
        match due_at {
            Some(due_at) => {
                self.by_time.insert((due_at, instance));
                self.by_instance.insert(instance, due_at);
            }
            None => {
                self.by_instance.remove(&instance);
            }
        }
    }

    /// Forgets the timer of an instance.
    pub(crate) fn forget(&mut self, instance: InstanceId) {
        if let Some(before) = self.by_instance.remove(&instance) {
            self.by_time.remove(&(before, instance));
        }
    }

    /// The instances due at `now_ms`, the longest due first, then by id: the same in every replay.
    pub(crate) fn due(&self, now_ms: i64) -> Vec<InstanceId> {
        self.by_time
            .iter()
            .take_while(|(due_at, _)| *due_at <= now_ms)
            .map(|(_, instance)| *instance)
            .collect()
    }

    /// When the first is due.
    pub(crate) fn next(&self) -> Option<i64> {
        self.by_time.first().map(|(due_at, _)| *due_at)
    }
}

/// The time of the server's clock at which an instance is due. Event time may lag far behind it (a
/// device that was offline, a simulation of yesterday), and the device may go on telling what
/// happened next; so only the silence of one that the server has not heard of either is a silence.
fn due_at(state: &InstanceState) -> Option<i64> {
    let due_at = presence::due_at(&state.presence)?;
    Some(due_at.max(state.heard_at.saturating_add(SILENCE_MS)))
}
