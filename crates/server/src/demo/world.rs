//! Sets up the layout on the server, through the API.

use std::collections::HashMap;

use anyhow::{Context, bail};
use futures::{StreamExt, TryStreamExt, stream};
use moca_client::{Client, ClientError, ImportRequest, ListParameters};
use moca_core::{
    app::AppConfig,
    beacon::BeaconConfig,
    experience::{Direction, ExperienceConfig, Trigger},
    geo::Geofence,
    id::{AppId, BeaconId, CampaignId, ExperienceId, PlaceId, ZoneId},
    limits::PAGE_LIMIT_MAX,
    property::Properties,
    zone::ZoneConfig,
};
use moca_wire::{
    apps::{App, AppInput},
    beacons::{self, Beacon, BeaconInput},
    campaigns::{Campaign, CampaignInput},
    experiences::{Experience, ExperienceInput},
    places::Place,
    zones::{Zone, ZoneInput},
};

use super::{
    airports::{self, Airport, RADIUS_M},
    layout::{BeaconPlan, Layout, Offer, Spot, ZonePlan},
};
use crate::screen::Screen;

use crate::import::{self, News};

/// Requests under way at a time while a list is made.
const AT_A_TIME: usize = 4;

/// The ids that the server gave to the parts of the layout, by their index.
pub(super) struct World {
    pub(super) app_id: AppId,
    pub(super) app_secret: String,
    pub(super) places: Vec<PlaceId>,
    pub(super) zones: Vec<ZoneId>,
    pub(super) beacons: Vec<BeaconId>,
    pub(super) experiences: Vec<ExperienceId>,
}

impl World {
    /// Makes everything and starts the campaigns.
    pub(super) async fn make(
        client: &Client,
        layout: &Layout,
        screen: &Screen,
    ) -> anyhow::Result<Self> {
        let places = import(client, &layout.airports, screen).await?;
        let zones = zones(client, &layout.zones, &places).await?;
        let beacons = beacons(client, &layout.beacons, &zones).await?;
        let app: App = client.create::<App>(&app()).await?;
        let app_secret = app
            .app_secret
            .context("the server keeps the app's secret to itself")?;
        let campaigns = campaigns(client, layout, app.app_id).await?;
        let mut world = Self {
            app_id: app.app_id,
            app_secret,
            places,
            zones,
            beacons,
            experiences: Vec::new(),
        };
        for offer in &layout.offers {
            let input = world.experience(offer, campaigns[offer.campaign]);
            let made = client.create::<Experience>(&input).await?;
            world.experiences.push(made.experience_id);
        }
        for campaign in campaigns {
            client.start_campaign(campaign).await?;
        }
        Ok(world)
    }

    fn experience(&self, offer: &Offer, campaign_id: CampaignId) -> ExperienceInput {
        ExperienceInput {
            campaign_id,
            config: ExperienceConfig {
                name: offer.name.clone(),
                description: None,
                repeat: offer.repeat,
                enabled: offer.enabled,
            },
            trigger: self.trigger(offer),
            action: offer.action.clone(),
        }
    }

    fn trigger(&self, offer: &Offer) -> Trigger {
        use Direction::{Enter, Exit};
        match (offer.direction, offer.spot) {
            (Enter, Spot::Place(index)) => Trigger::EnterPlace {
                place_id: self.places[index],
                delay_ms: None,
            },
            (Exit, Spot::Place(index)) => Trigger::ExitPlace {
                place_id: self.places[index],
            },
            (Enter, Spot::Zone(index)) => Trigger::EnterZone {
                zone_id: self.zones[index],
                delay_ms: None,
            },
            (Exit, Spot::Zone(index)) => Trigger::ExitZone {
                zone_id: self.zones[index],
            },
            (Enter, Spot::Beacon(index)) => Trigger::EnterBeacon {
                beacon_id: self.beacons[index],
                delay_ms: None,
            },
            (Exit, Spot::Beacon(index)) => Trigger::ExitBeacon {
                beacon_id: self.beacons[index],
            },
        }
    }
}

/// Imports the file of airports as `moca import` does, and finds the place of each.
async fn import(
    client: &Client,
    airports: &[Airport],
    screen: &Screen,
) -> anyhow::Result<Vec<PlaceId>> {
    let request = ImportRequest {
        name: Some("airports.csv".to_owned()),
        radius: Some(RADIUS_M),
        ..import::airports()
    };
    let mut progress = screen.progress("Airports", airports.len());
    let mut shown = 0;
    let imported = import::import(
        client,
        &request,
        || Some(airports::FILE),
        |news| {
            if let News::Import(import) = news {
                let rows = usize::try_from(import.rows).unwrap_or(0);
                progress.advance(rows.saturating_sub(shown));
                shown = rows;
            }
        },
    )
    .await?;
    if imported.refused > 0 {
        bail!(
            "{} airports were refused: see the import {}",
            imported.refused,
            imported.import_id
        );
    }
    drop(progress);
    let by_icao = places(client, screen, airports.len()).await?;
    let place = |airport: &Airport| {
        let place = by_icao.get(&airport.icao).copied();
        place.with_context(|| format!("{} was imported but is not there", airport.name))
    };
    airports.iter().map(place).collect()
}

/// All places, by their `externalId`.
async fn places(
    client: &Client,
    screen: &Screen,
    expected: usize,
) -> anyhow::Result<HashMap<String, PlaceId>> {
    let mut progress = screen.progress("Read back", expected);
    let mut by_icao = HashMap::with_capacity(expected);
    let mut offset = 0;
    loop {
        let parameters = ListParameters {
            offset: Some(offset),
            limit: Some(PAGE_LIMIT_MAX),
            ..ListParameters::default()
        };
        let page = client.list::<Place>(&parameters).await?;
        progress.advance(page.items.len());
        offset += PAGE_LIMIT_MAX;
        for place in page.items {
            by_icao.extend(place.config.external_id.map(|icao| (icao, place.place_id)));
        }
        if offset >= page.total {
            return Ok(by_icao);
        }
    }
}

async fn zones(
    client: &Client,
    plans: &[ZonePlan],
    places: &[PlaceId],
) -> Result<Vec<ZoneId>, ClientError> {
    let inputs = plans.iter().map(|plan| ZoneInput {
        place_id: places[plan.airport],
        config: ZoneConfig {
            name: plan.name.to_owned(),
            short_id: Some(plan.name.to_lowercase()),
            floor_number: 0,
            category: None,
            provider: None,
            external_id: None,
            geofence: plan.fence.map(Geofence::Circle),
            label_ids: Vec::new(),
        },
    });
    let made = stream::iter(inputs).map(|input| async move {
        let zone = client.create::<Zone>(&input).await?;
        Ok(zone.zone_id)
    });
    made.buffered(AT_A_TIME).try_collect().await
}

async fn beacons(
    client: &Client,
    plans: &[BeaconPlan],
    zones: &[ZoneId],
) -> Result<Vec<BeaconId>, ClientError> {
    let inputs = plans.iter().map(|plan| BeaconInput {
        config: beacons::BeaconConfig {
            zone_id: Some(zones[plan.zone]),
            beacon: BeaconConfig {
                name: Some(plan.name.clone()),
                identity: plan.identity,
                provider: None,
                code: None,
                location: None,
                floor_number: None,
                tx_power_dbm: Some(-59),
                external_id: None,
                label_ids: Vec::new(),
                properties: Properties::new(),
            },
        },
    });
    let made = stream::iter(inputs).map(|input| async move {
        let beacon = client.create::<Beacon>(&input).await?;
        Ok(beacon.beacon_id)
    });
    made.buffered(AT_A_TIME).try_collect().await
}

fn app() -> AppInput {
    AppInput::from(AppConfig {
        name: "Travel companion".to_owned(),
        description: Some("The app on the phones of the demo".to_owned()),
        app_url: None,
        version: Some("4.2".to_owned()),
        category: Some("Travel".to_owned()),
        icon_url: None,
        approx_app_size: None,
        production: false,
    })
}

async fn campaigns(
    client: &Client,
    layout: &Layout,
    app_id: AppId,
) -> Result<Vec<CampaignId>, ClientError> {
    let mut campaigns = Vec::new();
    for config in &layout.campaigns {
        let config = config.clone();
        let made = client
            .create::<Campaign>(&CampaignInput { app_id, config })
            .await?;
        campaigns.push(made.campaign_id);
    }
    Ok(campaigns)
}
