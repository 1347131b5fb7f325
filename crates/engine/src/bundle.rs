//! Bundles for devices: the offers that they are made of, kept by app as long as nothing in them changes.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use moca_core::{
    beacon::Beacon,
    bundle::{Bundle, Offer, Parts, Person},
    campaign::{Campaign, CampaignType, status::Phase},
    consent::{Purpose, is_refused},
    event::Subject,
    experience::{Experience, Target},
    geo::LatLon,
    id::{AccountId, AppId, Id},
    limits::OFFERS_KEPT_MAX,
    place::Place,
    privacy::Privacy,
    resource::Kind,
    zone::Zone,
};
use moca_storage::{
    StorageError,
    control::{ChangeRow, Control, Filter, ListQuery, Stored, Tx},
};

use crate::{Engine, EngineError, estate, pipeline::instance::traits};

/// Rows read from the control store at a time.
const PAGE_ROWS: i64 = 1_000;
/// Pages of changes that are looked through before an offer is rather made anew.
const PAGES_MAX: usize = 10;

impl Engine {
    /// What an instance has to know to decide by itself, with all that it told before this call; `None`
    /// for an instance that is not there.
    pub async fn bundle(
        &self,
        subject: Subject,
        at: Option<LatLon>,
        regions_max: usize,
        now_ms: i64,
    ) -> Result<Option<Bundle>, EngineError> {
        self.wait(&self.inner.decided).await?;
        let offer = self
            .inner
            .offers
            .of(subject.account_id, subject.app_id)
            .await?;
        self.read(move |devices| {
            let Some(state) = devices.state(subject.instance_id)? else {
                return Ok(None);
            };
            let person = Person {
                app_id: subject.app_id,
                instance_id: subject.instance_id,
                traits: traits(&state),
                marketing: state.consents.get(&Purpose::Marketing),
                refuses_location: is_refused(&state.consents, Purpose::Location),
                caps: &state.caps,
                presence: &state.presence,
            };
            Ok(Some(offer.bundle(&person, at, regions_max, now_ms)))
        })
        .await
    }
}

/// The offers of apps.
pub(crate) struct Offers {
    control: Control,
    /// Who finds none, or one that is out of date, makes it for all who wait.
    kept: Mutex<HashMap<AppId, Arc<tokio::sync::Mutex<Option<Kept>>>>>,
}

struct Kept {
    offer: Arc<Offer>,
    /// The version of the control store up to which it holds.
    version: i64,
    /// The places, zones and beacons in it.
    ids: HashSet<Id>,
}

impl Offers {
    pub(crate) fn new(control: Control) -> Self {
        Self {
            control,
            kept: Mutex::default(),
        }
    }

    /// The offer of an app, with every change that was committed before this call.
    async fn of(&self, account: AccountId, app: AppId) -> Result<Arc<Offer>, StorageError> {
        let slot = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= OFFERS_KEPT_MAX && !kept.contains_key(&app) {
                kept.clear();
            }
            Arc::clone(kept.entry(app).or_default())
        };
        let mut kept = slot.lock().await;
        let mut tx = self.control.read().await?;
        if let Some(known) = kept.as_mut()
            && known.still_holds(&mut tx, account).await?
        {
            return Ok(Arc::clone(&known.offer));
        }
        let made = make(&mut tx, account, app).await?;
        let offer = Arc::clone(&made.offer);
        *kept = Some(made);
        Ok(offer)
    }
}

impl Kept {
    /// Whether nothing changed that it is made of.
    async fn still_holds(&mut self, tx: &mut Tx, account: AccountId) -> Result<bool, StorageError> {
        for _ in 0..PAGES_MAX {
            let changes = match tx.changes_since(self.version, PAGE_ROWS).await {
                Ok(changes) => changes,
                Err(StorageError::FeedTooShort) => return Ok(false),
                Err(error) => return Err(error),
            };
            let Some(newest) = changes.last() else {
                return Ok(true);
            };
            let version = newest.version;
            if self.is_touched(tx, account, &changes).await? {
                return Ok(false);
            }
            self.version = version;
        }
        Ok(false)
    }

    async fn is_touched(
        &self,
        tx: &mut Tx,
        account: AccountId,
        changes: &[ChangeRow],
    ) -> Result<bool, StorageError> {
        let (mut zones, mut beacons) = (Vec::new(), Vec::new());
        for change in changes.iter().filter(|one| one.account_id == account) {
            match change.kind {
                Kind::Account | Kind::Segment | Kind::Campaign | Kind::Experience => {
                    return Ok(true);
                }
                Kind::Place | Kind::Zone | Kind::Beacon if self.ids.contains(&change.id) => {
                    return Ok(true);
                }
                Kind::Zone => zones.push(change.id),
                Kind::Beacon => beacons.push(change.id),
                // A place that it is not about, and what nothing is triggered by.
                Kind::Place
                | Kind::Member
                | Kind::Token
                | Kind::App
                | Kind::Tag
                | Kind::Label
                | Kind::CampaignGroup
                | Kind::Notification
                | Kind::Webhook => {}
            }
        }
        // One that is new to a place, or to a zone.
        let zones = tx.get_many::<Zone>(account, &zones).await?;
        let beacons = tx.get_many::<Beacon>(account, &beacons).await?;
        let mut around = zones.iter().map(|zone| zone.place_id.0).chain(
            beacons
                .iter()
                .filter_map(|beacon| beacon.zone_id.map(|zone| zone.0)),
        );
        Ok(around.any(|id| self.ids.contains(&id)))
    }
}

async fn make(tx: &mut Tx, account: AccountId, app: AppId) -> Result<Kept, StorageError> {
    let version = tx.config_version().await?;
    let known = tx.account(account).await?;
    let (time_zone, privacy) = match known {
        Some(account) => (account.config.time_zone, account.config.privacy),
        None => ("UTC".to_owned(), Privacy::default()),
    };
    let of_app = ListQuery {
        filters: vec![(Filter::AppId, app.to_string())],
        offset: 0,
        limit: PAGE_ROWS,
        sort: Vec::new(),
        q: None,
        regions: Vec::new(),
        status: None,
    };
    let mut campaigns: Vec<Campaign> = all(tx, account, &of_app).await?;
    campaigns.retain(|campaign| {
        campaign.config.kind == CampaignType::Proximity
            && campaign.lifecycle.phase == Phase::Started
    });
    let started: HashSet<_> = campaigns.iter().map(Campaign::id).collect();
    let mut experiences: Vec<Experience> = all(tx, account, &of_app).await?;
    experiences.retain(|one| one.config.enabled && started.contains(&one.campaign_id));

    let mut wanted = Wanted::default();
    let targets = experiences.iter().flat_map(|one| one.trigger.targets());
    targets.for_each(|target| wanted.add(target));
    // From what is named to what it is part of, then down to all that holds somebody in it.
    let mut beacons: HashMap<Id, Beacon> = HashMap::new();
    let named = tx.get_many::<Beacon>(account, &wanted.beacons).await?;
    beacons.extend(named.into_iter().map(|one| (one.frame.id, one)));
    let zones_of_beacons: Vec<Id> = beacons
        .values()
        .filter_map(|beacon| beacon.zone_id.map(|zone| zone.0))
        .collect();
    let zone_ids: HashSet<Id> = zones_of_beacons
        .into_iter()
        .chain(wanted.zones.iter().copied())
        .collect();
    let zone_ids: Vec<Id> = zone_ids.into_iter().collect();
    let mut zones: HashMap<Id, Zone> = HashMap::new();
    let found = tx.get_many::<Zone>(account, &zone_ids).await?;
    zones.extend(found.into_iter().map(|one| (one.frame.id, one)));
    let place_ids: HashSet<Id> = zones
        .values()
        .map(|zone| zone.place_id.0)
        .chain(wanted.places.iter().copied())
        .collect();
    let place_ids: Vec<Id> = place_ids.into_iter().collect();
    let places = tx.get_many::<Place>(account, &place_ids).await?;
    let inside = tx.get_many_of::<Zone>(account, Filter::PlaceId, &wanted.places);
    let inside = inside.await?;
    let zone_ids = inside.iter().map(|zone| zone.frame.id);
    let holding: Vec<Id> = zone_ids.chain(wanted.zones).collect();
    zones.extend(inside.into_iter().map(|one| (one.frame.id, one)));
    let inside = tx.get_many_of::<Beacon>(account, Filter::ZoneId, &holding);
    let inside = inside.await?;
    beacons.extend(inside.into_iter().map(|one| (one.frame.id, one)));

    let place_ids = places.iter().map(|place| place.frame.id);
    let ids = place_ids
        .chain(zones.keys().copied())
        .chain(beacons.keys().copied())
        .collect();
    let offer = Offer::new(Parts {
        time_zone,
        privacy,
        segments: estate::segments_of(tx, account, app).await?,
        campaigns,
        experiences,
        places,
        zones: zones.into_values().collect(),
        beacons: beacons.into_values().collect(),
    });
    Ok(Kept {
        offer: Arc::new(offer),
        version,
        ids,
    })
}

/// What triggers are about, each once.
#[derive(Default)]
struct Wanted {
    seen: HashSet<Target>,
    places: Vec<Id>,
    zones: Vec<Id>,
    beacons: Vec<Id>,
}

impl Wanted {
    fn add(&mut self, target: Target) {
        if !self.seen.insert(target) {
            return;
        }
        match target {
            Target::Place(id) => self.places.push(id.0),
            Target::Zone(id) => self.zones.push(id.0),
            Target::Beacon(id) => self.beacons.push(id.0),
        }
    }
}

/// All objects of a list, the oldest first.
async fn all<R: Stored>(
    tx: &mut Tx,
    account: AccountId,
    query: &ListQuery,
) -> Result<Vec<R>, StorageError> {
    let mut found: Vec<R> = Vec::new();
    loop {
        let after = found.last().map(|one| {
            let frame = one.frame();
            (frame.created_at, frame.id)
        });
        let page = tx.scan::<R>(account, query, after, PAGE_ROWS).await?;
        let is_last = (page.len() as i64) < PAGE_ROWS;
        found.extend(page);
        if is_last {
            return Ok(found);
        }
    }
}
