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
    instance::forget_deleted(state, world.segments());
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use moca_core::{
        event::Subject,
        id::{AccountId, AppId, Id, InstanceId, SegmentId},
        resource::Frame,
        segment::{Segment, SegmentConfig, SegmentType},
    };

    use super::*;

    const ACCOUNT: AccountId = AccountId(Id([1; 16]));
    const APP: AppId = AppId(Id([2; 16]));

    /// Decides nothing.
    struct Nobody;

    impl Deciding for Nobody {
        fn note(&mut self, _: &InstanceState, _: Decided<'_>) -> Result<(), StorageError> {
            Ok(())
        }

        fn end(&mut self, _: &mut InstanceState) {}
    }

    fn static_segment(byte: u8) -> Segment {
        Segment {
            frame: Frame {
                account_id: ACCOUNT,
                id: Id([byte; 16]),
                created_at: 0,
                updated_at: 0,
                revision: 1,
            },
            app_id: APP,
            config: SegmentConfig {
                name: "Guests".into(),
                description: None,
                external_id: None,
                kind: SegmentType::Static,
                query: None,
            },
        }
    }

    #[test]
    fn the_mark_of_a_segment_goes_after_the_segment() {
        let mut world = World::default();
        world.put_segment(static_segment(7));
        world.put_segment(static_segment(8));
        let subject = Subject {
            account_id: ACCOUNT,
            app_id: APP,
            instance_id: InstanceId(Id([3; 16])),
            number: 0,
        };
        let mut state = instance::unknown(subject, 0);
        let id = |byte| SegmentId(Id([byte; 16]));
        let tell = |state: &mut InstanceState, world: &World, change: &Change| {
            take_in(state, world, 1, change, &mut Nobody).unwrap();
        };
        for byte in [7, 8] {
            let change = Change::Listed {
                segment_id: id(byte),
                is_member: true,
            };
            tell(&mut state, &world, &change);
        }
        assert_eq!(state.listed, BTreeSet::from([id(7), id(8)]));
        world.remove_segment(id(7));
        tell(&mut state, &world, &Change::LoggedOut);
        assert_eq!(state.listed, BTreeSet::from([id(8)]));
    }
}
