//! A device that decides by a bundle: the reference for those who write one in another language.

use super::{Bundle, State};
use crate::{
    beacon, campaign,
    campaign::{
        CampaignConfig, CampaignType,
        caps::Caps,
        decide::{Audience, Verdict},
        moment::{Candidate, decide_moment},
        scene::{Actor, Scene},
        status::{Lifecycle, Phase},
    },
    event::{Event, Profile},
    experience::{self, Content, ExperienceConfig, Target},
    geo::{GeoError, LatLon},
    id::{AccountId, AppId, CampaignId, ExperienceId, Id, InstanceId},
    place::{self, PlaceConfig},
    presence::{self, Occurrence, PathStart, Presence, Stay, Watched},
    privacy::Privacy,
    property::Properties,
    resource::Frame,
    segment::{Segments, Traits},
    world::World,
    zone::{self, ZoneConfig},
};

/// What became of an experience whose trigger came true.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The experience: its action is in the bundle.
    pub experience_id: ExperienceId,
    /// Event time, ms since 1970; the message of the server has the same.
    pub at_ms: i64,
    /// The outcome.
    pub verdict: Verdict,
}

/// One instance that decides by itself.
#[derive(Debug, Clone)]
pub struct Device {
    app_id: AppId,
    instance_id: InstanceId,
    time_zone: Option<String>,
    expires_at: i64,
    world: World,
    presence: Presence,
    caps: Caps,
}

impl Device {
    /// A device that has this bundle and has told all that it knows. An error for a bundle that no
    /// server makes.
    pub fn new(bundle: &Bundle) -> Result<Self, GeoError> {
        let mut world = World::default();
        world.put_time_zone(&bundle.time_zone);
        for place in &bundle.places {
            world.put_place(place_of(place));
        }
        for zone in &bundle.zones {
            world.put_zone(zone_of(zone));
        }
        for beacon in &bundle.beacons {
            world.put_beacon(beacon_of(beacon));
        }
        let mut caps = Caps::default();
        for campaign in &bundle.campaigns {
            let last_at = campaign.last_shown_at;
            let shown = last_at.map(|at_ms| (campaign.campaign_id, (campaign.shown, at_ms)));
            caps.campaigns.extend(shown);
            world.put_campaign(campaign_of(bundle.app_id, campaign));
        }
        for (experience, number) in bundle.experiences.iter().zip(0..) {
            let fired = experience.last_fired_at;
            caps.experiences
                .extend(fired.map(|at_ms| (experience.experience_id, at_ms)));
            world.put_experience(experience_of(experience, number));
        }
        Ok(Self {
            app_id: bundle.app_id,
            instance_id: bundle.instance_id,
            time_zone: bundle.device_time_zone.clone(),
            expires_at: bundle.expires_at,
            world,
            presence: presence_of(&bundle.state)?,
            caps,
        })
    }

    /// Takes in an event, in order of time, and says what came true by it and by the timers before it.
    pub fn take(&mut self, event: &Event) -> Vec<Decided> {
        let occurred = presence::take(&mut self.presence, &self.world, event);
        self.decide(&occurred, Some(event))
    }

    /// Runs the timers due at `now_ms`.
    pub fn tick(&mut self, now_ms: i64) -> Vec<Decided> {
        let mut occurred = Vec::new();
        presence::tick(&mut self.presence, &self.world, now_ms, &mut occurred);
        self.decide(&occurred, None)
    }

    /// When [`tick`](Self::tick) has something to do next, ms since 1970.
    pub fn due_at(&self) -> Option<i64> {
        presence::due_at(&self.presence)
    }

    fn decide(&mut self, occurred: &[Occurrence], event: Option<&Event>) -> Vec<Decided> {
        let mut all = Vec::new();
        // Who belongs to what was decided when the bundle was made.
        let usual = Privacy::default();
        let (profile, segments, none) =
            (Profile::default(), Segments::default(), Properties::new());
        let audience = Audience {
            instance_id: self.instance_id,
            segments: &segments,
            marketing: None,
            privacy: &usual,
            traits: Traits {
                profile: &profile,
                user_id: None,
                properties: &none,
                tags: &Default::default(),
                push_enabled: false,
                location_status: None,
                listed: &Default::default(),
                refuses_profiling: false,
                created_at: 0,
                last_seen_at: 0,
            },
        };
        for moment in presence::moments(occurred) {
            let at_ms = moment[0].at_ms();
            if at_ms >= self.expires_at {
                break;
            }
            let actor = Actor {
                app_id: self.app_id,
                time_zone: self.time_zone.as_deref(),
                presence: &self.presence,
            };
            let scenes: Vec<Scene<'_>> = moment
                .iter()
                .filter_map(|occurrence| Scene::of(&self.world, actor, occurrence, event))
                .collect();
            let candidates = Candidate::all(&scenes);
            let decided = decide_moment(&candidates, &audience, &mut self.caps, at_ms);
            all.extend(decided.into_iter().map(|(index, verdict)| Decided {
                campaign_id: candidates[index].campaign.id(),
                experience_id: candidates[index].experience.id(),
                at_ms,
                verdict,
            }));
        }
        all
    }
}

/// What the server keeps of an object and no decision asks for.
fn frame(id: Id, created_at: i64) -> Frame {
    Frame {
        account_id: AccountId(Id([0; 16])),
        id,
        created_at,
        updated_at: created_at,
        revision: 1,
    }
}

fn place_of(place: &super::Place) -> place::Place {
    place::Place {
        frame: frame(place.place_id.0, 0),
        config: PlaceConfig {
            name: place.name.clone(),
            geofence: place.geofence.clone(),
            address: None,
            time_zone: place.time_zone.clone(),
            category: None,
            external_id: None,
            provider: None,
            label_ids: Vec::new(),
            location_provider: None,
            floor_plan_provider: None,
            presence: Some(place.presence),
            sensitive: false,
            properties: Properties::new(),
        },
        sealed_secret_key: None,
    }
}

fn zone_of(zone: &super::Zone) -> zone::Zone {
    zone::Zone {
        frame: frame(zone.zone_id.0, 0),
        place_id: zone.place_id,
        config: ZoneConfig {
            name: zone.name.clone(),
            short_id: None,
            floor_number: zone.floor_number,
            category: None,
            provider: None,
            external_id: None,
            geofence: zone.geofence.clone(),
            label_ids: Vec::new(),
        },
    }
}

fn beacon_of(beacon: &super::Beacon) -> beacon::Beacon {
    beacon::Beacon {
        frame: frame(beacon.beacon_id.0, 0),
        zone_id: beacon.zone_id,
        config: beacon::BeaconConfig {
            name: None,
            identity: beacon.identity,
            provider: None,
            code: None,
            location: None,
            floor_number: None,
            tx_power_dbm: None,
            external_id: None,
            label_ids: Vec::new(),
            properties: Properties::new(),
        },
    }
}

fn campaign_of(app_id: AppId, campaign: &super::Campaign) -> campaign::Campaign {
    campaign::Campaign {
        frame: frame(campaign.campaign_id.0, 0),
        app_id,
        lifecycle: Lifecycle {
            phase: Phase::Started,
            since_ms: 0,
        },
        config: CampaignConfig {
            name: String::new(),
            description: None,
            kind: CampaignType::Proximity,
            segment_id: None,
            start_at: campaign.start_at,
            end_at: campaign.end_at,
            group_id: None,
            display_cap: campaign.display_cap,
            display_wait_ms: campaign.display_wait_ms,
            recurrence: campaign.recurrence.clone(),
            priority: Some(campaign.priority),
            holdout_percent: None,
            require_marketing_consent: Some(false),
        },
    }
}

/// Experiences stand in the bundle by age, and that is all that counts of it.
fn experience_of(experience: &super::Experience, number: i64) -> experience::Experience {
    experience::Experience {
        frame: frame(experience.experience_id.0, number),
        campaign_id: experience.campaign_id,
        config: ExperienceConfig {
            name: String::new(),
            description: None,
            repeat: experience.repeat,
            enabled: true,
        },
        trigger: experience.trigger.clone(),
        // The action stands in the bundle, written.
        action: experience::Action::Custom(Content::default()),
    }
}

fn presence_of(state: &State) -> Result<Presence, GeoError> {
    let path_start = state.path_start.map(|start| {
        Ok(PathStart {
            at_ms: start.at,
            at: LatLon::new(start.latitude, start.longitude)?,
            error_m: start.accuracy,
            floor: start.floor,
        })
    });
    let inside = state.inside.iter();
    let doubts = state.doubts.iter();
    let in_range = state.in_range.iter();
    let close_to = state.close_to.iter();
    Ok(Presence {
        newest_at: state.newest_at,
        fences: state.fences.iter().copied().map(Target::from).collect(),
        doubts: doubts.map(|one| (one.target.into(), one.since)).collect(),
        beacons: in_range.map(|one| (one.beacon_id, one.left_at)).collect(),
        inside: inside
            .map(|one| (one.target.into(), one.entered_at))
            .collect(),
        stays: state
            .stays
            .iter()
            .map(|stay| Stay {
                due_ms: stay.due_at,
                target: stay.target.into(),
                entered_at: stay.entered_at,
            })
            .collect(),
        path_start: path_start.transpose()?,
        // A device hears of its own events in their order.
        newest_fix_at: state.newest_at,
        exits: Vec::new(),
        watched: Watched {
            left: state.left.iter().copied().map(Target::from).collect(),
            near: close_to
                .map(|one| (one.beacon_id, one.proximity, one.until))
                .collect(),
        },
    })
}
