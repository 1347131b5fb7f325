//! Traces along the equator, for tests.

use super::{Occurrence, Presence, observe};
use crate::{
    event::{Event, EventBody, Fix},
    experience::Direction,
    geo::LatLon,
    world::World,
};

/// Metres that a degree of longitude has on the equator.
pub(super) const DEGREE_M: f64 = 111_319.490_793;
pub(super) const SECOND: i64 = 1_000;

/// So many metres east of the middle of place 1.
pub(super) fn at(east_m: f64) -> LatLon {
    LatLon::new(0.0, east_m / DEGREE_M).unwrap()
}

pub(super) fn event(at_ms: i64, body: EventBody) -> Event {
    Event {
        id: [0; 16],
        at_ms,
        body,
    }
}

/// A fix so many metres east of the middle of place 1.
pub(super) fn fix(seconds: i64, east_m: f64, accuracy_m: f32) -> Event {
    fix_on(seconds, east_m, accuracy_m, None)
}

pub(super) fn fix_on(seconds: i64, east_m: f64, accuracy_m: f32, floor: Option<i16>) -> Event {
    let fix = Fix {
        at: at(east_m),
        accuracy_m: Some(accuracy_m),
        speed_m_s: None,
        floor,
    };
    event(seconds * SECOND, EventBody::Location(fix))
}

/// What a trace brings about: seconds, `+`, `-` or `=` for a stay, and the number of the target.
pub(super) fn walk(world: &World, events: &[Event]) -> Vec<String> {
    let mut presence = Presence::default();
    let mut occurred = Vec::new();
    for event in events {
        observe(&mut presence, world, event, &mut occurred);
    }
    let words = occurred.iter().map(|occurrence| {
        let (direction, target) = occurrence.crossing().unwrap();
        let sign = match (occurrence, direction) {
            (Occurrence::Stayed(_), _) => '=',
            (_, Direction::Enter) => '+',
            (_, Direction::Exit) => '-',
        };
        let seconds = occurrence.at_ms() as f64 / SECOND as f64;
        format!("{seconds}{sign}{}", target.id().0[0])
    });
    words.collect()
}
