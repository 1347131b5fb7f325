//! What the audit log learns of a call: who it is from, and which people it is about.
//!
//! Changes of objects need nothing more than [`origin`]: the store makes their events itself. An
//! access to what is held on people is recorded here, in a transaction of its own that is on disk
//! before the answer leaves (and before an erasure begins, so that none is without its event).

use std::sync::atomic::Ordering;

use moca_core::{
    audit::{Action, Actor, Origin, Subject},
    event,
    id::{AccountId, AppId, DeliveryId, SegmentId, WebhookId},
};
use moca_storage::control::Access;
use serde_json::{Map, Value, json};

use crate::{
    call::Call,
    failure::Failure,
    route::{Route, Verb},
};

/// Who changes what a call changes.
pub(crate) fn origin(call: &Call) -> Origin {
    let principal = &call.principal;
    let member = Actor::Member {
        account_id: principal.account_id,
        member_id: principal.member_id,
        token_id: principal.token_id,
    };
    origin_of(call, member)
}

/// Records that a call has read what is held on people, if its route does.
pub(crate) async fn record_read(call: &Call) -> Result<(), Failure> {
    let route = call.request.route;
    if !route.personal || call.request.recorded.load(Ordering::Relaxed) {
        return Ok(());
    }
    if route.verb != Verb::Get {
        return Err(Failure::internal(
            "a handler did not record what it does to people",
            "call record_erasure",
        ));
    }
    let action = if route.path.ends_with("/export") {
        Action::Export
    } else {
        Action::Read
    };
    record(call, call.principal.account_id, origin(call), action).await
}

/// Records that a call is about to erase what is held on the people in its path.
pub(crate) async fn record_erasure(call: &Call) -> Result<(), Failure> {
    let account_id = call.principal.account_id;
    record(call, account_id, origin(call), Action::Erase).await
}

/// Records that all instances of an app, so many, are about to be erased with their users.
pub(crate) async fn record_erasure_of_app(
    call: &Call,
    account_id: AccountId,
    app_id: AppId,
    count: i64,
) -> Result<(), Failure> {
    let parameters = json!({"appId": app_id, "instanceCount": count}).to_string();
    let access = Access {
        account_id,
        action: Action::Erase,
        subject: Subject::Instance,
        id: None,
        parameters: Some(&parameters),
    };
    write(call, origin(call), access).await
}

/// Records that what a delivery of a webhook tells of an instance is about to be given out once more.
pub(crate) async fn record_redelivery(
    call: &Call,
    webhook_id: WebhookId,
    delivery_id: DeliveryId,
) -> Result<(), Failure> {
    let parameters = json!({"webhookId": webhook_id, "deliveryId": delivery_id}).to_string();
    let access = Access {
        account_id: call.principal.account_id,
        action: Action::Export,
        subject: Subject::Instance,
        id: None,
        parameters: Some(&parameters),
    };
    write(call, origin(call), access).await
}

/// Records that so many instances are about to be all that a static segment holds.
pub(crate) async fn record_listing(
    call: &Call,
    segment_id: SegmentId,
    count: usize,
) -> Result<(), Failure> {
    let parameters = json!({"segmentId": segment_id, "instanceCount": count}).to_string();
    let access = Access {
        account_id: call.principal.account_id,
        action: Action::Update,
        subject: Subject::Instance,
        id: None,
        parameters: Some(&parameters),
    };
    write(call, origin(call), access).await
}

/// Records the erasure by a device that erases itself, or that is erased as its app is gone.
pub(crate) async fn record_own_erasure<P>(
    call: &Call<P>,
    subject: event::Subject,
) -> Result<(), Failure> {
    let instance_id = subject.instance_id.to_string();
    let access = Access {
        account_id: subject.account_id,
        action: Action::Erase,
        subject: Subject::Instance,
        id: Some(&instance_id),
        parameters: None,
    };
    write(call, origin_of(call, Actor::Device), access).await
}

async fn record(
    call: &Call,
    account_id: AccountId,
    origin: Origin,
    action: Action,
) -> Result<(), Failure> {
    let subject = subject_of(call.request.route)?;
    let parameters = parameters(call);
    let query = call.query();
    let id = match subject {
        Subject::User => call.path_segment("userId").map(str::to_owned),
        _ => call
            .path_segment("instanceId")
            .map(str::to_owned)
            .or_else(|| {
                query
                    .id("instanceId")
                    .map(|id: moca_core::id::Id| id.to_string())
            }),
    };
    // A list of instances may be narrowed to those of a user.
    let id = id.or_else(|| query.text("userId").map(str::to_owned));
    let access = Access {
        account_id,
        action,
        subject,
        id: id.as_deref(),
        parameters: parameters.as_deref(),
    };
    write(call, origin, access).await
}

async fn write<P>(call: &Call<P>, origin: Origin, access: Access<'_>) -> Result<(), Failure> {
    let mut tx = call.state().control.write().await?;
    tx.act_as(origin);
    tx.record(access)?;
    tx.commit().await?;
    call.request.recorded.store(true, Ordering::Relaxed);
    Ok(())
}

fn origin_of<P>(call: &Call<P>, actor: Actor) -> Origin {
    let route = call.request.route;
    // Where a person is must not be told by where their device calls from.
    let address = match actor {
        Actor::Device => None,
        _ => call.request.remote,
    };
    Origin {
        at: call.now_ms(),
        actor,
        request_id: Some(call.request_id().to_owned()),
        route: Some(format!("{} {}", route.verb.as_str(), route.path)),
        address,
    }
}

/// What a route tells of.
fn subject_of(route: &Route) -> Result<Subject, Failure> {
    let collection = route.path.strip_prefix("/v2/").unwrap_or_default();
    match collection.split('/').next() {
        Some("instances") => Ok(Subject::Instance),
        Some("segments") if collection.ends_with("/instances") => Ok(Subject::Instance),
        Some("users") => Ok(Subject::User),
        Some("decisions") => Ok(Subject::Decision),
        Some("replays") => Ok(Subject::Decision),
        _ => Err(Failure::internal(
            "a route about people is not known to the audit log",
            route.path,
        )),
    }
}

/// The query parameters and the segment, as JSON, without texts and ids of people.
fn parameters(call: &Call) -> Option<String> {
    let mut told = Map::new();
    if let Some(segment_id) = call.path_segment("segmentId") {
        told.insert("segmentId".to_owned(), segment_id.into());
    }
    for parameter in call.request.route.query {
        let name = parameter.name;
        let value = if name == "instanceId" {
            None
        } else if let Some(number) = call.query().integer(name) {
            Some(Value::from(number))
        } else {
            let id: Option<moca_core::id::Id> = call.query().id(name);
            id.map(|id| Value::from(id.to_string()))
        };
        if let Some(value) = value {
            told.insert(name.to_owned(), value);
        }
    }
    (!told.is_empty()).then(|| Value::Object(told).to_string())
}
