//! The typed client against a real server, over TLS.

use moca_client::{
    AnalyticsQuery, Asked, Client, ClientError, DecisionQuery, DeviceClient, ListParameters,
};
use moca_core::{
    app::AppConfig,
    beacon::{self, BeaconIdentity},
    campaign::{CampaignConfig, CampaignType, Status, repeat::Repeat},
    event::Profile,
    experience::{Action, Content, ExperienceConfig, Trigger},
    geo::{Circle, LatLon},
    id::{AppId, CampaignId, PlaceId},
    place::PlaceConfig,
    property::{Properties, Property},
    zone::ZoneConfig,
};
use moca_wire::{
    analytics::Group,
    apps::{App, AppInput},
    beacons::{Beacon, BeaconConfig, BeaconInput},
    campaigns::{Campaign, CampaignInput},
    consents::ConsentsInput,
    decisions::Outcome,
    events::{EventInput, GatewayEvent, LocationInput},
    experiences::{Experience, ExperienceInput},
    instances::{Login, PropertyChanges, Registration},
    places::{Place, PlaceInput},
    push::Push,
    zones::{Zone, ZoneInput},
};

use crate::support::server::TestServer;

const HOUR_MS: i64 = 3_600_000;

async fn make_app(client: &Client) -> App {
    let input = AppInput::from(AppConfig {
        name: "City guide".into(),
        description: None,
        app_url: None,
        version: None,
        category: None,
        icon_url: None,
        approx_app_size: None,
        production: false,
    });
    client.create(&input).await.unwrap()
}

fn square() -> PlaceInput {
    let center = LatLon::new(40.4154, -3.7074).unwrap();
    PlaceConfig {
        name: "Plaza Mayor".into(),
        geofence: Some(Circle::new(center, 150.0).unwrap().into()),
        address: None,
        time_zone: Some("Europe/Madrid".into()),
        category: None,
        external_id: None,
        provider: None,
        label_ids: Vec::new(),
        location_provider: None,
        floor_plan_provider: None,
        presence: None,
        sensitive: false,
        properties: Properties::new(),
    }
    .into()
}

/// A running campaign that greets whoever enters the place.
async fn greet(client: &Client, app_id: AppId, place_id: PlaceId, now_ms: i64) -> CampaignId {
    let input = CampaignInput {
        app_id,
        config: CampaignConfig {
            name: "Welcome".into(),
            description: None,
            kind: CampaignType::Proximity,
            segment_id: None,
            start_at: now_ms - HOUR_MS,
            end_at: Some(now_ms + HOUR_MS),
            group_id: None,
            display_cap: None,
            display_wait_ms: None,
            require_marketing_consent: None,
            recurrence: None,
            priority: None,
            holdout_percent: None,
        },
    };
    let campaign: Campaign = client.create(&input).await.unwrap();
    let content = [("default", "Welcome"), ("es", "Bienvenido")];
    let input = ExperienceInput {
        campaign_id: campaign.campaign_id,
        config: ExperienceConfig {
            name: "Hello".into(),
            description: None,
            repeat: Repeat::NextDay,
            enabled: true,
        },
        trigger: Trigger::EnterPlace {
            place_id,
            delay_ms: None,
        },
        action: Action::SendLocalMessage(Content {
            content: content.map(|(k, v)| (k.into(), v.into())).into(),
            bg_alert: Default::default(),
        }),
    };
    client.create::<Experience>(&input).await.unwrap();
    let started = client.start_campaign(campaign.campaign_id).await.unwrap();
    assert_eq!(started.status, Status::Running);
    campaign.campaign_id
}

/// A device that can walk into a place where it is greeted, on a server of its own.
pub(crate) struct Walker {
    pub(crate) server: TestServer,
    pub(crate) device: DeviceClient,
    pub(crate) app_id: AppId,
    now_ms: i64,
}

impl Walker {
    pub(crate) async fn start() -> Self {
        let server = TestServer::start().await;
        let client = &server.client;
        let app = make_app(client).await;
        let place: Place = client.create(&square()).await.unwrap();
        let campaign = greet(client, app.app_id, place.place_id, app.created_at).await;
        let all = client.all::<Experience>();
        let greeting = all.query().campaign(campaign).to_vec().await.unwrap();
        let often = |it: &mut Experience| it.config.repeat = Repeat::Immediately;
        all.edit(greeting[0].experience_id, often).await.unwrap();
        let apps = client.app(app.app_id, app.app_secret.unwrap());
        let (_, device) = apps.register(&Registration::default()).await.unwrap();
        Self {
            device,
            app_id: app.app_id,
            now_ms: app.created_at,
            server,
        }
    }

    /// Walks in from outside, for the n-th time.
    pub(crate) async fn walk_in(&self, n: i64) {
        let at = |id: u128, t: i64, lat: f64| EventInput {
            id: uuid::Uuid::from_u128(id),
            t,
            location: Some(LocationInput {
                lat,
                lon: -3.7074,
                ..LocationInput::default()
            }),
            ..EventInput::default()
        };
        let (id, t) = (2 * n as u128, self.now_ms + 2 * n);
        let events = [at(id, t, 40.5), at(id + 1, t + 1, 40.4155)];
        self.device.events(&events).await.unwrap();
    }
}

async fn walk_in(device: &DeviceClient, now_ms: i64) {
    let at = |id: u128, t: i64, lat: f64| EventInput {
        id: uuid::Uuid::from_u128(id),
        t,
        location: Some(LocationInput {
            lat,
            lon: -3.7074,
            accuracy: Some(8.0),
            ..LocationInput::default()
        }),
        ..EventInput::default()
    };
    let events = [at(1, now_ms - 60_000, 40.5), at(2, now_ms, 40.4155)];
    let answer = device.events(&events).await.unwrap();
    assert_eq!((answer.accepted, answer.duplicates), (2, 0));
    let again = device.events(&events).await.unwrap();
    assert_eq!((again.accepted, again.duplicates), (0, 2));
    assert!(again.rejected.is_empty());
}

#[tokio::test]
async fn the_whole_job_is_done_with_types() {
    let server = TestServer::start().await;
    let client = &server.client;
    let app = make_app(client).await;
    // The server's own clock says what is now.
    let now_ms = app.created_at;
    let place: Place = client.create(&square()).await.unwrap();
    let campaign_id = greet(client, app.app_id, place.place_id, now_ms).await;
    let registration = Registration {
        device_key: Some("d-1".into()),
        profile: Profile {
            lang: Some("es-MX".into()),
            ..Profile::default()
        },
        location_status: None,
        push: None,
        consents: ConsentsInput::default(),
    };
    let apps = client.app(app.app_id, app.app_secret.unwrap());
    let (registered, device) = apps.register(&registration).await.unwrap();
    walk_in(&device, now_ms).await;

    let inbox = device.messages(0, 10).await.unwrap();
    assert_eq!(inbox.total, 1);
    assert_eq!(inbox.items[0].action.locale, "es");
    assert_eq!(inbox.items[0].action.content["es"], "Bienvenido");
    let decisions = DecisionQuery {
        app_id: app.app_id,
        instance_id: Some(registered.instance_id),
        campaign_id: Some(campaign_id),
        experience_id: None,
        outcome: None,
        from: None,
        to: None,
        offset: 0,
        limit: 10,
    };
    let decisions = client.decisions(&decisions).await.unwrap();
    assert_eq!(decisions.items[0].outcome, Outcome::Fired);
    assert_eq!(
        decisions.items[0].message_id,
        Some(inbox.items[0].message_id)
    );
    let visitors = AnalyticsQuery {
        metric: "visitors",
        asked: Asked {
            app_id: app.app_id,
            from: now_ms - HOUR_MS,
            to: now_ms + HOUR_MS,
            interval: "none",
            time_zone: Some("Europe/Madrid".into()),
            group_by: None,
        },
        target: Some(Group::Place(place.place_id)),
    };
    assert_eq!(client.analytics(&visitors).await.unwrap().total, 1);
    server.running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_device_tells_of_itself() {
    let server = TestServer::start().await;
    let app = make_app(&server.client).await;
    let apps = server.client.app(app.app_id, app.app_secret.unwrap());
    let (_, device) = apps.register(&Registration::default()).await.unwrap();
    let login = Login {
        user_id: "u-7".into(),
        ..Login::default()
    };
    device.log_in(&login).await.unwrap();
    let changes = PropertyChanges {
        properties: [("plan".to_owned(), Some(Property::Number(7.0)))].into(),
    };
    device.set_properties(&changes).await.unwrap();
    device.tag("vip", "=2").await.unwrap();
    device.tag("vip", "+1").await.unwrap();
    let profile = Profile {
        os: Some("Android".into()),
        ..Profile::default()
    };
    let push = Push::Fcm {
        token: "token".into(),
    };
    let set = device.set_profile(profile.clone(), Some("always".into()), Some(push.clone()));
    set.await.unwrap();
    let instance = device.instance().await.unwrap();
    assert_eq!(instance.user_id.as_deref(), Some("u-7"));
    assert_eq!(instance.tags["vip"], 3.0);
    assert_eq!(instance.properties.len(), 1);
    assert_eq!(instance.profile, profile);
    assert!(instance.push_enabled);
    assert_eq!(instance.push, Some(push));
    assert_eq!(instance.location_status.as_deref(), Some("always"));
    device.log_out().await.unwrap();
    assert_eq!(device.instance().await.unwrap().user_id, None);
    server.running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_gateway_tells_what_devices_did() {
    let walker = Walker::start().await;
    let client = &walker.server.client;
    let told = GatewayEvent {
        instance_id: walker.device.instance().await.unwrap().instance_id,
        event: EventInput {
            id: uuid::Uuid::from_u128(7),
            t: walker.now_ms,
            verb: Some("purchase".into()),
            ..EventInput::default()
        },
    };
    let taken = client.events(std::slice::from_ref(&told)).await.unwrap();
    assert_eq!((taken.accepted, taken.duplicates), (1, 0));
    let app: App = client.get(walker.app_id).await.unwrap();
    let app = client.app(walker.app_id, app.app_secret.unwrap());
    let taken = app.events(&[told]).await.unwrap();
    assert_eq!((taken.accepted, taken.duplicates), (0, 1));
}

#[tokio::test]
async fn errors_are_told_apart_by_what_can_be_done() {
    let server = TestServer::start().await;
    let client = &server.client;
    let mut input = square();
    input.config.external_id = Some("sq/1".into());
    let place: Place = client.put_external("sq/1", &input).await.unwrap();
    assert_eq!(place.config.external_id.as_deref(), Some("sq/1"));
    let taken = client.create::<Place>(&input).await;
    assert!(
        matches!(taken, Err(ClientError::Conflict { .. })),
        "{taken:?}"
    );
    input.config.name.clear();
    let refused = client.replace::<Place>(place.place_id, &input).await;
    assert!(matches!(refused, Err(ClientError::InvalidRequest { .. })));
    let problem = refused.unwrap_err();
    assert_eq!(problem.problem().unwrap().errors[0].pointer, "/config/name");
    client.delete::<Place>(place.place_id, false).await.unwrap();
    let gone = client.get::<Place>(place.place_id).await;
    assert!(matches!(gone, Err(ClientError::NotFound { .. })));
    let nobody = client.with_token("00000000-0000-4000-8000-000000000000");
    let refused = nobody.list::<Place>(&ListParameters::default()).await;
    assert!(matches!(refused, Err(ClientError::Authentication { .. })));
    server.running.shutdown().await.unwrap();
}

#[tokio::test]
async fn places_come_in_batches_and_beacons_hang_in_zones() {
    let server = TestServer::start().await;
    let client = &server.client;
    let made = client
        .create_places(&[square(), square()], true)
        .await
        .unwrap();
    let place_id = made.items[1].id.unwrap().place_id;
    let zone = ZoneInput {
        place_id,
        config: ZoneConfig {
            name: "Gate".into(),
            short_id: None,
            floor_number: 0,
            category: None,
            provider: None,
            external_id: None,
            geofence: None,
            label_ids: Vec::new(),
        },
    };
    let zone: Zone = client.create(&zone).await.unwrap();
    let beacon = BeaconInput {
        config: BeaconConfig {
            zone_id: None,
            beacon: beacon::BeaconConfig {
                name: None,
                identity: BeaconIdentity::IBeacon {
                    proximity_uuid: uuid::Uuid::from_u128(7),
                    major: 1,
                    minor: 2,
                },
                provider: None,
                code: None,
                location: None,
                floor_number: None,
                tx_power_dbm: None,
                external_id: None,
                label_ids: Vec::new(),
                properties: Properties::new(),
            },
        },
    };
    let beacon: Beacon = client.create(&beacon).await.unwrap();
    client
        .set_zone_beacons(zone.zone_id, vec![beacon.beacon_id])
        .await
        .unwrap();
    let of_zone = ListParameters {
        filters: vec![("zoneId", zone.zone_id.to_string())],
        ..ListParameters::default()
    };
    let list = client.list::<Beacon>(&of_zone).await.unwrap();
    assert_eq!((list.total, list.items[0].beacon_id), (1, beacon.beacon_id));
    client.delete::<Place>(place_id, true).await.unwrap();
    server.running.shutdown().await.unwrap();
}
