//! What every load works on: all airports as places, an app, devices, a campaign.

use std::{
    fs::File,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use moca_core::limits::PAGE_LIMIT_MAX;
use moca_server::import::{airports, import};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    binary::Binary,
    dice::Dice,
    wire::{self, Trust, Wire},
};

/// The file with the airports.
const AIRPORTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/airports.csv");
/// Devices that send events.
const DEVICES: usize = 2_000;
/// Airports at which something is sent to whoever enters.
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
    /// Ids of places.
    pub(crate) places: Vec<String>,
    /// Latitude and longitude of all airports.
    pub(crate) airports: Vec<(f64, f64)>,
    pub(crate) imported_in: Duration,
}

#[derive(Deserialize)]
struct Airport {
    lat: f64,
    lon: f64,
}

impl Site {
    pub(crate) async fn make(server: &Binary) -> Self {
        let trust = wire::trust(&server.ca_path());
        let mut owner = Owner {
            wire: Wire::connect(server.address(), &trust).await.unwrap(),
            authorization: format!("Bearer {}", server.token()),
        };
        let started = Instant::now();
        let file = || File::open(AIRPORTS).ok();
        let imported = import(&server.client(), &airports(), file, |_| ()).await;
        let imported_in = started.elapsed();
        let airports: Vec<(f64, f64)> = csv::Reader::from_path(AIRPORTS)
            .unwrap()
            .deserialize::<Airport>()
            .map(|row| row.map(|airport| (airport.lat, airport.lon)).unwrap())
            .collect();
        assert_eq!(imported.unwrap().created as usize, airports.len());

        let places = owner.place_ids(airports.len()).await;
        let now_ms = Timestamp::now().as_millisecond();
        let app = owner
            .post("/v2/apps", &json!({"config": {"name": "Bench"}}))
            .await;
        owner.campaign(&app["appId"], &places, now_ms).await;
        let app_id = app["appId"].as_str().unwrap();
        let basic = wire::basic(app_id, app["appSecret"].as_str().unwrap());
        let mut devices = Vec::new();
        for _ in 0..=DEVICES {
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
            devices,
            places,
            airports,
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
        let mut dice = Dice::new(1);
        for number in 0..EXPERIENCES {
            let place = &places[dice.below(places.len())];
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
