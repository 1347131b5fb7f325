//! `POST /device/v1/events/batch`: what many devices told, from a gateway or a back end.

use std::collections::BTreeMap;

use moca_core::{
    event::{Event, Subject},
    id::InstanceId,
};
use moca_wire::{events::EventsAnswer, fault::FaultCode, problem::Fault};

use super::{event_line, events};
use crate::{auth::Gateway, call::Call, failure::Failure, reply::Reply};

/// Takes the good events of a batch, each for the instance that it names, and says what is wrong with the
/// others. Answers when they are on disk.
pub(crate) async fn post(call: &Call<Gateway>) -> Result<Reply, Failure> {
    let now_ms = call.now_ms();
    let batch = events::read_body(call, move |index, line| {
        let (instance_id, event) = event_line::read_addressed(line, now_ms)?;
        Ok((index, instance_id, event))
    })
    .await?;
    let mut of_instances: BTreeMap<InstanceId, (Vec<usize>, Vec<Event>)> = BTreeMap::new();
    for (index, instance_id, event) in batch.events {
        let (indices, events) = of_instances.entry(instance_id).or_default();
        indices.push(index);
        events.push(event);
    }
    let engine = &call.state().engine;
    let ids = of_instances.keys().copied().collect();
    let mut subjects = engine.subjects(ids).await?;
    subjects.retain(|_, subject| may_tell_of(&call.principal, subject));
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    let mut told = Vec::new();
    for (instance_id, (indices, events)) in of_instances {
        match subjects.get(&instance_id) {
            Some(subject) => {
                told.push((*subject, events));
                known.push(indices);
            }
            None => unknown.extend(indices),
        }
    }
    let mut answer = EventsAnswer {
        accepted: 0,
        duplicates: 0,
        rejected: batch.rejected,
    };
    if !told.is_empty() {
        for (appended, indices) in engine.gathered(told).await?.into_iter().zip(known) {
            match appended {
                Some(appended) => {
                    answer.accepted += appended.accepted;
                    answer.duplicates += appended.duplicates;
                }
                // It was erased meanwhile.
                None => unknown.extend(indices),
            }
        }
    }
    let missing = |index| {
        let detail = "/instanceId: there is no instance with this id that you may tell of";
        let fault = Fault::new("/instanceId", FaultCode::NotFound, detail);
        events::rejected(index, fault)
    };
    answer.rejected.extend(unknown.into_iter().map(missing));
    answer.rejected.sort_by_key(|rejected| rejected.index);
    Reply::ok(&answer)
}

fn may_tell_of(gateway: &Gateway, subject: &Subject) -> bool {
    let is_of_app = gateway.app_id.is_none_or(|app_id| app_id == subject.app_id);
    gateway.account_id == subject.account_id && is_of_app
}
