//! What is set up before the events pour in: a few places, and experiences that fire at them.

use moca_core::{
    experience::Direction,
    id::{AppId, Id},
};
use serde_json::{Value, json};

use crate::support::{
    NOON,
    binary::Binary,
    wire::{self, Trust, Wire},
};

/// When the first event happens; all are in the past, whenever the test runs.
pub(super) const FIRST_AT: i64 = NOON;
/// When the last event has happened.
pub(super) const END_AT: i64 = NOON + 100 * HOUR_MS;
/// When the campaigns end: 2100, for one that has ended cannot be started.
const CAMPAIGN_END_AT: i64 = 4_102_444_800_000;
pub(super) const HOUR_MS: i64 = 3_600_000;

/// Latitude and radius in metres of the places; all lie on one meridian.
pub(super) const PLACES: [(f64, f64); 4] = [
    (40.40, 200.0),
    (40.42, 200.0),
    (40.44, 200.0),
    // Holds the first two.
    (40.41, 2_000.0),
];
/// The meridian.
const LONGITUDE: f64 = -3.70;

/// Where devices go: latitude, longitude, and the places that hold that point.
pub(super) const SPOTS: [(f64, f64, &[usize]); 5] = [
    (40.40, LONGITUDE, &[0, 3]),
    (40.42, LONGITUDE, &[1, 3]),
    (40.44, LONGITUDE, &[2]),
    (40.41, -3.71, &[3]),
    (40.60, LONGITUDE, &[]),
];

/// When an experience may fire again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    Always,
    Once,
    Hourly,
}

/// An experience.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub(super) capped: bool,
    pub(super) direction: Direction,
    pub(super) place: usize,
    pub(super) repeat: Repeat,
}

const fn rule(capped: bool, direction: Direction, place: usize, repeat: Repeat) -> Rule {
    Rule {
        capped,
        direction,
        place,
        repeat,
    }
}

/// All experiences.
pub(super) const RULES: [Rule; 6] = [
    rule(false, Direction::Enter, 0, Repeat::Always),
    rule(false, Direction::Exit, 0, Repeat::Always),
    rule(false, Direction::Enter, 1, Repeat::Once),
    rule(false, Direction::Enter, 2, Repeat::Hourly),
    rule(false, Direction::Enter, 3, Repeat::Always),
    rule(true, Direction::Exit, 3, Repeat::Always),
];
/// Messages that the capped campaign shows a device.
pub(super) const CAP: usize = 4;

/// The ids that the server gave.
pub(super) struct Site {
    pub(super) app_id: AppId,
    pub(super) places: Vec<Id>,
    /// Of the experiences, in the order of [`RULES`].
    pub(super) experiences: Vec<Id>,
    app_authorization: String,
}

impl Site {
    /// Makes everything with the owner's token.
    pub(super) async fn make(server: &Binary, trust: &Trust) -> Self {
        let mut owner = Owner {
            wire: Wire::connect(server.address(), trust).await.unwrap(),
            authorization: format!("Bearer {}", server.token()),
        };
        let app = owner
            .post(
                "/v2/apps",
                &json!({"config": {"name": "Crash", "production": true}}),
            )
            .await;
        let mut places = Vec::new();
        for (index, (latitude, radius)) in PLACES.iter().enumerate() {
            let geofence = json!({"type": "Circle", "latitude": latitude,
                "longitude": LONGITUDE, "radius": radius});
            let body = json!({"config": {"name": format!("Place {index}"), "geofence": geofence}});
            places.push(id(&owner.post("/v2/places", &body).await["placeId"]));
        }
        let campaigns = [
            owner.campaign(&app["appId"], Value::Null).await,
            owner.campaign(&app["appId"], CAP.into()).await,
        ];
        let mut experiences = Vec::new();
        for rule in &RULES {
            let campaign = &campaigns[usize::from(rule.capped)];
            let body = experience(rule, campaign, places[rule.place]);
            experiences.push(id(
                &owner.post("/v2/experiences", &body).await["experienceId"],
            ));
        }
        for campaign in &campaigns {
            let path = format!("/v2/campaigns/{}/start", campaign.as_str().unwrap());
            owner.call("PUT", &path, "").await;
        }
        let (app_id, secret) = (app["appId"].as_str(), app["appSecret"].as_str());
        let (app_id, secret) = (app_id.unwrap(), secret.unwrap());
        Self {
            app_id: AppId(app_id.parse().unwrap()),
            places,
            experiences,
            app_authorization: wire::basic(app_id, secret),
        }
    }

    /// Registers a device and gives its token.
    pub(super) async fn register(&self, wire: &mut Wire) -> String {
        let path = "/device/v1/instances";
        let reply = wire
            .call("POST", path, &self.app_authorization, "{}")
            .await
            .unwrap();
        let answer = reply.json();
        assert_eq!(reply.status, 201, "{answer}");
        answer["instanceToken"].as_str().unwrap().to_owned()
    }
}

struct Owner {
    wire: Wire,
    authorization: String,
}

impl Owner {
    async fn call(&mut self, method: &str, path: &str, body: &str) -> Value {
        let reply = self
            .wire
            .call(method, path, &self.authorization, body)
            .await;
        let reply = reply.unwrap();
        let answer = reply.json();
        assert!(reply.status < 300, "{method} {path}: {answer}");
        answer
    }

    async fn post(&mut self, path: &str, body: &Value) -> Value {
        self.call("POST", path, &body.to_string()).await
    }

    async fn campaign(&mut self, app_id: &Value, cap: Value) -> Value {
        let mut config = json!({"name": format!("Cap {cap}"), "type": "Proximity",
            "startAt": FIRST_AT, "endAt": CAMPAIGN_END_AT});
        if !cap.is_null() {
            config["displayCap"] = cap;
        }
        let body = json!({"appId": app_id, "config": config});
        self.post("/v2/campaigns", &body).await["campaignId"].clone()
    }
}

fn experience(rule: &Rule, campaign_id: &Value, place_id: Id) -> Value {
    let kind = match rule.direction {
        Direction::Enter => "EnterPlaceTrigger",
        Direction::Exit => "ExitPlaceTrigger",
    };
    let repeat = match rule.repeat {
        Repeat::Always => "Immediately",
        Repeat::Once => "Never",
        Repeat::Hourly => "After1Hour",
    };
    json!({
        "campaignId": campaign_id,
        "config": {"name": format!("{kind} {} {repeat}", rule.place), "repeat": repeat},
        "trigger": {"@type": kind, "placeId": place_id.to_string()},
        "action": {"@type": "SendLocalMessageAction", "contentType": "text/plain",
            "content": {"default": "Hello"}, "bgAlert": {}},
    })
}

fn id(value: &Value) -> Id {
    value.as_str().unwrap().parse().unwrap()
}
