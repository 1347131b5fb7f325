//! What the server has that a fleet can move among: places, and beacons in them.

use std::{collections::HashMap, sync::OnceLock};

use futures::TryStreamExt;
use moca_client::Client;
use moca_core::{
    beacon::BeaconIdentity,
    geo::{Circle, Geofence, LatLon, distance_m},
    id::{PlaceId, ZoneId},
};
use moca_wire::{beacons::Beacon, places::Place, zones::Zone};

use crate::{
    cli::exit::Misuse,
    dice::{Dice, position},
};

/// Places that are taken in at most; `--around` says which.
const PLACES_MAX: usize = 20_000;
/// Places that a device knows around each place.
const NEIGHBOURS: usize = 8;
/// Objects on a page.
const PAGE: i64 = 1_000;

/// What there is.
#[derive(Debug)]
pub(super) struct World {
    pub(super) places: Vec<Spot>,
}

/// A place.
#[derive(Debug)]
pub(super) struct Spot {
    pub(super) center: LatLon,
    /// Metres from the centre to the border, about.
    pub(super) radius_m: f64,
    pub(super) beacons: Vec<(LatLon, BeaconIdentity)>,
    /// Where the centre is on a globe of radius 1.
    on_globe: [f64; 3],
    neighbours: OnceLock<Vec<usize>>,
}

impl Spot {
    pub(super) fn new(center: LatLon, radius_m: f64) -> Self {
        Self {
            center,
            radius_m,
            beacons: Vec::new(),
            on_globe: on_globe(center),
            neighbours: OnceLock::new(),
        }
    }
}

impl World {
    /// Reads it through the API. A beacon whose position nobody has written down gets one in its
    /// place, always the same for one seed.
    pub(super) async fn read(
        client: &Client,
        around: Option<Circle>,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let mut query = client.all::<Place>().query().page_size(PAGE);
        if let Some(circle) = around {
            let center = circle.center();
            let (lat, lon) = (center.latitude(), center.longitude());
            query = query.filter("near", format!("{lat},{lon},{}", circle.radius_m()));
        }
        let mut world = Self { places: Vec::new() };
        let mut indices: HashMap<PlaceId, usize> = HashMap::new();
        let mut places = std::pin::pin!(query.stream());
        while let Some(place) = places.try_next().await? {
            let Some(spot) = place.config.geofence.as_ref().and_then(spot) else {
                continue;
            };
            indices.insert(place.place_id, world.places.len());
            world.places.push(spot);
            if world.places.len() == PLACES_MAX {
                break;
            }
        }
        if world.places.is_empty() {
            let where_to = if around.is_some() { " there" } else { "" };
            return Err(Misuse(format!(
                "no place{where_to} has a geofence: bring some with `moca import places FILE.csv`"
            ))
            .into());
        }
        world.place_beacons(client, &indices, seed).await?;
        Ok(world)
    }

    async fn place_beacons(
        &mut self,
        client: &Client,
        indices: &HashMap<PlaceId, usize>,
        seed: u64,
    ) -> anyhow::Result<()> {
        let mut zones: HashMap<ZoneId, usize> = HashMap::new();
        let mut all = std::pin::pin!(client.all::<Zone>().query().page_size(PAGE).stream());
        while let Some(zone) = all.try_next().await? {
            if let Some(index) = indices.get(&zone.place_id) {
                zones.insert(zone.zone_id, *index);
            }
        }
        let mut dice = Dice::new(seed, u64::MAX);
        let mut all = std::pin::pin!(client.all::<Beacon>().query().page_size(PAGE).stream());
        while let Some(beacon) = all.try_next().await? {
            let config = &beacon.config;
            let Some(index) = config.zone_id.and_then(|id| zones.get(&id)) else {
                continue;
            };
            let spot = &mut self.places[*index];
            let somewhere = dice.around(spot.center, 0.0, 0.5 * spot.radius_m.min(200.0));
            let at = config
                .beacon
                .location
                .map_or(somewhere, |location| location);
            spot.beacons.push((at, config.beacon.identity));
        }
        Ok(())
    }

    pub(super) fn n_beacons(&self) -> usize {
        self.places.iter().map(|spot| spot.beacons.len()).sum()
    }

    /// The places next to one, the nearest first.
    pub(super) fn near(&self, index: usize) -> &[usize] {
        let here = &self.places[index];
        here.neighbours.get_or_init(|| {
            // By the chord: a geodesic would take a hundred times as long.
            let chord = |spot: &Spot| {
                let parts = here.on_globe.iter().zip(&spot.on_globe);
                parts.map(|(one, other)| (one - other).powi(2)).sum()
            };
            let others = self.places.iter().enumerate();
            let mut others: Vec<(f64, usize)> = others
                .filter(|(other, _)| *other != index)
                .map(|(other, spot)| (chord(spot), other))
                .collect();
            let nearer = |one: &(f64, usize), other: &(f64, usize)| {
                one.0.total_cmp(&other.0).then(one.1.cmp(&other.1))
            };
            if others.len() > NEIGHBOURS {
                others.select_nth_unstable_by(NEIGHBOURS, nearer);
                others.truncate(NEIGHBOURS);
            }
            others.sort_unstable_by(nearer);
            others.into_iter().map(|(_, other)| other).collect()
        })
    }
}

fn on_globe(at: LatLon) -> [f64; 3] {
    let (sin_latitude, cos_latitude) = at.latitude().to_radians().sin_cos();
    let (sin_longitude, cos_longitude) = at.longitude().to_radians().sin_cos();
    [
        cos_latitude * cos_longitude,
        cos_latitude * sin_longitude,
        sin_latitude,
    ]
}

fn spot(geofence: &Geofence) -> Option<Spot> {
    if let Some(circle) = geofence.as_circle() {
        return Some(Spot::new(circle.center(), circle.radius_m()));
    }
    let bounds = geofence.bounds();
    let corner = LatLon::new(bounds.south(), bounds.west()).ok()?;
    // Right also where they lie on both sides of the antimeridian.
    let width = (bounds.east() - bounds.west()).rem_euclid(360.0);
    let middle = (bounds.south() + bounds.north()) / 2.0;
    let center = position(middle, bounds.west() + width / 2.0, corner);
    let south = position(bounds.south(), center.longitude(), corner);
    let west = position(middle, bounds.west(), corner);
    let radius_m = distance_m(center, south).min(distance_m(center, west));
    Some(Spot::new(center, radius_m.max(1.0)))
}
