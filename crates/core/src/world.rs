//! The configuration of one account as the pipeline uses it: indexed, in memory, changed in place.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use crate::{
    account::Account,
    beacon::{Beacon, BeaconIdentity},
    campaign::Campaign,
    event::{Event, EventBody},
    experience::{Direction, Experience, Target, Trigger},
    geo::{
        Geofence, LatLon, Path,
        index::{Fence, FenceIndex},
    },
    id::{BeaconId, CampaignId, ExperienceId, PlaceId, SegmentId, WebhookId, ZoneId},
    place::Place,
    presence::{Occurrence, PresenceConfig, Rules},
    privacy::{self, Privacy},
    segment::{EventQuery, Segment, Segments},
    time::Zone as TimeZone,
    webhook::Webhook,
    zone::Zone,
};

/// One account's places, zones, beacons, segments, campaigns, experiences and webhooks.
#[derive(Debug, Clone)]
pub struct World {
    time_zone: TimeZone,
    privacy: Privacy,
    /// Those of the categories of places that are sensitive.
    sensitive: HashSet<Category>,
    categories: HashSet<Category>,
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
    /// What the events must fulfil that experiences wait for.
    event_queries: HashMap<ExperienceId, EventQuery>,
    /// Who waits for what, by itself or as a part of more, the oldest first.
    waiting: HashMap<Wake, BTreeSet<(i64, ExperienceId)>>,
    composites: usize,
}

/// What wakes an experience to look closer at what occurred.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Wake {
    /// A crossing, or a stay after it.
    Crossing(Direction, Target),
    /// Coming close to a beacon or zone.
    Nearing(Target),
    /// An event with this verb.
    Verb(String),
}

impl Wake {
    fn of(part: &Trigger) -> Option<Self> {
        let crossing = part
            .crossing()
            .map(|(direction, target)| Self::Crossing(direction, target));
        crossing
            .or_else(|| part.proximity().map(|(target, _)| Self::Nearing(target)))
            .or_else(|| part.verb().map(|verb| Self::Verb(verb.to_owned())))
    }
}

/// Where a place differs from others.
#[derive(Debug, Clone)]
struct OwnWays {
    name: Box<str>,
    time_zone: Option<TimeZone>,
    /// Most places have none, and there may be millions.
    presence: Option<Box<PresenceConfig>>,
    is_sensitive: bool,
    category: Option<Category>,
}

/// A category of places, [folded](privacy::folded); places of one share it.
type Category = Arc<str>;

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
            privacy: Privacy::default(),
            sensitive: HashSet::new(),
            categories: HashSet::new(),
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
            event_queries: HashMap::new(),
            waiting: HashMap::new(),
            composites: 0,
        }
    }
}

impl World {
    /// Takes over the account's time zone and privacy defaults.
    pub fn put_account(&mut self, account: &Account) {
        self.put_privacy(&account.config.privacy);
        self.put_time_zone(&account.config.time_zone);
    }

    /// Takes over the account's privacy defaults.
    pub fn put_privacy(&mut self, privacy: &Privacy) {
        self.privacy = privacy.clone();
        let categories = privacy.sensitive_categories.iter();
        self.sensitive = categories.map(|one| privacy::folded(one).into()).collect();
    }

    /// Takes over the name of the account's time zone.
    pub fn put_time_zone(&mut self, name: &str) {
        self.time_zone = TimeZone::named(name).unwrap_or(TimeZone::utc());
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
            category: place.config.category.as_deref().map(|it| self.category(it)),
        };
        self.looking_at_paths += usize::from(own.looks_at_paths());
        let before = self.places.insert(id, own);
        self.forget(before);
    }

    /// Removes a place.
    pub fn remove_place(&mut self, id: PlaceId) {
        self.fences.remove(Target::Place(id));
        let removed = self.places.remove(&id);
        self.forget(removed);
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

    /// Adds or replaces an experience. One whose query cannot be read (any more) hears of no event.
    pub fn put_experience(&mut self, experience: Experience) {
        let id = experience.id();
        self.remove_experience(id);
        let trigger = &experience.trigger;
        self.composites += usize::from(trigger.is_composite());
        for wake in trigger.parts().iter().filter_map(Wake::of) {
            let waiting = self.waiting.entry(wake).or_default();
            waiting.insert((experience.frame.created_at, id));
        }
        let query = trigger.query().map(EventQuery::read);
        self.event_queries
            .extend(query.and_then(Result::ok).map(|query| (id, query)));
        self.experiences.insert(id, experience);
    }

    /// Removes an experience.
    pub fn remove_experience(&mut self, id: ExperienceId) {
        let Some(experience) = self.experiences.remove(&id) else {
            return;
        };
        self.event_queries.remove(&id);
        self.composites -= usize::from(experience.trigger.is_composite());
        for wake in experience.trigger.parts().iter().filter_map(Wake::of) {
            if let Some(waiting) = self.waiting.get_mut(&wake) {
                waiting.remove(&(experience.frame.created_at, id));
                if waiting.is_empty() {
                    self.waiting.remove(&wake);
                }
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

    /// Whether anybody may have to be told of what happens.
    pub fn has_webhooks(&self) -> bool {
        !self.webhooks.is_empty()
    }

    /// The webhooks, those that are disabled too.
    pub fn webhooks(&self) -> impl Iterator<Item = &Webhook> {
        self.webhooks.values()
    }

    /// The experiences whose trigger is made true by what occurred, in order of creation, each with its
    /// campaign. `event` is what made it occur, if an event did.
    pub fn waiting_for(
        &self,
        occurrence: &Occurrence,
        event: Option<&Event>,
    ) -> Vec<(&Campaign, &Experience)> {
        let of_campaign = |experience: &'_ Experience| self.campaigns.get(&experience.campaign_id);
        let is_simple = |experience: &&Experience| !experience.trigger.is_composite();
        let found: Vec<&Experience> = match occurrence {
            Occurrence::Composed(composed) => self
                .experiences
                .get(&composed.experience_id)
                .into_iter()
                .collect(),
            Occurrence::Told(_) => {
                let told = event.into_iter().flat_map(|event| self.told_of(event));
                told.filter(is_simple).collect()
            }
            occurrence => self.woken_by(occurrence).filter(is_simple).collect(),
        };
        let with_campaign = |experience| Some((of_campaign(experience)?, experience));
        found.into_iter().filter_map(with_campaign).collect()
    }

    /// The experiences whose trigger, or a part of it, is made true by what occurred.
    pub(crate) fn woken_by(&self, occurrence: &Occurrence) -> impl Iterator<Item = &Experience> {
        let wake = match occurrence {
            Occurrence::Crossed(crossing) => {
                Some(Wake::Crossing(crossing.direction, crossing.target))
            }
            Occurrence::Stayed(stay) => Some(Wake::Crossing(Direction::Enter, stay.target)),
            Occurrence::Neared(nearing) => Some(Wake::Nearing(nearing.target)),
            Occurrence::Composed(_) | Occurrence::Told(_) => None,
        };
        let waiting = wake.map(|wake| self.waiting(&wake));
        waiting.into_iter().flatten().filter(|experience| {
            let mut parts = experience.trigger.parts().iter();
            parts.any(|part| occurrence.makes_true(part))
        })
    }

    /// The experiences whose trigger, or a part of it, waits for an event like this.
    pub(crate) fn told_of(&self, event: &Event) -> impl Iterator<Item = &Experience> {
        let wake = match &event.body {
            EventBody::Custom { verb, .. } => Some(Wake::Verb(verb.clone())),
            EventBody::Location(_) | EventBody::Sightings(_) | EventBody::Withheld => None,
        };
        let waiting = wake.map(|wake| self.waiting(&wake));
        waiting.into_iter().flatten().filter(|experience| {
            let mut parts = experience.trigger.parts().iter();
            parts.any(|part| self.is_told(experience.id(), part, &event.body))
        })
    }

    /// Whether an event is one that a part of this experience's trigger waits for.
    fn is_told(&self, id: ExperienceId, part: &Trigger, event: &EventBody) -> bool {
        let EventBody::Custom { item, category, .. } = event else {
            return false;
        };
        part.verb() == event.verb()
            && match part {
                Trigger::Custom { custom_argument } => item.as_ref() == Some(custom_argument),
                Trigger::Event {
                    item: wanted_item,
                    category: wanted_category,
                    query,
                    ..
                } => {
                    let fits = |wanted: &Option<String>, is: &Option<String>| {
                        wanted.is_none() || wanted == is
                    };
                    fits(wanted_item, item)
                        && fits(wanted_category, category)
                        && (query.is_none()
                            || self
                                .event_queries
                                .get(&id)
                                .is_some_and(|query| query.holds(event)))
                }
                _ => false,
            }
    }

    /// Whether there is a composite at all.
    pub(crate) const fn has_composites(&self) -> bool {
        self.composites > 0
    }

    /// Whether a composite waits for a target to be left.
    pub(crate) fn watches_exit(&self, target: Target) -> bool {
        self.has_composites()
            && self
                .waiting(&Wake::Crossing(Direction::Exit, target))
                .any(|experience| experience.trigger.is_composite())
    }

    /// Whether an experience waits for somebody to come close to a beacon, or to its zone.
    pub(crate) fn watches_proximity(&self, beacon: BeaconId) -> bool {
        let waits = |target| self.waiting.contains_key(&Wake::Nearing(target));
        waits(Target::Beacon(beacon))
            || self
                .zone_of(beacon)
                .is_some_and(|zone| waits(Target::Zone(zone)))
    }

    /// How long experiences want an instance to stay in the target, in milliseconds; some of them may
    /// be the same.
    pub fn delays(&self, target: Target) -> impl Iterator<Item = i64> {
        let crossing = (Direction::Enter, target);
        self.waiting(&Wake::Crossing(Direction::Enter, target))
            .flat_map(|experience| experience.trigger.parts())
            .filter(move |part| part.crossing() == Some(crossing))
            .map(Trigger::delay_ms)
            .filter(|delay_ms| *delay_ms > 0)
    }

    fn waiting<'w>(&'w self, wake: &Wake) -> impl Iterator<Item = &'w Experience> + use<'w> {
        let waiting = self.waiting.get(wake);
        waiting
            .into_iter()
            .flatten()
            .filter_map(move |(_, id)| self.experiences.get(id))
    }

    /// The time zone of the place that a target is (part of), if it says one; else the account's.
    pub fn time_zone(&self, target: Option<Target>) -> TimeZone {
        let own = target
            .and_then(|target| self.own_ways(target))
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

    /// The privacy defaults of the account.
    pub fn privacy(&self) -> &Privacy {
        &self.privacy
    }

    /// The place that a target is (part of), if that is a sensitive one.
    pub fn sensitive_place(&self, target: Target) -> Option<PlaceId> {
        let id = self.place_around(target)?;
        let place = self.places.get(&id)?;
        let mut category = place.category.iter();
        let is_sensitive = place.is_sensitive || category.any(|it| self.sensitive.contains(it));
        is_sensitive.then_some(id)
    }

    /// Forgets what was kept for a place as it was.
    fn forget(&mut self, place: Option<OwnWays>) {
        let Some(place) = place else {
            return;
        };
        self.looking_at_paths -= usize::from(place.looks_at_paths());
        if let Some(category) = place.category
            && Arc::strong_count(&category) == 2
        {
            // It was the last one of it.
            self.categories.remove(&category);
        }
    }

    fn category(&mut self, name: &str) -> Category {
        let folded = privacy::folded(name);
        if let Some(known) = self.categories.get(folded.as_str()) {
            return Arc::clone(known);
        }
        let new = Category::from(folded);
        self.categories.insert(Arc::clone(&new));
        new
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
        self.sensitive_place(target)
            .is_none()
            .then_some((id, &place.name))
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
