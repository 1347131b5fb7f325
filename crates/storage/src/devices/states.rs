//! What the decide stage knows of each instance.

use std::collections::{BTreeMap, BTreeSet};

use moca_core::{
    campaign::caps::Caps,
    consent::Consents,
    event::{Profile, Subject},
    experience::Target,
    id::{InstanceId, SegmentId},
    presence::Presence,
    property::Properties,
    push::PushAddress,
};
use serde::{Deserialize, Serialize};

use super::{
    Batch, Devices,
    keys::Key,
    value::{Parts, backend, decode_with, encode_with, next_part},
};
use crate::StorageError;

pub(super) const TABLE: &str = "states";

/// All that is known of one instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstanceState {
    /// Who.
    pub subject: Subject,
    /// First registration, ms since 1970.
    pub created_at: i64,
    /// The device.
    pub profile: Profile,
    /// Who is logged in.
    pub user_id: Option<String>,
    /// Properties.
    pub properties: Properties,
    /// Tags.
    pub tags: BTreeMap<String, f64>,
    /// Where it is.
    pub presence: Presence,
    /// What it was shown.
    pub caps: Caps,
    /// Messages in its inbox.
    pub message_count: u64,
    /// Time of its newest event, ms since 1970.
    pub newest_event_at: i64,
    /// When the server last heard of it, ms since 1970.
    pub heard_at: i64,
    /// Where it can be pushed to.
    #[serde(skip)]
    pub push: Option<PushAddress>,
    /// The static segments that it was put into.
    #[serde(skip)]
    pub listed: BTreeSet<SegmentId>,
    /// What the person agreed to, and what not.
    #[serde(skip)]
    pub consents: Consents,
    /// Whether the app may know where the device is, as its system calls that.
    #[serde(skip)]
    pub location_status: Option<String>,
    /// Who logged in last.
    #[serde(skip)]
    pub last_user: Option<LastUser>,
}

/// Who logged in last on an instance, and may have logged out since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastUser {
    /// Who.
    pub user_id: String,
    /// Names of properties that were set at a login or while logged in: they are theirs, and nothing to
    /// whoever logs in next.
    pub properties: BTreeSet<String>,
}

pub(super) fn encode(state: &InstanceState) -> Result<Vec<u8>, StorageError> {
    let watched = &state.presence.watched;
    let parts = Parts::default()
        .push(state.push.as_ref())?
        .push(state.presence.path_start.as_ref())?
        .push((!state.listed.is_empty()).then_some(&state.listed))?
        .push(order(&state.presence).as_ref())?
        .push(Some(watched).filter(|watched| !watched.is_empty()))?
        .push((!state.consents.is_empty()).then_some(&state.consents))?
        .push((!state.caps.earlier.is_empty()).then_some(&state.caps.earlier))?
        .push(state.location_status.as_ref())?
        .push(state.last_user.as_ref())?;
    encode_with(state, &parts)
}

pub(super) fn decode(key: &[u8], value: &[u8]) -> Result<InstanceState, StorageError> {
    decode_with(TABLE, key, value, |state: &mut InstanceState, parts| {
        state.push = next_part(parts)?;
        state.presence.path_start = next_part(parts)?;
        state.listed = next_part(parts)?.unwrap_or_default();
        let order: Option<Order> = next_part(parts)?;
        let newest_at = state.presence.newest_at;
        (state.presence.newest_fix_at, state.presence.exits) =
            order.unwrap_or((newest_at, Vec::new()));
        state.presence.watched = next_part(parts)?.unwrap_or_default();
        state.consents = next_part(parts)?.unwrap_or_default();
        state.caps.earlier = next_part(parts)?.unwrap_or_default();
        state.location_status = next_part(parts)?;
        state.last_user = next_part(parts)?;
        Some(())
    })
}

/// What tells late events from others: the time of the newest fix, and the last exits.
type Order = (i64, Vec<(Target, i64)>);

/// None if the newest of all is a fix and nothing was left.
fn order(presence: &Presence) -> Option<Order> {
    let is_usual = presence.newest_fix_at == presence.newest_at && presence.exits.is_empty();
    (!is_usual).then(|| (presence.newest_fix_at, presence.exits.clone()))
}

pub(super) fn key(instance: InstanceId) -> Vec<u8> {
    Key::new().instance(instance).build()
}

impl Devices {
    /// The state of an instance.
    pub fn state(&self, instance: InstanceId) -> Result<Option<InstanceState>, StorageError> {
        let key = key(instance);
        let value = self.states.get(&key);
        let value = value.map_err(backend("read the state of an instance"))?;
        value.map(|value| decode(&key, &value)).transpose()
    }

    /// Calls `each` with every state, in the order of the instances' ids.
    pub fn for_each_state(&self, mut each: impl FnMut(InstanceState)) -> Result<(), StorageError> {
        for stored in self.states.iter() {
            let (key, value) = stored
                .into_inner()
                .map_err(backend("read all states of instances"))?;
            each(decode(&key, &value)?);
        }
        Ok(())
    }
}

impl Batch<'_> {
    /// Forgets an instance.
    pub fn remove_state(&mut self, instance: InstanceId) {
        self.writes.remove(&self.devices.states, key(instance));
    }

    /// Keeps the state of an instance.
    pub fn put_state(&mut self, state: &InstanceState) -> Result<(), StorageError> {
        let key = key(state.subject.instance_id);
        self.writes
            .insert(&self.devices.states, key, encode(state)?);
        Ok(())
    }
}
