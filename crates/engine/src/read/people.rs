//! Instances and users.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicBool, Ordering},
};

use moca_core::{
    event::Subject,
    id::{AppId, InstanceId, SegmentId},
    limits::USER_INSTANCES_SHOWN,
};
use moca_storage::{
    StorageError,
    devices::{Devices, InstanceState, Listed, PeopleReader},
};

use crate::{
    pipeline::instance::traits,
    query::{
        Chosen, InstanceQuery, InstanceView, MemberQuery, Page, TagQuery, UserInstance, UserQuery,
        UserView,
    },
};

/// A page of the instances of an app.
pub(crate) fn instances(
    devices: &Devices,
    app_id: AppId,
    query: &InstanceQuery,
) -> Result<Page<InstanceView>, StorageError> {
    let reader = devices.people_reader();
    let (offset, limit) = (position(query.offset), position(query.limit));
    let wanted = |user: &str| query.q.as_deref().is_none_or(|part| contains(part)(user));
    let listed = match (&query.user_id, &query.q) {
        (Some(user_id), _) if wanted(user_id) => {
            reader.instances_of_user(app_id, user_id, offset, limit)?
        }
        (Some(_), _) => Listed {
            total: 0,
            items: Vec::new(),
        },
        (None, Some(_)) => {
            let found = reader.instances_of_users(app_id, wanted)?;
            Listed {
                total: found.len() as u64,
                items: found.into_iter().skip(offset).take(limit).collect(),
            }
        }
        (None, None) => reader.instances(app_id, offset, limit)?,
    };
    let mut items = Vec::with_capacity(listed.items.len());
    for id in listed.items {
        items.extend(devices.state(id)?.map(view));
    }
    Ok(Page {
        total: listed.total as i64,
        items,
    })
}

/// A page of the instances of an app for which a query holds; all of the app are looked at, unless
/// the answer is given up.
pub(crate) fn members(
    devices: &Devices,
    app_id: AppId,
    asked: &MemberQuery,
    is_given_up: &AtomicBool,
) -> Result<Page<InstanceView>, StorageError> {
    let (mut total, mut items) = (0, Vec::new());
    devices.people_reader().for_each_state(app_id, |state| {
        if asked.segments.holds(&asked.query, &traits(&state)) {
            if total >= asked.offset && (items.len() as i64) < asked.limit {
                items.push(view(state));
            }
            total += 1;
        }
        !is_given_up.load(Ordering::Relaxed)
    })?;
    Ok(Page { total, items })
}

/// The instances of an app with these ids, and those that these users are logged in on.
pub(crate) fn choose(
    devices: &Devices,
    app_id: AppId,
    instance_ids: &[InstanceId],
    user_ids: &[String],
) -> Result<Chosen, StorageError> {
    let reader = devices.people_reader();
    let mut chosen = Chosen::default();
    let mut subjects = HashSet::new();
    for (index, id) in instance_ids.iter().enumerate() {
        let state = devices.state(*id)?;
        match state.filter(|state| state.subject.app_id == app_id) {
            Some(state) => drop(subjects.insert(state.subject)),
            None => chosen.unknown_instances.push(index),
        }
    }
    for (index, user_id) in user_ids.iter().enumerate() {
        if reader.user(app_id, user_id)?.is_none() {
            chosen.unknown_users.push(index);
        }
        let of_user = reader.instances_of_user(app_id, user_id, 0, usize::MAX)?;
        for id in of_user.items {
            let state = devices.state(id)?;
            let is_logged_in = |one: &InstanceState| one.user_id.as_ref() == Some(user_id);
            subjects.extend(state.filter(is_logged_in).map(|state| state.subject));
        }
    }
    chosen.subjects = subjects.into_iter().collect();
    Ok(chosen)
}

/// The instances of an app that were put into a static segment; all of the app are looked at, unless
/// the answer is given up.
pub(crate) fn listed(
    devices: &Devices,
    app_id: AppId,
    segment_id: SegmentId,
    is_given_up: &AtomicBool,
) -> Result<HashSet<Subject>, StorageError> {
    let mut found = HashSet::new();
    devices.people_reader().for_each_state(app_id, |state| {
        if state.listed.contains(&segment_id) {
            found.insert(state.subject);
        }
        !is_given_up.load(Ordering::Relaxed)
    })?;
    Ok(found)
}

/// A page of the tags that instances of an app carry.
pub(crate) fn tags(
    devices: &Devices,
    app_id: AppId,
    query: &TagQuery,
) -> Result<Page<(String, u64)>, StorageError> {
    let wanted = |name: &str| query.q.as_deref().is_none_or(|part| contains(part)(name));
    let (mut total, mut items) = (0, Vec::new());
    devices
        .people_reader()
        .for_each_tag(app_id, |name, count| {
            if count == 0 || !wanted(name) {
                return;
            }
            if total >= query.offset && (items.len() as i64) < query.limit {
                items.push((name.to_owned(), count));
            }
            total += 1;
        })?;
    Ok(Page { total, items })
}

/// A page of the users of an app.
pub(crate) fn users(
    devices: &Devices,
    app_id: AppId,
    query: &UserQuery,
) -> Result<Page<UserView>, StorageError> {
    let reader = devices.people_reader();
    let (offset, limit) = (position(query.offset), position(query.limit));
    let listed = match &query.q {
        Some(part) => reader.users_with(app_id, offset, limit, contains(part))?,
        None => reader.users(app_id, offset, limit)?,
    };
    let mut items = Vec::with_capacity(listed.items.len());
    for user_id in &listed.items {
        items.extend(user_view(&reader, app_id, user_id)?);
    }
    Ok(Page {
        total: listed.total as i64,
        items,
    })
}

/// Some of the instances of an app, or of those that a user is or was logged in on.
pub(crate) fn subjects(
    devices: &Devices,
    app_id: AppId,
    user_id: Option<&str>,
    limit: usize,
) -> Result<Vec<Subject>, StorageError> {
    let reader = devices.people_reader();
    let listed = match user_id {
        Some(user_id) => reader.instances_of_user(app_id, user_id, 0, limit)?,
        None => reader.instances(app_id, 0, limit)?,
    };
    let mut subjects = Vec::with_capacity(listed.items.len());
    for instance in listed.items {
        subjects.extend(devices.state(instance)?.map(|state| state.subject));
    }
    Ok(subjects)
}

/// One user.
pub(crate) fn user(
    devices: &Devices,
    app_id: AppId,
    user_id: &str,
) -> Result<Option<UserView>, StorageError> {
    user_view(&devices.people_reader(), app_id, user_id)
}

fn user_view(
    reader: &PeopleReader<'_>,
    app_id: AppId,
    user_id: &str,
) -> Result<Option<UserView>, StorageError> {
    let Some(user) = reader.user(app_id, user_id)? else {
        return Ok(None);
    };
    let newest = reader.newest_instances_of_user(app_id, user_id, USER_INSTANCES_SHOWN)?;
    let mut instances = Vec::with_capacity(newest.items.len());
    for instance_id in newest.items {
        let current = reader.current_user(instance_id)?;
        instances.push(UserInstance {
            instance_id,
            logged_in: current.as_deref() == Some(user_id),
        });
    }
    Ok(Some(UserView {
        user_id: user_id.to_owned(),
        app_id,
        user,
        instance_count: newest.total,
        instances,
    }))
}

/// An instance as others see it.
pub(crate) fn view(state: InstanceState) -> InstanceView {
    InstanceView {
        subject: state.subject,
        created_at: state.created_at,
        last_seen_at: state.heard_at,
        profile: state.profile,
        push: state.push,
        location_status: state.location_status,
        consents: state.consents,
        user_id: state.user_id,
        properties: state.properties,
        tags: state.tags.into_iter().collect(),
        inside: state.presence.inside,
    }
}

/// Whether a text contains this one, whatever its case.
fn contains(part: &str) -> impl Fn(&str) -> bool {
    let part = part.to_lowercase();
    move |text| text.to_lowercase().contains(&part)
}

fn position(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}
