//! What an instance tells of itself: device, user, properties, tags.

use std::collections::BTreeMap;

use moca_core::{
    consent::Consents,
    event::Change,
    limits::{NAME_CHARS_MAX, PROPERTIES_MAX, TAGS_MAX},
    property::{Properties, Property},
};
use moca_engine::InstanceView;
use moca_wire::{
    consents::{self, KnownConsents},
    instances::{Instance, read_login, read_profile, read_properties, read_tag},
    problem::Code,
    push::Push,
    values,
};
use serde_json::Value;

use crate::{audit, auth::Device, call::Call, failure::Failure, reply::Reply};

/// `GET /device/v1/instance`
pub(crate) async fn get(call: &Call<Device>) -> Result<Reply, Failure> {
    let view = view(call).await?;
    Reply::ok(&Instance {
        created_at: view.created_at,
        instance_id: view.subject.instance_id,
        app_id: view.subject.app_id,
        user_id: view.user_id,
        properties: view.properties,
        tags: view.tags.into_iter().collect(),
        consents: view.consents,
        push_enabled: view.push.is_some(),
        push: view.push.map(Push::from),
        location_status: view.location_status,
        profile: view.profile,
    })
}

/// `PUT /device/v1/instance`
pub(crate) async fn put(call: &Call<Device>) -> Result<Reply, Failure> {
    let before = view(call).await?;
    let own = "never changes: leave it out or send it as it was answered";
    let by_itself = |path: &str| {
        format!("changes by PUT of {path} only: leave it out or send it as it was answered")
    };
    let login = "changes by PUT and DELETE of /device/v1/instance/user only: leave it out";
    let told = read_profile(call.json()?)
        .unchanged("instanceId", &before.subject.instance_id, own)
        .unchanged("appId", &before.subject.app_id, own)
        .unchanged("createdAt", &before.created_at, own)
        .unchanged("userId", &before.user_id, login)
        .unchanged(
            "properties",
            &before.properties,
            &by_itself("/device/v1/instance/properties"),
        )
        .unchanged(
            "tags",
            &before
                .tags
                .iter()
                .cloned()
                .collect::<BTreeMap<String, f64>>(),
            &by_itself("/device/v1/instance/tags/{name}"),
        )
        .unchanged(
            "pushEnabled",
            &before.push.is_some(),
            "follows from push: leave it out or send it as it was answered",
        )
        .by_itself()?;
    let mut changes = vec![Change::ProfileReplaced(Box::new(told.profile))];
    let status = told.location_status;
    changes.extend(status.map(Change::LocationStatusSet));
    changes.extend(told.push.map(|push| Change::PushSet(Box::new(push.into()))));
    let answered = told.consents.told_at(call.now_ms());
    changes.extend(new_consents(&before, answered));
    let subject = call.principal.subject;
    call.state().engine.changes(subject, changes).await?;
    get(call).await
}

/// `PUT /device/v1/instance/consents`
pub(crate) async fn set_consents(call: &Call<Device>) -> Result<Reply, Failure> {
    let answered = consents::read(call.json()?)?.told_at(call.now_ms());
    if let Some(answered) = new_consents(&view(call).await?, answered) {
        change(call, answered).await?;
    }
    Reply::ok(&KnownConsents(view(call).await?.consents))
}

/// The answers that differ from those that are kept.
fn new_consents(before: &InstanceView, mut answered: Consents) -> Option<Change> {
    answered.retain(|purpose, consent| before.consents.get(purpose) != Some(consent));
    (!answered.is_empty()).then_some(Change::ConsentsSet(answered))
}

/// `DELETE /device/v1/instance`
pub(crate) async fn delete(call: &Call<Device>) -> Result<Reply, Failure> {
    let subject = call.principal.subject;
    audit::record_own_erasure(call, call.principal.subject).await?;
    call.state().engine.erase(vec![subject]).await?;
    Ok(Reply::done())
}

/// `PUT /device/v1/instance/user`
pub(crate) async fn log_in(call: &Call<Device>) -> Result<Reply, Failure> {
    let login = read_login(call.json()?)?;
    let properties: Vec<_> = login.properties.into_iter().collect();
    if !properties.is_empty() {
        refuse_too_many_properties(&view(call).await?.properties, &properties)?;
    }
    let user_id = login.user_id;
    let logged_in = Change::LoggedIn {
        user_id,
        properties,
    };
    change(call, logged_in).await?;
    Ok(Reply::done())
}

/// `DELETE /device/v1/instance/user`
pub(crate) async fn log_out(call: &Call<Device>) -> Result<Reply, Failure> {
    change(call, Change::LoggedOut).await?;
    Ok(Reply::done())
}

/// `PUT /device/v1/instance/properties`
pub(crate) async fn set_properties(call: &Call<Device>) -> Result<Reply, Failure> {
    let changes = read_properties(call.json()?)?;
    let properties: Vec<_> = changes.properties.into_iter().collect();
    refuse_too_many_properties(&view(call).await?.properties, &properties)?;
    change(call, Change::PropertiesSet(properties)).await?;
    Ok(Reply::done())
}

/// `PUT /device/v1/instance/tags/{name}`
pub(crate) async fn tag(call: &Call<Device>) -> Result<Reply, Failure> {
    let name = call.path_text("name")?;
    values::name(&Value::String(name.to_owned())).map_err(|_| {
        Failure::new(
            Code::ValidationFailed,
            format!("The name of a tag is a text of 1 to {NAME_CHARS_MAX} characters, without control characters."),
        )
    })?;
    let tag_change = read_tag(call.json()?)?;
    let tags = view(call).await?.tags;
    if tags.len() >= TAGS_MAX && !tags.iter().any(|(known, _)| known == name) {
        return Err(Failure::new(
            Code::ValidationFailed,
            format!("An instance has at most {TAGS_MAX} tags."),
        ));
    }
    let tagged = Change::Tagged {
        name: name.to_owned(),
        change: tag_change,
    };
    change(call, tagged).await?;
    Ok(Reply::done())
}

async fn view(call: &Call<Device>) -> Result<InstanceView, Failure> {
    let subject = call.principal.subject;
    let view = call.state().engine.instance(subject).await?;
    view.ok_or_else(|| Failure::new(Code::NotFound, "This instance was erased."))
}

async fn change(call: &Call<Device>, change: Change) -> Result<(), Failure> {
    let subject = call.principal.subject;
    Ok(call.state().engine.change(subject, change).await?)
}

/// The limit holds for what an instance has in the end, not only for one request.
fn refuse_too_many_properties(
    before: &Properties,
    changes: &[(String, Option<Property>)],
) -> Result<(), Failure> {
    let mut names: std::collections::BTreeSet<&str> = before.keys().map(String::as_str).collect();
    for (name, value) in changes {
        match value {
            Some(_) => names.insert(name),
            None => names.remove(name.as_str()),
        };
    }
    if names.len() <= PROPERTIES_MAX {
        return Ok(());
    }
    Err(Failure::new(
        Code::ValidationFailed,
        format!(
            "An instance has at most {PROPERTIES_MAX} properties: remove some by setting them to null."
        ),
    ))
}
