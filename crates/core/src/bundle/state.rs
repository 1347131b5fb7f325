//! Where an instance stands, as far as its bundle is about that.

use super::{CloseTo, Doubt, InRange, Inside, State, Stay, offer::Described};
use crate::{experience::Target, id::BeaconId, presence::Presence};

impl State {
    /// What a presence says of what is described. Where the instance is besides, the device need not know.
    pub(super) fn of(presence: &Presence, described: &Described) -> Self {
        let is_known = |target: &Target| described.has(*target);
        let keys = |targets: &[Target]| {
            let known = targets.iter().copied().filter(is_known);
            known.map(Into::into).collect()
        };
        let beacons = presence.beacons.iter();
        let close_to = presence.watched.near.iter();
        let has = |beacon: &BeaconId| described.beacons.contains(beacon);
        Self {
            newest_at: presence.newest_at,
            inside: presence
                .inside
                .iter()
                .filter(|(target, _)| is_known(target))
                .map(|&(target, entered_at)| Inside {
                    target: target.into(),
                    entered_at,
                })
                .collect(),
            fences: keys(&presence.fences),
            doubts: presence
                .doubts
                .iter()
                .filter(|(target, _)| is_known(target))
                .map(|&(target, since)| Doubt {
                    target: target.into(),
                    since,
                })
                .collect(),
            in_range: beacons
                .filter(|(beacon, _)| has(beacon))
                .map(|&(beacon_id, left_at)| InRange { beacon_id, left_at })
                .collect(),
            stays: presence
                .stays
                .iter()
                .filter(|stay| is_known(&stay.target))
                .map(|stay| Stay {
                    target: stay.target.into(),
                    entered_at: stay.entered_at,
                    due_at: stay.due_ms,
                })
                .collect(),
            left: keys(&presence.watched.left),
            close_to: close_to
                .filter(|(beacon, ..)| has(beacon))
                .map(|&(beacon_id, proximity, until)| CloseTo {
                    beacon_id,
                    proximity,
                    until,
                })
                .collect(),
            path_start: presence
                .path_start
                .filter(|_| described.has_paths)
                .map(Into::into),
        }
    }
}
