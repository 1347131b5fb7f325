//! The configuration of one account as the pipeline uses it: indexed, in memory, changed in place.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    account::Account,
    beacon::{Beacon, BeaconIdentity},
    campaign::Campaign,
    experience::{Direction, Experience, Target},
    geo::{
        Geofence, LatLon, Path,
        index::{Fence, FenceIndex},
    },
    id::{BeaconId, CampaignId, ExperienceId, PlaceId, SegmentId, WebhookId, ZoneId},
    place::Place,
    presence::{PresenceConfig, Rules},
    segment::{Segment, Segments},
    time::Zone as TimeZone,
    webhook::Webhook,
    zone::Zone,
};

/// One account's places, zones, beacons, segments, campaigns, experiences and webhooks.
#[derive(Debug, Clone)]
pub struct World {
    time_zone: TimeZone,
    fences: FenceIndex<Target>,
    places: HashMap<PlaceId, OwnWays>,
    /// How many places look at the path between two fixes.
    looking_at_paths: usize,
    zones: HashMap<ZoneId, PartOfPlace>,
    beacons: HashMap<BeaconId, Sender>,
    by_identity: HashMap<BeaconIdentity, BeaconId>,
    segments: Segments,
    campaigns: HashMap<CampaignId, Campaign>,
    experiences: HashMap<ExperienceId, Experience>,
    /// Who is told of what happens.
    webhooks: BTreeMap<WebhookId, Webhook>,
    /// Who waits for a crossing, the oldest first.
    waiting: HashMap<(Direction, Target), BTreeSet<(i64, ExperienceId)>>,
}

/// Where a place differs from others.
#[derive(Debug, Clone)]
struct OwnWays {
    name: Box<str>,
    time_zone: Option<TimeZone>,
    /// Most places have none, and there may be millions.
    presence: Option<Box<PresenceConfig>>,
    is_sensitive: bool,
}

impl OwnWays {
    fn looks_at_paths(&self) -> bool {
        let rules = self.presence.as_deref().map(PresenceConfig::rules);
        rules.is_some_and(|rules| rules.path_crossing_ms > 0)
    }
}

/// A zone.
#[derive(Debug, Clone)]
struct PartOfPlace {
    name: Box<str>,
    place: PlaceId,
    floor: i64,
}

/// A beacon.
#[derive(Debug, Clone)]
struct Sender {
    /// Empty if it has none.
    name: Box<str>,
    identity: BeaconIdentity,
    zone: Option<ZoneId>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            time_zone: TimeZone::utc(),
            fences: FenceIndex::default(),
            places: HashMap::new(),
            looking_at_paths: 0,
            zones: HashMap::new(),
            beacons: HashMap::new(),
            by_identity: HashMap::new(),
            segments: Segments::default(),
            campaigns: HashMap::new(),
            experiences: HashMap::new(),
            webhooks: BTreeMap::new(),
            waiting: HashMap::new(),
        }
    }
}

impl World {
    /// Takes over the account's time zone.
    pub fn put_account(&mut self, account: &Account) {
        self.time_zone = TimeZone::named(&account.config.time_zone).unwrap_or(TimeZone::utc());
    }

    /// Adds or replaces a place.
    pub fn put_place(&mut self, place: Place) {
        let id = place.id();
        self.put_fence(Target::Place(id), place.config.geofence.as_ref());
        let own = OwnWays {
            name: place.config.name.into(),
            time_zone: place.config.time_zone.as_deref().and_then(TimeZone::named),
            presence: place.config.presence.map(Box::new),
            is_sensitive: place.config.sensitive,
        };
        self.looking_at_paths += usize::from(own.looks_at_paths());
        let before = self.places.insert(id, own);
        self.looking_at_paths -= usize::from(before.is_some_and(|own| own.looks_at_paths()));
    }

    /// Removes a place.
    pub fn remove_place(&mut self, id: PlaceId) {
        self.fences.remove(Target::Place(id));
        let removed = self.places.remove(&id);
        self.looking_at_paths -= usize::from(removed.is_some_and(|own| own.looks_at_paths()));
    }

    /// Adds or replaces a zone.
    pub fn put_zone(&mut self, zone: Zone) {
        self.put_fence(Target::Zone(zone.id()), zone.config.geofence.as_ref());
        let id = zone.id();
        let part = PartOfPlace {
            name: zone.config.name.into(),
            place: zone.place_id,
            floor: zone.config.floor_number,
        };
        self.zones.insert(id, part);
    }

    /// Removes a zone.
    pub fn remove_zone(&mut self, id: ZoneId) {
        self.fences.remove(Target::Zone(id));
        self.zones.remove(&id);
    }

    /// Adds or replaces a beacon.
    pub fn put_beacon(&mut self, beacon: Beacon) {
        let id = beacon.id();
        self.remove_beacon(id);
        self.by_identity.insert(beacon.config.identity, id);
        let sender = Sender {
            name: beacon.config.name.unwrap_or_default().into(),
            identity: beacon.config.identity,
            zone: beacon.zone_id,
        };
        self.beacons.insert(id, sender);
    }

    /// Removes a beacon.
    pub fn remove_beacon(&mut self, id: BeaconId) {
        let Some(Sender { identity, .. }) = self.beacons.remove(&id) else {
            return;
        };
        // Another beacon may have taken over the identity before this one's change arrived.
        if self.by_identity.get(&identity) == Some(&id) {
            self.by_identity.remove(&identity);
        }
    }

    /// Adds or replaces a segment. One whose query cannot be read (any more) holds nobody.
    pub fn put_segment(&mut self, segment: Segment) {
        match segment.query() {
            Ok(query) => self.segments.put(segment.id(), query),
            Err(_) => self.segments.remove(segment.id()),
        }
    }

    /// Removes a segment.
    pub fn remove_segment(&mut self, id: SegmentId) {
        self.segments.remove(id);
    }

    /// The segments, those of all apps.
    pub fn segments(&self) -> &Segments {
        &self.segments
    }

    /// Adds or replaces a campaign.
    pub fn put_campaign(&mut self, campaign: Campaign) {
        self.campaigns.insert(campaign.id(), campaign);
    }

    /// Removes a campaign.
    pub fn remove_campaign(&mut self, id: CampaignId) {
        self.campaigns.remove(&id);
    }

    /// Adds or replaces an experience.
    pub fn put_experience(&mut self, experience: Experience) {
        let id = experience.id();
        self.remove_experience(id);
        let waiting = self
            .waiting
            .entry(experience.trigger.crossing())
            .or_default();
        waiting.insert((experience.frame.created_at, id));
        self.experiences.insert(id, experience);
    }

    /// Removes an experience.
    pub fn remove_experience(&mut self, id: ExperienceId) {
        let Some(experience) = self.experiences.remove(&id) else {
            return;
        };
        let crossing = experience.trigger.crossing();
        if let Some(waiting) = self.waiting.get_mut(&crossing) {
            waiting.remove(&(experience.frame.created_at, id));
            if waiting.is_empty() {
                self.waiting.remove(&crossing);
            }
        }
    }

    /// Adds or replaces a webhook.
    pub fn put_webhook(&mut self, webhook: Webhook) {
        self.webhooks.insert(webhook.id(), webhook);
    }

    /// Removes a webhook.
    pub fn remove_webhook(&mut self, id: WebhookId) {
        self.webhooks.remove(&id);
    }

    /// The webhooks, those that are disabled too.
    pub fn webhooks(&self) -> impl Iterator<Item = &Webhook> {
        self.webhooks.values()
    }

    /// The experiences that wait for an instance to enter or leave, or with a delay to have stayed, in
    /// order of creation, each with its campaign.
    pub fn waiting_for(
        &self,
        (direction, target, delay_ms): (Direction, Target, i64),
    ) -> Vec<(&Campaign, &Experience)> {
        self.waiting(direction, target)
            .filter(|experience| experience.trigger.delay_ms() == delay_ms)
            .filter_map(|experience| {
                Some((self.campaigns.get(&experience.campaign_id)?, experience))
            })
            .collect()
    }

    /// How long experiences want an instance to stay in the target, in milliseconds; some of them may
    /// be the same.
    pub fn delays(&self, target: Target) -> impl Iterator<Item = i64> {
        self.waiting(Direction::Enter, target)
            .map(|experience| experience.trigger.delay_ms())
            .filter(|delay_ms| *delay_ms > 0)
    }

    fn waiting(&self, direction: Direction, target: Target) -> impl Iterator<Item = &Experience> {
        let waiting = self.waiting.get(&(direction, target));
        waiting
            .into_iter()
            .flatten()
            .filter_map(|(_, id)| self.experiences.get(id))
    }

    /// The time zone of the place that a target is (part of), if it says one; else the account's.
    pub fn time_zone(&self, target: Target) -> TimeZone {
        let own = self
            .own_ways(target)
            .and_then(|place| place.time_zone.clone());
        own.unwrap_or_else(|| self.time_zone.clone())
    }

    /// How a target is entered and left: as the place that it is (part of) says.
    pub fn rules(&self, target: Target) -> Rules {
        let own = self
            .own_ways(target)
            .and_then(|place| place.presence.as_deref());
        own.copied().unwrap_or_default().rules()
    }

    /// The place that a target is (part of), if that is a sensitive one.
    pub fn sensitive_place(&self, target: Target) -> Option<PlaceId> {
        let id = self.place_around(target)?;
        self.places.get(&id)?.is_sensitive.then_some(id)
    }

    fn own_ways(&self, target: Target) -> Option<&OwnWays> {
        self.places.get(&self.place_around(target)?)
    }

    fn place_around(&self, target: Target) -> Option<PlaceId> {
        match target {
            Target::Place(id) => Some(id),
            Target::Zone(id) => self.place_of(id),
            Target::Beacon(id) => self.zone_of(id).and_then(|zone| self.place_of(zone)),
        }
    }

    /// The place that a target is (part of), with its name, unless that is a sensitive one.
    pub fn named_place(&self, target: Target) -> Option<(PlaceId, &str)> {
        let id = self.place_around(target)?;
        let place = self.places.get(&id)?;
        (!place.is_sensitive).then_some((id, &place.name))
    }

    /// The zone that a target is (part of), with its name, unless it is part of a sensitive place.
    pub fn named_zone(&self, target: Target) -> Option<(ZoneId, &str)> {
        let id = match target {
            Target::Place(_) => None,
            Target::Zone(id) => Some(id),
            Target::Beacon(id) => self.zone_of(id),
        }?;
        let name = &self.zones.get(&id)?.name;
        self.sensitive_place(target).is_none().then_some((id, name))
    }

    /// The beacon that a target is, with its name, which is empty if it has none; likewise.
    pub fn named_beacon(&self, target: Target) -> Option<(BeaconId, &str)> {
        let Target::Beacon(id) = target else {
            return None;
        };
        let name = &self.beacons.get(&id)?.name;
        self.sensitive_place(target).is_none().then_some((id, name))
    }

    /// Calls `found` for every place and zone whose geofence holds the point.
    pub fn fences_at(&self, at: LatLon, found: impl FnMut(Target)) {
        self.fences.containing(at, found);
    }

    /// Whether any place looks at the path between two fixes.
    pub fn looks_at_paths(&self) -> bool {
        self.looking_at_paths > 0
    }

    /// Calls `found` for every place and zone whose geofence the path meets, for others near it too, and
    /// for some several times.
    pub fn fences_near_path(&self, path: &Path, found: impl FnMut(Target)) {
        self.fences.near_path(path, found);
    }

    /// The geofence of a target, if it has one.
    pub fn fence(&self, target: Target) -> Option<Fence<'_>> {
        self.fences.get(target)
    }

    /// The beacon that sends this.
    pub fn beacon(&self, identity: &BeaconIdentity) -> Option<BeaconId> {
        self.by_identity.get(identity).copied()
    }

    /// Whether the target still exists.
    pub fn has(&self, target: Target) -> bool {
        match target {
            Target::Place(id) => self.places.contains_key(&id),
            Target::Zone(id) => self.zones.contains_key(&id),
            Target::Beacon(id) => self.beacons.contains_key(&id),
        }
    }

    /// The zone a beacon is assigned to.
    pub fn zone_of(&self, id: BeaconId) -> Option<ZoneId> {
        self.beacons.get(&id).and_then(|beacon| beacon.zone)
    }

    /// The place a zone is part of.
    pub fn place_of(&self, id: ZoneId) -> Option<PlaceId> {
        self.zones.get(&id).map(|zone| zone.place)
    }

    /// The floor a zone is on.
    pub fn floor_of(&self, id: ZoneId) -> Option<i64> {
        self.zones.get(&id).map(|zone| zone.floor)
    }

    fn put_fence(&mut self, target: Target, geofence: Option<&Geofence>) {
        match geofence {
            Some(geofence) => self.fences.insert(target, geofence),
            None => {
                self.fences.remove(target);
            }
        }
    }
}

#[cfg(test)]
mod tests;
