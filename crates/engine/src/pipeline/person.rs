//! What one instance told, or a timer of its: where it is now, what that sets off, what is known of it.
//! The decide stage and replays both go through here, so they cannot differ.

use moca_core::{
    event::{Change, Event, EventBody},
    limits::EVENT_LATE_MS_MAX,
    presence::{self, Occurrence},
    world::World,
};
use moca_storage::{StorageError, devices::InstanceState};

use super::{
    fire::{self, Decided},
    instance,
};

/// Who hears of what was decided on an instance.
pub(crate) trait Deciding {
    /// Notes what became of an experience that waited for what happened. The message of one that fired is
    /// not in the instance's number of messages yet.
    fn note(&mut self, state: &InstanceState, decided: Decided<'_>) -> Result<(), StorageError>;

    /// Lets what actions change take effect, once all is decided that an event or a tick brought about.
    fn end(&mut self, state: &mut InstanceState);
}

/// Takes in what an instance told, and answers what that brought about.
pub(crate) fn take_in(
    state: &mut InstanceState,
    world: &World,
    received_at: i64,
    change: &Change,
    deciding: &mut impl Deciding,
) -> Result<Vec<Occurrence>, StorageError> {
    let mut occurred = Vec::new();
    if let Change::Event(event) = change {
        occurred = presence::take(&mut state.presence, world, event);
        if !is_late(event, state) {
            for moment in presence::moments(&occurred) {
                fire::decide(world, state, (moment, Some(event)), deciding)?;
            }
        }
        deciding.end(state);
    }
    instance::apply(state, change);
    // That an address ended is not heard from the device, nor who put it on a list.
    if !matches!(change, Change::PushEnded(_) | Change::Listed { .. }) {
        state.heard_at = state.heard_at.max(received_at);
    }
    Ok(occurred)
}

/// Runs the timers of a silent instance that are due, and answers what that brought about.
pub(crate) fn tick(
    state: &mut InstanceState,
    world: &World,
    now_ms: i64,
    deciding: &mut impl Deciding,
) -> Result<Vec<Occurrence>, StorageError> {
    let mut occurred = Vec::new();
    presence::tick(&mut state.presence, world, now_ms, &mut occurred);
    for moment in presence::moments(&occurred) {
        fire::decide(world, state, (moment, None), deciding)?;
    }
    deciding.end(state);
    Ok(occurred)
}

/// Whether an event is too old to fire anything: one that an app reports by the newest event of its instance, a
/// position or sighting by the newest of these, as what it says of presence.
pub(crate) fn is_late(event: &Event, state: &InstanceState) -> bool {
    let newest_at = match event.body {
        EventBody::Location(_) | EventBody::Sightings(_) => state.presence.newest_at,
        EventBody::Custom { .. } | EventBody::Withheld => state.newest_event_at,
    };
    event.at_ms < newest_at.saturating_sub(EVENT_LATE_MS_MAX)
}
