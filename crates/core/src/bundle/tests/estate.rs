//! Everything there is, made of a few numbers, and a server that knows all of it.

use super::*;

/// Metres that a degree of longitude has on the equator.
pub(super) const DEGREE_M: f64 = 111_319.490_793;
pub(super) const SECOND: i64 = 1_000;
pub(super) const HOUR: i64 = 3_600 * SECOND;
pub(super) const SPANISH: u8 = 77;

/// Everything there is, and one instance of which the server knows all.
pub(super) struct Server {
    pub(super) offer: Offer,
    pub(super) world: World,
    pub(super) segments: Segments,
    pub(super) privacy: Privacy,
    pub(super) marketing: Option<Consent>,
    pub(super) profile: Profile,
    pub(super) properties: Properties,
    pub(super) presence: Presence,
    pub(super) caps: Caps,
    /// The discs in which beacons can be heard; `None` for everywhere.
    pub(super) ranges: BTreeMap<u8, Option<Disc>>,
}

/// What was decided, and the text of what fired.
pub(super) type Outcome = (ExperienceId, i64, Verdict, Option<String>);

pub(super) const APP: u8 = 3;
pub(super) const INSTANCE: u8 = 42;

pub(super) fn at(east_m: f64) -> LatLon {
    LatLon::new(0.0, east_m / DEGREE_M).unwrap()
}

pub(super) fn identity(number: u8) -> BeaconIdentity {
    // Two fleets of one sort, one of another.
    match number % 3 {
        0 => BeaconIdentity::EddystoneUid {
            namespace: Hex([7; 10]),
            instance: Hex([number; 6]),
        },
        uuid => BeaconIdentity::IBeacon {
            proximity_uuid: uuid::Uuid::from_bytes([uuid; 16]),
            major: 1,
            minor: number.into(),
        },
    }
}

impl Server {
    fn traits(&self) -> Traits<'_> {
        static NOTHING: (BTreeMap<String, f64>, BTreeSet<SegmentId>) =
            (BTreeMap::new(), BTreeSet::new());
        Traits {
            profile: &self.profile,
            user_id: Some("ana"),
            properties: &self.properties,
            tags: &NOTHING.0,
            push_enabled: false,
            location_status: None,
            listed: &NOTHING.1,
            refuses_profiling: false,
            created_at: 0,
            last_seen_at: 0,
        }
    }

    pub(super) fn take(&mut self, event: &Event) -> Vec<Outcome> {
        let occurred = presence::take(&mut self.presence, &self.world, event);
        self.decide(&occurred, Some(event))
    }

    pub(super) fn tick(&mut self, now_ms: i64) -> Vec<Outcome> {
        let mut occurred = Vec::new();
        presence::tick(&mut self.presence, &self.world, now_ms, &mut occurred);
        self.decide(&occurred, None)
    }

    fn decide(&mut self, occurred: &[presence::Occurrence], event: Option<&Event>) -> Vec<Outcome> {
        let mut caps = std::mem::take(&mut self.caps);
        let audience = Audience {
            instance_id: id(INSTANCE),
            segments: &self.segments,
            traits: self.traits(),
            marketing: self.marketing.as_ref(),
            privacy: &self.privacy,
        };
        let mut all = Vec::new();
        for moment in presence::moments(occurred) {
            let at_ms = moment[0].at_ms();
            let actor = Actor {
                app_id: id(APP),
                time_zone: self.profile.time_zone.as_deref(),
                presence: &self.presence,
            };
            let scenes: Vec<Scene<'_>> = moment
                .iter()
                .filter_map(|one| Scene::of(&self.world, actor, one, event))
                .collect();
            let candidates = Candidate::all(&scenes);
            for (index, verdict) in decide_moment(&candidates, &audience, &mut caps, at_ms) {
                let Candidate {
                    experience, scene, ..
                } = candidates[index];
                let lang = self.profile.lang.as_deref();
                let text = experience.action.write(lang, &scene.facts(self.traits()));
                let text = text.content.filter(|_| verdict == Verdict::Fired);
                all.push((experience.id(), at_ms, verdict, text));
            }
        }
        self.caps = caps;
        all
    }

    pub(super) fn bundle(&self, east_m: f64, regions_max: usize, now_ms: i64) -> Bundle {
        let person = Person {
            app_id: id(APP),
            instance_id: id(INSTANCE),
            traits: self.traits(),
            marketing: self.marketing.as_ref(),
            refuses_location: false,
            caps: &self.caps,
            presence: &self.presence,
        };
        let bundle = self
            .offer
            .bundle(&person, Some(at(east_m)), regions_max, now_ms);
        // As it comes over the network.
        let text = serde_json::to_string(&bundle).unwrap();
        let read = serde_json::from_str(&text).unwrap();
        assert_eq!(bundle, read);
        read
    }
}

/// What a trigger waits for: of which kind, about which, and a third thing.
pub(super) type Raw = (u8, u8, u8);

pub(super) fn trigger((kind, about, more): Raw) -> Trigger {
    let place_id = id::<PlaceId>(1 + about % PLACES);
    let zone_id = id::<ZoneId>(1 + about % ZONES);
    let beacon_id = id::<BeaconId>(1 + about % BEACONS);
    let delay_ms = Some(i64::from(more % 3) * 20 * SECOND).filter(|delay_ms| *delay_ms > 0);
    let proximity = Proximity::ALL[usize::from(more) % 3];
    let verb = ["buy", "view"][usize::from(about) % 2].to_owned();
    match kind % 10 {
        0 | 1 => Trigger::EnterPlace { place_id, delay_ms },
        2 => Trigger::ExitPlace { place_id },
        3 => Trigger::EnterZone { zone_id, delay_ms },
        4 => Trigger::ExitZone { zone_id },
        5 => Trigger::EnterBeacon {
            beacon_id,
            delay_ms,
        },
        6 => Trigger::ExitBeacon { beacon_id },
        7 => Trigger::ZoneProximity { zone_id, proximity },
        8 => Trigger::BeaconProximity {
            beacon_id,
            proximity,
        },
        _ => Trigger::Event {
            verb,
            item: [None, Some("map".to_owned())][usize::from(more) % 2].clone(),
            category: None,
            query: None,
        },
    }
}

/// One trigger by itself, several as a composite with one event at most.
pub(super) fn trigger_of(parts: &[Raw]) -> Trigger {
    let mut list: Vec<Trigger> = parts.iter().copied().map(trigger).collect();
    let mut events = 0;
    list.retain(|part| {
        events += usize::from(part.verb().is_some());
        part.verb().is_none() || events == 1
    });
    match list.len() {
        1 => list.remove(0),
        _ => Trigger::Composite { list },
    }
}

pub(super) const PLACES: u8 = 9;
pub(super) const ZONES: u8 = 6;
pub(super) const BEACONS: u8 = 8;
pub(super) const TEXTS: [&str; 6] = [
    "Hello",
    "Hello {{ user.name }} of {{ device.lang }}",
    "{{ event.verb }} at {{ place.name }}",
    "{{ zone.name | default('nowhere') }}{{ beacon.id }}",
    "Thanks for the {{ event.item }}",
    "{{ event.property.gift }}",
];

#[derive(Debug, Clone)]
pub(super) struct Estate {
    /// Metres east and radius of each; a polygon, at paths, sensitive, in a zone of its own.
    pub(super) places: Vec<(f64, f64, u8)>,
    /// By campaign: the hour it begins, an end, cap, wait, priority, segment, control group.
    pub(super) campaigns: Vec<[u8; 6]>,
    /// Parts of the trigger, campaign, repeat, text.
    pub(super) experiences: Vec<(Vec<Raw>, u8, u8, u8)>,
    pub(super) has_zone: bool,
    pub(super) speaks_spanish: bool,
}

pub(super) fn estate() -> impl Strategy<Value = Estate> {
    let raw = || (0..20_u8, any::<u8>(), any::<u8>());
    let parts = prop_oneof![
        4 => prop::collection::vec(raw(), 1),
        1 => prop::collection::vec(raw(), 2..4),
    ];
    (
        prop::collection::vec(
            (0.0..6_000.0_f64, 30.0..400.0_f64, any::<u8>()),
            usize::from(PLACES),
        ),
        prop::collection::vec(any::<[u8; 6]>(), 3),
        prop::collection::vec((parts, any::<u8>(), any::<u8>(), any::<u8>()), 1..14),
        any::<bool>(),
        prop::bool::weighted(0.8),
    )
        .prop_map(
            |(places, campaigns, experiences, has_zone, speaks_spanish)| Estate {
                places,
                campaigns,
                experiences,
                has_zone,
                speaks_spanish,
            },
        )
}

pub(super) fn places_of(estate: &Estate) -> Vec<place::Place> {
    let places = (1..).zip(&estate.places);
    places
        .map(|(number, &(east_m, radius_m, more))| {
            let mut one = place(number, Some(circle(east_m / DEGREE_M, radius_m)));
            if more % 5 == 0 {
                let [west, east] = [-1.0, 1.0].map(|side| (east_m + side * radius_m) / DEGREE_M);
                let high = radius_m / DEGREE_M;
                let ring = vec![
                    [west, -high],
                    [east, -high],
                    [east, high],
                    [west, high],
                    [west, -high],
                ];
                one.config.geofence = Some(Geofence::from(Area::polygon(vec![ring]).unwrap()));
            }
            one.config.presence = Some(PresenceConfig {
                path_crossing_ms: (more % 3 == 0).then_some(60 * SECOND),
                beacon_exit_ms: (more % 4 == 0).then_some(10 * SECOND),
                ..PresenceConfig::default()
            });
            one.config.sensitive = more % 11 == 0;
            one.config.category = (more % 13 == 0).then(|| "clinic".to_owned());
            one.config.time_zone = (more % 2 == 0).then(|| "Asia/Tokyo".to_owned());
            one
        })
        .collect()
}

/// Zones 1 and 2 are in place 1, the others in places of their own; every other has a shape.
pub(super) fn zones_of(places: &[place::Place]) -> Vec<zone::Zone> {
    let zones = (1..=ZONES).map(|number| {
        let number_of_place = (number / 2).max(1);
        let around = Disc::around(
            places[usize::from(number_of_place) - 1]
                .config
                .geofence
                .as_ref()
                .unwrap(),
        );
        let shape = circle(around.center.longitude(), around.radius_m / 2.0);
        let mut one = zone(number, Some(shape).filter(|_| number % 2 == 0));
        one.place_id = id(number_of_place);
        one
    });
    zones.collect()
}

/// Beacon 8 is in no zone and nobody knows where; beacon 7 is in none either.
pub(super) fn beacons_of() -> Vec<beacon::Beacon> {
    let beacons = (1..=BEACONS).map(|number| {
        let mut one = beacon(number, Some(number).filter(|number| *number <= ZONES));
        one.config.identity = identity(number);
        one.config.location = (number == 7).then(|| at(3_000.0));
        one
    });
    beacons.collect()
}

pub(super) fn server(estate: &Estate) -> Server {
    let places = places_of(estate);
    let zones = zones_of(&places);
    let beacons = beacons_of();
    let mut segments = Segments::default();
    segments.put(id(SPANISH), Query::read(r#"{"lang":"es"}"#).unwrap());
    let campaigns: Vec<campaign::Campaign> = (50..)
        .zip(&estate.campaigns)
        .map(|(number, more)| {
            let mut one = campaign();
            one.frame.id = Id([number; 16]);
            one.config.start_at = MONDAY + i64::from(more[0] % 3) * HOUR / 2;
            one.config.end_at = (more[0] % 4 == 3).then_some(MONDAY + HOUR);
            one.config.display_cap = (more[1] % 3 == 0).then_some(i64::from(more[1] % 5) + 1);
            one.config.display_wait_ms = (more[2] % 3 == 0).then_some(90 * SECOND);
            one.config.priority = Some(i64::from(more[3] % 3));
            one.config.segment_id = (more[4] % 2 == 0).then(|| id(SPANISH));
            one.config.holdout_percent = (more[4] % 5 == 0).then_some(50);
            one.config.require_marketing_consent = (more[4] % 3 == 0).then_some(true);
            one.config.recurrence = (more[5] % 3 == 0).then(|| Recurrence {
                hours_of_day: vec![0, i64::from(more[5] % 24)],
                days_of_week: Vec::new(),
            });
            one
        })
        .collect();
    let experiences: Vec<experience::Experience> = (100..)
        .zip(&estate.experiences)
        .map(|(number, (parts, of, repeat, text))| {
            let repeat = Repeat::ALL[usize::from(*repeat) % 12];
            let mut one = experience(number, repeat);
            one.frame.created_at = i64::from(number / 3);
            one.campaign_id = id(50 + of % 3);
            one.config.enabled = of % 7 != 6;
            one.trigger = trigger_of(parts);
            let text = TEXTS[usize::from(*text) % TEXTS.len()];
            one.action = experience::Action::SendLocalMessage(Content {
                content: BTreeMap::from([("default".to_owned(), text.to_owned())]),
                bg_alert: BTreeMap::new(),
            });
            one
        })
        .collect();
    // Of these a device without a time zone cannot tell the hour.
    let goes_by_hour = |one: &experience::Experience| {
        let campaign = campaigns.iter().find(|it| it.id() == one.campaign_id);
        let recurrence = campaign.and_then(|it| it.config.recurrence.as_ref());
        recurrence.is_some() || one.config.repeat.goes_by_calendar()
    };
    let is_somewhere = |one: &experience::Experience| one.trigger.target().is_some();
    let experiences: Vec<experience::Experience> = experiences
        .into_iter()
        .filter(|one| estate.has_zone || !goes_by_hour(one) || is_somewhere(one))
        .collect();
    let mut world = World::default();
    world.put_time_zone("America/New_York");
    let privacy = Privacy {
        require_marketing_consent: false,
        sensitive_categories: vec!["Clinic".to_owned()],
    };
    world.put_privacy(&privacy);
    places.iter().cloned().for_each(|it| world.put_place(it));
    zones.iter().cloned().for_each(|it| world.put_zone(it));
    beacons.iter().cloned().for_each(|it| world.put_beacon(it));
    campaigns
        .iter()
        .cloned()
        .for_each(|it| world.put_campaign(it));
    experiences
        .iter()
        .cloned()
        .for_each(|it| world.put_experience(it));
    let ranges = beacons.iter().map(|one| {
        let disc = match one.zone_id {
            Some(zone) => {
                let zone = zones.iter().find(|it| it.id() == zone).unwrap();
                let place = places.iter().find(|it| it.id() == zone.place_id).unwrap();
                let geofence = zone.config.geofence.as_ref();
                let geofence = geofence.or(place.config.geofence.as_ref()).unwrap();
                Some(Disc::around(geofence).wider(BEACON_RANGE_M))
            }
            None => one.config.location.map(|center| Disc {
                center,
                radius_m: BEACON_RANGE_M,
            }),
        };
        (one.frame.id.0[0], disc)
    });
    let ranges = ranges.collect();
    let offer = Offer::new(Parts {
        time_zone: "America/New_York".to_owned(),
        privacy: privacy.clone(),
        segments: segments.clone(),
        campaigns,
        experiences,
        places,
        zones,
        beacons,
    });
    let lang = if estate.speaks_spanish { "es" } else { "en" };
    Server {
        offer,
        world,
        segments,
        privacy,
        marketing: Some(Consent {
            granted: estate.speaks_spanish,
            version: "1".to_owned(),
            at_ms: 0,
        }),
        profile: Profile {
            lang: Some(lang.to_owned()),
            time_zone: estate.has_zone.then(|| "Europe/Madrid".to_owned()),
            ..Profile::default()
        },
        properties: Properties::from([("name".to_owned(), Property::Text("Ana".to_owned()))]),
        presence: Presence::default(),
        caps: Caps::default(),
        ranges,
    }
}
