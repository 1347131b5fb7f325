//! Instances: one installation of an app on one device.

use moca_core::id::InstanceId;
use moca_engine::{InstanceQuery, InstanceView};
use moca_wire::{
    instances::{Inside, Instance, KnownInstance},
    problem::Code,
};

use super::{common::text_of, decisions::require_app, sensitive};
use crate::{audit, call::Call, etag, failure::Failure, reply::Reply};

/// `GET /v2/instances`
pub(crate) async fn list(call: &Call) -> Result<Reply, Failure> {
    let app_id = require_app(call).await?;
    let asked = InstanceQuery {
        user_id: text_of(call, "userId"),
        q: text_of(call, "q"),
        offset: call.query().offset(),
        limit: call.query().limit(),
    };
    let mut page = call.state().engine.instances(app_id, &asked).await?;
    sensitive::hide(call, &mut page.items).await?;
    let items: Vec<KnownInstance> = page.items.into_iter().map(known).collect();
    Reply::page(asked.offset, asked.limit, page.total, &items)
}

/// `GET /v2/instances/{instanceId}`
pub(crate) async fn get(call: &Call) -> Result<Reply, Failure> {
    let instance = shown(call, find(call).await?).await?;
    Reply::object(etag::revision_of(&instance)?, &instance)
}

/// `DELETE /v2/instances/{instanceId}`
pub(crate) async fn delete(call: &Call) -> Result<Reply, Failure> {
    let view = find(call).await?;
    let subject = view.subject;
    let instance = shown(call, view).await?;
    call.check_match(Some(etag::revision_of(&instance)?))?;
    audit::record_erasure(call).await?;
    call.state().engine.erase(vec![subject]).await?;
    Ok(Reply::done())
}

/// An instance as it is answered to those who manage it.
async fn shown(call: &Call, view: InstanceView) -> Result<KnownInstance, Failure> {
    let mut views = [view];
    sensitive::hide(call, &mut views).await?;
    let [view] = views;
    Ok(known(view))
}

/// The instance in the path, with everything that is known of it.
pub(super) async fn find(call: &Call) -> Result<InstanceView, Failure> {
    let id: InstanceId = call.id("instanceId")?;
    let engine = &call.state().engine;
    let found = engine.instance_of(call.principal.account_id, id).await?;
    found.ok_or_else(|| {
        Failure::new(
            Code::NotFound,
            "There is no instance with this id in this account.",
        )
    })
}

/// An instance with everything that is known of it.
pub(super) fn known(view: InstanceView) -> KnownInstance {
    let inside = |(target, entered_at): &(moca_core::experience::Target, i64)| Inside {
        target: (*target).into(),
        entered_at: *entered_at,
    };
    KnownInstance {
        last_seen_at: view.last_seen_at,
        logged_in: view.user_id.is_some(),
        inside: view.inside.iter().map(inside).collect(),
        instance: Instance {
            created_at: view.created_at,
            instance_id: view.subject.instance_id,
            app_id: view.subject.app_id,
            user_id: view.user_id,
            properties: view.properties,
            tags: view.tags.into_iter().collect(),
            consents: view.consents,
            push_enabled: view.push.is_some(),
            push: None,
            location_status: view.location_status,
            profile: view.profile,
        },
    }
}
