//! An account with places, beacons and campaigns, and devices that move through it.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use moca_core::{
    account::{Account, AccountConfig, AccountLimits},
    beacon::{Beacon, BeaconConfig, BeaconIdentity},
    campaign::{
        Campaign, CampaignConfig, CampaignType,
        repeat::Repeat,
        status::{Lifecycle, Phase},
    },
    clock::{Clock, Random},
    event::{Event, EventBody, Fix, Profile, Proximity, Sighting, Subject},
    experience::{Action, Content, Experience, ExperienceConfig, Trigger},
    geo::{Circle, LatLon},
    id::{AccountId, AppId, BeaconId, CampaignId, Id, PlaceId, SegmentId, ZoneId},
    place::{Place, PlaceConfig},
    privacy::Privacy,
    property::Properties,
    resource::Frame,
    segment::{Segment, SegmentConfig, SegmentType},
    zone::{Zone, ZoneConfig},
};
use moca_engine::Engine;
use moca_storage::control::{Control, Stored};
use tempfile::TempDir;

/// 2026-03-01T00:00:00Z: what the clock shows first.
pub(crate) const START: i64 = 1_772_323_200_000;
pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// A clock that stands still until it is turned.
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    pub(crate) fn set(&self, now_ms: i64) {
        self.0.store(now_ms, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The same bytes in every run (SplitMix64).
pub(crate) struct SeededRandom(AtomicU64);

impl SeededRandom {
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    pub(crate) fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `below - 1`.
    pub(crate) fn below(&self, below: i64) -> i64 {
        (self.next() % below as u64) as i64
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let random = self.next().to_le_bytes();
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
    }
}

/// A data directory with an account in it.
pub(crate) struct Site {
    pub(crate) dir: TempDir,
    pub(crate) control: Control,
    pub(crate) clock: Arc<ManualClock>,
    random: Arc<SeededRandom>,
    next_id: Mutex<u8>,
    pub(crate) account_id: AccountId,
    pub(crate) app_id: AppId,
}

impl Site {
    pub(crate) async fn new() -> Self {
        Self::new_in(&std::env::temp_dir()).await
    }

    /// The same in a directory of another.
    pub(crate) async fn new_in(parent: &Path) -> Self {
        let dir = TempDir::new_in(parent).unwrap();
        let url = format!("sqlite:{}", dir.path().join("control.db").display());
        let site = Self {
            control: Control::open(&url).await.unwrap(),
            dir,
            clock: Arc::new(ManualClock(AtomicI64::new(START))),
            random: Arc::new(SeededRandom::new(7)),
            next_id: Mutex::new(10),
            account_id: AccountId(Id([1; 16])),
            app_id: AppId(Id([2; 16])),
        };
        let mut frame = site.frame();
        frame.id = site.account_id.0;
        site.insert(&Account {
            frame,
            operator: true,
            config: AccountConfig {
                name: "Account".to_owned(),
                time_zone: "UTC".to_owned(),
                cors_origins: Vec::new(),
                privacy: Privacy::default(),
            },
            limits: AccountLimits::default(),
        })
        .await;
        site.insert_app(site.app_id).await;
        site
    }

    pub(crate) async fn insert_app(&self, app_id: AppId) {
        let mut frame = self.frame();
        frame.id = app_id.0;
        self.insert(&moca_core::app::App {
            frame,
            previous_secret: None,
            targets: Vec::new(),
            sealed_secret: vec![0; 4],
            config: moca_core::app::AppConfig {
                name: format!("App {app_id}"),
                description: None,
                app_url: None,
                version: None,
                category: None,
                icon_url: None,
                approx_app_size: None,
                production: false,
            },
        })
        .await;
    }

    pub(crate) async fn engine(&self) -> Engine {
        self.engine_in(self.dir.path()).await
    }

    pub(crate) async fn engine_in(&self, data_dir: &Path) -> Engine {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let random: Arc<dyn Random> = self.random.clone();
        Engine::start(data_dir, self.control.clone(), clock, random)
            .await
            .unwrap()
    }

    pub(crate) async fn insert<R: Stored>(&self, object: &R) {
        let mut tx = self.control.write().await.unwrap();
        tx.insert(object).await.unwrap();
        tx.commit().await.unwrap();
    }

    fn frame(&self) -> Frame {
        let mut next = self.next_id.lock().unwrap();
        *next += 1;
        Frame {
            account_id: self.account_id,
            id: Id([*next; 16]),
            created_at: START,
            updated_at: START,
            revision: 1,
        }
    }

    /// A place around a point, 500 metres wide.
    pub(crate) async fn place(&self, latitude: f64, longitude: f64) -> PlaceId {
        let frame = self.frame();
        let id = PlaceId(frame.id);
        let center = LatLon::new(latitude, longitude).unwrap();
        self.insert(&Place {
            sealed_secret_key: None,
            config: PlaceConfig {
                name: format!("Place {id}"),
                geofence: Some(Circle::new(center, 500.0).unwrap().into()),
                address: None,
                time_zone: None,
                category: None,
                external_id: None,
                provider: None,
                label_ids: Vec::new(),
                location_provider: None,
                floor_plan_provider: None,
                presence: None,
                sensitive: false,
                properties: Properties::new(),
            },
            frame,
        })
        .await;
        id
    }

    pub(crate) async fn zone(&self, place_id: PlaceId) -> ZoneId {
        let frame = self.frame();
        let id = ZoneId(frame.id);
        self.insert(&Zone {
            frame,
            place_id,
            config: ZoneConfig {
                name: format!("Zone {id}"),
                short_id: None,
                floor_number: 0,
                category: None,
                provider: None,
                external_id: None,
                geofence: None,
                label_ids: Vec::new(),
            },
        })
        .await;
        id
    }

    pub(crate) async fn beacon(&self, zone_id: ZoneId, minor: u16) -> BeaconId {
        let frame = self.frame();
        let id = BeaconId(frame.id);
        self.insert(&Beacon {
            frame,
            zone_id: Some(zone_id),
            config: BeaconConfig {
                name: None,
                identity: identity(minor),
                provider: None,
                code: None,
                location: None,
                floor_number: None,
                tx_power_dbm: None,
                external_id: None,
                label_ids: Vec::new(),
                properties: Properties::new(),
            },
        })
        .await;
        id
    }

    pub(crate) async fn segment(&self, query: &str) -> SegmentId {
        let frame = self.frame();
        let id = SegmentId(frame.id);
        self.insert(&Segment {
            frame,
            app_id: self.app_id,
            config: SegmentConfig {
                name: format!("Segment {id}"),
                description: None,
                kind: SegmentType::Query,
                query: Some(query.to_owned()),
                external_id: None,
            },
        })
        .await;
        id
    }

    /// A campaign that runs for a month from the start.
    pub(crate) async fn campaign(&self, display_cap: Option<i64>) -> CampaignId {
        self.campaign_for(None, display_cap).await
    }

    /// The same for a segment.
    pub(crate) async fn campaign_for(
        &self,
        segment_id: Option<SegmentId>,
        display_cap: Option<i64>,
    ) -> CampaignId {
        let frame = self.frame();
        let id = CampaignId(frame.id);
        self.insert(&Campaign {
            frame,
            app_id: self.app_id,
            lifecycle: Lifecycle {
                phase: Phase::Started,
                since_ms: START,
            },
            config: CampaignConfig {
                name: format!("Campaign {id}"),
                description: None,
                kind: CampaignType::Proximity,
                segment_id,
                start_at: START,
                end_at: Some(START + 30 * DAY),
                group_id: None,
                display_cap,
                display_wait_ms: None,
                require_marketing_consent: None,
                recurrence: None,
                priority: None,
                holdout_percent: None,
            },
        })
        .await;
        id
    }

    pub(crate) async fn experience(
        &self,
        campaign_id: CampaignId,
        trigger: Trigger,
        repeat: Repeat,
    ) {
        let texts = [("default", "Hello"), ("es", "Hola")];
        let content = texts
            .into_iter()
            .map(|(locale, text)| (locale.to_owned(), text.to_owned()))
            .collect();
        let greeting = Action::SendLocalMessage(Content {
            content,
            bg_alert: BTreeMap::new(),
        });
        self.experience_that(campaign_id, trigger, repeat, greeting)
            .await;
    }

    /// The same with another action.
    pub(crate) async fn experience_that(
        &self,
        campaign_id: CampaignId,
        trigger: Trigger,
        repeat: Repeat,
        action: Action,
    ) {
        let frame = self.frame();
        self.insert(&Experience {
            config: ExperienceConfig {
                name: format!("Experience {}", frame.id),
                description: None,
                repeat,
                enabled: true,
            },
            frame,
            campaign_id,
            trigger,
            action,
        })
        .await;
    }

    /// A device with this key, whose token's hash is 32 times the key's length.
    pub(crate) async fn register(&self, engine: &Engine, key: &str) -> Subject {
        let mut token_hash = [0; 32];
        self.random.fill(&mut token_hash);
        engine
            .register(
                self.account_id,
                self.app_id,
                Some(key),
                token_hash,
                Profile::default(),
                Vec::new(),
            )
            .await
            .unwrap()
            .subject
    }

    pub(crate) fn event(&self, at_ms: i64, body: EventBody) -> Event {
        let mut id = [0; 16];
        self.random.fill(&mut id);
        Event { id, at_ms, body }
    }

    pub(crate) fn fix(&self, at_ms: i64, latitude: f64, longitude: f64) -> Event {
        let fix = Fix {
            at: LatLon::new(latitude, longitude).unwrap(),
            accuracy_m: None,
            speed_m_s: None,
            floor: None,
        };
        self.event(at_ms, EventBody::Location(fix))
    }

    pub(crate) fn sighting(&self, at_ms: i64, minor: u16) -> Event {
        self.close_sighting(at_ms, minor, None)
    }

    /// The same of a beacon that seems this close.
    pub(crate) fn close_sighting(
        &self,
        at_ms: i64,
        minor: u16,
        proximity: Option<Proximity>,
    ) -> Event {
        let sighting = Sighting {
            identity: identity(minor),
            rssi_dbm: None,
            proximity,
            battery_percent: None,
        };
        self.event(at_ms, EventBody::Sightings(vec![sighting]))
    }

    pub(crate) fn custom(&self, at_ms: i64) -> Event {
        self.event(
            at_ms,
            EventBody::Custom {
                verb: "view".to_owned(),
                item: None,
                category: None,
                value: None,
                properties: Properties::new(),
            },
        )
    }
}

fn identity(minor: u16) -> BeaconIdentity {
    BeaconIdentity::IBeacon {
        proximity_uuid: "f7826da6-4fa2-4e98-8024-bc5b71e0893e".parse().unwrap(),
        major: 1,
        minor,
    }
}

/// The texts of an inbox.
pub(crate) async fn inbox(engine: &Engine, subject: Subject) -> Vec<String> {
    let page = engine.messages(subject, 0, 1_000).await.unwrap();
    assert_eq!(page.total as usize, page.items.len());
    page.items
        .into_iter()
        .map(|item| item.message.content)
        .collect()
}

/// Keys and values.
type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// Every key and value of a device store that is not open, by keyspace.
pub(crate) fn dump(data_dir: &Path) -> BTreeMap<String, Pairs> {
    let database = fjall::Database::builder(data_dir.join("devices"))
        .open()
        .unwrap();
    let mut all = BTreeMap::new();
    for name in database.list_keyspace_names() {
        let keyspace = database
            .keyspace(&name, fjall::KeyspaceCreateOptions::default)
            .unwrap();
        let pairs = keyspace
            .iter()
            .map(|pair| pair.into_inner().unwrap())
            .map(|(key, value)| (key.to_vec(), value.to_vec()))
            .collect();
        all.insert(name.to_string(), pairs);
    }
    all
}

/// Copies the files of a data directory that is not open.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
