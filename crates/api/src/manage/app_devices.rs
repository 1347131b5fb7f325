//! The instances and users of an app that is deleted.
//!
//! The pipeline keeps them, and it may have to wait for a transaction itself, so they are erased
//! outside of that of the deletion. They go before the app does: after a crash in between there is an
//! app without instances, which can be deleted again. A device may register meanwhile, as the app is
//! still there; those are looked for when it is gone. A registration that comes even later finds out
//! by itself (`device/instances.rs`).

use moca_core::{
    event::Subject,
    id::{AccountId, AppId},
    resource::Kind,
    scope::{Access, Family},
};
use moca_engine::InstanceQuery;
use moca_wire::problem::Code;

use super::apps;
use crate::{audit, auth, call::Call, failure::Failure};

/// Before an app is deleted: erases its instances with `cascade`, and else refuses if there are any.
///
/// Instances of an app that is gone, of a deletion that was cut short, are erased too; the answer is
/// that there is no such app.
pub(crate) async fn before_deletion(call: &Call) -> Result<(), Failure> {
    let app_id: AppId = call.id("appId")?;
    let outcome = rehearse(call).await;
    match &outcome {
        Err(failure) if !matches!(failure.code(), Code::InUse | Code::NotFound) => return outcome,
        _ => {}
    }
    let account_id = call.principal.account_id;
    let count = instance_count(call, account_id, app_id).await?;
    if count == 0 {
        return outcome;
    }
    if call.query().flag("cascade") {
        auth::require_scope(&call.principal, Family::Instances, Access::Write)?;
        auth::require_scope(&call.principal, Family::Users, Access::Write)?;
        erase(call, account_id, app_id, count).await?;
        return outcome;
    }
    match outcome {
        Err(failure) if failure.code() == Code::NotFound => Err(failure),
        Err(failure) => Err(failure.with_instances(count)),
        Ok(()) => Err(Failure::in_use(Kind::App, &[], 0).with_instances(count)),
    }
}

/// When an app is deleted: erases what has registered meanwhile.
pub(crate) async fn after_deletion(call: &Call) -> Result<(), Failure> {
    erase_all(call, call.principal.account_id, call.id("appId")?).await
}

/// Erases the instances of an app, with their users.
pub(super) async fn erase_all(
    call: &Call,
    account_id: AccountId,
    app_id: AppId,
) -> Result<(), Failure> {
    match instance_count(call, account_id, app_id).await? {
        0 => Ok(()),
        count => erase(call, account_id, app_id, count).await,
    }
}

/// Does the deletion and takes it back, so that what it refuses is refused before anything is erased.
async fn rehearse(call: &Call) -> Result<(), Failure> {
    let mut tx = call.state().control.write().await?;
    apps::delete(call, &mut tx).await.map(drop)
}

/// The number of instances that an app has, or had, in an account.
pub(super) async fn instance_count(
    call: &Call,
    account_id: AccountId,
    app_id: AppId,
) -> Result<i64, Failure> {
    let one = InstanceQuery {
        limit: 1,
        ..InstanceQuery::default()
    };
    let page = call.state().engine.instances(app_id, &one).await?;
    let is_own = |subject: Subject| subject.account_id == account_id;
    let own = page.items.first().filter(|view| is_own(view.subject));
    Ok(own.map_or(0, |_| page.total))
}

async fn erase(
    call: &Call,
    account_id: AccountId,
    app_id: AppId,
    count: i64,
) -> Result<(), Failure> {
    audit::record_erasure_of_app(call, account_id, app_id, count).await?;
    Ok(call.state().engine.erase_app(app_id).await?)
}
