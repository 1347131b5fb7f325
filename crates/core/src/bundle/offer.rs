//! All that may fire in an app, and what of it concerns one instance at one position.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    Action, Bundle, Person, Region, State,
    asking::Asking,
    regions::{Chosen, choose},
};
use crate::{
    beacon::{self, BeaconIdentity, Hex},
    campaign,
    experience::{self, Direction, Target, Trigger},
    geo::{Disc, Geofence, LatLon},
    id::{BeaconId, CampaignId, PlaceId, ZoneId},
    limits::{
        BEACON_RANGE_M, BUNDLE_MS, BUNDLE_PARTS_MAX, BUNDLE_SLOT_MS, BUNDLE_TEXT_BYTES_MAX,
        POSITION_LINES_PER_DEGREE, REFRESH_M_MIN,
    },
    place,
    privacy::Privacy,
    segment::{Segments, Traits},
    template::{Facts, Field},
    time, zone,
};

/// The experiences of an app that may fire, and what they are about.
#[derive(Debug)]
pub struct Offer {
    pub(super) time_zone: String,
    pub(super) privacy: Privacy,
    pub(super) segments: Segments,
    pub(super) campaigns: HashMap<CampaignId, campaign::Campaign>,
    /// The oldest first.
    pub(super) experiences: Vec<experience::Experience>,
    places: BTreeMap<PlaceId, place::Place>,
    zones: BTreeMap<ZoneId, zone::Zone>,
    beacons: BTreeMap<BeaconId, beacon::Beacon>,
    zones_of: HashMap<PlaceId, Vec<ZoneId>>,
    beacons_of: HashMap<ZoneId, Vec<BeaconId>>,
    /// Around the geofences of places and zones.
    discs: HashMap<Target, Disc>,
}

/// What an offer is made of.
#[derive(Debug, Default)]
pub struct Parts {
    /// The account's time zone.
    pub time_zone: String,
    /// The account's privacy defaults.
    pub privacy: Privacy,
    /// The segments of the app.
    pub segments: Segments,
    /// Its campaigns.
    pub campaigns: Vec<campaign::Campaign>,
    /// Their experiences.
    pub experiences: Vec<experience::Experience>,
    /// The places that these are about, or in which their zones and beacons are.
    pub places: Vec<place::Place>,
    /// The zones of these places.
    pub zones: Vec<zone::Zone>,
    /// The beacons of these zones, and those that experiences are about.
    pub beacons: Vec<beacon::Beacon>,
}

/// Something that a phone can watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Watch {
    /// Around the geofence of a place or zone.
    Circle(Target),
    IBeacon(uuid::Uuid),
    Eddystone(Hex<10>),
}

impl Watch {
    const fn of(identity: &BeaconIdentity) -> Self {
        match *identity {
            BeaconIdentity::IBeacon { proximity_uuid, .. } => Self::IBeacon(proximity_uuid),
            BeaconIdentity::EddystoneUid { namespace, .. } => Self::Eddystone(namespace),
        }
    }
}

/// How a target can be noticed, and how far that is.
type Way = (Watch, f64);

/// What goes into a bundle.
#[derive(Debug, Default)]
pub(super) struct Described {
    pub(super) places: BTreeSet<PlaceId>,
    pub(super) zones: BTreeSet<ZoneId>,
    pub(super) beacons: BTreeSet<BeaconId>,
    /// Whether one of the places looks at paths.
    pub(super) has_paths: bool,
    parts: usize,
}

impl Described {
    pub(super) fn has(&self, target: Target) -> bool {
        match target {
            Target::Place(id) => self.places.contains(&id),
            Target::Zone(id) => self.zones.contains(&id),
            Target::Beacon(id) => self.beacons.contains(&id),
        }
    }
}

impl Offer {
    /// An offer of these. What a trigger is about that is not among them makes it come true for nobody.
    pub fn new(parts: Parts) -> Self {
        let mut experiences = parts.experiences;
        experiences.sort_by_key(|one| (one.frame.created_at, one.id()));
        let mut zones_of: HashMap<PlaceId, Vec<ZoneId>> = HashMap::new();
        let mut beacons_of: HashMap<ZoneId, Vec<BeaconId>> = HashMap::new();
        let mut discs = HashMap::new();
        for place in &parts.places {
            let disc = place.config.geofence.as_ref().map(Disc::around);
            discs.extend(disc.map(|disc| (Target::Place(place.id()), disc)));
        }
        for zone in &parts.zones {
            zones_of.entry(zone.place_id).or_default().push(zone.id());
            let disc = zone.config.geofence.as_ref().map(Disc::around);
            discs.extend(disc.map(|disc| (Target::Zone(zone.id()), disc)));
        }
        for beacon in &parts.beacons {
            if let Some(zone) = beacon.zone_id {
                beacons_of.entry(zone).or_default().push(beacon.id());
            }
        }
        Self {
            time_zone: parts.time_zone,
            privacy: parts.privacy,
            segments: parts.segments,
            campaigns: by(parts.campaigns, campaign::Campaign::id).collect(),
            experiences,
            places: by(parts.places, place::Place::id).collect(),
            zones: by(parts.zones, zone::Zone::id).collect(),
            beacons: by(parts.beacons, beacon::Beacon::id).collect(),
            zones_of,
            beacons_of,
            discs,
        }
    }

    /// What concerns an instance at a position, with so many regions to watch (two at least). Without
    /// a position it is all that is known by beacons and all that waits for events.
    ///
    /// Positions are rounded and the time of expiry too, so that who stays where they are and hears
    /// nothing new gets the same again.
    pub fn bundle(
        &self,
        person: &Person<'_>,
        at: Option<LatLon>,
        regions_max: usize,
        now_ms: i64,
    ) -> Bundle {
        let at = at.map(|at| at.rounded(POSITION_LINES_PER_DEGREE));
        let expires_at = now_ms - now_ms.rem_euclid(BUNDLE_SLOT_MS) + BUNDLE_MS;
        let zone_name = person.traits.profile.time_zone.as_deref();
        let device_zone = zone_name.and_then(|name| Some((name, time::Zone::named(name)?)));
        let asking = Asking {
            offer: self,
            person,
            zone: device_zone.as_ref().map(|(_, zone)| zone),
            now_ms,
            expires_at,
        };
        let may_fire = asking.may_fire();
        let presence = person.presence;
        let is_inside =
            |target: &Target| presence.inside.iter().any(|(inside, _)| inside == target);
        let mut ways: BTreeMap<Target, Vec<Way>> = BTreeMap::new();
        for target in may_fire.iter().flat_map(|one| one.trigger.targets()) {
            ways.entry(target).or_insert_with(|| {
                let mut ways = self.ways(target, at);
                // What it is in it can leave, wherever that is: the server may not know yet that it did.
                if is_inside(&target) {
                    ways.iter_mut().for_each(|(_, gap_m)| *gap_m = 0.0);
                }
                ways
            });
        }
        let mut gaps: BTreeMap<Watch, f64> = BTreeMap::new();
        for &(watch, gap_m) in ways.values().flatten() {
            let nearest = gaps.entry(watch).or_insert(gap_m);
            *nearest = nearest.min(gap_m);
        }
        let watches: Vec<Watch> = gaps.keys().copied().collect();
        let gaps_m: Vec<f64> = gaps.into_values().collect();
        let Chosen { watched, reach_m } = choose(&gaps_m, regions_max);
        let mut reach_m = reach_m.unwrap_or(f64::INFINITY);

        // How far the device has to go at least until a trigger can come true: to the furthest of its
        // parts, since all have to hold. Nowhere for an event, or for what it has left already.
        let gap_of = |experience: &experience::Experience| {
            let gaps = experience.trigger.parts().iter().map(|part| {
                let Some(target) = part.target() else {
                    return 0.0;
                };
                let is_exit = matches!(part.crossing(), Some((Direction::Exit, _)));
                if is_exit && presence.watched.left.contains(&target) {
                    return 0.0;
                }
                let ways = ways.get(&target).into_iter().flatten();
                ways.map(|(_, gap_m)| *gap_m).fold(f64::INFINITY, f64::min)
            });
            gaps.fold(0.0, f64::max)
        };
        let mut near: Vec<(f64, usize)> = may_fire.iter().map(|one| gap_of(one)).zip(0..).collect();
        near.retain(|(gap_m, _)| gap_m.is_finite() && *gap_m <= reach_m);
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut described = Described::default();
        let mut taken = Vec::new();
        for (gap_m, index) in near {
            self.describe(&may_fire[index].trigger, &mut described);
            if described.parts > BUNDLE_PARTS_MAX {
                reach_m = reach_m.min(gap_m.max(REFRESH_M_MIN));
                break;
            }
            taken.push(index);
        }
        let mut text_bytes = 0;
        let mut experiences: Vec<(usize, super::Experience)> = taken
            .into_iter()
            .map(|index| {
                let experience = may_fire[index];
                let mut action = self.action(experience, &person.traits);
                let texts = action.content.values().chain(action.bg_alert.values());
                text_bytes += texts.map(String::len).sum::<usize>();
                if text_bytes > BUNDLE_TEXT_BYTES_MAX {
                    action.leave_to_inbox();
                }
                (index, asking.experience(experience, action))
            })
            .collect();
        experiences.sort_by_key(|(index, _)| *index);
        let experiences: Vec<super::Experience> =
            experiences.into_iter().map(|(_, one)| one).collect();
        let mut regions: Vec<Region> = watched
            .into_iter()
            .filter_map(|index| self.region(watches[index]))
            .collect();
        if let Some(at) = at.filter(|_| reach_m.is_finite()) {
            regions.push(Region::Refresh {
                latitude: at.latitude(),
                longitude: at.longitude(),
                radius: reach_m,
            });
        }
        let fires: BTreeSet<CampaignId> = experiences.iter().map(|one| one.campaign_id).collect();
        Bundle {
            app_id: person.app_id,
            instance_id: person.instance_id,
            expires_at,
            time_zone: self.time_zone.clone(),
            device_time_zone: device_zone.as_ref().map(|(name, _)| (*name).to_owned()),
            regions,
            places: self.places_of(&described),
            zones: self.zones_in(&described),
            beacons: self.beacons_in(&described),
            campaigns: fires
                .iter()
                .filter_map(|id| self.campaigns.get(id))
                .map(|campaign| asking.campaign(campaign))
                .collect(),
            experiences,
            state: State::of(person.presence, &described),
        }
    }

    /// The ways in which a device can notice that it is in something, and how far it is from there. Of a
    /// beacon of which nobody said where it is, it may be in range anywhere.
    fn ways(&self, target: Target, at: Option<LatLon>) -> Vec<Way> {
        let mut ways = Vec::new();
        if let (Some(at), Some(disc)) = (at, self.discs.get(&target)) {
            ways.push((Watch::Circle(target), disc.gap_m(at)));
        }
        for beacon in self.beacons_that_hold_in(target) {
            let gap_m = match (at, self.range(beacon)) {
                (Some(at), Some(disc)) => disc.gap_m(at),
                _ => 0.0,
            };
            ways.push((Watch::of(&beacon.config.identity), gap_m));
        }
        ways
    }

    /// The beacons whose range counts as being in a target.
    fn beacons_that_hold_in(&self, target: Target) -> Vec<&beacon::Beacon> {
        let of_zone = |zone: &ZoneId| self.beacons_of.get(zone).into_iter().flatten();
        let ids: Vec<BeaconId> = match target {
            Target::Beacon(id) => vec![id],
            Target::Zone(id) => of_zone(&id).copied().collect(),
            Target::Place(id) => {
                let zones = self.zones_of.get(&id).into_iter().flatten();
                zones.flat_map(of_zone).copied().collect()
            }
        };
        ids.iter().filter_map(|id| self.beacons.get(id)).collect()
    }

    /// Where a beacon can be heard, if it is known where it is.
    fn range(&self, beacon: &beacon::Beacon) -> Option<Disc> {
        if let Some(center) = beacon.config.location {
            let radius_m = BEACON_RANGE_M;
            return Some(Disc { center, radius_m });
        }
        let zone = self.zones.get(&beacon.zone_id?)?;
        let disc = self.discs.get(&Target::Zone(zone.id()));
        let disc = disc.or_else(|| self.discs.get(&Target::Place(zone.place_id)));
        disc.map(|disc| disc.wider(BEACON_RANGE_M))
    }

    /// The disc around the geofence of a target.
    #[cfg(test)]
    pub(super) fn disc_of(&self, target: Target) -> Option<Disc> {
        self.discs.get(&target).copied()
    }

    pub(super) fn place_around(&self, target: Target) -> Option<&place::Place> {
        let zone = match target {
            Target::Place(id) => return self.places.get(&id),
            Target::Zone(id) => id,
            Target::Beacon(id) => self.beacons.get(&id)?.zone_id?,
        };
        self.places.get(&self.zones.get(&zone)?.place_id)
    }

    pub(super) fn is_sensitive(&self, target: Target) -> bool {
        let place = self.place_around(target);
        place.is_some_and(|place| self.privacy.is_sensitive(&place.config))
    }

    /// Adds all that has to be known to tell when a trigger comes true.
    fn describe(&self, trigger: &Trigger, described: &mut Described) {
        described.parts += 1;
        for target in trigger.targets() {
            if let Some(place) = self.place_around(target)
                && described.places.insert(place.id())
            {
                described.parts += 1 + corners(place.config.geofence.as_ref());
                let rules = place.config.presence.unwrap_or_default().rules();
                described.has_paths |= rules.path_crossing_ms > 0;
            }
            let zones: Vec<ZoneId> = match target {
                Target::Place(id) => self.zones_of.get(&id).cloned().unwrap_or_default(),
                Target::Zone(id) => vec![id],
                Target::Beacon(id) => {
                    let beacon = self.beacons.get(&id);
                    beacon
                        .and_then(|beacon| beacon.zone_id)
                        .into_iter()
                        .collect()
                }
            };
            for zone in zones.iter().filter_map(|id| self.zones.get(id)) {
                if described.zones.insert(zone.id()) {
                    described.parts += 1 + corners(zone.config.geofence.as_ref());
                }
            }
            for beacon in self.beacons_that_hold_in(target) {
                described.parts += usize::from(described.beacons.insert(beacon.id()));
            }
        }
    }

    fn region(&self, watch: Watch) -> Option<Region> {
        Some(match watch {
            Watch::IBeacon(proximity_uuid) => Region::IBeacon { proximity_uuid },
            Watch::Eddystone(namespace) => Region::EddystoneUid { namespace },
            Watch::Circle(target) => {
                let disc = self.discs.get(&target)?;
                Region::Circle {
                    target: target.into(),
                    latitude: disc.center.latitude(),
                    longitude: disc.center.longitude(),
                    radius: disc.radius_m,
                }
            }
        })
    }

    fn places_of(&self, described: &Described) -> Vec<super::Place> {
        let places = described.places.iter().filter_map(|id| self.places.get(id));
        places
            .map(|place| super::Place {
                place_id: place.id(),
                name: place.config.name.clone(),
                geofence: place.config.geofence.clone(),
                time_zone: place.config.time_zone.clone(),
                presence: place.config.presence.unwrap_or_default().rules().into(),
            })
            .collect()
    }

    fn zones_in(&self, described: &Described) -> Vec<super::Zone> {
        let zones = described.zones.iter().filter_map(|id| self.zones.get(id));
        zones
            .map(|zone| super::Zone {
                zone_id: zone.id(),
                place_id: zone.place_id,
                name: zone.config.name.clone(),
                floor_number: zone.config.floor_number,
                geofence: zone.config.geofence.clone(),
            })
            .collect()
    }

    fn beacons_in(&self, described: &Described) -> Vec<super::Beacon> {
        let beacons = described
            .beacons
            .iter()
            .filter_map(|id| self.beacons.get(id));
        beacons
            .map(|beacon| super::Beacon {
                beacon_id: beacon.id(),
                zone_id: beacon.zone_id,
                identity: beacon.config.identity,
            })
            .collect()
    }

    /// What an experience does, with its texts as far as they can be written before it fires.
    fn action(&self, experience: &experience::Experience, person: &Traits<'_>) -> Action {
        let action = &experience.action;
        let trigger = &experience.trigger;
        let target = match trigger.target() {
            Some(target) => Some(target),
            None => trigger
                .targets()
                .find(|it| self.place_around(*it).is_some()),
        };
        let place = target.and_then(|target| self.place_around(target));
        let zone = match target {
            Some(Target::Zone(id)) => self.zones.get(&id),
            Some(Target::Beacon(id)) => {
                let zone = self.beacons.get(&id).and_then(|beacon| beacon.zone_id);
                zone.and_then(|zone| self.zones.get(&zone))
            }
            _ => None,
        };
        let beacon = match target {
            Some(Target::Beacon(id)) => self.beacons.get(&id),
            _ => None,
        };
        let is_told = trigger.parts().iter().any(|part| part.verb().is_some());
        let facts = Facts {
            person: *person,
            place: place.map(|place| (place.id(), place.config.name.as_str())),
            zone: zone.map(|zone| (zone.id(), zone.config.name.as_str())),
            beacon: beacon.map(|beacon| {
                let name = beacon.config.name.as_deref();
                (beacon.id(), name.unwrap_or_default())
            }),
            verb: trigger.word(),
            item: None,
            category: None,
            value: None,
            event_properties: None,
        };
        let texts = action.write(person.profile.lang.as_deref(), &facts);
        let is_known = |field: &Field| match field {
            Field::Event("verb") => true,
            Field::Event(_) | Field::EventProperty(_) => !is_told,
            Field::Place(_) | Field::Zone(_) | Field::Beacon(_) => target.is_some(),
            _ => true,
        };
        let mut written = Action {
            kind: action.type_name().to_owned(),
            content_type: action.content_type().to_owned(),
            is_written: true,
            content: BTreeMap::new(),
            bg_alert: BTreeMap::new(),
            tag: action.tag().cloned(),
            locale: texts.locale.to_owned(),
        };
        if texts.fields.iter().all(is_known) {
            let at_locale = |text: String| (written.locale.clone(), text);
            written.content = texts.content.map(at_locale).into_iter().collect();
            written.bg_alert = texts.bg_alert.map(at_locale).into_iter().collect();
        } else {
            written.leave_to_inbox();
        }
        written
    }
}

impl Action {
    /// Leaves the texts to the server.
    fn leave_to_inbox(&mut self) {
        self.is_written = false;
        self.content.clear();
        self.bg_alert.clear();
    }
}

/// How much a geofence is to describe.
fn corners(geofence: Option<&Geofence>) -> usize {
    let Some(Geofence::Area(area)) = geofence else {
        return 0;
    };
    area.polygons().iter().flatten().map(Vec::len).sum()
}

fn by<K, V>(objects: Vec<V>, id: fn(&V) -> K) -> impl Iterator<Item = (K, V)> {
    objects.into_iter().map(move |object| (id(&object), object))
}
