//! What a change other than an event does to what is known of an instance.

use std::collections::{BTreeMap, BTreeSet};

use moca_core::{
    campaign::{caps::Caps, decide::Audience},
    consent::{Consents, Purpose, is_refused},
    event::{Change, Subject, TagChange},
    limits::TAGS_MAX,
    presence::Presence,
    privacy::Privacy,
    property::{Properties, Property},
    segment::{Segments, Traits},
};
use moca_storage::devices::{InstanceState, LastUser};

/// What is known of an instance that nothing is known of yet.
pub(crate) fn unknown(subject: Subject, created_at: i64) -> InstanceState {
    InstanceState {
        subject,
        created_at,
        profile: Default::default(),
        user_id: None,
        properties: Properties::new(),
        tags: BTreeMap::new(),
        presence: Presence::default(),
        caps: Caps::default(),
        message_count: 0,
        newest_event_at: i64::MIN,
        heard_at: created_at,
        push: None,
        listed: BTreeSet::new(),
        consents: Consents::new(),
        location_status: None,
        last_user: None,
    }
}

/// What the queries of segments can ask of an instance.
pub(crate) fn traits(state: &InstanceState) -> Traits<'_> {
    Traits {
        profile: &state.profile,
        user_id: state.user_id.as_deref(),
        properties: &state.properties,
        tags: &state.tags,
        push_enabled: state.push.is_some(),
        location_status: state.location_status.as_deref(),
        listed: &state.listed,
        refuses_profiling: is_refused(&state.consents, Purpose::Profiling),
        created_at: state.created_at,
        last_seen_at: state.heard_at,
    }
}

/// What the rules of campaigns ask of an instance.
pub(crate) fn audience<'a>(
    state: &'a InstanceState,
    segments: &'a Segments,
    privacy: &'a Privacy,
) -> Audience<'a> {
    Audience {
        instance_id: state.subject.instance_id,
        segments,
        privacy,
        traits: traits(state),
        marketing: state.consents.get(&Purpose::Marketing),
    }
}

/// Takes in a change; what an event does to presence is not decided here.
pub(crate) fn apply(state: &mut InstanceState, change: &Change) {
    match change {
        Change::Registered { profile, .. } | Change::ProfileReplaced(profile) => {
            state.profile = (**profile).clone();
            (state.push, state.location_status) = (None, None);
        }
        Change::PushSet(address) => state.push = Some((**address).clone()),
        // Only that one: the device may have told another meanwhile.
        Change::PushEnded(address) if state.push.as_ref() == Some(&**address) => state.push = None,
        Change::PushEnded(_) => {}
        Change::LocationStatusSet(status) => state.location_status = Some(status.clone()),
        Change::LoggedIn {
            user_id,
            properties,
        } => {
            if let Some(last) = &state.last_user
                && last.user_id != *user_id
            {
                state
                    .properties
                    .retain(|name, _| !last.properties.contains(name));
                state.last_user = None;
            }
            state.user_id = Some(user_id.clone());
            set(state, properties);
        }
        Change::LoggedOut => state.user_id = None,
        Change::PropertiesSet(properties) => set(state, properties),
        Change::Tagged { name, change } => {
            let number = change.apply(state.tags.get(name).copied());
            state.tags.insert(name.clone(), number);
        }
        Change::Event(event) => {
            state.newest_event_at = state.newest_event_at.max(event.at_ms);
        }
        Change::Listed {
            segment_id,
            is_member: true,
        } => drop(state.listed.insert(*segment_id)),
        Change::Listed { segment_id, .. } => drop(state.listed.remove(segment_id)),
        Change::ConsentsSet(consents) => {
            state.consents.extend(consents.clone());
            if is_refused(&state.consents, Purpose::Location) {
                // Nobody leaves anything by that: it is just not known any more where they are.
                // Positions of before stay too old for those who agree again.
                state.presence = Presence {
                    newest_at: state.presence.newest_at,
                    newest_fix_at: state.presence.newest_fix_at,
                    ..Presence::default()
                };
            }
        }
        // It is of a message, and changes nothing about the instance.
        Change::Receipt(_) | Change::Opened(_) => {}
    }
}

/// Forgets that it was put into segments that are no longer there.
pub(crate) fn forget_deleted(state: &mut InstanceState, segments: &Segments) {
    state.listed.retain(|id| segments.get(*id).is_some());
}

/// Changes the number of a tag, as an action asks for: devices are held to the limit when they ask, so
/// what would go beyond it is not taken over. Says whether it was.
pub(crate) fn tag(state: &mut InstanceState, name: &str, change: TagChange) -> bool {
    let before = state.tags.get(name).copied();
    let fits = before.is_some() || state.tags.len() < TAGS_MAX;
    if fits {
        state.tags.insert(name.to_owned(), change.apply(before));
    }
    fits
}

/// Changes properties. What is set while somebody is logged in is theirs.
fn set(state: &mut InstanceState, changes: &[(String, Option<Property>)]) {
    if let Some(user_id) = &state.user_id
        && state.last_user.is_none()
        && !changes.is_empty()
    {
        state.last_user = Some(LastUser {
            user_id: user_id.clone(),
            properties: BTreeSet::new(),
        });
    }
    for (name, value) in changes {
        match value {
            Some(value) => state.properties.insert(name.clone(), value.clone()),
            None => state.properties.remove(name),
        };
        let Some(last) = &mut state.last_user else {
            continue;
        };
        if value.is_some() && state.user_id.is_some() {
            last.properties.insert(name.clone());
        } else {
            last.properties.remove(name);
        }
    }
}
