//! Registering an instance.

use moca_core::{event::Change, push::PushAddress};
use moca_wire::instances::{Registered, read_registration};

use crate::{
    audit,
    auth::{self, AppClient},
    call::Call,
    failure::Failure,
    reply::Reply,
    secret,
};

/// `POST /device/v1/instances`
pub(crate) async fn register(call: &Call<AppClient>) -> Result<Reply, Failure> {
    let registration = read_registration(call.json()?)?;
    let state = call.state();
    let app = &call.principal;
    let instance_token = secret::new_token(state.random.as_ref());
    let push = registration.push.map(PushAddress::from);
    let push = push.map(|address| Change::PushSet(Box::new(address)));
    let mut more: Vec<Change> = push.into_iter().collect();
    more.extend(registration.location_status.map(Change::LocationStatusSet));
    if !registration.consents.is_empty() {
        let consents = registration.consents.told_at(call.now_ms());
        more.push(Change::ConsentsSet(consents));
    }
    let registered = state
        .engine
        .register(
            app.account_id,
            app.app_id,
            registration.device_key.as_deref(),
            secret::hash(&instance_token),
            registration.profile,
            more,
        )
        .await?;
    let subject = registered.subject;
    if !auth::is_there(state, app).await? {
        // Its deletion may have looked for instances before this one was there.
        audit::record_own_erasure(call, subject).await?;
        state.engine.erase(vec![subject]).await?;
        return Err(auth::rejected());
    }
    let status = if registered.again { 200 } else { 201 };
    let answer = Registered {
        instance_id: subject.instance_id,
        app_id: app.app_id,
        instance_token,
    };
    Ok(Reply::ok(&answer)?
        .at(status, "/device/v1/instance".into())
        .secret())
}
