//! Every decision, by app and by instance, in the order of event time.

use moca_core::{
    campaign::decide::{Decision, Verdict},
    experience::{Direction, Target, Trigger},
    id::{AppId, CampaignId, ExperienceId, InstanceId, MessageId},
    time::Range,
};
use serde::{Deserialize, Serialize};

use super::{
    Batch, Devices,
    keys::{Key, KeyReader, sortable},
    value::{self, backend, inconsistent},
};
use crate::StorageError;

const TABLE: &str = "decisions";
/// The version of decisions on triggers that wait for anything but a crossing.
const OTHER: u8 = 3;

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

/// A decision on a trigger that waited for a crossing.
#[derive(Serialize, Deserialize)]
struct OnCrossing {
    instance_id: InstanceId,
    campaign_id: CampaignId,
    experience_id: ExperienceId,
    direction: Direction,
    target: Target,
    delay_ms: i64,
    at_ms: i64,
    verdict: Verdict,
    message_id: Option<MessageId>,
}

/// A decision on any other trigger.
#[derive(Serialize, Deserialize)]
struct OnOther {
    instance_id: InstanceId,
    campaign_id: CampaignId,
    experience_id: ExperienceId,
    /// As JSON: there are many kinds, and they are told apart by their names.
    trigger: String,
    at_ms: i64,
    verdict: Verdict,
    message_id: Option<MessageId>,
}

pub(super) fn encode(decision: &Decision) -> Result<Vec<u8>, StorageError> {
    let Decision {
        instance_id,
        campaign_id,
        experience_id,
        at_ms,
        message_id,
        ..
    } = *decision;
    let verdict = decision.verdict.clone();
    match decision.trigger.crossing() {
        Some((direction, target)) => value::encode(&OnCrossing {
            instance_id,
            campaign_id,
            experience_id,
            direction,
            target,
            delay_ms: decision.trigger.delay_ms(),
            at_ms,
            verdict,
            message_id,
        }),
        None => value::encode_as(
            OTHER,
            &OnOther {
                instance_id,
                campaign_id,
                experience_id,
                trigger: serde_json::to_string(&decision.trigger)
                    .map_err(backend("encode the trigger of a decision"))?,
                at_ms,
                verdict,
                message_id,
            },
        ),
    }
}

pub(super) fn decode(
    table: &'static str,
    key: &[u8],
    bytes: &[u8],
) -> Result<Decision, StorageError> {
    if bytes.first() == Some(&OTHER) {
        let kept: OnOther = value::decode_as(OTHER, table, key, bytes)?;
        let trigger = serde_json::from_str(&kept.trigger);
        return Ok(Decision {
            instance_id: kept.instance_id,
            campaign_id: kept.campaign_id,
            experience_id: kept.experience_id,
            trigger: trigger.map_err(|_| inconsistent(table, "trigger", key))?,
            at_ms: kept.at_ms,
            verdict: kept.verdict,
            message_id: kept.message_id,
        });
    }
    let kept: OnCrossing = value::decode(table, key, bytes)?;
    Ok(Decision {
        instance_id: kept.instance_id,
        campaign_id: kept.campaign_id,
        experience_id: kept.experience_id,
        trigger: Trigger::of_crossing(kept.direction, kept.target, kept.delay_ms),
        at_ms: kept.at_ms,
        verdict: kept.verdict,
        message_id: kept.message_id,
    })
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

/// What makes the decision unique, from the end of its key that begins with its time.
pub(super) fn key_in(tail: &mut KeyReader<'_>) -> Option<DecisionKey> {
    let (_at, seq, index) = (tail.unsigned()?, tail.unsigned()?, tail.array()?);
    let index = u32::from_be_bytes(index);
    Some(DecisionKey { seq, index })
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
            let tail = &key[prefix_bytes..];
            let at = KeyReader::new(tail).unsigned();
            let (Some(at), Some(id)) = (at, key_in(&mut KeyReader::new(tail))) else {
                return Err(inconsistent(TABLE, "key", &key));
            };
            let decision = match scope.instance_id {
                None => decode(TABLE, &key, &value)?,
                Some(_) => {
                    let key = full_key(self::prefix(scope.app_id, None), at, id);
                    let value = self.decisions.get(&key).map_err(backend(DOING))?;
                    let value = value.ok_or_else(|| inconsistent(TABLE, "value", &key))?;
                    decode(TABLE, &key, &value)?
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
        self.count(&by_app, decision, 1)?;
        self.writes
            .insert(&self.devices.decisions, by_app, encode(decision)?);
        Ok(())
    }
}
