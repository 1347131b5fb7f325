//! Deleting an account with all that is in it.
//!
//! It may have millions of objects and devices, so it goes in parts, each done for good when it is: its
//! imports and replays, which would go on without a token, its members, so that nobody makes anything in it any more, then its apps with the people they know of
//! (see [`app_devices`]), then everything else, and the account at last. A deletion that is cut short leaves
//! an account with less in it and goes on when it is asked for again.

use moca_core::{
    account::Account,
    id::{AccountId, AppId},
    import::Import,
    limits::FAULTS_MAX,
    replay::Replay,
    resource::Kind,
    scope::{Access, Family},
};
use moca_storage::control::{Reference, Tx};
use moca_wire::problem::Code;

use super::{accounts, app_devices, deletion};
use crate::{audit, auth, call::Call, failure::Failure, reply::Reply};

/// Objects looked up, and deleted with their parts in one transaction.
const OBJECTS_AT_ONCE: i64 = FAULTS_MAX as i64;

/// Before an account is deleted: refuses if it may not be, and else empties it.
pub(crate) async fn before_deletion(call: &Call) -> Result<(), Failure> {
    let mut tx = call.state().control.read().await?;
    let account = deletable(call, &mut tx).await?;
    let id = AccountId(account.frame.id);
    call.check_match(Some(account.frame.revision))?;
    let objects = contents(&mut tx, id).await?;
    if !call.query().flag("cascade") {
        let total = tx.count_references(id, Kind::Account, id.0).await?;
        let apps = tx.app_ids(id).await?;
        let imports = tx.count_jobs::<Import>(id).await?;
        let replays = tx.count_jobs::<Replay>(id).await?;
        drop(tx);
        let reach = call.principal.reach;
        let shown: Vec<Reference> = objects
            .into_iter()
            .filter(|object| reach.admits(Family::of(object.kind), Access::Read))
            .collect();
        let instances = instance_count(call, id, &apps).await?;
        let how = "they go with the account by ?cascade=true";
        return Err(Failure::in_use(Kind::Account, &shown, total)
            .with_others(replays, ["replay", "replays"], how)
            .with_others(imports, ["import", "imports"], how)
            .with_instances(instances));
    }
    drop(tx);
    require_all(call)?;
    let mut tx = call.state().control.write().await?;
    tx.act_as(audit::origin(call));
    tx.delete_jobs(id).await?;
    tx.commit().await?;
    loop {
        let mut tx = call.state().control.write().await?;
        let objects = contents(&mut tx, id).await?;
        // In the order of kinds: members, their tokens, then apps.
        let Some(kind) = objects.first().map(|object| object.kind) else {
            return Ok(());
        };
        if let (Kind::App, Some(app)) = (kind, objects.first()) {
            drop(tx);
            delete_app(call, id, AppId(app.id)).await?;
            continue;
        }
        tx.act_as(audit::origin(call));
        for object in objects.iter().filter(|object| object.kind == kind) {
            deletion::delete_with_users(call, &mut tx, id, (kind, object.id)).await?;
        }
        tx.commit().await?;
    }
}

/// `DELETE /v2/accounts/{accountId}`: what is left of it, and what came into it meanwhile.
pub(crate) async fn delete(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let account = deletable(call, tx).await?;
    call.check_match(Some(account.frame.revision))?;
    let id = AccountId(account.frame.id);
    if !tx.app_ids(id).await?.is_empty() {
        return Err(Failure::conflict(
            "An app was made in the account while it was deleted: delete the account again.",
        ));
    }
    deletion::delete_with_users(call, tx, id, (Kind::Account, id.0)).await?;
    Ok(Reply::done())
}

/// After it: what was left by devices and files that came meanwhile is cleared away.
pub(crate) async fn after_deletion(call: &Call) -> Result<(), Failure> {
    call.state().engine.imports().ring();
    Ok(())
}

/// The account in the path, if the caller may delete it.
async fn deletable(call: &Call, tx: &mut Tx) -> Result<Account, Failure> {
    let account = accounts::visible(call, tx).await?;
    if !call.principal.operator {
        return Err(Failure::new(
            Code::RoleTooLow,
            "Only owners of the first account of this server may delete accounts.",
        ));
    }
    if account.operator {
        return Err(Failure::conflict(
            "This is the first account, by which the server is operated: it stays as long as the server.",
        ));
    }
    Ok(account)
}

/// Some of what is in an account, in the order in which it goes.
async fn contents(tx: &mut Tx, id: AccountId) -> Result<Vec<Reference>, Failure> {
    let found = tx.references(id, Kind::Account, id.0, OBJECTS_AT_ONCE);
    Ok(found.await?)
}

/// Everything goes, so the token has to reach everything.
fn require_all(call: &Call) -> Result<(), Failure> {
    let of_people = [Family::Instances, Family::Users];
    let families = Kind::ALL.into_iter().map(Family::of).chain(of_people);
    for family in families {
        auth::require_scope(&call.principal, family, Access::Write)?;
    }
    Ok(())
}

async fn instance_count(call: &Call, id: AccountId, apps: &[AppId]) -> Result<i64, Failure> {
    let mut total = 0;
    for app in apps {
        total += app_devices::instance_count(call, id, *app).await?;
    }
    Ok(total)
}

async fn delete_app(call: &Call, id: AccountId, app: AppId) -> Result<(), Failure> {
    app_devices::erase_all(call, id, app).await?;
    let mut tx = call.state().control.write().await?;
    tx.act_as(audit::origin(call));
    deletion::delete_with_users(call, &mut tx, id, (Kind::App, app.0)).await?;
    tx.commit().await?;
    app_devices::erase_all(call, id, app).await
}
