//! What every load works on: circles as places, an app, devices, a campaign.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use moca_core::limits::PAGE_LIMIT_MAX;
use serde_json::{Value, json};

use crate::{
    binary::Binary,
    dice::Dice,
    ground::Ground,
    wire::{self, Trust, Wire},
};

/// Places whose ids are read.
const PLACES: usize = 100_000;
/// Devices that send events.
const DEVICES: usize = 2_000;
/// Devices that no load sends events of.
const WAITERS: usize = 20;
/// A place in the ocean, which is nobody else's way.
const GREETING: (f64, f64) = (-48.0, -123.0);
/// Places at which something is sent to whoever enters.
const EXPERIENCES: usize = 100;
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// A server that is set up.
pub(crate) struct Site {
    pub(crate) server: std::net::SocketAddr,
    pub(crate) trust: Trust,
    /// How the owner authenticates.
    pub(crate) owner: Arc<str>,
    /// How each device authenticates.
    pub(crate) devices: Vec<Arc<str>>,
    /// A device that sends nothing.
    pub(crate) onlooker: Arc<str>,
    /// Devices that no load sends events of.
    pub(crate) waiters: Vec<Arc<str>>,
    /// How the app authenticates.
    pub(crate) basic: String,
    /// Latitude and longitude of a place at which a message is sent to whoever enters.
    pub(crate) greeting: (f64, f64),
    /// Ids of places, a hundred thousand at most.
    pub(crate) places: Vec<String>,
    /// Where they are.
    pub(crate) ground: Ground,
    pub(crate) imported_in: Duration,
}

impl Site {
    pub(crate) async fn make(server: &Binary, ground: Ground) -> Self {
        let started = Instant::now();
        ground.import(server).await;
        let imported_in = started.elapsed();
        // After the import, which may take longer than a connection is kept that asks for nothing.
        let trust = wire::trust(&server.ca_path());
        let mut owner = Owner {
            wire: Wire::connect(server.address(), &trust).await.unwrap(),
            authorization: format!("Bearer {}", server.token()),
        };
        let places = owner.place_ids(ground.centers.len().min(PLACES)).await;
        let now_ms = Timestamp::now().as_millisecond();
        let app = owner
            .post("/v2/apps", &json!({"config": {"name": "Bench"}}))
            .await;
        owner.campaign(&app["appId"], &places, now_ms).await;
        let app_id = app["appId"].as_str().unwrap();
        let basic = wire::basic(app_id, app["appSecret"].as_str().unwrap());
        let mut devices = Vec::new();
        for _ in 0..=DEVICES + WAITERS {
            let path = "/device/v1/instances";
            let registered = owner.wire.call("POST", path, &basic, "{}").await;
            let registered = registered.unwrap().json();
            let token = registered["instanceToken"].as_str().unwrap();
            devices.push(Arc::from(format!("Bearer {token}")));
        }
        Self {
            server: server.address(),
            trust,
            owner: owner.authorization.into(),
            onlooker: devices.pop().unwrap(),
            waiters: devices.split_off(DEVICES),
            devices,
            basic,
            greeting: GREETING,
            places,
            ground,
            imported_in,
        }
    }
}

struct Owner {
    wire: Wire,
    authorization: String,
}

impl Owner {
    async fn call(&mut self, method: &str, path: &str, body: &str) -> Value {
        let call = self.wire.call(method, path, &self.authorization, body);
        let reply = call.await.unwrap();
        let answer = reply.json();
        assert!(reply.status < 300, "{method} {path}: {answer}");
        answer
    }

    async fn post(&mut self, path: &str, body: &Value) -> Value {
        self.call("POST", path, &body.to_string()).await
    }

    async fn place_ids(&mut self, count: usize) -> Vec<String> {
        let mut ids = Vec::new();
        while ids.len() < count {
            let path = format!("/v2/places?limit={PAGE_LIMIT_MAX}&offset={}", ids.len());
            let page = self.call("GET", &path, "").await;
            let items = page["items"].as_array().unwrap();
            ids.extend(
                items
                    .iter()
                    .map(|item| item["placeId"].as_str().unwrap().to_owned()),
            );
        }
        ids
    }

    async fn campaign(&mut self, app_id: &Value, places: &[String], now_ms: i64) {
        let body = json!({"appId": app_id, "config": {"name": "Bench", "type": "Proximity",
            "startAt": now_ms - DAY_MS, "endAt": now_ms + DAY_MS}});
        let campaign = self.post("/v2/campaigns", &body).await;
        let (latitude, longitude) = GREETING;
        let body = json!({"config": {"name": "Greeting", "geofence":
            {"type": "Circle", "latitude": latitude, "longitude": longitude, "radius": 200}}});
        let greeting = self.post("/v2/places", &body).await;
        let mut dice = Dice::new(1);
        let some = (1..EXPERIENCES).map(|_| json!(places[dice.below(places.len())]));
        for (number, place) in some.chain([greeting["placeId"].clone()]).enumerate() {
            let body = json!({
                "campaignId": campaign["campaignId"],
                "config": {"name": format!("Welcome {number}"), "repeat": "Immediately"},
                "trigger": {"@type": "EnterPlaceTrigger", "placeId": place},
                "action": {"@type": "SendLocalMessageAction", "contentType": "text/plain",
                    "content": {"default": "Welcome"}, "bgAlert": {}},
            });
            self.post("/v2/experiences", &body).await;
        }
        let id = campaign["campaignId"].as_str().unwrap();
        self.call("PUT", &format!("/v2/campaigns/{id}/start"), "")
            .await;
    }
}
