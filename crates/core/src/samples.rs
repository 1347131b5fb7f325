//! Objects for the tests of several modules, known by small numbers.

use std::collections::BTreeMap;

use crate::{
    beacon::{Beacon, BeaconConfig, BeaconIdentity, Hex},
    campaign::{
        Campaign, CampaignConfig, CampaignType,
        repeat::Repeat,
        status::{Lifecycle, Phase},
    },
    experience::{Action, Content, Experience, ExperienceConfig, Trigger},
    geo::{Circle, Geofence, LatLon},
    id::{AccountId, AppId, CampaignId, Id, PlaceId, ZoneId},
    place::{Place, PlaceConfig},
    property::Properties,
    resource::Frame,
    zone::{Zone, ZoneConfig},
};

/// Monday 23 November 2026, 00:00 UTC.
pub(crate) const MONDAY: i64 = 1_795_392_000_000;

/// The id all bytes of which are this number.
pub(crate) fn id<T: From<Id>>(number: u8) -> T {
    T::from(Id([number; 16]))
}

pub(crate) fn frame(number: u8) -> Frame {
    Frame {
        account_id: id::<AccountId>(0),
        id: id(number),
        created_at: 0,
        updated_at: 0,
        revision: 1,
    }
}

/// Campaign 2: runs for 30 days from [`MONDAY`] and has no limits.
pub(crate) fn campaign() -> Campaign {
    Campaign {
        frame: frame(2),
        app_id: id::<AppId>(3),
        lifecycle: Lifecycle {
            phase: Phase::Started,
            since_ms: 0,
        },
        config: CampaignConfig {
            name: "Welcome".into(),
            description: None,
            kind: CampaignType::Proximity,
            segment_id: None,
            start_at: MONDAY,
            end_at: Some(MONDAY + 30 * 86_400_000),
            group_id: None,
            display_cap: None,
            display_wait_ms: None,
            require_marketing_consent: None,
            recurrence: None,
            priority: None,
            holdout_percent: None,
        },
    }
}

/// An experience of campaign 2 that waits for entering place 9.
pub(crate) fn experience(number: u8, repeat: Repeat) -> Experience {
    Experience {
        frame: frame(number),
        campaign_id: id::<CampaignId>(2),
        config: ExperienceConfig {
            name: "Hello".into(),
            description: None,
            repeat,
            enabled: true,
        },
        trigger: Trigger::EnterPlace {
            place_id: id::<PlaceId>(9),
            delay_ms: None,
        },
        action: Action::SendLocalMessage(Content {
            content: BTreeMap::from([("default".into(), "Hello".into())]),
            bg_alert: BTreeMap::new(),
        }),
    }
}

/// A circle around a point of the equator.
pub(crate) fn circle(longitude: f64, radius_m: f64) -> Circle {
    Circle::new(LatLon::new(0.0, longitude).unwrap(), radius_m).unwrap()
}

pub(crate) fn place(number: u8, geofence: Option<Circle>) -> Place {
    let config = PlaceConfig {
        name: format!("place {number}"),
        geofence: geofence.map(Geofence::Circle),
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
    };
    Place {
        frame: frame(number),
        config,
        sealed_secret_key: None,
    }
}

pub(crate) fn zone(number: u8, geofence: Option<Circle>) -> Zone {
    let config = ZoneConfig {
        name: format!("zone {number}"),
        short_id: None,
        floor_number: 0,
        category: None,
        provider: None,
        external_id: None,
        geofence: geofence.map(Geofence::Circle),
        label_ids: Vec::new(),
    };
    Zone {
        frame: frame(number),
        place_id: id::<PlaceId>(1),
        config,
    }
}

pub(crate) fn identity(number: u8) -> BeaconIdentity {
    BeaconIdentity::EddystoneUid {
        namespace: Hex([7; 10]),
        instance: Hex([number; 6]),
    }
}

pub(crate) fn beacon(number: u8, zone: Option<u8>) -> Beacon {
    let config = BeaconConfig {
        name: None,
        identity: identity(number),
        provider: None,
        code: None,
        location: None,
        floor_number: None,
        tx_power_dbm: None,
        external_id: None,
        label_ids: Vec::new(),
        properties: Properties::new(),
    };
    Beacon {
        frame: frame(number),
        zone_id: zone.map(id::<ZoneId>),
        config,
    }
}
