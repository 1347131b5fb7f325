//! Objects with every field filled in.

use std::collections::BTreeMap;

use moca_core::{
    account::{
        Account, AccountConfig, AccountLimits, Member, MemberConfig, Role, Token, TokenConfig,
    },
    app::{App, AppConfig, PreviousSecret},
    beacon::{Beacon, BeaconConfig, BeaconIdentity, Hex},
    campaign::{
        Campaign, CampaignConfig, CampaignType, Recurrence,
        group::{CampaignGroup, CampaignGroupConfig},
        repeat::Repeat,
        status::{Lifecycle, Phase},
    },
    experience::{Action, Content, Experience, ExperienceConfig, Trigger},
    geo::{Circle, LatLon},
    id::{
        AccountId, AppId, BeaconId, CampaignGroupId, CampaignId, Id, LabelId, MemberId, PlaceId,
        SegmentId, TargetId, TokenId, ZoneId,
    },
    label::{Label, LabelConfig},
    notification::{
        Audience, Failure, Notification, NotificationConfig, NotificationStatus, Options,
        PushAction,
    },
    place::{Place, PlaceConfig},
    presence::PresenceConfig,
    privacy::Privacy,
    property::{Properties, Property},
    provider::{FloorPlanProvider, LocationProvider},
    quota::Quotas,
    resource::{Frame, Kind},
    scope::{Access, Family, Scope},
    segment::{Segment, SegmentConfig, SegmentType},
    tag::{Tag, TagConfig},
    target::{Credential, Environment, KeptTarget, Target},
    webhook::{Format, Pattern, Webhook, WebhookConfig, WebhookStatus},
    zone::{Zone, ZoneConfig},
};
use moca_storage::control::{Control, ListQuery, Stored};

/// An account that tests work in.
pub(crate) const HOME: AccountId = AccountId(id(0xA1));
/// Another one, which must not see any of it.
pub(crate) const ABROAD: AccountId = AccountId(id(0xB2));

/// An id with the number in its last bytes, so that ids sort by their numbers.
pub(crate) const fn id(number: u32) -> Id {
    let mut bytes = [0; 16];
    let [a, b, c, d] = number.to_be_bytes();
    (bytes[12], bytes[13], bytes[14], bytes[15]) = (a, b, c, d);
    Id(bytes)
}

/// The frame of the `number`th object of the home account.
pub(crate) fn frame(number: u32) -> Frame {
    Frame {
        account_id: HOME,
        id: id(number),
        created_at: 1_700_000_000_000 + i64::from(number),
        updated_at: 1_700_000_000_000 + i64::from(number),
        revision: 1,
    }
}

pub(crate) fn account(id: AccountId) -> Account {
    Account {
        frame: Frame {
            account_id: id,
            id: id.0,
            ..frame(0)
        },
        operator: true,
        config: AccountConfig {
            name: "Aena".into(),
            time_zone: "Europe/Madrid".into(),
            cors_origins: vec!["https://console.example:8443".into()],
            privacy: Privacy {
                require_marketing_consent: true,
                sensitive_categories: vec!["Clinic".into()],
            },
        },
        limits: AccountLimits {
            token_requests_per_minute: Some(60),
            app_requests_per_minute: None,
            device_requests_per_minute: Some(0),
            quotas: Quotas(BTreeMap::from([(Kind::Place, 1_000_000)])),
        },
    }
}

pub(crate) fn member(number: u32) -> Member {
    Member {
        frame: frame(number),
        config: MemberConfig {
            name: format!("Member {number}"),
            email: Some(format!("member{number}@example.com")),
            role: Role::Editor,
        },
    }
}

pub(crate) fn token(number: u32) -> Token {
    let mut secret_hash = [7; 32];
    secret_hash[..4].copy_from_slice(&number.to_be_bytes());
    Token {
        frame: frame(number),
        member_id: MemberId(id(1)),
        secret_hash,
        parent_id: None,
        last_used_at: Some(1_700_000_000_123),
        config: TokenConfig {
            name: format!("Token {number}"),
            expires_at: Some(1_900_000_000_000),
            role: Some(Role::Viewer),
            scopes: Some(vec![Scope::of(Family::Places, Access::Write)]),
        },
    }
}

/// A token exchanged for another one.
pub(crate) fn exchanged_token(number: u32, parent: u32) -> Token {
    Token {
        parent_id: Some(TokenId(id(parent))),
        ..token(number)
    }
}

pub(crate) fn app(number: u32) -> App {
    App {
        frame: frame(number),
        sealed_secret: vec![0, 1, 254, 255],
        previous_secret: Some(PreviousSecret {
            sealed: vec![7, 0, 255],
            until: 1_700_000_000_456,
        }),
        targets: targets(),
        config: AppConfig {
            name: format!("App {number}"),
            description: Some("For travellers".into()),
            app_url: Some("https://app.example".into()),
            version: Some("1.2.3".into()),
            category: Some("Utilities".into()),
            icon_url: Some("https://app.example/icon.png".into()),
            approx_app_size: Some("<2500".into()),
            production: true,
        },
    }
}

/// One of each kind.
fn targets() -> Vec<KeptTarget> {
    let credentials = [
        Credential::ApnsKey {
            key_id: "ABC123DEFG".into(),
            team_id: "DEF123GHIJ".into(),
            topic: "com.example.app".into(),
            environment: Environment::Sandbox,
            key_fingerprint: "00ff".into(),
        },
        Credential::ApnsCertificate {
            topic: "com.example.app".into(),
            environment: Environment::Production,
            certificate_fingerprint: "00ff".into(),
            expires_at: 1_900_000_000_000,
        },
        Credential::Fcm {
            project_id: "guide".into(),
            client_email: "push@guide.example".into(),
            private_key_id: "7".into(),
            key_fingerprint: "00ff".into(),
        },
        Credential::WebPush {
            subject: "mailto:push@example.com".into(),
            public_key: "BA".into(),
        },
    ];
    let kept = |(credential, number): (Credential, u32)| KeptTarget {
        target: Target {
            target_id: TargetId(id(number)),
            updated_at: 1_700_000_000_000,
            credential,
        },
        sealed: vec![0, 1, 254, 255],
    };
    credentials.into_iter().zip(1..).map(kept).collect()
}

pub(crate) fn label(number: u32) -> Label {
    Label {
        frame: frame(number),
        config: LabelConfig {
            name: format!("Label {number}"),
            color: Some("#a0b1c2".into()),
        },
    }
}

pub(crate) fn place(number: u32) -> Place {
    Place {
        frame: frame(number),
        config: PlaceConfig {
            name: format!("Place {number}"),
            geofence: Some(circle().into()),
            address: Some("Avenida de la Hispanidad, s/n; \u{1F6EB} \"T4\" \\ 'S'".into()),
            time_zone: Some("Europe/Madrid".into()),
            category: Some("airport".into()),
            external_id: Some(format!("place-{number}")),
            provider: Some("MOCA".into()),
            label_ids: vec![LabelId(id(5)), LabelId(id(6))],
            location_provider: Some(LocationProvider {
                enabled: true,
                location_type: Some("WIFI".into()),
                site_id: Some("T4".into()),
                access_key: Some("access".into()),
                has_secret_key: true,
            }),
            floor_plan_provider: Some(FloorPlanProvider {
                provider_name: Some("Micello".into()),
                access_key: Some("access".into()),
                map_id: Some("7".into()),
                title: Some("Terminal 4".into()),
                url: Some("https://maps.example/7".into()),
                height: Some(0.1 + 0.2),
                width: Some(1_024.0),
                num_floors: Some(5),
                area_m2: Some(470_000.0),
            }),
            presence: Some(PresenceConfig {
                exit_margin_m: Some(0.1 + 0.2),
                confirm_ms: Some(0),
                accuracy_max_m: None,
                beacon_exit_ms: Some(60_000),
                path_crossing_ms: Some(30_000),
            }),
            sensitive: number % 2 == 1,
            properties: properties(),
        },
        sealed_secret_key: Some(vec![0, 1, 254, 255]),
    }
}

/// A circle whose numbers need all their digits.
fn circle() -> Circle {
    Circle::new(
        LatLon::new(40.471_926_000_000_03, -3.562_64).unwrap(),
        1_234.567_890_123_4,
    )
    .unwrap()
}

fn properties() -> Properties {
    BTreeMap::from([
        ("gates".into(), Property::Number(0.1 + 0.2)),
        ("open".into(), Property::Bool(true)),
        ("iata".into(), Property::Text("MAD".into())),
        (
            "airlines".into(),
            Property::List(vec!["IB".into(), "UX".into()]),
        ),
    ])
}

pub(crate) fn zone(number: u32) -> Zone {
    Zone {
        frame: frame(number),
        place_id: PlaceId(id(2)),
        config: ZoneConfig {
            name: format!("Zone {number}"),
            short_id: Some(format!("Z{number}")),
            floor_number: -2,
            category: Some("gates".into()),
            provider: Some("MOCA".into()),
            external_id: Some(format!("zone-{number}")),
            geofence: Some(circle().into()),
            label_ids: vec![LabelId(id(5))],
        },
    }
}

pub(crate) fn beacon(number: u32) -> Beacon {
    let mut instance = [0; 6];
    instance[..4].copy_from_slice(&number.to_be_bytes());
    Beacon {
        frame: frame(number),
        zone_id: Some(ZoneId(id(3))),
        config: BeaconConfig {
            name: Some(format!("Beacon {number}")),
            identity: BeaconIdentity::EddystoneUid {
                namespace: Hex([0xAB; 10]),
                instance: Hex(instance),
            },
            provider: Some("Kontakt".into()),
            code: Some("c0de".into()),
            location: Some(LatLon::new(40.491_7, -3.569_5).unwrap()),
            floor_number: Some(1),
            tx_power_dbm: Some(-59),
            external_id: Some(format!("beacon-{number}")),
            label_ids: vec![LabelId(id(6))],
            properties: properties(),
        },
    }
}

pub(crate) fn campaign_group(number: u32) -> CampaignGroup {
    CampaignGroup {
        frame: frame(number),
        app_id: AppId(id(4)),
        config: CampaignGroupConfig {
            name: format!("Campaign group {number}"),
            description: Some("Of the year".into()),
        },
    }
}

pub(crate) fn tag(number: u32) -> Tag {
    Tag {
        frame: frame(number),
        app_id: AppId(id(4)),
        config: TagConfig {
            name: format!("Tag {number}"),
            description: Some("Of visits".into()),
        },
    }
}

/// A segment that names the one before it, as long as there is one.
pub(crate) fn segment(number: u32) -> Segment {
    let named = id(number.saturating_sub(1));
    Segment {
        frame: frame(number),
        app_id: AppId(id(4)),
        config: SegmentConfig {
            name: format!("Segment {number}"),
            description: Some("Who reads Spanish".into()),
            kind: SegmentType::Query,
            query: Some(format!(
                "{{ \"$any\": [{{\"lang\": \"es\"}}, {{\"$segment\": \"{named}\"}}] }}"
            )),
            external_id: Some(format!("segment-{number}")),
        },
    }
}

pub(crate) fn campaign(number: u32) -> Campaign {
    Campaign {
        frame: frame(number),
        app_id: AppId(id(4)),
        lifecycle: Lifecycle {
            phase: Phase::Started,
            since_ms: 1_700_000_000_123,
        },
        config: CampaignConfig {
            name: format!("Campaign {number}"),
            description: Some("Summer".into()),
            kind: CampaignType::Proximity,
            segment_id: Some(SegmentId(id(9))),
            start_at: 1_700_000_000_000,
            end_at: Some(1_800_000_000_000),
            group_id: Some(CampaignGroupId(id(10))),
            display_cap: Some(3),
            display_wait_ms: Some(60_000),
            require_marketing_consent: Some(true),
            recurrence: Some(Recurrence {
                hours_of_day: vec![8, 9],
                days_of_week: vec![1, 7],
            }),
            priority: Some(-1),
            holdout_percent: Some(10),
        },
    }
}

pub(crate) fn experience(number: u32, trigger: Trigger) -> Experience {
    Experience {
        frame: frame(number),
        campaign_id: CampaignId(id(7)),
        config: ExperienceConfig {
            name: format!("Experience {number}"),
            description: Some("Welcome".into()),
            repeat: Repeat::After15Min,
            enabled: false,
        },
        trigger,
        action: Action::ShowHtml(Content {
            content: BTreeMap::from([
                ("default".into(), "<b>Hi</b>".into()),
                ("es".into(), "<b>Hola</b>".into()),
            ]),
            bg_alert: BTreeMap::from([("default".into(), "Hi".into())]),
        }),
    }
}

/// A notification of campaign 7 to segment 9.
pub(crate) fn notification(number: u32) -> Notification {
    let texts = |text: &str| BTreeMap::from([("default".to_owned(), text.to_owned())]);
    let options = Options {
        draft: false,
        dry_run: true,
    };
    Notification {
        frame: frame(number),
        campaign_id: CampaignId(id(7)),
        config: NotificationConfig {
            name: format!("Notification {number}"),
            description: Some("Tonight".into()),
        },
        trigger: moca_core::notification::Trigger::Scheduled {
            at: 1_700_000_000_000,
        },
        audience: Audience::Segment {
            segment_id: SegmentId(id(9)),
        },
        action: PushAction {
            title: texts("Hi"),
            body: texts("Open"),
            link: Some("guide://a".into()),
            image: Some("https://example.com/a.jpg".into()),
            sound: Some("default".into()),
            badge: Some(1),
            data: texts("x"),
        },
        options,
        status: NotificationStatus {
            targeted: 3,
            held_out: 1,
            sent: 2,
            accepted: 1,
            failed: [(Failure::Gone, 1)].into(),
            ..NotificationStatus::saved(options, 1_700_000_000_000)
        },
    }
}

/// A webhook for app 4 and its campaign 7.
pub(crate) fn webhook(number: u32) -> Webhook {
    Webhook {
        frame: frame(number),
        sealed_secret: vec![1, 2, 3],
        previous_secret: Some(PreviousSecret {
            sealed: vec![4, 5],
            until: 1_700_000_000_000,
        }),
        status: WebhookStatus::saved(true, None, 1_700_000_000_000),
        config: WebhookConfig {
            name: format!("Webhook {number}"),
            description: Some("Loyalty".into()),
            url: "https://example.com/hook".into(),
            format: Format::CloudHook,
            events: vec![Pattern::parse("place.*").unwrap()],
            app_id: Some(AppId(id(4))),
            campaign_id: Some(CampaignId(id(7))),
            enabled: true,
        },
    }
}

/// A composite that is about the same place, zone and beacon, and an event.
pub(crate) fn composite() -> Trigger {
    let [_, exit_place, enter_zone, _, enter_beacon, _] = triggers();
    let event = Trigger::Event {
        verb: "buy".to_owned(),
        item: None,
        category: None,
        query: None,
    };
    Trigger::Composite {
        list: vec![exit_place, enter_zone, enter_beacon, event],
    }
}

/// One trigger of each kind of target and direction.
pub(crate) fn triggers() -> [Trigger; 6] {
    let (place_id, zone_id, beacon_id) = (PlaceId(id(2)), ZoneId(id(3)), BeaconId(id(8)));
    [
        Trigger::EnterPlace {
            place_id,
            delay_ms: None,
        },
        Trigger::ExitPlace { place_id },
        Trigger::EnterZone {
            zone_id,
            delay_ms: Some(60_000),
        },
        Trigger::ExitZone { zone_id },
        Trigger::EnterBeacon {
            beacon_id,
            delay_ms: None,
        },
        Trigger::ExitBeacon { beacon_id },
    ]
}

/// A list of everything.
pub(crate) fn everything() -> ListQuery {
    ListQuery {
        offset: 0,
        limit: 1_000,
        sort: vec![],
        filters: vec![],
        q: None,
        regions: vec![],
        status: None,
    }
}

/// A part of everything.
pub(crate) fn part(offset: i64, limit: i64) -> ListQuery {
    ListQuery {
        offset,
        limit,
        ..everything()
    }
}

/// Inserts in a transaction of its own.
pub(crate) async fn insert<R: Stored>(store: &Control, objects: &[R]) {
    let mut tx = store.write().await.unwrap();
    for object in objects {
        tx.insert(object).await.unwrap();
    }
    tx.commit().await.unwrap();
}
