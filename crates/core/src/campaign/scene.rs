//! What occurred, as the rules and the texts of the experiences that it wakes see it.

use super::Campaign;
use crate::{
    event::{Event, EventBody},
    experience::{Experience, Target, TargetKind},
    id::{AppId, PlaceId},
    presence::{Occurrence, Presence},
    segment::Traits,
    template::Facts,
    time::Zone,
    world::World,
};

/// An occurrence with all that has to be known of it.
#[derive(Debug)]
pub struct Scene<'a> {
    /// Where it took place.
    pub world: &'a World,
    /// What it is about or, if that is no target, the place that the device is in.
    pub target: Option<Target>,
    /// What happened in one word.
    pub verb: &'a str,
    /// The event that triggers waited for.
    pub event: Option<&'a Event>,
    /// The local time zone: the device's, else the place's, else the account's.
    pub zone: Zone,
    /// The place that it is about, or in which its zone or beacon is, if that is a sensitive one.
    pub sensitive: Option<PlaceId>,
    /// The experiences whose trigger it makes true, in order of creation.
    pub woken: Vec<(&'a Campaign, &'a Experience)>,
}

/// The device that it happened to.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// The app on it.
    pub app_id: AppId,
    /// The name of its time zone, if it told one.
    pub time_zone: Option<&'a str>,
    /// Where it is.
    pub presence: &'a Presence,
}

impl<'a> Scene<'a> {
    /// The scene of an occurrence, if it makes the trigger of an experience of the app true. `event` is
    /// what made it occur, if an event did.
    pub fn of(
        world: &'a World,
        actor: Actor<'_>,
        occurrence: &Occurrence,
        event: Option<&'a Event>,
    ) -> Option<Self> {
        let mut woken = world.waiting_for(occurrence, event);
        woken.retain(|(campaign, _)| campaign.app_id == actor.app_id);
        let (_, first) = woken.first()?;
        let (is_told, targets) = match occurrence {
            Occurrence::Told(_) => (true, Vec::new()),
            // It wakes one experience only.
            Occurrence::Composed(composed) => (composed.is_told, first.trigger.targets().collect()),
            other => (false, Vec::from_iter(other.target())),
        };
        let event = event.filter(|_| is_told);
        let target = setting(
            world,
            occurrence.target(),
            targets.iter().copied(),
            actor.presence,
        );
        Some(Self {
            world,
            target,
            verb: first.trigger.word(),
            event,
            zone: local_zone(world, actor.time_zone, target),
            sensitive: targets
                .into_iter()
                .find_map(|target| world.sensitive_place(target)),
            woken,
        })
    }

    /// What texts can tell of it to this person.
    pub fn facts<'f>(&'f self, person: Traits<'f>) -> Facts<'f> {
        let target = self.target;
        let facts = Facts {
            person,
            place: target.and_then(|target| self.world.named_place(target)),
            zone: target.and_then(|target| self.world.named_zone(target)),
            beacon: target.and_then(|target| self.world.named_beacon(target)),
            verb: self.verb,
            item: None,
            category: None,
            value: None,
            event_properties: None,
        };
        match self.event.map(|event| &event.body) {
            Some(EventBody::Custom {
                item,
                category,
                value,
                properties,
                ..
            }) => Facts {
                item: item.as_deref(),
                category: category.as_deref(),
                value: *value,
                event_properties: Some(properties),
                ..facts
            },
            _ => facts,
        }
    }
}

/// Where a trigger comes true for a device: in what it is about, of a composite in the first of what its
/// parts are about that is in a place, else in the place that the device entered last and is still in.
pub fn setting(
    world: &World,
    target: Option<Target>,
    mut of_parts: impl Iterator<Item = Target>,
    presence: &Presence,
) -> Option<Target> {
    target
        .or_else(|| of_parts.find(|target| world.named_place(*target).is_some()))
        .or_else(|| newest_place(presence))
}

/// The local time zone of a device: its own, if it told one, else that of the setting's place, else the
/// account's.
pub fn local_zone(world: &World, own: Option<&str>, setting: Option<Target>) -> Zone {
    own.and_then(Zone::named)
        .unwrap_or_else(|| world.time_zone(setting))
}

/// The place that a device entered last and is still in.
fn newest_place(presence: &Presence) -> Option<Target> {
    let inside = presence.inside.iter();
    let places = inside.filter(|(target, _)| target.kind() == TargetKind::Place);
    places
        .max_by_key(|(_, entered_at)| *entered_at)
        .map(|(target, _)| *target)
}
